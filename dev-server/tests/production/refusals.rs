//! Production does not start with less than it needs, and says what to do.

use std::fs;

use crate::process::{Folder, KEY, SECRET, check, run, stderr};

#[test]
fn production_needs_a_configuration() {
    let output = run(&["--production"]);
    assert!(!output.status.success());
    assert!(stderr(&output).contains("--config <FILE>"), "{}", stderr(&output));
    let output = run(&["--production", "--relaxed", "--config", "x.toml"]);
    assert!(stderr(&output).contains("cannot be used with '--relaxed'"), "{}", stderr(&output));
}

/// What stands in a file, and what the message has to say beside the name of the file.
#[test]
fn what_production_lacks_is_one_sentence_with_the_remedy() {
    let folder = Folder::new();
    folder.write_certificate();
    let keys = format!("[[publishableKeys]]\nkey = '{KEY}'\n");
    let proxies = "trustedProxies = ['127.0.0.1']\n";
    for (text, words) in [
        (String::new(), ["publishableKeys", "metered-realtime-server keys"]),
        (proxies.to_owned(), ["publishableKeys", "metered-realtime-server keys"]),
        (keys.clone(), ["--behind-proxy", "privateKey"]),
        (format!("relaxed = true\n{proxies}{keys}"), ["relaxed", "without --production"]),
        (format!("{proxies}[[publishableKeys]]\nkey = 'pk_live_local'"), ["line 3", "keys"]),
        (format!("{proxies}reusePorts = true"), ["line 2", "reusePort"]),
    ] {
        let output = check(&folder.write("config.toml", &text));
        let message = stderr(&output);
        assert!(!output.status.success() && output.stdout.is_empty(), "{text}");
        assert!(message.contains("config.toml"), "{text}: {message}");
        for word in words {
            assert!(message.contains(word), "{text}: {message} should say {word}");
        }
    }
}

#[test]
fn a_certificate_that_cannot_be_used_is_named() {
    let folder = Folder::new();
    folder.write_certificate();
    let config = folder.write_config(&folder.tls(), "");
    assert!(check(&config).status.success());
    let (certificate, key) = (
        fs::read_to_string(folder.path("cert.pem")).unwrap(),
        fs::read_to_string(folder.path("key.pem")).unwrap(),
    );
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    for (cert_pem, key_pem, words) in [
        ("", &*key, ["cert.pem", "PEM"]),
        (&key, &key, ["cert.pem", "there is none in it"]),
        (&certificate, &certificate, ["key.pem", "there is none in it"]),
        (&certificate, "-----BEGIN PRIVATE KEY-----\n", ["key.pem", "not well-formed"]),
        (&certificate, &other.signing_key.serialize_pem(), ["cert.pem", "key.pem"]),
    ] {
        folder.write("cert.pem", cert_pem);
        folder.write("key.pem", key_pem);
        let message = stderr(&check(&config));
        for word in words {
            assert!(message.contains(word), "{message} should say {word}");
        }
        assert!(!message.contains(key.lines().nth(1).unwrap()), "no key in an error: {message}");
    }
    fs::remove_file(folder.path("cert.pem")).unwrap();
    let message = stderr(&check(&config));
    assert!(message.contains("cert.pem") && message.contains("No such file"), "{message}");
}

#[test]
fn keys_makes_keys_that_production_accepts() {
    let folder = Folder::new();
    let [first, second] = [(); 2].map(|()| {
        let output = run(&["keys", "--app", "my \"app\""]);
        String::from_utf8(output.stdout).unwrap()
    });
    assert_ne!(first, second);
    let config =
        folder.write("config.toml", &format!("trustedProxies = ['127.0.0.1']\n{first}{second}"));
    let output = check(&config);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "the configuration is good\n");
}

#[test]
fn behind_proxy_takes_addresses_and_networks() {
    let folder = Folder::new();
    let config = folder.write_config("", "");
    let config = config.to_str().unwrap();
    let check = |proxies: &str| {
        run(&["--production", "--check", "--config", config, "--behind-proxy", proxies])
    };
    assert!(check("10.0.0.1,fd00::/8").status.success());
    let message = stderr(&check("balancer.local"));
    assert!(message.contains("balancer.local") && message.contains("10.0.0.0/8"), "{message}");
}

#[test]
fn files_that_everybody_can_read_are_warned_about() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let config = folder.write_config("trustedProxies = ['127.0.0.1']", "");
    for (mode, warned) in [(0o644, true), (0o640, false)] {
        fs::set_permissions(&config, fs::Permissions::from_mode(mode)).unwrap();
        let message = stderr(&check(&config));
        assert_eq!(message.contains("chmod o-r"), warned, "{message}");
        assert!(!message.contains(SECRET));
    }
}
