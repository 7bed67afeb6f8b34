//! PutObject, GetObject, HeadObject, GetObjectMeta, and what other handlers share with them.

use super::callback::{Callback, Upload};
use super::document::{self, Document as _};
use super::{bucket_config, website};
use crate::auth::Access;
use crate::domain::name::ObjectKey;
use crate::domain::object::{ObjectAcl, ObjectAttributes, StorageClass};
use crate::domain::time::Timestamp;
use crate::error::{Code, Error, Result};
use crate::http::conditions::Conditions;
use crate::http::gzip;
use crate::http::headers::{self, CONTENT_MD5, EXPIRATION, Shown};
use crate::http::range::{self, Selection};
use crate::http::reply::{self, HASH_CRC64, Reply, VERSION_ID};
use crate::http::throttle::{QOS_DELAY_TIME, TrafficLimit};
use crate::operation::Call;
use crate::store::{self, Bucket, Object, ObjectReader, PutOptions, Resolved, Written};
use crate::xml::stored::ArchiveDirectReadConfiguration;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use futures_util::{FutureExt as _, StreamExt as _, stream};
use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH,
    CONTENT_RANGE, CONTENT_TYPE, ETAG, EXPIRES, LAST_MODIFIED, RANGE,
};
use http::{HeaderName, HeaderValue, StatusCode};
use std::ops::Range;

const RANGE_BEHAVIOR: &str = "x-oss-range-behavior";
const LAST_ACCESS_TIME: HeaderName = HeaderName::from_static("x-oss-last-access-time");

/// PutObject: stores the whole body under the key.
pub async fn put(mut call: Call) -> Result<Reply> {
    let callback = Callback::of(&call)?;
    let attributes = headers::attributes(call.headers())?;
    check_attributes(&call, &attributes)?;
    let options = PutOptions {
        forbid_overwrite: headers::forbid_overwrite(call.headers())?,
    };
    let content_type = attributes.headers.content_type.clone();
    let body = call.receive(true).await?;

    let written = call
        .store()
        .put_object(call.bucket()?, call.key()?, body, attributes, options)
        .await;
    let written = written.map_err(|error| exists(error, "0026-00000201"))?;

    let reply = show_written(&call, &written);
    let Some(callback) = callback else {
        return Ok(reply);
    };
    let upload = Upload {
        operation: "PutObject",
        key: call.key()?,
        content_type: content_type.as_deref(),
        written: &written,
    };
    callback.notify(&call, &upload, reply).await
}

/// GetObject: the bytes, or a range of them, of the object or of what a symlink points to; or a page of the bucket's
/// website in place of an object that there is not.
pub async fn get(call: Call) -> Result<Reply> {
    match serve(&call, call.key()?) {
        Err(missing) if missing.code() == Code::NoSuchKey => website::page(&call, missing),
        other => other,
    }
}

/// What a GET of the key answers; permission is asked before.
pub(super) fn serve(call: &Call, key: &ObjectKey) -> Result<Reply> {
    let overrides = Overrides::of(call)?;
    let limit = TrafficLimit::of(call.headers(), call.query())?;
    let (found, part, bytes) = open(call, key, |length| selection(call, length))?;
    let status = part
        .as_ref()
        .map_or(StatusCode::OK, |_| StatusCode::PARTIAL_CONTENT);
    let target = &found.target;
    let range = part.unwrap_or(0..target.len);

    let length = range.end - range.start;
    let compressed = status == StatusCode::OK
        && !call.headers().contains_key(RANGE)
        && gzip::applies(
            call.headers(),
            target_type(&found),
            shown(&found).front().headers.content_encoding.as_deref(),
            length,
        );
    let reply = match (compressed, limit) {
        (false, None) => whole_or_stream(status, length, bytes)?,
        (false, Some(limit)) => reply::stream(status, Some(length), limit.pace(bytes)),
        (true, None) => reply::stream(status, None, gzip::compress(bytes)),
        (true, Some(limit)) => {
            reply::stream(status, None, limit.pace(Box::pin(gzip::compress(bytes))))
        }
    };
    let delay = limit.map(|limit| limit.duration_of(length).as_millis());
    let mut reply = shown(&found)
        .write(reply, call.now())
        .maybe(EXPIRATION, expiration(call, &found)?)
        .maybe(QOS_DELAY_TIME, delay);
    if status == StatusCode::PARTIAL_CONTENT {
        let last = range.end.saturating_sub(1);
        reply.set(
            CONTENT_RANGE,
            format_args!("bytes {}-{last}/{}", range.start, target.len),
        );
    }
    overrides.apply(&mut reply);
    if compressed {
        reply
            .headers
            .insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        for other in [ETAG, HASH_CRC64, CONTENT_MD5] {
            reply.headers.remove(other);
        }
    }
    Ok(reply)
}

