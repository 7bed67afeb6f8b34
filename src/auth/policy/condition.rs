//! Conditions of a policy statement, and the facts of a request that they are held against.

use super::{LIST_MAX, Many, Pairs, PolicyError, Scalar, glob};
use crate::domain::time::Timestamp;
use std::borrow::Cow;
use std::net::IpAddr;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Circumstances of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// `acs:SourceIp`
    pub source_ip: IpAddr,
    /// `acs:SecureTransport`
    pub secure: bool,
    /// `acs:CurrentTime`
    pub now: Timestamp,
    /// Whether `x-oss-request-payer: requester` was sent.
    pub requester_pays: bool,
    /// Other keys, lower-case (`oss:prefix`, `oss:delimiter`, `acs:useragent`, …), with their values.
    pub more: Vec<(String, String)>,
}

impl Facts {
    fn text(&self, key: &str) -> Option<Cow<'_, str>> {
        Some(match key {
            "acs:sourceip" => Cow::Owned(self.source_ip.to_canonical().to_string()),
            "acs:securetransport" => Cow::Borrowed(if self.secure { "true" } else { "false" }),
            "acs:currenttime" => Cow::Owned(self.now.iso8601()),
            _ => {
                let (_, value) = self.more.iter().find(|(name, _)| name == key)?;
                Cow::Borrowed(value)
            }
        })
    }
}

/// One operator over one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    key: String,
    test: Test,
    /// Holds when the test does not.
    negated: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Equals(Vec<String>),
    EqualsFold(Vec<String>),
    Like(Vec<String>),
    Number(Order, Vec<i64>),
    Date(Order, Vec<Timestamp>),
    Bool(Vec<bool>),
    Ip(Vec<Network>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    fn holds<T: Ord>(self, a: &T, b: &T) -> bool {
        match self {
            Self::Equal => a == b,
            Self::Less => a < b,
            Self::LessOrEqual => a <= b,
            Self::Greater => a > b,
            Self::GreaterOrEqual => a >= b,
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "Equals" => Self::Equal,
            "LessThan" => Self::Less,
            "LessThanEquals" => Self::LessOrEqual,
            "GreaterThan" => Self::Greater,
            "GreaterThanEquals" => Self::GreaterOrEqual,
            _ => return None,
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(width);
        (bits <= width).then_some(Self { address, bits })
    }

    fn contains(self, other: IpAddr) -> bool {
        let (a, b, width) = match (self.address, other) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                (u128::from(a.to_bits()), u128::from(b.to_bits()), 32)
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits(), b.to_bits(), 128),
            _ => return false,
        };
        let host_bits = width - u32::from(self.bits);
        // A shift by the whole width is no shift at all in Rust, hence checked.
        let network = |x: u128| x.checked_shr(host_bits).unwrap_or(0);
        network(a) == network(b)
    }
}

/// Reads RFC 3339 with any fraction and offset; documents use `Z` and `+08:00`.
pub(in crate::auth) fn parse_date(text: &str) -> Option<Timestamp> {
    let date = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    let millis = date.unix_timestamp_nanos().div_euclid(1_000_000);
    i64::try_from(millis).ok().map(Timestamp)
}

