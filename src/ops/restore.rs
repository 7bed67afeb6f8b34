//! RestoreObject and CleanRestoredObject (operations.md §E.9). The restore is simulated: only its states are real.

use crate::domain::object::StorageClass;
use crate::error::{Code, Error, Result};
use crate::http::headers;
use crate::http::reply::{self, Reply, VERSION_ID};
use crate::operation::Call;
use crate::xml;
use crate::xml::object::RestoreRequest;
use http::{HeaderName, StatusCode};

const PRIORITY: HeaderName = HeaderName::from_static("x-oss-object-restore-priority");
const TIERS: &[&str] = &["Expedited", "Standard", "Bulk"];
const TIER_DEFAULT: &str = "Standard";
/// Days that a restored copy may stay: Archive, and the colder classes (errors.md §7).
const DAYS_MAX_ARCHIVE: u32 = 7;
const DAYS_MAX_COLD: u32 = 365;

/// RestoreObject: 202 when it begins, 200 when a finished one is prolonged.
pub async fn restore(mut call: Call) -> Result<Reply> {
    let version = headers::version_id(call.query())?;
    let text = call.document().await?;
    let request = if text.is_empty() {
        RestoreRequest::default()
    } else {
        xml::from_xml(&text).map_err(|error| {
            Error::new(Code::MalformedXML)
                .ec("0016-00000608")
                .source(error)
        })?
    };
    let object = call
        .store()
        .object(call.bucket()?, call.key()?, version.as_ref())?;
    let asked = Asked::check(&request, object.storage_class)?;

    let restored = call
        .store()
        .restore_object(call.bucket()?, call.key()?, version.as_ref(), asked.days)
        .await?;

    let status = if restored.prolonged {
        StatusCode::OK
    } else {
        StatusCode::ACCEPTED
    };
    Ok(reply::status(status)
        .maybe(PRIORITY, asked.tier)
        .maybe(VERSION_ID, restored.version))
}

/// CleanRestoredObject: takes the restored copy away before its time.
pub async fn clean(call: Call) -> Result<Reply> {
    let version = headers::version_id(call.query())?;

    let cleaned = call
        .store()
        .clean_restored_object(call.bucket()?, call.key()?, version.as_ref())
        .await;

    let object = cleaned.map_err(|error| match Error::from(error) {
        // The same fact has another name here than at RestoreObject.
        error if error.code() == Code::RestoreAlreadyInProgress => {
            Error::new(Code::ArchiveRestoreNotFinished)
        }
        error => error,
    })?;
    Ok(reply::empty().maybe(VERSION_ID, object.version))
}

/// What a restore was asked for, within the limits of the object's class.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    days: u32,
    tier: Option<&'static str>,
}

impl Asked {
    fn check(request: &RestoreRequest, class: StorageClass) -> Result<Self> {
        let is_cold = matches!(
            class,
            StorageClass::ColdArchive | StorageClass::DeepColdArchive
        );
        // The store refuses classes that need no restore; tiers belong to the colder ones only.
        if request.job_parameters.is_some() && class == StorageClass::Archive {
            return Err(Error::new(Code::MalformedXML));
        }
        let named = request
            .job_parameters
            .as_ref()
            .and_then(|job| job.tier.as_deref());
        let tier = match named {
            None => TIER_DEFAULT,
            Some(name) => TIERS.iter().find(|tier| **tier == name).ok_or_else(|| {
                Error::invalid_argument("Tier", name, "The restore tier is invalid.")
            })?,
        };
        let days_max = if is_cold {
            DAYS_MAX_COLD
        } else {
            DAYS_MAX_ARCHIVE
        };
        let days = request.days.unwrap_or(1);
        let days = u32::try_from(days)
            .ok()
            .filter(|days| (1..=days_max).contains(days))
            .ok_or_else(|| {
                Error::invalid_argument(
                    "Days",
                    days.to_string(),
                    format!("Days must be between 1 and {days_max}."),
                )
            })?;
        Ok(Self {
            days,
            tier: is_cold.then_some(tier),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::object::JobParameters;

    #[test]
    fn what_each_class_may_ask() {
        let job = |tier: Option<&str>| {
            Some(JobParameters {
                tier: tier.map(str::to_owned),
            })
        };
        let [archive, cold, standard] = [
            StorageClass::Archive,
            StorageClass::ColdArchive,
            StorageClass::Standard,
        ];
        let cases = [
            (archive, None, None, Ok((1, None))),
            (archive, Some(7), None, Ok((7, None))),
            (archive, Some(8), None, Err(Code::InvalidArgument)),
            (archive, Some(0), None, Err(Code::InvalidArgument)),
            (archive, Some(-1), None, Err(Code::InvalidArgument)),
            (archive, Some(1), job(Some("Bulk")), Err(Code::MalformedXML)),
            (cold, Some(365), job(Some("Bulk")), Ok((365, Some("Bulk")))),
            (cold, Some(1), job(None), Ok((1, Some("Standard")))),
            (cold, None, None, Ok((1, Some("Standard")))),
            (cold, Some(366), None, Err(Code::InvalidArgument)),
            (cold, Some(1), job(Some("Fast")), Err(Code::InvalidArgument)),
            (standard, Some(1), None, Ok((1, None))),
        ];
        for (class, days, job_parameters, expected) in cases {
            let request = RestoreRequest {
                days,
                job_parameters,
            };
            let asked = Asked::check(&request, class)
                .map(|a| (a.days, a.tier))
                .map_err(|e| e.code());
            assert_eq!(asked, expected, "{class:?} {request:?}");
        }
    }
}
