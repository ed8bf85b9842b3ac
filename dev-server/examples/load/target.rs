//! The servers under load: processes of their own, or servers that run already.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio_rustls::TlsConnector;

use crate::Result;
use crate::tls::connector;

/// One server, or several nodes of one service.
pub(crate) struct Target {
    nodes: Vec<Node>,
    next: AtomicUsize,
}

pub(crate) struct Node {
    pub(crate) url: String,
    /// For a server with TLS.
    pub(crate) connector: Option<TlsConnector>,
    /// The process, if this program started it.
    child: Option<Child>,
}

impl Target {
    /// Starts nodes. More than one need the address of NATS.
    pub(crate) fn start(count: usize, tls: bool, nats: Option<&str>) -> Result<Target> {
        let nodes = (0..count).map(|_| Node::start(tls, nats)).collect::<Result<_>>()?;
        Ok(Target { nodes, next: AtomicUsize::new(0) })
    }

    /// Servers that run already.
    pub(crate) fn at(urls: Vec<String>) -> Target {
        let node = |url| Node { url, connector: None, child: None };
        Target { nodes: urls.into_iter().map(node).collect(), next: AtomicUsize::new(0) }
    }

    /// One node after the other, as a balancer chooses them.
    pub(crate) fn next(&self) -> &Node {
        &self.nodes[self.next.fetch_add(1, Ordering::Relaxed) % self.nodes.len()]
    }

    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(crate) fn first(&self) -> &Node {
        &self.nodes[0]
    }

    /// The last of several nodes.
    pub(crate) fn other(&self) -> Option<&Node> {
        self.nodes.get(1..)?.last()
    }

    /// Resident memory of all nodes in bytes, where the system tells it (`/proc/<pid>/statm`).
    pub(crate) fn memory(&self) -> Option<u64> {
        self.nodes.iter().map(|node| memory(node.pid()?)).sum()
    }

    /// The CPU time of all nodes in seconds.
    pub(crate) fn cpu_time(&self) -> Option<f64> {
        self.nodes.iter().map(|node| cpu_time(node.pid()?)).sum()
    }
}

impl Node {
    fn start(tls: bool, nats: Option<&str>) -> Result<Node> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("--serve")
            .args(tls.then_some("--tls"))
            .args(nats.map(|url| format!("--nats={url}")))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("the server has no stdout")?;
        let mut lines = BufReader::new(stdout).lines();
        let mut line =
            || -> Result<String> { Ok(lines.next().ok_or("the server says too little")??) };
        let (url, certificate) = (line()?, line()?);
        let connector = if tls { Some(connector(&certificate)?) } else { None };
        Ok(Node { url, connector, child: Some(child) })
    }

    fn pid(&self) -> Option<u32> {
        Some(self.child.as_ref()?.id())
    }
}

fn memory(pid: u32) -> Option<u64> {
    let statm = std::fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * PAGE_BYTES)
}

/// The CPU time of a process in seconds, user and system, where the system tells it (`/proc/<pid>/stat`).
pub(crate) fn cpu_time(pid: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: Option<u64> =
        fields.get(11..13)?.iter().map(|ticks| ticks.parse::<u64>().ok()).sum();
    Some(ticks? as f64 / TICKS_PER_SECOND)
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// That of x86-64 and most arm64 systems.
const PAGE_BYTES: u64 = 4096;

/// That of every Linux on these processors.
const TICKS_PER_SECOND: f64 = 100.0;
