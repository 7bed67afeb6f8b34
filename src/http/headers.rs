//! Object headers both ways: what a write says about an object, and how an object shows itself.
//!
//! The only place that knows the names of these headers. Values go out as they came in; one that no header can hold
//! never gets in, so nothing can be injected.

use crate::domain::name::ObjectKey;
use crate::domain::object::{
    ObjectAcl, ObjectAttributes, ObjectType, Restore, Sse, SseAlgorithm, StorageClass,
    StoredHeaders,
};
use crate::domain::tags::TagSet;
use crate::domain::time::Timestamp;
use crate::error::{Code, Error, Result};
use crate::http::escape;
use crate::http::query::Query;
use crate::http::reply::{HASH_CRC64, NEXT_APPEND_POSITION, Reply, VERSION_ID};
use crate::store::{Object, VersionId};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE,
    CONTENT_TYPE, EXPIRES, LAST_MODIFIED,
};
use http::{HeaderMap, HeaderName};

/// `Content-MD5`.
pub const CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");
/// `x-oss-object-type`.
pub const OBJECT_TYPE: HeaderName = HeaderName::from_static("x-oss-object-type");
/// `x-oss-storage-class`.
pub const STORAGE_CLASS: HeaderName = HeaderName::from_static("x-oss-storage-class");
/// `x-oss-object-acl`.
pub const OBJECT_ACL: HeaderName = HeaderName::from_static("x-oss-object-acl");
/// `x-oss-sealed-time`: when an append object was sealed (R111).
pub const SEALED_TIME: HeaderName = HeaderName::from_static("x-oss-sealed-time");
/// `x-oss-tagging`.
pub const TAGGING: HeaderName = HeaderName::from_static("x-oss-tagging");
/// `x-oss-tagging-count`.
pub const TAGGING_COUNT: HeaderName = HeaderName::from_static("x-oss-tagging-count");
/// `x-oss-transition-time`: when a lifecycle rule changed the storage class.
pub const TRANSITION_TIME: HeaderName = HeaderName::from_static("x-oss-transition-time");
/// `x-oss-expiration`: when a lifecycle rule will delete the object, and which.
pub const EXPIRATION: HeaderName = HeaderName::from_static("x-oss-expiration");
/// `x-oss-restore`: the state of a restore.
pub const RESTORE: HeaderName = HeaderName::from_static("x-oss-restore");
/// `x-oss-forbid-overwrite`.
pub const FORBID_OVERWRITE: HeaderName = HeaderName::from_static("x-oss-forbid-overwrite");
/// `x-oss-symlink-target`, URL-encoded.
pub const SYMLINK_TARGET: HeaderName = HeaderName::from_static("x-oss-symlink-target");
/// `x-oss-copy-source-version-id`.
pub const COPY_SOURCE_VERSION_ID: HeaderName =
    HeaderName::from_static("x-oss-copy-source-version-id");

const SSE: HeaderName = HeaderName::from_static("x-oss-server-side-encryption");
const SSE_DATA: HeaderName = HeaderName::from_static("x-oss-server-side-data-encryption");
const SSE_KEY_ID: HeaderName = HeaderName::from_static("x-oss-server-side-encryption-key-id");

const META_PREFIX: &str = "x-oss-meta-";
/// Most bytes of names and values of user metadata together (R30).
const META_BYTES_MAX: usize = 8 * 1024;
/// The key of `KMS` where the writer names none. There is no KMS behind it, and only one such key.
const KMS_DEFAULT_KEY: &str = "6f737369-636c-4500-a000-6b6d73646566";

/// The type of objects that were written without one (R23).
const CONTENT_TYPE_DEFAULT: &str = "application/octet-stream";

/// A header as text; `InvalidArgument` where it is not UTF-8.
pub fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    std::str::from_utf8(value.as_bytes())
        .map(|text| Some(text.trim()))
        .map_err(|_| invalid(name, "", "The header is not valid UTF-8."))
}

fn invalid(name: &HeaderName, value: &str, message: &'static str) -> Error {
    Error::new(Code::InvalidArgument)
        .message(message)
        .field("ArgumentName", name.as_str())
        .field("ArgumentValue", value)
}

/// Everything that a write says about a new object.
pub fn attributes(headers: &HeaderMap) -> Result<ObjectAttributes> {
    Ok(ObjectAttributes {
        headers: stored(headers)?,
        acl: acl(headers)?,
        storage_class: storage_class(headers)?,
        sse: sse(headers)?,
        tags: tags(headers)?,
    })
}

