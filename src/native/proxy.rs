//! Proxies that the environment names: `HTTPS_PROXY` or `ALL_PROXY`, and `NO_PROXY` for hosts that are dialled directly.
//!
//! Only `wss` goes through a proxy, because `ws` is for servers on the same computer.

use std::error::Error;
use std::future::poll_fn;

use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::http::Uri;
use tower_service::Service;

/// Connects through the proxy that the environment names for this address; `None` if it names none.
///
/// # Errors
/// A description of what went wrong.
pub(super) async fn tunnel(address: &Uri) -> Option<Result<TcpStream, String>> {
    let destination = destination(address)?;
    let proxy = Matcher::from_env().intercept(&destination)?;
    Some(connect(&proxy, destination).await)
}

/// The destination in the form that the proxy library expects. `None` for `ws`.
fn destination(address: &Uri) -> Option<Uri> {
    if address.scheme_str() != Some("wss") {
        return None;
    }
    let authority = address.authority()?.clone();
    Uri::builder().scheme("https").authority(authority).path_and_query("/").build().ok()
}

/// Connects with the HTTP method CONNECT.
async fn connect(proxy: &Intercept, destination: Uri) -> Result<TcpStream, String> {
    let mut tunnel = Tunnel::new(proxy.uri().clone(), HttpConnector::new());
    if let Some(auth) = proxy.basic_auth() {
        tunnel = tunnel.with_auth(auth.clone());
    }
    let ready = poll_fn(|cx| tunnel.poll_ready(cx)).await;
    ready.map_err(|error| in_words(&error))?;
    let stream = tunnel.call(destination).await.map_err(|error| in_words(&error))?;
    Ok(stream.into_inner())
}

/// The text of an error and of its causes.
fn in_words(error: &dyn Error) -> String {
    let mut text = format!("proxy: {error}");
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    text
}
