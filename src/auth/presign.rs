//! Signatures in the query: V1, V2 and V4 URLs (auth.md §4, §5, §7).

use super::canonical::V4_ALGORITHM;
use super::claim::{
    Claim, Form, MISSING, Place, Validity, check_key_id, check_payload_hash, check_scope, denied,
    invalid, parse_credential,
};
use super::header::is_day_of;
use super::{AuthSettings, Incoming, Scheme};
use crate::domain::time::Timestamp;
use crate::error::{Code, Error, Result};

const V1_PARAMETERS: [&str; 3] = ["Signature", "Expires", "OSSAccessKeyId"];
const V1_MISSING: &str =
    "Query string authentication requires the Signature, Expires and OSSAccessKeyId parameters";
const DATE_MESSAGE: &str = "OSS authentication requires a valid Date.";
const VERSION: &str = "x-oss-signature-version";
/// Longest life of a V4 URL, in seconds.
const V4_EXPIRES_MAX: i64 = 604_800;
/// How far a V4 URL may lie in the future.
const V4_EARLY_MILLIS: i64 = 15 * 60 * 1000;

/// Whether the query holds a signature, good or bad.
pub(super) fn is_signed(query: &[(String, Option<String>)]) -> bool {
    query
        .iter()
        .any(|(name, _)| name == VERSION || V1_PARAMETERS.contains(&name.as_str()))
}

/// The first value of a parameter; empty where it has none.
fn get<'a>(incoming: &Incoming<'a>, name: &str) -> Option<&'a str> {
    let (_, value) = incoming.query.iter().find(|(n, _)| n == name)?;
    Some(value.as_deref().unwrap_or_default())
}

fn non_empty<'a>(incoming: &Incoming<'a>, name: &str) -> Option<&'a str> {
    get(incoming, name).filter(|value| !value.is_empty())
}

/// Reads the claim of a signed URL. None where the query is not signed.
pub(super) fn claim(settings: &AuthSettings, incoming: &Incoming) -> Result<Option<Claim>> {
    if !is_signed(incoming.query) {
        return Ok(None);
    }
    let claim = match get(incoming, VERSION) {
        None => v1(incoming)?,
        Some("OSS2") => v2(incoming)?,
        Some(V4_ALGORITHM) => v4(settings, incoming)?,
        Some(other) => {
            return Err(Error::invalid_argument(
                VERSION,
                other.chars().take(64).collect::<String>(),
                "The signature version is not supported.",
            ));
        }
    };
    Ok(Some(claim))
}

/// A decimal number of seconds, with rows 68 and 70 for what is not.
fn seconds(text: &str) -> Result<i64> {
    if text.is_empty() {
        return Err(denied("0002-00000068", V1_MISSING));
    }
    text.parse().map_err(|_| {
        denied(
            "0002-00000070",
            "Invalid date (should be seconds since epoch).",
        )
    })
}

/// The token of a signed URL: only the query is covered by every scheme, so only the query may hold it.
fn token(incoming: &Incoming, name: &str) -> Result<Option<String>> {
    let in_header = ["x-oss-security-token", "security-token"]
        .iter()
        .any(|name| incoming.headers.contains_key(*name));
    match (non_empty(incoming, name), in_header) {
        (Some(_), true) => Err(Error::new(Code::InvalidArgument)
            .message("The security token must not be in both header and query string.")),
        (None, true) => Err(Error::new(Code::InvalidRequest)
            .message("Security-token must be provided by query string parameter")),
        (token, false) => Ok(token.map(str::to_owned)),
    }
}

fn v1(incoming: &Incoming) -> Result<Claim> {
    let [signature, expires, id] = V1_PARAMETERS.map(|name| get(incoming, name));
    let missing = || denied("0002-00000067", V1_MISSING);
    let (signature, expires, id) = (
        signature.ok_or_else(missing)?,
        expires.ok_or_else(missing)?,
        id.ok_or_else(missing)?,
    );
    let until = seconds(expires)?;
    if signature.is_empty() || id.is_empty() {
        return Err(missing());
    }
    Ok(Claim {
        scheme: Scheme::V1Url,
        access_key_id: check_key_id(id)?,
        signature: signature.to_owned(),
        token: token(incoming, "security-token")?,
        validity: Validity::Window {
            from: None,
            until: Timestamp::from_seconds(until),
        },
        form: Form::V1 {
            date_line: expires.as_bytes().to_vec(),
        },
    })
}

fn v2(incoming: &Incoming) -> Result<Claim> {
    let missing = || {
        denied(
            "0002-00000113",
            "Query string authentication requires the x-oss-signature, x-oss-expires and x-oss-access-key-id parameters",
        )
    };
    let expires = non_empty(incoming, "x-oss-expires").ok_or_else(missing)?;
    let until = seconds(expires)?;
    let id = non_empty(incoming, "x-oss-access-key-id").ok_or_else(missing)?;
    let signature = non_empty(incoming, "x-oss-signature").ok_or_else(missing)?;
    Ok(Claim {
        scheme: Scheme::V2Url,
        access_key_id: check_key_id(id)?,
        signature: signature.to_owned(),
        token: token(incoming, "security-token")?,
        validity: Validity::Window {
            from: None,
            until: Timestamp::from_seconds(until),
        },
        form: Form::V2 {
            date_line: expires.as_bytes().to_vec(),
            additional: get(incoming, "x-oss-additional-headers")
                .unwrap_or_default()
                .to_owned(),
        },
    })
}

fn v4(settings: &AuthSettings, incoming: &Incoming) -> Result<Claim> {
    let bad_credential = || invalid("0002-00000213", "Invalid x-oss-credential in query string.");
    let (id, scope) = get(incoming, "x-oss-credential")
        .and_then(parse_credential)
        .ok_or_else(bad_credential)?;
    let access_key_id = check_key_id(id)?;
    let signature = non_empty(incoming, "x-oss-signature")
        .ok_or_else(|| invalid("0002-00000065", MISSING))?
        .to_owned();
    check_scope(settings, &scope, Place::Query)?;
    check_payload_hash(incoming.headers)?;

    let timestamp =
        non_empty(incoming, "x-oss-date").ok_or_else(|| denied("0002-00000503", DATE_MESSAGE))?;
    let at =
        Timestamp::parse_basic(timestamp).ok_or_else(|| denied("0002-00000505", DATE_MESSAGE))?;
    if !is_day_of(&scope.date, at) {
        return Err(bad_credential());
    }
    let expires = non_empty(incoming, "x-oss-expires").ok_or_else(|| {
        denied(
            "0002-00000215",
            "Query string authentication requires the x-oss-expires parameter",
        )
    })?;
    let life = expires
        .parse::<i64>()
        .ok()
        .filter(|life| (1..=V4_EXPIRES_MAX).contains(life))
        .ok_or_else(|| {
            invalid(
                "0002-00000232",
                "x-oss-expires should be between 1 and 604800 seconds.",
            )
        })?;
    Ok(Claim {
        scheme: Scheme::V4Url,
        access_key_id,
        signature,
        token: token(incoming, "x-oss-security-token")?,
        validity: Validity::Window {
            from: Some(at.plus_millis(-V4_EARLY_MILLIS)),
            until: at.plus_millis(life * 1000),
        },
        form: Form::V4 {
            timestamp: timestamp.as_bytes().to_vec(),
            scope,
            additional: get(incoming, "x-oss-additional-headers")
                .unwrap_or_default()
                .to_owned(),
        },
    })
}
