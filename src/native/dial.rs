//! Opens a WebSocket: proxy or name look-up, TCP, TLS, upgrade.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::sleep;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::tls::Tls;
use metered_realtime_proto::machine::Close;
use metered_realtime_proto::wire::{INBOUND_CAP, Secret};

/// TCP or TLS.
pub(super) trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

pub(super) type WebSocket = WebSocketStream<Box<dyn Connection>>;

/// Opens a WebSocket. Dropping the future ends the attempt at once.
///
/// # Errors
/// 1006, with the HTTP status if the server refused the upgrade, or with the cause if there was no answer.
pub(super) async fn dial(address: Secret, tls: Tls) -> Result<WebSocket, Close> {
    let request = address.expose().into_client_request().map_err(refused)?;
    let secure = request.uri().scheme_str() == Some("wss");
    let host = request.uri().host().unwrap_or_default();
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let port = request.uri().port_u16().unwrap_or(if secure { 443 } else { 80 });
    let stream = match tunnel(request.uri()).await {
        Some(tunnel) => tunnel.map_err(|cause| Close::failed("", &cause))?,
        None => connect(host, port).await.map_err(failed)?,
    };
    stream.set_nodelay(true).map_err(failed)?;
    let connection: Box<dyn Connection> = if secure {
        let name = ServerName::try_from(host.to_owned());
        let name = name.map_err(|error| Close::failed("", &error.to_string()))?;
        let connector = TlsConnector::from(config(tls).await?);
        Box::new(connector.connect(name, stream).await.map_err(failed)?)
    } else {
        Box::new(stream)
    };
    let upgraded = client_async_with_config(request, connection, Some(limits())).await;
    upgraded.map(|(websocket, _)| websocket).map_err(refused)
}

/// A connection through a proxy, if the environment names one for this address.
#[cfg(feature = "proxy")]
async fn tunnel(address: &Uri) -> Option<Result<TcpStream, String>> {
    super::proxy::tunnel(address).await
}

/// Without the feature there is no proxy.
#[cfg(not(feature = "proxy"))]
async fn tunnel(_address: &Uri) -> Option<Result<TcpStream, String>> {
    None
}

async fn config(tls: Tls) -> Result<Arc<rustls::ClientConfig>, Close> {
    let made = tokio::task::spawn_blocking(move || tls.config()).await;
    let made = made.unwrap_or_else(|error| Err(error.to_string()));
    made.map_err(|cause| Close::failed("", &cause))
}

fn limits() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .max_message_size(Some(INBOUND_CAP))
        .max_frame_size(Some(INBOUND_CAP))
}

/// Connects to the address of the host that answers first. The next address is tried when the last one has not answered for a
/// while (RFC 8305 in short).
async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut waiting = interleave(lookup_host((host, port)).await?);
    let mut running = FuturesUnordered::new();
    let mut error = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    loop {
        match waiting.pop_front() {
            Some(address) => running.push(TcpStream::connect(address)),
            None if running.is_empty() => return Err(error),
            None => {}
        }
        let next = async {
            if waiting.is_empty() { std::future::pending().await } else { sleep(HEAD_START).await }
        };
        tokio::select! {
            Some(result) = running.next() => match result {
                Ok(stream) => return Ok(stream),
                Err(failed) => error = failed,
            },
            () = next => {}
        }
    }
}

/// Alternates between IPv4 and IPv6 addresses, otherwise in the order of the resolver.
fn interleave(addresses: impl Iterator<Item = SocketAddr>) -> VecDeque<SocketAddr> {
    let all: Vec<_> = addresses.collect();
    let first_is_v6 = all.first().is_some_and(SocketAddr::is_ipv6);
    let (mut first, mut second): (VecDeque<_>, VecDeque<_>) =
        all.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let mut order = VecDeque::new();
    while !first.is_empty() || !second.is_empty() {
        order.extend(first.pop_front());
        order.extend(second.pop_front());
    }
    order
}

fn failed(error: io::Error) -> Close {
    Close::failed("", &error.to_string())
}

fn refused(error: Error) -> Close {
    if let Error::Http(response) = &error {
        let http_status = Some(response.status().as_u16());
        let retry_after =
            response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let retry_after_ms = retry_after.and_then(|text| milliseconds(text, SystemTime::now()));
        return Close { http_status, retry_after_ms, ..Close::new(1006, "") };
    }
    Close::failed("", &error.to_string())
}

/// The header `Retry-After`, which is a number of seconds or a date.
fn milliseconds(retry_after: &str, now: SystemTime) -> Option<f64> {
    let text = retry_after.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse::<f64>().ok().map(|seconds| seconds * 1_000.0);
    }
    let wait = httpdate::parse_http_date(text).ok()?.duration_since(now).ok()?;
    Some(wait.as_secs_f64() * 1_000.0)
}

/// How long to wait for an address before the next one is tried as well.
const HEAD_START: Duration = Duration::from_millis(250);

/// Bytes that are read at once. It is small enough for thousands of clients in one process.
const READ_BUFFER: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::{Duration, UNIX_EPOCH};

    use super::{interleave, milliseconds};

    #[test]
    fn d21_retry_after_is_a_number_of_seconds_or_a_date() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777);
        let wait = |text| milliseconds(text, now);
        assert_eq!(wait("60"), Some(60_000.0));
        assert_eq!(wait(" 0 "), Some(0.0));
        assert_eq!(wait("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60_000.0));
        assert_eq!(wait("Sun, 06 Nov 1994 08:48:37 GMT"), None, "it is over");
        for text in ["", "-1", "1.5", "+5", "soon", "60s", "1e9"] {
            assert_eq!(wait(text), None, "{text}");
        }
    }

    #[test]
    fn families_are_tried_by_turns_in_the_order_of_the_resolver() {
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        let (six, four) = (["[::1]:1", "[::2]:1", "[::3]:1"], ["1.1.1.1:1"]);
        let order = interleave(six.into_iter().chain(four).map(address));
        let expected = ["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"].map(address);
        assert_eq!(Vec::from(order), expected);
    }
}
