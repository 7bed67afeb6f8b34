//! Ossicle: a server that speaks the Alibaba Cloud OSS protocol.

pub mod app;
pub mod auth;
pub mod config;
pub mod dispatch;
pub mod domain;
pub mod error;
pub mod http;
pub mod operation;
pub mod ops;
pub mod store;
pub mod xml;
