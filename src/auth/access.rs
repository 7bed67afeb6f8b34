//! May they? ACLs, policies of users, roles, sessions and buckets, and who pays: one evaluator, deny by default.
//!
//! The order is the service's: an explicit denial anywhere wins; then a policy's permission; then ownership and
//! ACLs. Every decision names its reason, which the log shows and the refusal's text comes from.

use super::credentials::Principal;
use super::policy::{Facts, Kind, Policy, Question, ResourceName, Verdict, Via};
use super::{Identity, Incoming};
use crate::domain::bucket::BucketAcl;
use crate::domain::object::ObjectAcl;
use crate::error::{Code, Error, Result};
use std::cell::OnceCell;

/// What an operation asks for; each row of the operations table names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Anyone, unsigned: CORS preflight.
    Public,
    /// Decided by the fields of a form (PostObject): the handler authenticates.
    Form,
    /// Decided key by key: the handler asks for each key that the body names (DeleteMultipleObjects).
    EachKey,
    /// Service level: the caller's own account.
    ListBuckets,
    /// To create a bucket: any account.
    CreateBucket,
    /// Whatever only the bucket's owner does by default.
    BucketOwner,
    /// To list objects.
    List,
    /// To read an object.
    Read,
    /// To write or delete an object.
    Write,
    /// To read an object's ACL.
    ReadAcl,
    /// To write an object's ACL.
    WriteAcl,
}

impl Access {
    const fn is_object(self) -> bool {
        matches!(
            self,
            Self::Read | Self::Write | Self::ReadAcl | Self::WriteAcl
        )
    }
}

/// What permission is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The server's region, as policies name it.
    pub region: &'a str,
    /// The bucket's name.
    pub bucket: Option<&'a str>,
    /// The key.
    pub key: Option<&'a str>,
    /// The uid of the bucket's owner; none where the bucket does not exist.
    pub bucket_owner: Option<&'a str>,
    /// The bucket's ACL.
    pub bucket_acl: Option<BucketAcl>,
    /// The object's ACL, where the object exists.
    pub object_acl: Option<ObjectAcl>,
    /// The bucket policy's text.
    pub policy: Option<&'a [u8]>,
    /// Public access is blocked.
    pub block_public_access: bool,
    /// Requesters pay.
    pub requester_pays: bool,
}

/// The proof that a call may happen. Only this module makes one.
#[derive(Debug)]
pub struct Admitted {
    identity: Identity,
}

impl Admitted {
    /// Who may.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }
}

/// Decides whether they may. What no rule allows is denied.
pub fn authorize(
    identity: Identity,
    access: Access,
    action: &str,
    target: &Target<'_>,
    incoming: &Incoming<'_>,
) -> Result<Admitted> {
    let decision = Case {
        principal: &identity.principal,
        access,
        action,
        target,
        incoming,
        facts: OnceCell::new(),
    }
    .decide();
    tracing::debug!(
        ?decision,
        ?access,
        action,
        bucket = target.bucket,
        key = target.key,
        caller = identity.principal.label(),
        "permission"
    );
    match decision {
        Ok(_) => Ok(Admitted { identity }),
        Err(reason) => Err(reason.error(&identity.principal, access, action, target)),
    }
}

/// Which rule allowed it. Read by people, in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code)]
enum Permit {
    /// The operation is open to everybody.
    Open,
    /// Any account may.
    AnyAccount,
    /// The caller is the bucket's owner.
    Owner,
    /// A statement of the user's or role's policy.
    Identity { statement: usize },
    /// A statement of the bucket's policy.
    Bucket { statement: usize },
    /// The ACL in force.
    Acl(ObjectAcl),
}

/// Which rule refused it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// Nobody signed, and the operation wants an account.
    Anonymous,
    /// No rule allows a stranger this object.
    Acl,
    /// No rule allows a stranger this bucket.
    NotOwner,
    /// A statement of the user's or role's policy denies.
    Identity { statement: usize },
    /// No statement of the user or role allows.
    NoIdentityStatement,
    /// The session's own policy denies, or does not allow.
    Session { statement: Option<usize> },
    /// A statement of the bucket's policy denies.
    Bucket { statement: usize },
    /// The bucket's policy cannot be read, so nobody can tell what it denies.
    UnreadablePolicy,
    /// The caller would pay and has not agreed to.
    Payer,
}

type Decision = std::result::Result<Permit, Refusal>;

struct Case<'a> {
    principal: &'a Principal,
    access: Access,
    action: &'a str,
    target: &'a Target<'a>,
    incoming: &'a Incoming<'a>,
    /// Most decisions need none.
    facts: OnceCell<Facts>,
}

