//! Websites of buckets: the configuration, and its pages in place of objects that there are not.

use super::document::{Kind, stored};
use super::object;
use crate::auth::Access;
use crate::domain::name::ObjectKey;
use crate::error::{Code, Error, Result};
use crate::http::reply::Reply;
use crate::operation::Call;
use crate::xml::website::{RoutingRule, WebsiteConfiguration};
use http::StatusCode;
use std::collections::HashSet;

const WEBSITE: Kind = Kind::new("website", Code::NoSuchWebsiteConfiguration);

/// Most routing rules of a bucket.
const ROUTING_RULES_MAX: usize = 20;

/// PutBucketWebsite.
pub async fn put(mut call: Call) -> Result<Reply> {
    let document = checked_website(call.xml().await?)?;

    WEBSITE.put(&call, &document).await
}

/// GetBucketWebsite.
pub async fn get(call: Call) -> Result<Reply> {
    WEBSITE.get::<WebsiteConfiguration>(&call)
}

/// DeleteBucketWebsite.
pub async fn delete(call: Call) -> Result<Reply> {
    WEBSITE.delete(&call).await
}

fn checked_website(mut document: WebsiteConfiguration) -> Result<WebsiteConfiguration> {
    let bad = |name, value: &str, message| Err(Error::invalid_argument(name, value, message));
    if let Some(index) = &document.index_document {
        if index.suffix.is_empty() || index.suffix.contains('/') {
            return bad(
                "Suffix",
                &index.suffix,
                "The index document suffix is not valid.",
            );
        }
        if index.r#type.is_some_and(|kind| !(0..=2).contains(&kind)) {
            return bad("Type", "", "The index document type is not valid.");
        }
    }
    if let Some(error) = &document.error_document
        && error.key.is_empty()
    {
        return bad("Key", "", "The error document key is not valid.");
    }
    let rules = document
        .routing_rules
        .as_mut()
        .map(|rules| &mut rules.routing_rule);
    if document.index_document.is_none() && document.error_document.is_none() && rules.is_none() {
        return Err(Code::MalformedXML.into());
    }
    if let Some(rules) = rules {
        if rules.len() > ROUTING_RULES_MAX {
            return bad(
                "RoutingRule",
                "",
                "The number of routing rules is beyond limit.",
            );
        }
        let mut numbers = HashSet::new();
        for rule in rules {
            if rule.rule_number < 1 || !numbers.insert(rule.rule_number) {
                let number = rule.rule_number.to_string();
                return bad("RuleNumber", &number, "The rule number is not valid.");
            }
            check_routing_rule(rule)?;
        }
    }
    Ok(document)
}

fn check_routing_rule(rule: &mut RoutingRule) -> Result<()> {
    let Some(redirect) = &mut rule.redirect else {
        return Ok(());
    };
    let kind = redirect.redirect_type.as_deref();
    if !matches!(
        kind,
        None | Some("" | "Mirror" | "External" | "AliCDN" | "Internal")
    ) {
        let value = kind.unwrap_or_default();
        let message = "The redirect type is not valid.";
        return Err(Error::invalid_argument("RedirectType", value, message));
    }
    // A mirror has one switch: the service answers it under both names (Python v1 asserts it).
    if kind == Some("Mirror") && redirect.mirror_pass_query_string.is_some() {
        redirect.pass_query_string = redirect.mirror_pass_query_string;
    }
    Ok(())
}

// --- pages

/// The index page in place of a missing key that ends in a slash, and the error page in place of any other, which only
/// anonymous callers get: a client that signs wants to be told what is missing. That it gets index pages, Python v1
/// asserts. `missing` is the answer where there is no page either.
pub(super) fn page(call: &Call, missing: Error) -> Result<Reply> {
    let Some(website) = website(call)? else {
        return Err(missing);
    };
    let index = index_of(&website, call.key()?.as_str());
    match index.map(|index| open(call, &index)) {
        Some(Err(error)) if error.code() == Code::NoSuchKey => {}
        Some(answer) => return answer,
        None => {}
    }
    let document = website.error_document;
    let Some(document) = document.filter(|_| call.identity().is_anonymous()) else {
        return Err(missing);
    };
    let status = document
        .http_status
        .and_then(|status| u16::try_from(status).ok())
        .and_then(|status| StatusCode::from_u16(status).ok());
    match open(call, &document.key) {
        Ok(reply) => Ok(reply.with_status(status.unwrap_or(StatusCode::NOT_FOUND))),
        Err(_) => Err(missing),
    }
}

