//! Replication rules of a bucket. They are kept and returned; nothing is replicated.

use super::document::{Kind, stored};
use super::service::REGIONS;
use crate::domain::name::BucketName;
use crate::error::{Code, Error, Result};
use crate::http::reply::{self, Reply};
use crate::operation::Call;
use crate::xml::replication::{
    LocationTransferType, LocationTransferTypeConstraint, ReplicationConfiguration,
    ReplicationLocation, ReplicationProgress, ReplicationRule, ReplicationRules, Rtc,
    RtcConfiguration, TransferTypes,
};
use http::HeaderName;

const RULES: Kind = Kind::new("replication", Code::NoSuchReplicationConfiguration);

/// Most rules of a bucket.
const RULES_MAX: usize = 100;
/// Most prefixes of a rule.
const PREFIXES_MAX: usize = 10;

const RULE_ID: HeaderName = HeaderName::from_static("x-oss-replication-rule-id");

/// PutBucketReplication: adds a rule.
pub async fn put(mut call: Call) -> Result<Reply> {
    let document: ReplicationConfiguration = call.xml().await?;
    let [rule] = <[ReplicationRule; 1]>::try_from(document.rule)
        .map_err(|_| Error::new(Code::MalformedXML).ec("0031-00000001"))?;
    let mut rule = checked(rule, call.bucket_name()?)?;
    let id = match &rule.id {
        Some(id) => id.clone(),
        None => call.app().ids().upload_id().to_ascii_lowercase(),
    };
    rule.id = Some(id.clone());
    rule.status = Some("doing".to_owned());

    RULES
        .update(&call, move |before| {
            let mut all: ReplicationConfiguration = before.unwrap_or_default();
            let same = |other: &ReplicationRule| {
                other.id == rule.id || other.destination.bucket == rule.destination.bucket
            };
            if all.rule.iter().any(same) {
                return Err(Code::BucketReplicationAlreadyExist.into());
            }
            if all.rule.len() >= RULES_MAX {
                return Err(Code::TooManyReplicationRules.into());
            }
            all.rule.push(rule);
            Ok(Some(all))
        })
        .await?;

    Ok(reply::empty().header(RULE_ID, id))
}

/// The target may be anywhere: other regions do not exist here, and it is never written to.
fn checked(mut rule: ReplicationRule, own: &BucketName) -> Result<ReplicationRule> {
    let malformed = || Err(Error::new(Code::MalformedXML).ec("0031-00000001"));
    let target = BucketName::parse(&rule.destination.bucket);
    if target.is_err() || target.is_ok_and(|target| target == *own) {
        return Err(Code::InvalidTargetBucket.into());
    }
    if !rule.destination.location.starts_with("oss-") {
        return Err(Code::InvalidTargetLocation.into());
    }
    let word = |value: &Option<String>, allowed: &[&str]| {
        value
            .as_deref()
            .is_none_or(|value| allowed.contains(&value))
    };
    let rtc = rule.rtc.as_ref().map(|rtc| rtc.status.clone());
    if !word(&rule.destination.transfer_type, &["internal", "oss_acc"])
        || !word(
            &rule.historical_object_replication,
            &["enabled", "disabled"],
        )
        || !word(&rtc, &["enabled", "disabled"])
        || rule.id.as_ref().is_some_and(|id| id.len() > 255)
        || rule
            .prefix_set
            .as_ref()
            .is_some_and(|set| set.prefix.len() > PREFIXES_MAX)
    {
        return malformed();
    }
    let action = rule.action.get_or_insert_with(|| "ALL".to_owned());
    let actions = ["ALL", "PUT", "DELETE", "ABORT"];
    if !action.split(',').all(|action| actions.contains(&action)) {
        return malformed();
    }
    Ok(rule)
}

/// PutBucketRtc: switches the time control of a rule.
pub async fn put_rtc(mut call: Call) -> Result<Reply> {
    let RtcConfiguration { rtc, id } = call.xml().await?;
    if !matches!(rtc.status.as_str(), "enabled" | "disabled") {
        return Err(Error::new(Code::MalformedXML).ec("0031-00000001"));
    }

    change_rule(&call, id, move |all, at| {
        if let Some(rule) = all.rule.get_mut(at) {
            rule.rtc = Some(Rtc { status: rtc.status });
        }
    })
    .await
}