/// As [`attributes`] for an object that an append creates: two storage classes are refused (R24).
pub fn append_attributes(headers: &HeaderMap) -> Result<ObjectAttributes> {
    let attributes = attributes(headers)?;
    match attributes.storage_class {
        Some(class @ (StorageClass::ColdArchive | StorageClass::DeepColdArchive)) => {
            Err(append_storage_class().field("ArgumentValue", class.as_str()))
        }
        _ => Ok(attributes),
    }
}

/// The refusal of R24.
pub fn append_storage_class() -> Error {
    Error::new(Code::InvalidArgument)
        .ec("0016-00000503")
        .message("Append objects can not have this storage class.")
        .field("ArgumentName", STORAGE_CLASS.as_str())
}

/// The headers that are stored with an object.
pub fn stored(headers: &HeaderMap) -> Result<StoredHeaders> {
    let owned = |name| text(headers, &name).map(|value| value.map(str::to_owned));
    Ok(StoredHeaders {
        content_type: owned(CONTENT_TYPE)?,
        cache_control: owned(CACHE_CONTROL)?,
        content_disposition: owned(CONTENT_DISPOSITION)?,
        content_encoding: owned(CONTENT_ENCODING)?,
        content_language: owned(CONTENT_LANGUAGE)?,
        expires: owned(EXPIRES)?,
        meta: meta(headers)?,
    })
}

/// User metadata: names without prefix, sorted. A name that is sent twice has its values joined, as HTTP says.
fn meta(headers: &HeaderMap) -> Result<Vec<(String, String)>> {
    let mut all = Vec::new();
    let mut bytes = 0;
    for name in headers.keys() {
        let Some(short) = name.as_str().strip_prefix(META_PREFIX) else {
            continue;
        };
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if short.is_empty() || !short.bytes().all(allowed) {
            return Err(invalid(
                name,
                "",
                "The name of user metadata may hold letters, digits and hyphens.",
            ));
        }
        let mut values = Vec::new();
        for value in headers.get_all(name) {
            let value = std::str::from_utf8(value.as_bytes());
            values.push(
                value
                    .map_err(|_| invalid(name, "", "User metadata must be UTF-8."))?
                    .trim(),
            );
        }
        let value = values.join(",");
        bytes += short.len() + value.len();
        all.push((short.to_owned(), value));
    }
    if bytes > META_BYTES_MAX {
        return Err(Error::new(Code::InvalidArgument)
            .ec("0011-00000001")
            .message("The size of user metadata must not exceed 8192 bytes.")
            .field("ArgumentName", "x-oss-meta-*")
            .field("ArgumentValue", bytes.to_string()));
    }
    all.sort();
    Ok(all)
}

/// `x-oss-object-acl` (R25).
pub fn acl(headers: &HeaderMap) -> Result<Option<ObjectAcl>> {
    let Some(value) = text(headers, &OBJECT_ACL)? else {
        return Ok(None);
    };
    let parsed = ObjectAcl::parse(value);
    parsed
        .map(Some)
        .ok_or_else(|| invalid(&OBJECT_ACL, value, "no such object access control exists"))
}

/// `x-oss-storage-class`.
pub fn storage_class(headers: &HeaderMap) -> Result<Option<StorageClass>> {
    let Some(value) = text(headers, &STORAGE_CLASS)? else {
        return Ok(None);
    };
    let parsed = StorageClass::parse(value);
    parsed.map(Some).ok_or_else(|| {
        invalid(
            &STORAGE_CLASS,
            value,
            "The storage class you specified is invalid.",
        )
    })
}

/// `x-oss-tagging`; no tags where it is absent.
pub fn tags(headers: &HeaderMap) -> Result<TagSet> {
    match text(headers, &TAGGING)? {
        Some(value) => Ok(TagSet::from_header(value)?),
        None => Ok(TagSet::default()),
    }
}

