//! Lifecycle rules: checked as the service checks them, stored and returned. [`crate::lifecycle`] executes them.

use super::document::{Kind, stored};
use crate::domain::tags::is_tag_character;
use crate::domain::time::Timestamp;
use crate::error::{Code, Error, Result};
use crate::http::reply::Reply;
use crate::lifecycle::DOCUMENT;
use crate::operation::Call;
use crate::xml::lifecycle::{
    AbortMultipartUpload, Expiration, LifecycleConfiguration, LifecycleFilter, LifecycleRule,
    Transition,
};
use crate::xml::object::Tag;
use std::collections::HashSet;

const LIFECYCLE: Kind = Kind::new(DOCUMENT, Code::NoSuchLifecycle);
/// Most rules of a bucket.
const RULES_MAX: usize = 1000;
/// Most bytes of a rule's id.
const ID_MAX: usize = 255;
/// Most bytes of a rule's prefix.
const PREFIX_MAX: usize = 1023;

/// PutBucketLifecycle.
pub async fn put_lifecycle(mut call: Call) -> Result<Reply> {
    let mut document: LifecycleConfiguration = call.xml().await?;
    let overlap = call.header("x-oss-allow-same-action-overlap")?;
    let overlap = overlap.is_some_and(|value| value.eq_ignore_ascii_case("true"));
    check(&document, overlap)?;
    let monitored = call.bucket()?.settings.access_monitor;
    for rule in &mut document.rule {
        if by_access_time(rule) {
            if !monitored {
                let message = "The access monitor of the bucket is not enabled.";
                return Err(Error::invalid_argument("IsAccessTime", "true", message));
            }
            rule.atime_base.get_or_insert(call.now().seconds());
        }
        if rule.id.as_deref().is_none_or(str::is_empty) {
            rule.id = Some(generated_id(&call));
        }
    }

    LIFECYCLE.put(&call, &document).await
}

/// GetBucketLifecycle.
pub async fn get_lifecycle(call: Call) -> Result<Reply> {
    LIFECYCLE.get::<LifecycleConfiguration>(&call)
}

/// DeleteBucketLifecycle.
pub async fn delete_lifecycle(call: Call) -> Result<Reply> {
    LIFECYCLE.delete(&call).await
}

/// Whether a stored rule goes by access time.
pub(super) fn uses_access_time(call: &Call) -> Result<bool> {
    let document = stored::<LifecycleConfiguration>(call.store(), call.bucket()?, &LIFECYCLE)?;
    Ok(document.is_some_and(|document| document.rule.iter().any(by_access_time)))
}

fn by_access_time(rule: &LifecycleRule) -> bool {
    let older = &rule.noncurrent_version_transition;
    rule.transition
        .iter()
        .any(|t| t.is_access_time == Some(true))
        || older.iter().any(|t| t.is_access_time == Some(true))
}

/// An id such as the service makes: 32 digits in five groups.
fn generated_id(call: &Call) -> String {
    let mut bytes = [0u8; 16];
    call.app().ids().fill(&mut bytes);
    let text = hex::encode(bytes);
    let groups = [
        &text[..8],
        &text[8..12],
        &text[12..16],
        &text[16..20],
        &text[20..],
    ];
    groups.join("-")
}

fn invalid(name: &'static str, value: &str, message: &'static str) -> Error {
    Error::invalid_argument(name, value, message)
}

/// All checks that need nothing but the document.
fn check(document: &LifecycleConfiguration, overlap_allowed: bool) -> Result<()> {
    let rules = &document.rule;
    if rules.is_empty() || rules.len() > RULES_MAX {
        return Err(Code::MalformedXML.into());
    }
    let mut ids = HashSet::new();
    for rule in rules {
        check_rule(rule)?;
        if let Some(id) = rule.id.as_deref().filter(|id| !id.is_empty())
            && (id.len() > ID_MAX || !ids.insert(id))
        {
            return Err(invalid("ID", id, "The rule id is too long or not unique."));
        }
    }
    if !overlap_allowed {
        check_overlap(rules)?;
    }
    Ok(())
}

fn check_rule(rule: &LifecycleRule) -> Result<()> {
    if !matches!(rule.status.as_str(), "Enabled" | "Disabled") || actions(rule).next().is_none() {
        return Err(Code::MalformedXML.into());
    }
    if rule.prefix.len() > PREFIX_MAX {
        return Err(invalid("Prefix", &rule.prefix, "The prefix is too long."));
    }
    rule.tag.iter().try_for_each(check_tag)?;
    if let Some(filter) = &rule.filter {
        check_filter(rule, filter)?;
    }
    if let Some(expiration) = &rule.expiration {
        check_expiration(expiration)?;
    }
    if let Some(abort) = &rule.abort_multipart_upload {
        check_abort(rule, abort)?;
    }
    check_transitions(rule)?;
    check_older_versions(rule)
}

