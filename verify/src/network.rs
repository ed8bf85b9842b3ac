//! The network between a client and the server: delays, loss, half-open links, and closes that are never reported.

use metered_realtime_proto::machine::{Close, SocketId};

use crate::link::{Dialled, Link};
use crate::schedule::{Scheduled, SocketEvent, Upstream};
use crate::trace::trace;
use crate::world::World;

impl World {
    /// A client dials.
    pub(crate) fn dial(&mut self, client: usize, socket: SocketId) -> Dialled {
        if self.dice.chance(self.faults.throws) {
            return Dialled::Throws;
        }
        if self.dice.chance(self.faults.unavailable) {
            return Dialled::Unavailable;
        }
        let link = self.links.len();
        self.links.push(Link::new(client, socket, self.now));
        if self.dice.chance(self.faults.dial_hangs) {
            trace!(self, client, "network: the dial hangs");
            self.links[link].up_lost = true;
            self.links[link].mute = true;
        } else if self.dice.chance(self.faults.refuses) {
            self.links[link].up_lost = true;
            let close = self.draw_refusal();
            self.send_down(link, SocketEvent::Closed(close));
        } else {
            self.send_up(link, Upstream::Opened);
            self.links[link].down_free = self.links[link].up_free;
            self.send_down(link, SocketEvent::Opened);
        }
        Dialled::Underway(link)
    }

    /// How a server refuses a connection, as far as the platform tells.
    fn draw_refusal(&mut self) -> Close {
        let http_status = self.dice.pick(&[None, Some(429), Some(503), Some(403)]);
        let retry_after_ms = http_status.and_then(|_| self.dice.pick(&RETRY_AFTER_MS));
        Close { http_status, retry_after_ms, ..Close::new(1006, "refused") }
    }

    /// Sends something to the server.
    pub(crate) fn send_up(&mut self, link: usize, up: Upstream) {
        let at = self.links[link].up_free.max(self.now + self.delay());
        self.links[link].up_free = at;
        self.schedule.add(at, Scheduled::Arrives { link, up });
    }

    /// Sends something to the client.
    pub(crate) fn send_down(&mut self, link: usize, event: SocketEvent) {
        let at = self.links[link].down_free.max(self.now + self.delay());
        self.links[link].down_free = at;
        self.schedule.add(at, Scheduled::Delivers { link, event });
    }

    fn delay(&mut self) -> u64 {
        let jitter = if self.faults.jitter > 0 { self.dice.below(self.faults.jitter) } else { 0 };
        self.faults.latency + jitter
    }

    /// The server closes a connection. What it has sent before arrives first.
    pub(crate) fn server_closes(&mut self, link: usize, code: u16) {
        if self.server.is_connected(link) {
            trace!(self, self.links[link].client, "server: closes with {code}");
            self.leave(link);
            self.send_down(link, SocketEvent::Closed(Close::new(code, "says the server")));
        }
    }

    /// The connection breaks, and messages on their way are lost. The client learns of it, unless the link is half-open.
    pub(crate) fn cut(&mut self, link: usize, half_open: bool) {
        let how = if half_open { "half-open" } else { "cut" };
        trace!(self, self.links[link].client, "network: {how}");
        self.links[link].up_lost = true;
        self.links[link].down_lost = true;
        self.links[link].mute = half_open;
        if !half_open {
            self.leave(link);
            self.send_down(link, SocketEvent::Closed(Close::new(1006, "")));
        }
    }

    /// A link stalls for a while.
    pub(crate) fn stall(&mut self, link: usize, ms: u64) {
        trace!(self, self.links[link].client, "network: stalls for {ms} ms");
        let until = self.now + ms;
        let link = &mut self.links[link];
        link.up_free = link.up_free.max(until);
        link.down_free = link.down_free.max(until);
    }
}

const RETRY_AFTER_MS: [Option<f64>; 7] =
    [None, None, Some(0.0), Some(1_500.5), Some(60_000.0), Some(86_400_000.0), Some(f64::INFINITY)];
