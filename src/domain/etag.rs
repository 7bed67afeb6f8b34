//! Entity tags: how each kind of object gets one.

use super::hex;
use super::time::Timestamp;
use std::fmt;

/// An entity tag without its quotes, upper-case hex, for Multipart with `-<parts>` behind it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ETag(String);

impl ETag {
    /// The tag of a Normal object or a part: its MD5.
    pub fn of_md5(md5: [u8; 16]) -> Self {
        Self(hex::upper(&md5))
    }

    /// The tag of an append object (R49): CRC-64 and seconds of the last change, both little-endian, then zeros.
    pub fn of_append(crc64: u64, changed: Timestamp) -> Self {
        let mut bytes = [0u8; 16];
        bytes[..8].copy_from_slice(&crc64.to_le_bytes());
        // Four bytes hold the seconds until 2106; the low ones are what the service shows.
        let seconds = u32::try_from(changed.seconds() & 0xFFFF_FFFF).unwrap_or(0);
        bytes[8..12].copy_from_slice(&seconds.to_le_bytes());
        Self(hex::upper(&bytes))
    }

    /// The tag of a completed multipart upload: MD5 of the parts' MD5s and their number.
    pub fn of_parts(md5_of_md5s: [u8; 16], parts: usize) -> Self {
        Self(format!("{}-{parts}", hex::upper(&md5_of_md5s)))
    }

    /// A tag read back from the store.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The tag without quotes.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tag in quotes, as in the header and in XML.
    pub fn quoted(&self) -> String {
        format!("\"{}\"", self.0)
    }

    /// Whether a client's text names this tag: quotes are optional, case does not matter.
    pub fn matches(&self, text: &str) -> bool {
        let bare = text.trim();
        let bare = bare
            .strip_prefix('"')
            .and_then(|t| t.strip_suffix('"'))
            .unwrap_or(bare);
        bare.eq_ignore_ascii_case(&self.0)
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn append_tags_have_the_layout_of_r49() {
        let cases = [
            (
                14_741_617_095_266_562_575,
                0x559C_C9BD,
                "0F7230CAA4BE94CCBDC99C5500000000",
            ),
            (
                3_231_342_946_509_354_535,
                0x5CAC_18A5,
                "2776271A4A09D82CA518AC5C00000000",
            ),
        ];
        for (crc, seconds, tag) in cases {
            assert_eq!(
                ETag::of_append(crc, Timestamp::from_seconds(seconds)).as_str(),
                tag
            );
        }
    }

    #[test]
    fn matching_ignores_quotes_and_case() {
        let tag = ETag::of_md5([0xAB; 16]);
        assert!(tag.matches(&tag.quoted().to_lowercase()));
        assert!(tag.matches(tag.as_str()));
        assert!(!tag.matches("\"AB\""));
    }
}
