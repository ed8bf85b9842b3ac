//! The handle to a running server.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use metered_realtime_proto::wire::CloseCode;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use super::accept::accept;
use super::http::Door;
use super::nodes::Node;
use super::shared::Shared;
use super::tls::TlsError;
use crate::auth::{MintError, Token, TokenRequest};
use crate::config::{Config, ConfigError, Mode};
use crate::hub::{Fault, Hub, Rule, Target};

/// A running server. Dropping it ends it at once, as a crash would; [`Server::shutdown`] is the polite way.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    metrics_addr: Option<SocketAddr>,
    pub(super) shared: Arc<Shared>,
    pub(super) clients: Option<Accepting>,
    metrics: Option<Accepting>,
    keeping_time: JoinHandle<()>,
    pub(super) node: Option<Node>,
}

/// A task that accepts connections, and how to stop it.
pub(super) type Accepting = (oneshot::Sender<()>, JoinHandle<JoinSet<()>>);

/// Why a server did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// An address cannot be listened on.
    Subscribe {
        /// The address.
        addr: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The certificate or its key cannot be used.
    Tls(TlsError),
    /// The bus between nodes gets no thread of the system.
    Bus(io::Error),
    /// The configuration lacks what a server for the open network needs.
    Config(ConfigError),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Subscribe { addr, source } if source.kind() == io::ErrorKind::AddrInUse => {
                let port = addr.port();
                write!(
                    f,
                    "port {port} is already in use; stop the program that uses it, or choose another port (0 picks a free one)"
                )
            }
            StartError::Subscribe { addr, source }
                if source.kind() == io::ErrorKind::PermissionDenied =>
            {
                write!(
                    f,
                    "cannot listen on {addr}: {source}; ports below 1024 need the capability CAP_NET_BIND_SERVICE"
                )
            }
            StartError::Subscribe { addr, source } => {
                write!(f, "cannot listen on {addr}: {source}")
            }
            StartError::Tls(error) => error.fmt(f),
            StartError::Bus(error) => write!(f, "cannot start the bus between nodes: {error}"),
            StartError::Config(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            StartError::Subscribe { source, .. } => Some(source),
            StartError::Tls(error) => Some(error),
            StartError::Bus(error) => Some(error),
            StartError::Config(error) => Some(error),
        }
    }
}

impl Server {
    /// Starts a server on the current tokio runtime.
    ///
    /// # Errors
    /// The configuration is not enough, the certificate cannot be used, or an address cannot be listened on.
    pub async fn start(config: Config) -> Result<Server, StartError> {
        config.check().map_err(StartError::Config)?;
        let listener = bind(config.listen, config.reuse_port)?;
        let addr = local_addr(&listener, config.listen)?;
        let metrics = match config.metrics_listen {
            Some(listen) => Some(bind(listen, config.reuse_port)?),
            None => None,
        };
        let metrics_addr = match (&metrics, config.metrics_listen) {
            (Some(listener), Some(listen)) => Some(local_addr(listener, listen)?),
            _ => None,
        };
        if config.mode == Mode::Development && !addr.ip().is_loopback() {
            tracing::warn!(
                "{addr} can be reached from other machines; this server is for development and lets anybody order faults"
            );
        }
        let shared = Arc::new(Shared::new(config).map_err(StartError::Tls)?);
        let clock = Arc::clone(&shared);
        let keeping_time = tokio::spawn(async move { clock.keep_time().await });
        let node = Node::join(&shared).await.map_err(StartError::Bus)?;
        let accepting = |listener, door| {
            let (stop, stopped) = oneshot::channel();
            (stop, tokio::spawn(accept(listener, door, Arc::clone(&shared), stopped)))
        };
        let clients = accepting(listener, Door::Clients);
        let metrics = metrics.map(|listener| accepting(listener, Door::Metrics));
        let clients = Some(clients);
        Ok(Server { addr, metrics_addr, shared, clients, metrics, keeping_time, node })
    }

