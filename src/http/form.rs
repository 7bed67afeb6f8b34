//! `multipart/form-data` as it streams in (PostObject): part by part, every part's head and text bounded, a file
//! handed on in pieces.
//!
//! Our own, since multer 3.1 reads its source for as long as it is ready before it hands anything on: a fast client
//! would fill the memory with its file.

use crate::error::{Code, Error, Result};
use crate::http::body::RequestBody;
use bytes::{Bytes, BytesMut};
use memchr::memmem::Finder;

/// Longest head of a part in bytes: a name of 8 KiB and room for the rest.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Longest boundary in bytes (RFC 2046 §5.1.1).
const BOUNDARY_BYTES_MAX: usize = 70;

/// What stands before a part's bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartHead {
    /// The field's name.
    pub name: String,
    /// The name of a file.
    pub file_name: Option<String>,
    /// `Content-Type` of the part.
    pub content_type: Option<String>,
}

/// Where the reader stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In front of the first delimiter.
    Preamble,
    /// Inside a part.
    Part,
    /// Behind a delimiter.
    Between,
    /// Behind the last delimiter.
    End,
}

/// Takes a form apart. The body is lent to each call, so that its owner keeps it.
#[derive(Debug)]
pub struct FormReader {
    delimiter: Vec<u8>,
    finder: Finder<'static>,
    buffer: BytesMut,
    place: Place,
}

impl FormReader {
    /// A reader for a request of this `Content-Type`.
    pub fn new(content_type: &str) -> Result<Self> {
        let not_a_form = || Error::new(Code::RequestIsNotMultiPartContent);
        let (kind, parameters) = content_type.split_once(';').ok_or_else(not_a_form)?;
        if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
            return Err(not_a_form());
        }
        let boundary = parameter(parameters, "boundary").ok_or_else(not_a_form)?;
        if boundary.is_empty() || boundary.len() > BOUNDARY_BYTES_MAX {
            return Err(Error::new(Code::MalformedPOSTRequest));
        }
        let delimiter = format!("\r\n--{boundary}").into_bytes();
        Ok(Self {
            finder: Finder::new(&delimiter).into_owned(),
            delimiter,
            // The first delimiter has no line before it; this is one.
            buffer: BytesMut::from(&b"\r\n"[..]),
            place: Place::Preamble,
        })
    }

    /// The head of the next part; none behind the last. The part before must have been read to its end.
    pub async fn next_part(&mut self, body: &mut RequestBody) -> Result<Option<PartHead>> {
        if self.place == Place::Preamble {
            self.skip_preamble(body).await?;
        }
        if self.place == Place::Part {
            while self.chunk(body).await?.is_some() {}
        }
        if self.place == Place::End {
            return Ok(None);
        }
        while self.buffer.len() < 2 {
            self.fill(body).await?;
        }
        if self.buffer.starts_with(b"--") {
            self.place = Place::End;
            return Ok(None);
        }
        let head = self.take_head(body).await?;
        self.place = Place::Part;
        read_head(&head).map(Some)
    }

    /// The next bytes of the part; none at its end. Never empty.
    pub async fn chunk(&mut self, body: &mut RequestBody) -> Result<Option<Bytes>> {
        if self.place != Place::Part {
            return Ok(None);
        }
        loop {
            match self.finder.find(&self.buffer) {
                Some(0) => {
                    let _ = self.buffer.split_to(self.delimiter.len());
                    self.place = Place::Between;
                    return Ok(None);
                }
                Some(at) => return Ok(Some(self.buffer.split_to(at).freeze())),
                None => {}
            }
            // The last bytes may be the start of a delimiter.
            let sure = self.buffer.len().saturating_sub(self.delimiter.len() - 1);
            if sure > 0 {
                return Ok(Some(self.buffer.split_to(sure).freeze()));
            }
            self.fill(body).await?;
        }
    }

    /// The whole part as text of at most `max` bytes.
    pub async fn text(&mut self, body: &mut RequestBody, max: usize) -> Result<String> {
        let mut text = Vec::new();
        while let Some(bytes) = self.chunk(body).await? {
            if text.len() + bytes.len() > max {
                return Err(Error::new(Code::FieldItemTooLong));
            }
            text.extend_from_slice(&bytes);
        }
        String::from_utf8(text).map_err(|_| malformed("a field is not utf-8"))
    }

    async fn skip_preamble(&mut self, body: &mut RequestBody) -> Result<()> {
        loop {
            if let Some(at) = self.finder.find(&self.buffer) {
                let _ = self.buffer.split_to(at + self.delimiter.len());
                self.place = Place::Between;
                return Ok(());
            }
            if self.buffer.len() > HEAD_BYTES_MAX {
                return Err(malformed("no boundary"));
            }
            self.fill(body).await?;
        }
    }

    /// The bytes from a delimiter to the empty line behind the headers.
    async fn take_head(&mut self, body: &mut RequestBody) -> Result<Bytes> {
        const END: &[u8] = b"\r\n\r\n";
        loop {
            if let Some(at) = memchr::memmem::find(&self.buffer, END) {
                if at > HEAD_BYTES_MAX {
                    return Err(malformed("the head of a part is too long"));
                }
                let head = self.buffer.split_to(at + END.len()).freeze();
                return Ok(head.slice(..at));
            }
            if self.buffer.len() > HEAD_BYTES_MAX {
                return Err(malformed("the head of a part is too long"));
            }
            self.fill(body).await?;
        }
    }

    async fn fill(&mut self, body: &mut RequestBody) -> Result<()> {
        match body.next().await? {
            Some(bytes) => self.buffer.extend_from_slice(&bytes),
            None => return Err(malformed("the body ends inside the form")),
        }
        Ok(())
    }
}

