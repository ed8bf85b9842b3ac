//! What happened in the sessions of rooms, in numbers.

use std::fmt;

/// No session has more members.
pub(super) const MOST_MEMBERS: usize = 8;

macro_rules! totals {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counts of one session or of many.
        #[derive(Clone, Copy, Debug, Default)]
        pub struct RoomTotals {
            $($(#[$doc])* pub $name: u64,
            )*
            /// Sessions by the number of their members.
            pub sizes: [u64; MOST_MEMBERS + 1],
        }

        impl crate::runner::Tally for RoomTotals {
            fn add(&mut self, other: &RoomTotals) {
                $(self.$name += other.$name;)*
                self.sizes.iter_mut().zip(other.sizes).for_each(|(own, other)| *own += other);
            }
        }
    };
}

totals! {
    /// Sessions.
    sessions,
    /// Sessions with four members and more.
    large,
    /// Sessions in which two members or more send media.
    media,
    /// Sessions in which something went wrong: a frame, a link, a path, an operation.
    faulty,
    /// Sessions in which a page was loaded anew with the same id.
    refreshed,
    /// Sessions with all four.
    full,
    /// Sessions with a member that means harm.
    hostile,
    /// Sessions in which two pages have one id.
    two_tabs,
    /// Sessions with the option `rebuild`.
    rebuilding,
    /// Members.
    members,
    /// What happened.
    steps,
    /// What rooms said.
    outputs,
    /// Events that users saw.
    events,
    /// Signals that were sent.
    signals,
    /// Connections that were made.
    connections,
    /// Connections that were replaced.
    resets,
    /// Members that left and came back in one frame of presence.
    returns,
    /// Operations that were made to fail.
    failures,
    /// Channels that were negotiated in the end.
    channels,
    /// Offers that collided and were rolled back.
    rollbacks,
    /// Links that were lost.
    drops,
    /// Frames that were lost, doubled, late or out of order.
    bad_frames,
    /// Pairs with something to say that were connected in the end.
    pairs,
    /// Tracks that arrived in the end.
    tracks,
    /// Of those, with the metadata that the sender gave them.
    described,
    /// Milliseconds from the end of the faults to the last connection, all sessions together.
    settling_ms,
    /// Simulated time.
    simulated_ms,
}

impl fmt::Display for RoomTotals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = |part: u64| 100.0 * part as f64 / self.sessions.max(1) as f64;
        writeln!(
            f,
            "{} room sessions: {:.1} % with four members and more, {:.1} % with media on both sides, {:.1} % with a \
             fault, {:.1} % with a refresh; {:.1} % with all four",
            self.sessions,
            share(self.large),
            share(self.media),
            share(self.faulty),
            share(self.refreshed),
            share(self.full),
        )?;
        write!(f, "members:")?;
        for (members, sessions) in self.sizes.iter().enumerate().skip(2) {
            write!(f, " {members} in {:.1} %,", share(*sessions))?;
        }
        writeln!(
            f,
            " {:.1} on average; {:.1} events of users and {:.1} signals a session",
            self.members as f64 / self.sessions.max(1) as f64,
            self.events as f64 / self.sessions.max(1) as f64,
            self.signals as f64 / self.sessions.max(1) as f64,
        )?;
        writeln!(
            f,
            "{:.1} % with a hostile member, {:.1} % with two tabs of one id, {:.1} % with reconcile: \"rebuild\"",
            share(self.hostile),
            share(self.two_tabs),
            share(self.rebuilding),
        )?;
        writeln!(
            f,
            "{} members, {} steps, {} outputs, {} events, {} signals, {} connections, {} of them replaced, {} rollbacks, \
             {} lost links, {} bad frames, {} operations made to fail, {} members that left and came back in one frame",
            self.members,
            self.steps,
            self.outputs,
            self.events,
            self.signals,
            self.connections,
            self.resets,
            self.rollbacks,
            self.drops,
            self.bad_frames,
            self.failures,
            self.returns,
        )?;
        write!(
            f,
            "{} pairs connected in the end, {} tracks arrived, {} with their metadata, {} channels agreed on; connected {:.1} s after the last \
             fault on average; {:.1} years of simulated time",
            self.pairs,
            self.tracks,
            self.described,
            self.channels,
            self.settling_ms as f64 / 1_000.0 / self.sessions.max(1) as f64,
            self.simulated_ms as f64 / 31_557_600_000.0,
        )
    }
}
