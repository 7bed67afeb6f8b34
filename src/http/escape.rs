//! Percent escapes of paths, queries and headers, decoded strictly.

use percent_encoding::percent_decode_str;

/// The text without its escapes; none where an escape is not two hex digits or the result is not UTF-8. A plus sign
/// stays one: only queries write spaces so.
pub fn decode(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut escapes = bytes.iter().enumerate().filter(|(_, b)| **b == b'%');
    let whole = escapes.all(|(at, _)| {
        bytes
            .get(at + 1..at + 3)
            .is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
    });
    if !whole {
        return None;
    }
    let decoded = percent_decode_str(text).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_whole_or_refused() {
        let cases = [
            ("", Some("")),
            ("a+b", Some("a+b")),
            ("%e4%B8%AD%25", Some("中%")),
            ("%2525", Some("%25")),
            ("%", None),
            ("%2", None),
            ("a%2", None),
            ("%zz", None),
            ("%2%35", None),
            ("%+5", None),
            ("%FF", None),
        ];
        for (text, expected) in cases {
            assert_eq!(decode(text).as_deref(), expected, "{text}");
        }
    }
}
