//! A driver: carries out what a machine asks for.

use metered_realtime_proto::machine::{
    CallError, CallId, Event, Log, Machine, Output, SocketId, TokenRequestId,
};
use metered_realtime_proto::wire::Secret;

/// What drives a machine. It follows the rules of the real drivers: one output after the other, with nothing borrowed, so that
/// everything in here may call the machine again.
///
/// Each output is a method, which by default does nothing.
pub trait Driver {
    /// The machine.
    fn machine(&mut self) -> &mut Machine<String>;

    /// An output is about to be carried out.
    fn observe(&mut self, _output: &Output<String>) {}

    /// Opens a socket.
    fn open_socket(&mut self, socket: SocketId, address: &Secret);

    /// Writes a frame of a call to a socket.
    fn send(&mut self, _socket: SocketId, _text: String, _call: Option<CallId>) {}

    /// Closes a socket; `report`: its end is to be reported.
    fn close_socket(&mut self, _socket: SocketId, _code: u16, _reason: &str, _report: bool) {}

    /// Calls the token provider.
    fn fetch_token(&mut self, _request: TokenRequestId) {}

    /// The answer to a call of the token provider is not needed any more.
    fn forget_token(&mut self, _request: TokenRequestId) {}

    /// Reports `HandlersDrained` as soon as no asynchronous handler is running.
    fn drain_handlers(&mut self) {}

    /// Answers a call of the user.
    fn settle(&mut self, _call: CallId, _result: Result<(), CallError>) {}

    /// Tells the user's handlers.
    fn event(&mut self, _event: Event<String>) {}

    /// Drops the listeners that were there when `close()` was called.
    fn forget_listeners(&mut self) {}

    /// Ends the streams.
    fn end_streams(&mut self) {}

    /// Tells the logger.
    fn log(&mut self, _log: Log) {}

    /// Carries out one output. `false`: there is none.
    ///
    /// # Panics
    /// `has_output()` did not announce the output.
    fn carry_out_next(&mut self) -> bool {
        let announced = self.machine().has_output();
        let Some(output) = self.machine().poll_output() else { return false };
        assert!(announced, "has_output() knows nothing of {output:?}");
        self.observe(&output);
        match output {
            Output::OpenSocket { socket, address } => self.open_socket(socket, &address),
            Output::Send { socket, frame, call } => self.send(socket, frame.into_text(call), call),
            Output::CloseSocket { socket, code, reason, report } => {
                self.close_socket(socket, code, &reason, report);
            }
            Output::FetchToken { request } => self.fetch_token(request),
            Output::ForgetToken { request } => self.forget_token(request),
            Output::DrainHandlers => self.drain_handlers(),
            Output::Settle { call, result } => self.settle(call, result),
            Output::Event(event) => self.event(event),
            Output::ForgetListeners => self.forget_listeners(),
            Output::EndStreams => self.end_streams(),
            Output::Log(log) => self.log(log),
        }
        true
    }

    /// Carries out everything that the machine asks for.
    ///
    /// # Panics
    /// There is no end of it.
    fn drain(&mut self) {
        let mut outputs = 0;
        while self.carry_out_next() {
            outputs += 1;
            assert!(outputs < MOST_OUTPUTS, "outputs come to an end");
        }
    }
}

/// More outputs than this in one go are an endless loop.
const MOST_OUTPUTS: u32 = 100_000;
