//! The machine alone, without sockets, JSON or a clock: each measurement at a size and at ten times that size, as the
//! work must grow with the number and not with its square.

#![allow(missing_docs, clippy::wildcard_enum_match_arm)]

use criterion::{
    BatchSize, BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use metered_realtime_proto::machine::{
    ACK_TIMEOUT_MS, CallId, Close, Input, Instant, Machine, Options, Output, RawOptions,
    RawReconnect, SocketId, State,
};
use metered_realtime_proto::wire::{ApplicationFrame, ServerFrame, Welcome};
use std::hint::black_box;
use std::time::Duration;

criterion_group! {
    name = machine;
    config = Criterion::default()
        .without_plots()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3));
    targets = inbound, in_flight, resubscribed, storm
}
criterion_main!(machine);

/// Messages that arrive and become events.
fn inbound(criterion: &mut Criterion) {
    at_both_sizes(
        criterion,
        "inbound messages",
        10_000,
        |count| {
            let driver = Driver::connected(0);
            let messages: Vec<_> = (0..count).map(|n| message(&format!("{{\"n\":{n}}}"))).collect();
            (driver, messages)
        },
        |(driver, messages)| {
            for frame in messages.drain(..) {
                driver.frame(frame);
            }
            assert!(driver.events >= 1);
        },
    );
}

/// Requests that are all sent before the first of them is answered.
fn in_flight(criterion: &mut Criterion) {
    at_both_sizes(
        criterion,
        "requests in flight",
        1_000,
        |count| {
            let frame = r#"{"type":"publish","channel":"bench","data":{"n":1},"requestId":"1"}"#;
            (Driver::connected(0), vec![frame.to_owned(); count])
        },
        |(driver, frames)| {
            let calls: Vec<CallId> = frames.drain(..).map(|frame| driver.publish(frame)).collect();
            assert_eq!(driver.machine.requests_in_flight(), calls.len());
            for call in &calls {
                driver.ack(*call);
            }
            assert_eq!((driver.machine.requests_in_flight(), driver.settled), (0, calls.len()));
        },
    );
}

/// One connection that is lost and comes back with all its subscriptions.
fn resubscribed(criterion: &mut Criterion) {
    at_both_sizes(criterion, "subscriptions back", 1_000, Driver::connected, |driver| {
        driver.lose();
        driver.come_back();
        driver.ack_subscriptions();
        assert_eq!(driver.machine.requests_in_flight(), 0);
    });
}

/// Many clients that lose their connections at once and come back, with ten subscriptions each.
fn storm(criterion: &mut Criterion) {
    at_both_sizes(
        criterion,
        "clients in a storm",
        100,
        |count| (0..count).map(|_| Driver::connected(10)).collect::<Vec<_>>(),
        |clients| {
            clients.iter_mut().for_each(Driver::lose);
            clients.iter_mut().for_each(Driver::come_back);
            clients.iter_mut().for_each(Driver::ack_subscriptions);
        },
    );
}

/// The same work at a size and at ten times that size. The time for setting it up is not measured.
fn at_both_sizes<T>(
    criterion: &mut Criterion,
    name: &str,
    size: usize,
    prepare: impl Fn(usize) -> T,
    work: impl Fn(&mut T),
) {
    let mut group = criterion.benchmark_group(name);
    group.sampling_mode(SamplingMode::Flat);
    for count in [size, 10 * size] {
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            bencher.iter_batched_ref(|| prepare(count), &work, BatchSize::PerIteration);
        });
    }
    group.finish();
}

/// Takes all outputs, as the real drivers do, and drops them.
struct Driver {
    machine: Machine<String>,
    now: Instant,
    socket: Option<SocketId>,
    /// Subscribes that wait for their ack.
    unanswered: Vec<CallId>,
    events: usize,
    settled: usize,
}

impl Driver {
    /// A connected client with this many subscriptions.
    fn connected(subscriptions: usize) -> Driver {
        let reconnect = RawReconnect { jitter_ratio: 0.0, ..RawReconnect::default() };
        let raw = RawOptions {
            key: Some("pk_live_bench".into()),
            reconnect: Some(reconnect),
            ..RawOptions::default()
        };
        let now = Instant::from_millis(1_000);
        let options = Options::check(raw).expect("the options keep all rules");
        let mut machine = Machine::new(options, 7, now);
        machine.set_logging(false);
        let mut driver =
            Driver { machine, now, socket: None, unanswered: Vec::new(), events: 0, settled: 0 };
        driver.machine.connect(now).expect("legal at rest");
        driver.drain();
        driver.welcome();
        for n in 0..subscriptions {
            let channel = format!("rooms/{n}");
            driver.machine.subscribe(&channel, false, ACK_TIMEOUT_MS, now).expect("connected");
        }
        driver.drain();
        driver.ack_subscriptions();
        driver.settled = 0;
        driver
    }

    fn publish(&mut self, frame: String) -> CallId {
        let size = frame.len();
        let call = self.machine.reserve(size, ACK_TIMEOUT_MS, self.now).expect("connected");
        self.machine.transmit(call, frame);
        self.drain();
        call
    }

    fn ack(&mut self, call: CallId) {
        self.frame(ServerFrame::Ack { request_id: call.0.to_string() });
    }

    fn ack_subscriptions(&mut self) {
        for call in std::mem::take(&mut self.unanswered) {
            self.ack(call);
        }
    }

    fn lose(&mut self) {
        let socket = self.socket.take().expect("connected");
        self.input(Input::SocketClosed { socket, close: Close::new(1006, "") });
        assert_eq!(self.machine.state(), State::Reconnecting);
    }

    fn come_back(&mut self) {
        self.now = self.machine.poll_timeout().expect("a retry is due");
        self.machine.handle_timeout(self.now);
        self.drain();
        self.welcome();
        assert_eq!(self.machine.state(), State::Connected);
    }

    fn welcome(&mut self) {
        let socket = self.socket.expect("a dial");
        self.input(Input::SocketOpened { socket });
        self.frame(ServerFrame::Welcome(Welcome {
            peer_id: "bench".into(),
            expires_at: None,
            server_time: 1_767_222_000.0,
            max_message_size: 65_536.0,
            ice_servers: None,
        }));
    }

    fn frame(&mut self, frame: ServerFrame<String>) {
        let socket = self.socket.expect("connected");
        self.input(Input::Frame { socket, frame });
    }

    fn input(&mut self, input: Input<String>) {
        self.machine.handle_input(input, self.now);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.machine.poll_output() {
            match output {
                Output::OpenSocket { socket, .. } => self.socket = Some(socket),
                Output::Send { frame, call: Some(call), .. } => {
                    self.unanswered.push(call);
                    black_box(frame);
                }
                Output::Settle { .. } => self.settled += 1,
                Output::Event(event) => {
                    self.events += 1;
                    black_box(event);
                }
                other => drop(black_box(other)),
            }
        }
    }
}

fn message(data: &str) -> ServerFrame<String> {
    ServerFrame::Application(ApplicationFrame::Message {
        channel: "rooms/lobby".into(),
        from: "6f1c5a52-9a54-4f5a-b9ef-2a0d4a6e3c11".into(),
        data: data.to_owned(),
        from_metadata: None,
    })
}
