//! An upgrade of a server in production: a new one takes over the port over TLS, and no client is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use metered_realtime::events::{Connected, Disconnected, GoingAway, Message};
use metered_realtime::{SignallingClient, State};
use metered_realtime_server::{Config, Mode, PublishableKey, Rights, Server, TlsFiles};

use crate::support::{options, until, within};

const CLIENTS: usize = 50;
const KEY: &str = "pk_live_q7Xk2mZ9vB4nR8tL";

/// A certificate for localhost in a folder of its own; the files, and the certificate in DER.
fn certificate() -> (TlsFiles, Vec<u8>) {
    let folder = std::env::temp_dir().join(format!("metered-upgrade-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files =
        TlsFiles { certificate: folder.join("cert.pem"), private_key: folder.join("key.pem") };
    std::fs::write(&files.certificate, made.cert.pem()).unwrap();
    std::fs::write(&files.private_key, made.signing_key.serialize_pem()).unwrap();
    (files, made.cert.der().to_vec())
}

fn config(files: &TlsFiles) -> Config {
    let mut config = Config {
        listen: ([127, 0, 0, 1], 0).into(),
        reuse_port: true,
        tls: Some(files.clone()),
        drain_window: Duration::from_millis(1000),
        shutdown_grace: Duration::from_millis(100),
        publishable_keys: vec![PublishableKey {
            key: KEY.to_owned(),
            rights: Rights::default(),
            allowed_origins: Vec::new(),
        }],
        ..Config::production()
    };
    config.limits.connect_rate = None;
    config
}

struct Member {
    client: SignallingClient,
    warned: Arc<AtomicUsize>,
    lost: Arc<AtomicUsize>,
    back: Arc<AtomicUsize>,
    received: Arc<AtomicUsize>,
}

impl Member {
    async fn join(url: &str, certificate: &[u8]) -> Member {
        let client =
            options(url).api_key(KEY).root_certificate(certificate.to_vec()).build().unwrap();
        let [warned, lost, back, received] = [(); 4].map(|()| Arc::new(AtomicUsize::new(0)));
        client.on(count::<GoingAway>(&warned));
        client.on(count::<Disconnected>(&lost));
        client.on(count::<Message>(&received));
        within(client.connect()).await.unwrap();
        client.on(count::<Connected>(&back));
        within(client.subscribe("all")).await.unwrap();
        Member { client, warned, lost, back, received }
    }
}

fn count<E>(counter: &Arc<AtomicUsize>) -> impl Fn(&E) + Send + Sync + 'static {
    let counter = Arc::clone(counter);
    move |_: &E| {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_clients_move_to_a_new_server_and_each_is_disconnected_once() {
    let (files, certificate) = certificate();
    let config = config(&files);
    assert_eq!(config.mode, Mode::Production);
    let old = Server::start(config.clone()).await.unwrap();
    let url = format!("wss://localhost:{}", old.addr().port());
    let mut members = Vec::new();
    for _ in 0..CLIENTS {
        members.push(Member::join(&url, &certificate).await);
    }

    let new = Server::start(Config { listen: old.addr(), ..config }).await.unwrap();
    old.shutdown().await;
    let at = |counter: &Arc<AtomicUsize>| counter.load(Ordering::Relaxed);
    until(|| members.iter().all(|m| m.client.state() == State::Connected && at(&m.back) == 1))
        .await;
    assert_eq!(new.connection_count(), CLIENTS);
    for member in &members {
        assert_eq!(
            (at(&member.warned), at(&member.lost)),
            (1, 1),
            "warned, and disconnected, once"
        );
    }

    let speaker = &members[0];
    within(async {
        while members[1..].iter().any(|member| at(&member.received) == 0) {
            speaker.client.publish("all", "hello").await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    for member in &members {
        within(member.client.close()).await;
    }
    std::fs::remove_dir_all(files.certificate.parent().unwrap()).unwrap();
}