/// Only characters are checked: the service takes keys and values of any length here and then never matches them
/// (Python v1 asserts both).
fn check_tag(tag: &Tag) -> Result<()> {
    let fine = |text: &str| text.chars().all(is_tag_character);
    if tag.key.is_empty() || !fine(&tag.key) || !fine(&tag.value) {
        return Err(Code::InvalidTag.into());
    }
    Ok(())
}

fn check_filter(rule: &LifecycleRule, filter: &LifecycleFilter) -> Result<()> {
    let greater = filter.object_size_greater_than;
    let less = filter.object_size_less_than;
    let negative = [greater, less].into_iter().flatten().any(|size| size < 0);
    if negative || matches!((greater, less), (Some(low), Some(high)) if low >= high) {
        let message = "The object sizes of the filter are not valid.";
        return Err(invalid("Filter", "", message));
    }
    for not in &filter.not {
        if !not.prefix.starts_with(&rule.prefix) {
            let message = "The prefix of Not must start with the prefix of the rule.";
            return Err(invalid("Not", &not.prefix, message));
        }
        if let Some(tag) = &not.tag {
            check_tag(tag)?;
        }
    }
    Ok(())
}

fn check_days(name: &'static str, days: i64) -> Result<()> {
    if days < 1 || days > i64::from(i32::MAX) {
        return Err(invalid(
            name,
            &days.to_string(),
            "The days must be a positive integer.",
        ));
    }
    Ok(())
}

fn check_date(name: &'static str, date: &str) -> Result<()> {
    match Timestamp::parse_iso8601(date) {
        Some(_) => Ok(()),
        None => Err(invalid(name, date, "The date is not in ISO 8601 format.")),
    }
}

fn check_expiration(expiration: &Expiration) -> Result<()> {
    let dates = [&expiration.date, &expiration.created_before_date];
    let date = dates.into_iter().flatten().count();
    let given = usize::from(expiration.days.is_some())
        + date
        + usize::from(expiration.expired_object_delete_marker.is_some());
    if given != 1 {
        return Err(Code::MalformedXML.into());
    }
    if let Some(days) = expiration.days {
        check_days("Days", days)?;
    }
    dates
        .into_iter()
        .flatten()
        .try_for_each(|date| check_date("CreatedBeforeDate", date))
}

fn check_abort(rule: &LifecycleRule, abort: &AbortMultipartUpload) -> Result<()> {
    if !rule.tag.is_empty() {
        let message = "AbortMultipartUpload can not be combined with Tag.";
        return Err(invalid("Tag", "", message));
    }
    let dates = [&abort.date, &abort.created_before_date];
    if usize::from(abort.days.is_some()) + dates.into_iter().flatten().count() != 1 {
        return Err(Code::MalformedXML.into());
    }
    if let Some(days) = abort.days {
        check_days("Days", days)?;
    }
    dates
        .into_iter()
        .flatten()
        .try_for_each(|date| check_date("CreatedBeforeDate", date))
}

/// How cold a class is; none for classes to which nothing is moved.
fn coldness(class: &str) -> Option<u8> {
    match class {
        "IA" => Some(1),
        "Archive" => Some(2),
        "ColdArchive" => Some(3),
        "DeepColdArchive" => Some(4),
        _ => None,
    }
}

/// Moves by days: each class once, colder ones later, all before the end.
fn check_order(moves: &[(&str, Option<i64>)], end: Option<i64>) -> Result<()> {
    let mut seen: Vec<(u8, Option<i64>)> = Vec::new();
    for (class, days) in moves {
        let message = "The storage class of the transition is not valid.";
        let cold = coldness(class).ok_or_else(|| invalid("StorageClass", class, message))?;
        let text = days.map(|days| days.to_string()).unwrap_or_default();
        if matches!((days, end), (Some(days), Some(end)) if *days >= end) {
            let message = "The days of the transition must be less than those of the expiration.";
            return Err(invalid("Days", &text, message));
        }
        for (other, other_days) in &seen {
            let (Some(days), Some(other_days)) = (days, other_days) else {
                continue;
            };
            if *other == cold || (*other < cold) != (other_days < days) {
                let message = "The days of a colder storage class must be greater.";
                return Err(invalid("Days", &text, message));
            }
        }
        seen.push((cold, *days));
    }
    Ok(())
}

