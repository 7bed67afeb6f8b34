//! Names of buckets and objects and the numbers beside them, by the rules of the service.
//!
//! A key is bytes of UTF-8 and never becomes a path.

use std::borrow::Borrow;
use std::fmt;

/// Longest object key, in bytes of UTF-8 (spec errors.md §6).
pub const KEY_BYTES_MAX: usize = 1023;

/// A name that breaks the rules, with the reason that the service's message gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The bucket name breaks `^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`.
    #[error("the specified bucket is not valid")]
    Bucket,
    /// The key is empty.
    #[error("the object name can not be empty")]
    KeyEmpty,
    /// The key has more than [`KEY_BYTES_MAX`] bytes.
    #[error("the length of object name must be less than 1024")]
    KeyTooLong,
    /// The key starts with `/` or `\`, or is not UTF-8.
    #[error("the specified object is not valid")]
    KeyInvalid,
}

/// A bucket name: 3 to 63 of `a-z 0-9 -`, first and last alphanumeric.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BucketName(String);

impl BucketName {
    /// Checks the rules of spec errors.md §6.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let bytes = text.as_bytes();
        let plain = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let fits = (3..=63).contains(&bytes.len())
            && bytes.iter().all(|b| plain(b) || *b == b'-')
            && bytes.first().is_some_and(plain)
            && bytes.last().is_some_and(plain);
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError::Bucket)
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for BucketName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// An object key: 1 to 1023 bytes of UTF-8 that do not start with `/` or `\`. Compared byte-wise.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey(String);

impl ObjectKey {
    /// Checks the rules of spec errors.md §6 (append.md R11).
    pub fn parse(text: &str) -> Result<Self, NameError> {
        match text.as_bytes() {
            [] => Err(NameError::KeyEmpty),
            bytes if bytes.len() > KEY_BYTES_MAX => Err(NameError::KeyTooLong),
            [b'/' | b'\\', ..] => Err(NameError::KeyInvalid),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key's bytes, the order of listings.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_names_follow_the_rules() {
        let longest = "a".repeat(63);
        for good in ["abc", "a-c", "0bucket9", longest.as_str()] {
            assert!(BucketName::parse(good).is_ok(), "{good}");
        }
        let too_long = "a".repeat(64);
        for bad in [
            "",
            "ab",
            "-ab",
            "ab-",
            "Abc",
            "a_c",
            "a.c",
            "äbc",
            too_long.as_str(),
        ] {
            assert_eq!(BucketName::parse(bad), Err(NameError::Bucket), "{bad}");
        }
    }

    #[test]
    fn keys_follow_the_rules() {
        let longest = "k".repeat(1023);
        for good in [
            "a",
            "a/../b",
            "dir/",
            "中文",
            "a\\b",
            "\u{1}",
            longest.as_str(),
        ] {
            assert!(ObjectKey::parse(good).is_ok(), "{good}");
        }
        let too_long = "k".repeat(1024);
        let cases = [
            ("", NameError::KeyEmpty),
            ("/a", NameError::KeyInvalid),
            ("\\a", NameError::KeyInvalid),
            (too_long.as_str(), NameError::KeyTooLong),
        ];
        for (bad, why) in cases {
            assert_eq!(ObjectKey::parse(bad), Err(why), "{bad}");
        }
    }
}
