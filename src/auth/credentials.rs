//! Who there is: accounts, their users and roles, key pairs, and the keys of temporary tokens.
//!
//! Built once from the configuration and never changed, so it needs no lock. Secrets have no debug form and are
//! only compared through [`same`]. Temporary keys are not stored anywhere: `sts` seals what they may do into the
//! token itself, under a key derived from the account's own secrets.

use super::canonical::{self, Scope, V4Signer};
use super::policy::{Caller, Kind, Policy, PolicyError};
use crate::domain::time::Timestamp;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// A secret access key. It has no readable debug form.
#[derive(Clone)]
pub struct Secret(Arc<Kept>);

struct Kept {
    text: String,
    /// The signer of the scope that was asked for last: deriving its key costs more than the signature itself. It lives
    /// and dies with its secret, so it cannot outlast a change of it.
    signer: Mutex<Option<(Scope, V4Signer)>>,
}

impl Secret {
    /// Wraps the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Arc::new(Kept {
            text: text.into(),
            signer: Mutex::new(None),
        }))
    }

    /// The bytes, for signing only.
    pub(super) fn bytes(&self) -> &[u8] {
        self.0.text.as_bytes()
    }

    /// The text, for the one answer that hands it out.
    pub(super) fn reveal(&self) -> &str {
        &self.0.text
    }

    /// What signs V4 requests of a scope.
    pub(super) fn v4_signer(&self, scope: &Scope) -> V4Signer {
        let mut kept = self.0.signer.lock();
        match &*kept {
            Some((of, signer)) if of == scope => signer.clone(),
            _ => {
                let signer = V4Signer::new(self.bytes(), scope);
                *kept = Some((scope.clone(), signer.clone()));
                signer
            }
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Compares without telling by its duration where two texts differ.
pub(super) fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// A key pair, as configured.
#[derive(Debug, Clone)]
pub struct KeySpec {
    /// The access key id.
    pub id: String,
    /// Its secret.
    pub secret: Secret,
    /// A disabled key is known and refused.
    pub disabled: bool,
}

/// A RAM user, as configured.
#[derive(Debug, Clone)]
pub struct UserSpec {
    /// Unique within the account.
    pub name: String,
    /// Its keys.
    pub keys: Vec<KeySpec>,
    /// RAM policy document; without one the user may do nothing of its own.
    pub policy: Option<String>,
}

/// A role that AssumeRole can take, as configured.
#[derive(Debug, Clone)]
pub struct RoleSpec {
    /// Unique within the account.
    pub name: String,
    /// RAM policy document; without one the role may do nothing.
    pub policy: Option<String>,
}

/// An account, as configured.
#[derive(Debug, Clone)]
pub struct AccountSpec {
    /// Decimal account id.
    pub uid: String,
    /// What `Owner` shows.
    pub display_name: String,
    /// Keys of the account itself.
    pub keys: Vec<KeySpec>,
    /// Its users.
    pub users: Vec<UserSpec>,
    /// Its roles.
    pub roles: Vec<RoleSpec>,
}

/// Why a configuration makes no credentials.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// Two accounts of one uid.
    #[error("account {0} is configured twice")]
    Account(String),
    /// An empty uid, or one with other characters than digits.
    #[error("account id {0:?} is not a decimal number")]
    Uid(String),
    /// Two users or roles of one name in an account.
    #[error("account {0} has two users or roles named {1}")]
    Name(String, String),
    /// A key id that stands twice.
    #[error("access key id {0} is configured twice")]
    Key(String),
    /// A key id that no client could send, or an empty secret.
    #[error(
        "access key {0:?} needs an id of letters, digits and `._=-` outside STS., and a secret"
    )]
    KeyShape(String),
    /// Tokens are sealed with the account's own secrets, so there must be one.
    #[error("account {0} has roles but no key pair of its own")]
    RoleWithoutKey(String),
    /// A policy that was not understood.
    #[error("policy of {0}: {1}")]
    Policy(String, PolicyError),
}

/// An account that can own buckets.
pub struct Account {
    uid: String,
    display_name: String,
    /// Seals tokens of this account's roles.
    pub(super) sealing_key: Vec<u8>,
    roles: BTreeMap<String, Option<Policy>>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("uid", &self.uid)
            .finish_non_exhaustive()
    }
}

