//! ACLs of buckets and objects, and who their owner is.

use super::bucket::refuse_public;
use super::versioning;
use crate::domain::bucket::{BucketAcl, BucketOptions};
use crate::domain::object::ObjectAcl;
use crate::error::{Code, Error, Result};
use crate::http::reply::{self, Reply, VERSION_ID};
use crate::operation::Call;
use crate::xml::object::{AccessControlList, AccessControlPolicy, Owner};
use http::header;

/// The owner element of an account; accounts that are no longer configured show their uid twice.
pub(super) fn owner(call: &Call, uid: &str) -> Owner {
    let accounts = &call.app().config().account;
    let name = accounts
        .iter()
        .find(|account| account.uid == uid)
        .map_or(uid, |account| account.display_name());
    Owner::new(uid, name)
}

/// The value of `x-oss-acl`; none where the header is absent.
pub(super) fn bucket_acl(call: &Call) -> Result<Option<BucketAcl>> {
    let Some(text) = call.header("x-oss-acl")? else {
        return Ok(None);
    };
    BucketAcl::parse(text)
        .map(Some)
        .ok_or_else(|| no_such_acl("x-oss-acl", text))
}

fn no_such_acl(header: &'static str, text: &str) -> Error {
    let message = match header {
        "x-oss-acl" => "no such bucket access control exists",
        _ => "no such object access control exists",
    };
    Error::invalid_argument(header, text, message)
}

/// PutBucketAcl. A bucket that does not exist is created with the ACL: Node's suite sets an ACL first,
/// and reads the name back from `Location`.
pub async fn put_bucket(call: Call) -> Result<Reply> {
    let acl = bucket_acl(&call)?.ok_or_else(|| no_such_acl("x-oss-acl", ""))?;
    let name = call.bucket_name()?;
    refuse_public(&call, acl)?;

    if call.bucket().is_ok() {
        let change = move |settings: &mut crate::store::BucketSettings| {
            settings.acl = acl;
            Ok::<_, Error>(())
        };
        call.store().update_bucket(name, change).await?;
    } else {
        let owner = call.identity().uid().ok_or(Code::AccessDenied)?;
        let options = BucketOptions {
            acl,
            ..BucketOptions::default()
        };
        call.store()
            .create_bucket(name, owner, options, true)
            .await?;
    }

    Ok(reply::empty().header(header::LOCATION, format!("/{}", name.as_str())))
}

/// GetBucketAcl.
pub async fn get_bucket(call: Call) -> Result<Reply> {
    let bucket = call.bucket()?;

    reply::xml(&AccessControlPolicy {
        owner: owner(&call, &bucket.owner),
        access_control_list: AccessControlList::new(bucket.settings.acl.as_str()),
    })
}

/// PutObjectAcl.
pub async fn put_object(call: Call) -> Result<Reply> {
    let version = versioning::requested(&call)?;
    let text = call.header("x-oss-object-acl")?.unwrap_or_default();
    let acl = ObjectAcl::parse(text).ok_or_else(|| no_such_acl("x-oss-object-acl", text))?;
    let bucket = call.bucket()?;
    super::object::check_public(&call, bucket, Some(acl))?;

    let change = move |settings: &mut crate::store::ObjectSettings| {
        settings.acl = acl;
        Ok::<_, Error>(())
    };
    let object = call
        .store()
        .update_object(bucket, call.key()?, version.as_ref(), change)
        .await?;

    Ok(reply::empty().maybe(VERSION_ID, object.version))
}

/// GetObjectAcl: `default` where none was set.
pub async fn get_object(call: Call) -> Result<Reply> {
    let version = versioning::requested(&call)?;
    let bucket = call.bucket()?;

    let object = call.store().object(bucket, call.key()?, version.as_ref())?;

    let document = AccessControlPolicy {
        owner: owner(&call, &bucket.owner),
        access_control_list: AccessControlList::new(object.acl.as_str()),
    };
    Ok(reply::xml(&document)?.maybe(VERSION_ID, object.version))
}