impl Case<'_> {
    fn uid(&self) -> Option<&str> {
        self.principal.account().map(|account| account.uid())
    }

    fn facts(&self) -> &Facts {
        self.facts.get_or_init(|| {
            let mut facts = self.incoming.facts();
            // A list without a prefix is a list of the empty prefix, and documents name it so.
            if self.access == Access::List && !facts.more.iter().any(|(key, _)| key == "oss:prefix")
            {
                facts.more.push(("oss:prefix".to_owned(), String::new()));
            }
            facts
        })
    }

    /// Whether the caller belongs to the account that owns the bucket.
    fn is_own(&self) -> bool {
        self.uid().is_some() && self.uid() == self.target.bucket_owner
    }

    fn decide(&self) -> Decision {
        if matches!(self.access, Access::Public | Access::Form | Access::EachKey) {
            return Ok(Permit::Open);
        }
        let permit = self.decide_unpaid()?;
        // Nobody can be charged who has no name.
        let pays = || self.facts().requester_pays && self.uid().is_some();
        if self.target.requester_pays && !self.is_own() && !pays() {
            return Err(Refusal::Payer);
        }
        Ok(permit)
    }

    fn decide_unpaid(&self) -> Decision {
        let identity = self.ask_identity()?;
        let bucket = self.ask_bucket()?;
        if matches!(self.access, Access::ListBuckets | Access::CreateBucket) {
            return match (self.principal, identity) {
                (Principal::Anonymous, _) => Err(Refusal::Anonymous),
                (Principal::Account(_), _) => Ok(Permit::AnyAccount),
                (_, Some(statement)) => Ok(Permit::Identity { statement }),
                (_, None) => Err(Refusal::NoIdentityStatement),
            };
        }
        if let Principal::Account(_) = self.principal
            && self.is_own()
        {
            return Ok(Permit::Owner);
        }
        if let (Some(statement), true) = (identity, self.is_own()) {
            return Ok(Permit::Identity { statement });
        }
        match bucket {
            Some((statement, Via::Direct)) => return Ok(Permit::Bucket { statement }),
            // The bucket lets the account in; which of its users may use that, the account says.
            Some((statement, Via::Account)) if identity.is_some() => {
                return Ok(Permit::Bucket { statement });
            }
            _ => {}
        }
        if let Some(acl) = self.acl_that_allows() {
            return Ok(Permit::Acl(acl));
        }
        Err(self.silence())
    }

    /// Why nothing allowed it.
    fn silence(&self) -> Refusal {
        match self.principal {
            Principal::Anonymous if !matches!(self.access, Access::Read | Access::Write) => {
                Refusal::Anonymous
            }
            Principal::User(_) | Principal::Session(_) if self.is_own() => {
                Refusal::NoIdentityStatement
            }
            _ if self.access.is_object() => Refusal::Acl,
            _ => Refusal::NotOwner,
        }
    }

    /// What the caller's own policies say: the allowing statement, none, or a refusal.
    fn ask_identity(&self) -> std::result::Result<Option<usize>, Refusal> {
        let policy = match self.principal {
            Principal::Anonymous | Principal::Account(_) => return Ok(None),
            Principal::User(user) => user.policy.as_ref(),
            Principal::Session(session) => {
                // A session's policy bounds everything the session does, whoever else allows it.
                match session
                    .policy
                    .as_ref()
                    .map(|policy| self.ask(policy, false))
                {
                    None | Some(Verdict::Allow(..)) => {}
                    Some(Verdict::Deny(i)) => return Err(Refusal::Session { statement: Some(i) }),
                    Some(Verdict::Silent) => return Err(Refusal::Session { statement: None }),
                }
                session.role_policy()
            }
        };
        match policy.map(|policy| self.ask(policy, false)) {
            Some(Verdict::Deny(statement)) => Err(Refusal::Identity { statement }),
            Some(Verdict::Allow(statement, _)) => Ok(Some(statement)),
            Some(Verdict::Silent) | None => Ok(None),
        }
    }

    /// What the bucket's policy says. Its owner can always read and change the policy itself, or a wrong one
    /// would lock the bucket for good.
    fn ask_bucket(&self) -> std::result::Result<Option<(usize, Via)>, Refusal> {
        let Some(text) = self.target.policy else {
            return Ok(None);
        };
        if self.access == Access::CreateBucket {
            return Ok(None);
        }
        let owner_root = matches!(self.principal, Principal::Account(_)) && self.is_own();
        if owner_root && is_policy_action(self.action) {
            return Ok(None);
        }
        let policy = std::str::from_utf8(text)
            .ok()
            .and_then(|text| Policy::parse(text, Kind::Bucket).ok());
        let Some(policy) = policy else {
            tracing::error!(
                bucket = self.target.bucket,
                "stored bucket policy is unreadable"
            );
            return Err(Refusal::UnreadablePolicy);
        };
        let ignore_public = self.target.block_public_access && !self.is_own();
        match self.ask(&policy, ignore_public) {
            Verdict::Deny(statement) => Err(Refusal::Bucket { statement }),
            Verdict::Allow(statement, via) => Ok(Some((statement, via))),
            Verdict::Silent => Ok(None),
        }
    }

    fn ask(&self, policy: &Policy, ignore_public: bool) -> Verdict {
        let path = match (self.target.bucket, self.target.key) {
            (Some(bucket), Some(key)) => format!("{bucket}/{key}"),
            (Some(bucket), None) => bucket.to_owned(),
            (None, _) => "*".to_owned(),
        };
        // What has no owner yet is asked for in the caller's own account.
        let owner = self.target.bucket_owner.or(self.uid()).unwrap_or_default();
        let resource = ResourceName {
            service: "oss",
            region: self.target.region.to_owned(),
            owner: owner.to_owned(),
            path,
        };
        policy.ask(&Question {
            action: self.action,
            resource: &resource,
            caller: &self.principal.caller(),
            facts: self.facts(),
            ignore_public,
        })
    }

    /// The ACL in force, if it allows the access to everybody.
    fn acl_that_allows(&self) -> Option<ObjectAcl> {
        if self.target.block_public_access {
            return None;
        }
        let of_bucket = match self.target.bucket_acl? {
            BucketAcl::Private => ObjectAcl::Private,
            BucketAcl::PublicRead => ObjectAcl::PublicRead,
            BucketAcl::PublicReadWrite => ObjectAcl::PublicReadWrite,
        };
        let of_object = self
            .target
            .object_acl
            .filter(|acl| *acl != ObjectAcl::Default)
            .unwrap_or(of_bucket);
        let read = |acl| matches!(acl, ObjectAcl::PublicRead | ObjectAcl::PublicReadWrite);
        match self.access {
            Access::List if read(of_bucket) => Some(of_bucket),
            Access::Read if read(of_object) => Some(of_object),
            Access::Write if of_object == ObjectAcl::PublicReadWrite => Some(of_object),
            _ => None,
        }
    }
}

