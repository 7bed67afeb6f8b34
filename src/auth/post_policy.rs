//! Signatures and policies in the fields of a form (PostObject, auth.md §8).
//!
//! The policy is what was signed, so it is checked twice: that somebody signed it, and that the form is what it
//! says. Only the size of the file is left to the caller, who has not seen the file yet.

use super::canonical::{V4_ALGORITHM, v1_signature, v2_signature};
use super::claim::{denied, find_key, invalid, is_product, is_region, mismatch, parse_credential};
use super::credentials::{Credentials, is_key_id, same};
use super::header::is_day_of;
use super::policy::parse_date;
use super::{AuthSettings, Identity, Scheme};
use crate::domain::time::Timestamp;
use crate::error::{Code, Error, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::ops::RangeInclusive;

/// Longest policy field, in bytes of base64.
pub const POLICY_BYTES_MAX: usize = 128 * 1024;
/// Most conditions of a policy.
const CONDITIONS_MAX: usize = 500;
const V4_EARLY_MILLIS: i64 = 15 * 60 * 1000;
const V4_LIFE_MILLIS: i64 = 7 * 24 * 60 * 60 * 1000;

/// A form as far as it stands before its file.
#[derive(Debug, Clone, Copy)]
pub struct Form<'a> {
    /// Fields in order, names in lower case; the first of a name counts.
    pub fields: &'a [(String, String)],
    /// The bucket addressed.
    pub bucket: &'a str,
    /// `Content-Type` of the file part.
    pub file_content_type: Option<&'a str>,
    /// When it came.
    pub now: Timestamp,
}

/// What a form was found to be.
#[derive(Debug)]
pub struct FormAdmission {
    /// Who signed the policy; anonymous where nobody did.
    pub identity: Identity,
    /// How many bytes the file may have, where the policy says.
    pub content_length: Option<RangeInclusive<u64>>,
}

impl FormAdmission {
    /// Checks the size of the file once it is known.
    pub fn check_length(&self, length: u64) -> Result<()> {
        let Some(range) = &self.content_length else {
            return Ok(());
        };
        if length < *range.start() {
            Err(Error::new(Code::EntityTooSmall)
                .field("ProposedSize", length.to_string())
                .field("MinSizeAllowed", range.start().to_string()))
        } else if length > *range.end() {
            Err(Error::new(Code::EntityTooLarge)
                .field("ProposedSize", length.to_string())
                .field("MaxSizeAllowed", range.end().to_string()))
        } else {
            Ok(())
        }
    }
}

impl<'a> Form<'a> {
    fn get(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.fields.iter().find(|(n, _)| n == name)?;
        Some(value)
    }

    fn non_empty(&self, name: &str) -> Option<&'a str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// The value that a condition on `field` is held against.
    fn subject(&self, field: &str) -> Option<&'a str> {
        match field {
            "bucket" => Some(self.bucket),
            "content-type" => self
                .get("x-oss-content-type")
                .or_else(|| self.get("content-type"))
                .or(self.file_content_type),
            _ => self.get(field),
        }
    }
}

/// A form's signature, before it is believed.
struct FormClaim<'a> {
    access_key_id: &'a str,
    signature: &'a str,
    policy: &'a str,
    version: Version,
}

enum Version {
    V1,
    V2,
    V4(super::canonical::Scope),
}

/// Finds out who signed the form, and checks the form against its policy.
pub fn authenticate(
    credentials: &Credentials,
    settings: &AuthSettings,
    form: &Form,
) -> Result<FormAdmission> {
    let Some(claim) = read_claim(settings, form)? else {
        return Ok(FormAdmission {
            identity: Identity::anonymous(),
            content_length: None,
        });
    };
    let token = form.non_empty("x-oss-security-token");
    let (principal, secret) = find_key(credentials, claim.access_key_id, token, form.now)?;
    let signed = claim.policy.as_bytes();
    let (expected, ec) = match &claim.version {
        Version::V1 => (v1_signature(secret.bytes(), signed), "0002-00000040"),
        Version::V2 => (v2_signature(secret.bytes(), signed), "0002-00000040"),
        Version::V4(scope) => (secret.v4_signer(scope).sign(signed), "0002-00000201"),
    };
    if !same(expected.as_bytes(), claim.signature.as_bytes()) {
        return Err(mismatch(
            ec,
            claim.access_key_id,
            claim.signature,
            signed,
            8 * 1024,
        ));
    }
    let policy = check_policy(claim.policy, form)?;
    if let Version::V4(_) = claim.version {
        // The signature covers only the policy, so the policy must bind what the signature does not.
        let token = token.map(|_| "x-oss-security-token");
        let bound = ["x-oss-signature-version", "x-oss-credential", "x-oss-date"];
        for name in bound.into_iter().chain(token) {
            if !policy.equal_fields.iter().any(|field| field == name) {
                let value = form.get(name).unwrap_or_default();
                return Err(condition_failed(&format!(
                    r#"["eq", "${name}", "{value}"]"#
                )));
            }
        }
    }
    let access_key_id = claim.access_key_id.to_owned();
    Ok(FormAdmission {
        identity: Identity::new(principal, access_key_id, Scheme::Form),
        content_length: policy.content_length,
    })
}

