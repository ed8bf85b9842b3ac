//! How bad a session is: for everything that can go wrong, in how many cases of a thousand it does.

use crate::dice::Dice;

macro_rules! knobs {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// In how many cases of a thousand.
        #[derive(Clone, Debug, Default)]
        pub(crate) struct Faults {
            $($(#[$doc])* pub(crate) $name: u16,)*
            /// Milliseconds from one side to the other.
            pub(crate) latency: u64,
            /// How much longer it takes at times.
            pub(crate) jitter: u64,
        }

        impl Faults {
            /// Each knob is off in half of all cases; so sessions differ in what they suffer from.
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
    /// A dial never ends.
    dial_hangs,
    /// The socket's constructor throws.
    throws,
    /// The runtime has no WebSocket.
    unavailable,
    /// The socket is only there some time later, as in Node, where its module is loaded first.
    socket_late,
    /// A frame cannot be written.
    send_fails,
    /// That is known late.
    send_fails_late,
    /// A socket that is closed never says so.
    close_unreported,
    /// A socket says twice that it is closed.
    close_twice,
    /// News of a socket that is not listened to any more come through.
    stale_events,
    /// The server closes before a welcome.
    turns_away,
    /// There is no welcome.
    no_welcome,
    /// The welcome breaks a rule.
    bad_welcome,
    /// The server drops what it has just welcomed.
    welcome_then_drop,
    /// The server welcomes twice.
    second_welcome,
    /// The server neither carries out nor answers.
    ignores,
    /// The server carries out and does not answer.
    no_answer,
    /// The answer comes late, and so in another order.
    late_answer,
    /// The answer comes twice.
    answers_twice,
    /// The server refuses a request.
    rejects,
    /// The server contradicts itself.
    contradicts,
    /// The server closes instead of answering.
    closes_on_request,
    /// The server says something that nobody asked for.
    unsolicited,
    /// The server says something that is no frame.
    malformed,
    /// The server does not answer pings.
    no_pong,
    /// The token provider fails.
    token_fails,
    /// The token provider never answers.
    token_hangs,
    /// The token provider is slow.
    token_late,
    /// The token provider answers twice, or after it was forgotten.
    token_twice,
    /// The alarm rings late.
    late_alarm,
    /// The alarm rings early.
    early_alarm,
    /// Outputs are carried out later, together with those of what comes next.
    batches,
    /// A handler calls the client.
    reentrant,
    /// A handler goes on asynchronously.
    asynchronous,
    /// An asynchronous handler never ends.
    endless,
}

impl Faults {
    /// Nothing goes wrong.
    pub(crate) fn none() -> Faults {
        Faults { latency: 5, ..Faults::default() }
    }
}

fn intensity(dice: &mut Dice) -> u16 {
    dice.pick(&[0, 0, 0, 0, 0, 0, 20, 60, 150, 300, 600, 1000])
}
