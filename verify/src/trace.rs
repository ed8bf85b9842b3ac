//! A readable trace of a session.

/// Lines, each with its time and its client.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    text: String,
}

impl Trace {
    /// Adds a line.
    pub(crate) fn add(&mut self, now: u64, client: usize, line: &str) {
        use std::fmt::Write;
        let name = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'].get(client).copied().unwrap_or('?');
        let seconds = now / 1000;
        writeln!(self.text, "{seconds:>9}.{:03} {name} {line}", now % 1000)
            .expect("writing to a string does not fail");
    }

    /// All lines.
    #[must_use]
    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

/// Adds a line to the trace of a session, if there is one.
macro_rules! trace {
    ($world:expr, $client:expr, $($line:tt)*) => {
        if $world.trace.is_some() {
            let client = $client;
            let line = format!($($line)*);
            let now = $world.now;
            if let Some(trace) = &mut $world.trace {
                trace.add(now, client, &line);
            }
        }
    };
}

pub(crate) use trace;
