//! A claim: what a request says about who signed it, before any of it is believed. And the check of it.
//!
//! `header` and `presign` read claims; both end here, so the order of checks of auth.md §1 stands in one place:
//! syntax was the reader's, then time, then key and token, then the signature.

use super::canonical::{self, EmptyValue, HostForm, Scope, SubResources, V4_TERMINATOR, V4Form};
use super::credentials::{Credentials, Principal, Secret, TEMPORARY_PREFIX, is_key_id, same};
use super::sts::TokenError;
use super::{AuthSettings, Identity, Incoming, Scheme};
use crate::domain::time::Timestamp;
use crate::error::{Code, Error, Result};
use std::borrow::Cow;

/// Longest StringToSign that an error shows; a HEAD error travels in one header line and shows less.
const SHOWN_BYTES_MAX: usize = 8 * 1024;
const SHOWN_BYTES_MAX_HEAD: usize = 1024;

/// What a request says about its signer.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) scheme: Scheme,
    pub(super) access_key_id: String,
    pub(super) signature: String,
    pub(super) token: Option<String>,
    pub(super) validity: Validity,
    pub(super) form: Form,
}

/// When the signature is good.
#[derive(Debug)]
pub(super) enum Validity {
    /// Around the moment the request names.
    Around(Timestamp),
    /// Until a moment, and from one for V4 URLs.
    Window {
        from: Option<Timestamp>,
        until: Timestamp,
    },
}

/// What was signed besides the request.
#[derive(Debug)]
pub(super) enum Form {
    V1 {
        date_line: Vec<u8>,
    },
    V2 {
        date_line: Vec<u8>,
        additional: String,
    },
    V4 {
        timestamp: Vec<u8>,
        scope: Scope,
        additional: String,
    },
}

/// `InvalidArgument` of the authentication module.
pub(super) fn invalid(ec: &'static str, message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(Code::InvalidArgument).ec(ec).message(message)
}

/// `AccessDenied` of the authentication module.
pub(super) fn denied(ec: &'static str, message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(Code::AccessDenied).ec(ec).message(message)
}

/// The text of rows 62, 63 and 65.
pub(super) const MISSING: &str =
    "AccessKeyId or Signature is missing in Authorization header value.";

/// A key id that could exist (rows 63 and 64).
pub(super) fn check_key_id(id: &str) -> Result<String> {
    if id.is_empty() {
        return Err(invalid("0002-00000063", MISSING));
    }
    if !is_key_id(id) {
        return Err(unknown_key(id).ec("0002-00000064"));
    }
    Ok(id.to_owned())
}

fn unknown_key(id: &str) -> Error {
    Error::new(Code::InvalidAccessKeyId).field("OSSAccessKeyId", shown(id.as_bytes(), 256))
}

/// Reads `<ak>/<yyyymmdd>/<region>/<product>/aliyun_v4_request`.
pub(super) fn parse_credential(text: &str) -> Option<(&str, Scope)> {
    let mut parts = text.split('/');
    let access_key_id = parts.next()?;
    let (date, region, product) = (parts.next()?, parts.next()?, parts.next()?);
    let ends = parts.next() == Some(V4_TERMINATOR) && parts.next().is_none();
    let day = date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit());
    if !ends || !day {
        return None;
    }
    let scope = Scope {
        date: date.to_owned(),
        region: region.to_owned(),
        product: product.to_owned(),
    };
    Some((access_key_id, scope))
}

/// Whether the scope names this server. A cloudbox names itself in the region's place.
pub(super) fn is_region(settings: &AuthSettings, scope: &Scope) -> bool {
    settings.any_region || scope.region == settings.region || scope.product == CLOUDBOX
}

const PRODUCT: &str = "oss";
const CLOUDBOX: &str = "oss-cloudbox";

pub(super) fn is_product(scope: &Scope) -> bool {
    scope.product == PRODUCT || scope.product == CLOUDBOX
}

/// Where a credential stands; decides how a wrong scope is told. Python v1's suite asserts both texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Header,
    Query,
}

