//! Readers for values that clients write in more than one way.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

fn parse_flag(text: &str) -> Option<bool> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// A flag in any case: Python v1 writes `True` in lifecycle and website rules. Empty is absent.
pub(super) fn optional_flag<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    let text = String::deserialize(from)?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    let flag = parse_flag(&text).ok_or_else(|| D::Error::custom("expected true or false"))?;
    Ok(Some(flag))
}

/// A flag in any case.
pub(super) fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    let text = String::deserialize(from)?;
    parse_flag(&text).ok_or_else(|| D::Error::custom("expected true or false"))
}

/// A text that counts as absent where the element is empty: SDKs write empty elements for unset values.
pub(super) fn non_empty<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Some(String::deserialize(from)?).filter(|text| !text.is_empty()))
}
