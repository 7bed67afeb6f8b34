//! Image processing: on the way out of a GetObject, and stored by ProcessObject. What an action does is `picture`'s.

use super::object::{self, Overrides};
use super::style;
use crate::auth::Access;
use crate::domain::name::{BucketName, ObjectKey};
use crate::domain::object::{ObjectAttributes, StoredHeaders};
use crate::error::{Code, Error, Result};
use crate::http::escape;
use crate::http::headers::{self, CONTENT_MD5};
use crate::http::reply::{self, HASH_CRC64, NEXT_APPEND_POSITION, Reply};
use crate::operation::Call;
use crate::picture::{Finished, Plan, SOURCE_BYTES_MAX};
use crate::store::{self, Bucket, ObjectReader, PutOptions, Resolved};
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, Engine as _};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::header::{ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use std::convert::Infallible;
use std::sync::Arc;

const PROCESS: &str = "x-oss-process";

/// Names come with padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// GetObject with `x-oss-process`: the object's headers, and what image processing makes of its bytes. The tag stays the
/// original's (documented); digests of the original do not go out with other bytes.
pub async fn on_read(call: Call) -> Result<Reply> {
    let overrides = Overrides::of(&call)?;
    let plan = plan(&call, call.query().get(PROCESS).unwrap_or_default())?;
    let (found, bytes) = open(&call)?;
    let reply = object::shown(&found).write(reply::empty(), call.now());
    // Nothing of the store is pinned while the work waits for its turn.
    drop(found);

    let finished = work(&call, plan, bytes).await?;

    let mut reply = with_body(reply, finished);
    for other in [
        HASH_CRC64,
        CONTENT_MD5,
        NEXT_APPEND_POSITION,
        ACCEPT_RANGES,
        CONTENT_ENCODING,
    ] {
        reply.headers.remove(other);
    }
    overrides.apply(&mut reply);
    Ok(reply)
}

fn with_body(reply: Reply, finished: Finished) -> Reply {
    let length = finished.bytes.len() as u64;
    let content_type = HeaderValue::from_static(finished.content_type);
    let pieces = finished.pieces().map(Ok::<Bytes, Infallible>);
    let mut answer = reply::stream(StatusCode::OK, Some(length), stream::iter(pieces));
    answer.headers = reply.headers;
    answer.headers.insert(CONTENT_TYPE, content_type);
    answer
}

/// ProcessObject: the result becomes an object, in this bucket or another one of the same owner (documented). The caller
/// must be allowed to process and read the source, and to write the target.
pub async fn save(mut call: Call) -> Result<Reply> {
    let body = call.document().await?;
    let order = Order::parse(&body)?;
    let plan = plan(&call, &order.actions)?;
    if plan.is_question() {
        return refuse(&order.actions, "What is saved must be an image.");
    }
    let version = headers::version_id(call.query())?;
    call.may(
        Access::Read,
        "oss:GetObject",
        call.bucket()?,
        call.key()?,
        version.as_ref(),
    )?;
    let target = target(&call, &order)?;
    let (_, bytes) = open(&call)?;

    let finished = work(&call, plan, bytes).await?;
    let length = finished.bytes.len();
    let attributes = ObjectAttributes {
        headers: StoredHeaders {
            content_type: Some(finished.content_type.to_owned()),
            ..StoredHeaders::default()
        },
        ..ObjectAttributes::default()
    };
    let mut writer = call.store().receive(Some(length as u64), true);
    for piece in finished.pieces() {
        writer.write(piece).await?;
    }
    let body = writer.finish().await?;
    let written = call
        .store()
        .put_object(&target, &order.key, body, attributes, PutOptions::default())
        .await;
    written.map_err(|error| object::exists(error, "0026-00000201"))?;

    let answer = serde_json::json!({
        "bucket": order.bucket.as_ref().map_or("", BucketName::as_str),
        "fileSize": length,
        "object": order.key.as_str(),
        "status": "OK",
    });
    Ok(reply::bytes("application/json", answer.to_string()))
}

/// The bucket that the result goes to, once the caller may write the key there.
fn target(call: &Call, order: &Order) -> Result<Arc<Bucket>> {
    let source = call.bucket()?;
    let bucket = match &order.bucket {
        None => Arc::clone(source),
        Some(name) => call.other_bucket(name)?,
    };
    call.may(Access::Write, "oss:PutObject", &bucket, &order.key, None)?;
    if bucket.owner != source.owner {
        return Err(Error::new(Code::AccessDenied)
            .message("The source bucket and the target bucket must have the same owner."));
    }
    Ok(bucket)
}

/// The plan behind `image/…` or `style/NAME`.
fn plan(call: &Call, text: &str) -> Result<Plan> {
    let stored;
    let actions = match text.split_once('/') {
        Some(("image", actions)) => actions,
        Some(("style", name)) => {
            stored = style::content(call, name)?;
            match stored.strip_prefix("image/") {
                Some(actions) => actions,
                None => return refuse(&stored, "The style does not describe an image."),
            }
        }
        Some((kind, _)) if !kind.is_empty() => {
            let message = format!("{PROCESS}={kind} is not offered by this server.");
            return Err(Error::new(Code::NotImplemented).message(message));
        }
        _ => return refuse(text, "The processing is not valid."),
    };
    if actions.contains('|') {
        return refuse(text, "sys/saveas belongs into the body of a ProcessObject.");
    }
    Ok(Plan::parse(actions)?)
}

fn refuse<T>(value: &str, message: &'static str) -> Result<T> {
    Err(Error::invalid_argument(PROCESS, value, message).ec("0040-00000201"))
}

/// The source, if it is not too large to be worked on.
fn open(call: &Call) -> Result<(Resolved, ObjectReader)> {
    let (found, _, bytes) = object::open(call, call.key()?, |_| Ok(None))?;
    if found.target.len > SOURCE_BYTES_MAX {
        return Err(Error::new(Code::ImageTooLarge)
            .message("The source may have 20 MB.")
            .ec("0040-00000002"));
    }
    Ok((found, bytes))
}

/// Waits for a turn, reads the source and works on it.
async fn work(call: &Call, plan: Plan, mut bytes: ObjectReader) -> Result<Finished> {
    let turn = call.app().workshop().turn().await?;
    let mut source = Vec::new();
    while let Some(piece) = bytes.next().await {
        source.extend_from_slice(&piece.map_err(store::Error::from)?);
    }
    Ok(turn.work(plan, source).await?)
}

/// The body of a ProcessObject, taken apart.
#[derive(Debug, PartialEq, Eq)]
struct Order {
    /// What stands before `|sys/saveas`.
    actions: String,
    key: ObjectKey,
    bucket: Option<BucketName>,
}

impl Order {
    /// `x-oss-process=<actions>|sys/saveas,o_<key>[,b_<bucket>]`, the names in base64. ali-oss escapes the value as a
    /// form does, the other SDKs send it as it is; no escape can be part of it.
    fn parse(body: &[u8]) -> Result<Self> {
        let text = std::str::from_utf8(body).unwrap_or_default().trim();
        let value = text
            .strip_prefix(PROCESS)
            .and_then(|text| text.strip_prefix('='))
            .and_then(escape::decode);
        let Some((actions, save)) = value.as_deref().and_then(|value| value.split_once('|')) else {
            return refuse(
                text,
                "The body must be x-oss-process=ACTIONS|sys/saveas,o_KEY.",
            );
        };
        let names = save.strip_prefix("sys/saveas,");
        let Some(names) = names.filter(|names| !names.contains('|')) else {
            return refuse(save, "What is processed must be saved by one sys/saveas.");
        };
        let (mut key, mut bucket) = (None, None);
        for word in names.split(',').filter(|word| !word.is_empty()) {
            match word.split_once('_') {
                Some(("o", name)) => key = Some(ObjectKey::parse(&decode(name)?)?),
                Some(("b", name)) => bucket = Some(BucketName::parse(&decode(name)?)?),
                _ => return refuse(word, "sys/saveas takes o_KEY and b_BUCKET."),
            }
        }
        let Some(key) = key else {
            return refuse(save, "sys/saveas needs o_KEY.");
        };
        Ok(Self {
            actions: actions.to_owned(),
            key,
            bucket,
        })
    }
}

/// A name out of base64: URL-safe as documented, or plain as ali-oss writes it.
fn decode(text: &str) -> Result<String> {
    let safe = text.replace('+', "-").replace('/', "_");
    let bytes = BASE64.decode(safe).ok();
    let name = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    name.ok_or_else(|| {
        Error::new(Code::BadRequest)
            .message("Input is not base64 decoding.")
            .ec("0040-00000002")
    })
}