/// The index page that an anonymous visitor of the bucket itself gets, if there is one.
pub(super) fn front_page(call: &Call) -> Result<Option<Reply>> {
    if !call.identity().is_anonymous() || !call.request().raw_query.is_empty() {
        return Ok(None);
    }
    let index = website(call)?.and_then(|website| website.index_document);
    match index.map(|index| open(call, &index.suffix)) {
        Some(Err(error)) if error.code() == Code::NoSuchKey => Ok(None),
        answer => answer.transpose(),
    }
}

/// The bucket's website, where the request does not ask for a version.
fn website(call: &Call) -> Result<Option<WebsiteConfiguration>> {
    if call.query().has("versionId") {
        return Ok(None);
    }
    stored(call.store(), call.bucket()?, &WEBSITE)
}

/// The index page of a key that ends in a slash: its own with `SupportSubDir`, else that of the bucket.
fn index_of(website: &WebsiteConfiguration, key: &str) -> Option<String> {
    let index = website.index_document.as_ref()?;
    key.ends_with('/').then(|| {
        if index.support_sub_dir == Some(true) {
            format!("{key}{}", index.suffix)
        } else {
            index.suffix.clone()
        }
    })
}

/// An object that the request does not name.
fn open(call: &Call, key: &str) -> Result<Reply> {
    let key = ObjectKey::parse(key)?;
    call.may(Access::Read, "oss:GetObject", call.bucket()?, &key, None)?;
    object::serve(call, &key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::website::{ErrorDocument, IndexDocument, Redirect, RoutingRules};

    fn sample(suffix: &str, numbers: &[i64], redirect: Option<&Redirect>) -> WebsiteConfiguration {
        let rules = numbers.iter().map(|number| RoutingRule {
            rule_number: *number,
            redirect: redirect.cloned(),
            ..RoutingRule::default()
        });
        WebsiteConfiguration {
            index_document: Some(IndexDocument {
                suffix: suffix.into(),
                ..IndexDocument::default()
            }),
            error_document: Some(ErrorDocument {
                key: "error.html".into(),
                http_status: None,
            }),
            routing_rules: Some(RoutingRules {
                routing_rule: rules.collect(),
            }),
        }
    }

    #[test]
    fn websites_are_checked() {
        let many: Vec<i64> = (1..=21).collect();
        let odd = Redirect {
            redirect_type: Some("Odd".into()),
            ..Redirect::default()
        };
        let bad = [
            sample("", &[], None),
            sample("a/b", &[], None),
            sample("i", &[0], None),
            sample("i", &[1, 1], None),
            sample("i", &many, None),
            sample("i", &[1], Some(&odd)),
        ];
        for document in bad {
            let code = checked_website(document.clone()).unwrap_err().code();
            assert_eq!(code, Code::InvalidArgument, "{document:?}");
        }
        let empty = checked_website(WebsiteConfiguration::default());
        assert_eq!(empty.unwrap_err().code(), Code::MalformedXML);
    }

    #[test]
    fn a_mirror_has_one_query_string_switch() {
        let mirror = Redirect {
            redirect_type: Some("Mirror".into()),
            mirror_pass_query_string: Some(true),
            ..Redirect::default()
        };
        let kept = checked_website(sample("i", &[1], Some(&mirror))).unwrap();
        let rules = kept.routing_rules.unwrap().routing_rule;
        let redirect = rules[0].redirect.as_ref().unwrap();
        assert_eq!(redirect.pass_query_string, Some(true));
    }

    #[test]
    fn index_pages() {
        let mut it = sample("index.html", &[], None);
        assert_eq!(index_of(&it, "a/b"), None);
        assert_eq!(index_of(&it, "a/b/").as_deref(), Some("index.html"));
        it.index_document.as_mut().unwrap().support_sub_dir = Some(true);
        assert_eq!(index_of(&it, "a/b/").as_deref(), Some("a/b/index.html"));
        it.index_document = None;
        assert_eq!(index_of(&it, "a/b/"), None);
    }
}
