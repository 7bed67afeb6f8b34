//! PutSymlink and GetSymlink (operations.md §E.8).

use crate::error::{Code, Error, Result};
use crate::http::headers::{self, SYMLINK_TARGET};
use crate::http::reply::{self, Reply, VERSION_ID};
use crate::operation::Call;
use crate::store::PutOptions;
use crate::xml::encoding::percent;
use http::header::LAST_MODIFIED;

/// PutSymlink: the target need not exist.
pub async fn put(call: Call) -> Result<Reply> {
    let Some(target) = headers::text(call.headers(), &SYMLINK_TARGET)? else {
        return Err(
            Error::new(Code::MissingArgument).field("ArgumentName", SYMLINK_TARGET.as_str())
        );
    };
    let target = headers::encoded_key(&SYMLINK_TARGET, target)?;
    let mut attributes = headers::attributes(call.headers())?;
    super::object::check_attributes(&call, &attributes)?;
    // A link has no bytes to encrypt.
    attributes.sse = None;
    let options = PutOptions {
        forbid_overwrite: headers::forbid_overwrite(call.headers())?,
    };

    let written = call
        .store()
        .put_symlink(call.bucket()?, call.key()?, target, attributes, options)
        .await?;

    Ok(reply::empty()
        .etag(&written.etag)
        .maybe(VERSION_ID, written.version))
}

/// GetSymlink: the link itself.
pub async fn get(call: Call) -> Result<Reply> {
    let version = headers::version_id(call.query())?;

    let link = call
        .store()
        .object(call.bucket()?, call.key()?, version.as_ref())?;

    let Some(target) = &link.symlink_target else {
        return Err(Error::new(Code::NotSymlink));
    };
    let reply = reply::empty()
        .etag(&link.etag)
        .header(SYMLINK_TARGET, percent(target.as_str()))
        .header(LAST_MODIFIED, link.modified.rfc1123())
        .maybe(VERSION_ID, link.version);
    Ok(headers::write_meta(reply, &link.headers.meta))
}
