//! Calls for Rust programs in a browser: the room's driver with a Rust surface.
//!
//! Events come by streams alone, so no code of the user's runs inside of a call.

mod errors;
mod events;
mod host;
mod remote;

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures::StreamExt;
use futures::channel::{mpsc, oneshot};
use futures::stream::Stream;
use serde::Serialize;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{MediaStream, MediaStreamTrack};

pub use errors::PeerError;
pub use events::{PeerEvent, RemotePeerEvent};
pub use metered_realtime_proto::peer::{Failure, Reconcile, RemoteState, State as PeerState};
pub use remote::RemotePeer;

use crate::client::errors::ConfigError;
use crate::client::{Builder, SubscribeOptions};
use crate::data;
use crate::web::peer::{JsPayload, RoomDriver, WebRoom, is_signal};
use host::{RoomPage, Waiter};
use metered_realtime_proto::machine::Instant;
use metered_realtime_proto::peer::{CallError, CallId, Options, Payload, Room};

/// A room: one channel, and a peer connection to every other member of it. In a browser only.
///
/// Every call takes effect when it is made; its future waits for the answer. Handles are cheap to clone. Dropping the last one
/// closes the room; [`close`](MeteredPeer::close) also tells when that is done.
///
/// ```no_run
/// # use futures::StreamExt;
/// # use metered_realtime::SignallingClient;
/// # use metered_realtime::peer::{MeteredPeer, PeerEvent, RemotePeerEvent};
/// # async fn example(camera: web_sys::MediaStream) -> Result<(), Box<dyn std::error::Error>> {
/// let peer = MeteredPeer::new(SignallingClient::builder().api_key("pk_live_..."))?;
/// let mut events = peer.events();
/// peer.add_stream(&camera, None::<&()>)?;
/// peer.join("rooms/lobby").await?;
/// while let Some(event) = events.next().await {
///     if let PeerEvent::Remote { peer, event: RemotePeerEvent::StreamAdded { stream, .. } } = event {
///         web_sys::console::log_2(&peer.id().into(), &stream);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MeteredPeer {
    handle: Rc<Handle>,
}

/// What all handles of a room share.
struct Handle {
    driver: Rc<RoomDriver<RoomPage>>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        if matches!(self.driver.peek(Room::state), PeerState::Idle | PeerState::Closed) {
            return;
        }
        let call = self.driver.with(|room, now| room.close(None, now));
        let closed = answer(&self.driver, Ok(call));
        // Until it is done there is nobody else who holds the driver.
        let driver = Rc::clone(&self.driver);
        spawn_local(async move {
            let _ = closed.await;
            drop(driver);
        });
    }
}

impl MeteredPeer {
    /// An idle room, on a client of its own with these options. No I/O happens before [`join`](MeteredPeer::join).
    ///
    /// A room needs its channel again after a reconnect, so [`auto_resubscribe`](Builder::auto_resubscribe) is always on.
    ///
    /// # Errors
    /// The first option that breaks a rule.
    pub fn new(builder: Builder) -> Result<MeteredPeer, ConfigError> {
        MeteredPeer::with_reconcile(builder, Reconcile::Auto)
    }

    /// The same, with a choice of what becomes of connections when the link to the server comes back.
    ///
    /// # Errors
    /// The first option that breaks a rule.
    pub fn with_reconcile(
        builder: Builder,
        reconcile: Reconcile,
    ) -> Result<MeteredPeer, ConfigError> {
        let client = builder.auto_resubscribe(true).driver()?;
        let driver = RoomDriver::new(RoomPage::default(), client, |now| {
            let mut room = Room::new(Options { reconcile }, now);
            room.set_logging(true);
            room
        });
        driver.host.belongs_to(&driver);
        Ok(MeteredPeer { handle: Rc::new(Handle { driver }) })
    }

    /// The state.
    #[must_use]
    pub fn state(&self) -> PeerState {
        self.handle.driver.peek(Room::state)
    }

