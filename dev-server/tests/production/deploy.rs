//! The program accepts the files for deployment and the guide's examples.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::process::{Folder, PROGRAM, SECRET_ID, check, run, stderr};

const UNIT: &str = include_str!("../../deploy/metered-realtime-server@.service");
const CONTAINER: &str = include_str!("../../deploy/Containerfile");
const EXAMPLE: &str = include_str!("../../deploy/production.example.toml");
const GUIDE: &str = include_str!("../../../docs/guide/self-hosting.md");

/// The path of the configuration in the files for deployment.
const CONFIG: &str = "/etc/metered-realtime/config.toml";

fn config(folder: &Folder) -> String {
    folder.write_config("trustedProxies = ['127.0.0.1']", "").to_str().unwrap().to_owned()
}

fn setting<'a>(text: &'a str, name: &str) -> &'a str {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_else(|| panic!("{name} is missing")).trim()
}

/// Runs a command line of a file for deployment with this program and this configuration, checking only.
fn takes(command: &[&str], config: &str) {
    assert_eq!(command[0], "/usr/local/bin/metered-realtime-server");
    assert!(command.contains(&CONFIG), "{command:?}");
    let arguments = command[1..].iter().map(|word| if *word == CONFIG { config } else { word });
    let arguments: Vec<&str> = arguments.chain(["--check"]).collect();
    let output = run(&arguments);
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
}

#[test]
fn the_unit_starts_the_program_as_it_is() {
    let folder = Folder::new();
    let command: Vec<&str> = setting(UNIT, "ExecStart=").split(' ').collect();
    takes(&command, &config(&folder));
    assert!(setting(UNIT, "ExecReload=").contains("-HUP"));
    let drain: u64 = ["drainDelayMs = ", "drainWindowMs = ", "shutdownGraceMs = "]
        .iter()
        .map(|name| setting(EXAMPLE, name).split(' ').next().unwrap().parse::<u64>().unwrap())
        .sum();
    let timeout: u64 = setting(UNIT, "TimeoutStopSec=").parse().unwrap();
    assert!(timeout * 1000 > drain + 5000, "systemd would kill it while it drains");
    let files: u64 = setting(UNIT, "LimitNOFILE=").parse().unwrap();
    let connections: u64 =
        setting(EXAMPLE, "connections = ").split(' ').next().unwrap().parse().unwrap();
    assert!(files > connections + 1000);
}

/// On Linux this test needs `systemd-analyze`, which is part of systemd.
#[cfg(target_os = "linux")]
#[test]
fn systemd_takes_the_unit() {
    let folder = Folder::new();
    let unit = UNIT.replace("/usr/local/bin/metered-realtime-server", PROGRAM);
    folder.write("metered-realtime-server@.service", &unit);
    let instance = folder.path("metered-realtime-server@blue.service");
    let verify = |unit: &Path| {
        Command::new("systemd-analyze").arg("verify").arg(unit).output().expect("systemd-analyze")
    };
    let output = verify(&instance);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(!stderr(&output).contains("metered-realtime"), "{}", stderr(&output));
    let typo = unit.replace("ProtectSystem=strict", "ProtectSystems=strict");
    folder.write("metered-realtime-server@.service", &typo);
    assert!(stderr(&verify(&instance)).contains("ProtectSystems"), "the check sees mistakes");
}

/// There need not be an engine for containers: what the file says is compared with the program and the repository.
#[test]
fn the_container_file_fits_the_program_and_the_repository() {
    let folder = Folder::new();
    let entry: Vec<String> = serde_json::from_str(setting(CONTAINER, "ENTRYPOINT ")).unwrap();
    takes(&entry.iter().map(String::as_str).collect::<Vec<_>>(), &config(&folder));
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    assert!(setting(CONTAINER, "RUN ").ends_with(&format!("-p {}", env!("CARGO_PKG_NAME"))));
    assert!(package.join("../Cargo.lock").exists(), "--locked needs it");
    let copied = setting(CONTAINER, "COPY --from=build ");
    let [from, to] = copied.split(' ').collect::<Vec<_>>()[..] else { panic!("{copied}") };
    assert_eq!(from.rsplit('/').next(), Path::new(PROGRAM).file_name().unwrap().to_str());
    assert_eq!(to, entry[0]);
    assert!(from.starts_with(&format!("{}/target/release/", setting(CONTAINER, "WORKDIR "))));
    assert_eq!(setting(CONTAINER, "STOPSIGNAL "), "SIGTERM");
    for port in setting(CONTAINER, "EXPOSE ").split(' ') {
        assert!(GUIDE.contains(&format!("= \"0.0.0.0:{port}\"")), "{port} is not in the guide");
    }
    let user = setting(CONTAINER, "USER ").split(':').next().unwrap();
    assert!(user != "0" && GUIDE.contains(&format!("the user {user}")));
}

/// With the certificate and the keys of a real installation in the place of the example's.
#[test]
fn the_example_and_the_guide_have_configurations_that_are_good() {
    let keys = String::from_utf8(run(&["keys"]).stdout).unwrap();
    let folder = Folder::new();
    folder.write_certificate();
    let blocks: Vec<&str> =
        GUIDE.split("```toml\n").skip(1).map(|block| block.split_once("```").unwrap().0).collect();
    assert_eq!(blocks.len(), 3, "the blocks were found");
    for text in blocks.into_iter().chain([EXAMPLE]) {
        let text = text.split("[[publishableKeys]]").next().unwrap();
        let text = text
            .replace(
                "/etc/metered-realtime/tls/fullchain.pem",
                folder.path("cert.pem").to_str().unwrap(),
            )
            .replace(
                "/etc/metered-realtime/tls/privkey.pem",
                folder.path("key.pem").to_str().unwrap(),
            )
            .replace("/etc/metered-realtime/nats-ca.pem", folder.path("cert.pem").to_str().unwrap())
            .replace("10.0.0.10:4222", "127.0.0.1:9");
        let output = check(&folder.write("config.toml", &format!("{text}\n{keys}")));
        assert!(output.status.success(), "{text}: {}", stderr(&output));
    }
}

#[test]
fn the_guide_says_what_the_program_takes() {
    let folder = Folder::new();
    let config = config(&folder);
    let commands: Vec<&str> = GUIDE
        .lines()
        .filter(|line| line.starts_with("metered-realtime-server --production"))
        .collect();
    assert_eq!(commands.len(), 3, "the commands were found");
    for command in commands {
        let words = command.split(' ').skip(1).filter(|word| *word != "--check");
        let words = words.map(|word| if word == CONFIG { config.as_str() } else { word });
        let arguments: Vec<&str> = words.chain(["--check"]).collect();
        let output = run(&arguments);
        assert!(output.status.success(), "{command}: {}", stderr(&output));
    }
    let example = fs::read_to_string(&config).unwrap();
    assert!(example.contains(SECRET_ID));
}