    /// The address that it listens on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The address for monitoring, if it has one.
    #[must_use]
    pub fn metrics_addr(&self) -> Option<SocketAddr> {
        self.metrics_addr
    }

    /// The origin for clients, such as `ws://127.0.0.1:9000`.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.shared.tls.is_some() { "wss" } else { "ws" };
        format!("{scheme}://{}", self.addr)
    }

    /// Reads certificate and key again, for connections from now on; false if there is no TLS.
    ///
    /// # Errors
    /// They cannot be used; those that were there stay.
    pub fn reload_tls(&self) -> Result<bool, TlsError> {
        let Some(tls) = &self.shared.tls else { return Ok(false) };
        let result = tls.reload();
        self.shared.counters.reloaded(result.is_ok());
        result.map(|()| true)
    }

    /// How many connections are registered.
    #[must_use]
    pub fn connection_count(&self) -> usize {
        self.shared.look(Hub::connection_count)
    }

    /// Mints a token with the first secret key, good for this server.
    ///
    /// # Errors
    /// The request breaks a rule, or there is no secret key.
    pub fn mint(&self, request: &TokenRequest) -> Result<Token, MintError> {
        self.shared.keyring.mint_with_first(request, self.shared.now())
    }

    /// Orders a fault; how many connections it struck at once.
    ///
    /// # Errors
    /// Why the parts of the rule do not fit together.
    pub fn fault(&self, rule: Rule) -> Result<usize, &'static str> {
        self.shared.drive(|hub, now| hub.fault(rule, now))
    }

    /// Forgets faults that wait for a frame or a connect.
    pub fn clear_faults(&self) {
        self.shared.drive(|hub, _| hub.clear_faults());
    }

    /// Ends every connection without a close frame, as a broken network would; how many there were.
    pub fn drop_all(&self) -> usize {
        self.fault(Rule::now(Fault::Drop, Target::All)).unwrap_or_default()
    }

    /// Ends a peer's connections without a close frame; how many there were.
    pub fn drop_peer(&self, peer: &str) -> usize {
        self.fault(Rule::now(Fault::Drop, Target::Peer(peer.to_owned()))).unwrap_or_default()
    }

    /// Closes every connection; how many there were.
    pub fn close_all(&self, code: u16, reason: &str) -> usize {
        self.close(None, code, reason)
    }

    /// Closes a peer's connections; how many there were.
    pub fn close_peer(&self, peer: &str, code: u16, reason: &str) -> usize {
        self.close(Some(peer), code, reason)
    }

    /// Closes a peer's connections with 4020, as an administrator would; how many there were.
    pub fn kick(&self, peer: &str) -> usize {
        let code = CloseCode::AdminDisconnect.as_u16();
        self.close(Some(peer), code, "disconnected by an administrator")
    }

    fn close(&self, peer: Option<&str>, code: u16, reason: &str) -> usize {
        self.shared.drive(|hub, now| {
            let ids = hub.connections_of(peer);
            hub.close(&ids, code, reason, now);
            ids.len()
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.keeping_time.abort();
        self.shared.part();
        for (_, accepting) in [self.clients.take(), self.metrics.take()].into_iter().flatten() {
            accepting.abort();
        }
    }
}

fn bind(addr: SocketAddr, reuse_port: bool) -> Result<TcpListener, StartError> {
    let listener = || {
        let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        #[cfg(unix)]
        {
            // As the standard library does: a port whose last connections still wait to be forgotten is free.
            socket.set_reuseaddr(true)?;
            socket.set_reuseport(reuse_port)?;
        }
        socket.bind(addr)?;
        socket.listen(BACKLOG)
    };
    listener().map_err(|source| StartError::Subscribe { addr, source })
}

fn local_addr(listener: &TcpListener, addr: SocketAddr) -> Result<SocketAddr, StartError> {
    listener.local_addr().map_err(|source| StartError::Subscribe { addr, source })
}

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1024;
