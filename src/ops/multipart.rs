//! Multipart uploads (operations.md section F).

use super::callback::{Callback, Upload as Object};
use super::copy::Source;
use crate::domain::name::ObjectKey;
use crate::error::{Code, Error, Result};
use crate::http::conditions::Conditions;
use crate::http::headers::{self, CONTENT_MD5, COPY_SOURCE_VERSION_ID};
use crate::http::range::{self, Selection};
use crate::http::reply::{self, HASH_CRC64, Reply, VERSION_ID};
use crate::http::throttle::QOS_DELAY_TIME;
use crate::operation::Call;
use crate::store::{Completion, PartNumber, UploadId, UploadOptions, UploadQuery};
use crate::xml;
use crate::xml::encoding::percent;
use crate::xml::list::CommonPrefixes;
use crate::xml::multipart::{
    CompleteMultipartUpload, CompleteMultipartUploadResult, CopyPartResult,
    InitiateMultipartUploadResult, ListMultipartUploadsResult, ListPartsResult, Part, Upload,
};
use base64::prelude::{BASE64_STANDARD, Engine as _};

/// Longest prefix, marker or delimiter in bytes.
const TEXT_BYTES_MAX: usize = 1023;
/// Entries of a page, by default and at most.
const PAGE_MAX: usize = 1000;
/// Most parts of an upload.
const PARTS_MAX: usize = 10_000;

/// InitiateMultipartUpload: the object's headers come here, its ACL comes with Complete.
pub async fn initiate(call: Call) -> Result<Reply> {
    let encoding = super::list::encoding(call.query())?;
    let attributes = headers::attributes(call.headers())?;
    super::object::check_attributes(&call, &attributes)?;
    let rule = &call.bucket()?.settings.encryption;
    let sse = attributes.sse.clone().or_else(|| rule.clone());
    let options = UploadOptions {
        attributes,
        forbid_overwrite: headers::forbid_overwrite(call.headers())?,
        sequential: call.query().has("sequential"),
    };

    let id = call
        .store()
        .initiate_upload(call.bucket()?, call.key()?, options)
        .await?;

    let reply = reply::xml(&InitiateMultipartUploadResult {
        encoding_type: encoding.name(),
        bucket: call.bucket_name()?.to_string(),
        key: encoding.text(call.key()?.as_str()),
        upload_id: id.to_string(),
    })?;
    Ok(headers::write_sse(reply, sse.as_ref()))
}

/// UploadPart: stores a part; one of the same number is replaced.
pub async fn upload_part(mut call: Call) -> Result<Reply> {
    let missing = |error: Error| no_such_upload(&call, error, "0042-00000104");
    let number = part_number(&call)?;
    let id = upload_id(&call).map_err(missing)?;
    headers::refuse_sse(call.headers())?;
    // Before the body: an upload that does not exist need not be sent to.
    let upload = call
        .store()
        .upload(call.bucket()?, call.key()?, &id)
        .map_err(|error| missing(error.into()))?;
    let body = call.receive(true).await?;

    let part = call
        .store()
        .upload_part(call.bucket()?, call.key()?, &id, number, body)
        .await;

    let part = part.map_err(|error| no_such_upload(&call, error.into(), "0042-00000104"))?;
    let reply = reply::empty()
        .etag(&part.etag)
        .header(HASH_CRC64, part.crc64)
        .header(CONTENT_MD5, BASE64_STANDARD.encode(part.md5))
        .maybe(QOS_DELAY_TIME, call.delayed_millis());
    Ok(headers::write_sse(reply, upload.attributes.sse.as_ref()))
}

