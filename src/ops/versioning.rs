//! The state of versioning, and the version that a request names.

use crate::domain::bucket::Versioning;
use crate::error::{Code, Error, Result};
use crate::http::headers;
use crate::http::reply::{self, Reply};
use crate::operation::Call;
use crate::store::{BucketSettings, VersionId};
use crate::xml::config::VersioningConfiguration;

/// The version of `versionId`; none where the parameter is absent. A malformed id is refused before anything is
/// looked up.
pub(super) fn requested(call: &Call) -> Result<Option<VersionId>> {
    headers::version_id(call.query())
}

/// A version id, or `InvalidArgument` that names the parameter.
pub(super) fn parse(name: &'static str, text: &str) -> Result<VersionId> {
    VersionId::parse(text)
        .ok_or_else(|| Error::invalid_argument(name, text, "Invalid version id specified."))
}

/// PutBucketVersioning.
pub async fn put(mut call: Call) -> Result<Reply> {
    let document: VersioningConfiguration = call.xml().await?;
    let state = match document.status.as_deref() {
        Some("Enabled") => Versioning::Enabled,
        Some("Suspended") => Versioning::Suspended,
        Some(_) => return Err(Code::MalformedXML.into()),
        None => {
            let message = "The Versioning element must be specified.";
            return Err(Error::invalid_argument("Status", "", message));
        }
    };

    let change = move |settings: &mut BucketSettings| {
        settings.versioning = state;
        Ok::<_, Error>(())
    };
    call.store()
        .update_bucket(call.bucket_name()?, change)
        .await?;

    Ok(reply::empty())
}

/// GetBucketVersioning: without `Status` where it was never set.
pub async fn get(call: Call) -> Result<Reply> {
    let state = call.bucket()?.settings.versioning;

    reply::xml(&VersioningConfiguration {
        status: state.as_str().map(str::to_owned),
    })
}