fn malformed(why: &'static str) -> Error {
    Error::new(Code::MalformedPOSTRequest).source(why)
}

fn read_head(head: &[u8]) -> Result<PartHead> {
    let text =
        std::str::from_utf8(head).map_err(|_| malformed("the head of a part is not utf-8"))?;
    // What stands on the delimiter's own line is padding.
    let (padding, lines) = text.split_once("\r\n").unwrap_or((text, ""));
    if !padding.trim().is_empty() {
        return Err(malformed("text behind a boundary"));
    }
    let mut part = PartHead::default();
    let mut is_field = false;
    for line in lines.split("\r\n").filter(|line| !line.is_empty()) {
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| malformed("a header without a colon"))?;
        if name.eq_ignore_ascii_case("content-disposition") {
            let parameters = value
                .split_once(';')
                .map_or("", |(_, parameters)| parameters);
            part.name =
                parameter(parameters, "name").ok_or_else(|| malformed("a part without a name"))?;
            part.file_name = parameter(parameters, "filename");
            is_field = true;
        } else if name.eq_ignore_ascii_case("content-type") {
            part.content_type = Some(value.trim().to_owned());
        }
    }
    if is_field {
        Ok(part)
    } else {
        Err(malformed("a part without Content-Disposition"))
    }
}

