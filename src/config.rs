//! What can be configured: plain data, its defaults, and what each value may be.
//!
//! Precedence is defaults < file < `OSSICLE_…` environment < flags ([`load()`]). Unknown keys and bad values are
//! errors that name the file and the line. Secrets print as `***`. Knows nothing of sockets or the store.

mod accounts;
mod check;
mod field;
mod identity;
mod load;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::Deserialize;

use crate::domain::bucket::BucketAcl;
use crate::domain::name::BucketName;

pub use load::{
    CONFIG_VARIABLE, ConfigError, KEYS, Overrides, VARIABLE_PREFIX, is_variable, load, parse,
};

/// Key id of the account that exists unless the file names accounts.
pub const DEFAULT_KEY_ID: &str = "ossicle";
/// Secret of [`DEFAULT_KEY_ID`]; public, hence the warning when it is served beyond loopback.
pub const DEFAULT_KEY_SECRET: &str = "ossicle-secret";
/// Uid of the default account.
pub const DEFAULT_UID: &str = "1000000000000001";
/// Plain port: 677 spells OSS on a keypad.
pub const DEFAULT_PORT: u16 = 6770;
/// Port of the https listener.
pub const DEFAULT_TLS_PORT: u16 = 6771;

/// Everything that can be configured.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent switch of the file"
)]
pub struct Config {
    /// Address of the http listener; port 0 takes a free one.
    pub listen: SocketAddr,
    /// File that receives the real port of `listen`, written once the server answers.
    pub port_file: Option<PathBuf>,
    /// Directory of the store.
    pub data: PathBuf,
    /// Keep everything in memory; `data` is not touched.
    pub memory: bool,
    /// When a write is answered.
    pub durability: Durability,
    /// Region this server stands for, such as `cn-hangzhou`.
    #[serde(deserialize_with = "field::region")]
    pub region: String,
    /// Log filter, in the syntax of `tracing_subscriber::EnvFilter`.
    #[serde(deserialize_with = "field::log")]
    pub log: String,

    /// Open the https listener too.
    pub tls: bool,
    /// Address of the https listener; naming one opens it. See [`Config::tls_address`].
    pub tls_listen: Option<SocketAddr>,
    /// Certificate chain (PEM); without it a local CA signs one.
    pub tls_cert: Option<PathBuf>,
    /// Private key (PEM) of `tls_cert`.
    pub tls_key: Option<PathBuf>,
    /// File that receives the certificate of the local CA, besides the copy in the data directory.
    pub tls_ca_file: Option<PathBuf>,

    /// Host names whose sub-domains are buckets. `*` stands for any run of letters, digits and hyphens in a label.
    #[serde(deserialize_with = "field::domains")]
    pub domains: Vec<String>,
    /// Accept a V4 signature made for any region, not only for `region`.
    pub any_region: bool,
    /// What a copy from an append object does (append.md R68).
    pub append_copy: AppendCopy,
    /// Whether SealAppendObject is offered (append.md R107).
    pub seal: bool,
    /// Status of an append to a sealed object, 409 or 400 (append.md R112).
    #[serde(deserialize_with = "field::sealed_append_status")]
    pub sealed_append_status: u16,
    /// How long a simulated restore of an archived object takes, in seconds.
    #[serde(deserialize_with = "field::restore_seconds")]
    pub restore_seconds: u64,
    /// Length of a day for lifecycle rules, in seconds; they run whenever one begins.
    #[serde(deserialize_with = "field::seconds")]
    pub lifecycle_day_seconds: u64,
    /// Where callbacks of uploads may go (operations.md §E.11).
    pub callbacks: Callbacks,

