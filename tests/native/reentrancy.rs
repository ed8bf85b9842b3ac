//! Every method, called inside every handler.

use metered_realtime::events::{
    Connected, Direct, Disconnected, Event, GoingAway, Message, Presence, ServerError, StateChange,
};
use metered_realtime::{HandlerId, SignallingClient, State};

use crate::stage::Stage;
use crate::support::{Notes, until, within};

/// Calls everything but `close`.
fn call_everything(client: &SignallingClient, notes: &Notes) {
    let _ = client.state();
    client.connect().detach();
    client.subscribe("r").detach();
    drop(client.subscribe("dropped"));
    client.publish("r", 1).detach();
    drop(client.publish("r", 2));
    client.send("p", 1).detach();
    client.unsubscribe("r").detach();
    let id = client.on(|_: &Message| {});
    client.once(|_: &Message| {});
    client.on_async(|_: Presence| async {});
    assert!(client.off(id));
    drop(client.events::<Message>());
    drop(client.clone());
    notes.write("called");
}

fn in_handler<E: Event>(client: &SignallingClient, notes: &Notes, then_close: bool) -> HandlerId {
    let (inner, notes) = (client.clone(), notes.clone());
    client.on(move |_: &E| {
        call_everything(&inner, &notes);
        if then_close {
            drop(inner.close());
            assert_eq!(inner.state(), State::Closed);
        }
    })
}

async fn everything_in<E: Event>() {
    for then_close in [false, true] {
        let stage = Stage::new().await;
        let client = stage.client();
        let notes = Notes::default();
        in_handler::<E>(&client, &notes, then_close);
        client.connect().detach();
        let server = tokio::spawn(async move {
            loop {
                let mut peer = stage.welcome().await;
                for frame in [
                    r#"{"type":"message","channel":"c","from":"p","data":1}"#,
                    r#"{"type":"direct","from":"p","data":1}"#,
                    r#"{"type":"presence","channel":"c","joined":[],"left":[]}"#,
                    r#"{"type":"error","code":"internal_error"}"#,
                    r#"{"type":"going_away","retryAfterMs":5}"#,
                ] {
                    let frame = tokio_tungstenite::tungstenite::Message::text(frame);
                    let _ = futures::SinkExt::send(&mut peer.socket, frame).await;
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        });
        until(|| notes.len() >= 1).await;
        if then_close {
            until(|| client.state() == State::Closed).await;
        }
        // A handler may have connected the client again during the first close; during the second one there is no handler left.
        within(client.close()).await;
        within(client.close()).await;
        assert_eq!(client.state(), State::Closed);
        server.abort();
    }
}

#[tokio::test]
async fn every_method_can_be_called_in_every_handler() {
    everything_in::<StateChange>().await;
    everything_in::<Connected>().await;
    everything_in::<Disconnected>().await;
    everything_in::<Message>().await;
    everything_in::<Direct>().await;
    everything_in::<Presence>().await;
    everything_in::<ServerError>().await;
    everything_in::<GoingAway>().await;
}

#[tokio::test]
async fn connect_inside_a_final_disconnected_handler_is_legal() {
    let stage = Stage::new().await;
    let (client, peer) = stage.connected().await;
    let inner = client.clone();
    client.once(move |event: &Disconnected| {
        assert!(!event.will_reconnect);
        inner.connect().detach();
        assert_eq!(inner.state(), State::Connecting);
    });
    let ((), _peer) = tokio::join!(peer.close(4001, ""), stage.welcome());
    until(|| client.state() == State::Connected).await;
    within(client.close()).await;
}

#[tokio::test]
async fn close_and_connect_inside_one_handler_start_over() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let inner = client.clone();
    client.once(move |_: &Message| {
        drop(inner.close());
        inner.connect().detach();
    });
    peer.send(r#"{"type":"message","channel":"c","from":"p","data":1}"#).await;
    let _second = stage.welcome().await;
    until(|| client.state() == State::Connected).await;
    assert_eq!(peer.closed().await, Some((1000, "client requested close".to_owned())));
}

#[tokio::test]
async fn e132_after_a_close_on_the_change_to_connected_there_is_no_connected_event() {
    let stage = Stage::new().await;
    let client = stage.client();
    let notes = Notes::default();
    notes.follow(&client);
    let inner = client.clone();
    client.on(move |event: &StateChange| {
        if event.to == State::Connected {
            drop(inner.close());
        }
    });
    let call = client.connect();
    let _peer = stage.welcome().await;
    assert!(within(call).await.is_err());
    within(client.close()).await;
    assert!(
        !notes.lines().iter().any(|line| line.starts_with("connected,")),
        "{:?}",
        notes.lines()
    );
}