/// The three encryption headers. A data algorithm that does not go with `KMS` is dropped, as the service does.
pub fn sse(headers: &HeaderMap) -> Result<Option<Sse>> {
    let data = text(headers, &SSE_DATA)?;
    if data.is_some_and(|data| data != SseAlgorithm::Sm4.as_str()) {
        return Err(Error::new(Code::InvalidDataEncryptionAlgorithmError));
    }
    let key_id = text(headers, &SSE_KEY_ID)?.filter(|id| !id.is_empty());
    let algorithm = match text(headers, &SSE)? {
        None => None,
        Some(value) => Some(SseAlgorithm::parse(value).ok_or_else(|| {
            Error::new(Code::InvalidEncryptionAlgorithmError).field("ArgumentValue", value)
        })?),
    };
    match (algorithm, key_id) {
        (Some(SseAlgorithm::Kms), _) => Ok(Some(Sse {
            algorithm: SseAlgorithm::Kms,
            data_sm4: data.is_some(),
            key_id: key_id.map(str::to_owned),
        })),
        // A key that would not be used is a mistake that its owner wants to hear of.
        (_, Some(id)) => {
            let message = "A key id needs the encryption algorithm KMS.";
            Err(invalid(&SSE_KEY_ID, id, message))
        }
        (Some(algorithm), None) => Ok(Some(Sse {
            algorithm,
            data_sm4: false,
            key_id: None,
        })),
        (None, None) => Ok(None),
    }
}

/// Refuses encryption headers where an upload has long been given its own (UploadPart, CompleteMultipartUpload).
pub fn refuse_sse(headers: &HeaderMap) -> Result<()> {
    for name in [SSE, SSE_DATA, SSE_KEY_ID] {
        if let Some(value) = text(headers, &name)? {
            let message = "Encryption headers belong to InitiateMultipartUpload.";
            return Err(invalid(&name, value, message));
        }
    }
    Ok(())
}

/// `x-oss-forbid-overwrite`.
pub fn forbid_overwrite(headers: &HeaderMap) -> Result<bool> {
    match text(headers, &FORBID_OVERWRITE)? {
        None => Ok(false),
        Some(value) if value.eq_ignore_ascii_case("true") => Ok(true),
        Some(value) if value.eq_ignore_ascii_case("false") => Ok(false),
        Some(value) => {
            let message =
                "The value of x-oss-forbid-overwrite is invalid, it should be true or false.";
            Err(invalid(&FORBID_OVERWRITE, value, message).ec("0017-00000279"))
        }
    }
}

/// `versionId` of the query.
pub fn version_id(query: &Query) -> Result<Option<VersionId>> {
    query.get("versionId").map(parse_version_id).transpose()
}

/// A version id from a client.
pub fn parse_version_id(text: &str) -> Result<VersionId> {
    let message = if text.is_empty() {
        "Version id can not be the empty string."
    } else {
        "Invalid version id specified."
    };
    VersionId::parse(text).ok_or_else(|| Error::invalid_argument("versionId", text, message))
}

/// An object key that stands URL-encoded in a header. A plus sign is a plus sign.
pub fn encoded_key(name: &HeaderName, value: &str) -> Result<ObjectKey> {
    let decoded = escape::decode_name(value)
        .ok_or_else(|| invalid(name, value, "The header is not URL-encoded UTF-8."))?;
    Ok(ObjectKey::parse(&decoded)?)
}

/// An object and, where it was reached through one, the link in front of it.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// The link, if any: its metadata shows (operations.md §E.8).
    pub link: Option<&'a Object>,
    /// The object with the bytes.
    pub target: &'a Object,
}

impl<'a> Shown<'a> {
    /// What shows its own metadata: the link, or else the object.
    pub fn front(&self) -> &'a Object {
        self.link.unwrap_or(self.target)
    }

    /// `Last-Modified`: through a link the later of both.
    pub fn modified(&self) -> Timestamp {
        let target = self.target.modified;
        self.link.map_or(target, |link| link.modified.max(target))
    }

    /// The headers of GET and HEAD (errors.md §3, R77, R82).
    #[must_use]
    pub fn write(&self, reply: Reply, now: Timestamp) -> Reply {
        let (front, target) = (self.front(), self.target);
        let kind = front.kind;
        let position = (kind == ObjectType::Appendable).then_some(target.len);
        let tags = Some(front.tags.len()).filter(|count| *count > 0);
        let reply = reply
            .etag(&target.etag)
            .header(LAST_MODIFIED, self.modified().rfc1123())
            .fixed(ACCEPT_RANGES, "bytes")
            .fixed(OBJECT_TYPE, kind.as_str())
            .fixed(STORAGE_CLASS, front.storage_class.as_str())
            .header(HASH_CRC64, target.crc64)
            .maybe(
                CONTENT_MD5,
                target.md5.map(|md5| BASE64_STANDARD.encode(md5)),
            )
            .maybe(NEXT_APPEND_POSITION, position)
            .maybe(SEALED_TIME, front.sealed.map(Timestamp::rfc1123))
            .maybe(TAGGING_COUNT, tags)
            .maybe(
                RESTORE,
                front
                    .restore
                    .and_then(|restore| restore_state(restore, now)),
            )
            .maybe(TRANSITION_TIME, front.transitioned.map(Timestamp::rfc1123))
            .maybe(VERSION_ID, front.version);
        write_stored(write_sse(reply, front.sse.as_ref()), &front.headers)
    }
}