    /// Bounds on what clients may use.
    pub limits: Limits,
    /// Accounts, the first is the owner of buckets that name none. Naming any replaces the default account.
    pub account: Vec<Account>,
    /// Roles that AssumeRole can take.
    pub role: Vec<Role>,
    /// Buckets that exist from the start.
    pub bucket: Vec<Bucket>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), DEFAULT_PORT),
            port_file: None,
            data: PathBuf::from("./ossicle-data"),
            memory: false,
            durability: Durability::default(),
            region: "cn-hangzhou".to_owned(),
            log: "ossicle=info".to_owned(),
            tls: false,
            tls_listen: None,
            tls_cert: None,
            tls_key: None,
            tls_ca_file: None,
            domains: vec!["localhost".to_owned(), "oss-*.aliyuncs.com".to_owned()],
            any_region: false,
            append_copy: AppendCopy::default(),
            seal: true,
            sealed_append_status: 409,
            restore_seconds: 1,
            lifecycle_day_seconds: 86_400,
            callbacks: Callbacks::default(),
            limits: Limits::default(),
            account: vec![Account::default()],
            role: Vec::new(),
            bucket: Vec::new(),
        }
    }
}

impl Config {
    /// The address of the https listener, or none when it is off. Without `tls_listen` it stands beside `listen`.
    pub fn tls_address(&self) -> Option<SocketAddr> {
        let beside = || SocketAddr::new(self.listen.ip(), DEFAULT_TLS_PORT);
        self.tls_listen.or_else(|| self.tls.then(beside))
    }

    /// The key pair that the banner and `ossicle env` show: the first of the first account.
    pub fn first_key(&self) -> Option<&KeyPair> {
        self.account.first()?.keys.first()
    }

    /// Whether a key pair is the public default one.
    pub fn has_default_key(&self) -> bool {
        let mut accounts = self.account.iter();
        accounts.any(|account| account.keys.iter().any(KeyPair::is_default))
    }
}

/// When a write is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Durability {
    /// After it is on disk: survives a power cut.
    #[default]
    Durable,
    /// After it is handed to the operating system: survives a crash of the process.
    Relaxed,
}

/// What CopyObject and UploadPartCopy from an append object do (append.md R68).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AppendCopy {
    /// Refuse always, as the documents say.
    #[default]
    Reject,
    /// Refuse only where versioning is enabled or suspended, as some regions do.
    VersionedOnly,
}

/// Where callbacks of uploads may go. The client names the address, so it is the server's owner who says how far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Callbacks {
    /// Nowhere: an upload that asks for one is refused.
    Off,
    /// To loopback addresses.
    #[default]
    Loopback,
    /// To any address.
    Any,
}

/// Bounds on what clients may use.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Open connections, both listeners together. More wait in the backlog of the system.
    #[serde(deserialize_with = "field::connections")]
    pub connections: u32,
    /// Seconds from the first byte of a request to the end of its header; also the bound of a TLS handshake.
    #[serde(deserialize_with = "field::seconds")]
    pub header_seconds: u64,
    /// Seconds that a connection may stand idle between two requests.
    #[serde(deserialize_with = "field::seconds")]
    pub keep_alive_seconds: u64,
    /// Seconds without a byte in either direction, while a body is under way.
    #[serde(deserialize_with = "field::seconds")]
    pub idle_body_seconds: u64,
    /// Seconds that requests under way get when the server stops.
    #[serde(deserialize_with = "field::seconds")]
    pub shutdown_seconds: u64,
    /// Bytes of request line and header.
    #[serde(deserialize_with = "field::header_bytes")]
    pub header_bytes: u32,
    /// Lines of a request header.
    #[serde(deserialize_with = "field::header_count")]
    pub header_count: u32,
    /// Bytes of one object; also of one part and of one appended object.
    #[serde(deserialize_with = "field::object_size_max")]
    pub object_size_max: u64,
    /// Least bytes of a part that is not the last.
    #[serde(deserialize_with = "field::part_size_min")]
    pub part_size_min: u64,
    /// Buckets of one account.
    #[serde(deserialize_with = "field::buckets_max")]
    pub buckets_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            header_seconds: 10,
            keep_alive_seconds: 60,
            idle_body_seconds: 30,
            shutdown_seconds: 8,
            header_bytes: 32 * 1024,
            header_count: 100,
            object_size_max: 5 * 1024 * 1024 * 1024,
            part_size_min: 100 * 1024,
            buckets_max: 100,
        }
    }
}

