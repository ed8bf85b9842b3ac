//! Proxies that the environment names. The client runs in a second process, because each process has one environment.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use metered_realtime::errors::ConnectError;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{options, within};
use crate::tls::tls_server;

/// A proxy that answers CONNECT with a status, and notes the heads of requests.
struct Proxy {
    address: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    async fn new(status: &'static str) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&heads);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let mut stream = BufReader::new(stream);
                let mut head = String::new();
                while stream.read_line(&mut head).await.unwrap() > 2 {}
                let target = head.split(' ').nth(1).unwrap().to_owned();
                noted.lock().unwrap().push(head);
                stream.write_all(format!("HTTP/1.1 {status}\r\n\r\n").as_bytes()).await.unwrap();
                if status.starts_with("200") {
                    let mut server = TcpStream::connect(target).await.unwrap();
                    tokio::spawn(async move { copy_bidirectional(&mut stream, &mut server).await });
                }
            }
        });
        Proxy { address, heads }
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

/// A certificate in a file, so that the other process can read it.
struct Certificate(PathBuf);

impl Certificate {
    fn new(der: &[u8]) -> Certificate {
        let name = format!("metered-{}-{:?}.der", std::process::id(), std::thread::current().id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, der).unwrap();
        Certificate(path)
    }
}

impl Drop for Certificate {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Runs [`client`] in a second process.
async fn run_client(
    url: &str,
    certificate: &Certificate,
    environment: &[(&str, String)],
) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"] {
        command.env_remove(name);
    }
    command.args(["--exact", "proxy::client", "--nocapture"]);
    command.env("PROXY_TEST_URL", url).env("PROXY_TEST_CERTIFICATE", &certificate.0);
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    within(tokio::task::spawn_blocking(move || command.output())).await.unwrap().unwrap()
}

/// Not a test by itself: the client that the other tests start.
#[tokio::test]
async fn client() {
    let Ok(url) = std::env::var("PROXY_TEST_URL") else { return };
    let certificate = std::fs::read(std::env::var_os("PROXY_TEST_CERTIFICATE").unwrap()).unwrap();
    let client = options(&url).root_certificate(certificate).build().unwrap();
    match within(client.connect()).await {
        Ok(()) => {
            within(client.publish("c", "through the proxy")).await.unwrap();
            within(client.close()).await;
            println!("published");
        }
        Err(ConnectError::Closed { cause, .. }) => println!("refused: {}", cause.unwrap()),
        Err(error) => panic!("{error:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wss_goes_through_the_proxy_that_the_environment_names() {
    let (url, certificate) = tls_server().await;
    let certificate = Certificate::new(&certificate);
    for name in ["HTTPS_PROXY", "all_proxy"] {
        let proxy = Proxy::new("200 Connection established").await;
        let environment = [(name, format!("http://user:p%40ss@{}", proxy.address))];
        let output = run_client(&url, &certificate, &environment).await;
        assert!(String::from_utf8_lossy(&output.stdout).contains("published"), "{output:?}");
        let [head] = &proxy.heads()[..] else { panic!("{:?}", proxy.heads()) };
        let target = url.strip_prefix("wss://").unwrap();
        assert!(head.starts_with(&format!("CONNECT {target} HTTP/1.1\r\n")), "{head}");
        // user:p@ss
        assert!(head.contains("Proxy-Authorization: Basic dXNlcjpwQHNz\r\n"), "{head}");
        assert!(!head.contains("key="), "the proxy does not see the credential");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_of_no_proxy_are_dialled_directly() {
    let (url, certificate) = tls_server().await;
    let certificate = Certificate::new(&certificate);
    for hosts in ["localhost", "example.com, localhost", "*"] {
        let proxy = Proxy::new("200 OK").await;
        let environment =
            [("HTTPS_PROXY", format!("http://{}", proxy.address)), ("NO_PROXY", hosts.to_owned())];
        let output = run_client(&url, &certificate, &environment).await;
        assert!(String::from_utf8_lossy(&output.stdout).contains("published"), "{output:?}");
        assert!(proxy.heads().is_empty(), "{hosts:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_refuses_is_the_cause_of_the_error() {
    let (url, certificate) = tls_server().await;
    let certificate = Certificate::new(&certificate);
    let refusals = [
        ("407 Proxy Authentication Required", "proxy: tunnel error: proxy authorization required"),
        ("403 Forbidden", "proxy: tunnel error: unsuccessful"),
    ];
    for (status, cause) in refusals {
        let proxy = Proxy::new(status).await;
        let environment = [("HTTPS_PROXY", format!("http://SECRET:SECRET@{}", proxy.address))];
        let output = run_client(&url, &certificate, &environment).await;
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains(&format!("refused: {cause}")), "{output:?}");
        assert!(!text.contains("SECRET"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_is_not_there_is_the_cause_of_the_error() {
    let (url, certificate) = tls_server().await;
    let certificate = Certificate::new(&certificate);
    let environment = [("HTTPS_PROXY", "http://127.0.0.1:1".to_owned())];
    let output = run_client(&url, &certificate, &environment).await;
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("refused: proxy: ") && text.contains("onnection refused"), "{output:?}");
}
