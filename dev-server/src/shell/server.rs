//! The handle to a running server.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use metered_realtime_proto::wire::CloseCode;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use super::http;
use super::shared::Shared;
use crate::auth::{MintError, Token, TokenRequest};
use crate::config::Config;
use crate::hub::{Fault, Hub, Rule, Target};

/// A running server. Dropping it ends it at once, as a crash would; [`Server::shutdown`] is the polite way.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    accepting: Option<JoinHandle<JoinSet<()>>>,
    keeping_time: JoinHandle<()>,
}

/// Why a server did not start.
#[derive(Debug)]
pub struct StartError {
    listen: SocketAddr,
    source: io::Error,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listen = self.listen;
        if self.source.kind() == io::ErrorKind::AddrInUse {
            let port = listen.port();
            return write!(
                f,
                "port {port} is already in use; stop the program that uses it, or choose another port (0 picks a free one)"
            );
        }
        write!(f, "cannot listen on {listen}: {}", self.source)
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl Server {
    /// Starts a server on the current tokio runtime.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn start(config: Config) -> Result<Server, StartError> {
        let listen = config.listen;
        let failed = |source| StartError { listen, source };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        if !addr.ip().is_loopback() {
            tracing::warn!(
                "{addr} can be reached from other machines; this server is for development and lets anybody order faults"
            );
        }
        let shared = Arc::new(Shared::new(config));
        let (stop, stopped) = oneshot::channel();
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared), stopped));
        let clock = Arc::clone(&shared);
        let keeping_time = tokio::spawn(async move { clock.keep_time().await });
        Ok(Server { addr, shared, stop: Some(stop), accepting: Some(accepting), keeping_time })
    }

    /// The address that it listens on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The origin for clients, such as `ws://127.0.0.1:9000`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://{}", self.addr)
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

    /// Ends politely: `going_away`, a grace period, close 1001, and a short wait for the clients' answers.
    pub async fn shutdown(mut self) {
        let (grace, retry_after) =
            (self.shared.config.shutdown_grace, self.shared.config.retry_after);
        let retry_after = u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX);
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        self.shared.stop();
        let connections = match self.accepting.take() {
            Some(accepting) => accepting.await.ok(),
            None => None,
        };
        let told = self.shared.drive(|hub, now| hub.announce_going_away(retry_after, now));
        if told > 0 {
            sleep(grace).await;
        }
        self.close_all(CloseCode::GoingAway.as_u16(), "the server is going away");
        if let (Some(mut connections), true) = (connections, told > 0) {
            let drained = async { while connections.join_next().await.is_some() {} };
            let _ = timeout(DRAIN_TIMEOUT, drained).await;
        }
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
        if let Some(accepting) = self.accepting.take() {
            accepting.abort();
        }
    }
}

/// Accepts until told to stop; then hands the connections over. Aborting the task aborts them all.
async fn accept(
    listener: TcpListener,
    shared: Arc<Shared>,
    mut stopped: oneshot::Receiver<()>,
) -> JoinSet<()> {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, remote)) => {
                    connections.spawn(http::serve(stream, remote, Arc::clone(&shared)));
                }
                Err(error) => {
                    // Out of file descriptors, most likely: waiting is all that helps.
                    tracing::warn!("cannot accept a connection: {error}");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
            _ = &mut stopped => return connections,
        }
    }
}

/// The pause after a failed accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long a shutdown waits for closing handshakes.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(3);
