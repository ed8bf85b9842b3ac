//! Figures of the machine alone: how a fleet of clients comes back, how often a server is dialled that drops every connection,
//! how soon a dead link is replaced.

use metered_realtime_proto::machine::{
    Close, Input, Instant, Machine, Options, RawOptions, RawReconnect, SocketId, State,
};
use metered_realtime_proto::wire::{Secret, ServerFrame};
use metered_realtime_proto_testing::{Driver, welcome};

use crate::dice::next;

/// After the server has disconnected all clients at once: the largest share of them that dials within 100 ms.
#[must_use]
pub fn fleet_peak(clients: u32, fleet_spread_ms: f64, seed: u64) -> f64 {
    let knobs = RawReconnect { fleet_spread_ms, ..RawReconnect::default() };
    let mut seeds = seed;
    let mut dials: Vec<u64> = (0..clients)
        .map(|_| {
            let mut client = Client::new(&knobs, next(&mut seeds));
            client.connect();
            client.now = client.now.after(60_000);
            client.input(|socket| Input::SocketClosed { socket, close: Close::new(1001, "") });
            client.next_dial().as_millis()
        })
        .collect();
    dials.sort_unstable();
    let within = |at: &u64| {
        dials.partition_point(|other| *other < at + 100) - dials.partition_point(|other| other < at)
    };
    let peak = dials.iter().map(within).max().unwrap_or_default();
    peak as f64 / f64::from(clients)
}

/// How often a server that drops every connection right after its welcome is dialled in the first minute.
#[must_use]
pub fn dials_a_minute(max_dials_per_minute: f64, seed: u64) -> u32 {
    let knobs = RawReconnect { max_dials_per_minute, ..RawReconnect::default() };
    let mut client = Client::new(&knobs, seed);
    let start = client.now;
    let mut dials = 0;
    client.connect();
    loop {
        client.input(|socket| Input::SocketClosed { socket, close: Close::new(1006, "") });
        client.now = client.next_dial();
        if client.now.since(start) >= 60_000 {
            return dials;
        }
        client.ring();
        client.welcome();
        dials += 1;
    }
}

/// Milliseconds from the last sign of life until a dead link is given up, and until the next dial.
#[must_use]
pub fn dead_link(inactivity_timeout_ms: f64, seed: u64) -> (u64, u64) {
    let raw = RawOptions { inactivity_timeout_ms, ..options(&RawReconnect::default()) };
    let mut client = Client::with(raw, seed);
    client.connect();
    let last_alive = client.now;
    while client.machine.state() == State::Connected {
        client.now = client.next_dial();
        client.ring();
    }
    let given_up = client.now;
    (given_up.since(last_alive), client.next_dial().since(last_alive))
}

struct Client {
    machine: Machine<String>,
    now: Instant,
    socket: SocketId,
}

impl Client {
    fn new(knobs: &RawReconnect, seed: u64) -> Client {
        Client::with(options(knobs), seed)
    }

    fn with(raw: RawOptions, seed: u64) -> Client {
        let now = Instant::from_millis(1_000_000);
        let options = Options::check(raw).expect("these options keep all rules");
        Client { machine: Machine::new(options, seed, now), now, socket: SocketId(0) }
    }

    fn connect(&mut self) {
        self.machine.connect(self.now).expect("the client is at rest");
        self.drain();
        self.welcome();
    }

    fn welcome(&mut self) {
        self.input(|socket| Input::SocketOpened { socket });
        let frame = ServerFrame::Welcome(welcome("me", 65_536.0, None));
        self.input(|socket| Input::Frame { socket, frame });
    }

    fn input(&mut self, input: impl FnOnce(SocketId) -> Input<String>) {
        let input = input(self.socket);
        self.machine.handle_input(input, self.now);
        self.drain();
    }

    fn ring(&mut self) {
        self.machine.handle_timeout(self.now);
        self.drain();
    }

    /// When the alarm is due. While the client waits to dial, that is the next dial.
    fn next_dial(&self) -> Instant {
        self.machine.poll_timeout().expect("the client has something to wait for")
    }
}

impl Driver for Client {
    fn machine(&mut self) -> &mut Machine<String> {
        &mut self.machine
    }

    fn open_socket(&mut self, socket: SocketId, _address: &Secret) {
        self.socket = socket;
    }
}

fn options(knobs: &RawReconnect) -> RawOptions {
    RawOptions {
        key: Some("pk_live_sim".into()),
        reconnect: Some(knobs.clone()),
        ..RawOptions::default()
    }
}

#[cfg(test)]
mod tests {
    use super::{dead_link, dials_a_minute, fleet_peak};

    #[test]
    fn half_of_a_fleet_comes_back_at_once_by_default_and_hardly_any_of_it_when_it_spreads() {
        let default = fleet_peak(2_000, 0.0, 1);
        assert!((0.45..0.6).contains(&default), "{default}");
        let spread = fleet_peak(2_000, 10_000.0, 1);
        assert!(spread < 0.03, "{spread}");
    }

    #[test]
    fn a_server_that_drops_what_it_welcomes_is_dialled_twenty_times_a_minute() {
        assert_eq!(dials_a_minute(20.0, 1), 20);
        assert!(dials_a_minute(f64::INFINITY, 1) > 100);
    }

    #[test]
    fn a_dead_link_is_given_up_after_the_timeout_and_replaced_half_a_second_later() {
        let (given_up, dialled) = dead_link(60_000.0, 1);
        assert_eq!(given_up, 60_000);
        assert!((400..=600).contains(&(dialled - given_up)));
    }
}
