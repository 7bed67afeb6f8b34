//! `If-Match` and its relatives on reads and on copy sources. Pure functions (operations.md §E.5).

use crate::domain::etag::ETag;
use crate::domain::time::Timestamp;
use crate::error::{Code, Error, Result};
use http::header::{ETAG, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE};
use http::header::{HeaderName, LAST_MODIFIED};
use http::{HeaderMap, HeaderValue};

/// What the reader wants to be true of the object. Unparsable dates count as absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    match_tag: Option<String>,
    none_match_tag: Option<String>,
    modified_since: Option<Timestamp>,
    unmodified_since: Option<Timestamp>,
}

const COPY_SOURCE: [HeaderName; 4] = [
    HeaderName::from_static("x-oss-copy-source-if-match"),
    HeaderName::from_static("x-oss-copy-source-if-none-match"),
    HeaderName::from_static("x-oss-copy-source-if-modified-since"),
    HeaderName::from_static("x-oss-copy-source-if-unmodified-since"),
];

impl Conditions {
    /// The conditions of a read.
    pub fn of_read(headers: &HeaderMap) -> Self {
        Self::read(
            headers,
            &[
                IF_MATCH,
                IF_NONE_MATCH,
                IF_MODIFIED_SINCE,
                IF_UNMODIFIED_SINCE,
            ],
        )
    }

    /// The conditions on a copy's source. Plain `If-*` headers mean nothing on a copy; Node sends both.
    pub fn of_copy_source(headers: &HeaderMap) -> Self {
        Self::read(headers, &COPY_SOURCE)
    }

    fn read(headers: &HeaderMap, names: &[HeaderName; 4]) -> Self {
        let text = |name: &HeaderName| {
            let value = headers.get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let [match_tag, none_match_tag, modified, unmodified] = names;
        let date = |name| text(name).and_then(|text| Timestamp::parse_rfc1123(&text));
        Self {
            match_tag: text(match_tag),
            none_match_tag: text(none_match_tag),
            modified_since: date(modified),
            unmodified_since: date(unmodified),
        }
    }

    /// Tests the object: first what can fail with 412, then what can end in 304. Times compare in whole seconds,
    /// as `Last-Modified` shows them; a date in the future is a date like any other.
    pub fn check(&self, etag: &ETag, modified: Timestamp) -> Result<()> {
        let modified_second = modified.floor_to_second();
        if self
            .match_tag
            .as_ref()
            .is_some_and(|tag| !etag.matches(tag))
        {
            return Err(failed("If-Match"));
        }
        if self
            .unmodified_since
            .is_some_and(|date| modified_second > date)
        {
            return Err(failed("If-Unmodified-Since"));
        }
        let same_tag = self.none_match_tag.as_ref().map(|tag| etag.matches(tag));
        let unchanged = self.modified_since.map(|date| modified_second <= date);
        // Combined, both must say "not modified": one that asks for the object wins.
        let not_modified = match (same_tag, unchanged) {
            (None, None) => false,
            (tag, date) => tag.unwrap_or(true) && date.unwrap_or(true),
        };
        if not_modified {
            return Err(not_modified_answer(etag, modified));
        }
        Ok(())
    }
}

/// The condition is an element of its own, with its plain name also on copies: ali-oss puts it behind the message
/// by itself, and its tests compare the whole.
fn failed(condition: &'static str) -> Error {
    Error::new(Code::PreconditionFailed).field("Condition", condition)
}

fn not_modified_answer(etag: &ETag, modified: Timestamp) -> Error {
    let mut error = Error::new(Code::NotModified);
    for (name, text) in [(ETAG, etag.quoted()), (LAST_MODIFIED, modified.rfc1123())] {
        if let Ok(value) = HeaderValue::try_from(text) {
            error = error.header(name, value);
        }
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: &str = "ABABABABABABABABABABABABABABABAB";
    const BEFORE: &str = "Wed, 28 Dec 2022 10:27:40 GMT";
    const SAME: &str = "Wed, 28 Dec 2022 10:27:41 GMT";
    const AFTER: &str = "Thu, 28 Dec 2023 10:27:41 GMT";

    fn outcome(conditions: &[(&str, &str)], copy: bool) -> u16 {
        let mut headers = HeaderMap::new();
        for (name, value) in conditions {
            let prefix = if copy { "x-oss-copy-source-" } else { "" };
            let name = HeaderName::try_from(format!("{prefix}{name}")).expect("name");
            headers.insert(name, HeaderValue::from_str(value).expect("value"));
        }
        let read = if copy {
            Conditions::of_copy_source(&headers)
        } else {
            Conditions::of_read(&headers)
        };
        // .045 s: the milliseconds must not count
        match read.check(&ETag::of_md5([0xAB; 16]), Timestamp(1_672_223_261_045)) {
            Ok(()) => 200,
            Err(error) => error.status().as_u16(),
        }
    }

    #[test]
    fn section_e5() {
        let quoted = format!("\"{TAG}\"");
        let lower = quoted.to_lowercase();
        let cases: &[(&[(&str, &str)], u16)] = &[
            (&[], 200),
            (&[("if-match", &quoted)], 200),
            (&[("if-match", &lower)], 200),
            (&[("if-match", TAG)], 200),
            (&[("if-match", "foo")], 412),
            (&[("if-none-match", &quoted)], 304),
            (&[("if-none-match", "foo")], 200),
            (&[("if-modified-since", BEFORE)], 200),
            (&[("if-modified-since", SAME)], 304),
            (&[("if-modified-since", AFTER)], 304),
            (&[("if-modified-since", "yesterday")], 200),
            (&[("if-unmodified-since", BEFORE)], 412),
            (&[("if-unmodified-since", SAME)], 200),
            (&[("if-unmodified-since", AFTER)], 200),
            (&[("if-match", TAG), ("if-unmodified-since", BEFORE)], 412),
            (&[("if-match", "foo"), ("if-none-match", TAG)], 412),
            (&[("if-match", TAG), ("if-none-match", TAG)], 304),
            (&[("if-none-match", TAG), ("if-modified-since", SAME)], 304),
            (
                &[("if-none-match", "foo"), ("if-modified-since", SAME)],
                200,
            ),
            (
                &[("if-none-match", TAG), ("if-modified-since", BEFORE)],
                200,
            ),
        ];
        for (conditions, expected) in cases {
            for copy in [false, true] {
                assert_eq!(
                    outcome(conditions, copy),
                    *expected,
                    "{conditions:?} {copy}"
                );
            }
        }
    }

    #[test]
    fn the_answers_name_what_failed() {
        let error = failed("If-Unmodified-Since");
        assert_eq!(
            error.text(),
            "At least one of the pre-conditions you specified did not hold."
        );
        assert_eq!(
            error.fields(),
            [("Condition", "If-Unmodified-Since".to_owned())]
        );
        let error = not_modified_answer(&ETag::of_md5([0xAB; 16]), Timestamp(0));
        assert_eq!(error.headers().len(), 2);
    }
}