    /// The peer id of this client. With a publishable key it is another one after every reconnect.
    #[must_use]
    pub fn peer_id(&self) -> Option<String> {
        self.handle.driver.peek(|room| room.peer_id().map(ToOwned::to_owned))
    }

    /// The channel, once it is joined and until the room is closed.
    #[must_use]
    pub fn channel(&self) -> Option<String> {
        self.handle.driver.peek(|room| room.channel().map(ToOwned::to_owned))
    }

    /// The other members, in the order in which they were met.
    #[must_use]
    pub fn remote_peers(&self) -> Vec<RemotePeer> {
        let ids: Vec<_> = self.handle.driver.peek(|room| room.remotes().collect());
        ids.into_iter().map(|id| self.handle.driver.host.remote(id)).collect()
    }

    /// All events from now on. The stream ends after [`PeerEvent::Left`]. It is not bounded: read it, or drop it.
    pub fn events(&self) -> impl Stream<Item = PeerEvent> + Unpin + use<> {
        self.handle.driver.host.stream().boxed_local()
    }

    /// Connects and joins a channel.
    ///
    /// # Errors
    /// [`PeerError`]; the room is idle again then, and may be joined once more.
    pub fn join(&self, channel: &str) -> PeerCall {
        self.call(|room, now| room.join(channel, false, now))
    }

    /// The same, with options: whether data comes with what the server knows of its sender.
    ///
    /// # Errors
    /// As [`join`](MeteredPeer::join).
    pub fn join_with(&self, channel: &str, options: SubscribeOptions) -> PeerCall {
        self.call(|room, now| room.join(channel, options.include_sender_metadata, now))
    }

    /// Sends data to every other member, by the server.
    ///
    /// # Errors
    /// [`PeerError`]
    pub fn send<T: Serialize + ?Sized>(&self, data: &T) -> PeerCall {
        let data = payload(data);
        self.with_data(data, |room, data, now| room.send(Some(data), now))
    }

    /// Sends data to one peer, by the server.
    ///
    /// # Errors
    /// [`PeerError`]
    pub fn send_to<T: Serialize + ?Sized>(&self, peer_id: &str, data: &T) -> PeerCall {
        let data = payload(data);
        self.with_data(data, |room, data, now| room.send_to(Some(peer_id), Some(data), now))
    }

    /// Leaves the room: closes every connection, then the client.
    pub fn close(&self, reason: Option<&str>) -> impl Future<Output = ()> + use<> {
        let closed = self.call(|room, now| Ok(room.close(reason, now)));
        async move {
            // It cannot fail: where there is nobody left to answer, all is closed.
            let _ = closed.await;
        }
    }

    /// Sends every track of a stream to every member, present and future. See [`add_track`](MeteredPeer::add_track).
    ///
    /// # Errors
    /// [`PeerError`]
    pub fn add_stream<T: Serialize + ?Sized>(
        &self,
        stream: &MediaStream,
        metadata: Option<&T>,
    ) -> Result<(), PeerError> {
        stream
            .get_tracks()
            .iter()
            .try_for_each(|track| self.add_track(track.unchecked_ref(), Some(stream), metadata))
    }

    /// Stops sending the tracks of a stream.
    ///
    /// # Errors
    /// [`PeerError`]
    pub fn remove_stream(&self, stream: &MediaStream) -> Result<(), PeerError> {
        stream.get_tracks().iter().try_for_each(|track| self.remove_track(track.unchecked_ref()))
    }

    /// Sends a track to every member, present and future. They get the metadata with it.
    ///
    /// # Errors
    /// The track is sent with another stream, the metadata is too large or no JSON, or the room is over.
    pub fn add_track<T: Serialize + ?Sized>(
        &self,
        track: &MediaStreamTrack,
        stream: Option<&MediaStream>,
        metadata: Option<&T>,
    ) -> Result<(), PeerError> {
        let metadata = metadata.map(value_of).transpose()?;
        let stream = stream.map_or(JsValue::UNDEFINED, JsValue::from);
        Ok(self.handle.driver.add_track(track, &stream, metadata)?)
    }

