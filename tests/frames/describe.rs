//! A decoded text as JSON, in the form of the corpus. Depends on `wire` alone, so that each platform can use it. The module
//! that includes this file must have `wire` in scope.

use super::wire::{
    ApplicationFrame, IceServer, Malformed, PresencePeer, ServerFrame, Urls, Welcome,
    push_json_string,
};

/// The JSON of the frame, or of the reason why the text is not one. `data_text` gives the JSON text of application data.
pub(crate) fn describe<P>(
    decoded: &Result<ServerFrame<P>, Malformed>,
    data_text: impl Fn(&P) -> String,
) -> String {
    let data = |data: &P| string(&data_text(data));
    let maybe =
        |data: &Option<P>| data.as_ref().map_or("null".into(), |data| string(&data_text(data)));
    let peers = |peers: &[PresencePeer<P>]| {
        let peer = |peer: &PresencePeer<P>| {
            object(&[("peerId", string(&peer.peer_id)), ("metadata", maybe(&peer.metadata))])
        };
        array(peers.iter().map(peer))
    };
    match decoded {
        Err(why) => object(&[("is", string("malformed")), ("why", string(why.reason()))]),
        Ok(ServerFrame::Pong) => object(&[("is", string("pong"))]),
        Ok(ServerFrame::Welcome(welcome)) => describe_welcome(welcome),
        Ok(ServerFrame::Ack { request_id }) => {
            object(&[("is", string("ack")), ("requestId", string(request_id))])
        }
        Ok(ServerFrame::Error { code, request_id, message }) => object(&[
            ("is", string("error")),
            ("code", string(code)),
            ("requestId", optional(request_id.as_deref())),
            ("message", optional(message.as_deref())),
        ]),
        Ok(ServerFrame::Application(ApplicationFrame::Message {
            channel,
            from,
            data: payload,
            from_metadata,
        })) => object(&[
            ("is", string("message")),
            ("channel", string(channel)),
            ("from", string(from)),
            ("data", data(payload)),
            ("fromMetadata", maybe(from_metadata)),
        ]),
        Ok(ServerFrame::Application(ApplicationFrame::Direct {
            from,
            data: payload,
            from_metadata,
        })) => object(&[
            ("is", string("direct")),
            ("from", string(from)),
            ("data", data(payload)),
            ("fromMetadata", maybe(from_metadata)),
        ]),
        Ok(ServerFrame::Application(ApplicationFrame::Presence { channel, joined, left })) => {
            object(&[
                ("is", string("presence")),
                ("channel", string(channel)),
                ("joined", peers(joined)),
                ("left", peers(left)),
            ])
        }
        Ok(ServerFrame::GoingAway { retry_after_ms }) => {
            object(&[("is", string("going_away")), ("retryAfterMs", retry_after_ms.to_string())])
        }
    }
}

fn describe_welcome(welcome: &Welcome) -> String {
    let servers = welcome.ice_servers.as_ref();
    object(&[
        ("is", string("welcome")),
        ("peerId", string(&welcome.peer_id)),
        ("expiresAt", welcome.expires_at.map_or("null".into(), |at| at.to_string())),
        ("serverTime", welcome.server_time.to_string()),
        ("maxMessageSize", welcome.max_message_size.to_string()),
        ("iceServers", servers.map_or("null".into(), |all| array(all.iter().map(ice_server)))),
    ])
}

fn ice_server(server: &IceServer) -> String {
    let urls = match &server.urls {
        Urls::One(url) => string(url),
        Urls::Many(urls) => array(urls.iter().map(|url| string(url))),
    };
    object(&[
        ("urls", urls),
        ("username", optional(server.username.as_deref())),
        ("credential", optional(server.credential.as_deref())),
    ])
}

fn object(fields: &[(&str, String)]) -> String {
    let field = |(name, value): &(&str, String)| format!("{}:{value}", string(name));
    format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(","))
}

fn array(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn optional(text: Option<&str>) -> String {
    text.map_or("null".into(), string)
}

fn string(text: &str) -> String {
    let mut json = String::new();
    push_json_string(&mut json, text);
    json
}
