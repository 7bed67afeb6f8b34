//! Digests the tests compute for themselves: CRC-64/XZ bit by bit (R63), MD5, and the shape of an append object's ETag (R49).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest as _, Md5};

/// CRC-64/XZ of `bytes`, continuing from `initial` (0 to start), one bit at a time.
pub fn crc64_from(initial: u64, bytes: &[u8]) -> u64 {
    let mut register = !initial;
    for byte in bytes {
        register ^= u64::from(*byte);
        for _ in 0..8 {
            let carry = register & 1;
            register >>= 1;
            if carry == 1 {
                register ^= 0xC96C_5795_D787_0F42;
            }
        }
    }
    !register
}

/// CRC-64/XZ of `bytes`.
pub fn crc64(bytes: &[u8]) -> u64 {
    crc64_from(0, bytes)
}

/// `Content-MD5` of `bytes`: base64 of the sixteen bytes.
pub fn md5_base64(bytes: &[u8]) -> String {
    BASE64.encode(Md5::digest(bytes))
}

/// The quoted upper-case MD5 that is the ETag of a Normal object.
pub fn md5_etag(bytes: &[u8]) -> String {
    format!("\"{}\"", hex::encode_upper(Md5::digest(bytes)))
}

/// Base64 of anything.
pub fn base64_encode(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// Base64 back to bytes; panics on what is not base64.
pub fn base64_decode(text: &str) -> Vec<u8> {
    BASE64
        .decode(text)
        .unwrap_or_else(|error| panic!("not base64: {text:?}: {error}"))
}

/// Takes the ETag of an append object apart: (crc64, unix seconds, tail), or why it is not one (R49).
pub fn append_etag(etag: &str) -> Result<(u64, u32, u32), String> {
    let inner = etag
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .ok_or_else(|| format!("{etag} is not quoted"))?;
    if inner.len() != 32
        || inner
            .bytes()
            .any(|byte| !matches!(byte, b'0'..=b'9' | b'A'..=b'F'))
    {
        return Err(format!("{etag} is not 32 upper-case hex digits"));
    }
    let bytes = hex::decode(inner).map_err(|error| error.to_string())?;
    let (crc, rest) = bytes.split_first_chunk().ok_or("too short")?;
    let (seconds, rest) = rest.split_first_chunk().ok_or("too short")?;
    let (tail, _) = rest.split_first_chunk().ok_or("too short")?;
    Ok((
        u64::from_le_bytes(*crc),
        u32::from_le_bytes(*seconds),
        u32::from_le_bytes(*tail),
    ))
}

/// R63: the algorithm's check values, and that it resumes.
#[test]
fn crc64_check_values() {
    const CASES: &[(&str, u64)] = &[
        ("", 0),
        ("123456789", 11_051_210_869_376_104_954),
        ("abc", 3_231_342_946_509_354_535),
        ("test", 18_020_588_380_933_092_773),
        ("hello", 11_177_612_005_948_864_433),
        ("hello world", 5_981_764_153_023_615_706),
    ];
    for (text, value) in CASES {
        assert_eq!(crc64(text.as_bytes()), *value, "{text:?}");
    }
    assert_eq!(
        crc64_from(crc64(b"hello"), b" world"),
        crc64(b"hello world")
    );
}

/// R49: a captured ETag takes apart into the crc and time that were captured with it.
#[test]
fn append_etag_of_the_documentation() {
    let (crc, seconds, tail) = append_etag("\"0F7230CAA4BE94CCBDC99C5500000000\"").unwrap();
    assert_eq!(crc, 14_741_617_095_266_562_575);
    assert_eq!(seconds, 0x559C_C9BD);
    assert_eq!(tail, 0);
    assert!(
        append_etag("0F7230CAA4BE94CCBDC99C5500000000").is_err(),
        "unquoted"
    );
    assert!(
        append_etag("\"0f7230caa4be94ccbdc99c5500000000\"").is_err(),
        "lower case"
    );
}
