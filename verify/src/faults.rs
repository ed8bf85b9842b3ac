//! Which faults occur in a session, and how often.

use crate::dice::Dice;

macro_rules! knobs {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// For each fault, in how many of a thousand cases it occurs.
        #[derive(Clone, Debug, Default)]
        pub(crate) struct Faults {
            $($(#[$doc])* pub(crate) $name: u16,)*
            /// The delay from one side to the other, in milliseconds.
            pub(crate) latency: u64,
            /// The most that is added to the delay.
            pub(crate) jitter: u64,
        }

        impl Faults {
            /// Random faults. Each one is off in half of all sessions, so that sessions differ.
            pub(crate) fn random(dice: &mut Dice) -> Faults {
                let latency = 1 + dice.magnitude(300);
                let jitter = dice.magnitude(200);
                Faults { latency, jitter, $($name: intensity(dice),)* }
            }
        }
    };
}

knobs! {
    /// A dial is refused.
    refuses,
    /// A dial hangs.
    dial_hangs,
    /// The socket's constructor throws.
    throws,
    /// The runtime has no WebSocket.
    unavailable,
    /// The socket exists only some time later, as in Node, where its module is loaded first.
    socket_late,
    /// A frame cannot be written.
    send_fails,
    /// The driver reports that late.
    send_fails_late,
    /// A socket never reports its close.
    close_unreported,
    /// A socket reports its close twice.
    close_twice,
    /// Events of an old socket still arrive.
    stale_events,
    /// The server closes before a welcome.
    turns_away,
    /// There is no welcome.
    no_welcome,
    /// The welcome breaks a rule.
    bad_welcome,
    /// The server drops a connection soon after its welcome.
    welcome_then_drop,
    /// The server welcomes twice.
    second_welcome,
    /// The server ignores a request.
    ignores,
    /// The server carries a request out and does not answer.
    no_answer,
    /// The answer comes late, and so after other answers.
    late_answer,
    /// The answer comes twice.
    answers_twice,
    /// The server refuses a request.
    rejects,
    /// The server refuses a request and acknowledges it too.
    contradicts,
    /// The server closes instead of answering.
    closes_on_request,
    /// The server sends a frame that nobody asked for.
    unsolicited,
    /// The server sends something that is not a valid frame.
    malformed,
    /// The server does not answer pings.
    no_pong,
    /// The token provider fails.
    token_fails,
    /// The token provider never answers.
    token_hangs,
    /// The token provider is slow.
    token_late,
    /// The token provider answers twice, or when its answer is not needed any more.
    token_twice,
    /// The alarm fires late.
    late_alarm,
    /// The alarm fires early.
    early_alarm,
    /// Outputs are carried out later, together with those of the next input.
    batches,
    /// A handler calls the client.
    reentrant,
    /// A handler goes on asynchronously.
    asynchronous,
    /// An asynchronous handler never ends.
    endless,
}

impl Faults {
    /// No faults.
    pub(crate) fn none() -> Faults {
        Faults { latency: 5, ..Faults::default() }
    }
}

fn intensity(dice: &mut Dice) -> u16 {
    dice.pick(&[0, 0, 0, 0, 0, 0, 20, 60, 150, 300, 600, 1000])
}
