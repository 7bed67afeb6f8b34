//! Domain names of a bucket: tokens are given out, and no domain is ever bound, since nobody here can look at its DNS
//! records.

use super::document::Collection;
use crate::domain::time::Timestamp;
use crate::error::{Code, Error, Result};
use crate::http::reply::{self, Reply};
use crate::operation::Call;
use crate::xml::stored::{BucketCnameConfiguration, CnameToken, ListCnameResult};

const TOKENS: Collection = Collection {
    prefix: "cname-token/",
    missing: Code::CnameTokenNotFound,
    max: 100,
    full: Code::TooManyCnameToken,
};

/// How long a token is good: three days.
const TOKEN_MILLIS: i64 = 3 * 24 * 60 * 60 * 1000;

/// A domain name: dotted labels of letters, digits and hyphens, at most 253 bytes; lower case is the same name.
fn domain(text: &str) -> Result<String> {
    let label = |label: &str| {
        let inside = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        (1..=63).contains(&label.len())
            && label.chars().all(inside)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if text.len() <= 253 && text.contains('.') && text.split('.').all(label) {
        return Ok(text.to_ascii_lowercase());
    }
    let message = "The domain is not valid.";
    Err(Error::invalid_argument("Domain", text, message))
}

async fn domain_of_body(call: &mut Call) -> Result<String> {
    let document: BucketCnameConfiguration = call.xml().await?;
    domain(&document.cname.domain)
}

/// CreateCnameToken: the token that is still good, or a new one.
pub async fn create_token(mut call: Call) -> Result<Reply> {
    let domain = domain_of_body(&mut call).await?;
    let mut random = [0; 16];
    call.app().ids().fill(&mut random);
    let fresh = CnameToken {
        bucket: call.bucket_name()?.as_str().to_owned(),
        cname: domain.clone(),
        token: hex::encode(random),
        expire_time: call.now().plus_millis(TOKEN_MILLIS).rfc1123(),
    };

    let now = call.now();
    let mut token = fresh.clone();
    TOKENS
        .update(&call, &domain, |before: Option<CnameToken>| {
            token = before.filter(|token| is_good(token, now)).unwrap_or(fresh);
            Ok(Some(token.clone()))
        })
        .await?;

    reply::xml(&token)
}

fn is_good(token: &CnameToken, now: Timestamp) -> bool {
    Timestamp::parse_rfc1123(&token.expire_time).is_some_and(|end| now < end)
}

/// GetCnameToken: the token that is still good.
pub async fn get_token(call: Call) -> Result<Reply> {
    let domain = domain(call.query().get("cname").unwrap_or_default())?;
    let token: CnameToken = TOKENS.get(&call, &domain)?;
    if !is_good(&token, call.now()) {
        return Err(Code::CnameTokenNotFound.into());
    }

    reply::xml(&token)
}

/// PutCname: the answer of a service that has not found the token in the domain's records (clients.md §3).
pub async fn put(mut call: Call) -> Result<Reply> {
    domain_of_body(&mut call).await?;

    Err(Code::NeedVerifyDomainOwnership.into())
}

/// ListCname: no domain is bound.
pub async fn list(call: Call) -> Result<Reply> {
    let bucket = call.bucket()?;

    reply::xml(&ListCnameResult {
        bucket: bucket.name.as_str().to_owned(),
        owner: bucket.owner.clone(),
    })
}

/// DeleteCname: a domain that is not bound stays so.
pub async fn delete(mut call: Call) -> Result<Reply> {
    domain_of_body(&mut call).await?;

    Ok(reply::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_have_a_shape() {
        assert_eq!(domain("WWW.Example.com").unwrap(), "www.example.com");
        let long = format!("{}.com", "a".repeat(64));
        for bad in [
            "", "com", ".com", "a..b", "-a.com", "a-.com", "a/b.com", &long,
        ] {
            assert!(domain(bad).is_err(), "{bad}");
        }
    }
}
