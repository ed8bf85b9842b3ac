//! A `nats-server` of our own, and what it counts.

use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Result;

/// Ends when it is dropped.
pub(crate) struct OwnNats {
    child: Child,
    port: u16,
    monitor: u16,
}

impl OwnNats {
    pub(crate) async fn start() -> Result<OwnNats> {
        let (port, monitor) = (free_port()?, free_port()?);
        let child = Command::new("nats-server")
            .args(["-a", "127.0.0.1", "-p", &port.to_string(), "-m", &monitor.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("nats-server does not start: {error}"))?;
        let nats = OwnNats { child, port, monitor };
        while nats.deliveries().await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(nats)
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// How many messages it has sent to nodes.
    pub(crate) async fn deliveries(&self) -> Result<u64> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.monitor)).await?;
        stream.write_all(b"GET /varz HTTP/1.0\r\n\r\n").await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let (_, body) = answer.split_once("\r\n\r\n").ok_or("no body")?;
        let counts: serde_json::Value = serde_json::from_str(body)?;
        Ok(counts["out_msgs"].as_u64().ok_or("no out_msgs")?)
    }
}

impl Drop for OwnNats {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