impl Account {
    /// Decimal account id.
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// What `Owner` shows.
    pub fn display_name(&self) -> &str {
        &self.display_name
    }

    /// Whether it has the role.
    pub(super) fn has_role(&self, name: &str) -> bool {
        self.roles.contains_key(name)
    }
}

/// A RAM user.
#[derive(Debug)]
pub struct User {
    pub(super) account: Arc<Account>,
    pub(super) name: String,
    /// The numeric id that bucket policies name users by.
    pub(super) id: String,
    pub(super) policy: Option<Policy>,
}

/// A role taken for a while, with what its token says.
#[derive(Debug)]
pub struct Session {
    pub(super) account: Arc<Account>,
    pub(super) role: String,
    pub(super) name: String,
    /// Narrows the role's policy for this session.
    pub(super) policy: Option<Policy>,
    pub(super) expires: Timestamp,
}

impl Session {
    /// The policy of the role, as configured now.
    pub(super) fn role_policy(&self) -> Option<&Policy> {
        self.account.roles.get(&self.role).and_then(Option::as_ref)
    }

    /// When the token stops to be good.
    pub fn expires(&self) -> Timestamp {
        self.expires
    }
}

/// On whose behalf a request is made.
#[derive(Debug, Clone)]
pub enum Principal {
    /// Nobody signed.
    Anonymous,
    /// The account itself.
    Account(Arc<Account>),
    /// A user of it.
    User(Arc<User>),
    /// A role of it, taken for a while.
    Session(Arc<Session>),
}

impl Principal {
    /// The account; none for anonymous.
    pub fn account(&self) -> Option<&Arc<Account>> {
        match self {
            Self::Anonymous => None,
            Self::Account(account) => Some(account),
            Self::User(user) => Some(&user.account),
            Self::Session(session) => Some(&session.account),
        }
    }

    /// How policies may name this principal.
    pub(super) fn caller(&self) -> Caller {
        let account = self.account().map(|account| account.uid.clone());
        let uid = account.as_deref().unwrap_or_default();
        let names = match self {
            Self::Anonymous | Self::Account(_) => Vec::new(),
            Self::User(user) => vec![user.id.clone(), user_arn(uid, &user.name)],
            Self::Session(session) => vec![
                role_arn(uid, &session.role),
                session_arn(uid, &session.role, &session.name),
            ],
        };
        Caller {
            root: matches!(self, Self::Account(_)),
            account,
            names,
        }
    }

    /// `AuthPrincipalType` of a refusal.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Anonymous => "Anonymous",
            Self::Account(_) => "Account",
            Self::User(_) => "SubUser",
            Self::Session(_) => "AssumedRoleUser",
        }
    }

    /// `AuthPrincipalDisplayName` of a refusal.
    pub(super) fn label(&self) -> String {
        match self {
            Self::Anonymous => String::new(),
            Self::Account(account) => account.uid.clone(),
            Self::User(user) => user.name.clone(),
            Self::Session(session) => format!("{}:{}", session.role, session.name),
        }
    }
}

fn user_arn(uid: &str, name: &str) -> String {
    format!("acs:ram::{uid}:user/{name}")
}

/// `acs:ram::<uid>:role/<name>`
pub fn role_arn(uid: &str, name: &str) -> String {
    format!("acs:ram::{uid}:role/{name}")
}

/// `acs:sts::<uid>:assumed-role/<role>/<session>`
pub(super) fn session_arn(uid: &str, role: &str, session: &str) -> String {
    format!("acs:sts::{uid}:assumed-role/{role}/{session}")
}

/// A numeric id for a name, stable across restarts: 16 digits that start with 2, as RAM's do.
pub(super) fn numeric_id(uid: &str, kind: &str, name: &str) -> String {
    let digest = Sha256::digest(format!("{uid}\0{kind}\0{name}"));
    let (head, _) = digest.split_at(8);
    let number = head
        .iter()
        .fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte));
    format!("2{:015}", number % 1_000_000_000_000_000)
}

/// A long-lived key and whose it is.
#[derive(Debug, Clone)]
pub struct Key {
    /// Whose it is.
    pub principal: Principal,
    /// Its secret.
    pub secret: Secret,
    /// Known, but refused.
    pub disabled: bool,
}

/// All accounts and keys of the server.
#[derive(Debug, Default)]
pub struct Credentials {
    accounts: HashMap<String, Arc<Account>>,
    keys: HashMap<String, Key>,
}

