//! CopyObject, and the source that UploadPartCopy shares with it (operations.md §E.6).

use crate::auth::Access;
use crate::domain::name::{BucketName, ObjectKey};
use crate::domain::tags::TagSet;
use crate::error::{Code, Error, Result};
use crate::http::conditions::Conditions;
use crate::http::escape;
use crate::http::headers::{self, COPY_SOURCE_VERSION_ID};
use crate::http::reply::{self, HASH_CRC64, Reply, VERSION_ID};
use crate::operation::Call;
use crate::store::{Bucket, CopyOptions, CopySource, VersionId};
use crate::xml::object::CopyObjectResult;
use std::sync::Arc;

const COPY_SOURCE: &str = "x-oss-copy-source";

/// CopyObject: a new object from another one's bytes, or new headers for an object copied onto itself.
pub async fn object(call: Call) -> Result<Reply> {
    let options = options(&call)?;
    super::object::check_public(&call, call.bucket()?, options.acl)?;
    let source = Source::of(&call)?;
    if options.replace_tags && !options.tags.is_empty() {
        call.may(
            Access::Write,
            "oss:PutObjectTagging",
            call.bucket()?,
            call.key()?,
            None,
        )?;
    }
    let conditions = Conditions::of_copy_source(call.headers());

    let copied = call
        .store()
        .copy_object::<Error>(
            source.place(),
            call.bucket()?,
            call.key()?,
            options,
            |object| conditions.check(&object.etag, object.modified),
        )
        .await
        .map_err(|error| source.describe(error))?;

    let reply = reply::xml(&CopyObjectResult {
        last_modified: copied.modified.iso8601(),
        etag: copied.etag.quoted(),
    })?
    .etag(&copied.etag)
    .header(HASH_CRC64, copied.crc64)
    .maybe(VERSION_ID, copied.version)
    .maybe(COPY_SOURCE_VERSION_ID, copied.source_version);
    Ok(headers::write_sse(reply, copied.sse.as_ref()))
}

fn options(call: &Call) -> Result<CopyOptions> {
    let map = call.headers();
    let replace_tags = replaces(call, "x-oss-tagging-directive")?;
    Ok(CopyOptions {
        replace_headers: replaces(call, "x-oss-metadata-directive")?,
        headers: headers::stored(map)?,
        replace_tags,
        // Tags beside a directive to copy them are not looked at.
        tags: if replace_tags {
            headers::tags(map)?
        } else {
            TagSet::default()
        },
        acl: headers::acl(map)?,
        storage_class: headers::storage_class(map)?,
        sse: headers::sse(map)?,
        forbid_overwrite: headers::forbid_overwrite(map)?,
    })
}

/// A directive: `COPY`, which is the default, or `REPLACE`.
fn replaces(call: &Call, name: &'static str) -> Result<bool> {
    match call.header(name)? {
        None => Ok(false),
        Some(value) if value.eq_ignore_ascii_case("copy") => Ok(false),
        Some(value) if value.eq_ignore_ascii_case("replace") => Ok(true),
        Some(value) => Err(Error::invalid_argument(
            name,
            value,
            "The directive must be COPY or REPLACE.",
        )),
    }
}

/// What `x-oss-copy-source` names, once the caller may read it.
pub(super) struct Source {
    bucket: Arc<Bucket>,
    key: ObjectKey,
    version: Option<VersionId>,
}

impl Source {
    /// Reads the header, looks the bucket up and asks for permission.
    pub(super) fn of(call: &Call) -> Result<Self> {
        let text = call.header(COPY_SOURCE)?.unwrap_or_default();
        let named = Named::parse(text)?;
        let bucket = call.other_bucket(&named.bucket)?;
        call.may(
            Access::Read,
            "oss:GetObject",
            &bucket,
            &named.key,
            named.version.as_ref(),
        )?;
        Ok(Self {
            bucket,
            key: named.key,
            version: named.version,
        })
    }

    /// The source as the store takes it.
    pub(super) fn place(&self) -> CopySource<'_> {
        CopySource {
            bucket: &self.bucket,
            key: &self.key,
            version: self.version.as_ref(),
        }
    }

    /// Makes a refusal name the source and not the destination. A delete marker as source is an absent one.
    pub(super) fn describe(&self, error: Error) -> Error {
        match error.code() {
            Code::MethodNotAllowed => Error::new(Code::NoSuchKey).field("Key", self.key.as_str()),
            Code::NoSuchKey | Code::NoSuchVersion => error.field("Key", self.key.as_str()),
            _ => error,
        }
    }
}

/// `x-oss-copy-source`, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub struct Named {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The version; none for the current one.
    pub version: Option<VersionId>,
}

impl Named {
    /// `/bucket/key[?versionId=id]`, URL-encoded in part or as a whole, the leading slash optional. `InvalidArgument`
    /// for text of another form, else the name's own error.
    pub fn parse(text: &str) -> Result<Self> {
        let malformed = || {
            Error::invalid_argument(
                COPY_SOURCE,
                text,
                "Copy Source must mention the source bucket and key: /sourcebucket/sourcekey.",
            )
        };
        let (path, version) = match text.rsplit_once("?versionId=") {
            Some((path, version)) => (path, Some(version)),
            None => (text, None),
        };
        let decoded = escape::decode_name(path).ok_or_else(malformed)?;
        // No bucket name holds a slash, so the first one ends it whether or not it was encoded.
        let bare = decoded.strip_prefix('/').unwrap_or(&decoded);
        let (bucket, key) = bare
            .split_once('/')
            .filter(|(_, key)| !key.is_empty())
            .ok_or_else(malformed)?;
        Ok(Self {
            bucket: BucketName::parse(bucket)?,
            key: ObjectKey::parse(key)?,
            version: version.map(headers::parse_version_id).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_as_sdks_write_them() {
        let cases = [
            ("/src-bucket/a/b", "a/b"),
            ("src-bucket/a", "a"),
            ("/src-bucket/a%2Fb%20c%2Bd", "a/b c+d"),
            ("/src-bucket/a%2Fb+c", "a/b c"), // Go v1
            ("/src-bucket/%E4%B8%AD%3F%25", "中?%"),
            ("%2Fsrc-bucket%2Fa", "a"),
            ("/src-bucket/a?b", "a?b"),
            ("/src-bucket/a/../b", "a/../b"),
        ];
        for (text, key) in cases {
            let named = Named::parse(text).expect(text);
            assert_eq!(
                (named.bucket.as_str(), named.key.as_str(), named.version),
                ("src-bucket", key, None)
            );
        }
        let named = Named::parse("/src-bucket/a%3FversionId%3Dx?versionId=null").expect("version");
        assert_eq!(
            (named.key.as_str(), named.version),
            ("a?versionId=x", Some(VersionId::Null))
        );
    }

    #[test]
    fn sources_that_name_nothing_are_refused() {
        for (text, code) in [
            ("", Code::InvalidArgument),
            ("/", Code::InvalidArgument),
            ("/src-bucket", Code::InvalidArgument),
            ("/src-bucket/", Code::InvalidArgument),
            ("/src-bucket/%FF", Code::InvalidArgument),
            ("/src-bucket/%zz", Code::InvalidArgument),
            ("/Bad_Bucket/a", Code::InvalidBucketName),
            ("/src-bucket//a", Code::InvalidObjectName),
            ("/src-bucket/a?versionId=", Code::InvalidArgument),
        ] {
            assert_eq!(Named::parse(text).expect_err(text).code(), code, "{text}");
        }
    }
}
