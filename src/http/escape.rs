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

/// As `decode`, for headers that name an object: a plus sign is a space. The first official Go SDK escapes these names
/// as it escapes queries, and every other SDK escapes plus signs, so nobody means one.
pub fn decode_name(text: &str) -> Option<String> {
    decode(&text.replace('+', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_headers_may_write_spaces_as_plus_signs() {
        assert_eq!(decode_name("a+b%2B%20c").as_deref(), Some("a b+ c"));
        assert_eq!(decode_name("a+%2"), None);
    }

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
