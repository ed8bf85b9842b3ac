//! `GET /metrics`: the counters as Prometheus text. The names are documented in `docs/guide/self-hosting.md`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::prometheus_text::{CONTENT_TYPE as PROMETHEUS_TEXT, encode};
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelValue, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use super::reply::{Body, json, json_error};
use super::shared::Shared;
use crate::hub::Stats;

pub(super) fn respond(shared: &Shared) -> Response<Body> {
    match render(shared) {
        Ok(text) => {
            let mut response = json(StatusCode::OK, text);
            let content_type = HeaderValue::from_static(PROMETHEUS_TEXT);
            response.headers_mut().insert(CONTENT_TYPE, content_type);
            response
        }
        Err(fmt::Error) => {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            json_error(status, "internal_error", "the metrics cannot be written")
        }
    }
}

fn render(shared: &Shared) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("metered_realtime");
    let refusals = shared.counters.refusals.clone();
    registry.register("refusals", "Connections refused or dropped, by reason", refusals);
    let reloads = shared.counters.certificate_reloads.clone();
    registry.register("certificate_reloads", "Certificates read again, by result", reloads);
    registry.register_collector(Box::new(Snapshot::of(shared)));
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

/// What the hub counts, at one moment.
#[derive(Debug)]
struct Snapshot {
    stats: Arc<Stats>,
    connections: usize,
    channels: usize,
    other_nodes: usize,
    ready: bool,
}

impl Snapshot {
    fn of(shared: &Shared) -> Snapshot {
        let ready = shared.is_ready();
        shared.look(|hub| Snapshot {
            stats: Arc::new(hub.stats().clone()),
            connections: hub.connection_count(),
            channels: hub.channel_count(),
            other_nodes: hub.other_nodes(),
            ready,
        })
    }
}

impl Collector for Snapshot {
    fn encode(&self, mut to: DescriptorEncoder<'_>) -> fmt::Result {
        let stats = &self.stats;
        gauge(&mut to, "connections", "Connections now", self.connections)?;
        gauge(&mut to, "channels", "Channels with subscribers", self.channels)?;
        gauge(&mut to, "ready", "1 while new clients are welcome", usize::from(self.ready))?;
        gauge(&mut to, "other_nodes", "Other nodes that are alive", self.other_nodes)?;
        counter(&mut to, "connections_opened", "Admitted connections", stats.opened)?;
        counter(&mut to, "connections_closed", "Ended connections", stats.closed)?;
        let name = "frames_received";
        counters(&mut to, name, "Frames from clients", "type", &stats.frames_in)?;
        let help = "Frames to clients, one for each receiver";
        counters(&mut to, "frames_sent", help, "type", &stats.frames_out)?;
        let help = "Messages from other nodes";
        counters(&mut to, "bus_received", help, "kind", &stats.bus_in)?;
        let help = "Messages to other nodes, one for each subject";
        counters(&mut to, "bus_sent", help, "kind", &stats.bus_out)?;
        counters(&mut to, "closes", "Closes by the server", "code", &stats.closes)
    }
}

fn gauge(to: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: usize) -> fmt::Result {
    let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
    gauge.encode(to.encode_descriptor(name, help, None, gauge.metric_type())?)
}

fn counter(to: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    let counter = ConstCounter::new(value);
    counter.encode(to.encode_descriptor(name, help, None, counter.metric_type())?)
}

fn counters(
    to: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    label: &str,
    values: &BTreeMap<impl EncodeLabelValue + Copy, u64>,
) -> fmt::Result {
    let kind = ConstCounter::new(0_u64).metric_type();
    let mut family = to.encode_descriptor(name, help, None, kind)?;
    for (value, count) in values {
        let labels = [(label, *value)];
        let counter = ConstCounter::new(*count);
        counter.encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}
