//! PostObject: an upload from a browser's form (operations.md §E.10, auth.md §8).
//!
//! Only the form's fields authenticate; dispatch has admitted nobody. The fields come first and are bounded, the file
//! comes last and streams into the store.

use super::callback::{self, Callback};
use crate::auth::Access;
use crate::auth::post_policy::{self, Form, FormAdmission};
use crate::domain::name::ObjectKey;
use crate::domain::object::ObjectAttributes;
use crate::error::{Code, Error, Result};
use crate::http::form::{FormReader, PartHead};
use crate::http::headers;
use crate::http::query::Query;
use crate::http::reply::{self, Reply};
use crate::http::throttle::TrafficLimit;
use crate::operation::Call;
use crate::operation::permission::Wish;
use crate::store::{Body, PutOptions, Written};
use crate::xml::encoding::percent;
use crate::xml::object::PostResponse;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// Longest value of a field in bytes, and of all fields together.
const FIELD_BYTES_MAX: usize = 2 * 1024 * 1024;
const FIELDS_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Most fields.
const FIELDS_MAX: usize = 1000;
/// Longest value of a field that is stored with the object.
const STORED_BYTES_MAX: usize = 8 * 1024;

/// Fields that mean what the header of that name means on PutObject. `content-type` has its own rule.
const HEADER_FIELDS: &[&str] = &[
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "expires",
    "x-oss-forbid-overwrite",
    "x-oss-object-acl",
    "x-oss-server-side-data-encryption",
    "x-oss-server-side-encryption",
    "x-oss-server-side-encryption-key-id",
    "x-oss-storage-class",
    "x-oss-traffic-limit",
];

/// PostObject.
pub async fn post(mut call: Call) -> Result<Reply> {
    call.check_upload()?;
    let content_type = headers::text(call.headers(), &CONTENT_TYPE)?.unwrap_or_default();
    let mut reader = FormReader::new(content_type)?;
    let fields = Fields::read(&mut reader, &mut call).await?;
    let admission = admit(&call, &fields)?;
    let upload = Upload::of(&call, &fields, &admission)?;
    let body = receive(&mut reader, &mut call, &upload, &admission).await?;

    let written = call
        .store()
        .put_object(
            call.bucket()?,
            &upload.key,
            body,
            upload.attributes,
            upload.options,
        )
        .await;
    let written = written.map_err(|error| super::object::exists(error, "0026-00000002"))?;

    if let Some(callback) = upload.callback {
        let reply = super::object::show_written(&call, &written);
        let object = callback::Upload {
            operation: "PostObject",
            key: &upload.key,
            content_type: upload.content_type.as_deref(),
            written: &written,
        };
        return callback.notify(&call, &object, reply).await;
    }
    answer(&call, &fields, &upload.key, &written)
}

/// The form in front of its file.
#[derive(Debug)]
struct Fields {
    /// In order, names in lower case.
    pairs: Vec<(String, String)>,
    file: PartHead,
}

impl Fields {
    async fn read(reader: &mut FormReader, call: &mut Call) -> Result<Self> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        let mut bytes = 0;
        while let Some(head) = reader.next_part(call.body_mut()).await? {
            if head.name.eq_ignore_ascii_case("file") {
                return Ok(Self { pairs, file: head });
            }
            let value = reader.text(call.body_mut(), FIELD_BYTES_MAX).await?;
            bytes += head.name.len() + value.len();
            if bytes > FIELDS_BYTES_MAX || pairs.len() == FIELDS_MAX {
                return Err(Error::new(Code::MaxPOSTPreDataLengthExceededError));
            }
            pairs.push((head.name.to_ascii_lowercase(), value));
        }
        Err(Error::new(Code::IncorrectNumberOfFilesInPOSTRequest))
    }

    /// The first value of a field.
    fn get(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    fn non_empty(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// The key, with the file's own name in it where the form says so. Policies see the key before that.
    fn key(&self) -> Result<ObjectKey> {
        let Some(key) = self.get("key") else {
            return Err(Error::new(Code::IncorrectNumberOfFilesInPOSTRequest));
        };
        let path = self.file.file_name.as_deref().unwrap_or_default();
        // Old browsers send the whole path of the file.
        let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
        Ok(ObjectKey::parse(&key.replace("${filename}", name))?)
    }

    /// The fields that PutObject has as headers.
    fn headers(&self) -> Result<HeaderMap> {
        let mut map = HeaderMap::new();
        for (name, value) in &self.pairs {
            let is_header =
                HEADER_FIELDS.contains(&name.as_str()) || name.starts_with("x-oss-meta-");
            if is_header {
                put_header(&mut map, name, value)?;
            }
        }
        // The order in which a policy's condition looks, so that what was checked is what is stored.
        let content_type = [
            self.get("x-oss-content-type"),
            self.get("content-type"),
            self.file.content_type.as_deref(),
        ];
        if let Some(value) = content_type.into_iter().flatten().next() {
            put_header(&mut map, CONTENT_TYPE.as_str(), value)?;
        }
        Ok(map)
    }
}

/// Adds a field as a header, unless the field came before. What no header can hold is refused here.
fn put_header(map: &mut HeaderMap, name: &str, value: &str) -> Result<()> {
    if value.len() > STORED_BYTES_MAX {
        return Err(Error::new(Code::FieldItemTooLong));
    }
    let refused = || {
        Error::new(Code::InvalidArgument)
            .message("The field can not stand in a header.")
            .field("ArgumentName", name)
            .field("ArgumentValue", value)
    };
    let header = HeaderName::try_from(name).map_err(|_| refused())?;
    let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| refused())?;
    map.entry(header).or_insert(value);
    Ok(())
}

