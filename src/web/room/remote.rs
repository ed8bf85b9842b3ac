//! A member of a room.

use std::fmt;
use std::rc::Weak;

use serde::Serialize;
use wasm_bindgen::JsCast;
use web_sys::RtcPeerConnection;

use super::host::RoomPage;
use super::{PeerCall, ask_with, payload};
use crate::data::Payload;
use crate::web::peer::{JsPayload, RoomDriver};
use metered_realtime_proto::peer::{RemoteId, RemoteState, RemoteView};

/// Another member of the room. It does not keep the room alive.
#[derive(Clone)]
pub struct RemotePeer {
    pub(super) driver: Weak<RoomDriver<RoomPage>>,
    pub(super) number: RemoteId,
    pub(super) id: String,
}

impl RemotePeer {
    /// Its peer id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its state; `Closed` once it is gone.
    #[must_use]
    pub fn state(&self) -> RemoteState {
        self.view(|view| view.state).unwrap_or(RemoteState::Closed)
    }

    /// Whether this side gives way when both offer at once.
    #[must_use]
    pub fn polite(&self) -> Option<bool> {
        self.view(|view| view.polite)
    }

    /// What it says of itself. Anybody in the room may say anything.
    #[must_use]
    pub fn metadata(&self) -> Option<Payload> {
        let metadata = self.view(|view| view.metadata.map(|JsPayload(value)| value.clone()));
        metadata.flatten().map(Payload::from_js)
    }

    /// Its `RTCPeerConnection`, which is made now if there is none yet. After a `ConnectionReset` it is another one.
    #[must_use]
    pub fn connection(&self) -> Option<RtcPeerConnection> {
        let connection = self.driver.upgrade()?.use_connection(self.number)?;
        Some(connection.unchecked_into())
    }

    /// Sends data to it, by the server.
    ///
    /// # Errors
    /// [`PeerError`](super::PeerError); also once it is gone.
    pub fn send<T: Serialize + ?Sized>(&self, data: &T) -> PeerCall {
        let data = payload(data);
        let Some(driver) = self.driver.upgrade() else { return PeerCall::gone() };
        ask_with(&driver, data, |room, data, now| room.send_to_remote(self.number, Some(data), now))
    }

    /// Tries at once to mend its connection, if it does not work.
    pub fn restart(&self) {
        if let Some(driver) = self.driver.upgrade() {
            driver.with(|room, now| room.restart(self.number, now));
            driver.host.schedule();
        }
    }

    fn view<T>(&self, look: impl FnOnce(RemoteView<'_, JsPayload>) -> T) -> Option<T> {
        self.driver.upgrade()?.peek(|room| room.remote(self.number).map(look))
    }
}

impl fmt::Debug for RemotePeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemotePeer").field("id", &self.id).field("state", &self.state()).finish()
    }
}
