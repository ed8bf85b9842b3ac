//! Lines for the user's logger.

/// A line for the user's logger. It never holds a credential.
#[derive(Clone, Debug, PartialEq)]
pub struct Log {
    /// How important it is.
    pub level: Level,
    /// A fixed text.
    pub message: &'static str,
    /// Details, each with its name.
    pub details: Vec<(&'static str, LogValue)>,
}

/// How important a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For developers of the application.
    Debug,
    /// Worth knowing.
    Info,
    /// Something is wrong, and the client copes with it.
    Warn,
    /// Code of the user failed.
    Error,
}

/// A detail of a log line.
#[derive(Clone, Debug, PartialEq)]
pub enum LogValue {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

impl From<f64> for LogValue {
    fn from(number: f64) -> LogValue {
        LogValue::Number(number)
    }
}

impl From<u32> for LogValue {
    fn from(number: u32) -> LogValue {
        LogValue::Number(number.into())
    }
}

impl From<u16> for LogValue {
    fn from(number: u16) -> LogValue {
        LogValue::Number(number.into())
    }
}

impl From<&str> for LogValue {
    fn from(text: &str) -> LogValue {
        LogValue::Text(text.to_owned())
    }
}
