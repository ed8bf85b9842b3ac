//! A process that is stopped and continued, as in sleep. The test starts itself as a second process, and stops that.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use futures::{SinkExt as _, StreamExt as _};
use metered_realtime::events::{Connected, Disconnected};
use tokio::net::TcpListener;
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message as Frame;

use crate::support::{assert_within, options, within};

const URL: &str = "METERED_STOPPED_URL";
const TIMEOUT: Duration = Duration::from_millis(1500);
const STOPPED: Duration = Duration::from_secs(4);
const WELCOME: &str =
    r#"{"type":"welcome","peerId":"p","expiresAt":null,"serverTime":1,"maxMessageSize":65536}"#;

/// Runs in the second process: a client that writes its events to stdout.
async fn be_the_client(url: &str) {
    let client = options(url).inactivity_timeout(TIMEOUT).build().unwrap();
    let say = |line: &str| {
        println!("\n> {line}");
        std::io::stdout().flush().unwrap();
    };
    client.on(move |event: &Disconnected| say(&format!("disconnected {}", event.code)));
    client.on(move |event: &Connected| say(&format!("connected {}", event.is_reconnect)));
    client.connect().await.unwrap();
    let answer = client.publish("c", 1).await;
    say(if answer.is_ok() { "published" } else { "not published" });
    std::future::pending::<()>().await;
}

/// The second process. Dropping it ends it.
struct Process {
    child: Child,
    lines: Receiver<String>,
}

impl Process {
    fn start(test: &str, url: &str) -> Process {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env(URL, url)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if let Some(line) = line.strip_prefix("> ") {
                    let _ = sender.send(line.to_owned());
                }
            }
        });
        Process { child, lines }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    async fn stop_for(&self, time: Duration) -> Instant {
        self.signal("-STOP");
        tokio::time::sleep(time).await;
        self.signal("-CONT");
        Instant::now()
    }

    fn said(&self) -> Vec<String> {
        self.lines.try_iter().collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

type Socket = tokio_tungstenite::WebSocketStream<tokio::net::TcpStream>;

async fn welcome(listener: &TcpListener) -> Socket {
    let (stream, _) = within(listener.accept()).await.unwrap();
    let mut socket = accept_async(stream).await.unwrap();
    socket.send(Frame::text(WELCOME)).await.unwrap();
    socket
}

/// Reads the next frame's text, and acknowledges it if it is a request.
async fn answer(socket: &mut Socket) -> String {
    let text = within(socket.next()).await.unwrap().unwrap().into_text().unwrap().to_string();
    let frame: serde_json::Value = serde_json::from_str(&text).unwrap();
    let reply = match frame["requestId"].as_str() {
        Some(id) => format!(r#"{{"type":"ack","requestId":"{id}"}}"#),
        None => r#"{"type":"pong"}"#.to_owned(),
    };
    socket.send(Frame::text(reply)).await.unwrap();
    text
}

async fn stage(test: &str) -> Option<(TcpListener, Process, Socket)> {
    if let Ok(url) = std::env::var(URL) {
        be_the_client(&url).await;
        return None;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let process = Process::start(test, &url);
    let socket = welcome(&listener).await;
    Some((listener, process, socket))
}

// socket.io#5134, tldraw#9964, centrifuge-js#417
#[tokio::test]
async fn a_late_alarm_leads_to_a_probe_and_fails_neither_the_connection_nor_a_call() {
    let test = "stopped::a_late_alarm_leads_to_a_probe_and_fails_neither_the_connection_nor_a_call";
    let Some((_listener, process, mut socket)) = stage(test).await else { return };
    let frame = within(socket.next()).await.unwrap().unwrap().into_text().unwrap().to_string();
    assert!(frame.contains("publish"), "{frame}");
    process.signal("-STOP");
    let id: serde_json::Value = serde_json::from_str(&frame).unwrap();
    let ack = format!(r#"{{"type":"ack","requestId":{}}}"#, id["requestId"]);
    socket.send(Frame::text(ack)).await.unwrap();
    tokio::time::sleep(STOPPED).await;
    process.signal("-CONT");
    let continued = Instant::now();
    let ping = answer(&mut socket).await;
    assert!(ping.contains("ping"), "{ping}");
    assert_within(continued, Duration::from_secs(1), "going on took");
    let end = Instant::now() + 2 * TIMEOUT;
    while let Ok(frame) = tokio::time::timeout_at(end.into(), answer(&mut socket)).await {
        assert!(frame.contains("ping"), "{frame}");
    }
    assert_eq!(process.said(), ["connected false", "published"]);
}

#[tokio::test]
async fn a_peer_that_went_away_during_the_stop_is_noticed_soon() {
    let test = "stopped::a_peer_that_went_away_during_the_stop_is_noticed_soon";
    let Some((listener, process, mut socket)) = stage(test).await else { return };
    answer(&mut socket).await;
    let continued = process.stop_for(STOPPED).await;
    // The old socket is not read any more.
    let second = welcome(&listener).await;
    assert_within(continued, TIMEOUT / 3 + Duration::from_secs(1), "back after");
    let expected = ["connected false", "published", "disconnected 4000", "connected true"];
    let mut said = process.said();
    while said.len() < expected.len() {
        tokio::time::sleep(Duration::from_millis(10)).await;
        said.extend(process.said());
    }
    assert_eq!(said, expected);
    drop((socket, second));
}
