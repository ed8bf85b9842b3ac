//! What a client cannot tell: on which node it is, and on which the others are.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;

use crate::client::{Client, http};
use crate::processes::{Nats, Node, temporary};

const GUIDE: &str = include_str!("../../../docs/guide/self-hosting.md");

fn three(nats: &Nats) -> [Node; 3] {
    [(); 3].map(|()| Node::start(&nats.url()))
}

#[tokio::test]
async fn clients_of_three_nodes_meet_as_those_of_one() {
    let nats = Nats::start();
    let nodes = three(&nats);
    let mut a = Client::join_as(&nodes[0], "a").await;
    let mut b = Client::join_as(&nodes[1], "b").await;
    let mut c = Client::join_as(&nodes[2], "c").await;
    // A name with everything that has a meaning for NATS.
    let channel = "rooms/a b.>*ä";
    assert!(a.subscribe("rooms/*").await.is_empty());
    assert!(b.subscribe(channel).await.is_empty());
    assert_eq!(c.subscribe(channel).await, ["b"]);
    b.sees(&["c"], &[]).await;

    for number in 0..100 {
        c.say(json!({"type": "publish", "channel": channel, "data": number})).await;
    }
    for number in 0..100 {
        assert_eq!(a.next("message").await["data"], number);
        assert_eq!(b.next("message").await["data"], number);
    }
    assert_eq!(a.send("c", json!("hello")).await, "ack");
    assert_eq!(c.next("direct").await["from"], "a");
    assert_eq!(a.send("nobody", json!("hello")).await, "peer_not_found");

    let (_, listed) =
        http(&nodes[0], "GET", "/v1/channels/rooms%2Fa%20b.%3E*%C3%A4/peers", "").await;
    assert_eq!(listed["peers"], json!([{"peerId": "b"}, {"peerId": "c"}]));
    let body = json!({"data": "from outside", "from": "backend"}).to_string();
    let (status, _) = http(&nodes[0], "POST", "/v1/channels/rooms%2Fx/publish", &body).await;
    assert_eq!(status, 200);
    assert_eq!(a.next("message").await["from"], "backend");
    let (_, kicked) = http(&nodes[0], "DELETE", "/v1/peers/c", "").await;
    assert_eq!(kicked["closed"], 1);
    b.sees(&[], &["c"]).await;
}

#[tokio::test]
async fn while_nats_is_away_clients_stay_requests_are_refused_and_afterwards_all_is_as_before() {
    let mut nats = Nats::start();
    let nodes = three(&nats);
    let mut a = Client::join_as(&nodes[0], "a").await;
    let mut b = Client::join_as(&nodes[1], "b").await;
    a.subscribe("r").await;
    b.subscribe("r").await;
    // Otherwise this may be lost with NATS, and found only later.
    a.sees(&["b"], &[]).await;
    nats.kill();
    let publish = json!({"type": "publish", "channel": "r", "data": "lost"});
    while a.ask(publish.clone()).await == "ack" {}
    assert_eq!(a.publish("r", json!("refused")).await, "backend_error");
    assert_eq!(a.send("b", json!("refused")).await, "backend_error");
    assert_eq!(a.ask(json!({"type": "subscribe", "channel": "s"})).await, "backend_error");
    let (status, _) = http(&nodes[0], "GET", "/v1/channels/r/peers", "").await;
    assert_eq!(status, 503);

    nats.resume();
    // What is published before a node is back is not for its clients: so b's node first.
    b.insist(json!({"type": "publish", "channel": "r", "data": "back"})).await;
    a.insist(json!({"type": "publish", "channel": "r", "data": "after"})).await;
    loop {
        let data = b.next("message").await["data"].take();
        assert_ne!(data, "refused");
        if data == "after" {
            break;
        }
    }
    // Nobody left: both were there all the time.
    assert_eq!(a.subscribe("r").await, ["b"]);
}

#[tokio::test]
async fn the_peers_of_a_killed_node_leave_within_ten_seconds() {
    let nats = Nats::start();
    let [first, second, third] = three(&nats);
    let mut a = Client::join_as(&first, "a").await;
    let mut c = Client::join_as(&third, "c").await;
    a.subscribe("r").await;
    c.subscribe("r").await;
    a.sees(&["c"], &[]).await;
    drop(third);
    let took = a.sees(&[], &["c"]).await;
    assert!(took < Duration::from_secs(10), "{took:?}");
    let mut again = Client::join_as(&second, "c").await;
    assert_eq!(again.subscribe("r").await, ["a"]);
    a.sees(&["c"], &[]).await;
}

/// What the guide has NATS permit, with a password in the place of the dots.
fn users_of_the_guide(password: &str) -> String {
    let (_, rest) = GUIDE.split_once("authorization {").expect("the guide has users");
    let (users, _) = rest.split_once("\n}").expect("the list of users ends");
    format!("authorization {{{}\n}}", users.replace("...", password))
}

#[tokio::test]
async fn with_users_at_nats_nobody_else_gets_in() {
    let config = temporary("conf", &users_of_the_guide("secret"));
    let nats = Nats::start_with(&["-c", config.to_str().expect("UTF-8")]);
    let url = format!("nats://nodes:secret@127.0.0.1:{}", nats.port);
    let nodes = [Node::start(&url), Node::start(&url)];
    let mut a = Client::join_as(&nodes[0], "a").await;
    let mut b = Client::join_as(&nodes[1], "b").await;
    a.subscribe("r").await;
    assert_eq!(b.subscribe("r").await, ["a"]);

    let strangers = [nats.url(), format!("nats://nodes:wrong@127.0.0.1:{}", nats.port)];
    for stranger in strangers {
        let refused = async_nats::connect(&*stranger).await;
        assert!(refused.is_err(), "{stranger} may speak to the nodes");
        let outside = Node::start(&stranger);
        let mut c = Client::join_as(&outside, "c").await;
        assert_eq!(c.publish("r", json!("injected")).await, "backend_error");
    }
    assert_eq!(b.publish("r", json!("genuine")).await, "ack");
    assert_eq!(a.next("message").await["data"], "genuine");
}

#[tokio::test]
async fn nodes_speak_tls_with_nats_and_to_no_other() {
    let made = |name: &str| {
        let pair = rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
        let key = temporary("pem", &pair.signing_key.serialize_pem());
        (temporary("pem", &pair.cert.pem()), key)
    };
    let (certificate, key) = made("127.0.0.1");
    let (foreign, _) = made("127.0.0.1");
    let path = |path: &PathBuf| path.to_str().expect("UTF-8").to_owned();
    let (certificate, key) = (path(&certificate), path(&key));
    let nats = Nats::start_with(&["--tls", "--tlscert", &certificate, "--tlskey", &key]);
    let node = |authority: &str| {
        let server = format!("tls://127.0.0.1:{}", nats.port);
        Node::start_with(&format!(
            "[nats]\nservers = ['{server}']\ncertificateAuthority = '{authority}'\n"
        ))
    };
    let (trusting, other) = (node(&certificate), node(&path(&foreign)));
    let mut a = Client::join_as(&trusting, "a").await;
    assert_eq!(a.publish("r", json!(1)).await, "ack");
    let mut b = Client::join_as(&other, "b").await;
    assert_eq!(b.publish("r", json!(1)).await, "backend_error");
}