/// Bodies of up to this many bytes go out in one piece with their header where they are in memory.
const AT_ONCE_MAX: u64 = 64 * 1024;

/// The bytes as a body. Of a short one that is read at once, damage is told by an error; a body that is under way can
/// only break off.
fn whole_or_stream(status: StatusCode, length: u64, mut bytes: ObjectReader) -> Result<Reply> {
    if length > AT_ONCE_MAX {
        return Ok(reply::stream(status, Some(length), bytes));
    }
    match bytes.next().now_or_never().flatten() {
        Some(Ok(whole)) if whole.len() as u64 == length => {
            Ok(reply::status(status).with_body(whole))
        }
        Some(Ok(first)) => {
            let first = stream::iter([Ok(first)]);
            Ok(reply::stream(status, Some(length), first.chain(bytes)))
        }
        Some(Err(error)) => Err(store::Error::from(error).into()),
        None => Ok(reply::stream(status, Some(length), bytes)),
    }
}

/// How often an object is looked up again that was replaced just then.
const LOOKS_MAX: usize = 16;

/// The object, the part of it that `select` names for its length, and the bytes, of one committed state.
pub(super) fn open(
    call: &Call,
    key: &ObjectKey,
    select: impl Fn(u64) -> Result<Option<Range<u64>>>,
) -> Result<(Resolved, Option<Range<u64>>, ObjectReader)> {
    let mut looks = 0;
    loop {
        let found = find(call, key)?;
        let target = &found.target;
        if !call.store().is_readable(target) && !is_read_directly(call, target)? {
            return Err(Error::new(Code::InvalidObjectState));
        }
        let part = select(target.len)?;
        let range = part.clone().unwrap_or(0..target.len);
        let bytes = call.store().read(target, range);
        looks += 1;
        if !bytes.is_stale() || looks == LOOKS_MAX {
            return Ok((found, part, bytes));
        }
    }
}

/// Whether the bucket lets archived objects be read without a restore: those of class Archive alone.
fn is_read_directly(call: &Call, object: &Object) -> Result<bool> {
    if object.storage_class != StorageClass::Archive {
        return Ok(false);
    }
    let kind = &ArchiveDirectReadConfiguration::KIND;
    let document: Option<ArchiveDirectReadConfiguration> =
        document::stored(call.store(), call.bucket()?, kind)?;
    Ok(document.is_some_and(|document| document.enabled))
}

/// HeadObject: what GetObject would say, without the bytes. Archived objects show too.
pub async fn head(call: Call) -> Result<Reply> {
    let found = find(&call, call.key()?)?;

    let shown = shown(&found);
    let accessed = bucket_config::last_access(&call, shown.modified())?;
    Ok(shown
        .write(reply::empty(), call.now())
        .maybe(EXPIRATION, expiration(&call, &found)?)
        .header(CONTENT_LENGTH, found.target.len)
        .maybe(LAST_ACCESS_TIME, accessed.map(Timestamp::rfc1123)))
}

/// GetObjectMeta: length, tag and time only; a symlink shows itself (R80).
pub async fn meta(call: Call) -> Result<Reply> {
    let version = headers::version_id(call.query())?;

    let object = call
        .store()
        .object(call.bucket()?, call.key()?, version.as_ref())?;

    let accessed = bucket_config::last_access(&call, object.modified)?;
    Ok(reply::empty()
        .etag(&object.etag)
        .header(LAST_MODIFIED, object.modified.rfc1123())
        .header(CONTENT_LENGTH, object.len)
        .header(HASH_CRC64, object.crc64)
        .maybe(LAST_ACCESS_TIME, accessed.map(Timestamp::rfc1123))
        .maybe(VERSION_ID, object.version))
}

/// The object that a read addresses, followed through a symlink, once permission and conditions hold.
fn find(call: &Call, key: &ObjectKey) -> Result<Resolved> {
    let version = headers::version_id(call.query())?;
    let found = call
        .store()
        .resolve(call.bucket()?, key, version.as_ref())?;
    if found.link.is_some() {
        // The ACLs of both count (operations.md §E.8); dispatch has seen only the link's.
        call.may(
            Access::Read,
            "oss:GetObject",
            call.bucket()?,
            &found.target.key,
            None,
        )?;
    }
    let shown = shown(&found);
    Conditions::of_read(call.headers()).check(&found.target.etag, shown.modified())?;
    Ok(found)
}

pub(super) fn shown(found: &Resolved) -> Shown<'_> {
    Shown {
        link: found.link.as_ref(),
        target: &found.target,
    }
}

