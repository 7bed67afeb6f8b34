//! Object tagging. `Last-Modified` does not change.

use crate::domain::tags::TagSet;
use crate::error::{Error, Result};
use crate::http::headers;
use crate::http::reply::{self, Reply, VERSION_ID};
use crate::operation::Call;
use crate::store::Object;
use crate::xml::object::Tagging;

/// PutObjectTagging: replaces the tags of an object or of a version.
pub async fn put(mut call: Call) -> Result<Reply> {
    let tags = call.xml::<Tagging>().await?.into_pairs();
    let tags = TagSet::object(tags)?;

    let object = set(&call, tags).await?;

    Ok(reply::empty().maybe(VERSION_ID, object.version))
}

/// GetObjectTagging: an untagged object has an empty set.
pub async fn get(call: Call) -> Result<Reply> {
    let version = headers::version_id(call.query())?;

    let object = call
        .store()
        .object(call.bucket()?, call.key()?, version.as_ref())?;

    Ok(reply::xml(&Tagging::new(object.tags.pairs()))?.maybe(VERSION_ID, object.version))
}

/// DeleteObjectTagging: takes all tags away.
pub async fn delete(call: Call) -> Result<Reply> {
    let object = set(&call, TagSet::default()).await?;

    Ok(reply::no_content().maybe(VERSION_ID, object.version))
}

async fn set(call: &Call, tags: TagSet) -> Result<Object> {
    let version = headers::version_id(call.query())?;
    call.store()
        .update_object::<Error>(call.bucket()?, call.key()?, version.as_ref(), |settings| {
            settings.tags = tags;
            Ok(())
        })
        .await
}
