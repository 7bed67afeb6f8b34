//! Contents: what an object's bytes look like in its record. A content is a list of extents, each with a CRC-32C per chunk;
//! the last extents are inline, full prefixes of long contents live in page rows. Knows the codec and nothing of files.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)] // lengths are bounded by extents, volumes and groups; 64-bit targets only

use super::{
    codec::{put_varint, take_small, take_u8, take_u32, take_varint},
    fault::EngineError,
};
use smallvec::SmallVec;
use std::ops::Range;

/// Allocation unit in bytes: offsets and capacities are multiples of it (one device sector).
pub(crate) const UNIT: u64 = 512;
/// Bytes covered by one checksum.
pub(crate) const CHUNK: u32 = 256 * 1024;
/// Largest extent in bytes.
pub(crate) const EXTENT_MAX: u64 = 8 << 20;
/// A tail longer than this, encoded, moves its full extents to a page row.
const INLINE_MAX: usize = 1024;
/// Page rows stay below sled's inline value limit.
const PAGE_MAX: usize = 1900;
/// Decoding bound: an inline tail never comes near it.
const TAIL_MAX: u64 = 4096;

const CONTENT_VERSION: u8 = 1;
const PAGE_VERSION: u8 = 1;

/// First byte of page rows, of reference rows, of space rows, and of the engine's own row.
pub(crate) const PAGE_PREFIX: u8 = 0xE0;
pub(crate) const REFERENCE_PREFIX: u8 = 0xE1;
pub(crate) const SPACE_PREFIX: u8 = 0xE2;
pub(crate) const META_PREFIX: u8 = 0xE3;

/// A run of bytes in a volume, owned by somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Span {
    pub(crate) volume: u32,
    pub(crate) offset: u64,
    pub(crate) len: u64,
}

/// Part of a content: `used` of `capacity` bytes at `offset` of a volume, with the checksums of its chunks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) volume: u32,
    pub(crate) offset: u64,
    pub(crate) capacity: u32,
    pub(crate) used: u32,
    /// Another content may own the bytes behind `used`: never write there.
    pub(crate) sealed: bool,
    /// CRC-32C of each chunk of the used bytes.
    pub(crate) sums: SmallVec<[u32; 2]>,
}

/// Continues a CRC-32C over more bytes. The checksum of nothing is 0.
pub(crate) fn crc32c(so_far: u32, bytes: &[u8]) -> u32 {
    let state = u64::from(so_far ^ u32::MAX);
    let mut digest =
        crc_fast::Digest::new_with_init_state(crc_fast::CrcAlgorithm::Crc32Iscsi, state);
    digest.update(bytes);
    digest.finalize() as u32
}

impl Extent {
    /// An extent without bytes in `span`, whose length is at most [`EXTENT_MAX`].
    pub(crate) fn fresh(span: Span) -> Self {
        Self {
            volume: span.volume,
            offset: span.offset,
            capacity: span.len as u32,
            used: 0,
            sealed: false,
            sums: SmallVec::new(),
        }
    }

    pub(crate) fn span(&self) -> Span {
        Span {
            volume: self.volume,
            offset: self.offset,
            len: u64::from(self.capacity),
        }
    }

    /// Bytes that may still be written behind the used ones.
    pub(crate) fn room(&self) -> usize {
        if self.sealed {
            0
        } else {
            (self.capacity - self.used) as usize
        }
    }

    /// Counts `bytes` as written at the end: at most [`Self::room`] of them.
    pub(crate) fn extend(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let within = self.used % CHUNK;
            let (now, rest) = bytes.split_at(bytes.len().min((CHUNK - within) as usize));
            match self.sums.last_mut() {
                Some(sum) if within > 0 => *sum = crc32c(*sum, now),
                _ => self.sums.push(crc32c(0, now)),
            }
            self.used += now.len() as u32;
            bytes = rest;
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        put_varint(out, u64::from(self.volume));
        put_varint(out, self.offset / UNIT);
        put_varint(
            out,
            (u64::from(self.capacity) / UNIT) << 1 | u64::from(self.sealed),
        );
        put_varint(out, u64::from(self.used));
        for sum in &self.sums {
            out.extend_from_slice(&sum.to_le_bytes());
        }
    }

    fn decode(input: &mut &[u8]) -> Option<Self> {
        let volume = take_small(input)?;
        let offset = take_varint(input)?.checked_mul(UNIT)?;
        let packed = take_varint(input)?;
        let capacity = (packed >> 1).checked_mul(UNIT)?;
        let used = take_small(input)?;
        if capacity > EXTENT_MAX || u64::from(used) > capacity || used == 0 {
            return None;
        }
        let sums = (0..used.div_ceil(CHUNK))
            .map(|_| take_u32(input))
            .collect::<Option<_>>()?;
        Some(Self {
            volume,
            offset,
            capacity: capacity as u32,
            used,
            sealed: packed & 1 == 1,
            sums,
        })
    }

    fn encoded_len(&self) -> usize {
        let mut out = Vec::with_capacity(64);
        self.encode(&mut out);
        out.len()
    }
}

