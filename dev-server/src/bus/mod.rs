//! The bus between nodes: NATS, as the hub wants it.
//!
//! The client library reconnects by itself and sends then what was queued meanwhile. The hub promises the opposite: what is
//! refused while the bus is away is never delivered. So each connection is a session of its own, in a runtime of its own on
//! the bus's thread; when it ends, everything that was queued in it ends with it, and the hub begins the next one anew.

mod options;
mod session;

use std::io;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Builder;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::config::Nats;
use crate::hub::{BusOutput, NodeId};
use session::{Ended, Session};

/// What happened on the bus, for the hub.
#[derive(Debug)]
pub(crate) enum Report {
    /// Connected; nothing is listened to yet.
    Up,
    /// Not connected any more. What the hub wanted and the bus does not have is forgotten.
    Down,
    /// NATS has everything up to this number.
    Handed(u64),
    /// Nobody listened to this message.
    Unanswered(u64),
    /// These messages came together.
    Received(Vec<Bytes>),
    /// Messages were lost here, because they came faster than they could be read.
    Missed,
}

/// What the bus needs to know.
pub(crate) struct Start {
    pub(crate) nats: Nats,
    pub(crate) node: NodeId,
    /// The largest message of a client.
    pub(crate) max_message_size: usize,
}

/// Runs the bus on a thread of its own until the outputs end; the receiver is told when the last of them is out.
///
/// # Errors
/// The system gives no thread or no runtime.
pub(crate) fn start(
    start: Start,
    mut outputs: UnboundedReceiver<BusOutput>,
    report: impl Fn(Vec<Report>) + Send + 'static,
) -> io::Result<oneshot::Receiver<()>> {
    // The first runtime is made here, so that a system without means for it fails the start.
    let mut runtime = Some(Builder::new_current_thread().enable_all().build()?);
    let (done, is_done) = oneshot::channel();
    let run = move || {
        let mut pause = FIRST_PAUSE;
        loop {
            let Some(runtime) = runtime.take().or_else(new_runtime) else { break };
            let ended = runtime.block_on(async {
                let session = match Session::connect(&start).await {
                    Ok(session) => session,
                    Err(error) => {
                        tracing::warn!("NATS cannot be used: {error}");
                        return wait(&mut outputs, pause).await;
                    }
                };
                tracing::info!(node = %start.node, "connected to NATS");
                report(vec![Report::Up]);
                let ended = session.run(&mut outputs, &report).await;
                report(vec![Report::Down]);
                ended
            });
            // Whatever the client library still held goes with its runtime.
            drop(runtime);
            pause = match ended {
                Ended::Stopped => break,
                Ended::NotConnected => (pause * 2).min(LONGEST_PAUSE),
                Ended::Lost(reason) => {
                    tracing::warn!("the connection to NATS is lost: {reason}");
                    FIRST_PAUSE
                }
            };
            if forget(&mut outputs) {
                break;
            }
        }
        let _ = done.send(()); // Nobody waits if the server was dropped.
    };
    thread::Builder::new().name("bus".to_owned()).spawn(run)?;
    Ok(is_done)
}

fn new_runtime() -> Option<tokio::runtime::Runtime> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.inspect_err(|error| tracing::error!("the bus has no runtime: {error}")).ok()
}

/// Waits before the next try, but not longer than the server lives.
async fn wait(outputs: &mut UnboundedReceiver<BusOutput>, pause: Duration) -> Ended {
    tokio::select! {
        () = sleep(pause) => Ended::NotConnected,
        None = outputs.recv() => Ended::Stopped,
    }
}

/// Forgets what was wanted of the last session; whether that was the end.
fn forget(outputs: &mut UnboundedReceiver<BusOutput>) -> bool {
    loop {
        match outputs.try_recv() {
            Ok(_) => {}
            Err(TryRecvError::Empty) => return false,
            Err(TryRecvError::Disconnected) => return true,
        }
    }
}

/// The pause after the first failed try. It doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause between two tries: shorter than the half second in which a node that is back asks the others, so that all
/// listen when the first one takes requests again.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
