//! GET of a text object by a client that accepts gzip: compressed on the way out (clients.md §3, errors of E.4).
//!
//! Such an answer is chunked and has no length, tag or checksum: they would be those of other bytes.

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::{Stream, StreamExt as _, stream};
use http::HeaderMap;
use http::header::ACCEPT_ENCODING;
use std::io::Write as _;

/// Shorter objects go out as they are.
const LENGTH_MIN: u64 = 1024;
/// Bytes compressed at a stretch, a few milliseconds of work.
const SLICE_BYTES: usize = 64 * 1024;

/// Types besides `text/*` that the service compresses.
const TYPES: &[&str] = &[
    "application/javascript",
    "application/json",
    "application/x-javascript",
    "application/xml",
];

/// Whether an answer of this type and length is compressed for this client. `encoding` is the object's own
/// `Content-Encoding`: what has one is not encoded again.
pub fn applies(
    headers: &HeaderMap,
    content_type: Option<&str>,
    encoding: Option<&str>,
    length: u64,
) -> bool {
    length >= LENGTH_MIN
        && encoding.is_none()
        && content_type.is_some_and(is_text)
        && accepts(headers)
}

fn is_text(content_type: &str) -> bool {
    let kind = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    kind.starts_with("text/") || TYPES.contains(&kind.as_str())
}

fn accepts(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            let named = parts
                .next()
                .is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
            let refused = parts.any(|part| {
                let quality = part.strip_prefix("q=").or_else(|| part.strip_prefix("Q="));
                quality.is_some_and(|q| q.trim().parse::<f32>().is_ok_and(|q| q == 0.0))
            });
            named && !refused
        })
}

enum State<S> {
    Running {
        source: S,
        rest: Bytes,
        encoder: GzEncoder<Vec<u8>>,
    },
    Finished,
}

/// The bytes of `source`, compressed. An error of the source ends the stream before its trailer, so that the client
/// sees a broken answer, never a short one.
pub fn compress<S, E>(
    source: S,
) -> impl Stream<Item = Result<Bytes, Box<dyn std::error::Error + Send + Sync>>> + Send
where
    S: Stream<Item = Result<Bytes, E>> + Send + Unpin + 'static,
    E: std::error::Error + Send + Sync + 'static,
{
    let encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let state = State::Running {
        source,
        rest: Bytes::new(),
        encoder,
    };
    stream::try_unfold(state, |state| async move {
        let State::Running {
            mut source,
            mut rest,
            mut encoder,
        } = state
        else {
            return Ok(None);
        };
        loop {
            if rest.is_empty() {
                match source.next().await {
                    None => {
                        let tail = Bytes::from(encoder.finish()?);
                        return Ok(Some((tail, State::Finished)));
                    }
                    Some(bytes) => rest = bytes?,
                }
                continue;
            }
            encoder.write_all(&rest.split_to(SLICE_BYTES.min(rest.len())))?;
            // Every slice is a chance for others to run.
            tokio::task::yield_now().await;
            let ready = std::mem::take(encoder.get_mut());
            if !ready.is_empty() {
                return Ok(Some((
                    Bytes::from(ready),
                    State::Running {
                        source,
                        rest,
                        encoder,
                    },
                )));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use http::HeaderValue;
    use std::io::Read as _;

    #[test]
    fn decides_by_type_length_and_client() {
        let cases = [
            ("gzip", Some("text/plain"), None, 1024, true),
            (
                "deflate, GZIP;q=0.5",
                Some("text/html; charset=utf-8"),
                None,
                5000,
                true,
            ),
            ("gzip", Some("application/json"), None, 5000, true),
            ("gzip", Some("text/plain"), None, 1023, false),
            ("gzip", Some("image/png"), None, 5000, false),
            ("gzip", None, None, 5000, false),
            ("gzip", Some("text/plain"), Some("gzip"), 5000, false),
            ("identity", Some("text/plain"), None, 5000, false),
            ("gzip;q=0", Some("text/plain"), None, 5000, false),
            ("", Some("text/plain"), None, 5000, false),
        ];
        for (accept, content_type, encoding, length, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(accept));
            assert_eq!(
                applies(&headers, content_type, encoding, length),
                expected,
                "{accept} {content_type:?} {length}"
            );
        }
    }

    #[tokio::test]
    async fn the_bytes_come_back() {
        let whole: Vec<u8> = (0..300_000u32).map(|n| (n % 97) as u8).collect();
        let chunks: Vec<Result<Bytes, std::io::Error>> = whole
            .chunks(100_001)
            .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
            .collect();
        let mut packed = Vec::new();
        let mut parts = Box::pin(compress(stream::iter(chunks)));
        while let Some(part) = parts.next().await {
            packed.extend_from_slice(&part.expect("compresses"));
        }
        assert!(packed.len() < whole.len() / 10);
        let mut unpacked = Vec::new();
        GzDecoder::new(packed.as_slice())
            .read_to_end(&mut unpacked)
            .expect("unpacks");
        assert!(unpacked == whole);
    }

    #[tokio::test]
    async fn an_error_breaks_the_answer() {
        let chunks = vec![
            Ok(Bytes::from(vec![7; 200_000])),
            Err(std::io::Error::other("rot")),
        ];
        let parts: Vec<_> = Box::pin(compress(stream::iter(chunks))).collect().await;
        assert!(parts.last().is_some_and(Result::is_err));
        let packed: Vec<u8> = parts.into_iter().filter_map(Result::ok).flatten().collect();
        assert!(
            GzDecoder::new(packed.as_slice())
                .read_to_end(&mut Vec::new())
                .is_err()
        );
    }
}