fn empty(what: &str) -> Error {
    let ec = if what == "signature" {
        "0002-00000703"
    } else {
        "0002-00000702"
    };
    invalid(ec, format!("Post request {what} is empty."))
}

fn read_claim<'a>(settings: &AuthSettings, form: &Form<'a>) -> Result<Option<FormClaim<'a>>> {
    let policy = form.non_empty("policy");
    let needed = |name: &str, what: &str| form.non_empty(name).ok_or_else(|| empty(what));
    let (access_key_id, signature, version) = match form.non_empty("x-oss-signature-version") {
        None => {
            let names = ["ossaccesskeyid", "signature"];
            // Any one of the three without the others is an error, not an anonymous form.
            if names.iter().all(|name| form.get(name).is_none()) && policy.is_none() {
                return Ok(None);
            }
            let id = needed("ossaccesskeyid", "accessKeyId")?;
            (id, needed("signature", "signature")?, Version::V1)
        }
        Some("OSS2") => {
            let id = needed("x-oss-access-key-id", "accessKeyId")?;
            (id, needed("x-oss-signature", "signature")?, Version::V2)
        }
        Some(V4_ALGORITHM) => {
            let credential = form.get("x-oss-credential").unwrap_or_default();
            let (id, scope) = read_credential(settings, credential)?;
            check_v4_date(form, &scope.date, credential)?;
            (
                id,
                needed("x-oss-signature", "signature")?,
                Version::V4(scope),
            )
        }
        Some(other) => {
            return Err(Error::invalid_argument(
                "x-oss-signature-version",
                other.chars().take(64).collect::<String>(),
                "The signature version is not supported.",
            ));
        }
    };
    if !is_key_id(access_key_id) {
        return Err(Error::new(Code::InvalidAccessKeyId).ec("0002-00000064"));
    }
    Ok(Some(FormClaim {
        access_key_id,
        signature,
        policy: policy.ok_or_else(|| empty("policy"))?,
        version,
    }))
}

fn bad_credential(ec: &'static str, value: &str, message: &'static str) -> Error {
    let value: String = value.chars().take(256).collect();
    Error::invalid_argument("x-oss-credential", value, message).ec(ec)
}

fn read_credential<'a>(
    settings: &AuthSettings,
    text: &'a str,
) -> Result<(&'a str, super::canonical::Scope)> {
    let (id, scope) = parse_credential(text)
        .filter(|(id, scope)| !id.is_empty() && is_product(scope))
        .ok_or_else(|| bad_credential("0002-00000710", text, "The credential is invalid."))?;
    if !is_region(settings, &scope) {
        let message = "The signing region in credential is invalid.";
        return Err(bad_credential("0002-00000715", text, message));
    }
    Ok((id, scope))
}

/// `x-oss-date`: on the credential's day, at most 15 minutes ahead and 7 days ago.
fn check_v4_date(form: &Form, day: &str, credential: &str) -> Result<()> {
    let text = form.get("x-oss-date").unwrap_or_default();
    let Some(at) = Timestamp::parse_basic(text) else {
        let value: String = text.chars().take(64).collect();
        return Err(Error::invalid_argument(
            "x-oss-date",
            value,
            "The x-oss-date is invalid.",
        ));
    };
    if !is_day_of(day, at) {
        let message = "The date in credential is not that of x-oss-date.";
        return Err(bad_credential("0002-00000710", credential, message));
    }
    if form.now < at.plus_millis(-V4_EARLY_MILLIS) {
        return Err(denied(
            "0002-00000235",
            "Request is not valid yet: its date is in the future.",
        ));
    }
    if form.now > at.plus_millis(V4_LIFE_MILLIS) {
        return Err(denied("0002-00000069", "Request has expired."));
    }
    Ok(())
}

/// What a policy leaves to say once its conditions held.
#[derive(Debug, Default)]
struct Checked {
    content_length: Option<RangeInclusive<u64>>,
    /// Fields that an exact condition bound.
    equal_fields: Vec<String>,
}

fn bad_policy(ec: &'static str, what: &str) -> Error {
    Error::new(Code::InvalidPolicyDocument)
        .ec(ec)
        .message(format!("Invalid Policy: {what}"))
}

fn malformed(what: &str) -> Error {
    bad_policy("0006-00000201", what)
}

fn condition_failed(condition: &str) -> Error {
    denied(
        "0006-00000227",
        format!("Invalid according to Policy: Policy Condition failed: {condition}"),
    )
}