    /// Stops sending a track.
    ///
    /// # Errors
    /// The room is over.
    pub fn remove_track(&self, track: &MediaStreamTrack) -> Result<(), PeerError> {
        Ok(self.handle.driver.remove_track(track)?)
    }

    /// Sends another track in the place of one, without a new negotiation; `None`: nothing.
    ///
    /// # Errors
    /// [`PeerError`]
    pub fn replace_track(
        &self,
        old: &MediaStreamTrack,
        new: Option<&MediaStreamTrack>,
    ) -> PeerCall {
        let new = new.map_or(JsValue::NULL, JsValue::from);
        self.answer(self.handle.driver.replace_track(old, &new))
    }

    // ---- calls ----

    fn call(
        &self,
        ask: impl FnOnce(&mut WebRoom, Instant) -> Result<CallId, CallError>,
    ) -> PeerCall {
        self.answer(self.handle.driver.with(ask))
    }

    fn with_data(
        &self,
        data: Result<Payload<JsPayload>, PeerError>,
        ask: impl FnOnce(&mut WebRoom, Payload<JsPayload>, Instant) -> Result<CallId, CallError>,
    ) -> PeerCall {
        ask_with(&self.handle.driver, data, ask)
    }

    fn answer(&self, asked: Result<CallId, CallError>) -> PeerCall {
        answer(&self.handle.driver, asked.map_err(PeerError::from))
    }
}

/// The answer to a call of a room. The call is made already; this only waits.
#[must_use = "a call may fail; await it"]
#[derive(Debug)]
pub struct PeerCall(Result<oneshot::Receiver<Result<(), CallError>>, Option<PeerError>>);

impl PeerCall {
    fn gone() -> PeerCall {
        PeerCall(Err(Some(PeerError::Gone)))
    }
}

impl Future for PeerCall {
    type Output = Result<(), PeerError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Err(error) => Poll::Ready(Err(error.take().unwrap_or(PeerError::Gone))),
            Ok(answer) => Pin::new(answer).poll(context).map(|answer| match answer {
                Ok(result) => Ok(result?),
                Err(oneshot::Canceled) => Err(PeerError::Gone),
            }),
        }
    }
}

/// Makes a call that has data.
fn ask_with(
    driver: &Rc<RoomDriver<RoomPage>>,
    data: Result<Payload<JsPayload>, PeerError>,
    ask: impl FnOnce(&mut WebRoom, Payload<JsPayload>, Instant) -> Result<CallId, CallError>,
) -> PeerCall {
    let asked = data.and_then(|data| Ok(driver.with(|room, now| ask(room, data, now))?));
    answer(driver, asked)
}

/// The future of a call that was made. What it began is carried out in a microtask.
fn answer(driver: &Rc<RoomDriver<RoomPage>>, asked: Result<CallId, PeerError>) -> PeerCall {
    let waiting = asked.map(|call| {
        let (waiter, answer): (Waiter, _) = oneshot::channel();
        driver.host.wait_for(call, waiter);
        answer
    });
    driver.host.schedule();
    PeerCall(waiting.map_err(Some))
}

/// What the user sends.
fn payload<T: Serialize + ?Sized>(data: &T) -> Result<Payload<JsPayload>, PeerError> {
    let (value, size) = value_of(data)?;
    let is_signal = is_signal(&value);
    Ok(Payload { value: JsPayload(value), size, is_signal })
}

/// The data as a JavaScript value, with the bytes of its JSON text.
fn value_of<T: Serialize + ?Sized>(data: &T) -> Result<(JsValue, usize), PeerError> {
    let text = data::to_json(data).map_err(PeerError::Data)?;
    let value = js_sys::JSON::parse(&text).map_err(|_| PeerError::Data(text.clone()))?;
    Ok((value, text.len()))
}

type Events = mpsc::UnboundedSender<PeerEvent>;