/// An account: the owner of buckets and objects.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Digits, the `ID` of owners and grantees.
    #[serde(deserialize_with = "field::uid")]
    pub uid: String,
    /// The `DisplayName` of owners; the uid where absent.
    #[serde(default)]
    pub display_name: Option<String>,
    /// Key pairs of the account itself, which may do everything on its buckets.
    #[serde(default)]
    pub keys: Vec<KeyPair>,
    /// Users of the account, which may do what their policy says.
    #[serde(default)]
    pub users: Vec<User>,
}

impl Account {
    /// The name that owners show.
    pub fn display_name(&self) -> &str {
        self.display_name.as_deref().unwrap_or(&self.uid)
    }
}

impl Default for Account {
    fn default() -> Self {
        Self {
            uid: DEFAULT_UID.to_owned(),
            display_name: Some("ossicle".to_owned()),
            keys: vec![KeyPair {
                id: DEFAULT_KEY_ID.to_owned(),
                secret: Secret::new(DEFAULT_KEY_SECRET),
                disabled: false,
            }],
            users: Vec::new(),
        }
    }
}

/// A user of an account, with a RAM policy.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Name, unique within the account.
    #[serde(deserialize_with = "field::user_name")]
    pub name: String,
    /// Key pairs of the user.
    pub keys: Vec<KeyPair>,
    /// RAM policy, JSON. Without one the user may do nothing.
    #[serde(default, deserialize_with = "field::policy")]
    pub policy: Option<String>,
    /// File with the policy, relative to the configuration file; loading moves its text to `policy`.
    #[serde(default)]
    pub policy_file: Option<PathBuf>,
}

/// A role that AssumeRole can take.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// `acs:ram::<uid>:role/<name>`.
    #[serde(deserialize_with = "field::role_arn")]
    pub arn: String,
    /// Uid of the account that owns the role.
    #[serde(deserialize_with = "field::uid")]
    pub account: String,
    /// RAM policy, JSON. Without one the role may do nothing.
    #[serde(default, deserialize_with = "field::policy")]
    pub policy: Option<String>,
    /// File with the policy, relative to the configuration file; loading moves its text to `policy`.
    #[serde(default)]
    pub policy_file: Option<PathBuf>,
}

impl Role {
    /// The name within its account.
    pub fn name(&self) -> &str {
        self.arn.split_once(":role/").map_or("", |(_, name)| name)
    }
}

/// A bucket that exists from the start. One that is there already is left as it is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// Its name.
    #[serde(deserialize_with = "field::bucket_name")]
    pub name: BucketName,
    /// Uid of its owner; the first account where absent.
    #[serde(default)]
    pub owner: Option<String>,
    /// `private`, `public-read` or `public-read-write`.
    #[serde(default, deserialize_with = "field::acl")]
    pub acl: BucketAcl,
}

/// An access key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyPair {
    /// Public half, unique in the whole configuration.
    #[serde(deserialize_with = "field::key_id")]
    pub id: String,
    /// Secret half.
    pub secret: Secret,
    /// Known, but refused: for tests of clients whose key was switched off.
    #[serde(default)]
    pub disabled: bool,
}

impl KeyPair {
    fn is_default(&self) -> bool {
        self.id == DEFAULT_KEY_ID && self.secret.expose() == DEFAULT_KEY_SECRET
    }
}

/// A text that no log, error or debug print shows.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for signing and for the banner.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Secret {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        // The value itself must not be part of the message.
        if text.is_empty() || text.len() > 256 || text.chars().any(char::is_control) {
            return Err("a secret is 1 to 256 bytes without control characters");
        }
        Ok(Self(text))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests;