/// Finds out who filled the form in.
fn admit(call: &Call, fields: &Fields) -> Result<FormAdmission> {
    let form = Form {
        fields: &fields.pairs,
        bucket: call.bucket_name()?.as_str(),
        file_content_type: fields.file.content_type.as_deref(),
        now: call.now(),
    };
    post_policy::authenticate(call.app().credentials(), call.app().auth_settings(), &form)
}

/// What the form asks for, once it may be done.
#[derive(Debug)]
struct Upload {
    key: ObjectKey,
    attributes: ObjectAttributes,
    options: PutOptions,
    limit: Option<TrafficLimit>,
    callback: Option<Callback>,
    content_type: Option<String>,
}

impl Upload {
    fn of(call: &Call, fields: &Fields, admission: &FormAdmission) -> Result<Self> {
        let key = fields.key()?;
        let bucket = call.bucket()?;
        let wish = Wish {
            access: Access::Write,
            action: "oss:PutObject",
            bucket_name: Some(&bucket.name),
            bucket: Some(bucket),
            key: Some(&key),
            version: None,
        };
        call.may_as(admission.identity.clone(), &wish)?;
        let callback = Callback::of_form(call, &fields.pairs)?;
        let map = fields.headers()?;
        let attributes = headers::attributes(&map)?;
        super::object::check_public(call, bucket, attributes.acl)?;
        let options = PutOptions {
            forbid_overwrite: headers::forbid_overwrite(&map)?,
        };
        let limit = TrafficLimit::of(&map, &Query::default())?;
        Ok(Self {
            key,
            content_type: attributes.headers.content_type.clone(),
            attributes,
            options,
            limit,
            callback,
        })
    }
}

/// Streams the file into the store, and checks that the form ends behind it.
async fn receive(
    reader: &mut FormReader,
    call: &mut Call,
    upload: &Upload,
    admission: &FormAdmission,
) -> Result<Body> {
    let max = call.app().config().limits.object_size_max;
    let allowed = admission
        .content_length
        .as_ref()
        .map_or(max, |range| max.min(*range.end()));
    let mut throttle = upload.limit.map(TrafficLimit::start);
    // The announced length includes the form around the file, which is close enough for a hint.
    let mut writer = call.store().receive(call.body_length(), true);
    while let Some(bytes) = reader.chunk(call.body_mut()).await? {
        let length = writer.len() + bytes.len() as u64;
        if length > allowed {
            admission.check_length(length)?;
            return Err(Error::new(Code::EntityTooLarge));
        }
        if let Some(throttle) = &mut throttle {
            throttle.pass(bytes.len()).await;
        }
        writer.write(bytes).await?;
    }
    // Fields behind the file are ignored, a second file is not.
    while let Some(head) = reader.next_part(call.body_mut()).await? {
        if head.name.eq_ignore_ascii_case("file") {
            return Err(Error::new(Code::IncorrectNumberOfFilesInPOSTRequest));
        }
        reader.text(call.body_mut(), FIELD_BYTES_MAX).await?;
    }
    let body = writer.finish().await?;
    admission.check_length(body.len())?;
    Ok(body)
}

