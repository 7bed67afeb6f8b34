//! Retention policies of buckets: for the whole bucket, and for its objects.

use crate::domain::bucket::Versioning;
use crate::error::{Code, Error, Result};
use crate::http::reply::{self, Reply};
use crate::operation::Call;
use crate::store::bucket::RetentionPeriod;
use crate::store::{BucketSettings, DefaultRetention, ObjectWorm, RetentionMode};
use crate::xml::config::{
    DefaultRetention as DefaultRetentionDocument, ExtendWormConfiguration,
    InitiateWormConfiguration, ObjectWormConfiguration, ObjectWormRule, WormConfiguration,
};
use http::HeaderName;

const WORM_ID: HeaderName = HeaderName::from_static("x-oss-worm-id");

/// Longest retention in days: 70 years.
const DAYS_MAX: u32 = 25_550;
/// Longest default retention in years.
const YEARS_MAX: u32 = 70;
const DAY_MILLIS: i64 = 24 * 3600 * 1000;

fn worm_days(days: i64) -> Result<u32> {
    let days = u32::try_from(days).ok();
    let days = days.filter(|days| (1..=DAYS_MAX).contains(days));
    days.ok_or_else(|| Code::InvalidWORMConfiguration.into())
}

/// InitiateBucketWorm.
pub async fn initiate(mut call: Call) -> Result<Reply> {
    let document: InitiateWormConfiguration = call.xml().await?;
    let days = worm_days(document.retention_period_in_days)?;

    let id = call
        .store()
        .initiate_worm(call.bucket_name()?, days)
        .await?;

    Ok(reply::empty().header(WORM_ID, id))
}

/// CompleteBucketWorm: locks the policy.
pub async fn complete(call: Call) -> Result<Reply> {
    let id = call.query().get("wormId").unwrap_or_default();

    call.store().complete_worm(call.bucket_name()?, id).await?;

    Ok(reply::empty())
}

/// ExtendBucketWorm.
pub async fn extend(mut call: Call) -> Result<Reply> {
    let document: ExtendWormConfiguration = call.xml().await?;
    let days = worm_days(document.retention_period_in_days)?;
    let id = call.query().get("wormId").unwrap_or_default();

    call.store()
        .extend_worm(call.bucket_name()?, id, days)
        .await?;

    Ok(reply::empty())
}

/// AbortBucketWorm.
pub async fn abort(call: Call) -> Result<Reply> {
    call.store().abort_worm(call.bucket_name()?).await?;

    Ok(reply::no_content())
}

/// GetBucketWorm.
pub async fn get(call: Call) -> Result<Reply> {
    let worm = call.bucket()?.worm(call.now());
    let worm = worm.ok_or(Code::NoSuchWORMConfiguration)?;

    // Where it stays in progress it lapses after a day; locked, the date has no meaning for the policy itself.
    let expires = worm.created.plus_millis(DAY_MILLIS);
    reply::xml(&WormConfiguration {
        worm_id: worm.id.clone(),
        state: if worm.locked { "Locked" } else { "InProgress" }.to_owned(),
        retention_period_in_days: worm.days,
        creation_date: worm.created.iso8601(),
        expiration_date: expires.iso8601(),
    })
}

/// PutBucketObjectWormConfiguration. It needs versioning, and cannot be taken back.
pub async fn put_object_worm(mut call: Call) -> Result<Reply> {
    let document: ObjectWormConfiguration = call.xml().await?;
    let object_worm = object_worm(&document)?;

    let change = move |settings: &mut BucketSettings| {
        if settings.versioning != Versioning::Enabled {
            let message = "The object worm configuration needs versioning.";
            return Err(Error::new(Code::InvalidRequest).message(message));
        }
        settings.object_worm = Some(object_worm);
        Ok(())
    };
    call.store()
        .update_bucket(call.bucket_name()?, change)
        .await?;

    Ok(reply::empty())
}

