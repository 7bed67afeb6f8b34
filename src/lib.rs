//! Ossicle: a server that speaks the Alibaba Cloud OSS protocol.

pub mod app;
pub mod auth;
pub mod cli;
pub mod config;
pub mod dispatch;
pub mod domain;
pub mod error;
pub mod http;
pub mod operation;
pub mod ops;
pub mod server;
pub mod store;
pub mod tls;
pub mod xml;
