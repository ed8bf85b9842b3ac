//! The native client at the end of a pipe that carries one JSON object a line; see `tests/clients/kit/agent.mjs`.

mod events;

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use metered_realtime::errors::{ConnectError, RequestError};
use metered_realtime::{ReconnectOptions, SignallingClient, SubscribeOptions};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio::sync::oneshot;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let agent = Arc::new(Agent::default());
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(text) = lines.next_line().await? {
        let line: Value = serde_json::from_str(&text)?;
        if let Some(token) = line["answer"].as_str() {
            agent.answer(text_of(&line["client"]), token);
            continue;
        }
        let agent = Arc::clone(&agent);
        tokio::spawn(async move {
            let id = &line["id"];
            match agent.call(&line).await {
                Ok(value) => say(&json!({ "id": id, "value": value })),
                Err(error) => say(&json!({ "id": id, "error": error })),
            }
        });
    }
    Ok(())
}

/// Writes one line. When that fails, nobody reads any more.
pub(crate) fn say(line: &Value) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{line}");
    let _ = stdout.flush();
}

#[derive(Default)]
struct Agent {
    clients: Mutex<HashMap<String, SignallingClient>>,
    /// What a client's token provider waits for.
    questions: Mutex<HashMap<String, oneshot::Sender<String>>>,
}

impl Agent {
    async fn call(self: &Arc<Self>, line: &Value) -> Result<Value, Value> {
        let name = text_of(&line["client"]);
        let first = &line["arguments"][0];
        let second = &line["arguments"][1];
        let call = text_of(&line["call"]);
        if call == "make" {
            return self.make(name, first).map(|()| Value::Null);
        }
        let client = self.client(name).ok_or("there is no such client")?;
        let request = match call {
            "state" => return Ok(json!(format!("{:?}", client.state()).to_lowercase())),
            "connect" => {
                return client.connect().await.map(|()| Value::Null).map_err(of_connect);
            }
            "close" => {
                client.close().await;
                return Ok(Value::Null);
            }
            "subscribe" => {
                let include_sender_metadata = second["includeSenderMetadata"] == true;
                let options = SubscribeOptions { include_sender_metadata };
                client.subscribe_with(text_of(first), options)
            }
            "unsubscribe" => client.unsubscribe(text_of(first)),
            "publish" => client.publish(text_of(first), second),
            "send" => client.send(text_of(first), second),
            other => return Err(json!({ "message": format!("there is no call {other}") })),
        };
        request.await.map(|()| Value::Null).map_err(of_request)
    }

    fn client(&self, name: &str) -> Option<SignallingClient> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    fn make(self: &Arc<Self>, name: &str, options: &Value) -> Result<(), Value> {
        let timeout = options["inactivityTimeoutMs"].as_u64().unwrap_or(60_000);
        let mut builder = SignallingClient::builder()
            .url(text_of(&options["url"]))
            .inactivity_timeout(Duration::from_millis(timeout))
            .reconnect(ReconnectOptions {
                initial_delay: Duration::from_millis(50),
                jitter_ratio: 0.0,
                ..ReconnectOptions::default()
            });
        if let Some(key) = options["apiKey"].as_str() {
            builder = builder.api_key(key);
        }
        if options["asksForTokens"] == true {
            let (agent, name) = (Arc::clone(self), name.to_owned());
            builder = builder.token_provider(move || {
                let answer = agent.ask(&name);
                async move { answer.await.map_err(|_| "nobody answered") }
            });
        }
        let client = builder.build().map_err(|error| json!({ "message": error.to_string() }))?;
        events::tell(&client, name);
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.insert(name.to_owned(), client);
        Ok(())
    }

    fn ask(&self, name: &str) -> oneshot::Receiver<String> {
        let (sender, receiver) = oneshot::channel();
        let mut questions = self.questions.lock().unwrap_or_else(PoisonError::into_inner);
        questions.insert(name.to_owned(), sender);
        say(&json!({ "client": name, "asks": "token" }));
        receiver
    }

    fn answer(&self, name: &str, token: &str) {
        let mut questions = self.questions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(question) = questions.remove(name) {
            let _ = question.send(token.to_owned());
        }
    }
}

fn of_connect(error: ConnectError) -> Value {
    match error.http_status() {
        Some(status) => json!({ "message": error.to_string(), "httpStatus": status }),
        None => json!({ "message": error.to_string(), "closeCode": error.close_code() }),
    }
}

fn of_request(error: RequestError) -> Value {
    let name = match &error {
        RequestError::NotConnected => "NotConnectedError",
        RequestError::ServerRequest { .. } => "ServerRequestError",
        RequestError::AckTimeout { .. } => "AckTimeoutError",
        RequestError::Disconnected { .. } => "DisconnectedError",
        RequestError::OversizedPayload { .. } => "OversizedPayloadError",
        RequestError::InvalidArgument { .. } => "TypeError",
        _ => "Error",
    };
    json!({ "name": name, "code": error.code(), "message": error.to_string() })
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