/// Rows 226 to 228.
pub(super) fn check_scope(settings: &AuthSettings, scope: &Scope, place: Place) -> Result<()> {
    let (product, region_ec, region) = match place {
        Place::Header => (
            "Invalid signing product in Authorization header.",
            "0002-00000226",
            "Invalid signing region in Authorization header.",
        ),
        Place::Query => (
            "The signing product in credential is invalid.",
            "0002-00000228",
            "The signing region in credential is invalid.",
        ),
    };
    if !is_product(scope) {
        return Err(invalid("0002-00000227", product));
    }
    if !is_region(settings, scope) {
        return Err(invalid(region_ec, region));
    }
    Ok(())
}

/// Row 214: there is only one payload hash.
pub(super) fn check_payload_hash(headers: &http::HeaderMap) -> Result<()> {
    match headers.get(&canonical::CONTENT_SHA256) {
        Some(value) if value.as_bytes().trim_ascii() != canonical::UNSIGNED_PAYLOAD => {
            let message = "The header x-oss-content-sha256 must be UNSIGNED-PAYLOAD.";
            Err(invalid("0002-00000214", message))
        }
        _ => Ok(()),
    }
}

/// A moment in one of the forms that requests use.
pub(super) fn parse_moment(text: &str) -> Option<Timestamp> {
    Timestamp::parse_basic(text).or_else(|| Timestamp::parse_rfc1123(text))
}

impl Claim {
    /// Checks the claim: time, key and token, signature.
    pub(super) fn verify(
        self,
        credentials: &Credentials,
        settings: &AuthSettings,
        incoming: &Incoming,
    ) -> Result<Identity> {
        self.check_time(settings, incoming.now)?;
        let (principal, secret) = find_key(
            credentials,
            &self.access_key_id,
            self.token.as_deref(),
            incoming.now,
        )?;
        self.check_signature(&secret, incoming)?;
        Ok(Identity::new(principal, self.access_key_id, self.scheme))
    }

    fn check_time(&self, settings: &AuthSettings, now: Timestamp) -> Result<()> {
        match self.validity {
            Validity::Around(at) => {
                let skew = settings.clock_skew_millis;
                if at.0.abs_diff(now.0) > skew {
                    return Err(Error::new(Code::RequestTimeTooSkewed)
                        .field("MaxAllowedSkewMilliseconds", skew.to_string())
                        .field("RequestTime", at.iso8601())
                        .field("ServerTime", now.iso8601()));
                }
            }
            Validity::Window { from, until } => {
                if let Some(from) = from
                    && now < from
                {
                    return Err(denied(
                        "0002-00000235",
                        "Request is not valid yet: its date is in the future.",
                    ));
                }
                if now > until {
                    return Err(denied("0002-00000069", "Request has expired.")
                        .field("Expires", until.iso8601())
                        .field("ServerTime", now.iso8601()));
                }
            }
        }
        Ok(())
    }

    /// The strings that the client may have signed, the one to show first. Each form that differs is a known
    /// habit of a client (auth.md §3.1, §7, §14).
    fn check_signature(&self, secret: &Secret, incoming: &Incoming) -> Result<()> {
        let subject = incoming.subject();
        let given = self.signature.as_bytes();
        match &self.form {
            Form::V1 { date_line } => {
                let secret = secret.bytes();
                let string =
                    |set, empty| canonical::v1_string_to_sign(&subject, date_line, set, empty);
                let matches =
                    |string: &[u8]| same(canonical::v1_signature(secret, string).as_bytes(), given);
                let first = string(SubResources::Full, EmptyValue::Bare);
                let full =
                    matches(&first) || matches(&string(SubResources::Full, EmptyValue::Equals));
                // Only the sender of a header holds the secret. A URL is handed to others, and one who could add
                // `?legalHold` to it would get more than was signed; so URLs are held to the full list.
                let base = || {
                    self.scheme == Scheme::V1Header
                        && (matches(&string(SubResources::Base, EmptyValue::Bare))
                            || matches(&string(SubResources::Base, EmptyValue::Equals))
                            || canonical::v1_bare_bucket(&subject, date_line)
                                .is_some_and(|bare| matches(&bare)))
                };
                if full || base() {
                    return Ok(());
                }
                Err(self.mismatch("0002-00000040", incoming, &first, None))
            }
            Form::V2 {
                date_line,
                additional,
            } => {
                let string = canonical::v2_string_to_sign(&subject, date_line, additional);
                if same(
                    canonical::v2_signature(secret.bytes(), &string).as_bytes(),
                    given,
                ) {
                    return Ok(());
                }
                Err(self.mismatch("0002-00000040", incoming, &string, None))
            }
            Form::V4 {
                timestamp,
                scope,
                additional,
            } => {
                let strings = |host| {
                    let form = V4Form { additional, host };
                    let request = canonical::v4_canonical_request(&subject, form);
                    let string = canonical::v4_string_to_sign(timestamp, scope, &request);
                    (request, string)
                };
                let signer = secret.v4_signer(scope);
                let matches = |string: &[u8]| same(signer.sign(string).as_bytes(), given);
                let (request, string) = strings(HostForm::Verbatim);
                if matches(&string) || matches(&strings(HostForm::WithoutPort).1) {
                    return Ok(());
                }
                Err(self.mismatch("0002-00000201", incoming, &string, Some(&request)))
            }
        }
    }

