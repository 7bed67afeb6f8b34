//! DeleteObject and DeleteMultipleObjects.

use crate::auth::Access;
use crate::domain::name::ObjectKey;
use crate::error::{Code, Error, Result};
use crate::http::headers;
use crate::http::reply::{self, DELETE_MARKER, Reply, VERSION_ID};
use crate::operation::Call;
use crate::operation::permission::Wish;
use crate::store::{self, Deleted, Deletion};
use crate::xml::encoding::Encoding;
use crate::xml::object::{self as document, Delete, DeleteResult};

/// Most keys of one request.
const KEYS_MAX: usize = 1000;

/// DeleteObject: what does not exist counts as deleted.
pub async fn object(call: Call) -> Result<Reply> {
    let version = headers::version_id(call.query())?;
    let bypass = bypasses_governance(&call)?;

    let deleted = call
        .store()
        .delete_object(call.bucket()?, call.key()?, version.as_ref(), bypass)
        .await?;

    Ok(reply::no_content()
        .maybe(VERSION_ID, deleted.version)
        .maybe(DELETE_MARKER, deleted.delete_marker.then_some("true")))
}

/// DeleteMultipleObjects: up to 1000 keys or versions in one commit.
pub async fn multiple(mut call: Call) -> Result<Reply> {
    let encoding = super::list::encoding(call.query())?;
    let bypass = bypasses_governance(&call)?;
    let request: Delete = call.xml().await?;
    if request.object.is_empty() || request.object.len() > KEYS_MAX {
        return Err(Error::new(Code::MalformedXML).ec("0016-00000608"));
    }
    let mut deletions = Vec::with_capacity(request.object.len());
    for entry in &request.object {
        deletions.push(deletion(entry)?);
    }
    for deletion in &deletions {
        let version = deletion.version.as_ref();
        let bucket = call.bucket()?;
        call.may(
            Access::Write,
            "oss:DeleteObject",
            bucket,
            &deletion.key,
            version,
        )?;
    }

    let outcomes = call
        .store()
        .delete_objects(call.bucket()?, deletions, bypass)
        .await?;

    let mut deleted = Vec::with_capacity(outcomes.len());
    for (entry, outcome) in request.object.iter().zip(outcomes) {
        match outcome {
            Ok(outcome) => deleted.push(show(entry, outcome, encoding)),
            // The answer has no place for a refusal: a protected key is one that is not listed as deleted. Where
            // nothing is listed, the refusal is the answer.
            Err(store::Error::Immutable) if !request.quiet => {}
            Err(error) => return Err(Error::from(error).field("Key", entry.key.as_str())),
        }
    }
    if deleted.is_empty() {
        return Err(Error::new(Code::FileImmutable));
    }
    if request.quiet {
        return Ok(reply::empty());
    }
    reply::xml(&DeleteResult {
        encoding_type: encoding.name(),
        deleted,
    })
}

fn deletion(entry: &document::DeleteEntry) -> Result<Deletion> {
    if entry.key.is_empty() {
        return Err(Error::new(Code::UserKeyMustBeSpecified));
    }
    // Python v2 writes an empty element for an object without a version.
    let version = entry.version_id.as_deref().filter(|text| !text.is_empty());
    Ok(Deletion {
        key: ObjectKey::parse(&entry.key)?,
        version: version.map(headers::parse_version_id).transpose()?,
    })
}

/// An entry of the answer (operations.md §E.7): a plain delete in a versioned bucket tells of the marker it made, one
/// by version of that version, and also of the marker if it was one.
fn show(entry: &document::DeleteEntry, outcome: Deleted, encoding: Encoding) -> document::Deleted {
    let by_version = entry
        .version_id
        .as_deref()
        .is_some_and(|text| !text.is_empty());
    let version = outcome.version.map(|version| version.to_string());
    document::Deleted {
        key: encoding.text(&entry.key),
        version_id: version.clone().filter(|_| by_version),
        delete_marker: outcome.delete_marker.then_some(true),
        delete_marker_version_id: version.filter(|_| outcome.delete_marker),
    }
}

/// `x-oss-bypass-governance-retention: true`, which more is needed for than to write.
pub(super) fn bypasses_governance(call: &Call) -> Result<bool> {
    let value = call.header("x-oss-bypass-governance-retention")?;
    if !value.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Ok(false);
    }
    let bucket = call.bucket()?;
    let wish = Wish {
        access: Access::BucketOwner,
        action: "oss:BypassGovernanceRetention",
        bucket_name: Some(&bucket.name),
        bucket: Some(bucket),
        key: call.key().ok(),
        version: None,
    };
    call.may_as(call.identity().clone(), &wish)?;
    Ok(true)
}