fn object_worm(document: &ObjectWormConfiguration) -> Result<ObjectWorm> {
    if document.object_worm_enabled != "Enabled" {
        return Err(Code::MalformedXML.into());
    }
    let Some(rule) = &document.rule else {
        return Ok(ObjectWorm { default: None });
    };
    let retention = &rule.default_retention;
    let mode = match retention.mode.as_str() {
        "GOVERNANCE" => RetentionMode::Governance,
        "COMPLIANCE" => RetentionMode::Compliance,
        _ => return Err(Code::MalformedXML.into()),
    };
    let period = match (retention.days, retention.years) {
        (Some(days), None) => RetentionPeriod::Days(within("Days", days, DAYS_MAX)?),
        (None, Some(years)) => RetentionPeriod::Years(within("Years", years, YEARS_MAX)?),
        _ => return Err(Code::MalformedXML.into()),
    };
    Ok(ObjectWorm {
        default: Some(DefaultRetention { mode, period }),
    })
}

fn within(name: &'static str, value: i64, max: u32) -> Result<u32> {
    let number = u32::try_from(value).ok();
    let number = number.filter(|number| (1..=max).contains(number));
    number.ok_or_else(|| {
        let message = format!("The {name} of the retention is out of range.");
        Error::invalid_argument(name, value.to_string(), message)
    })
}

/// GetBucketObjectWormConfiguration.
pub async fn get_object_worm(call: Call) -> Result<Reply> {
    let object_worm = call.bucket()?.settings.object_worm;
    let object_worm = object_worm.ok_or(Code::NoSuchObjectWormConfiguration)?;

    let rule = object_worm.default.map(|default| {
        let (days, years) = match default.period {
            RetentionPeriod::Days(days) => (Some(days.into()), None),
            RetentionPeriod::Years(years) => (None, Some(years.into())),
        };
        let mode = match default.mode {
            RetentionMode::Governance => "GOVERNANCE",
            RetentionMode::Compliance => "COMPLIANCE",
        };
        ObjectWormRule {
            default_retention: DefaultRetentionDocument {
                mode: mode.to_owned(),
                days,
                years,
            },
        }
    });
    reply::xml(&ObjectWormConfiguration {
        object_worm_enabled: "Enabled".to_owned(),
        rule,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(mode: &str, days: Option<i64>, years: Option<i64>) -> ObjectWormConfiguration {
        ObjectWormConfiguration {
            object_worm_enabled: "Enabled".into(),
            rule: Some(ObjectWormRule {
                default_retention: DefaultRetentionDocument {
                    mode: mode.into(),
                    days,
                    years,
                },
            }),
        }
    }

    #[test]
    fn days_have_a_range() {
        assert_eq!(worm_days(1).unwrap(), 1);
        assert_eq!(worm_days(25_550).unwrap(), 25_550);
        for bad in [0, -1, 25_551, i64::MAX] {
            let code = worm_days(bad).unwrap_err().code();
            assert_eq!(code, Code::InvalidWORMConfiguration, "{bad}");
        }
    }

    #[test]
    fn object_retention_has_one_period() {
        let good = object_worm(&document("GOVERNANCE", Some(1), None)).unwrap();
        assert_eq!(good.default.unwrap().period, RetentionPeriod::Days(1));
        let cases = [
            (document("GOVERNANCE", None, None), Code::MalformedXML),
            (document("GOVERNANCE", Some(1), Some(1)), Code::MalformedXML),
            (document("governance", Some(1), None), Code::MalformedXML),
            (document("COMPLIANCE", Some(0), None), Code::InvalidArgument),
            (
                document("COMPLIANCE", None, Some(71)),
                Code::InvalidArgument,
            ),
        ];
        for (document, code) in cases {
            assert_eq!(
                object_worm(&document).unwrap_err().code(),
                code,
                "{document:?}"
            );
        }
        let off = ObjectWormConfiguration {
            object_worm_enabled: "Disabled".into(),
            rule: None,
        };
        assert_eq!(object_worm(&off).unwrap_err().code(), Code::MalformedXML);
    }
}
