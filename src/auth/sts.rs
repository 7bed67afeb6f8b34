//! Temporary credentials: issuing tokens, and telling what a token is good for. `sts::assume_role` is the
//! interface that hands them out.
//!
//! A token is its own record: claims and their HMAC under a key of the account. Nothing is stored, so nothing
//! grows, nothing is lost in a restart, and no lock is taken to look one up.

pub mod assume_role;

use super::canonical::derive;
use super::credentials::{
    Account, Credentials, Principal, Secret, Session, TEMPORARY_PREFIX, same,
};
use super::policy::{Kind, Policy, PolicyError};
use crate::domain::ids::IdSource;
use crate::domain::time::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Real tokens start so; some tools look at it.
const TOKEN_PREFIX: &str = "CAIS";
/// Longest token that is looked at; a session policy of the longest size fits.
const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// Longest session policy, in bytes.
pub const SESSION_POLICY_BYTES_MAX: usize = 2048;
const MAC_BYTES: usize = 32;

/// What a token says, under its seal.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    #[serde(rename = "k")]
    access_key_id: String,
    #[serde(rename = "a")]
    account: String,
    #[serde(rename = "r")]
    role: String,
    #[serde(rename = "s")]
    session: String,
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    #[serde(rename = "e")]
    expires: i64,
}

/// A key pair with its token, just issued.
#[derive(Debug, Clone)]
pub struct Issued {
    /// Starts with `STS.`.
    pub access_key_id: String,
    /// Its secret.
    pub secret: Secret,
    /// What has to come with every request.
    pub token: String,
    /// When both stop to be good, a whole second.
    pub expires: Timestamp,
}

/// Why no token was issued.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// The account or role is not configured.
    #[error("the role does not exist")]
    NoSuchRole,
    /// The session policy is longer than [`SESSION_POLICY_BYTES_MAX`].
    #[error("the session policy is too long")]
    PolicyTooLong,
    /// The session policy is not a policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

/// Why a token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenError {
    /// Not one of ours, or altered, or its role is gone.
    Unknown,
    /// A good token, of another access key.
    OtherKey,
    /// A good token whose time is over.
    Expired,
}

/// What a role session is issued for.
#[derive(Debug, Clone, Copy)]
pub struct Grant<'a> {
    /// Account of the role.
    pub account: &'a str,
    /// The role's name.
    pub role: &'a str,
    /// What the session calls itself.
    pub session: &'a str,
    /// Narrows what the role may do.
    pub policy: Option<&'a str>,
    /// How long it is good.
    pub seconds: u32,
}

fn seal(account: &Account, payload: &[u8]) -> Vec<u8> {
    derive(&account.sealing_key, "token", payload)
}

fn temporary_secret(account: &Account, access_key_id: &str) -> Secret {
    let key = derive(&account.sealing_key, "secret", access_key_id.as_bytes());
    Secret::new(BASE64.encode(key))
}

impl Credentials {
    /// Issues a temporary key for a role.
    pub fn issue_token(
        &self,
        grant: &Grant,
        now: Timestamp,
        ids: &dyn IdSource,
    ) -> Result<Issued, IssueError> {
        let account = self.account(grant.account).ok_or(IssueError::NoSuchRole)?;
        if !account.has_role(grant.role) {
            return Err(IssueError::NoSuchRole);
        }
        if let Some(policy) = grant.policy {
            if policy.len() > SESSION_POLICY_BYTES_MAX {
                return Err(IssueError::PolicyTooLong);
            }
            Policy::parse(policy, Kind::Identity)?;
        }
        let mut random = [0u8; 18];
        ids.fill(&mut random);
        let access_key_id = format!("{TEMPORARY_PREFIX}{}", BASE64.encode(random));
        let expires = now
            .plus_millis(i64::from(grant.seconds) * 1000)
            .floor_to_second();
        let claims = Claims {
            access_key_id: access_key_id.clone(),
            account: grant.account.to_owned(),
            role: grant.role.to_owned(),
            session: grant.session.to_owned(),
            policy: grant.policy.map(str::to_owned),
            expires: expires.seconds(),
        };
        // Strings and a number always have a JSON form.
        let payload = serde_json::to_vec(&claims).unwrap_or_default();
        let sealed = [seal(account, &payload), payload].concat();
        Ok(Issued {
            secret: temporary_secret(account, &access_key_id),
            access_key_id,
            token: format!("{TOKEN_PREFIX}{}", BASE64.encode(sealed)),
            expires,
        })
    }

    /// Whose request a token makes it, if it belongs to the access key and is still good.
    pub(super) fn open_token(
        &self,
        access_key_id: &str,
        token: &str,
        now: Timestamp,
    ) -> Result<(Principal, Secret), TokenError> {
        let (claims, account) = self.unseal(token).ok_or(TokenError::Unknown)?;
        if claims.access_key_id != access_key_id {
            return Err(TokenError::OtherKey);
        }
        let expires = Timestamp::from_seconds(claims.expires);
        if now >= expires {
            return Err(TokenError::Expired);
        }
        let policy = claims
            .policy
            .map(|text| Policy::parse(&text, Kind::Identity))
            .transpose()
            .map_err(|_| TokenError::Unknown)?;
        let session = Session {
            account: Arc::clone(account),
            role: claims.role,
            name: claims.session,
            policy,
            expires,
        };
        let secret = temporary_secret(account, access_key_id);
        Ok((Principal::Session(Arc::new(session)), secret))
    }

    fn unseal(&self, token: &str) -> Option<(Claims, &Arc<Account>)> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let sealed = BASE64.decode(token.strip_prefix(TOKEN_PREFIX)?).ok()?;
        let (mac, payload) = sealed.split_at_checked(MAC_BYTES)?;
        // The account is read before the seal is checked, since it says which key to check with.
        let claims: Claims = serde_json::from_slice(payload).ok()?;
        let account = self.account(&claims.account)?;
        let genuine = same(mac, &seal(account, payload)) && account.has_role(&claims.role);
        genuine.then_some((claims, account))
    }
}

#[cfg(test)]
#[path = "sts_tests.rs"]
mod tests;
