//! Bucket policies: JSON that is checked, stored and returned word for word. `auth` evaluates it.

use super::document::Kind;
use crate::auth::policy::{self, Policy};
use crate::error::{Code, Error, Result};
use crate::http::reply::{self, Reply};
use crate::operation::Call;
use crate::xml::config::PolicyStatus;

/// The name under which dispatch reads the policy, too.
const POLICY: Kind = Kind::new("policy", Code::NoSuchBucketPolicy);
/// Most bytes of a policy.
const POLICY_BYTES_MAX: usize = 16 * 1024;

fn parse(bytes: &[u8]) -> Result<Policy> {
    let refuse = || Error::new(Code::InvalidPolicyDocument);
    if bytes.len() > POLICY_BYTES_MAX {
        return Err(refuse().message("The policy document is too long."));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| refuse())?;
    Policy::parse(text, policy::Kind::Bucket)
        .map_err(|error| refuse().message(format!("The policy document is invalid: {error}.")))
}

/// PutBucketPolicy.
pub async fn put_policy(mut call: Call) -> Result<Reply> {
    let bytes = call.document().await?;
    let policy = parse(&bytes)?;
    if policy.is_public() && call.store().blocks_public_access(call.bucket()?)? {
        let message = "Put public bucket policy is not allowed";
        return Err(Error::new(Code::AccessDenied).message(message));
    }

    call.store()
        .put_config(call.bucket_name()?, POLICY.name(), bytes)
        .await?;

    Ok(reply::empty())
}

/// GetBucketPolicy: the text as it was sent.
pub async fn get_policy(call: Call) -> Result<Reply> {
    let bytes = call.store().config(call.bucket()?, POLICY.name())?;
    let bytes = bytes.ok_or(Code::NoSuchBucketPolicy)?;

    Ok(reply::bytes("application/json", bytes))
}

/// DeleteBucketPolicy.
pub async fn delete_policy(call: Call) -> Result<Reply> {
    POLICY.delete(&call).await
}

/// GetBucketPolicyStatus: whether the policy lets everybody in.
pub async fn status(call: Call) -> Result<Reply> {
    let bytes = call.store().config(call.bucket()?, POLICY.name())?;

    let is_public = match bytes {
        Some(bytes) => parse(&bytes).map_err(Error::internal)?.is_public(),
        None => false,
    };
    reply::xml(&PolicyStatus { is_public })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_policies_are_refused() {
        let long = " ".repeat(POLICY_BYTES_MAX + 1);
        let bad = [
            b"".as_slice(),
            b"{}",
            b"not json",
            b"\xff",
            br#"{"Version":"1","Statement":[]}"#,
            long.as_bytes(),
        ];
        for bytes in bad {
            let code = parse(bytes).err().map(|error| error.code());
            assert_eq!(code, Some(Code::InvalidPolicyDocument), "{bytes:?}");
        }
    }

    #[test]
    fn policies_of_the_suites_are_taken() {
        let without_principal =
            br#"{"Version":"1","Statement":[{"Action":["oss:PutObject"],"Effect":"Allow",
            "Resource":["acs:oss:*:*:b","acs:oss:*:*:b/*"]}]}"#;
        assert!(parse(without_principal).unwrap().is_public());
    }
}