fn check_transitions(rule: &LifecycleRule) -> Result<()> {
    for transition in &rule.transition {
        check_transition(transition)?;
    }
    let expiration = rule.expiration.as_ref();
    let end = expiration.and_then(|expiration| expiration.days);
    let moves = rule.transition.iter();
    let moves: Vec<_> = moves.map(|t| (t.storage_class.as_str(), t.days)).collect();
    check_order(&moves, end)?;
    let dated = expiration.is_some_and(|e| e.date.is_some() || e.created_before_date.is_some());
    let by_days = end.is_some() || rule.transition.iter().any(|t| t.days.is_some());
    let by_date = dated
        || rule
            .transition
            .iter()
            .any(|t| t.created_before_date.is_some());
    if by_days && by_date {
        let class = rule
            .transition
            .first()
            .map_or("", |t| t.storage_class.as_str());
        let message = format!(
            "Found mixed CreatedBeforeDate and Days based Expiration and Transition for StorageClass {class} actions"
        );
        return Err(Error::new(Code::InvalidRequest)
            .message(message)
            .ec("0014-00000080"));
    }
    Ok(())
}

fn check_transition(transition: &Transition) -> Result<()> {
    match (transition.days, &transition.created_before_date) {
        (Some(days), None) => check_days("Days", days),
        (None, Some(date)) => check_date("CreatedBeforeDate", date),
        _ => Err(Code::MalformedXML.into()),
    }
}

fn check_older_versions(rule: &LifecycleRule) -> Result<()> {
    let expiration = &rule.noncurrent_version_expiration;
    let end = expiration.as_ref().map(|e| e.noncurrent_days);
    let moves = rule.noncurrent_version_transition.iter();
    let moves: Vec<_> = moves
        .map(|t| (t.storage_class.as_str(), Some(t.noncurrent_days)))
        .collect();
    let days = moves.iter().filter_map(|(_, days)| *days).chain(end);
    days.into_iter()
        .try_for_each(|days| check_days("NoncurrentDays", days))?;
    check_order(&moves, end)
}

/// The names of the actions that a rule has.
fn actions(rule: &LifecycleRule) -> impl Iterator<Item = &'static str> {
    let found = [
        (rule.expiration.is_some(), "Expiration"),
        (!rule.transition.is_empty(), "Transition"),
        (
            rule.abort_multipart_upload.is_some(),
            "AbortMultipartUpload",
        ),
        (
            rule.noncurrent_version_expiration.is_some(),
            "NoncurrentVersionExpiration",
        ),
        (
            !rule.noncurrent_version_transition.is_empty(),
            "NoncurrentVersionTransition",
        ),
    ];
    found
        .into_iter()
        .filter(|(has, _)| *has)
        .map(|(_, name)| name)
}

/// Two rules for the same tags must not reach the same keys with the same action. Sorted by prefix, a rule can only
/// overlap with those whose prefix starts with its own, and they follow it.
fn check_overlap(rules: &[LifecycleRule]) -> Result<()> {
    let mut sorted: Vec<_> = rules.iter().collect();
    sorted.sort_by(|a, b| a.prefix.cmp(&b.prefix));
    for (at, rule) in sorted.iter().enumerate() {
        let rest = sorted.iter().skip(at + 1);
        for other in rest.take_while(|other| other.prefix.starts_with(&rule.prefix)) {
            if !same_tags(&rule.tag, &other.tag) {
                continue;
            }
            let both = actions(rule).find(|name| actions(other).any(|n| n == *name));
            if let Some(action) = both {
                let message = format!("Overlap for same action type {action}");
                return Err(Error::new(Code::InvalidArgument).message(message));
            }
        }
    }
    Ok(())
}

