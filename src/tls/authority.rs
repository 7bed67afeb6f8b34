//! The local CA: its key and certificate, where they are kept, and signing.
//!
//! Validity follows the system's clock, not the clock of `App`: clients check it against theirs.

use std::fs;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SanType, SerialNumber,
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::TlsError;

/// Key, certificate and date in one file, so that they are replaced together.
const SECRET_FILE: &str = "authority.toml";
/// The certificate alone, for clients.
const CERTIFICATE_FILE: &str = "ca.pem";

const AUTHORITY_DAYS: i64 = 10 * 365;
/// A CA that ends sooner is replaced at start.
const AUTHORITY_DAYS_LEFT_MIN: i64 = 30;
/// The longest life that browsers accept without complaint.
const LEAF_DAYS: i64 = 397;
/// Clients whose clock is behind must accept what was signed just now.
const DAYS_BEFORE: i64 = 1;

/// A CA that can sign.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    kept: Kept,
    /// One key for all leaves: only their names differ.
    leaf_key: KeyPair,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    /// Seconds since 1970.
    expires: i64,
    certificate: String,
    key: String,
}

impl Authority {
    /// A new CA, in memory.
    pub(super) fn make() -> Result<Self, TlsError> {
        let key = KeyPair::generate().map_err(TlsError::make)?;
        let expires = OffsetDateTime::now_utc() + Duration::days(AUTHORITY_DAYS);
        let mut params = params(&key);
        params.not_before = OffsetDateTime::now_utc() - Duration::days(DAYS_BEFORE);
        params.not_after = expires;
        let certificate = params.self_signed(&key).map_err(TlsError::make)?;
        let kept = Kept {
            expires: expires.unix_timestamp(),
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        };
        Self::new(kept, key)
    }

    /// The CA in `directory`, made if there is none or it runs out soon; and the file with its certificate.
    pub(super) fn open(directory: &Path) -> Result<(Self, PathBuf), TlsError> {
        fs::create_dir_all(directory).map_err(TlsError::file(directory))?;
        let path = directory.join(SECRET_FILE);
        let authority = match fs::read_to_string(&path) {
            Ok(text) => Self::from_text(&text).map_err(|message| {
                TlsError::content(
                    &path,
                    format_args!("{message}; remove the file to make a new CA"),
                )
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(TlsError::File { path, source }),
        };
        let authority = if let Some(authority) = authority {
            authority
        } else {
            let authority = Self::make()?;
            let text = toml::to_string(&authority.kept).map_err(TlsError::make)?;
            replace(&path, text.as_bytes(), 0o600).map_err(TlsError::file(&path))?;
            authority
        };
        let certificate = directory.join(CERTIFICATE_FILE);
        authority.write_certificate(&certificate)?;
        Ok((authority, certificate))
    }

    /// None if it runs out soon.
    fn from_text(text: &str) -> Result<Option<Self>, String> {
        let kept: Kept = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let left = kept
            .expires
            .saturating_sub(OffsetDateTime::now_utc().unix_timestamp());
        if left < Duration::days(AUTHORITY_DAYS_LEFT_MIN).whole_seconds() {
            return Ok(None);
        }
        let key = KeyPair::from_pem(&kept.key).map_err(|error| error.to_string())?;
        Self::new(kept, key)
            .map(Some)
            .map_err(|error| error.to_string())
    }

    fn new(kept: Kept, key: KeyPair) -> Result<Self, TlsError> {
        let leaf_key = KeyPair::generate().map_err(TlsError::make)?;
        Ok(Self {
            issuer: Issuer::new(params(&key), key),
            kept,
            leaf_key,
        })
    }

    /// Writes the certificate to `path`, unless it is there already.
    pub(super) fn write_certificate(&self, path: &Path) -> Result<(), TlsError> {
        let text = self.kept.certificate.as_bytes();
        match fs::read(path) {
            Ok(present) if present == text => Ok(()),
            _ => replace(path, text, 0o644).map_err(TlsError::file(path)),
        }
    }

    /// A leaf for `name` (may be empty) and for clients that reached `address` and check that instead.
    pub(super) fn sign(&self, name: &str, address: IpAddr) -> Result<CertifiedKey, TlsError> {
        let localhost = "localhost".try_into().map_err(TlsError::make)?;
        let mut names = vec![SanType::DnsName(localhost)];
        if !name.is_empty() && name != "localhost" {
            names.push(SanType::DnsName(name.try_into().map_err(TlsError::make)?));
        }
        let loopback = [
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(Ipv6Addr::LOCALHOST),
        ];
        names.extend(loopback.map(SanType::IpAddress));
        if !loopback.contains(&address) {
            names.push(SanType::IpAddress(address));
        }
        let mut params = CertificateParams::default();
        params.subject_alt_names = names;
        params.distinguished_name = common_name("ossicle");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params.not_before = OffsetDateTime::now_utc() - Duration::days(DAYS_BEFORE);
        params.not_after = OffsetDateTime::now_utc() + Duration::days(LEAF_DAYS);
        // By default it is made from the key, which all leaves share; clients refuse a serial that stands twice.
        params.serial_number = Some(serial()?);
        let certificate = params
            .signed_by(&self.leaf_key, &self.issuer)
            .map_err(TlsError::make)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.leaf_key.serialize_der()));
        let key = rustls::crypto::ring::sign::any_supported_type(&key).map_err(TlsError::make)?;
        Ok(CertifiedKey::new(vec![certificate.der().clone()], key))
    }
}

/// What the certificate says, apart from its dates. Made from the key alone, so that signing goes on after a restart.
fn params(key: &KeyPair) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let mut mark = hex::encode(params.key_identifier(key));
    mark.truncate(8);
    // Several of these may be trusted side by side; the mark tells them apart.
    params.distinguished_name = common_name(&format!("Ossicle local CA {mark}"));
    params
}

fn common_name(text: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, text);
    name
}

fn serial() -> Result<SerialNumber, TlsError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(TlsError::make)?;
    // Positive, and of full length.
    bytes[0] = bytes[0] & 0x3f | 0x40;
    Ok(SerialNumber::from_slice(&bytes))
}

/// Replaces a file as a whole: readers see the old one or the new one.
fn replace(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.new", std::process::id()));
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(&beside)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}
