//! A chat on a page, in the shape of a component of a Rust frontend such as Yew or Leptos: it shows lines through a callback, and
//! dropping it ends everything.
//!
//! ```text
//! cargo run -p metered-realtime-server -- --listen 127.0.0.1:8080
//! cargo build --example page --target wasm32-unknown-unknown --no-default-features --features web
//! wasm-bindgen --target web --out-dir target/page target/wasm32-unknown-unknown/debug/examples/page.wasm
//! echo '<script type="module">import start from "./page.js"; start()</script>' > target/page/index.html
//! python3 -m http.server --directory target/page 8000     # and open http://127.0.0.1:8000 twice
//! ```

#[cfg(target_arch = "wasm32")]
mod page {
    use std::rc::Rc;

    use futures::StreamExt;
    use metered_realtime::SignallingClient;
    use metered_realtime::errors::ConfigError;
    use metered_realtime::events::{Message, Presence, StateChange};
    use serde::{Deserialize, Serialize};
    use wasm_bindgen_futures::spawn_local;

    /// The data of a message in the channel.
    #[derive(Serialize, Deserialize)]
    struct Line {
        text: String,
    }

    /// The component. Dropping it drops the last handle of the client, which closes the connection.
    pub(crate) struct Chat {
        client: SignallingClient,
        channel: &'static str,
    }

    impl Chat {
        /// `show` comes from the framework: the setter of a signal, or a message to the component.
        pub(crate) fn new(
            url: &str,
            channel: &'static str,
            show: impl Fn(String) + 'static,
        ) -> Result<Chat, ConfigError> {
            let client = SignallingClient::builder().api_key("pk_live_local").url(url).build()?;
            let show = Rc::new(show);

            // Handlers suit events that are only shown.
            let shown = show.clone();
            client.on(move |event: &StateChange| shown(format!("* {}", event.to.name())));
            let (weak, shown) = (client.downgrade(), show.clone());
            client.on(move |event: &Presence| {
                shown(format!("* {} came, {} left", event.joined.len(), event.left.len()));
                // Any call may be made in a handler. A weak handle does not keep the client alive.
                if let (Some(client), Some(peer)) = (weak.upgrade(), event.joined.first()) {
                    client.send(&peer.peer_id, Line { text: "welcome".into() }).detach();
                }
            });

            // A stream suits events that the program works on. It ends with the client.
            let (mut messages, shown) = (client.events::<Message>(), show.clone());
            spawn_local(async move {
                while let Some(message) = messages.next().await {
                    match message.data::<Line>() {
                        Ok(line) => shown(format!("{}: {}", message.sender_peer_id, line.text)),
                        Err(error) => shown(format!("{}: {error}", message.sender_peer_id)),
                    }
                }
            });

            let (connect, weak) = (client.connect(), client.downgrade());
            spawn_local(async move {
                if let Err(error) = connect.await {
                    return show(format!("* {error}"));
                }
                let Some(subscribe) = weak.upgrade().map(|client| client.subscribe(channel)) else {
                    return;
                };
                if let Err(error) = subscribe.await {
                    show(format!("* {error}"));
                }
            });
            Ok(Chat { client, channel })
        }

        /// For `onclick` and the like: calls need no `await` to take effect.
        pub(crate) fn say(&self, text: &str) {
            self.client.publish(self.channel, Line { text: text.into() }).detach();
        }
    }
}

#[cfg(target_arch = "wasm32")]
fn main() {
    use wasm_bindgen::JsCast;
    use wasm_bindgen::closure::Closure;

    let document = web_sys::window().and_then(|window| window.document()).expect("this is a page");
    let body = document.body().expect("the page has a body");
    let log = body.clone();
    let show = move |line: String| {
        let paragraph = document.create_element("p").expect("`p` is a name");
        paragraph.set_text_content(Some(&line));
        log.append_child(&paragraph).expect("a new element has no children");
    };
    let chat = page::Chat::new("ws://127.0.0.1:8080", "rooms/lobby", show).expect("good options");
    let greet = Closure::<dyn Fn()>::new(move || chat.say("hello"));
    body.set_onclick(Some(greet.as_ref().unchecked_ref()));
    // It lives as long as the page; a component would hold the chat instead.
    greet.forget();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("This is a program for a page; its first lines say how to build it.");
}
