//! `nats-server` and nodes as processes, which end with the test.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_metered-realtime-server");
pub(crate) const SECRET: &str = "sk_id_test:sk_secret_0123456789abcdef";

/// A process that is killed when it is dropped.
struct Process(Child);

impl Process {
    fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.0.id().to_string()]).status();
        assert!(status.expect("kill exists").success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// NATS on a port of its own, which stays the same when it is started again.
pub(crate) struct Nats {
    pub(crate) port: u16,
    arguments: Vec<String>,
    process: Option<Process>,
}

impl Nats {
    pub(crate) fn start() -> Nats {
        Nats::start_with(&[])
    }

    pub(crate) fn start_with(arguments: &[&str]) -> Nats {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = free.local_addr().expect("it is bound").port();
        drop(free);
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let mut nats = Nats { port, arguments, process: None };
        nats.resume();
        nats
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// As kill -9 does.
    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    pub(crate) fn resume(&mut self) {
        let child = Command::new(nats_server())
            .args(["-a", "127.0.0.1", "-p", &self.port.to_string()])
            .args(&self.arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nats-server starts");
        self.process = Some(Process(child));
        let end = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            assert!(Instant::now() < end, "nats-server does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A file with this text.
pub(crate) fn temporary(extension: &str, text: &str) -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("metered-realtime-{}-{count}.{extension}", std::process::id());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, text).expect("the file is written");
    path
}

/// On the path, or where Debian puts it, which is on the path of administrators only.
fn nats_server() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut directories = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let found = directories.find(|directory| directory.join("nats-server").is_file());
    found.expect("nats-server is missing; `cargo xtask setup` installs it").join("nats-server")
}

/// One node.
pub(crate) struct Node {
    process: Process,
    pub(crate) url: String,
}

impl Node {
    pub(crate) fn start(nats: &str) -> Node {
        Node::start_with(&format!("[nats]\nservers = ['{nats}']\n"))
    }

    /// A node with this part of a configuration.
    pub(crate) fn start_with(more: &str) -> Node {
        let (id, secret) = SECRET.split_once(':').expect("a pair");
        let text =
            format!("relaxed = true\n[[secretKeys]]\nid = '{id}'\nsecret = '{secret}'\n{more}");
        let config = temporary("toml", &text);
        let child = Command::new(PROGRAM)
            .args(["--log", "error", "--config"])
            .arg(&config)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut process = Process(child);
        let stdout = process.0.stdout.take().expect("it is piped");
        let line = BufReader::new(stdout).lines().next();
        let line = line.expect("the node starts").expect("UTF-8");
        let _ = std::fs::remove_file(config); // It has been read.
        let url = line.strip_prefix("listening on ").expect("the first line").to_owned();
        Node { process, url }
    }

    pub(crate) fn address(&self) -> &str {
        self.url.strip_prefix("ws://").expect("without TLS")
    }

    /// Stops the process without its knowledge, until [`Node::resume`].
    pub(crate) fn freeze(&self) {
        self.process.signal("-STOP");
    }

    pub(crate) fn resume(&self) {
        self.process.signal("-CONT");
    }

    pub(crate) fn terminate(&self) {
        self.process.signal("-TERM");
    }

    pub(crate) fn wait(&mut self) {
        self.process.0.wait().expect("it is our child");
    }
}