fn check_policy(encoded: &str, form: &Form) -> Result<Checked> {
    if encoded.len() > POLICY_BYTES_MAX {
        return Err(malformed("the policy is too long."));
    }
    let bytes = STANDARD
        .decode(encoded.trim())
        .map_err(|_| malformed("the policy is not base64."))?;
    let text = String::from_utf8(bytes).map_err(|_| malformed("the policy is not UTF-8."))?;
    // serde_json stops at 128 levels, so nesting is bounded too.
    let document: Value =
        serde_json::from_str(&plain_dollars(&text)).map_err(|_| malformed("Invalid JSON."))?;
    let document = document
        .as_object()
        .ok_or_else(|| malformed("the policy is not an object."))?;
    let (expiration, conditions) = match (document.get("expiration"), document.get("conditions")) {
        (Some(expiration), Some(conditions)) => (expiration, conditions),
        (Some(_), None) => return Err(bad_policy("0006-00000207", "Policy missing conditions.")),
        (None, Some(_)) => return Err(bad_policy("0006-00000208", "Policy missing expiration.")),
        (None, None) => {
            let what = "Policy missing expiration and conditions.";
            return Err(bad_policy("0006-00000209", what));
        }
    };
    check_expiration(expiration, form.now)?;
    let conditions = conditions
        .as_array()
        .filter(|list| list.len() <= CONDITIONS_MAX)
        .ok_or_else(|| malformed("conditions must be a list."))?;
    let mut checked = Checked::default();
    for condition in conditions {
        match condition {
            Value::Object(pair) => {
                let mut members = pair.iter();
                let (Some((name, Value::String(value))), None) = (members.next(), members.next())
                else {
                    return Err(malformed("a condition object must have one text member."));
                };
                checked.equal(form, name, value)?;
            }
            Value::Array(items) => checked.list(form, items)?,
            _ => return Err(malformed("a condition must be an object or a list.")),
        }
    }
    Ok(checked)
}

fn check_expiration(value: &Value, now: Timestamp) -> Result<()> {
    let text = value
        .as_str()
        .ok_or_else(|| malformed("expiration must be a text."))?;
    if text.is_empty() {
        return Err(bad_policy("0006-00000211", "Policy expiration is empty."));
    }
    let expiration =
        parse_date(text).ok_or_else(|| malformed("expiration is not an ISO 8601 date."))?;
    if now > expiration {
        return Err(denied(
            "0006-00000213",
            "Invalid according to Policy: Policy expired.",
        ));
    }
    Ok(())
}

impl Checked {
    fn equal(&mut self, form: &Form, name: &str, value: &str) -> Result<()> {
        let field = field_name(name);
        if form.subject(&field) != Some(value) {
            return Err(condition_failed(&shape("eq", &field, &text(value))));
        }
        self.equal_fields.push(field);
        Ok(())
    }

    fn list(&mut self, form: &Form, items: &[Value]) -> Result<()> {
        let unknown = || malformed("a condition list must be [operator, field, value].");
        let [Value::String(operator), first, second] = items else {
            return Err(unknown());
        };
        if operator == "content-length-range" {
            let (Some(min), Some(max)) = (first.as_u64(), second.as_u64()) else {
                return Err(malformed("content-length-range needs two sizes."));
            };
            let range = match &self.content_length {
                Some(old) => min.max(*old.start())..=max.min(*old.end()),
                None => min..=max,
            };
            self.content_length = Some(range);
            return Ok(());
        }
        let Value::String(name) = first else {
            return Err(unknown());
        };
        let field = field_name(name);
        let subject = form.subject(&field);
        let (holds, value) = match (operator.as_str(), second) {
            ("eq", Value::String(value)) => return self.equal(form, name, value),
            ("starts-with", Value::String(prefix)) => (
                subject.unwrap_or_default().starts_with(prefix.as_str()),
                text(prefix),
            ),
            ("in" | "not-in", Value::Array(values)) => {
                if !values.iter().all(Value::is_string) {
                    return Err(unknown());
                }
                let found = values
                    .iter()
                    .any(|value| value.as_str().is_some_and(|value| subject == Some(value)));
                (found == (operator == "in"), second.to_string())
            }
            _ => return Err(unknown()),
        };
        if holds {
            Ok(())
        } else {
            Err(condition_failed(&shape(operator, &field, &value)))
        }
    }
}

/// A field's name as the form has it: lower case, without the `$`.
fn field_name(name: &str) -> String {
    name.strip_prefix('$').unwrap_or(name).to_ascii_lowercase()
}

fn shape(operator: &str, field: &str, value: &str) -> String {
    format!(r#"["{operator}", "${field}", {value}]"#)
}

fn text(value: &str) -> String {
    Value::from(value).to_string()
}

/// Rewrites `\$`, which policies may use and JSON does not know, to `$`.
fn plain_dollars(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, chars.clone().next()) {
            ('\\', Some('$')) => {}
            ('\\', Some(next)) => {
                out.push(c);
                out.push(next);
                chars.next();
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
#[path = "post_policy_tests.rs"]
mod tests;
