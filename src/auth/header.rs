//! Signatures in the `Authorization` header: V1, V2 and V4 (auth.md §3, §5, §6).

use super::canonical::V4_ALGORITHM;
use super::claim::{
    Claim, Form, MISSING, Place, Validity, check_key_id, check_payload_hash, check_scope, denied,
    invalid, parse_credential, parse_moment,
};
use super::{AuthSettings, Scheme};
use crate::domain::time::Timestamp;
use crate::error::Result;
use http::HeaderMap;
use http::header::{AUTHORIZATION, DATE};

const INVALID: &str = "Authorization header is invalid.";

/// Reads the claim of the `Authorization` header. None where there is no such header.
pub(super) fn claim(settings: &AuthSettings, headers: &HeaderMap) -> Result<Option<Claim>> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let text = value
        .to_str()
        .ok()
        .filter(|_| values.next().is_none())
        .ok_or_else(|| invalid("0002-00000061", INVALID))?;
    let (scheme, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    let rest = rest.trim();
    let claim = match scheme {
        "OSS" => v1(headers, rest)?,
        "OSS2" => v2(headers, rest)?,
        V4_ALGORITHM => v4(settings, headers, rest)?,
        _ => return Err(invalid("0002-00000061", INVALID)),
    };
    Ok(Some(claim))
}

fn v1(headers: &HeaderMap, rest: &str) -> Result<Claim> {
    let (id, signature) = rest
        .split_once(':')
        .ok_or_else(|| invalid("0002-00000062", INVALID))?;
    let access_key_id = check_key_id(id)?;
    let signature = check_signature(signature)?;
    let (date_line, at) = request_date(headers)?;
    // Py v2 and Java v2 send the token of a V1 signature under a name that V1 does not sign (auth.md §10).
    let token = text(headers, "x-oss-security-token").or_else(|| text(headers, "security-token"));
    Ok(Claim {
        scheme: Scheme::V1Header,
        access_key_id,
        signature,
        token,
        validity: Validity::Around(at),
        form: Form::V1 { date_line },
    })
}

fn v2(headers: &HeaderMap, rest: &str) -> Result<Claim> {
    let [mut id, mut additional, mut signature] = [None, None, None];
    for item in rest.split(',').map(str::trim) {
        let (name, value) = item
            .split_once(':')
            .ok_or_else(|| invalid("0002-00000102", INVALID))?;
        let place = match name {
            "AccessKeyId" => &mut id,
            "AdditionalHeaders" => &mut additional,
            "Signature" => &mut signature,
            _ => {
                let message = "Unknown parameter in Authorization header.";
                return Err(invalid("0002-00000104", message));
            }
        };
        if place.replace(value).is_some() {
            return Err(invalid("0002-00000102", INVALID));
        }
    }
    let access_key_id = check_key_id(id.unwrap_or_default())?;
    let signature = signature
        .filter(|signature| !signature.is_empty())
        .ok_or_else(|| invalid("0002-00000108", MISSING))?;
    if additional == Some("") {
        let message = "AdditionalHeaders is empty in Authorization header.";
        return Err(invalid("0002-00000110", message));
    }
    let (x_oss_date_line, at) = request_date(headers)?;
    // The signed line is Date's even where x-oss-date tells the time.
    let date_line = bytes(headers, DATE.as_str()).unwrap_or(x_oss_date_line);
    Ok(Claim {
        scheme: Scheme::V2Header,
        access_key_id,
        signature: signature.to_owned(),
        token: text(headers, "x-oss-security-token"),
        validity: Validity::Around(at),
        form: Form::V2 {
            date_line,
            additional: additional.unwrap_or_default().to_owned(),
        },
    })
}

fn v4(settings: &AuthSettings, headers: &HeaderMap, rest: &str) -> Result<Claim> {
    let bad_credential = || {
        invalid(
            "0002-00000213",
            "Invalid credential in Authorization header.",
        )
    };
    let [mut credential, mut additional, mut signature] = [None, None, None];
    for item in rest.split(',').map(str::trim) {
        let (name, value) = item
            .split_once('=')
            .ok_or_else(|| invalid("0002-00000062", INVALID))?;
        let place = match name {
            "Credential" => &mut credential,
            "AdditionalHeaders" => &mut additional,
            "Signature" => &mut signature,
            _ => return Err(invalid("0002-00000061", INVALID)),
        };
        if place.replace(value).is_some() {
            return Err(invalid("0002-00000061", INVALID));
        }
    }
    let (id, scope) = credential
        .and_then(parse_credential)
        .ok_or_else(bad_credential)?;
    let access_key_id = check_key_id(id)?;
    let signature = check_signature(signature.unwrap_or_default())?;
    check_scope(settings, &scope, Place::Header)?;
    check_payload_hash(headers)?;
    let (timestamp, at) = request_date(headers)?;
    if !is_day_of(&scope.date, at) {
        return Err(bad_credential());
    }
    Ok(Claim {
        scheme: Scheme::V4Header,
        access_key_id,
        signature,
        token: text(headers, "x-oss-security-token"),
        validity: Validity::Around(at),
        form: Form::V4 {
            timestamp,
            scope,
            additional: additional.unwrap_or_default().to_owned(),
        },
    })
}

/// Whether a scope's date is the UTC day of a moment.
pub(super) fn is_day_of(date: &str, at: Timestamp) -> bool {
    date.parse() == Ok(at.day())
}

fn check_signature(signature: &str) -> Result<String> {
    if signature.is_empty() {
        return Err(invalid("0002-00000065", MISSING));
    }
    Ok(signature.to_owned())
}

/// The date that the request names, as sent and as a moment (auth.md §11): `x-oss-date`, or else `Date`.
fn request_date(headers: &HeaderMap) -> Result<(Vec<u8>, Timestamp)> {
    const MESSAGE: &str = "OSS authentication requires a valid Date.";
    let line = bytes(headers, "x-oss-date")
        .or_else(|| bytes(headers, DATE.as_str()))
        .ok_or_else(|| denied("0002-00000503", MESSAGE))?;
    let at = std::str::from_utf8(&line)
        .ok()
        .and_then(parse_moment)
        .ok_or_else(|| denied("0002-00000505", MESSAGE))?;
    Ok((line, at))
}

/// A header's bytes, trimmed; none where it is absent or empty.
fn bytes(headers: &HeaderMap, name: &str) -> Option<Vec<u8>> {
    let value = headers.get(name)?.as_bytes().trim_ascii();
    (!value.is_empty()).then(|| value.to_vec())
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    String::from_utf8(bytes(headers, name)?).ok()
}
