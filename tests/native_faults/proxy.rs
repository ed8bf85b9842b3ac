//! A TCP proxy with the faults of networks.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A fault for the present connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Pass,
    /// Both sides get a RST.
    Reset,
    /// TCP stays up, but no data passes.
    BlackHole,
    /// Lets this many more bytes through to the client, and then ends the connection.
    CutAfter(usize),
}

pub struct Proxy {
    addr: SocketAddr,
    fate: watch::Sender<Fate>,
    dials: Arc<AtomicUsize>,
}

impl Proxy {
    /// Starts a proxy in front of a server.
    pub async fn new(server: SocketAddr) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (fate, _) = watch::channel(Fate::Pass);
        let (fates, dials) = (fate.clone(), Arc::new(AtomicUsize::new(0)));
        let counter = Arc::clone(&dials);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                // A fault that comes later is for the connections that exist then.
                let mut fate = fates.subscribe();
                fate.mark_unchanged();
                tokio::spawn(async move {
                    if let Ok(server) = TcpStream::connect(server).await {
                        link(client, server, fate).await;
                    }
                });
            }
        });
        Proxy { addr, fate, dials }
    }

    pub fn url(&self) -> String {
        format!("ws://{}", self.addr)
    }

    /// Applies a fault to all present connections.
    pub fn strike(&self, fate: Fate) {
        self.fate.send(fate).unwrap();
    }

    pub fn dials(&self) -> usize {
        self.dials.load(Ordering::SeqCst)
    }
}

async fn link(client: TcpStream, server: TcpStream, mut fate: watch::Receiver<Fate>) {
    client.set_nodelay(true).unwrap();
    let (mut up, mut down) = ([0; 16_384], [0; 16_384]);
    let (mut client, mut server) = (client, server);
    let mut cut = None;
    loop {
        tokio::select! {
            changed = fate.changed() => match changed.map(|()| *fate.borrow_and_update()) {
                Err(_) => return,
                Ok(Fate::Pass) => {}
                Ok(Fate::CutAfter(bytes)) => cut = Some(bytes),
                Ok(Fate::Reset) => {
                    client.set_zero_linger().unwrap();
                    server.set_zero_linger().unwrap();
                    return;
                }
                Ok(Fate::BlackHole) => {
                    let _held = (client, server);
                    return std::future::pending().await;
                }
            },
            read = client.read(&mut up) => match read {
                Ok(n) if n > 0 => if server.write_all(&up[..n]).await.is_err() { return },
                Ok(_) | Err(_) => return,
            },
            read = server.read(&mut down) => match (read, cut) {
                (Ok(n), Some(at)) if n > 0 => {
                    let _ = client.write_all(&down[..n.min(at)]).await;
                    return;
                }
                (Ok(n), None) if n > 0 => if client.write_all(&down[..n]).await.is_err() { return },
                (Ok(_) | Err(_), _) => return,
            },
        }
    }
}
