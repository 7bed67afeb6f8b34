//! Little-endian varints and length-prefixed bytes: the alphabet of log records, contents and engine rows.
//! Every reader is bounded by the slice it gets and answers `None` instead of panicking.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)] // the codec cuts numbers on purpose

/// Appends `value` as an LEB128 varint (1 to 10 bytes).
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Takes a varint off the front; `None` when it is cut short or does not fit 64 bits.
pub(crate) fn take_varint(input: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = input.split_first()?;
        *input = rest;
        let bits = u64::from(byte & 0x7f);
        if shift == 63 && bits > 1 {
            return None;
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Appends a signed number, small magnitudes short.
pub(crate) fn put_signed(out: &mut Vec<u8>, value: i64) {
    put_varint(out, ((value << 1) ^ (value >> 63)) as u64);
}

/// Takes a signed number off the front.
pub(crate) fn take_signed(input: &mut &[u8]) -> Option<i64> {
    let raw = take_varint(input)?;
    Some((raw >> 1) as i64 ^ -((raw & 1) as i64))
}

/// Appends a length and the bytes.
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Takes exactly `len` bytes off the front.
pub(crate) fn take_exact<'a>(input: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (head, rest) = input.split_at_checked(len)?;
    *input = rest;
    Some(head)
}

/// Takes a length and that many bytes off the front.
pub(crate) fn take_bytes<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = usize::try_from(take_varint(input)?).ok()?;
    take_exact(input, len)
}

/// Takes one byte off the front.
pub(crate) fn take_u8(input: &mut &[u8]) -> Option<u8> {
    let (&byte, rest) = input.split_first()?;
    *input = rest;
    Some(byte)
}

/// Takes a little-endian `u32` off the front.
pub(crate) fn take_u32(input: &mut &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(take_exact(input, 4)?.try_into().ok()?))
}

/// The next varint as a `u32`.
pub(crate) fn take_small(input: &mut &[u8]) -> Option<u32> {
    u32::try_from(take_varint(input)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_round_trip_and_refuse_what_is_cut_or_too_long() {
        for value in [
            0,
            1,
            127,
            128,
            16_383,
            16_384,
            u64::from(u32::MAX),
            u64::MAX,
        ] {
            let mut out = Vec::new();
            put_varint(&mut out, value);
            let mut input = out.as_slice();
            assert_eq!(take_varint(&mut input), Some(value));
            assert!(input.is_empty());
            assert_eq!(take_varint(&mut &out[..out.len() - 1]), None, "cut {value}");
        }
        assert_eq!(take_varint(&mut [0xff; 11].as_slice()), None);
        let mut high = [0x80u8; 10];
        high[9] = 2;
        assert_eq!(take_varint(&mut high.as_slice()), None, "65 bits");
    }

    #[test]
    fn signed_numbers_round_trip() {
        for value in [0, 1, -1, 63, -64, i64::MAX, i64::MIN] {
            let mut out = Vec::new();
            put_signed(&mut out, value);
            assert_eq!(take_signed(&mut out.as_slice()), Some(value));
        }
    }

    #[test]
    fn bytes_longer_than_the_input_are_refused() {
        let mut out = Vec::new();
        put_bytes(&mut out, b"abc");
        assert_eq!(take_bytes(&mut out.as_slice()), Some(b"abc".as_slice()));
        assert_eq!(take_bytes(&mut &out[..3]), None);
        assert_eq!(
            take_bytes(&mut [0xff, 0xff, 0xff, 0xff, 0x7f, 0].as_slice()),
            None
        );
    }
}
