//! Reading: every chunk is verified against its checksum before one of its bytes is handed out. Cached bytes are read inline,
//! others on a blocking thread.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)] // lengths are bounded by extents, volumes and groups; 64-bit targets only

use super::{
    content::{CHUNK, Content, Extent, crc32c, within},
    engine::Shared,
    fault::EngineError,
    overlay::View,
    space::Pin as SpacePin,
    volume::{Volume, read_span},
};
use bytes::Bytes;
use futures_util::Stream;
use std::{
    collections::VecDeque,
    future::Future,
    ops::Range,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio::task::JoinHandle;

/// One chunk of an extent, and what of it is wanted.
#[derive(Clone)]
struct Piece {
    volume: Arc<Volume>,
    offset: u64,
    len: usize,
    sum: u32,
    want: Range<usize>,
    content: u64,
}

impl Piece {
    /// Reads and verifies; `None` when not cached and `wait` is false.
    fn read(&self, wait: bool) -> Result<Option<Bytes>, EngineError> {
        let Some(bytes) = read_span(&self.volume, self.offset, self.len, wait)? else {
            return Ok(None);
        };
        if crc32c(0, &bytes) != self.sum {
            let (volume, offset, len) = (self.volume.id, self.offset, self.len);
            tracing::error!(
                content = self.content,
                volume,
                offset,
                len,
                "stored bytes do not match their checksum"
            );
            return Err(EngineError::corrupt(format!(
                "content {} does not match its checksum at {offset} of volume {volume}",
                self.content
            )));
        }
        Ok(Some(bytes.slice(self.want.clone())))
    }
}

/// Chunks of one extent that overlap `range`, which is in bytes of the content; the extent starts at `start`.
fn pieces(
    shared: &Shared,
    content: u64,
    start: u64,
    extent: &Extent,
    range: &Range<u64>,
) -> Result<Vec<Piece>, EngineError> {
    let volume = shared.space.volumes.get(extent.volume)?;
    let from = range.start.saturating_sub(start) as u32;
    let to = (range.end - start).min(u64::from(extent.used)) as u32;
    let mut found = Vec::new();
    for index in from / CHUNK..to.div_ceil(CHUNK) {
        let begin = index * CHUNK;
        let end = (begin + CHUNK).min(extent.used);
        let sum = *extent
            .sums
            .get(index as usize)
            .ok_or_else(|| EngineError::corrupt("extent without checksum"))?;
        let want = (from.max(begin) - begin) as usize..(to.min(end) - begin) as usize;
        let (offset, len) = (extent.offset + u64::from(begin), (end - begin) as usize);
        found.push(Piece {
            volume: volume.clone(),
            offset,
            len,
            sum,
            want,
            content,
        });
    }
    Ok(found)
}

/// A stream of verified pieces of at most 256 KiB. Its extents stay readable while it exists.
pub struct ContentReader {
    shared: Arc<Shared>,
    content: u64,
    range: Range<u64>,
    extents: VecDeque<(u64, Extent)>,
    pieces: VecDeque<Piece>,
    running: Option<JoinHandle<Result<Option<Bytes>, EngineError>>>,
    failed: Option<EngineError>,
    /// Where the extents lie that are kept from reuse.
    held: Vec<(u32, u64)>,
}

impl Drop for ContentReader {
    fn drop(&mut self) {
        self.shared.space.let_go(&self.held);
    }
}

impl ContentReader {
    pub(crate) fn new(
        shared: Arc<Shared>,
        content: &Content,
        range: Range<u64>,
        _pin: &SpacePin,
    ) -> Self {
        let range = range.start.min(content.len())..range.end.min(content.len());
        let (extents, failed) = match extents(&shared, content, &range) {
            Ok(extents) => (VecDeque::from(extents), None),
            Err(error) => (VecDeque::new(), Some(error)),
        };
        // While the pin still lives; from here on it is not needed.
        shared.space.hold(extents.iter().map(|(_, extent)| extent));
        let held = extents
            .iter()
            .map(|(_, extent)| (extent.volume, extent.offset))
            .collect();
        let id = content.id();
        Self {
            shared,
            content: id,
            range,
            extents,
            pieces: VecDeque::new(),
            running: None,
            failed,
            held,
        }
    }

    /// Whether the content was released between reading its record and its pages: read the record again.
    pub fn is_stale(&self) -> bool {
        matches!(self.failed, Some(EngineError::Stale))
    }

    fn next_piece(&mut self) -> Result<Option<Piece>, EngineError> {
        while self.pieces.is_empty() {
            let Some((start, extent)) = self.extents.pop_front() else {
                return Ok(None);
            };
            self.pieces = pieces(&self.shared, self.content, start, &extent, &self.range)?.into();
        }
        Ok(self.pieces.pop_front())
    }

    fn fail(&mut self, error: EngineError) -> Poll<Option<Result<Bytes, EngineError>>> {
        self.extents.clear();
        self.pieces.clear();
        Poll::Ready(Some(Err(error)))
    }

    /// Reads everything on this thread, waiting for the device; for small contents and tests.
    pub fn read_to_end(mut self) -> Result<Vec<u8>, EngineError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut all = Vec::new();
        while let Some(piece) = self.next_piece()? {
            if let Some(bytes) = piece.read(true)? {
                all.extend_from_slice(&bytes);
            }
        }
        Ok(all)
    }
}

/// The extents of a content that overlap `range`.
fn extents(
    shared: &Shared,
    content: &Content,
    range: &Range<u64>,
) -> Result<Vec<(u64, Extent)>, EngineError> {
    let mut found = Vec::new();
    if range.start < content.paged().min(range.end) {
        for page in shared.pages(
            View::Committed,
            content,
            range.start..range.end.min(content.paged()),
        )? {
            found.extend(within(page.start(), &page.extents, range));
        }
    }
    found.extend(content.tail_within(range));
    Ok(found)
}

impl Stream for ContentReader {
    type Item = Result<Bytes, EngineError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if let Some(error) = this.failed.take() {
            return this.fail(error);
        }
        if let Some(running) = &mut this.running {
            let joined = ready!(Pin::new(running).poll(context));
            this.running = None;
            return match joined {
                Ok(Ok(Some(bytes))) => Poll::Ready(Some(Ok(bytes))),
                Ok(Err(error)) => this.fail(error),
                Ok(Ok(None)) | Err(_) => this.fail(EngineError::Closed),
            };
        }
        let piece = match this.next_piece() {
            Ok(Some(piece)) => piece,
            Ok(None) => return Poll::Ready(None),
            Err(error) => return this.fail(error),
        };
        match piece.read(false) {
            Ok(Some(bytes)) => Poll::Ready(Some(Ok(bytes))),
            Err(error) => this.fail(error),
            Ok(None) => {
                this.running = Some(tokio::task::spawn_blocking(move || piece.read(true)));
                self.poll_next(context)
            }
        }
    }
}