    fn mismatch(
        &self,
        ec: &'static str,
        incoming: &Incoming,
        string: &[u8],
        canonical_request: Option<&[u8]>,
    ) -> Error {
        let max = if incoming.method == http::Method::HEAD {
            SHOWN_BYTES_MAX_HEAD
        } else {
            SHOWN_BYTES_MAX
        };
        let error = mismatch(ec, &self.access_key_id, &self.signature, string, max);
        match canonical_request {
            Some(request) => error.field("CanonicalRequest", shown(request, max)),
            None => error,
        }
    }
}

/// `SignatureDoesNotMatch` with what the client needs to find its mistake.
pub(super) fn mismatch(
    ec: &'static str,
    access_key_id: &str,
    signature: &str,
    string: &[u8],
    max: usize,
) -> Error {
    let cut = string.get(..max).unwrap_or(string);
    let bytes: Vec<String> = cut.iter().map(|b| format!("{b:02X}")).collect();
    Error::new(Code::SignatureDoesNotMatch)
        .ec(ec)
        .field("OSSAccessKeyId", access_key_id)
        .field("SignatureProvided", shown(signature.as_bytes(), 256))
        .field("StringToSign", shown(cut, max))
        .field("StringToSignBytes", bytes.join(" "))
}

/// At most `max` bytes, as text that XML can hold.
fn shown(bytes: &[u8], max: usize) -> String {
    let cut = bytes.get(..max).unwrap_or(bytes);
    String::from_utf8_lossy(cut)
        .chars()
        .map(|c| match c {
            '\n' | '\t' | '\r' => c,
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// Whose key it is and its secret, or the refusal of auth.md §10 and §12.
pub(super) fn find_key(
    credentials: &Credentials,
    access_key_id: &str,
    token: Option<&str>,
    now: Timestamp,
) -> Result<(Principal, Secret)> {
    match (credentials.lookup(access_key_id), token) {
        (Some(key), None) if key.disabled => {
            Err(unknown_key(access_key_id)
                .message("The OSS Access Key Id you provided is disabled."))
        }
        (Some(key), None) => Ok((key.principal.clone(), key.secret.clone())),
        // A token beside a long-lived key: there is a token, and it is not this key's.
        (Some(_), Some(_)) => Err(Error::new(Code::InvalidSecurityToken)),
        (None, None) => Err(unknown_key(access_key_id)),
        (None, Some(token)) => credentials
            .open_token(access_key_id, token, now)
            .map_err(|error| match error {
                TokenError::Unknown if !access_key_id.starts_with(TEMPORARY_PREFIX) => {
                    unknown_key(access_key_id)
                }
                TokenError::Unknown => Error::new(Code::InvalidSecurityToken),
                TokenError::OtherKey => Error::new(Code::AccessKeyIdAndSecurityTokenNotMatch),
                TokenError::Expired => Error::new(Code::SecurityTokenExpired),
            }),
    }
}