/// The bytes of one object, part or version, as its record holds them. Immutable: appending gives a new value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    id: u64,
    len: u64,
    pages: u32,
    /// Bytes covered by page rows; the inline extents follow them.
    paged: u64,
    tail: Vec<Extent>,
}

/// A page row: full extents of a content, keyed by the offset at which they end.
pub(crate) struct Page {
    pub(crate) end: u64,
    pub(crate) extents: Vec<Extent>,
}

impl Content {
    /// A content without bytes. `id` is fresh from [`super::engine::Engine::next_content_id`] and belongs to one owner.
    pub fn empty(id: u64) -> Self {
        Self {
            id,
            len: 0,
            pages: 0,
            paged: 0,
            tail: Vec::new(),
        }
    }

    /// The id it was made with.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Length in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends the encoded content: versioned, self-delimiting, about 20 bytes for a small object and at most about 1.2 KiB.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(CONTENT_VERSION);
        put_varint(out, self.id);
        put_varint(out, self.len);
        put_varint(out, u64::from(self.pages));
        if self.pages > 0 {
            put_varint(out, self.paged);
        }
        put_varint(out, self.tail.len() as u64);
        for extent in &self.tail {
            extent.encode(out);
        }
    }

    /// Takes a content off the front of `input`; [`EngineError::Corrupt`] when it is none.
    pub fn decode(input: &mut &[u8]) -> Result<Self, EngineError> {
        Self::take(input).ok_or_else(|| EngineError::corrupt("content in a record does not decode"))
    }

    #[allow(clippy::similar_names)] // the format's own words
    fn take(input: &mut &[u8]) -> Option<Self> {
        if take_u8(input)? != CONTENT_VERSION {
            return None;
        }
        let (id, len) = (take_varint(input)?, take_varint(input)?);
        let pages = take_small(input)?;
        let paged = if pages > 0 { take_varint(input)? } else { 0 };
        let count = take_varint(input)?;
        if count > TAIL_MAX {
            return None;
        }
        let tail = (0..count)
            .map(|_| Extent::decode(input))
            .collect::<Option<Vec<_>>>()?;
        let inline: u64 = tail.iter().map(|extent| u64::from(extent.used)).sum();
        (paged.checked_add(inline)? == len).then_some(Self {
            id,
            len,
            pages,
            paged,
            tail,
        })
    }

    pub(crate) fn paged(&self) -> u64 {
        self.paged
    }

    pub(crate) fn pages(&self) -> u32 {
        self.pages
    }

    pub(crate) fn tail(&self) -> &[Extent] {
        &self.tail
    }

    pub(crate) fn last_mut(&mut self) -> Option<&mut Extent> {
        self.tail.last_mut()
    }

    /// Counts `bytes`, written to the last extent's room by the caller.
    pub(crate) fn extend_last(&mut self, bytes: &[u8]) {
        if let Some(last) = self.tail.last_mut() {
            last.extend(bytes);
            self.len += bytes.len() as u64;
        }
    }

    /// Links an extent at the end.
    pub(crate) fn push(&mut self, extent: Extent) {
        self.len += u64::from(extent.used);
        self.tail.push(extent);
    }

    /// Size for the next extent of a growing content that must take at least `need` more bytes: a first write gets what it
    /// needs, later ones half of what is there, so that at most a third of the space is reserve.
    pub(crate) fn next_extent(&self, need: usize) -> u64 {
        let need = (need as u64).next_multiple_of(UNIT);
        if self.len == 0 {
            return need.min(EXTENT_MAX);
        }
        (self.len / 2)
            .next_multiple_of(4096)
            .clamp(4096, EXTENT_MAX)
            .max(need)
            .min(EXTENT_MAX)
    }

    /// Moves all extents but the last to pages when the inline tail has grown beyond its bound.
    /// The caller writes the pages' rows in the same batch.
    pub(crate) fn spill(&mut self) -> Vec<Page> {
        let mut inline = Vec::with_capacity(INLINE_MAX);
        self.tail
            .iter()
            .for_each(|extent| extent.encode(&mut inline));
        if inline.len() <= INLINE_MAX || self.tail.len() < 2 {
            return Vec::new();
        }
        let last = self.tail.split_off(self.tail.len() - 1);
        let full = std::mem::replace(&mut self.tail, last);
        let mut pages: Vec<Page> = Vec::new();
        let mut size = usize::MAX;
        for extent in full {
            self.paged += u64::from(extent.used);
            let more = extent.encoded_len();
            match pages.last_mut() {
                Some(page) if size + more <= PAGE_MAX => {
                    size += more;
                    page.end = self.paged;
                    page.extents.push(extent);
                }
                _ => {
                    size = more + 16;
                    pages.push(Page {
                        end: self.paged,
                        extents: vec![extent],
                    });
                }
            }
        }
        self.pages += pages.len() as u32;
        pages
    }

    /// Key of the page row of this content that ends at `end`. Keyed by its end, the page of an offset is the first row
    /// after that offset: an ascending scan of one row finds it.
    pub(crate) fn page_key(&self, end: u64) -> Vec<u8> {
        let mut key = vec![PAGE_PREFIX];
        key.extend_from_slice(&self.id.to_be_bytes());
        key.extend_from_slice(&end.to_be_bytes());
        key
    }

    /// The inline extents that overlap `range`, each with the offset in the content at which it starts.
    pub(crate) fn tail_within(&self, range: &Range<u64>) -> Vec<(u64, Extent)> {
        within(self.paged, &self.tail, range)
    }
}

