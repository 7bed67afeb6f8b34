//! `Range` and `x-oss-copy-source-range`: which bytes of an object are asked for. Pure functions (table E.4).

use std::ops::Range;

/// What a range asks of an object of known size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// The whole object: no range, or one that the service ignores.
    Whole,
    /// These bytes; never empty.
    Part(Range<u64>),
    /// `InvalidRange`.
    Unsatisfiable,
}

/// Resolves a `Range` header against `size` bytes.
///
/// By default the service ignores a range that does not lie inside the object and sends everything; with
/// `x-oss-range-behavior: standard` it clips or refuses as HTTP says. Several ranges, other units and malformed
/// text are ignored either way.
pub fn select(header: Option<&str>, standard: bool, size: u64) -> Selection {
    let Some((first, last)) = header.and_then(bounds) else {
        return Selection::Whole;
    };
    let outside = if standard {
        Selection::Unsatisfiable
    } else {
        Selection::Whole
    };
    match (first, last) {
        (None, 0) => Selection::Unsatisfiable,
        (None, _) if size == 0 => outside,
        (None, count) => Selection::Part(size.saturating_sub(count)..size),
        (Some(first), _) if first >= size => outside,
        (Some(first), last) if first > last => Selection::Whole,
        (Some(first), u64::MAX) => Selection::Part(first..size),
        (Some(_), last) if last >= size && !standard => Selection::Whole,
        (Some(first), last) => Selection::Part(first..size.min(last.saturating_add(1))),
    }
}

/// First and last byte of `bytes=a-b`; no first byte for a suffix, `u64::MAX` as the last of an open range.
fn bounds(header: &str) -> Option<(Option<u64>, u64)> {
    let (first, last) = header.trim().strip_prefix("bytes=")?.split_once('-')?;
    match (number(first), number(last)) {
        (Some(first), Some(last)) => Some((Some(first), last.min(u64::MAX - 1))),
        (Some(first), None) if last.trim().is_empty() => Some((Some(first), u64::MAX)),
        (None, Some(count)) if first.trim().is_empty() => Some((None, count)),
        _ => None,
    }
}

/// Decimal digits only; more than fit count as the greatest number.
fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::Selection::{Part, Unsatisfiable, Whole};
    use super::*;

    #[test]
    fn table_e4() {
        // header, default, standard; the object has 10 bytes
        let cases = [
            ("bytes=0-9", Part(0..10), Part(0..10)),
            ("bytes=2-3", Part(2..4), Part(2..4)),
            ("bytes=9-9", Part(9..10), Part(9..10)),
            ("bytes=5-", Part(5..10), Part(5..10)),
            ("bytes= 5 - ", Part(5..10), Part(5..10)),
            ("bytes=-3", Part(7..10), Part(7..10)),
            ("bytes=-10", Part(0..10), Part(0..10)),
            ("bytes=-11", Part(0..10), Part(0..10)),
            ("bytes=0-10", Whole, Part(0..10)),
            ("bytes=5-99999999999999999999", Whole, Part(5..10)),
            ("bytes=5-18446744073709551615", Whole, Part(5..10)),
            ("bytes=10-", Whole, Unsatisfiable),
            ("bytes=10-12", Whole, Unsatisfiable),
            ("bytes=99999999999999999999-", Whole, Unsatisfiable),
            ("bytes=-0", Unsatisfiable, Unsatisfiable),
            ("bytes=5-4", Whole, Whole),
            ("bytes=0-1,3-4", Whole, Whole),
            ("bytes=-", Whole, Whole),
            ("bytes=", Whole, Whole),
            ("bytes=a-b", Whole, Whole),
            ("bytes=+1-2", Whole, Whole),
            ("bytes=1--2", Whole, Whole),
            ("items=0-1", Whole, Whole),
            ("0-1", Whole, Whole),
        ];
        for (header, default, standard) in cases {
            assert_eq!(select(Some(header), false, 10), default, "{header}");
            assert_eq!(
                select(Some(header), true, 10),
                standard,
                "{header} standard"
            );
        }
        assert_eq!(select(None, true, 10), Whole);
    }

    #[test]
    fn an_empty_object_has_no_part() {
        for header in ["bytes=0-", "bytes=0-0", "bytes=-1"] {
            assert_eq!(select(Some(header), false, 0), Whole, "{header}");
            assert_eq!(select(Some(header), true, 0), Unsatisfiable, "{header}");
        }
    }
}
