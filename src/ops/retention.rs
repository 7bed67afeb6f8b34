//! Retention and legal hold of object versions (operations.md section D).

use crate::domain::time::Timestamp;
use crate::error::{Code, Error, Result};
use crate::http::headers;
use crate::http::reply::{self, Reply, VERSION_ID};
use crate::operation::Call;
use crate::store::{Retention, RetentionMode};
use crate::xml::object as document;

/// PutObjectRetention: protects a version until a moment.
pub async fn put_retention(mut call: Call) -> Result<Reply> {
    let version = headers::version_id(call.query())?;
    let bypass = super::delete::bypasses_governance(&call)?;
    let retention = read(&call.xml::<document::Retention>().await?, call.now())?;

    let set = call.store().set_retention(
        call.bucket()?,
        call.key()?,
        version.as_ref(),
        retention,
        bypass,
    );
    let object = set.await?;

    Ok(reply::empty().maybe(VERSION_ID, object.version))
}

/// GetObjectRetention.
pub async fn get_retention(call: Call) -> Result<Reply> {
    let version = headers::version_id(call.query())?;

    let object = call
        .store()
        .object(call.bucket()?, call.key()?, version.as_ref())?;

    let retention = object
        .retention
        .ok_or_else(|| Error::new(Code::NoSuchObjectRetention))?;
    let document = document::Retention {
        mode: Some(mode_text(retention.mode).to_owned()),
        retain_until_date: Some(retention.until.iso8601()),
    };
    Ok(reply::xml(&document)?.maybe(VERSION_ID, object.version))
}

/// PutObjectLegalHold: protects a version until the hold is lifted.
pub async fn put_legal_hold(mut call: Call) -> Result<Reply> {
    let version = headers::version_id(call.query())?;
    let hold = match call.xml::<document::LegalHold>().await?.status.as_str() {
        "ON" => true,
        "OFF" => false,
        other => {
            return Err(Error::invalid_argument(
                "Status",
                other,
                "The status must be ON or OFF.",
            ));
        }
    };

    let object = call
        .store()
        .set_legal_hold(call.bucket()?, call.key()?, version.as_ref(), hold)
        .await?;

    Ok(reply::empty().maybe(VERSION_ID, object.version))
}

/// GetObjectLegalHold.
pub async fn get_legal_hold(call: Call) -> Result<Reply> {
    let version = headers::version_id(call.query())?;

    let object = call
        .store()
        .object(call.bucket()?, call.key()?, version.as_ref())?;

    let hold = object
        .legal_hold
        .ok_or_else(|| Error::new(Code::NoSuchObjectLegalHold))?;
    let status = if hold { "ON" } else { "OFF" }.to_owned();
    Ok(reply::xml(&document::LegalHold { status })?.maybe(VERSION_ID, object.version))
}

fn read(document: &document::Retention, now: Timestamp) -> Result<Retention> {
    let mode = document.mode.as_deref().unwrap_or_default();
    let mode = match mode {
        "GOVERNANCE" => RetentionMode::Governance,
        "COMPLIANCE" => RetentionMode::Compliance,
        _ => {
            return Err(Error::invalid_argument(
                "Mode",
                mode,
                "The mode must be GOVERNANCE or COMPLIANCE.",
            ));
        }
    };
    let date = document.retain_until_date.as_deref().unwrap_or_default();
    let until = Timestamp::parse_iso8601(date)
        .filter(|until| *until > now)
        .ok_or_else(|| {
            Error::invalid_argument(
                "RetainUntilDate",
                date,
                "The date must be in ISO 8601 format and in the future.",
            )
        })?;
    Ok(Retention { mode, until })
}

fn mode_text(mode: RetentionMode) -> &'static str {
    match mode {
        RetentionMode::Governance => "GOVERNANCE",
        RetentionMode::Compliance => "COMPLIANCE",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retentions_are_checked() {
        let now = Timestamp(1_700_000_000_000);
        let cases = [
            (Some("GOVERNANCE"), Some("2030-01-01T00:00:00.000Z"), true),
            (Some("COMPLIANCE"), Some("2030-01-01T00:00:00Z"), true),
            (Some("governance"), Some("2030-01-01T00:00:00.000Z"), false),
            (None, Some("2030-01-01T00:00:00.000Z"), false),
            (Some("GOVERNANCE"), Some("2020-01-01T00:00:00.000Z"), false),
            (Some("GOVERNANCE"), Some("tomorrow"), false),
            (Some("GOVERNANCE"), None, false),
        ];
        for (mode, date, ok) in cases {
            let document = document::Retention {
                mode: mode.map(str::to_owned),
                retain_until_date: date.map(str::to_owned),
            };
            assert_eq!(read(&document, now).is_ok(), ok, "{document:?}");
        }
    }
}
