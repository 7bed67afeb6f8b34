//! May this call happen? Who signed it, and may they do what they ask.

pub mod canonical;

use crate::domain::bucket::BucketAcl;
use crate::domain::object::ObjectAcl;
use crate::domain::time::Timestamp;
use crate::error::{Code, Error, Result};
use http::{HeaderMap, Method};
use std::net::IpAddr;

/// What an operation asks for; each row of the operations table names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Anyone, unsigned: CORS preflight.
    Public,
    /// Decided by the fields of a form (PostObject): the handler authenticates.
    Form,
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

/// A request as far as authentication looks at it.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// The method.
    pub method: &'a Method,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The query, decoded once, in order; none for a name without `=`.
    pub query: &'a [(String, Option<String>)],
    /// The query as sent.
    pub raw_query: &'a str,
    /// The bucket's text, decoded.
    pub bucket: Option<&'a str>,
    /// The key's text, decoded.
    pub key: Option<&'a str>,
    /// `Host` as sent.
    pub host: &'a str,
    /// Whether it came over TLS.
    pub secure: bool,
    /// The other end.
    pub source_ip: IpAddr,
    /// When it came in.
    pub now: Timestamp,
}

/// What permission is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
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

/// Who asks, once the signature has been checked.
#[derive(Debug, Clone)]
pub struct Identity {
    uid: Option<String>,
    display_name: String,
}

impl Identity {
    /// Nobody signed.
    pub fn anonymous() -> Self {
        Self {
            uid: None,
            display_name: String::new(),
        }
    }

    /// The account's uid; none for anonymous.
    pub fn uid(&self) -> Option<&str> {
        self.uid.as_deref()
    }

    /// The account's display name; empty for anonymous.
    pub fn display_name(&self) -> &str {
        &self.display_name
    }

    /// Whether nobody signed.
    pub fn is_anonymous(&self) -> bool {
        self.uid.is_none()
    }

    /// Whether the caller is this account, one of its users, or a role of it.
    pub fn is_account(&self, uid: &str) -> bool {
        self.uid() == Some(uid)
    }
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

/// Accounts, keys, users and tokens.
#[derive(Debug, Default)]
pub struct Credentials;

/// Region, clock rule and other switches of authentication.
#[derive(Debug, Default)]
pub struct AuthSettings;

/// Finds out who asks. Fails closed until the schemes are in place.
pub fn authenticate(_: &Credentials, _: &AuthSettings, _: &Incoming<'_>) -> Result<Identity> {
    Err(Error::new(Code::AccessDenied))
}

/// Decides whether they may. Denies until the rules are in place.
pub fn authorize(
    identity: Identity,
    access: Access,
    _action: &str,
    _target: &Target<'_>,
    _incoming: &Incoming<'_>,
) -> Result<Admitted> {
    match access {
        Access::Public | Access::Form => Ok(Admitted { identity }),
        _ => Err(Error::new(Code::AccessDenied)),
    }
}