/// UploadPartCopy: a part from the bytes of an object.
pub async fn upload_part_copy(call: Call) -> Result<Reply> {
    let missing = |error: Error| no_such_upload(&call, error, "0042-00000311");
    let number = part_number(&call)?;
    let id = upload_id(&call).map_err(missing)?;
    let source = Source::of(&call)?;
    let conditions = Conditions::of_copy_source(call.headers());
    let asked = call.header("x-oss-copy-source-range")?;

    let store = call.store();
    let copied = store.upload_part_copy::<Error>(
        source.place(),
        call.bucket()?,
        call.key()?,
        &id,
        number,
        |object| {
            conditions.check(&object.etag, object.modified)?;
            // A range that does not lie inside the source means all of it.
            match range::select(asked, false, object.len) {
                Selection::Whole => Ok(0..object.len),
                Selection::Part(range) => Ok(range),
                Selection::Unsatisfiable => Err(Error::new(Code::InvalidRange)),
            }
        },
    );
    let copied = copied
        .await
        .map_err(|error| missing(source.describe(error)))?;

    let document = CopyPartResult {
        last_modified: copied.part.modified.iso8601(),
        etag: copied.part.etag.quoted(),
    };
    Ok(reply::xml(&document)?
        .etag(&copied.part.etag)
        .header(HASH_CRC64, copied.part.crc64)
        .maybe(COPY_SOURCE_VERSION_ID, copied.source_version))
}

/// CompleteMultipartUpload: makes the object out of the listed parts, or of all.
pub async fn complete(mut call: Call) -> Result<Reply> {
    let callback = Callback::of(&call)?;
    headers::refuse_sse(call.headers())?;
    let encoding = super::list::encoding(call.query())?;
    let acl = headers::acl(call.headers())?;
    super::object::check_public(&call, call.bucket()?, acl)?;
    let completion = Completion {
        parts: listed_parts(&mut call).await?,
        acl,
        forbid_overwrite: headers::forbid_overwrite(call.headers())?,
    };
    let missing = |error: Error| no_such_upload(&call, error, "0042-00000002");
    let id = upload_id(&call).map_err(missing)?;

    let content_type = match &callback {
        None => None,
        Some(_) => content_type(&call, &id).map_err(missing)?,
    };

    let written = call
        .store()
        .complete_upload(call.bucket()?, call.key()?, &id, completion)
        .await;

    let written =
        written.map_err(|error| missing(super::object::exists(error, "0042-00000214")))?;
    let reply = reply::xml(&CompleteMultipartUploadResult {
        encoding_type: encoding.name(),
        location: location_of(&call, call.key()?)?,
        bucket: call.bucket_name()?.to_string(),
        key: encoding.text(call.key()?.as_str()),
        etag: written.etag.quoted(),
    })?
    .etag(&written.etag)
    .header(HASH_CRC64, written.crc64)
    .maybe(VERSION_ID, written.version);
    let reply = headers::write_sse(reply, written.sse.as_ref());
    let Some(callback) = callback else {
        return Ok(reply);
    };
    let object = Object {
        operation: "CompleteMultipartUpload",
        key: call.key()?,
        content_type: content_type.as_deref(),
        written: &written,
    };
    callback.notify(&call, &object, reply).await
}

/// The type that the upload's object will have, for its callback.
fn content_type(call: &Call, id: &UploadId) -> Result<Option<String>> {
    let upload = call.store().upload(call.bucket()?, call.key()?, id)?;
    Ok(upload.attributes.headers.content_type)
}

/// AbortMultipartUpload: drops the upload and its parts.
pub async fn abort(call: Call) -> Result<Reply> {
    let missing = |error: Error| no_such_upload(&call, error, "0042-00000002");
    let id = upload_id(&call).map_err(missing)?;

    call.store()
        .abort_upload(call.bucket()?, call.key()?, &id)
        .await
        .map_err(|error| missing(error.into()))?;

    Ok(reply::no_content())
}

