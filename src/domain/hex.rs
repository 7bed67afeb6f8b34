//! Bytes as hex digits. `hex::encode` builds its text character by character, at several times the cost.

/// Two lower-case digits for each byte.
pub fn lower(bytes: &[u8]) -> String {
    let mut digits = vec![0; 2 * bytes.len()];
    // The room is right and digits are text, so neither fails.
    let _ = hex::encode_to_slice(bytes, &mut digits);
    String::from_utf8(digits).unwrap_or_default()
}

/// Two upper-case digits for each byte.
pub fn upper(bytes: &[u8]) -> String {
    let mut text = lower(bytes);
    text.make_ascii_uppercase();
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn writes_every_digit() {
        let bytes = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];
        assert_eq!(super::lower(&bytes), "0123456789abcdef");
        assert_eq!(super::upper(&bytes), "0123456789ABCDEF");
        assert_eq!(super::lower(&[]), "");
    }
}
