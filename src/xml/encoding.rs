//! `encoding-type=url`: how keys and their parts stand in answers (operations.md §0.2).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but unreserved characters and `/`: a space becomes `%20` and a plus sign `%2B`, so that form decoding
/// (what most SDKs do) and plain decoding give the same text.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/');

/// Whether an answer percent-encodes its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// Keys as they are.
    #[default]
    Plain,
    /// Keys percent-encoded, announced by `EncodingType`.
    Url,
}

impl Encoding {
    /// Reads the query parameter; none for a value other than `url`. Empty counts as absent, as Node sends it.
    pub fn parse(value: Option<&str>) -> Option<Self> {
        match value {
            None | Some("") => Some(Self::Plain),
            Some(value) if value.eq_ignore_ascii_case("url") => Some(Self::Url),
            Some(_) => None,
        }
    }

    /// A key, prefix, marker or delimiter as it stands in the answer.
    pub fn text(self, value: &str) -> String {
        match self {
            Self::Plain => value.to_owned(),
            Self::Url => percent(value),
        }
    }

    /// The `EncodingType` element.
    pub fn name(self) -> Option<String> {
        match self {
            Self::Plain => None,
            Self::Url => Some("url".to_owned()),
        }
    }
}

/// `value` percent-encoded with upper-case digits; `/` stays.
pub fn percent(value: &str) -> String {
    utf8_percent_encode(value, VALUE).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_for_both_kinds_of_decoder() {
        let cases = [
            ("a/b-c_d.e~f", "a/b-c_d.e~f"),
            ("a b+c", "a%20b%2Bc"),
            ("%3\u{1}\\", "%253%01%5C"),
            ("中", "%E4%B8%AD"),
            ("*'()!", "%2A%27%28%29%21"),
        ];
        for (plain, encoded) in cases {
            assert_eq!(Encoding::Url.text(plain), encoded);
            assert_eq!(Encoding::Plain.text(plain), plain);
        }
    }

    #[test]
    fn reads_the_parameter() {
        assert_eq!(Encoding::parse(None), Some(Encoding::Plain));
        assert_eq!(Encoding::parse(Some("")), Some(Encoding::Plain));
        assert_eq!(Encoding::parse(Some("url")), Some(Encoding::Url));
        assert_eq!(Encoding::parse(Some("base64")), None);
    }
}
