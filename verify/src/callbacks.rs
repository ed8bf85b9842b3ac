//! The user's code that a driver calls: the token provider and the handlers of events.

use metered_realtime_proto::machine::{Event, Input, ProviderFailure, TokenRequestId};
use metered_realtime_proto::wire::Secret;

use crate::schedule::{Scheduled, TokenAnswer};
use crate::world::World;

impl World {
    pub(crate) fn fetch_token(&mut self, client: usize, request: TokenRequestId) {
        let request = request.0;
        if self.dice.chance(self.faults.token_hangs) {
            return;
        }
        let answer = if self.dice.chance(self.faults.token_fails) {
            self.dice.pick(&[TokenAnswer::Failure, TokenAnswer::Empty])
        } else {
            TokenAnswer::Token
        };
        let wait = if self.dice.chance(self.faults.token_late) {
            self.dice.magnitude(40_000)
        } else {
            self.dice.below(self.faults.latency)
        };
        if self.dice.chance(self.faults.token_twice) {
            let at = self.now + wait + self.dice.magnitude(20_000);
            let answer = self.dice.pick(&[TokenAnswer::Token, TokenAnswer::Failure]);
            self.schedule.add(at, Scheduled::TokenAnswers { client, request, answer });
        }
        let at = if self.faults_over { self.now } else { self.now + wait };
        self.schedule.add(at, Scheduled::TokenAnswers { client, request, answer });
    }

    pub(crate) fn token_answers(&mut self, client: usize, request: u32, answer: TokenAnswer) {
        let result = match answer {
            TokenAnswer::Token => Ok(Secret::new(format!("token-{request}"))),
            TokenAnswer::Empty => Ok(Secret::new("")),
            TokenAnswer::Failure => {
                Err(ProviderFailure::new("Error", "no luck at https://auth/?token=hidden"))
            }
        };
        self.feed(client, Input::Token { request: TokenRequestId(request), result });
    }

    /// The user's handlers for one event.
    pub(crate) fn dispatch(&mut self, client: usize, event: &Event<String>) {
        self.totals.events += 1;
        self.handlers_run(client);
        if matches!(event, Event::Disconnected { will_reconnect: false, .. })
            && self.dice.chance(self.faults.reentrant)
        {
            self.user_connects(client);
        }
    }

    pub(crate) fn handlers_run(&mut self, client: usize) {
        if self.dice.chance(self.faults.asynchronous) {
            self.clients[client].handlers += 1;
            if !self.dice.chance(self.faults.endless) {
                let at = self.now + self.dice.magnitude(3_000);
                self.schedule.add(at, Scheduled::HandlerEnds { client });
            }
        }
        if self.dice.chance(self.faults.reentrant) {
            self.act(client, true);
        }
    }

    pub(crate) fn handler_ends(&mut self, client: usize) {
        let state = &mut self.clients[client];
        state.handlers -= 1;
        if state.handlers == 0 && std::mem::take(&mut state.drain_wanted) {
            self.feed(client, Input::HandlersDrained);
        }
    }
}
