//! AssumeRole of the STS interface, as aliyunsdkcore and ali-oss call it: parameters signed in the RPC style of
//! the platform's other services. Pure: takes parameters, gives a document; the HTTP side is elsewhere.

use super::super::canonical::{uri_encode, v1_signature, v2_signature};
use super::super::credentials::{
    Credentials, Principal, Secret, numeric_id, role_arn, same, session_arn,
};
use super::super::policy::{Facts, Policy, Question, ResourceName, Verdict};
use super::{Grant, IssueError, TokenError};
use crate::domain::ids::IdSource;
use crate::domain::time::Timestamp;
use serde::Serialize;
use std::net::IpAddr;

/// The version of the interface that clients name.
pub const VERSION: &str = "2015-04-01";
const SKEW_MILLIS: i64 = 15 * 60 * 1000;
const SECONDS_MIN: u32 = 900;
const SECONDS_MAX: u32 = 43_200;
const SECONDS_DEFAULT: u32 = 3600;

/// A request to the interface.
#[derive(Debug, Clone, Copy)]
pub struct StsRequest<'a> {
    /// `GET` or `POST`; it is signed.
    pub method: &'a str,
    /// Parameters of query and form together, decoded.
    pub parameters: &'a [(String, String)],
    /// When it came.
    pub now: Timestamp,
    /// From where.
    pub source_ip: IpAddr,
    /// Whether over TLS.
    pub secure: bool,
    /// The id that the answer carries.
    pub request_id: &'a str,
}

/// What AssumeRole answers; the XML root has the type's name, JSON has none.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AssumeRoleResponse {
    /// The request's id.
    pub request_id: String,
    /// Who the caller now is.
    pub assumed_role_user: AssumedRoleUser,
    /// How to sign as that.
    pub credentials: TemporaryCredentials,
}

/// Who the caller now is.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AssumedRoleUser {
    /// `acs:sts::<uid>:assumed-role/<role>/<session>`
    pub arn: String,
    /// `<role id>:<session>`
    pub assumed_role_id: String,
}

/// A temporary key with its token.
#[derive(Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TemporaryCredentials {
    /// Starts with `STS.`.
    pub access_key_id: String,
    /// The secret, in clear: this answer is where it is handed out.
    pub access_key_secret: String,
    /// The token.
    pub security_token: String,
    /// `2015-04-09T11:52:19Z`
    pub expiration: String,
}

impl std::fmt::Debug for TemporaryCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TemporaryCredentials")
            .field("access_key_id", &self.access_key_id)
            .field("expiration", &self.expiration)
            .finish_non_exhaustive()
    }
}

/// A refusal of the interface; its codes are not OSS's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct StsError {
    /// HTTP status.
    pub status: u16,
    /// `InvalidAccessKeyId.NotFound`, …
    pub code: &'static str,
    /// For people.
    pub message: String,
}

impl StsError {
    fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    /// The error's document; the XML root is `Error`, JSON has none.
    pub fn document(&self, request_id: &str, host: &str) -> ErrorDocument {
        ErrorDocument {
            request_id: request_id.to_owned(),
            host_id: host.to_owned(),
            code: self.code,
            message: self.message.clone(),
        }
    }
}

/// An error as the interface writes it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename = "Error", rename_all = "PascalCase")]
pub struct ErrorDocument {
    /// The request's id.
    pub request_id: String,
    /// The host asked.
    pub host_id: String,
    /// The code.
    pub code: &'static str,
    /// The text.
    pub message: String,
}