/// ListMultipartUploads: by key, then by id.
pub async fn list_uploads(call: Call) -> Result<Reply> {
    let encoding = super::list::encoding(call.query())?;
    let text = |name| Ok::<_, Error>(call.query().text(name, TEXT_BYTES_MAX)?.unwrap_or_default());
    let (prefix, delimiter) = (text("prefix")?, text("delimiter")?);
    let (key_marker, id_marker) = (text("key-marker")?, text("upload-id-marker")?);
    let max = call
        .query()
        .number("max-uploads", 1..=PAGE_MAX)?
        .unwrap_or(PAGE_MAX);
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let query = UploadQuery {
        prefix: prefix.to_owned(),
        key_marker: given(key_marker),
        // Without a key there is nothing that the id could be a marker in.
        upload_id_marker: given(id_marker).filter(|_| !key_marker.is_empty()),
        delimiter: given(delimiter),
        max,
    };

    let listing = call.store().list_uploads(call.bucket()?, &query)?;

    let is_truncated = listing.next.is_some();
    // Python v2 reads the next marker of the last page too.
    let last = listing
        .uploads
        .last()
        .map(|(key, id, _)| (key.clone(), Some(*id)));
    let (next_key, next_id) = listing.next.or(last).unwrap_or_default();
    let uploads = listing
        .uploads
        .into_iter()
        .map(|(key, id, initiated)| Upload {
            key: encoding.text(&key),
            upload_id: id.to_string(),
            initiated: initiated.iso8601(),
        });
    let prefixes = listing.prefixes.into_iter().map(|prefix| CommonPrefixes {
        prefix: encoding.text(&prefix),
    });
    reply::xml(&ListMultipartUploadsResult {
        encoding_type: encoding.name(),
        bucket: call.bucket_name()?.to_string(),
        key_marker: encoding.text(key_marker),
        upload_id_marker: id_marker.to_owned(),
        next_key_marker: encoding.text(&next_key),
        next_upload_id_marker: next_id.map(|id| id.to_string()).unwrap_or_default(),
        delimiter: encoding.text(delimiter),
        prefix: encoding.text(prefix),
        max_uploads: max,
        is_truncated,
        upload: uploads.collect(),
        common_prefixes: prefixes.collect(),
    })
}

/// ListParts: by number.
pub async fn list_parts(call: Call) -> Result<Reply> {
    let missing = |error: Error| no_such_upload(&call, error, "0042-00000002");
    let encoding = super::list::encoding(call.query())?;
    let id = upload_id(&call).map_err(missing)?;
    let max = call
        .query()
        .number("max-parts", 1..=PAGE_MAX)?
        .unwrap_or(PAGE_MAX);
    let after = call
        .query()
        .number("part-number-marker", 0..=u32::MAX)?
        .unwrap_or(0);

    let listing = call
        .store()
        .list_parts(call.bucket()?, call.key()?, &id, after, max);

    let listing = listing.map_err(|error| missing(error.into()))?;
    let class = listing
        .upload
        .attributes
        .storage_class
        .unwrap_or(call.bucket()?.settings.storage_class);
    let last = listing
        .parts
        .last()
        .map_or(0, |part| u32::from(part.number.get()));
    // An encrypting client asks for them to resume an upload (Python v2 TestEncryptionCLient.test_multipart_from_file).
    let stored = &listing.upload.attributes.headers;
    let mark = |name: &str| {
        stored
            .meta_value(&format!("client-side-encryption-{name}"))
            .map(str::to_owned)
    };
    let parts = listing.parts.iter().map(|part| Part {
        part_number: u32::from(part.number.get()),
        last_modified: part.modified.iso8601(),
        etag: part.etag.quoted(),
        size: part.len,
        hash_crc64ecma: part.crc64.to_string(),
    });
    reply::xml(&ListPartsResult {
        encoding_type: encoding.name(),
        bucket: call.bucket_name()?.to_string(),
        key: encoding.text(call.key()?.as_str()),
        upload_id: id.to_string(),
        storage_class: class.as_str().to_owned(),
        part_number_marker: after,
        next_part_number_marker: last,
        max_parts: max,
        is_truncated: listing.truncated,
        client_encryption_key: mark("key"),
        client_encryption_start: mark("start"),
        client_encryption_cek_alg: mark("cek-alg"),
        client_encryption_wrap_alg: mark("wrap-alg"),
        client_encryption_data_size: mark("data-size"),
        client_encryption_part_size: mark("part-size"),
        part: parts.collect(),
    })
}

/// `uploadId`; text that no upload can have is an upload that does not exist.
fn upload_id(call: &Call) -> Result<UploadId> {
    let text = call.query().get("uploadId").unwrap_or_default();
    UploadId::parse(text).ok_or_else(|| Error::new(Code::NoSuchUpload))
}

/// Makes `NoSuchUpload` name the upload, with the extended code of this operation (errors.md §4.3).
fn no_such_upload(call: &Call, error: Error, ec: &'static str) -> Error {
    if error.code() != Code::NoSuchUpload {
        return error;
    }
    error
        .ec(ec)
        .field("UploadId", call.query().get("uploadId").unwrap_or_default())
}

