//! A chat in the terminal: one line in, one line out.
//!
//! ```text
//! cargo run -p metered-realtime-server -- --listen 127.0.0.1:8080   # in one terminal
//! cargo run --example chat -- --name ada                            # in another one
//! cargo run --example chat -- --name bob --channel rooms/lobby      # and in one more
//! ```
//!
//! `/to PEER TEXT` sends to one peer, `/quit` leaves. With `--url` and `--key` it talks to another server.

use std::error::Error;

use futures::StreamExt;
use metered_realtime::SignallingClient;
use metered_realtime::events::{Connected, Direct, Disconnected, Message, Presence};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};

/// The data of a message in the channel.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    name: String,
    text: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { url, key, channel, name } = Arguments::read()?;
    let client = SignallingClient::builder().api_key(key).url(url).build()?;
    tell_of_the_connection(&client);
    // Before the connect, so that nothing is missed.
    let mut messages = client.events::<Message>();
    let mut directs = client.events::<Direct>();
    let mut presence = client.events::<Presence>();

    client.connect().await?;
    client.subscribe(&channel).await?;
    println!("You are in {channel}. Write something, or /to PEER TEXT, or /quit.");

    let mut lines = BufReader::new(stdin()).lines();
    loop {
        tokio::select! {
            line = lines.next_line() => match line? {
                Some(text) if text.trim() != "/quit" => say(&client, &channel, &name, &text).await,
                _ => break,
            },
            Some(message) = messages.next() => show(&message.sender_peer_id, message.data(), ""),
            Some(direct) = directs.next() => show(&direct.sender_peer_id, direct.data(), " (to you)"),
            Some(event) = presence.next() => {
                event.joined.iter().for_each(|peer| println!("+ {}", peer.peer_id));
                event.left.iter().for_each(|peer| println!("- {}", peer.peer_id));
            }
        }
    }
    client.close().await;
    Ok(())
}

/// Handlers suit events that are only shown. Streams suit events that the program works on.
fn tell_of_the_connection(client: &SignallingClient) {
    client.on(|event: &Connected| {
        let again = if event.is_reconnect { " again" } else { "" };
        println!("* connected{again} as {}", event.peer_id);
    });
    client.on(|event: &Disconnected| {
        let next = if event.will_reconnect { "trying again" } else { "for good" };
        println!("* disconnected with code {}, {next}", event.code);
    });
}

async fn say(client: &SignallingClient, channel: &str, name: &str, text: &str) {
    let line = |text: &str| Line { name: name.to_owned(), text: text.to_owned() };
    let request = match text.strip_prefix("/to ").and_then(|rest| rest.split_once(' ')) {
        Some((peer, text)) => client.send(peer, line(text)),
        None if text.trim().is_empty() => return,
        None => client.publish(channel, line(text)),
    };
    if let Err(error) = request.await {
        println!("! {error}");
    }
}

/// The data is whatever a peer chose to send.
fn show(peer: &str, line: Result<Line, metered_realtime::errors::DataError>, note: &str) {
    match line {
        Ok(line) => println!("{}{note}: {}", line.name, line.text),
        Err(_) => println!("({peer} sent something else)"),
    }
}

struct Arguments {
    url: String,
    key: String,
    channel: String,
    name: String,
}

impl Arguments {
    fn read() -> Result<Arguments, String> {
        let mut all = Arguments {
            url: "ws://127.0.0.1:8080".into(),
            key: "pk_live_local".into(),
            channel: "rooms/lobby".into(),
            name: "somebody".into(),
        };
        if std::env::args().any(|word| word == "--help") {
            println!("{HELP}");
            std::process::exit(0);
        }
        let mut words = std::env::args().skip(1);
        while let Some(name) = words.next() {
            let value = words.next().ok_or(format!("{name} needs a value"))?;
            match name.as_str() {
                "--url" => all.url = value,
                "--key" => all.key = value,
                "--channel" => all.channel = value,
                "--name" => all.name = value,
                _ => return Err(format!("unknown option {name}; see --help")),
            }
        }
        Ok(all)
    }
}

const HELP: &str = "\
A chat in the terminal.

  --url URL          the server [ws://127.0.0.1:8080]
  --key KEY          a publishable key [pk_live_local]
  --channel CHANNEL  where to talk [rooms/lobby]
  --name NAME        your name [somebody]";
