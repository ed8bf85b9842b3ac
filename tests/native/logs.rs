//! What the client logs through `tracing`, and what logging must not do.

use std::fmt::Write;
use std::sync::{Arc, LazyLock, Mutex};

use metered_realtime::events::Message;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Event, Metadata, Subscriber};

use crate::stage::Stage;
use crate::support::{options, until};

#[tokio::test]
async fn e216_a_logger_that_panics_changes_nothing() {
    let _guard = Lines { panics: true, ..Lines::default() }.collect();
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    peer.send("nonsense").await;
    client.publish("c", 1).detach();
    assert_eq!(peer.frame().await["type"], "publish");
}

#[test]
fn e217_the_hundredth_handler_of_an_event_causes_one_warning() {
    let lines = Lines::default();
    let _guard = lines.collect();
    let client = options("ws://127.0.0.1:9").build().unwrap();
    let warnings = || lines.text().matches("added again and again").count();
    let mut ids: Vec<_> = (0..99).map(|_| client.on(|_: &Message| {})).collect();
    assert_eq!(warnings(), 0);
    ids.extend((0..2).map(|_| client.on(|_: &Message| {})));
    assert_eq!(warnings(), 1);
    ids.drain(..2).for_each(|id| assert!(client.off(id)));
    client.on(|_: &Message| {});
    assert_eq!(warnings(), 2, "the warning is armed again");
}

#[tokio::test]
async fn malformed_frames_and_panics_of_handlers_are_logged() {
    let lines = Lines::default();
    let _guard = lines.collect();
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    client.on(|_: &Message| panic!("in a handler"));
    peer.send("nonsense").await;
    peer.send(r#"{"type":"message","channel":"c","from":"p","data":1}"#).await;
    until(|| lines.text().contains("a handler panicked")).await;
    client.on_async(|_: Message| async { panic!("in an asynchronous handler") });
    peer.send(r#"{"type":"message","channel":"c","from":"p","data":1}"#).await;
    until(|| lines.text().contains("an async handler panicked")).await;
    peer.send("\u{feff}{\"type\":\"pong\"}").await;
    until(|| lines.text().matches(r#"reason="not JSON""#).count() == 2).await;
    assert!(
        lines.text().contains(r#"dropped a malformed frame: reason="not JSON""#),
        "{}",
        lines.text()
    );
}

/// Collects log lines of the client.
#[derive(Clone, Default)]
pub struct Lines {
    text: Arc<Mutex<String>>,
    panics: bool,
}

impl Lines {
    /// Collects the lines of this thread until the guard is dropped.
    pub fn collect(&self) -> DefaultGuard {
        // While a process has only one subscriber, tracing decides whether a line is wanted by the thread that first writes it,
        // which may be that of another test. A second subscriber prevents that.
        static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(Lines::default()));
        LazyLock::force(&SECOND);
        tracing::subscriber::set_default(self.clone())
    }

    pub fn text(&self) -> String {
        self.text.lock().unwrap().clone()
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "metered_realtime"
    }

    fn event(&self, event: &Event<'_>) {
        assert!(!self.panics, "in a logger");
        struct Writer<'a>(&'a mut String);
        impl Visit for Writer<'_> {
            fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
                writeln!(self.0, "{}={value:?}", field.name()).unwrap();
            }
        }
        event.record(&mut Writer(&mut self.text.lock().unwrap()));
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