impl StsRequest<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.parameters.iter().find(|(n, _)| n == name)?;
        (!value.is_empty()).then_some(value)
    }

    fn need(&self, name: &'static str, missing: &'static str) -> Result<&str, StsError> {
        self.get(name).ok_or_else(|| {
            StsError::new(
                400,
                missing,
                format!("{name} is mandatory for this action."),
            )
        })
    }

    /// Method, path and parameters but `Signature`, each encoded once more as a whole.
    fn string_to_sign(&self) -> String {
        let mut pairs: Vec<_> = self
            .parameters
            .iter()
            .filter(|(name, _)| name != "Signature")
            .map(|(name, value)| (uri_encode(name, false), uri_encode(value, false)))
            .collect();
        pairs.sort();
        let query: Vec<String> = pairs
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let query = query.join("&");
        let query = uri_encode(&query, false);
        format!("{}&%2F&{query}", self.method)
    }

    /// Who signed the request, or why that is not known.
    fn authenticate(&self, credentials: &Credentials) -> Result<Principal, StsError> {
        let access_key_id = self.need("AccessKeyId", "MissingAccessKeyId")?;
        let signature = self.need("Signature", "MissingSignature")?;
        let timestamp = self.need("Timestamp", "MissingTimestamp")?;
        let at = Timestamp::parse_iso8601(timestamp).ok_or_else(|| {
            StsError::new(
                400,
                "InvalidTimeStamp.Format",
                "Specified time stamp or date value is not well formatted.",
            )
        })?;
        if at.0.abs_diff(self.now.0) > SKEW_MILLIS.unsigned_abs() {
            return Err(StsError::new(
                400,
                "InvalidTimeStamp.Expired",
                "Specified time stamp or date value is expired.",
            ));
        }
        let (principal, secret) = self.find_key(credentials, access_key_id)?;

        let string = self.string_to_sign();
        let key = [secret.bytes(), b"&"].concat();
        let expected = match self.get("SignatureMethod") {
            None | Some("HMAC-SHA1") => v1_signature(&key, string.as_bytes()),
            Some("HMAC-SHA256") => v2_signature(&key, string.as_bytes()),
            Some(_) => {
                return Err(StsError::new(
                    400,
                    "InvalidParameter.SignatureMethod",
                    "The parameter SignatureMethod is not valid.",
                ));
            }
        };
        if !same(expected.as_bytes(), signature.as_bytes()) {
            return Err(StsError::new(
                400,
                "SignatureDoesNotMatch",
                format!(
                    "Specified signature is not matched with our calculation. server string to sign is:{string}"
                ),
            ));
        }
        Ok(principal)
    }

    fn find_key(
        &self,
        credentials: &Credentials,
        access_key_id: &str,
    ) -> Result<(Principal, Secret), StsError> {
        let unknown = || {
            StsError::new(
                404,
                "InvalidAccessKeyId.NotFound",
                "Specified access key is not found.",
            )
        };
        let key = credentials.lookup(access_key_id);
        match (key, self.get("SecurityToken")) {
            (Some(key), None) if key.disabled => Err(StsError::new(
                400,
                "InvalidAccessKeyId.Inactive",
                "Specified access key is disabled.",
            )),
            (Some(key), None) => Ok((key.principal.clone(), key.secret.clone())),
            (None, Some(token)) => credentials
                .open_token(access_key_id, token, self.now)
                .map_err(|error| match error {
                    TokenError::Unknown => StsError::new(
                        400,
                        "InvalidSecurityToken.Malformed",
                        "Specified SecurityToken is malformed.",
                    ),
                    TokenError::OtherKey => StsError::new(
                        400,
                        "InvalidSecurityToken.MismatchWithAccessKey",
                        "Specified SecurityToken mismatch with the AccessKey.",
                    ),
                    TokenError::Expired => StsError::new(
                        400,
                        "InvalidSecurityToken.Expired",
                        "Specified SecurityToken is expired.",
                    ),
                }),
            (None, None) => Err(unknown()),
            (Some(_), Some(_)) => Err(StsError::new(
                400,
                "InvalidSecurityToken.MismatchWithAccessKey",
                "Specified SecurityToken mismatch with the AccessKey.",
            )),
        }
    }

    fn duration(&self) -> Result<u32, StsError> {
        let Some(text) = self.get("DurationSeconds") else {
            return Ok(SECONDS_DEFAULT);
        };
        text.parse()
            .ok()
            .filter(|seconds| (SECONDS_MIN..=SECONDS_MAX).contains(seconds))
            .ok_or_else(|| {
                StsError::new(
                    400,
                    "InvalidParameter.DurationSeconds",
                    "The Min/Max value of DurationSeconds is 15min/12hr.",
                )
            })
    }
}

fn is_session_name(name: &str) -> bool {
    (2..=64).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".@-_".contains(&b))
}

fn split_role_arn(arn: &str) -> Option<(&str, &str)> {
    let (uid, name) = arn.strip_prefix("acs:ram::")?.split_once(":role/")?;
    (!uid.is_empty() && !name.is_empty()).then_some((uid, name))
}

