//! All behaviour.
