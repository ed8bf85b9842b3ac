//! The error for data that has another type than expected.

use std::error::Error;
use std::fmt;

/// The data of a peer does not fit the expected type.
#[derive(Debug)]
pub struct DataError(Box<dyn Error + Send + Sync>);

impl DataError {
    pub(super) fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> DataError {
        DataError(error.into())
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the data does not fit the type")
    }
}

impl Error for DataError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}
