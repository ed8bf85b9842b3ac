//! Errors in a configuration: what is wrong, where, and what to do about it.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a configuration cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is not TOML or JSON, has an unknown name in it, or a value of the wrong type.
    Malformed {
        /// The file.
        file: PathBuf,
        /// What the parser says, with line and column.
        message: String,
    },
    /// A value is missing or cannot be used.
    Invalid {
        /// The file, if the value can stand in one.
        file: Option<PathBuf>,
        /// The line of the value, where the format tells it (TOML).
        line: Option<usize>,
        /// What is wrong with which option, and the remedy.
        mistake: Mistake,
    },
}

/// What is wrong with one option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The option, such as `publishableKeys[1].key`.
    pub option: String,
    /// What is wrong with it.
    pub problem: String,
    /// What to do about it.
    pub remedy: String,
}

impl Mistake {
    pub(super) fn new(
        option: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Mistake {
        Mistake { option: option.into(), problem: problem.into(), remedy: remedy.into() }
    }

    /// The same for an option inside of another.
    pub(super) fn within(self, outer: &str) -> Mistake {
        Mistake { option: format!("{outer}.{}", self.option), ..self }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}; {}", self.option, self.problem, self.remedy)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigError::Unreadable { file, source } => {
                write!(f, "cannot read the configuration {}: {source}", file.display())
            }
            ConfigError::Malformed { file, message } => {
                write!(f, "cannot use the configuration {}: {}", file.display(), message.trim_end())
            }
            ConfigError::Invalid { file: Some(file), line: Some(line), mistake } => {
                write!(f, "{}, line {line}: {mistake}", file.display())
            }
            ConfigError::Invalid { file: Some(file), line: None, mistake } => {
                write!(f, "{}: {mistake}", file.display())
            }
            ConfigError::Invalid { file: None, mistake, .. } => mistake.fmt(f),
        }
    }
}

impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ConfigError::Unreadable { source, .. } => Some(source),
            ConfigError::Malformed { .. } | ConfigError::Invalid { .. } => None,
        }
    }
}
