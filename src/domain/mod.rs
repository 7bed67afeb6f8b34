//! Pure types of the protocol: names, times, digests, headers. Imports nothing of ours.
//!
//! A value of one of these types is valid by construction: parsing happens once, at the edge, and everything
//! behind it takes the type. Nothing here does I/O.

pub mod bucket;
pub mod crc64;
pub mod etag;
pub mod hex;
pub mod ids;
pub mod name;
pub mod object;
pub mod tags;
pub mod time;
