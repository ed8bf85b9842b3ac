//! The program, started with a configuration of its own in a folder of its own.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use tokio_rustls::rustls::pki_types::CertificateDer;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_metered-realtime-server");

/// Keys that no example has.
pub(crate) const KEY: &str = "pk_live_q7Xk2mZ9vB4nR8tL";
pub(crate) const SECRET_ID: &str = "sk_id_w3Ht5";
pub(crate) const SECRET: &str = "sk_secret_Zp8Lr2Vd6Yx4Nc9Qm3Tb7Hk5Wf1Gs0Ja";

/// A folder that is removed at the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        let path = std::env::temp_dir().join(format!("metered-realtime-{}", uuid::Uuid::new_v4()));
        fs::create_dir(&path).unwrap();
        Folder(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// Makes a certificate for localhost and writes it with its key.
    pub(crate) fn write_certificate(&self) -> CertificateDer<'static> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        self.write("cert.pem", &made.cert.pem());
        self.write("key.pem", &made.signing_key.serialize_pem());
        made.cert.der().clone()
    }

    /// A configuration with keys, and with what else a test wants to be said.
    pub(crate) fn write_config(&self, options: &str, limits: &str) -> PathBuf {
        self.write(
            "config.toml",
            &format!(
                "{options}\n[limits]\n{limits}\n\
                 [[publishableKeys]]\nkey = '{KEY}'\nactions = ['publish', 'subscribe', 'presence', 'send']\n\
                 [[secretKeys]]\nid = '{SECRET_ID}'\nsecret = '{SECRET}'\n"
            ),
        )
    }

    /// The options for TLS with the certificate of this folder.
    pub(crate) fn tls(&self) -> String {
        format!(
            "tls = {{ certificate = {:?}, privateKey = {:?} }}",
            self.path("cert.pem"),
            self.path("key.pem")
        )
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A running server. It is killed at the end, if it has not ended by then.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    pub(crate) addr: SocketAddr,
    pub(crate) folder: Folder,
    /// The certificate that it started with.
    pub(crate) certificate: Option<CertificateDer<'static>>,
    stdout: BufReader<std::process::ChildStdout>,
}

impl Server {
    /// With TLS.
    pub(crate) fn start(options: &str, limits: &str) -> Server {
        let folder = Folder::new();
        let certificate = folder.write_certificate();
        let options = format!("{options}\n{}", folder.tls());
        Server::run(folder, &options, limits, Some(certificate))
    }

    /// Without TLS, behind proxies at these addresses.
    pub(crate) fn behind(proxies: &str, options: &str, limits: &str) -> Server {
        let options = format!("{options}\ntrustedProxies = [{proxies:?}]");
        Server::run(Folder::new(), &options, limits, None)
    }

    fn run(
        folder: Folder,
        options: &str,
        limits: &str,
        certificate: Option<CertificateDer<'static>>,
    ) -> Server {
        let mut options = format!("metricsListen = '127.0.0.1:0'\n{options}");
        if !options.contains("\nlisten") {
            options.insert_str(0, "listen = '127.0.0.1:0'\n");
        }
        let config = folder.write_config(&options, limits);
        let mut child = Command::new(PROGRAM)
            .args(["--production", "--log", "debug", "--config"])
            .arg(config)
            .stdout(Stdio::piped())
            .stderr(File::create(folder.path("log")).unwrap())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let url = line.strip_prefix("listening on ").unwrap_or_else(|| {
            panic!("no address: {}", fs::read_to_string(folder.path("log")).unwrap())
        });
        let url = url.trim().to_owned();
        let addr = url.split_once("://").unwrap().1.parse().unwrap();
        Server { child, url, addr, folder, certificate, stdout }
    }

    /// Everything that it has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path("log")).unwrap()
    }

    /// Waits until the log has a text in it.
    pub(crate) async fn logs(&self, text: &str) {
        let end = Instant::now() + Duration::from_secs(10);
        while !self.log().contains(text) {
            assert!(Instant::now() < end, "{text} is not logged: {}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The address for monitoring.
    pub(crate) fn metrics_addr(&self) -> SocketAddr {
        let log = self.log();
        let (_, rest) = log.split_once("metrics at http://").unwrap();
        rest.split_once('/').unwrap().0.parse().unwrap()
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < end, "it does not end: {}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// What it wrote to standard output after its first line. Only after its end.
    pub(crate) fn rest_of_stdout(&mut self) -> String {
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut self.stdout, &mut rest).unwrap();
        rest
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the program to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).output().unwrap()
}

/// What the program says about a configuration.
pub(crate) fn check(config: &Path) -> Output {
    run(&["--production", "--check", "--config", config.to_str().unwrap()])
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