/// Those of `extents`, the first of which starts at `start`, that overlap `range`.
pub(crate) fn within(mut start: u64, extents: &[Extent], range: &Range<u64>) -> Vec<(u64, Extent)> {
    let mut found = Vec::new();
    for extent in extents {
        let end = start + u64::from(extent.used);
        if start < range.end && end > range.start {
            found.push((start, extent.clone()));
        }
        start = end;
    }
    found
}

impl Page {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = vec![PAGE_VERSION];
        put_varint(&mut out, self.extents.len() as u64);
        for extent in &self.extents {
            extent.encode(&mut out);
        }
        out
    }

    /// Reads a page row; the end comes from its key.
    pub(crate) fn decode(key: &[u8], mut value: &[u8]) -> Option<Self> {
        let end = u64::from_be_bytes(key.get(9..17)?.try_into().ok()?);
        let input = &mut value;
        if take_u8(input)? != PAGE_VERSION {
            return None;
        }
        let count = take_varint(input)?;
        if count > PAGE_MAX as u64 {
            return None;
        }
        let extents = (0..count)
            .map(|_| Extent::decode(input))
            .collect::<Option<Vec<_>>>()?;
        let page = Self { end, extents };
        (page.len() <= end).then_some(page)
    }

    pub(crate) fn len(&self) -> u64 {
        self.extents
            .iter()
            .map(|extent| u64::from(extent.used))
            .sum()
    }

    /// Offset in the content of its first byte.
    pub(crate) fn start(&self) -> u64 {
        self.end - self.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(offset: u64, capacity: u64, bytes: &[u8]) -> Extent {
        let mut extent = Extent::fresh(Span {
            volume: 3,
            offset,
            len: capacity,
        });
        extent.extend(bytes);
        extent
    }

    #[test]
    fn crc_continues_where_it_stopped() {
        assert_eq!(crc32c(0, b"123456789"), 0xe306_9283);
        let bytes: Vec<u8> = (0..70_000u32).map(|n| (n * 7) as u8).collect();
        for cut in [0, 1, 15, 16, 255, 4096, 65_537, 70_000] {
            assert_eq!(
                crc32c(crc32c(0, &bytes[..cut]), &bytes[cut..]),
                crc32c(0, &bytes),
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn sums_do_not_depend_on_how_the_bytes_came() {
        let bytes: Vec<u8> = (0..700_000u32).map(|n| (n % 251) as u8).collect();
        let whole = extent(0, 1 << 20, &bytes);
        assert_eq!(whole.sums.len(), 3);
        let mut pieces = Extent::fresh(whole.span());
        for piece in bytes.chunks(4097) {
            pieces.extend(piece);
        }
        assert_eq!(pieces, whole);
    }

    #[test]
    fn contents_round_trip_and_cut_ones_are_refused() {
        let mut content = Content::empty(77);
        content.push(extent(512, 4096, b"hello"));
        content.push(Extent {
            sealed: true,
            ..extent(8192, 512, b"world")
        });
        let mut out = Vec::new();
        content.encode(&mut out);
        let mut input = out.as_slice();
        assert_eq!(Content::decode(&mut input).unwrap(), content);
        assert!(input.is_empty());
        for cut in 0..out.len() {
            assert!(Content::decode(&mut &out[..cut]).is_err(), "cut at {cut}");
        }
        out[2] ^= 1; // the length no longer is the sum of the extents
        assert!(Content::decode(&mut out.as_slice()).is_err());
    }

    #[test]
    fn a_long_tail_spills_into_pages_that_tile_the_content() {
        let mut content = Content::empty(1);
        let mut pages = Vec::new();
        for n in 0..200 {
            content.push(extent(n << 23, 8 << 20, &vec![n as u8; 600_000]));
            pages.extend(content.spill());
            let mut out = Vec::new();
            content.encode(&mut out);
            assert!(out.len() <= INLINE_MAX + 200, "inline {} bytes", out.len());
        }
        assert!(pages.len() > 2);
        let mut at = 0;
        for page in &pages {
            let row = page.encode();
            assert!(row.len() <= 2000);
            let back = Page::decode(&content.page_key(page.end), &row).unwrap();
            assert_eq!((back.start(), &back.extents), (at, &page.extents));
            at = page.end;
        }
        assert_eq!(
            (content.paged(), content.pages() as usize),
            (at, pages.len())
        );
        assert_eq!(content.len(), 200 * 600_000);
    }

    #[test]
    fn growth_reserves_at_most_half_of_what_is_there() {
        let mut content = Content::empty(1);
        assert_eq!(content.next_extent(100), 512);
        content.push(extent(0, 512, &[1; 100]));
        assert_eq!(content.next_extent(100), 4096);
        content.len = 100 << 20;
        assert_eq!(content.next_extent(100), EXTENT_MAX);
    }
}