/// Changes the rules where one of them has the id.
async fn change_rule(
    call: &Call,
    id: String,
    change: impl FnOnce(&mut ReplicationConfiguration, usize) + Send,
) -> Result<Reply> {
    RULES
        .update(call, move |before| {
            let mut all: ReplicationConfiguration = before.unwrap_or_default();
            let at = all
                .rule
                .iter()
                .position(|rule| rule.id.as_ref() == Some(&id));
            change(&mut all, at.ok_or(Code::NoSuchReplicationRule)?);
            Ok((!all.rule.is_empty()).then_some(all))
        })
        .await?;
    Ok(reply::empty())
}

/// GetBucketReplication.
pub async fn get(call: Call) -> Result<Reply> {
    RULES.get::<ReplicationConfiguration>(&call)
}

/// GetBucketReplicationLocation: the regions that a rule can name, all over the fast lane.
pub async fn location(_call: Call) -> Result<Reply> {
    let location = |name: &&str| (*name).to_owned();
    let types = REGIONS.iter().map(|name| LocationTransferType {
        location: (*name).to_owned(),
        transfer_types: TransferTypes {
            r#type: vec!["oss_acc".to_owned()],
        },
    });
    reply::xml(&ReplicationLocation {
        location: REGIONS.iter().map(location).collect(),
        location_transfer_type_constraint: LocationTransferTypeConstraint {
            location_transfer_type: types.collect(),
        },
    })
}

/// GetBucketReplicationProgress: the rule, without a moment up to which anything is replicated.
pub async fn progress(call: Call) -> Result<Reply> {
    let id = call.query().get("rule-id");
    let all: Option<ReplicationConfiguration> = stored(call.store(), call.bucket()?, &RULES)?;
    let mut rules = all.unwrap_or_default().rule;
    rules.retain(|rule| rule.id.as_deref() == id);
    if rules.is_empty() {
        return Err(Code::NoSuchReplicationRule.into());
    }

    reply::xml(&ReplicationProgress { rule: rules })
}

/// DeleteBucketReplication.
pub async fn delete(mut call: Call) -> Result<Reply> {
    let document: ReplicationRules = call.xml().await?;
    let [id] = <[String; 1]>::try_from(document.id)
        .map_err(|_| Error::new(Code::MalformedXML).ec("0031-00000001"))?;

    change_rule(&call, id, |all, at| {
        all.rule.remove(at);
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::replication::{PrefixSet, ReplicationDestination};

    #[test]
    fn rules_are_checked() {
        let own = BucketName::parse("own-bucket").unwrap();
        let good = ReplicationRule {
            destination: ReplicationDestination {
                bucket: "other-bucket".into(),
                location: "oss-cn-beijing".into(),
                transfer_type: Some("oss_acc".into()),
            },
            ..ReplicationRule::default()
        };
        let kept = checked(good.clone(), &own).unwrap();
        assert_eq!(kept.action.as_deref(), Some("ALL"));
        let change = |change: fn(&mut ReplicationRule)| {
            let mut rule = good.clone();
            change(&mut rule);
            checked(rule, &own).unwrap_err().code()
        };
        let malformed = Code::MalformedXML;
        assert_eq!(
            change(|rule| rule.destination.bucket = "own-bucket".into()),
            Code::InvalidTargetBucket
        );
        assert_eq!(
            change(|rule| rule.destination.bucket = String::new()),
            Code::InvalidTargetBucket
        );
        assert_eq!(
            change(|rule| rule.destination.location = String::new()),
            Code::InvalidTargetLocation
        );
        assert_eq!(
            change(|rule| rule.destination.transfer_type = Some("pigeon".into())),
            malformed
        );
        assert_eq!(change(|rule| rule.action = Some("GET".into())), malformed);
        assert_eq!(
            change(|rule| rule.prefix_set = Some(PrefixSet {
                prefix: vec![String::new(); 11]
            })),
            malformed
        );
    }
}
