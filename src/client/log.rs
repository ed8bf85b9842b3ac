//! The machine's log lines as `tracing` events with the target `metered_realtime`.

use std::fmt;

use super::panics::catch_panic;
use metered_realtime_proto::machine::{Level, Log, LogValue};

/// Hands a line to the user's subscriber. A panic of the subscriber has no effect.
pub(crate) fn write(log: &Log) {
    catch_panic(|| {
        let details = Details(&log.details);
        match log.level {
            Level::Debug => tracing::debug!(target: TARGET, "{}{details}", log.message),
            Level::Info => tracing::info!(target: TARGET, "{}{details}", log.message),
            Level::Warn => tracing::warn!(target: TARGET, "{}{details}", log.message),
            Level::Error => tracing::error!(target: TARGET, "{}{details}", log.message),
        }
    });
}

/// `: name=value name="value"`
struct Details<'a>(&'a [(&'static str, LogValue)]);

impl fmt::Display for Details<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, value)) in self.0.iter().enumerate() {
            f.write_str(if at == 0 { ": " } else { " " })?;
            match value {
                LogValue::Number(number) => write!(f, "{name}={number}")?,
                LogValue::Text(text) => write!(f, "{name}={text:?}")?,
            }
        }
        Ok(())
    }
}

const TARGET: &str = "metered_realtime";
