//! AssumeRole, answered by the same server: the interface that SDK credential providers call before they call OSS.
//!
//! It is another protocol at the same address: parameters instead of paths, its own signature (checked in
//! `auth::sts`), its own error document, JSON or XML as the caller asks.

use crate::auth::sts::assume_role::{self, StsRequest};
use crate::error::{Error, Result};
use crate::http::query::Query;
use crate::http::reply::{self, Reply};
use crate::operation::Call;
use crate::xml;
use http::StatusCode;
use serde::Serialize;

/// AssumeRole: a temporary key for a configured role.
pub async fn assume_role(mut call: Call) -> Result<Reply> {
    let form = call.document().await?;
    let form = Query::parse(&String::from_utf8_lossy(&form))?;
    let pairs = call.query().pairs().iter().chain(form.pairs());
    let parameters: Vec<_> = pairs
        .map(|(name, value)| (name.clone(), value.clone().unwrap_or_default()))
        .collect();
    let request = call.request();
    let asked = StsRequest {
        method: request.method.as_str(),
        parameters: &parameters,
        now: call.now(),
        source_ip: request.peer.ip(),
        secure: request.secure,
        request_id: &request.id,
    };

    let outcome = assume_role::assume_role(call.app().credentials(), &asked, call.app().ids());

    let json = parameters
        .iter()
        .any(|(name, value)| name == "Format" && value.eq_ignore_ascii_case("json"));
    match outcome {
        Ok(answer) => write(json, &answer),
        Err(refusal) => {
            let status = StatusCode::from_u16(refusal.status).map_err(Error::internal)?;
            let document = refusal.document(&request.id, request.address.host_name());
            Ok(write(json, &document)?.with_status(status))
        }
    }
}

fn write<T: Serialize>(json: bool, document: &T) -> Result<Reply> {
    if json {
        return Ok(reply::bytes(
            "application/json",
            serde_json::to_vec(document).map_err(Error::internal)?,
        ));
    }
    Ok(reply::document(
        xml::to_xml(document).map_err(Error::internal)?,
    ))
}