fn is_policy_action(action: &str) -> bool {
    [
        "oss:GetBucketPolicy",
        "oss:PutBucketPolicy",
        "oss:DeleteBucketPolicy",
    ]
    .contains(&action)
}

impl Refusal {
    fn error(self, principal: &Principal, access: Access, action: &str, target: &Target) -> Error {
        let denied = Error::new(Code::AccessDenied);
        match self {
            Self::Anonymous => denied.message("Anonymous access is forbidden for this operation."),
            Self::Acl => {
                denied.message("You have no right to access this object because of bucket acl.")
            }
            Self::NotOwner => denied.message("The bucket you access does not belong to you."),
            Self::Payer => denied
                .ec("0003-00000703")
                .message("Access denied for requester pay bucket"),
            Self::Bucket { .. } => denied.message("Access denied by bucket policy."),
            Self::UnreadablePolicy => denied.message("The policy of the bucket can not be read."),
            Self::Identity { .. } => {
                ram_refusal(principal, access, action, target, IDENTITY_POLICY, true)
            }
            Self::NoIdentityStatement => {
                ram_refusal(principal, access, action, target, IDENTITY_POLICY, false)
            }
            // Node's suite asserts this text of a session whose own policy does not reach.
            Self::Session { statement } => ram_refusal(
                principal,
                access,
                action,
                target,
                "SessionPolicy",
                statement.is_some(),
            )
            .message("Access denied by authorizer's policy."),
        }
    }
}

const IDENTITY_POLICY: &str = "AccountLevelIdentityBasedPolicy";

/// A refusal by RAM, with the detail that errors.md §1 describes.
fn ram_refusal(
    principal: &Principal,
    access: Access,
    action: &str,
    target: &Target,
    policy_type: &'static str,
    explicit: bool,
) -> Error {
    let message = if access.is_object() {
        "You have no right to access this object."
    } else {
        "You have no right to access this bucket."
    };
    let owner = principal.account().map(|account| account.uid());
    let no_permission = if explicit {
        "ExplicitDeny"
    } else {
        "ImplicitDeny"
    };
    let error = Error::new(Code::AccessDenied)
        .ec("0003-00000201")
        .message(message)
        .field("AccessDeniedDetail/PolicyType", policy_type)
        .field(
            "AccessDeniedDetail/AuthPrincipalOwnerId",
            owner.unwrap_or_default(),
        )
        .field("AccessDeniedDetail/AuthPrincipalType", principal.kind())
        .field(
            "AccessDeniedDetail/AuthPrincipalDisplayName",
            principal.label(),
        )
        .field("AccessDeniedDetail/NoPermissionType", no_permission)
        .field("AccessDeniedDetail/AuthAction", action);
    let error = match target.bucket {
        Some(bucket) => error.field("Bucket", bucket),
        None => error,
    };
    error.field("User", principal.label())
}

#[cfg(test)]
#[path = "access_tests.rs"]
mod tests;