fn same_tags(a: &[Tag], b: &[Tag]) -> bool {
    a.len() == b.len() && a.iter().all(|tag| b.contains(tag))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::from_xml;

    fn rules(text: &str) -> LifecycleConfiguration {
        let text = format!("<LifecycleConfiguration>{text}</LifecycleConfiguration>");
        from_xml(text.as_bytes()).expect("reads")
    }

    fn rule(inside: &str) -> LifecycleConfiguration {
        rules(&format!(
            "<Rule><Prefix>p/</Prefix><Status>Enabled</Status>{inside}</Rule>"
        ))
    }

    const DATE: &str = "<CreatedBeforeDate>2016-12-25T00:00:00.000Z</CreatedBeforeDate>";

    fn transition(days: i64, class: &str) -> String {
        format!("<Transition><StorageClass>{class}</StorageClass><Days>{days}</Days></Transition>")
    }

    fn expiration(days: i64) -> String {
        format!("<Expiration><Days>{days}</Days></Expiration>")
    }

    fn older(days: i64, class: &str) -> String {
        format!(
            "<NoncurrentVersionTransition><NoncurrentDays>{days}</NoncurrentDays>\
            <StorageClass>{class}</StorageClass></NoncurrentVersionTransition>"
        )
    }

    #[test]
    fn takes_what_the_suites_store() {
        let good = [
            expiration(356),
            format!("<Expiration>{DATE}</Expiration>"),
            expiration(357) + &transition(355, "IA") + &transition(356, "Archive"),
            expiration(356) + &transition(355, "Archive") + &transition(352, "IA"),
            format!(
                "<Expiration>{DATE}</Expiration><AbortMultipartUpload><Days>356</Days></AbortMultipartUpload>"
            ),
            format!(
                "<Expiration>{DATE}</Expiration><Transition><StorageClass>IA</StorageClass>{DATE}</Transition>"
            ),
            expiration(1) + "<Filter><Not><Prefix>p/x</Prefix></Not></Filter>",
            "<Expiration><ExpiredObjectDeleteMarker>True</ExpiredObjectDeleteMarker></Expiration>"
                .to_owned()
                + &older(22, "IA")
                + &older(25, "Archive"),
            expiration(1) + "<Tag><Key>" + &"a".repeat(129) + "</Key><Value>v</Value></Tag>",
        ];
        for inside in good {
            assert!(check(&rule(&inside), false).is_ok(), "{inside}");
        }
    }

    #[test]
    fn refuses_what_the_suites_see_refused() {
        let cases = [
            (expiration(3) + &transition(4, "IA"), Code::InvalidArgument),
            (transition(5, "IA") + &transition(2, "Archive"), Code::InvalidArgument),
            (transition(5, "IA") + &transition(6, "IA"), Code::InvalidArgument),
            (transition(5, "Standard"), Code::InvalidArgument),
            (expiration(0), Code::InvalidArgument),
            (format!("<Expiration>{DATE}</Expiration>") + &transition(356, "IA"), Code::InvalidRequest),
            (older(20, "IA") + &older(12, "Archive"), Code::InvalidArgument),
            (String::new(), Code::MalformedXML),
            ("<Expiration/>".to_owned(), Code::MalformedXML),
            (format!("<Expiration><Days>1</Days>{DATE}</Expiration>"), Code::MalformedXML),
            ("<Expiration><Date>tomorrow</Date></Expiration>".to_owned(), Code::InvalidArgument),
            (expiration(1) + "<Tag><Key>%&amp;</Key><Value>v</Value></Tag>", Code::InvalidTag),
            (expiration(1) + "<Tag><Key>k</Key><Value>)%</Value></Tag>", Code::InvalidTag),
            (
                "<AbortMultipartUpload><Days>1</Days></AbortMultipartUpload><Tag><Key>k</Key></Tag>".to_owned(),
                Code::InvalidArgument,
            ),
            (expiration(1) + "<Filter><Not><Prefix>q</Prefix></Not></Filter>", Code::InvalidArgument),
            (
                expiration(1)
                    + "<Filter><ObjectSizeGreaterThan>5</ObjectSizeGreaterThan>\
                    <ObjectSizeLessThan>5</ObjectSizeLessThan></Filter>",
                Code::InvalidArgument,
            ),
            (expiration(1) + "<ID>" + &"i".repeat(256) + "</ID>", Code::InvalidArgument),
        ];
        for (inside, code) in cases {
            assert_eq!(
                check(&rule(&inside), false).unwrap_err().code(),
                code,
                "{inside}"
            );
        }
        assert_eq!(
            check(&rules(""), false).unwrap_err().code(),
            Code::MalformedXML
        );
    }

    #[test]
    fn overlapping_rules_need_the_header() {
        let two = |a: &str, b: &str, tag: &str| {
            let expiration = expiration(1);
            rules(&format!(
                "<Rule><Prefix>{a}</Prefix><Status>Enabled</Status>{expiration}</Rule>\
                <Rule><Prefix>{b}</Prefix><Status>Enabled</Status>{expiration}{tag}</Rule>"
            ))
        };
        let overlap = two("a/2", "a/", "");
        let error = check(&overlap, false).unwrap_err();
        assert_eq!(error.text(), "Overlap for same action type Expiration");
        assert!(check(&overlap, true).is_ok());
        assert!(check(&two("a/", "b/", ""), false).is_ok());
        assert!(
            check(
                &two("a/", "a/", "<Tag><Key>k</Key><Value>v</Value></Tag>"),
                false
            )
            .is_ok()
        );
        assert!(check(&two("", "b/", ""), false).is_err());
    }
}