/// 204 unless the form asks for 200, for 201 with a document, or for a page to go to.
fn answer(call: &Call, fields: &Fields, key: &ObjectKey, written: &Written) -> Result<Reply> {
    let place = super::multipart::location_of(call, key)?;
    let plain = super::object::show_written(call, written);
    if let Some(page) = fields
        .non_empty("success_action_redirect")
        .filter(|page| is_url(page))
    {
        let joint = if page.contains('?') { '&' } else { '?' };
        let (bucket, key, etag) = (
            call.bucket_name()?,
            percent(key.as_str()),
            percent(&written.etag.quoted()),
        );
        let page = format!("{page}{joint}bucket={bucket}&key={key}&etag={etag}");
        return Ok(plain
            .with_status(StatusCode::SEE_OTHER)
            .header(LOCATION, page));
    }
    match fields.get("success_action_status").map(str::trim) {
        Some("200") => Ok(plain),
        Some("201") => {
            let mut reply = reply::xml(&PostResponse {
                bucket: call.bucket_name()?.to_string(),
                etag: written.etag.quoted(),
                key: key.to_string(),
                location: place,
            })?
            .with_status(StatusCode::CREATED);
            reply.headers.extend(plain.headers);
            Ok(reply)
        }
        _ => Ok(plain.with_status(StatusCode::NO_CONTENT)),
    }
}

/// Whether a browser can be sent there; anything else falls back to the status.
fn is_url(text: &str) -> bool {
    let absolute = text.starts_with("http://") || text.starts_with("https://");
    absolute && text.len() <= STORED_BYTES_MAX && text.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)], file: PartHead) -> Fields {
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Fields { pairs, file }
    }

    #[test]
    fn the_key_may_hold_the_file_name() {
        let file = |name: &str| PartHead {
            file_name: Some(name.to_owned()),
            ..PartHead::default()
        };
        let cases = [
            ("a/${filename}", file("b.txt"), Ok("a/b.txt")),
            ("a/${filename}", file("C:\\dir\\b.txt"), Ok("a/b.txt")),
            ("a/${filename}", file("../../b.txt"), Ok("a/b.txt")),
            ("plain", file("b.txt"), Ok("plain")),
            (
                "${filename}",
                PartHead::default(),
                Err(Code::InvalidObjectName),
            ),
            ("", file("b.txt"), Err(Code::InvalidObjectName)),
        ];
        for (key, file, expected) in cases {
            let key = fields(&[("key", key)], file).key();
            assert_eq!(
                key.as_ref().map(ObjectKey::as_str).map_err(Error::code),
                expected
            );
        }
        let missing = fields(&[], file("b.txt")).key().expect_err("no key");
        assert_eq!(missing.code(), Code::IncorrectNumberOfFilesInPOSTRequest);
    }

    #[test]
    fn fields_become_headers() {
        let file = PartHead {
            content_type: Some("text/css".to_owned()),
            ..PartHead::default()
        };
        let given = [
            ("content-type", "text/html"),
            ("x-oss-meta-a", "1"),
            ("x-oss-meta-a", "2"),
            ("x-oss-tagging", "a=b"),
            ("host", "evil"),
            ("expires", "never"),
        ];
        let map = fields(&given, file.clone()).headers().expect("headers");
        let shown: Vec<_> = map
            .iter()
            .map(|(n, v)| (n.as_str(), v.to_str().expect("text")))
            .collect();
        assert_eq!(
            shown,
            [
                ("x-oss-meta-a", "1"),
                ("expires", "never"),
                ("content-type", "text/html")
            ]
        );
        let map = fields(&[("x-oss-content-type", "image/png")], file)
            .headers()
            .expect("headers");
        assert_eq!(map[CONTENT_TYPE], "image/png");

        for (name, value) in [
            ("x-oss-meta-a", "b\r\nx: y"),
            ("x-oss-meta-a\n", "b"),
            ("expires", "\u{0}"),
        ] {
            let refused = fields(&[(name, value)], PartHead::default())
                .headers()
                .expect_err(name);
            assert_eq!(refused.code(), Code::InvalidArgument);
        }
        let long = "v".repeat(STORED_BYTES_MAX + 1);
        let refused = fields(&[("expires", &long)], PartHead::default())
            .headers()
            .expect_err("long");
        assert_eq!(refused.code(), Code::FieldItemTooLong);
    }

    #[test]
    fn browsers_are_sent_to_urls_only() {
        for (text, ok) in [
            ("http://a/b?c", true),
            ("https://a", true),
            ("//a", false),
            ("javascript:x", false),
            ("http://a b", false),
        ] {
            assert_eq!(is_url(text), ok, "{text}");
        }
    }
}