/// `x-oss-restore`; none once the restored copy has gone away.
pub fn restore_state(restore: Restore, now: Timestamp) -> Option<String> {
    if now < restore.ready {
        return Some("ongoing-request=\"true\"".to_owned());
    }
    let expiry = restore.expires.rfc1123();
    (now < restore.expires).then(|| format!("ongoing-request=\"false\", expiry-date=\"{expiry}\""))
}

/// The encryption headers of every answer about an encrypted object (R27).
#[must_use]
pub fn write_sse(reply: Reply, sse: Option<&Sse>) -> Reply {
    let Some(sse) = sse else { return reply };
    let is_kms = sse.algorithm == SseAlgorithm::Kms;
    let key_id = sse.key_id.as_deref().unwrap_or(KMS_DEFAULT_KEY);
    reply
        .header(SSE, sse.algorithm.as_str())
        .maybe(SSE_DATA, sse.data_sm4.then_some(SseAlgorithm::Sm4.as_str()))
        .maybe(SSE_KEY_ID, is_kms.then_some(key_id))
}

fn write_stored(reply: Reply, stored: &StoredHeaders) -> Reply {
    let content_type = stored
        .content_type
        .as_deref()
        .unwrap_or(CONTENT_TYPE_DEFAULT);
    let reply = reply
        .header(CONTENT_TYPE, content_type)
        .maybe(CACHE_CONTROL, stored.cache_control.as_deref())
        .maybe(CONTENT_DISPOSITION, stored.content_disposition.as_deref())
        .maybe(CONTENT_ENCODING, stored.content_encoding.as_deref())
        .maybe(CONTENT_LANGUAGE, stored.content_language.as_deref())
        .maybe(EXPIRES, stored.expires.as_deref());
    write_meta(reply, &stored.meta)
}

