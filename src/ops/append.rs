//! AppendObject and SealAppendObject (append.md).

use crate::domain::name::ObjectKey;
use crate::error::{Code, Error, Result};
use crate::http::headers::{self, OBJECT_TYPE, SEALED_TIME, STORAGE_CLASS};
use crate::http::reply::{self, HASH_CRC64, NEXT_APPEND_POSITION, Reply, VERSION_ID};
use crate::http::throttle::QOS_DELAY_TIME;
use crate::operation::Call;
use crate::store::{self, Bucket};
use http::header::LAST_MODIFIED;

/// AppendObject: adds the body at `position`, which must be the object's length. The order of checks is R60's;
/// everything that needs no body is checked before the first byte of it is asked for (R12).
pub async fn append(mut call: Call) -> Result<Reply> {
    if call.query().has("versionId") {
        let value = call.query().get("versionId").unwrap_or_default();
        return Err(
            Error::invalid_argument("versionId", value, "versionId may not be specified.")
                .ec("0016-00000504"),
        );
    }
    let position = position(&call)?;
    call.check_upload()?;
    let creates = check(&call, call.bucket()?, call.key()?, position)
        .await
        .map_err(|error| refused(&call, error))?
        .creates;
    let acl = headers::acl(call.headers())?;
    super::object::check_public(&call, call.bucket()?, acl)?;
    // Headers of the creation count only there; elsewhere even invalid ones are ignored (R33 to R38).
    let mut creation = headers::append_attributes(call.headers());
    if creates {
        let attributes = creation?;
        super::object::check_attributes(&call, &attributes)?;
        creation = Ok(attributes);
    }
    if super::object::asks_for_callback(&call) {
        tracing::warn!(
            id = call.request().id,
            "append does not support callbacks, the header is ignored"
        );
    }
    let body = call.receive(false).await?;

    let store = call.store();
    let appended = store.append_object::<Refusal>(
        call.bucket()?,
        call.key()?,
        position,
        body,
        acl,
        creation.map_err(Refusal::Edge),
    );
    let appended = match appended.await {
        Ok(appended) => appended,
        Err(Refusal::Edge(error)) => return Err(error),
        Err(Refusal::Store(store::Error::PositionMismatch { length })) => {
            // The body is spent, but the length that is told should be a fresh one.
            let now = check(&call, call.bucket()?, call.key()?, position)
                .await
                .err();
            let error = now.unwrap_or(store::Error::PositionMismatch { length });
            return Err(refused(&call, error));
        }
        Err(Refusal::Store(error)) => return Err(refused(&call, error)),
    };

    let reply = reply::empty()
        .etag(&appended.etag)
        .header(NEXT_APPEND_POSITION, appended.next_position)
        .header(HASH_CRC64, appended.crc64)
        .maybe(VERSION_ID, appended.version)
        .maybe(QOS_DELAY_TIME, call.delayed_millis());
    Ok(headers::write_sse(reply, appended.sse.as_ref()))
}

/// SealAppendObject: ends the object's growth at `position`, which must be its length (R106 to R115).
pub async fn seal(call: Call) -> Result<Reply> {
    if !call.app().config().seal {
        return Err(Error::new(Code::OperationNotSupported)
            .ec("0016-00000513")
            .message("SealAppendable is not supported."));
    }
    let position = position(&call)?;

    let sealed = call
        .store()
        .seal_object(call.bucket()?, call.key()?, position)
        .await?;

    let object = sealed.object;
    Ok(reply::empty()
        .etag(&object.etag)
        .header(SEALED_TIME, sealed.time.rfc1123())
        .header(LAST_MODIFIED, object.modified.rfc1123())
        .header(OBJECT_TYPE, object.kind.as_str())
        .header(STORAGE_CLASS, object.storage_class.as_str())
        .header(HASH_CRC64, object.crc64)
        .maybe(VERSION_ID, object.version))
}

/// Why an append was refused: at the edge, or by the store, whose refusal has a status that is a switch.
enum Refusal {
    Edge(Error),
    Store(store::Error),
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

/// What the store says before the body; a caller whose position does not fit asks once more when it is his turn.
async fn check(
    call: &Call,
    bucket: &Bucket,
    key: &ObjectKey,
    position: u64,
) -> Result<store::AppendState, store::Error> {
    let look = || {
        call.store()
            .check_append(bucket, key, position, call.body_length())
    };
    match look() {
        Err(store::Error::PositionMismatch { .. }) => {
            call.store().take_turn(bucket, key).await;
            look()
        }
        other => other,
    }
}

/// R112: the status of an append to a sealed object is a switch.
fn refused(call: &Call, error: store::Error) -> Error {
    let error = Error::from(error);
    if error.code() == Code::AppendSealedObjectNotAllowed {
        error.status_override(call.app().config().sealed_append_status)
    } else {
        error
    }
}

/// `position`: present (R3), one value (R6), a decimal number that fits a signed 64-bit integer (R4, R5).
fn position(call: &Call) -> Result<u64> {
    let Some(text) = call.query().get("position") else {
        return Err(Error::new(Code::MissingArgument).ec("0016-00000501"));
    };
    if !call.query().is_single_valued("position") {
        return Err(Error::invalid_argument(
            "position",
            text,
            "The position is specified more than once.",
        ));
    }
    parse_position(text).ok_or_else(|| {
        Error::invalid_argument(
            "position",
            text,
            "The position is not a legal positive integer.",
        )
        .ec("0016-00000502")
    })
}

fn parse_position(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let position: u64 = if digits {
        text.parse().ok()?
    } else {
        return None;
    };
    i64::try_from(position).is_ok().then_some(position)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_of_r4_to_r6() {
        let cases = [
            ("0", Some(0)),
            ("007", Some(7)),
            ("9223372036854775807", Some(9_223_372_036_854_775_807)),
            ("9223372036854775808", None),
            ("99999999999999999999", None),
            ("test", None),
            ("-1", None),
            ("1.5", None),
            ("0x10", None),
            ("+5", None),
            (" 5", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_position(text), expected, "{text}");
        }
    }
}
