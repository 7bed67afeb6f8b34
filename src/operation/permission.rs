//! Asks `auth` whether a caller may do something to a bucket or an object, with the facts that the store knows.
//!
//! Dispatch asks once for every request. A handler that touches more than what the request addresses (the source of
//! a copy, the target of a link, the keys of a multiple delete) asks again.

use crate::app::App;
use crate::auth::{self, Access, Admitted, Identity, Incoming, Target};
use crate::domain::name::{BucketName, ObjectKey};
use crate::domain::object::ObjectAcl;
use crate::error::Result;
use crate::store::{self, Bucket, Store, VersionId};

/// What the caller wants to do, and to what.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// The kind of access.
    pub access: Access,
    /// The RAM action.
    pub action: &'a str,
    /// The bucket's name.
    pub bucket_name: Option<&'a BucketName>,
    /// The bucket, where it exists.
    pub bucket: Option<&'a Bucket>,
    /// The key.
    pub key: Option<&'a ObjectKey>,
    /// The version; none for the current one.
    pub version: Option<&'a VersionId>,
}

/// Decides; the refusal is the client's answer.
///
/// Most writes ignore a version that the request names and go to the object all the same. So a write needs the leave of
/// the current version too, or `?versionId=` of an open version (or of none) would open a private object.
pub fn authorize(
    app: &App,
    store: &Store,
    identity: Identity,
    wish: &Wish<'_>,
    incoming: &Incoming<'_>,
) -> Result<Admitted> {
    if wish.access == Access::Write && wish.version.is_some() {
        let current = Wish {
            version: None,
            ..*wish
        };
        authorize_version(app, store, identity.clone(), &current, incoming)?;
    }
    authorize_version(app, store, identity, wish, incoming)
}

fn authorize_version(
    app: &App,
    store: &Store,
    identity: Identity,
    wish: &Wish<'_>,
    incoming: &Incoming<'_>,
) -> Result<Admitted> {
    let bucket = wish.bucket;
    let policy = match bucket {
        Some(bucket) => store.config(bucket, "policy")?,
        None => None,
    };
    // Neither ACLs nor what the public may do is looked at for the owner.
    let foreign = bucket.filter(|bucket| !identity.is_account_root(&bucket.owner));
    let block_public_access = match foreign {
        Some(bucket) => store.blocks_public_access(bucket)?,
        None => false,
    };
    let object_acl = match (foreign, wish.key) {
        (Some(bucket), Some(key)) => object_acl(store, bucket, key, wish.version)?,
        _ => None,
    };
    let target = Target {
        region: &app.config().region,
        bucket: wish.bucket_name.map(BucketName::as_str),
        key: wish.key.map(ObjectKey::as_str),
        bucket_owner: bucket.map(|bucket| bucket.owner.as_str()),
        bucket_acl: bucket.map(|bucket| bucket.settings.acl),
        object_acl,
        policy: policy.as_deref(),
        block_public_access,
        requester_pays: bucket.is_some_and(|bucket| bucket.settings.requester_pays),
    };
    let action = match wish.version {
        Some(_) => of_version(wish.action),
        None => wish.action,
    };
    auth::authorize(identity, wish.access, action, &target, incoming)
}

/// The action on a named version, where the service has another one for it.
fn of_version(action: &str) -> &str {
    match action {
        "oss:GetObject" => "oss:GetObjectVersion",
        "oss:DeleteObject" => "oss:DeleteObjectVersion",
        "oss:GetObjectAcl" => "oss:GetObjectVersionAcl",
        "oss:PutObjectAcl" => "oss:PutObjectVersionAcl",
        "oss:GetObjectTagging" => "oss:GetObjectVersionTagging",
        "oss:PutObjectTagging" => "oss:PutObjectVersionTagging",
        "oss:DeleteObjectTagging" => "oss:DeleteObjectVersionTagging",
        "oss:RestoreObject" => "oss:RestoreObjectVersion",
        other => other,
    }
}

/// The ACL of the addressed object, where there is one. Whether it exists is for the handler to tell, after
/// permission.
fn object_acl(
    store: &Store,
    bucket: &Bucket,
    key: &ObjectKey,
    version: Option<&VersionId>,
) -> Result<Option<ObjectAcl>> {
    match store.object(bucket, key, version) {
        Ok(object) => Ok(Some(object.acl)),
        Err(store::Error::Engine(error)) => Err(store::Error::Engine(error).into()),
        Err(_) => Ok(None),
    }
}
