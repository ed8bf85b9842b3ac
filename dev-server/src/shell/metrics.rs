//! `GET /metrics`: the counters as Prometheus text.

use std::collections::BTreeMap;
use std::fmt::{Display, Write};

use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};

use super::reply::{Body, json};
use super::shared::Shared;
use crate::hub::Hub;

pub(super) fn respond(shared: &Shared) -> Response<Body> {
    let mut response = json(StatusCode::OK, shared.look(render));
    let content_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

fn render(hub: &Hub) -> String {
    let stats = hub.stats();
    let mut text = String::new();
    one(&mut text, "connections", "gauge", "Connections now.", hub.connection_count());
    one(&mut text, "channels", "gauge", "Channels with subscribers.", hub.channel_count());
    one(&mut text, "connections_opened_total", "counter", "Admitted connections.", stats.opened);
    one(&mut text, "connections_closed_total", "counter", "Ended connections.", stats.closed);
    let frames_in = "Frames from clients.";
    many(&mut text, "frames_received_total", frames_in, "type", &stats.frames_in);
    let frames_out = "Frames to clients, one for each receiver.";
    many(&mut text, "frames_sent_total", frames_out, "type", &stats.frames_out);
    many(&mut text, "closes_total", "Closes by the server.", "code", &stats.closes);
    text
}

fn one(text: &mut String, name: &str, kind: &str, help: &str, value: impl Display) {
    head(text, name, kind, help);
    let _ = writeln!(text, "{PREFIX}{name} {value}"); // Writing to a String cannot fail.
}

fn many(
    text: &mut String,
    name: &str,
    help: &str,
    label: &str,
    values: &BTreeMap<impl Display, u64>,
) {
    head(text, name, "counter", help);
    for (value, count) in values {
        let _ = writeln!(text, "{PREFIX}{name}{{{label}=\"{value}\"}} {count}");
    }
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# HELP {PREFIX}{name} {help}\n# TYPE {PREFIX}{name} {kind}");
}

const PREFIX: &str = "metered_realtime_";
