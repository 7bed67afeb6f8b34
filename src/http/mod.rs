//! The edge: bytes to typed parts and back. Knows the protocol's syntax, not its operations.

pub mod address;
pub mod body;
pub mod callback;
pub mod conditions;
pub mod connection;
pub mod escape;
pub mod form;
pub mod gzip;
pub mod headers;
pub mod idle;
pub mod query;
pub mod range;
pub mod reply;
pub mod throttle;