/// Whether the caller may take the role. The account itself may; its users and roles need a statement.
fn may_assume(principal: &Principal, uid: &str, role: &str, request: &StsRequest) -> bool {
    if principal
        .account()
        .is_none_or(|account| account.uid() != uid)
    {
        return false;
    }
    let facts = Facts {
        source_ip: request.source_ip,
        secure: request.secure,
        now: request.now,
        requester_pays: false,
        more: Vec::new(),
    };
    let caller = principal.caller();
    let resource = ResourceName {
        service: "ram",
        region: String::new(),
        owner: uid.to_owned(),
        path: format!("role/{role}"),
    };
    let question = Question {
        action: "sts:AssumeRole",
        resource: &resource,
        caller: &caller,
        facts: &facts,
        ignore_public: false,
    };
    let allows = |policy: &Policy| matches!(policy.ask(&question), Verdict::Allow(..));
    match principal {
        Principal::Anonymous => false,
        Principal::Account(_) => true,
        Principal::User(user) => user.policy.as_ref().is_some_and(allows),
        Principal::Session(session) => {
            session.role_policy().is_some_and(allows) && session.policy.as_ref().is_none_or(allows)
        }
    }
}

/// Answers AssumeRole: checks signature, caller and parameters, and issues a token.
pub fn assume_role(
    credentials: &Credentials,
    request: &StsRequest,
    ids: &dyn IdSource,
) -> Result<AssumeRoleResponse, StsError> {
    match request.get("Action") {
        Some("AssumeRole") => {}
        _ => {
            return Err(StsError::new(
                404,
                "InvalidAction.NotFound",
                "Specified api is not found, please check your url and method.",
            ));
        }
    }
    if request.need("Version", "MissingVersion")? != VERSION {
        return Err(StsError::new(
            400,
            "InvalidVersion",
            "Specified parameter Version is not valid.",
        ));
    }
    let principal = request.authenticate(credentials)?;

    let arn = request.need("RoleArn", "MissingRoleArn")?;
    let (uid, role) = split_role_arn(arn).ok_or_else(|| {
        StsError::new(
            400,
            "InvalidParameter.RoleArn",
            "The parameter RoleArn is wrongly formed.",
        )
    })?;
    let session = request.need("RoleSessionName", "MissingRoleSessionName")?;
    if !is_session_name(session) {
        return Err(StsError::new(
            400,
            "InvalidParameter.RoleSessionName",
            "The parameter RoleSessionName is wrongly formed.",
        ));
    }
    let seconds = request.duration()?;
    if !may_assume(&principal, uid, role, request) {
        return Err(StsError::new(
            403,
            "NoPermission",
            "You are not authorized to do this action. You should be authorized by RAM.",
        ));
    }
    let grant = Grant {
        account: uid,
        role,
        session,
        policy: request.get("Policy"),
        seconds,
    };
    let issued =
        credentials
            .issue_token(&grant, request.now, ids)
            .map_err(|error| match error {
                IssueError::NoSuchRole => StsError::new(
                    404,
                    "EntityNotExist.Role",
                    format!("The role not exists: {}.", role_arn(uid, role)),
                ),
                IssueError::PolicyTooLong => StsError::new(
                    400,
                    "InvalidParameter.PolicySize",
                    "The size of Policy must be smaller than 2048 bytes.",
                ),
                IssueError::Policy(error) => StsError::new(
                    400,
                    "InvalidParameter.PolicyGrammar",
                    format!("The parameter Policy has not passed grammar check: {error}"),
                ),
            })?;
    let mut expiration = issued.expires.iso8601();
    // The interface writes whole seconds.
    if let Some(seconds) = expiration.strip_suffix(".000Z") {
        expiration = format!("{seconds}Z");
    }
    Ok(AssumeRoleResponse {
        request_id: request.request_id.to_owned(),
        assumed_role_user: AssumedRoleUser {
            arn: session_arn(uid, role, session),
            assumed_role_id: format!("{}:{session}", numeric_id(uid, "role", role)),
        },
        credentials: TemporaryCredentials {
            access_key_id: issued.access_key_id,
            access_key_secret: issued.secret.reveal().to_owned(),
            security_token: issued.token,
            expiration,
        },
    })
}

#[cfg(test)]
#[path = "assume_role_tests.rs"]
mod tests;
