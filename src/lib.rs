//! Ossicle: a server that speaks the Alibaba Cloud OSS protocol.

pub mod auth;
pub mod config;
pub mod domain;
pub mod error;
pub mod http;
pub mod store;
pub mod xml;
