//! The query as ordered pairs, decoded once, with getters that check ranges.

use crate::error::{Code, Error, Result};
use crate::http::escape;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// Most parameters of one request; far above what any operation has.
const PARAMETERS_MAX: usize = 256;

/// A parsed query. A name without `=` has no value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, Option<String>)>);

impl Query {
    /// Splits and decodes; `+` is a space. A bad escape or text that is not UTF-8 is `InvalidArgument`.
    pub fn parse(raw: &str) -> Result<Self> {
        let mut pairs = Vec::new();
        for part in raw.split('&').filter(|part| !part.is_empty()) {
            if pairs.len() == PARAMETERS_MAX {
                return Err(Error::new(Code::InvalidArgument).message("Too many query parameters."));
            }
            pairs.push(match part.split_once('=') {
                Some((name, value)) => (decode(name)?, Some(decode(value)?)),
                None => (decode(part)?, None),
            });
        }
        Ok(Self(pairs))
    }

    /// The pairs in order.
    pub fn pairs(&self) -> &[(String, Option<String>)] {
        &self.0
    }

    /// Whether the name occurs, with or without a value.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(n, _)| n == name)
    }

    /// The first value of the name; empty where it stands without one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_deref().unwrap_or(""))
    }

    /// The first value if it is not empty.
    pub fn non_empty(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Whether every occurrence of the name has the same value (R6).
    pub fn is_single_valued(&self, name: &str) -> bool {
        let mut values = self
            .0
            .iter()
            .filter(|(n, _)| n == name)
            .map(|(_, value)| value);
        let first = values.next();
        values.all(|value| Some(value) == first)
    }

    /// A decimal number within `range`, or `InvalidArgument` that names the parameter. None where it is absent
    /// or empty.
    pub fn number<T>(&self, name: &'static str, range: RangeInclusive<T>) -> Result<Option<T>>
    where
        T: FromStr + PartialOrd,
    {
        let Some(text) = self.non_empty(name) else {
            return Ok(None);
        };
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        let parsed = if digits { text.parse().ok() } else { None };
        match parsed.filter(|number| range.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(Error::invalid_argument(
                name,
                text,
                format!("The value of {name} is out of range."),
            )),
        }
    }

    /// A text of at most `max` bytes, or `InvalidArgument` that names the parameter.
    pub fn text(&self, name: &'static str, max: usize) -> Result<Option<&str>> {
        match self.get(name) {
            Some(value) if value.len() > max => Err(Error::invalid_argument(
                name,
                value,
                format!("The length of {name} must be less than {}.", max + 1),
            )),
            value => Ok(value),
        }
    }
}

fn decode(text: &str) -> Result<String> {
    let spaced = text.replace('+', " ");
    escape::decode(&spaced).ok_or_else(|| {
        Error::new(Code::InvalidArgument).message("The query string is not well-formed.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_in_order_and_decodes_once() {
        let query = Query::parse("append&position=0&prefix=a%2Bb+c&empty=&a=%2525").expect("query");
        assert!(query.has("append") && query.get("append") == Some(""));
        assert_eq!(query.get("prefix"), Some("a+b c"));
        assert_eq!(query.get("a"), Some("%25"));
        assert_eq!(query.non_empty("empty"), None);
        assert_eq!(query.number("position", 0..=9u64).expect("number"), Some(0));
        for bad in ["a=%2", "a=%zz", "%", "a=%FF"] {
            assert!(Query::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_have_ranges() {
        let query = Query::parse("a=1001&b=-1&c=x&d=&e=+5&f=99999999999999999999").expect("query");
        for name in ["a", "b", "c", "e", "f"] {
            assert!(query.number(name, 1..=1000u32).is_err(), "{name}");
        }
        assert_eq!(query.number("d", 1..=1000u32).expect("empty"), None);
    }

    #[test]
    fn repeated_names_are_told_apart() {
        assert!(
            Query::parse("p=5&p=5")
                .expect("query")
                .is_single_valued("p")
        );
        assert!(
            !Query::parse("p=5&p=6")
                .expect("query")
                .is_single_valued("p")
        );
    }
}
