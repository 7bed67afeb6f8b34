//! Ossicle: a server that speaks the Alibaba Cloud OSS protocol.

pub mod domain;
pub mod error;