/// `x-oss-expiration`: of the link itself, where there is one.
fn expiration(call: &Call, found: &Resolved) -> Result<Option<String>> {
    let lifecycle = call.app().lifecycle();
    Ok(lifecycle.expiration(call.store(), call.bucket()?, shown(found).front())?)
}

fn target_type(found: &Resolved) -> Option<&str> {
    shown(found).front().headers.content_type.as_deref()
}

/// The range that is asked for; none for the whole object.
fn selection(call: &Call, length: u64) -> Result<Option<Range<u64>>> {
    let asked = headers::text(call.headers(), &RANGE)?;
    let standard = call
        .header(RANGE_BEHAVIOR)?
        .is_some_and(|value| value.eq_ignore_ascii_case("standard"));
    match range::select(asked, standard, length) {
        Selection::Whole => Ok(None),
        Selection::Part(range) => Ok(Some(range)),
        Selection::Unsatisfiable => {
            let error = Error::new(Code::InvalidRange)
                .field("RangeRequested", asked.unwrap_or_default())
                .field("ActualObjectSize", length.to_string());
            match HeaderValue::try_from(format!("bytes */{length}")) {
                Ok(total) => Err(error.header(CONTENT_RANGE, total)),
                Err(_) => Err(error),
            }
        }
    }
}

/// `response-*` parameters: headers that replace the stored ones in this answer.
pub(super) struct Overrides(Vec<(HeaderName, HeaderValue)>);

impl Overrides {
    pub(super) fn of(call: &Call) -> Result<Self> {
        let names = [
            ("response-content-type", CONTENT_TYPE),
            ("response-content-language", CONTENT_LANGUAGE),
            ("response-expires", EXPIRES),
            ("response-cache-control", CACHE_CONTROL),
            ("response-content-disposition", CONTENT_DISPOSITION),
            ("response-content-encoding", CONTENT_ENCODING),
        ];
        let mut all = Vec::new();
        for (parameter, header) in names {
            let Some(value) = call.query().non_empty(parameter) else {
                continue;
            };
            // Only a signed link is allowed to dress up what somebody else stored.
            if call.identity().is_anonymous() {
                return Err(Error::new(Code::InvalidRequest).message(
                    "Request specific response headers cannot be used for anonymous GET requests.",
                ));
            }
            let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| {
                Error::invalid_argument(parameter, value, "The value can not stand in a header.")
            })?;
            all.push((header, value));
        }
        Ok(Self(all))
    }

    pub(super) fn apply(self, reply: &mut Reply) {
        for (name, value) in self.0 {
            reply.headers.insert(name, value);
        }
    }
}

/// The answer of a write that made a whole object.
pub(super) fn show_written(call: &Call, written: &Written) -> Reply {
    let reply = reply::empty()
        .etag(&written.etag)
        .header(HASH_CRC64, written.crc64)
        .maybe(
            CONTENT_MD5,
            written.md5.map(|md5| BASE64_STANDARD.encode(md5)),
        )
        .maybe(VERSION_ID, written.version)
        .maybe(QOS_DELAY_TIME, call.delayed_millis());
    headers::write_sse(reply, written.sse.as_ref())
}

/// What a write's headers ask for beyond the write itself must be allowed too.
pub(super) fn check_attributes(call: &Call, attributes: &ObjectAttributes) -> Result<()> {
    check_public(call, call.bucket()?, attributes.acl)?;
    if !attributes.tags.is_empty() {
        call.may(
            Access::Write,
            "oss:PutObjectTagging",
            call.bucket()?,
            call.key()?,
            None,
        )?;
    }
    Ok(())
}

/// A blocked bucket takes no public objects.
pub(super) fn check_public(call: &Call, bucket: &Bucket, acl: Option<ObjectAcl>) -> Result<()> {
    let public = matches!(
        acl,
        Some(ObjectAcl::PublicRead | ObjectAcl::PublicReadWrite)
    );
    if public && call.store().blocks_public_access(bucket)? {
        return Err(Error::new(Code::AccessDenied).message("Put public object acl is not allowed"));
    }
    Ok(())
}

/// Whether the request names a callback, in a header or in the query.
pub(super) fn asks_for_callback(call: &Call) -> bool {
    call.headers().contains_key("x-oss-callback") || call.query().has("callback")
}

/// The store's refusal, with the extended code that this way of writing has for an existing object.
pub(super) fn exists(error: store::Error, ec: &'static str) -> Error {
    let error = Error::from(error);
    if error.code() == Code::FileAlreadyExists {
        error.ec(ec)
    } else {
        error
    }
}
