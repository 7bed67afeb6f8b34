//! Watches the head of a request as it passes, for what hyper does not pass on: it serves a request with both
//! `Content-Length` and `Transfer-Encoding` by the latter and drops the former, where we refuse such a request unless both say the same.
//!
//! Only heads that a client waited to send are seen. One that was pipelined behind a body is framed by hyper alone,
//! which closes the connection after a request that is framed twice, so that nothing can hide behind it either way.

use crate::http::connection::FramedTwice;

const NAMES: [&[u8]; 2] = [b"content-length", b"transfer-encoding"];
const NAME_BYTES_MAX: usize = 17;

/// What has been seen of the head that is arriving.
#[derive(Debug, Default)]
pub(super) struct HeadScan {
    /// The name of the current line, in lower case, as far as it matters.
    name: [u8; NAME_BYTES_MAX],
    name_bytes: usize,
    /// What is left of the current line does not matter.
    rest_is_passed_over: bool,
    seen: [bool; 2],
    /// What is left of the current line is the value of `Content-Length`.
    in_length: bool,
    /// What `Content-Length` says; none while it says no number, or says it twice.
    length: Length,
    /// The empty line has come; what follows is body.
    done: bool,
}

/// A number that is being read.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Length {
    #[default]
    Absent,
    Number(u64),
    Bad,
}

impl HeadScan {
    /// Looks at the next bytes. Once the head is known to frame its body twice, answers the length that it claims.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Option<FramedTwice> {
        let mut bytes = bytes;
        while !self.done {
            if self.rest_is_passed_over {
                let end = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
                bytes = bytes.get(end..).unwrap_or_default();
            }
            let Some((byte, rest)) = bytes.split_first() else {
                break;
            };
            bytes = rest;
            match byte {
                b'\n' => self.end_line(),
                b'\r' => {}
                other if self.in_length => self.length = self.length.and(*other),
                b':' => {
                    self.note_name();
                    self.rest_is_passed_over = !self.in_length;
                }
                other if self.name_bytes < NAME_BYTES_MAX => {
                    self.name[self.name_bytes] = other.to_ascii_lowercase();
                    self.name_bytes += 1;
                }
                // Longer than either name.
                _ => self.rest_is_passed_over = true,
            }
        }
        let length = match self.length {
            Length::Number(length) => Some(length),
            Length::Absent | Length::Bad => None,
        };
        (self.seen == [true, true]).then_some(FramedTwice { length })
    }

    fn note_name(&mut self) {
        let name = &self.name[..self.name_bytes];
        if name == NAMES[0] {
            self.in_length = true;
            if self.seen[0] {
                self.length = Length::Bad;
            }
        }
        for (seen, wanted) in self.seen.iter_mut().zip(NAMES) {
            *seen |= name == wanted;
        }
    }

    fn end_line(&mut self) {
        self.done = self.name_bytes == 0 && !self.rest_is_passed_over;
        self.name_bytes = 0;
        self.rest_is_passed_over = false;
        self.in_length = false;
    }
}

impl Length {
    /// The number with another character behind it.
    fn and(self, character: u8) -> Self {
        match (self, character) {
            (same, b' ' | b'\t') => same,
            (Self::Absent, b'0'..=b'9') => Self::Number(u64::from(character - b'0')),
            (Self::Number(number), b'0'..=b'9') => number
                .checked_mul(10)
                .and_then(|tens| tens.checked_add(u64::from(character - b'0')))
                .map_or(Self::Bad, Self::Number),
            _ => Self::Bad,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_both_framings_however_the_bytes_arrive() {
        const AGREE: Option<FramedTwice> = Some(FramedTwice { length: Some(4) });
        const BAD: Option<FramedTwice> = Some(FramedTwice { length: None });
        const CASES: &[(&str, Option<FramedTwice>)] = &[
            (
                "PUT /k HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
                AGREE,
            ),
            (
                "PUT /k HTTP/1.1\r\nTRANSFER-ENCODING:chunked\r\nHost: x\r\ncontent-length: 4\r\n\r\n",
                AGREE,
            ),
            (
                "PUT /k HTTP/1.1\nContent-Length: 4\nTransfer-Encoding: chunked\n\n",
                AGREE,
            ),
            (
                "PUT /k HTTP/1.1\r\nContent-Length: 4\r\n\r\nTransfer-Encoding: chunked\r\n",
                None,
            ),
            (
                "PUT /k HTTP/1.1\r\nContent-Length: 4\r\nX: Transfer-Encoding: chunked\r\n\r\n",
                None,
            ),
            (
                "PUT /k HTTP/1.1\r\nTransfer-Encoding: chunked\r\nX-Content-Length: 4\r\n\r\n",
                None,
            ),
            (
                "PUT /k HTTP/1.1\r\nTransfer-Encodings: chunked\r\nContent-Length-And-More: 4\r\n\r\n",
                None,
            ),
            (
                "PUT /k HTTP/1.1\r\nContent-Length: 4x\r\nTransfer-Encoding: chunked\r\n\r\n",
                BAD,
            ),
            (
                "PUT /k HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
                BAD,
            ),
        ];
        for (head, expected) in CASES {
            for size in [1, 2, 7, 1000] {
                let mut scan = HeadScan::default();
                let mut found = None;
                for part in head.as_bytes().chunks(size) {
                    found = scan.feed(part);
                }
                assert_eq!(found, *expected, "{head:?} in parts of {size}");
            }
        }
    }
}
