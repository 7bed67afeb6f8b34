//! Tag sets of objects and buckets and their rules (errors.md §6, append.md R26).

use percent_encoding::percent_decode_str;

/// Most tags of an object.
pub const OBJECT_TAGS_MAX: usize = 10;
/// Most tags of a bucket.
pub const BUCKET_TAGS_MAX: usize = 20;

/// Tags in the order in which they were given; keys are unique.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TagSet(Vec<(String, String)>);

/// Why a tag set is refused. The edge turns each into the code that SDK tests assert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TagError {
    /// More than [`OBJECT_TAGS_MAX`] or [`BUCKET_TAGS_MAX`].
    #[error("too many tags")]
    TooMany,
    /// The same key twice.
    #[error("tag keys must be unique")]
    Duplicate,
    /// The header is not a URL-encoded query of UTF-8.
    #[error("the tags are not encoded as a query string")]
    Encoding,
    /// A key with a forbidden character, or of the wrong length.
    #[error("the tag key is invalid")]
    Key,
    /// A value with a forbidden character, or too long.
    #[error("the tag value is invalid")]
    Value,
}

/// Whether an object's tags may hold `c`. A bucket's may hold anything (Python v1 stores `%@abc`).
pub fn is_tag_character(c: char) -> bool {
    c.is_alphanumeric() || " +-=._:/".contains(c)
}

impl TagSet {
    /// Checks an object's tags: at most 10, keys of 1–128 and values of 0–256 allowed characters.
    pub fn object(tags: Vec<(String, String)>) -> Result<Self, TagError> {
        if tags.len() > OBJECT_TAGS_MAX {
            return Err(TagError::TooMany);
        }
        Self::checked(tags, 128, 256, is_tag_character)
    }

    /// Checks a bucket's tags: at most 20, keys of 1–64 and values of 0–128 bytes, reserved prefixes refused.
    pub fn bucket(tags: Vec<(String, String)>) -> Result<Self, TagError> {
        if tags.len() > BUCKET_TAGS_MAX {
            return Err(TagError::TooMany);
        }
        let reserved = |key: &str| {
            ["http://", "https://", "Aliyun"]
                .iter()
                .any(|p| key.starts_with(p))
        };
        if tags.iter().any(|(key, _)| reserved(key)) {
            return Err(TagError::Key);
        }
        Self::checked(tags, 64, 128, |_| true)
    }

    fn checked(
        tags: Vec<(String, String)>,
        key_max: usize,
        value_max: usize,
        allowed: fn(char) -> bool,
    ) -> Result<Self, TagError> {
        for (at, (key, value)) in tags.iter().enumerate() {
            if tags[..at].iter().any(|(other, _)| other == key) {
                return Err(TagError::Duplicate);
            }
            if key.is_empty() || key.len() > key_max || !key.chars().all(allowed) {
                return Err(TagError::Key);
            }
            if value.len() > value_max || !value.chars().all(allowed) {
                return Err(TagError::Value);
            }
        }
        Ok(Self(tags))
    }

    /// Reads `x-oss-tagging`: `k1=v1&k2=v2`, URL-encoded.
    pub fn from_header(text: &str) -> Result<Self, TagError> {
        let decode = |part: &str| {
            let spaced = part.replace('+', " ");
            percent_decode_str(&spaced)
                .decode_utf8()
                .map(std::borrow::Cow::into_owned)
                .map_err(|_| TagError::Encoding)
        };
        let mut tags = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            if tags.len() > OBJECT_TAGS_MAX {
                return Err(TagError::TooMany);
            }
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            tags.push((decode(key)?, decode(value)?));
        }
        Self::object(tags)
    }

    /// Tags read back from the store.
    pub fn from_stored(tags: Vec<(String, String)>) -> Self {
        Self(tags)
    }

    /// The tags as pairs.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_rules_of_r26() {
        let eleven: Vec<String> = (0..11).map(|n| format!("k{n}=v")).collect();
        let cases = [
            ("k1=v1&k2=v2", Ok(2)),
            ("k=", Ok(1)),
            ("k+1%2B=a%3D", Ok(1)),
            (&eleven.join("&"), Err(TagError::TooMany)),
            ("k=1&k=2", Err(TagError::Duplicate)),
            ("k%26=1", Err(TagError::Key)),
            ("=1", Err(TagError::Key)),
            ("k=%26", Err(TagError::Value)),
            ("k=%FF", Err(TagError::Encoding)),
        ];
        for (text, expected) in cases {
            assert_eq!(
                TagSet::from_header(text).map(|t| t.len()),
                expected,
                "{text}"
            );
        }
    }
}
