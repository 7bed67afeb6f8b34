//! Moments in milliseconds since 1970 and the three texts in which the protocol writes them.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

/// Where the server takes the time from, so that tests can move it.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // A machine that does not know the year shows 1970.
        let since = UNIX_EPOCH.elapsed().unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

const RFC1123: &[BorrowedFormatItem<'_>] = format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);
const ISO: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
const ISO_SECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
const BASIC: &[BorrowedFormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");

/// Seconds from 1970 to the year 10000.
const YEAR_10000: u64 = 253_402_300_800;

impl Timestamp {
    /// The moment `seconds` after 1970.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Whole seconds since 1970, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The same moment without its milliseconds: the resolution of `Last-Modified`.
    #[must_use]
    pub const fn floor_to_second(self) -> Self {
        Self(self.seconds() * 1000)
    }

    /// `self` moved by `millis`, saturating.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    fn date(self) -> OffsetDateTime {
        // Years beyond what the formats can show come only from absurd configuration; they show as 1970.
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    fn format(self, format: &[BorrowedFormatItem<'_>]) -> String {
        self.date().format(format).unwrap_or_default()
    }

    /// `Wed, 28 Dec 2022 10:27:41 GMT`, for headers.
    pub fn rfc1123(self) -> String {
        match u64::try_from(self.seconds()) {
            // Every answer has one of these, often two; this is much faster, and knows no other years.
            Ok(seconds) if seconds < YEAR_10000 => {
                httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds))
            }
            _ => self.format(RFC1123),
        }
    }

    /// `2022-12-28T10:27:41.000Z`, for XML.
    pub fn iso8601(self) -> String {
        self.format(ISO)
    }

    /// The day in UTC as a number that shows as `20221228`.
    pub fn day(self) -> i32 {
        let date = self.date();
        (date.year() * 100 + i32::from(u8::from(date.month()))) * 100 + i32::from(date.day())
    }

    /// `20221228T102741Z`, for V4 signatures.
    pub fn basic(self) -> String {
        self.format(BASIC)
    }

    fn parse(text: &str, format: &[BorrowedFormatItem<'_>]) -> Option<Self> {
        let date = PrimitiveDateTime::parse(text.trim(), format)
            .ok()?
            .assume_utc();
        Some(Self::from_seconds(date.unix_timestamp()).plus_millis(date.millisecond().into()))
    }

    /// Reads the header form.
    pub fn parse_rfc1123(text: &str) -> Option<Self> {
        Self::parse(text, RFC1123)
    }

    /// Reads the XML form, with or without milliseconds.
    pub fn parse_iso8601(text: &str) -> Option<Self> {
        Self::parse(text, ISO).or_else(|| Self::parse(text, ISO_SECONDS))
    }

    /// Reads the V4 form.
    pub fn parse_basic(text: &str) -> Option<Self> {
        Self::parse(text, BASIC)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_and_reads_the_three_forms() {
        let moment = Timestamp(1_672_223_261_045);
        assert_eq!(moment.rfc1123(), "Wed, 28 Dec 2022 10:27:41 GMT");
        assert_eq!(moment.iso8601(), "2022-12-28T10:27:41.045Z");
        assert_eq!(moment.basic(), "20221228T102741Z");
        let second = moment.floor_to_second();
        assert_eq!(Timestamp::parse_rfc1123(&moment.rfc1123()), Some(second));
        assert_eq!(Timestamp::parse_iso8601(&moment.iso8601()), Some(moment));
        assert_eq!(
            Timestamp::parse_iso8601("2022-12-28T10:27:41Z"),
            Some(second)
        );
        assert_eq!(Timestamp::parse_basic(&moment.basic()), Some(second));
        assert_eq!(Timestamp::parse_rfc1123("yesterday"), None);
    }

    #[test]
    fn both_ways_of_writing_a_header_agree() {
        for seconds in [
            -1,
            0,
            951_782_400,
            1_672_223_261,
            253_402_300_799,
            253_402_300_800,
        ] {
            let moment = Timestamp::from_seconds(seconds);
            assert_eq!(moment.rfc1123(), moment.format(RFC1123), "{seconds}");
            let day = moment.basic().get(..8).and_then(|day| day.parse().ok());
            assert_eq!(Some(moment.day()), day, "{seconds}");
        }
    }
}
