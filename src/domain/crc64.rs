//! CRC-64/XZ (ECMA-182 reflected), the checksum of `x-oss-hash-crc64ecma`, and its combination.
//!
//! Bytes go through crc-fast. Combining is ours: crc-fast's takes 125 µs a call where a 64-step multiplication
//! in GF(2) takes less than 1 µs, and every append combines.

use crc_fast::{CrcAlgorithm, Digest};

/// A running CRC-64 over a body.
#[derive(Debug, Clone)]
pub struct Crc64(Digest);

impl Default for Crc64 {
    fn default() -> Self {
        Self(Digest::new(CrcAlgorithm::Crc64Xz))
    }
}

impl Crc64 {
    /// Takes in more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The checksum of all bytes so far; 0 for none (R63).
    pub fn value(&self) -> u64 {
        self.0.finalize()
    }
}

/// The checksum of `bytes`.
pub fn of(bytes: &[u8]) -> u64 {
    crc_fast::checksum(CrcAlgorithm::Crc64Xz, bytes)
}

/// The reflected polynomial of ECMA-182.
const POLYNOMIAL: u64 = 0xC96C_5795_D787_0F42;

/// `a * b mod P`, both reflected: bit 63 is x^0.
const fn multiply(a: u64, mut b: u64) -> u64 {
    let mut product = 0;
    let mut mask = 1u64 << 63;
    while mask != 0 {
        if a & mask != 0 {
            product ^= b;
        }
        b = if b & 1 != 0 {
            (b >> 1) ^ POLYNOMIAL
        } else {
            b >> 1
        };
        mask >>= 1;
    }
    product
}

/// x^(8·2^k) mod P for k = 0..64.
const POWERS: [u64; 64] = {
    let mut powers = [0u64; 64];
    // x^8
    let mut power = 1u64 << (63 - 8);
    let mut k = 0;
    while k < 64 {
        powers[k] = power;
        power = multiply(power, power);
        k += 1;
    }
    powers
};

/// The checksum of `A ‖ B` from those of A and B and B's length in bytes.
pub fn combine(a: u64, b: u64, mut length_b: u64) -> u64 {
    let mut shifted = a;
    let mut k = 0;
    while length_b != 0 {
        if length_b & 1 != 0 {
            shifted = multiply(POWERS[k], shifted);
        }
        length_b >>= 1;
        k += 1;
    }
    shifted ^ b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_values_of_r63() {
        let cases: [(&[u8], u64); 6] = [
            (b"", 0),
            (b"123456789", 11_051_210_869_376_104_954),
            (b"abc", 3_231_342_946_509_354_535),
            (b"test", 18_020_588_380_933_092_773),
            (b"hello", 11_177_612_005_948_864_433),
            (b"hello world", 5_981_764_153_023_615_706),
        ];
        for (bytes, expected) in cases {
            assert_eq!(of(bytes), expected);
            let mut running = Crc64::default();
            for byte in bytes {
                running.update(&[*byte]);
            }
            assert_eq!(running.value(), expected);
        }
    }

    #[test]
    fn combine_equals_the_whole() {
        let bytes: Vec<u8> = (0..100_003u32)
            .map(|i| (i * 7 + i / 251).to_le_bytes()[0])
            .collect();
        for cut in [0, 1, 2, 63, 64, 4096, 65_537, bytes.len() - 1, bytes.len()] {
            let (a, b) = bytes.split_at(cut);
            assert_eq!(
                combine(of(a), of(b), b.len() as u64),
                of(&bytes),
                "cut at {cut}"
            );
            if cut > 0 {
                // Negative control: a length off by one must show.
                assert_ne!(
                    combine(of(a), of(b), b.len() as u64 + 1),
                    of(&bytes),
                    "cut at {cut}"
                );
            }
        }
    }
}
