//! What single values may be. Each check is a serde hook, so that the error carries the line of the value.

use std::fmt::Display;
use std::ops::RangeInclusive;

use serde::de::{Deserialize, Deserializer, Error};

use crate::domain::bucket::BucketAcl;
use crate::domain::name::BucketName;

const SECONDS: RangeInclusive<u64> = 1..=86_400;

fn number<'de, D: Deserializer<'de>>(
    from: D,
    range: &RangeInclusive<u64>,
) -> Result<u64, D::Error> {
    let value = i64::deserialize(from)?;
    u64::try_from(value)
        .ok()
        .filter(|value| range.contains(value))
        .ok_or_else(|| {
            D::Error::custom(format_args!(
                "{value} is not in {} to {}",
                range.start(),
                range.end()
            ))
        })
}

fn small<'de, D: Deserializer<'de>>(from: D, range: RangeInclusive<u32>) -> Result<u32, D::Error> {
    let wide = u64::from(*range.start())..=u64::from(*range.end());
    u32::try_from(number(from, &wide)?).map_err(D::Error::custom)
}

fn text<'de, D, E>(from: D, check: fn(&str) -> Result<(), E>) -> Result<String, D::Error>
where
    D: Deserializer<'de>,
    E: Display,
{
    let value = String::deserialize(from)?;
    check(&value).map_err(D::Error::custom)?;
    Ok(value)
}

pub(super) fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    number(from, &SECONDS)
}

pub(super) fn restore_seconds<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    number(from, &(0..=*SECONDS.end()))
}

pub(super) fn connections<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    small(from, 1..=65_536)
}

pub(super) fn header_bytes<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    // 8 KiB of x-oss-meta-* and a key of 1023 bytes, escaped threefold, must fit.
    small(from, 16 * 1024..=1024 * 1024)
}

pub(super) fn header_count<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    small(from, 32..=1000)
}

pub(super) fn object_size_max<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    // The upper end is the service's own bound for a multipart object, 48.8 TB.
    number(from, &(1..=53_687_091_200_000))
}

pub(super) fn part_size_min<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    number(from, &(1..=5 * 1024 * 1024 * 1024))
}

pub(super) fn buckets_max<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    small(from, 1..=100_000)
}

pub(super) fn sealed_append_status<'de, D: Deserializer<'de>>(from: D) -> Result<u16, D::Error> {
    match i64::deserialize(from)? {
        409 => Ok(409),
        400 => Ok(400),
        other => Err(D::Error::custom(format_args!(
            "{other} is neither 409 nor 400"
        ))),
    }
}

pub(super) fn region<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    text(from, check_region)
}

/// A region is a label of host names.
pub(super) fn check_region(value: &str) -> Result<(), String> {
    if is_label(value, false) {
        Ok(())
    } else {
        Err(format!("`{value}` is not a region such as cn-hangzhou"))
    }
}

pub(super) fn log<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    text(from, check_log)
}

/// A filter that `tracing` understands.
pub(super) fn check_log(value: &str) -> Result<(), String> {
    match tracing_subscriber::EnvFilter::try_new(value) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!(
            "`{value}` is not a log filter such as ossicle=info: {error}"
        )),
    }
}

pub(super) fn domains<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let list = Vec::<String>::deserialize(from)?;
    for domain in &list {
        let valid = domain.len() <= 253 && domain.split('.').all(|label| is_label(label, true));
        if !valid || domain.parse::<std::net::IpAddr>().is_ok() {
            return Err(D::Error::custom(format_args!(
                "`{domain}` is not a host name in lower case without a port"
            )));
        }
    }
    Ok(list)
}

fn is_label(label: &str, star: bool) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || (star && b == b'*');
    (1..=63).contains(&label.len())
        && label.bytes().all(|b| plain(b) || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

pub(super) fn uid<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    text(from, |value| {
        let digits = (1..=32).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit());
        if digits {
            Ok(())
        } else {
            Err(format!("`{value}` is not a uid of 1 to 32 digits"))
        }
    })
}

pub(super) fn user_name<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    text(from, |value| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b".-_@".contains(&b);
        let fits = (1..=64).contains(&value.len()) && value.bytes().all(plain);
        if fits {
            Ok(())
        } else {
            Err(format!(
                "`{value}` is not a name of 1 to 64 letters, digits and .-_@"
            ))
        }
    })
}

pub(super) fn key_id<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    text(from, check_key_id)
}

/// The characters that `auth` takes from clients (auth.md, EC 0002-00000064); `STS.` starts temporary ids.
pub(super) fn check_key_id(value: &str) -> Result<(), String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._=-".contains(&b);
    let temporary = value.starts_with("STS.");
    if (1..=128).contains(&value.len()) && value.bytes().all(plain) && !temporary {
        Ok(())
    } else {
        Err(format!(
            "`{value}` is not a key id of 1 to 128 letters, digits and ._=- outside STS."
        ))
    }
}

pub(super) fn role_arn<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    text(from, |value| {
        let named = value
            .strip_prefix("acs:ram::")
            .and_then(|rest| rest.split_once(":role/"))
            .is_some_and(|(uid, name)| !uid.is_empty() && !name.is_empty());
        if named {
            Ok(())
        } else {
            Err(format!("`{value}` is not acs:ram::<uid>:role/<name>"))
        }
    })
}

pub(super) fn policy<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    text(from, check_policy).map(Some)
}

/// A policy is a JSON object; what it says is the business of `auth`.
pub(super) fn check_policy(value: &str) -> Result<(), String> {
    match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(value) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("the policy is not a JSON object: {error}")),
    }
}

pub(super) fn bucket_name<'de, D: Deserializer<'de>>(from: D) -> Result<BucketName, D::Error> {
    let value = String::deserialize(from)?;
    BucketName::parse(&value).map_err(|_| {
        D::Error::custom(format_args!(
            "`{value}` is not a bucket name of 3 to 63 of a-z, 0-9 and inner hyphens"
        ))
    })
}

pub(super) fn acl<'de, D: Deserializer<'de>>(from: D) -> Result<BucketAcl, D::Error> {
    let value = String::deserialize(from)?;
    BucketAcl::parse(&value).ok_or_else(|| {
        D::Error::custom(format_args!(
            "`{value}` is not private, public-read or public-read-write"
        ))
    })
}
