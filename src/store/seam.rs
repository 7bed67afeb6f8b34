//! Stands where `engine.rs` will stand until it lands: names only.

use bytes::Bytes;
use futures_util::Stream;
use std::pin::Pin;
use std::task::{Context, Poll};

/// To come.
#[derive(Debug)]
pub struct Engine;
/// To come.
#[derive(Debug, Clone)]
pub struct EngineOptions;
/// To come.
#[derive(Debug, Clone)]
pub struct Figures;
/// To come.
#[derive(Debug, Clone, thiserror::Error)]
#[error("to come")]
pub struct EngineError;
/// To come.
#[derive(Debug)]
pub struct ContentReader;

impl Stream for ContentReader {
    type Item = Result<Bytes, EngineError>;
    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(None)
    }
}
