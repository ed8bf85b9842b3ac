//! The program itself: its output, its exit codes, its signals.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_metered-realtime-server");

struct Running {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Running {
    fn start(arguments: &[&str]) -> Running {
        let mut child = Command::new(PROGRAM)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Running { child, lines }
    }

    fn line(&mut self) -> String {
        self.lines.next().unwrap().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(arguments: &[&str]) -> Output {
    Command::new(PROGRAM)
        .args(arguments)
        .env_remove("METERED_REALTIME_SECRET_KEY")
        .output()
        .unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_first_lines_are_the_address_and_the_keys() {
    let mut server = Running::start(&["--listen", "127.0.0.1:0"]);
    let line = server.line();
    let port = line.strip_prefix("listening on ws://127.0.0.1:").unwrap();
    assert!(port.parse::<u16>().unwrap() > 0);
    assert_eq!(server.line(), "publishable key: pk_live_local");
    assert!(server.line().starts_with("secret key: sk_id_local:sk_secret_"));
}

#[test]
fn a_name_may_be_listened_on() {
    let mut server = Running::start(&["--listen", "localhost:0"]);
    let line = server.line();
    assert!(line.starts_with("listening on ws://127.0.0.1:"), "{line}");
    let refused = run(&["--listen", "localhost"]);
    assert!(stderr(&refused).contains("localhost:8080"), "{}", stderr(&refused));
}

#[test]
fn a_port_in_use_is_one_clear_sentence_and_a_failure() {
    let mut first = Running::start(&[]);
    let line = first.line();
    let address = line.strip_prefix("listening on ws://").unwrap();
    let second = run(&["--listen", address]);
    assert!(!second.status.success());
    let message = stderr(&second);
    assert!(message.contains("is already in use"), "{message}");
    assert_eq!(message.trim().lines().count(), 1);
    assert!(second.stdout.is_empty());
}

#[test]
fn a_bad_configuration_names_the_file_and_the_mistake() {
    let path = std::env::temp_dir().join(format!("metered-realtime-{}.toml", std::process::id()));
    std::fs::write(&path, "relaxed = 'perhaps'").unwrap();
    let output = run(&["--config", path.to_str().unwrap()]);
    std::fs::remove_file(&path).unwrap();
    assert!(!output.status.success());
    assert!(stderr(&output).contains("relaxed"), "{}", stderr(&output));
    assert!(!run(&["--config", "/nowhere/at/all.toml"]).status.success());
    assert!(!run(&["--listen", "somewhere"]).status.success());
}

#[test]
fn a_token_can_be_minted_offline() {
    let output =
        run(&["token", "--peer", "alice", "--secret-key", "sk_id_x:sk_secret_x_0123456789"]);
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim().split('.').count(), 3);
    let refused = run(&["token", "--peer", "", "--secret-key", "sk_id_x:sk_secret_x_0123456789"]);
    assert!(stderr(&refused).contains("peerId"), "{}", stderr(&refused));
    assert!(!refused.status.success());
    assert!(!run(&["token", "--peer", "alice"]).status.success());
}

#[test]
fn help_is_a_success() {
    for arguments in [["--help"].as_slice(), &["token", "--help"]] {
        let output = run(arguments);
        assert!(output.status.success());
        assert!(String::from_utf8(output.stdout).unwrap().contains("Usage:"));
    }
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it_with_success() {
    for signal in ["TERM", "INT"] {
        let mut server = Running::start(&[]);
        server.line();
        let id = server.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
        assert!(server.child.wait().unwrap().success());
    }
}