/// The user metadata.
#[must_use]
pub fn write_meta(mut reply: Reply, meta: &[(String, String)]) -> Reply {
    for (name, value) in meta {
        // Names were checked when they came in.
        if let Ok(name) = HeaderName::try_from(format!("{META_PREFIX}{name}")) {
            reply.set(name, value);
        }
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    type Pairs<'a> = &'a [(&'a str, &'a str)];

    fn map(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let name = HeaderName::try_from(*name).expect("name");
            headers.append(
                name,
                HeaderValue::from_bytes(value.as_bytes()).expect("value"),
            );
        }
        headers
    }

    #[test]
    fn metadata_rules_of_r30() {
        let read = stored(&map(&[
            ("x-oss-meta-b", "测试 "),
            ("X-Oss-Meta-A-1", "x"),
            ("x-oss-meta-b", "y"),
            ("x-oss-metab", "z"),
            ("content-type", "text/plain; charset=gbk"),
            ("expires", "1000000"),
        ]))
        .expect("reads");
        let meta = [
            ("a-1".to_owned(), "x".to_owned()),
            ("b".to_owned(), "测试,y".to_owned()),
        ];
        assert_eq!(read.meta, meta);
        assert_eq!(
            read.content_type.as_deref(),
            Some("text/plain; charset=gbk")
        );
        assert_eq!(read.expires.as_deref(), Some("1000000"));

        let fits = "v".repeat(META_BYTES_MAX - 1);
        assert!(stored(&map(&[("x-oss-meta-a", &fits)])).is_ok());
        let over = stored(&map(&[("x-oss-meta-aa", &fits)])).expect_err("too long");
        assert_eq!(over.code(), Code::InvalidArgument);
        for bad in ["x-oss-meta-", "x-oss-meta-a_b", "x-oss-meta-a.b"] {
            assert!(stored(&map(&[(bad, "v")])).is_err(), "{bad}");
        }
    }

    #[test]
    fn values_that_are_no_text_are_refused() {
        let mut headers = HeaderMap::new();
        headers.insert(
            "x-oss-meta-a",
            HeaderValue::from_bytes(b"\xff\xfe").expect("obs-text"),
        );
        assert_eq!(
            stored(&headers).expect_err("bytes").code(),
            Code::InvalidArgument
        );
    }

    #[test]
    fn encryption_headers() {
        let algorithm = "x-oss-server-side-encryption";
        let data = "x-oss-server-side-data-encryption";
        let key = "x-oss-server-side-encryption-key-id";
        let good: &[(Pairs, bool, Option<&str>)] = &[
            (&[(algorithm, "AES256")], false, None),
            (&[(algorithm, "SM4")], false, None),
            (&[(algorithm, "KMS")], false, None),
            (
                &[(algorithm, "KMS"), (data, "SM4"), (key, "id")],
                true,
                Some("id"),
            ),
            (&[(algorithm, "KMS"), (key, "")], false, None),
            (&[(algorithm, "AES256"), (data, "SM4")], false, None),
            (&[(algorithm, "SM4"), (data, "SM4")], false, None),
        ];
        for (headers, sm4, id) in good {
            let read = sse(&map(headers)).expect("reads").expect("encrypted");
            assert_eq!(
                (read.data_sm4, read.key_id.as_deref()),
                (*sm4, *id),
                "{headers:?}"
            );
        }
        let bad: &[(Pairs, Code)] = &[
            (
                &[(algorithm, "aes256")],
                Code::InvalidEncryptionAlgorithmError,
            ),
            (&[(algorithm, "")], Code::InvalidEncryptionAlgorithmError),
            (
                &[(algorithm, "KMS"), (data, "AES256")],
                Code::InvalidDataEncryptionAlgorithmError,
            ),
            (&[(algorithm, "AES256"), (key, "id")], Code::InvalidArgument),
            (&[(key, "id")], Code::InvalidArgument),
        ];
        for (headers, code) in bad {
            assert_eq!(
                sse(&map(headers)).expect_err("refused").code(),
                *code,
                "{headers:?}"
            );
        }
        assert_eq!(sse(&map(&[])).expect("reads"), None);
        assert_eq!(sse(&map(&[(data, "SM4")])).expect("reads"), None);
        assert!(refuse_sse(&map(&[])).is_ok());
        for name in [algorithm, data, key] {
            let refused = refuse_sse(&map(&[(name, "KMS")])).expect_err(name);
            assert_eq!(refused.code(), Code::InvalidArgument);
        }
    }

    #[test]
    fn append_refuses_two_classes_with_r24() {
        for (class, ok) in [
            ("Standard", true),
            ("IA", true),
            ("Archive", true),
            ("ColdArchive", false),
            ("DeepColdArchive", false),
        ] {
            let read = append_attributes(&map(&[("x-oss-storage-class", class)]));
            match read {
                Ok(_) => assert!(ok, "{class}"),
                Err(error) => {
                    assert!(!ok, "{class}");
                    assert_eq!(
                        (error.code(), error.extended_code()),
                        (Code::InvalidArgument, "0016-00000503")
                    );
                }
            }
        }
        assert!(storage_class(&map(&[("x-oss-storage-class", "Foo")])).is_err());
        assert!(acl(&map(&[("x-oss-object-acl", "foo")])).is_err());
    }

    #[test]
    fn flags_and_ids() {
        for (value, expected) in [
            ("true", Some(true)),
            ("False", Some(false)),
            ("1", None),
            ("", None),
        ] {
            assert_eq!(
                forbid_overwrite(&map(&[("x-oss-forbid-overwrite", value)])).ok(),
                expected,
                "{value}"
            );
        }
        for (query, ok) in [
            ("versionId=null", true),
            ("versionId=", false),
            ("versionId=x", false),
            ("a", true),
        ] {
            assert_eq!(
                version_id(&Query::parse(query).expect("query")).is_ok(),
                ok,
                "{query}"
            );
        }
    }

    #[test]
    fn restore_states() {
        let restore = Restore {
            ready: Timestamp(1000),
            expires: Timestamp(1_397_635_200_000),
        };
        assert_eq!(
            restore_state(restore, Timestamp(999)).as_deref(),
            Some("ongoing-request=\"true\"")
        );
        assert_eq!(
            restore_state(restore, Timestamp(1000)).as_deref(),
            Some("ongoing-request=\"false\", expiry-date=\"Wed, 16 Apr 2014 08:00:00 GMT\"")
        );
        assert_eq!(restore_state(restore, Timestamp(1_397_635_200_000)), None);
    }
}