fn part_number(call: &Call) -> Result<PartNumber> {
    match call.query().get("partNumber") {
        None => {
            let message = "Unexpected query string parameter";
            Err(Error::invalid_argument("ResourceType", "partNumber", message).ec("0017-00000219"))
        }
        Some(text) => {
            let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            let number = if digits { text.parse().ok() } else { None };
            number
                .and_then(PartNumber::new)
                .ok_or_else(|| bad_part_number(text))
        }
    }
}

fn bad_part_number(text: impl Into<String>) -> Error {
    let message = "Part number must be an integer between 1 and 10000, inclusive.";
    Error::invalid_argument("PartNumber", text, message).ec("0017-00000220")
}

/// The parts of the body; none where the request asks for all (`x-oss-complete-all: yes`).
async fn listed_parts(call: &mut Call) -> Result<Option<Vec<(PartNumber, String)>>> {
    const COMPLETE_ALL: &str = "x-oss-complete-all";
    let asked = match call.header(COMPLETE_ALL)? {
        Some(value) => Some(value),
        None => call.query().get(COMPLETE_ALL),
    };
    let all = match asked {
        None => false,
        Some(value) if value.eq_ignore_ascii_case("yes") => true,
        Some(value) => {
            return Err(Error::invalid_argument(
                COMPLETE_ALL,
                value,
                "The value must be yes.",
            ));
        }
    };
    let text = call.document().await?;
    match (all, text.is_empty()) {
        (true, true) => Ok(None),
        (true, false) => Err(Error::new(Code::InvalidArgument)
            .ec("0042-00000216")
            .message("Should not speficy both complete all header and http body.")),
        (false, _) => read_parts(&text).map(Some),
    }
}

fn read_parts(text: &[u8]) -> Result<Vec<(PartNumber, String)>> {
    let malformed = || Error::new(Code::MalformedXML).ec("0042-00000205");
    let document: CompleteMultipartUpload =
        xml::from_xml(text).map_err(|error| malformed().source(error))?;
    if document.part.is_empty() || document.part.len() > PARTS_MAX {
        return Err(malformed());
    }
    let parts = document.part.into_iter().map(|part| {
        let number = u32::try_from(part.part_number)
            .ok()
            .and_then(PartNumber::new);
        let number = number.ok_or_else(|| bad_part_number(part.part_number.to_string()))?;
        Ok((number, part.etag))
    });
    parts.collect()
}

/// Where the new object is found, under the host that the client used.
pub(super) fn location_of(call: &Call, key: &ObjectKey) -> Result<String> {
    let request = call.request();
    let scheme = if request.secure { "https" } else { "http" };
    let bucket = if request.address.virtual_host {
        String::new()
    } else {
        format!("{}/", call.bucket_name()?)
    };
    Ok(format!(
        "{scheme}://{}/{bucket}{}",
        request.address.host,
        percent(key.as_str())
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_lists() {
        let part = |n: &str| format!("<Part><PartNumber>{n}</PartNumber><ETag>\"A\"</ETag></Part>");
        let list =
            |parts: &str| format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
        let read = read_parts(list(&(part("1") + &part("10000"))).as_bytes()).expect("reads");
        assert_eq!(
            read.iter()
                .map(|(n, tag)| (n.get(), tag.as_str()))
                .collect::<Vec<_>>(),
            [(1, "\"A\""), (10_000, "\"A\"")]
        );
        let cases = [
            (String::new(), Code::MalformedXML),
            ("<a>".to_owned(), Code::MalformedXML),
            (list(""), Code::MalformedXML),
            (list(&part("x")), Code::MalformedXML),
            (list(&part("0")), Code::InvalidArgument),
            (list(&part("-1")), Code::InvalidArgument),
            (list(&part("10001")), Code::InvalidArgument),
            (list(&part("1").repeat(10_001)), Code::MalformedXML),
        ];
        for (text, code) in cases {
            assert_eq!(
                read_parts(text.as_bytes()).expect_err("refused").code(),
                code,
                "{text:.80}"
            );
        }
    }
}
