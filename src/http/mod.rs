//! The edge: bytes to typed parts and back. Knows the protocol's syntax, not its operations.

pub mod address;
pub mod body;
pub mod connection;
pub mod idle;
pub mod query;
pub mod reply;
