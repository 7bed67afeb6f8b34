//! `x-oss-traffic-limit`: holds one upload or download to a rate. Waits between bytes and holds nothing while it
//! waits: an upload is slowed before the store sees it, a download after (R39).

use crate::error::{Code, Error, Result};
use crate::http::headers;
use crate::http::query::Query;
use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream;
use http::{HeaderMap, HeaderName};
use std::time::Duration;
use tokio::time::Instant;

/// `x-oss-qos-delay-time`: milliseconds by which the limit delayed the transfer.
pub const QOS_DELAY_TIME: HeaderName = HeaderName::from_static("x-oss-qos-delay-time");

const TRAFFIC_LIMIT: HeaderName = HeaderName::from_static("x-oss-traffic-limit");
/// Least rate in bits per second: 30 KiB/s (conflict C11 of append.md: the lower of two documented bounds).
const RATE_MIN: u64 = 245_760;
/// Greatest rate in bits per second: 100 MiB/s.
const RATE_MAX: u64 = 838_860_800;
/// Slices of a limited download: small enough that the slowest takes a fraction of a second.
const SLICE_BYTES: usize = 16 * 1024;

/// A rate that a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrafficLimit {
    bytes_per_second: u64,
}

impl TrafficLimit {
    /// Reads header or query parameter; both at once, or a value out of range, is `InvalidArgument`.
    pub fn of(headers: &HeaderMap, query: &Query) -> Result<Option<Self>> {
        let header = headers::text(headers, &TRAFFIC_LIMIT)?;
        let header_name = TRAFFIC_LIMIT;
        let name = header_name.as_str();
        let text = match (header, query.get(name)) {
            (None, None) => return Ok(None),
            (Some(text), None) | (None, Some(text)) => text,
            (Some(_), Some(text)) => {
                let message = "x-oss-traffic-limit should be specified either in query string or header, not both.";
                return Err(Error::invalid_argument(
                    "x-oss-traffic-limit",
                    text,
                    message,
                ));
            }
        };
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        let bits: Option<u64> = if digits { text.parse().ok() } else { None };
        match bits.filter(|bits| (RATE_MIN..=RATE_MAX).contains(bits)) {
            Some(bits) => Ok(Some(Self { bytes_per_second: bits / 8 })),
            None => Err(Error::new(Code::InvalidArgument)
                .message(
                    "x-oss-traffic-limit is invalid, should be specified between 245760(30KB/s) and 838860800(100MB/s).",
                )
                .field("ArgumentName", name)
                .field("ArgumentValue", text)),
        }
    }

    /// How long `bytes` take at this rate.
    pub fn duration_of(self, bytes: u64) -> Duration {
        let millis = u128::from(bytes) * 1000 / u128::from(self.bytes_per_second);
        Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
    }

    /// Starts to count.
    pub fn start(self) -> Throttle {
        Throttle {
            limit: self,
            started: Instant::now(),
            passed: 0,
            delayed: Duration::ZERO,
        }
    }

    /// The same bytes, in slices, no faster than the rate.
    pub fn pace<S, E>(self, source: S) -> impl Stream<Item = std::result::Result<Bytes, E>> + Send
    where
        S: Stream<Item = std::result::Result<Bytes, E>> + Send + Unpin + 'static,
        E: Send,
    {
        struct State<S> {
            source: S,
            rest: Bytes,
            throttle: Throttle,
        }
        let state = State {
            source,
            rest: Bytes::new(),
            throttle: self.start(),
        };
        stream::try_unfold(state, |mut state| async move {
            use futures_util::StreamExt as _;
            while state.rest.is_empty() {
                match state.source.next().await {
                    None => return Ok(None),
                    Some(bytes) => state.rest = bytes?,
                }
            }
            let slice = state.rest.split_to(SLICE_BYTES.min(state.rest.len()));
            state.throttle.pass(slice.len()).await;
            Ok(Some((slice, state)))
        })
    }
}

/// Counts the bytes of one transfer and waits where they came too early.
#[derive(Debug)]
pub struct Throttle {
    limit: TrafficLimit,
    started: Instant,
    passed: u64,
    delayed: Duration,
}

impl Throttle {
    /// Takes in `bytes` and returns when that many may have passed.
    pub async fn pass(&mut self, bytes: usize) {
        self.passed = self.passed.saturating_add(bytes as u64);
        let due = self.started + self.limit.duration_of(self.passed);
        let wait = due.saturating_duration_since(Instant::now());
        if !wait.is_zero() {
            self.delayed += wait;
            tokio::time::sleep_until(due).await;
        }
    }

    /// How long it has waited in all, in milliseconds.
    pub fn delayed_millis(&self) -> u64 {
        u64::try_from(self.delayed.as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt as _;
    use http::HeaderValue;

    fn read(header: Option<&'static str>, query: &str) -> Result<Option<TrafficLimit>> {
        let mut headers = HeaderMap::new();
        if let Some(value) = header {
            headers.insert(TRAFFIC_LIMIT, HeaderValue::from_static(value));
        }
        TrafficLimit::of(&headers, &Query::parse(query).expect("query"))
    }

    #[test]
    fn rates_of_r39() {
        let rate = |bytes_per_second| Some(TrafficLimit { bytes_per_second });
        assert_eq!(read(None, "").expect("none"), None);
        assert_eq!(read(Some("819200"), "").expect("header"), rate(102_400));
        assert_eq!(
            read(None, "x-oss-traffic-limit=245760").expect("query"),
            rate(30_720)
        );
        assert_eq!(
            read(Some("838860800"), "").expect("most"),
            rate(104_857_600)
        );
        for bad in [
            "1",
            "245759",
            "838860801",
            "-819200",
            "8e5",
            "",
            "99999999999999999999",
        ] {
            let error = read(Some(bad), "").expect_err(bad);
            assert_eq!(error.code(), Code::InvalidArgument, "{bad}");
        }
        assert!(read(Some("819200"), "x-oss-traffic-limit=819200").is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_download_takes_its_time_and_keeps_its_bytes() {
        let limit = TrafficLimit {
            bytes_per_second: 102_400,
        };
        let chunks: Vec<std::result::Result<Bytes, ()>> = vec![
            Ok(Bytes::from(vec![1; 1_000_000])),
            Ok(Bytes::new()),
            Ok(Bytes::from(vec![2; 48_576])),
        ];
        let started = Instant::now();
        let paced: Vec<_> = limit.pace(stream::iter(chunks)).collect().await;
        let bytes: usize = paced
            .iter()
            .map(|part| part.as_ref().map_or(0, Bytes::len))
            .sum();
        assert_eq!(bytes, 1_048_576);
        assert!(
            paced
                .iter()
                .all(|part| part.as_ref().is_ok_and(|part| part.len() <= SLICE_BYTES))
        );
        let took = started.elapsed();
        assert!(
            (Duration::from_secs(10)..Duration::from_secs(11)).contains(&took),
            "{took:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_sender_is_not_delayed_further() {
        let mut throttle = TrafficLimit {
            bytes_per_second: 1000,
        }
        .start();
        tokio::time::advance(Duration::from_secs(2)).await;
        throttle.pass(1500).await;
        assert_eq!(throttle.delayed_millis(), 0);
        throttle.pass(1500).await;
        assert_eq!(throttle.delayed_millis(), 1000);
    }
}