/// Whether an access key id has only characters that one may have (EC 0002-00000064).
pub(super) fn is_key_id(id: &str) -> bool {
    id.bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"._=-".contains(&b))
}

/// Ids of temporary keys start so; configured ones must not.
pub(super) const TEMPORARY_PREFIX: &str = "STS.";

impl Credentials {
    /// Reads the configuration's accounts. Every policy must be understood.
    pub fn new(accounts: Vec<AccountSpec>) -> Result<Self, CredentialsError> {
        let mut out = Self::default();
        for spec in accounts {
            out.add(spec)?;
        }
        Ok(out)
    }

    fn add(&mut self, spec: AccountSpec) -> Result<(), CredentialsError> {
        let uid = spec.uid;
        if uid.is_empty() || !uid.bytes().all(|b| b.is_ascii_digit()) {
            return Err(CredentialsError::Uid(uid));
        }
        if !spec.roles.is_empty() && spec.keys.is_empty() {
            return Err(CredentialsError::RoleWithoutKey(uid));
        }
        let mut roles = BTreeMap::new();
        for role in spec.roles {
            let arn = role_arn(&uid, &role.name);
            let policy = identity_policy(role.policy.as_deref(), arn)?;
            if roles.insert(role.name.clone(), policy).is_some() {
                return Err(CredentialsError::Name(uid, role.name));
            }
        }
        let account = Arc::new(Account {
            sealing_key: sealing_key(&uid, &spec.keys),
            uid: uid.clone(),
            display_name: spec.display_name,
            roles,
        });
        if self
            .accounts
            .insert(uid.clone(), Arc::clone(&account))
            .is_some()
        {
            return Err(CredentialsError::Account(uid));
        }
        self.add_keys(spec.keys, &Principal::Account(Arc::clone(&account)))?;

        let mut names = std::collections::HashSet::new();
        for user in spec.users {
            if !names.insert(user.name.clone()) {
                return Err(CredentialsError::Name(uid, user.name));
            }
            let policy = identity_policy(user.policy.as_deref(), user_arn(&uid, &user.name))?;
            let id = numeric_id(&uid, "user", &user.name);
            let user_account = Arc::clone(&account);
            let principal = Principal::User(Arc::new(User {
                account: user_account,
                name: user.name,
                id,
                policy,
            }));
            self.add_keys(user.keys, &principal)?;
        }
        Ok(())
    }

    fn add_keys(
        &mut self,
        keys: Vec<KeySpec>,
        principal: &Principal,
    ) -> Result<(), CredentialsError> {
        for key in keys {
            let shaped = !key.id.is_empty()
                && is_key_id(&key.id)
                && !key.id.starts_with(TEMPORARY_PREFIX)
                && !key.secret.bytes().is_empty();
            if !shaped {
                return Err(CredentialsError::KeyShape(key.id));
            }
            let entry = Key {
                principal: principal.clone(),
                secret: key.secret,
                disabled: key.disabled,
            };
            if self.keys.insert(key.id.clone(), entry).is_some() {
                return Err(CredentialsError::Key(key.id));
            }
        }
        Ok(())
    }

    /// A long-lived key by its id.
    pub fn lookup(&self, access_key_id: &str) -> Option<&Key> {
        self.keys.get(access_key_id)
    }

    /// An account by its id, for `Owner` elements.
    pub fn account(&self, uid: &str) -> Option<&Arc<Account>> {
        self.accounts.get(uid)
    }
}

fn identity_policy(text: Option<&str>, of: String) -> Result<Option<Policy>, CredentialsError> {
    text.map(|text| Policy::parse(text, Kind::Identity))
        .transpose()
        .map_err(|error| CredentialsError::Policy(of, error))
}

/// Derived from every key pair of the account: changing one makes all its tokens void, as it should.
fn sealing_key(uid: &str, keys: &[KeySpec]) -> Vec<u8> {
    let mut pairs: Vec<_> = keys
        .iter()
        .map(|key| (&key.id, key.secret.bytes()))
        .collect();
    pairs.sort();
    pairs
        .into_iter()
        .fold(uid.as_bytes().to_vec(), |key, (id, secret)| {
            canonical::derive(secret, id, &key)
        })
}

#[cfg(test)]
#[path = "credentials_tests.rs"]
mod tests;
