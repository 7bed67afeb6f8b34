//! Image processing: what the text of `x-oss-process` asks for, and the picture that comes of it. No HTTP.
//!
//! [`Plan::parse`] reads the text, [`Plan::run`] does the work on bytes in memory, and a [`Workshop`] lets few at a time
//! work. Actions are applied in their order; format and quality count once, at the end, and an upright orientation once,
//! at the beginning.
//!
//! Source of the behaviour: the public documentation of the actions, and its pages of extended codes (`40-IMAGE`).

mod codec;
mod geometry;
mod moving;
mod paint;
mod plan;
mod workshop;

pub use plan::Plan;
pub use workshop::{Finished, Workshop};

/// Most bytes of a source (documented: 20 MB).
pub const SOURCE_BYTES_MAX: u64 = 20 * 1024 * 1024;
/// Longest side of a source in pixels (documented).
const SOURCE_SIDE_MAX: u32 = 30_000;
/// Most pixels of a source that is only looked at (documented).
const SOURCE_PIXELS_MAX: u64 = 250_000_000;
/// Most pixels of a source that is decoded. The service takes [`SOURCE_PIXELS_MAX`], which would be a gigabyte here.
const DECODED_PIXELS_MAX: u64 = 40_000_000;
/// Most bytes that a decoder may take.
const DECODER_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Longest side of a picture that is rotated (documented).
const ROTATED_SIDE_MAX: u32 = 4096;
/// Longest side of a picture that is scaled, and of what is cut out (documented).
const RESULT_SIDE_MAX: u32 = 16_384;
/// Most pixels of a picture that is scaled (documented).
const RESULT_PIXELS_MAX: u64 = 16_777_216;

/// What comes of a plan.
#[derive(Debug)]
pub struct Outcome {
    /// The picture, or the JSON text that was asked for.
    pub bytes: Vec<u8>,
    /// Its type.
    pub content_type: &'static str,
}

/// Why nothing comes of it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A parameter is malformed or out of its range.
    #[error("the value {value} of {name} is invalid")]
    Argument {
        /// The parameter, or the action.
        name: &'static str,
        /// What was given.
        value: String,
        /// The extended code.
        ec: &'static str,
    },
    /// An action, a format or a kind of processing that is not offered.
    #[error("{0} is not offered")]
    NotOffered(String),
    /// The source is of no known format.
    #[error("the source is no image of a known format")]
    UnknownFormat,
    /// The source is broken.
    #[error("the source can not be decoded: {0}")]
    Damaged(image::ImageError),
    /// The rectangle to cut out starts outside.
    #[error("the rectangle starts outside of the image")]
    Outside,
    /// The source or the result is larger than a limit.
    #[error("the image is too large: {limit}")]
    TooLarge {
        /// The limit in words.
        limit: &'static str,
        /// The extended code.
        ec: &'static str,
    },
    /// The work broke off.
    #[error("image processing broke off: {0}")]
    Broken(String),
}

type Result<T> = std::result::Result<T, Error>;

impl Error {
    fn argument(name: &'static str, value: &str, ec: &'static str) -> Self {
        Self::Argument {
            name,
            value: value.to_owned(),
            ec,
        }
    }

    /// What a decoder says: a limit, or a broken source.
    fn decoding(error: image::ImageError) -> Self {
        match error {
            image::ImageError::Limits(_) => Self::TooLarge {
                limit: "the source needs more memory than there is for one",
                ec: EC_SOURCE_PIXELS,
            },
            other => Self::Damaged(other),
        }
    }
}

/// More pixels in the source than the limit.
const EC_SOURCE_PIXELS: &str = "0040-00000012";
/// A longer side in the source than the limit (published for JPEG).
const EC_SOURCE_SIDE: &str = "0040-00000019";
/// A larger result than the limit.
const EC_RESULT: &str = "0040-00000007";

#[cfg(test)]
mod tests;