fn parse_bool(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// Reads the `Condition` of statement `i`.
pub(super) fn check(
    i: usize,
    raw: Option<Pairs<Pairs<Many<Scalar>>>>,
) -> Result<Vec<Condition>, PolicyError> {
    let mut out = Vec::new();
    for (operator, keys) in raw.map(|pairs| pairs.0).unwrap_or_default() {
        for (key, values) in keys.0 {
            let values: Vec<String> = values.0.into_iter().map(Scalar::text).collect();
            let condition = Condition::parse(&operator, &key, values)
                .map_err(|what| PolicyError::Condition(i, format!("{operator} {key}"), what))?;
            out.push(condition);
        }
    }
    Ok(out)
}

impl Condition {
    fn parse(operator: &str, key: &str, values: Vec<String>) -> Result<Self, &'static str> {
        if !(1..=LIST_MAX).contains(&values.len()) {
            return Err("there must be 1 to 500 values");
        }
        if !key.contains(':') {
            return Err("the key is not of the form service:Name");
        }
        let (test, negated) = if let Some(word) = operator.strip_prefix("String") {
            match word {
                "Equals" => (Test::Equals(values), false),
                "NotEquals" => (Test::Equals(values), true),
                "EqualsIgnoreCase" => (Test::EqualsFold(values), false),
                "NotEqualsIgnoreCase" => (Test::EqualsFold(values), true),
                "Like" => (Test::Like(values), false),
                "NotLike" => (Test::Like(values), true),
                _ => return Err(UNKNOWN_OPERATOR),
            }
        } else if let Some(word) = operator.strip_prefix("Numeric") {
            let (order, negated) = order(word)?;
            let values = all(&values, |v| v.parse().ok(), "a value is not a number")?;
            (Test::Number(order, values), negated)
        } else if let Some(word) = operator.strip_prefix("Date") {
            let (order, negated) = order(word)?;
            let values = all(&values, parse_date, "a value is not an ISO 8601 date")?;
            (Test::Date(order, values), negated)
        } else {
            match operator {
                "Bool" => {
                    let values = all(&values, parse_bool, "a value is not true or false")?;
                    (Test::Bool(values), false)
                }
                "IpAddress" | "NotIpAddress" => {
                    let what = "a value is not an address or network";
                    let values = all(&values, Network::parse, what)?;
                    (Test::Ip(values), operator == "NotIpAddress")
                }
                _ => return Err(UNKNOWN_OPERATOR),
            }
        };
        Ok(Self {
            key: key.to_ascii_lowercase(),
            test,
            negated,
        })
    }

    /// Whether the facts satisfy it. A key that the request does not have satisfies no positive test and every
    /// negated one.
    pub(super) fn holds(&self, facts: &Facts) -> bool {
        let Some(fact) = facts.text(&self.key) else {
            return self.negated;
        };
        let fact = fact.as_ref();
        let found = match &self.test {
            Test::Equals(values) => values.iter().any(|v| v == fact),
            Test::EqualsFold(values) => values.iter().any(|v| v.eq_ignore_ascii_case(fact)),
            Test::Like(values) => values.iter().any(|v| glob::matches(v, fact)),
            Test::Number(order, values) => fact
                .parse::<i64>()
                .is_ok_and(|fact| values.iter().any(|v| order.holds(&fact, v))),
            Test::Date(order, values) => {
                parse_date(fact).is_some_and(|fact| values.iter().any(|v| order.holds(&fact, v)))
            }
            Test::Bool(values) => parse_bool(fact).is_some_and(|fact| values.contains(&fact)),
            Test::Ip(values) => fact
                .parse::<IpAddr>()
                .is_ok_and(|fact| values.iter().any(|network| network.contains(fact))),
        };
        found != self.negated
    }

    /// Whether it limits a statement for everybody to some: an address or network that is not the whole internet.
    pub(super) fn narrows_the_public(&self) -> bool {
        match &self.test {
            Test::Ip(networks) => !self.negated && networks.iter().all(|n| n.bits > 0),
            Test::Equals(_) => !self.negated && self.key == "acs:sourcevpc",
            _ => false,
        }
    }
}

const UNKNOWN_OPERATOR: &str = "the operator is unknown";

fn order(word: &str) -> Result<(Order, bool), &'static str> {
    if word == "NotEquals" {
        return Ok((Order::Equal, true));
    }
    Order::parse(word)
        .map(|order| (order, false))
        .ok_or(UNKNOWN_OPERATOR)
}

fn all<T>(
    values: &[String],
    parse: impl Fn(&str) -> Option<T>,
    what: &'static str,
) -> Result<Vec<T>, &'static str> {
    values
        .iter()
        .map(|v| parse(v))
        .collect::<Option<_>>()
        .ok_or(what)
}