/// The value of `name` among `; name="value"; …`. In quotes, `\"` is a quote; any other backslash is itself, since
/// old browsers send whole Windows paths.
fn parameter(parameters: &str, name: &str) -> Option<String> {
    let mut rest = parameters;
    while !rest.is_empty() {
        let (key, after) = match rest.find(['=', ';']) {
            Some(at) if rest[at..].starts_with('=') => (rest[..at].trim(), &rest[at + 1..]),
            Some(at) => {
                rest = &rest[at + 1..];
                continue;
            }
            None => return None,
        };
        let (value, behind) = if let Some(quoted) = after.trim_start().strip_prefix('"') {
            quoted_value(quoted)?
        } else {
            let (value, behind) = after.split_once(';').unwrap_or((after, ""));
            (value.trim().to_owned(), behind)
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = behind;
    }
    None
}

/// The text up to the closing quote, and what follows it.
fn quoted_value(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match (escaped, c) {
            (false, '"') => return Some((value, &text[at + 1..])),
            (false, '\\') => escaped = true,
            (true, '"') => {
                value.push('"');
                escaped = false;
            }
            (true, '\\') => value.push('\\'),
            (true, c) => {
                value.extend(['\\', c]);
                escaped = false;
            }
            (false, c) => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use http::HeaderMap;

    const TYPE: &str = "multipart/form-data; boundary=XyZ";

    /// Reads a form that arrives in pieces of `size` bytes: head and text of each part.
    async fn read(form: &[u8], size: usize) -> Result<Vec<(PartHead, String)>> {
        let pieces: Vec<std::result::Result<Bytes, std::io::Error>> = form
            .chunks(size)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect();
        let body = Body::from_stream(futures_util::stream::iter(pieces));
        let mut body = RequestBody::new(body, &HeaderMap::new()).expect("body");
        let mut reader = FormReader::new(TYPE)?;
        let mut parts = Vec::new();
        while let Some(head) = reader.next_part(&mut body).await? {
            parts.push((head, reader.text(&mut body, 1000).await?));
        }
        Ok(parts)
    }

    #[tokio::test]
    async fn a_form_reads_the_same_however_it_is_cut() {
        let form = "preamble\r\n--XyZ  \r\nContent-Disposition: form-data; name=\"key\"\r\n\r\na\r\nb\r\n--Xy\r\n--XyZ\r\n\
            content-disposition:form-data;name=empty\r\n\r\n\r\n--XyZ\r\nX-Other: 1\r\nContent-Type: text/plain\r\n\
            Content-Disposition: form-data; filename=\"C:\\dir\\a;\\\"b\\\".txt\"; name=\"file\"\r\n\r\n\r\n\r\n--XyZ--\r\nepilogue";
        for size in 1..form.len() {
            let parts = read(form.as_bytes(), size).await.expect("reads");
            let shown: Vec<_> = parts
                .iter()
                .map(|(head, text)| (head.name.as_str(), head.file_name.as_deref(), text.as_str()))
                .collect();
            let expected = [
                ("key", None, "a\r\nb\r\n--Xy"),
                ("empty", None, ""),
                ("file", Some("C:\\dir\\a;\"b\".txt"), "\r\n"),
            ];
            assert_eq!(shown, expected, "pieces of {size}");
            assert_eq!(parts[2].0.content_type.as_deref(), Some("text/plain"));
        }
    }

    #[tokio::test]
    async fn broken_forms_are_refused() {
        let part = |head: &str, text: &str| format!("--XyZ\r\n{head}\r\n\r\n{text}");
        let named = "Content-Disposition: form-data; name=\"a\"";
        let cases = [
            (String::new(), Code::MalformedPOSTRequest),
            ("no boundary at all".to_owned(), Code::MalformedPOSTRequest),
            (
                "x".repeat(HEAD_BYTES_MAX + 1000),
                Code::MalformedPOSTRequest,
            ),
            (part(named, "ends here"), Code::MalformedPOSTRequest),
            (
                part(named, "ends here\r\n--XyZ"),
                Code::MalformedPOSTRequest,
            ),
            (part("", "x\r\n--XyZ--"), Code::MalformedPOSTRequest),
            (
                part("Content-Disposition: form-data", "x\r\n--XyZ--"),
                Code::MalformedPOSTRequest,
            ),
            (
                part("Content-Disposition: form-data; name=\"a", "x\r\n--XyZ--"),
                Code::MalformedPOSTRequest,
            ),
            (part("no colon", "x\r\n--XyZ--"), Code::MalformedPOSTRequest),
            (
                part(
                    &format!("{named}\r\nX: {}", "y".repeat(HEAD_BYTES_MAX)),
                    "x\r\n--XyZ--",
                ),
                Code::MalformedPOSTRequest,
            ),
            (
                part(named, &("x".repeat(1001) + "\r\n--XyZ--")),
                Code::FieldItemTooLong,
            ),
            (
                format!("--XyZtail\r\n{named}\r\n\r\nx\r\n--XyZ--"),
                Code::MalformedPOSTRequest,
            ),
        ];
        for (form, code) in cases {
            for size in [1, 7, 100_000] {
                let error = read(form.as_bytes(), size).await.expect_err("refused");
                assert_eq!(error.code(), code, "{form:.60} in {size}");
            }
        }
        assert_eq!(read(b"--XyZ--", 3).await.expect("empty form"), []);
    }

    #[test]
    fn the_content_type_names_the_boundary() {
        let long = format!("multipart/form-data; boundary={}", "b".repeat(71));
        let cases = [
            ("multipart/form-data; boundary=a", None),
            ("Multipart/Form-Data;charset=utf-8; Boundary=\"a b\"", None),
            (
                "multipart/form-data",
                Some(Code::RequestIsNotMultiPartContent),
            ),
            (
                "multipart/form-data; charset=utf-8",
                Some(Code::RequestIsNotMultiPartContent),
            ),
            (
                "text/plain; boundary=a",
                Some(Code::RequestIsNotMultiPartContent),
            ),
            (
                "multipart/form-data; boundary=",
                Some(Code::MalformedPOSTRequest),
            ),
            (&long, Some(Code::MalformedPOSTRequest)),
        ];
        for (text, expected) in cases {
            assert_eq!(
                FormReader::new(text).err().map(|error| error.code()),
                expected,
                "{text}"
            );
        }
    }
}
