//! May this call happen? Who signed it, and may they do what they ask.
//!
//! Two questions in this order, and both fail closed: [`authenticate`] makes an [`Identity`] of a request, and
//! [`authorize`] makes an [`Admitted`] of an identity and a target. Knows accesses and targets, never operations.

mod access;
pub mod canonical;
mod claim;
pub mod credentials;
mod header;
pub mod policy;
pub mod post_policy;
mod presign;
pub mod sts;

pub use access::{Access, Admitted, Target, authorize};
pub use credentials::Credentials;

use crate::domain::time::Timestamp;
use crate::error::{Code, Error, Result};
use canonical::Subject;
use credentials::Principal;
use http::{HeaderMap, Method};
use policy::Facts;
use std::net::IpAddr;

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

impl<'a> Incoming<'a> {
    fn subject(&self) -> Subject<'a> {
        Subject {
            method: self.method.as_str(),
            bucket: self.bucket,
            key: self.key,
            query: self.query,
            headers: self.headers,
        }
    }

    fn query_value(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.query.iter().find(|(n, _)| n == name)?;
        Some(value.as_deref().unwrap_or_default())
    }

    fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What policies may ask about this request.
    fn facts(&self) -> Facts {
        const PAYER: &str = "x-oss-request-payer";
        let mut more = Vec::new();
        let mut add = |key: &str, value: Option<&str>| {
            if let Some(value) = value {
                more.push((key.to_owned(), value.to_owned()));
            }
        };
        add("oss:prefix", self.query_value("prefix"));
        add("oss:delimiter", self.query_value("delimiter"));
        add("oss:maxkeys", self.query_value("max-keys"));
        add("acs:useragent", self.header("user-agent"));
        add("acs:referer", self.header("referer"));
        add("oss:x-oss-acl", self.header("x-oss-acl"));
        add("oss:x-oss-object-acl", self.header("x-oss-object-acl"));
        let payer = self
            .header(PAYER)
            .or_else(|| self.query_value(PAYER))
            .unwrap_or_default();
        Facts {
            source_ip: self.source_ip,
            secure: self.secure,
            now: self.now,
            requester_pays: payer.eq_ignore_ascii_case("requester"),
            more,
        }
    }
}

/// Region, clock rule and other switches of authentication.
#[derive(Debug, Clone)]
pub struct AuthSettings {
    /// Region id without `oss-`, which V4 signatures must name.
    pub region: String,
    /// Take V4 signatures of any region.
    pub any_region: bool,
    /// How far a request's date may be from now (auth.md §11).
    pub clock_skew_millis: u64,
}

impl Default for AuthSettings {
    fn default() -> Self {
        Self {
            region: "cn-hangzhou".to_owned(),
            any_region: false,
            clock_skew_millis: 900_000,
        }
    }
}

/// Where and how a request is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Nowhere.
    Anonymous,
    /// `Authorization: OSS …`
    V1Header,
    /// `?OSSAccessKeyId=…`
    V1Url,
    /// `Authorization: OSS2 …`
    V2Header,
    /// `?x-oss-signature-version=OSS2`
    V2Url,
    /// `Authorization: OSS4-HMAC-SHA256 …`
    V4Header,
    /// `?x-oss-signature-version=OSS4-HMAC-SHA256`
    V4Url,
    /// Fields of a form.
    Form,
}

/// Who asks, once the signature has been checked.
#[derive(Debug, Clone)]
pub struct Identity {
    principal: Principal,
    access_key_id: Option<String>,
    scheme: Scheme,
}

impl Identity {
    /// Nobody signed.
    pub fn anonymous() -> Self {
        Self {
            principal: Principal::Anonymous,
            access_key_id: None,
            scheme: Scheme::Anonymous,
        }
    }

    fn new(principal: Principal, access_key_id: String, scheme: Scheme) -> Self {
        Self {
            principal,
            access_key_id: Some(access_key_id),
            scheme,
        }
    }

    /// The account's uid; none for anonymous.
    pub fn uid(&self) -> Option<&str> {
        self.principal.account().map(|account| account.uid())
    }

    /// The account's display name; empty for anonymous.
    pub fn display_name(&self) -> &str {
        self.principal
            .account()
            .map(|account| account.display_name())
            .unwrap_or_default()
    }

    /// Whether nobody signed.
    pub fn is_anonymous(&self) -> bool {
        matches!(self.principal, Principal::Anonymous)
    }

    /// Whether the caller is this account, one of its users, or a role of it.
    pub fn is_account(&self, uid: &str) -> bool {
        self.uid() == Some(uid)
    }

    /// Whether the caller is this account itself, whom no policy or ACL of its own narrows.
    pub fn is_account_root(&self, uid: &str) -> bool {
        matches!(&self.principal, Principal::Account(account) if account.uid() == uid)
    }

    /// The access key that signed; none for anonymous.
    pub fn access_key_id(&self) -> Option<&str> {
        self.access_key_id.as_deref()
    }

    /// Where and how the request was signed.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Whose behalf it is on.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }
}

/// Finds out who asks (auth.md §1). A request without any signature is anonymous; one with a bad signature is
/// an error, never anonymous.
pub fn authenticate(
    credentials: &Credentials,
    settings: &AuthSettings,
    incoming: &Incoming<'_>,
) -> Result<Identity> {
    let in_header = incoming.headers.contains_key(http::header::AUTHORIZATION);
    if in_header && presign::is_signed(incoming.query) {
        return Err(Error::new(Code::InvalidArgument)
            .message("Only one of Authorization header and query string signature is allowed."));
    }
    let claim = if in_header {
        header::claim(settings, incoming.headers)?
    } else {
        presign::claim(settings, incoming)?
    };
    match claim {
        Some(claim) => claim.verify(credentials, settings, incoming),
        None => Ok(Identity::anonymous()),
    }
}

#[cfg(test)]
mod tests;
