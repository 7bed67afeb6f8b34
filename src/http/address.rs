//! Host and raw path to service, bucket or object. Decoded once; a key never becomes a path.
//!
//! A bucket stands in the host (`bucket.<domain>`) or in the first path segment (IP addresses, the bare domain,
//! and any host that is no configured domain), spec auth.md §2.

use crate::domain::name::{BucketName, NameError, ObjectKey};
use crate::error::{Code, Error, Result};
use crate::http::escape;
use std::net::{IpAddr, Ipv6Addr};

/// The names below which a first label is a bucket. `*` in a pattern stands for any text within one label.
#[derive(Debug, Clone, Default)]
pub struct Domains(Vec<Vec<String>>);

impl Domains {
    /// Takes patterns such as `localhost` or `oss-*.aliyuncs.com`; case does not matter.
    pub fn new<S: AsRef<str>>(patterns: impl IntoIterator<Item = S>) -> Self {
        let labels = |pattern: S| {
            pattern
                .as_ref()
                .to_ascii_lowercase()
                .split('.')
                .map(str::to_owned)
                .collect()
        };
        Self(patterns.into_iter().map(labels).collect())
    }

    /// Whether `host` (no port) is one of the domains.
    fn contains(&self, host: &str) -> bool {
        self.0.iter().any(|pattern| {
            let mut labels = host.split('.');
            let each = |p: &String| labels.next().is_some_and(|label| label_matches(p, label));
            pattern.iter().all(each) && labels.next().is_none()
        })
    }

    /// The bucket that `host` (no port) names before one of the domains.
    fn bucket_of<'h>(&self, host: &'h str) -> Option<&'h str> {
        let (first, rest) = host.split_once('.')?;
        (!self.contains(host) && self.contains(rest)).then_some(first)
    }
}

fn label_matches(pattern: &str, label: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == label,
        Some((head, tail)) => {
            label.len() > head.len() + tail.len()
                && label.starts_with(head)
                && label.ends_with(tail)
        }
    }
}

/// What a request addresses, decoded but not yet checked: signatures are computed over the names as sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// `Host` as sent, with its port.
    pub host: String,
    /// Whether the bucket stood in the host.
    pub virtual_host: bool,
    /// The bucket's text; none at service level.
    pub bucket: Option<String>,
    /// The key's text; none at bucket and service level.
    pub key: Option<String>,
}

/// Which of the three levels a request addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// No bucket.
    Service,
    /// A bucket and no key.
    Bucket,
    /// A bucket and a key.
    Object,
}

impl Scope {
    /// The text of `ResourceType` in errors.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Service => "Service",
            Self::Bucket => "Bucket",
            Self::Object => "Object",
        }
    }
}

impl Address {
    /// Splits host and raw path. A path that is not UTF-8 after decoding is `InvalidObjectName`.
    pub fn parse(host: &str, raw_path: &str, domains: &Domains) -> Result<Self> {
        let name = without_port(host).to_ascii_lowercase();
        let path = raw_path.strip_prefix('/').unwrap_or(raw_path);
        let (bucket, raw_key, virtual_host) =
            match domains.bucket_of(&name).filter(|_| !is_ip(&name)) {
                Some(bucket) => (Some(bucket.to_owned()), path, true),
                None => match path.split_once('/') {
                    Some((bucket, key)) => (Some(decode(bucket)?), key, false),
                    None if path.is_empty() => (None, "", false),
                    None => (Some(decode(path)?), "", false),
                },
            };
        let key = if raw_key.is_empty() {
            None
        } else {
            Some(decode(raw_key)?)
        };
        Ok(Self {
            host: host.to_owned(),
            virtual_host,
            bucket,
            key,
        })
    }

    /// The level.
    pub fn scope(&self) -> Scope {
        match (&self.bucket, &self.key) {
            (None, _) => Scope::Service,
            (Some(_), None) => Scope::Bucket,
            (Some(_), Some(_)) => Scope::Object,
        }
    }

    /// The names by the rules of the service.
    pub fn names(&self) -> Result<(Option<BucketName>, Option<ObjectKey>), NameError> {
        let bucket = self.bucket.as_deref().map(BucketName::parse).transpose()?;
        let key = self.key.as_deref().map(ObjectKey::parse).transpose()?;
        Ok((bucket, key))
    }

    /// The host without its port: `HostId` of errors.
    pub fn host_name(&self) -> &str {
        without_port(&self.host)
    }
}

/// A host without its port.
pub fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        // The colons of a bare IPv6 address are no port.
        Some((name, port))
            if port.bytes().all(|b| b.is_ascii_digit())
                && (!name.contains(':') || name.ends_with(']')) =>
        {
            name
        }
        _ => host,
    }
}

fn is_ip(name: &str) -> bool {
    let bare = name
        .strip_prefix('[')
        .and_then(|n| n.strip_suffix(']'))
        .unwrap_or(name);
    name.parse::<IpAddr>().is_ok() || bare.parse::<Ipv6Addr>().is_ok()
}

fn decode(text: &str) -> Result<String> {
    escape::decode(text).ok_or_else(|| Error::new(Code::InvalidObjectName))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_bucket_and_key() {
        let domains = Domains::new(["localhost", "oss-*.aliyuncs.com"]);
        let cases = [
            ("127.0.0.1:6770", "/", None, None),
            ("127.0.0.1:6770", "/bucket", Some("bucket"), None),
            ("127.0.0.1:6770", "/bucket/", Some("bucket"), None),
            (
                "127.0.0.1:6770",
                "/bucket/a%2Fb/c",
                Some("bucket"),
                Some("a/b/c"),
            ),
            ("[::1]:6770", "/bucket/k", Some("bucket"), Some("k")),
            ("localhost:6770", "/bucket/k", Some("bucket"), Some("k")),
            (
                "bucket.localhost:6770",
                "/k/%252F",
                Some("bucket"),
                Some("k/%2F"),
            ),
            (
                "Bucket.OSS-cn-hangzhou.aliyuncs.com",
                "/",
                Some("bucket"),
                None,
            ),
            ("oss-cn-hangzhou.aliyuncs.com", "/", None, None),
            (
                "oss-x.oss-cn-hangzhou-internal.aliyuncs.com",
                "/a+b",
                Some("oss-x"),
                Some("a+b"),
            ),
            ("ossicle", "/bucket/a/../b", Some("bucket"), Some("a/../b")),
            ("bucket.localhost", "//k", Some("bucket"), Some("/k")),
        ];
        for (host, path, bucket, key) in cases {
            let address = Address::parse(host, path, &domains).expect(path);
            assert_eq!(
                (address.bucket.as_deref(), address.key.as_deref()),
                (bucket, key),
                "{host} {path}"
            );
        }
        for bad in ["/b/%FF", "/b/%zz", "/b/%2"] {
            assert!(Address::parse("127.0.0.1", bad, &domains).is_err(), "{bad}");
        }
    }
}
