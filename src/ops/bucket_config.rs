//! Configurations of a bucket that are stored and returned, and the settings beside them.
//!
//! One rule for all: PUT replaces, GET returns or has its code, DELETE is idempotent.

use super::document::{Kind, stored};
use super::lifecycle;
use crate::domain::object::{Sse, SseAlgorithm};
use crate::domain::tags::{TagError, TagSet};
use crate::domain::time::Timestamp;
use crate::error::{Code, Error, Result};
use crate::http::reply::{self, Reply};
use crate::operation::Call;
use crate::store::{Bucket, BucketSettings};
use crate::xml::config::{
    AccessMonitorConfiguration, AccessMonitorStart, BucketLoggingStatus,
    BucketResourceGroupConfiguration, DefaultEncryption, PublicAccessBlockConfiguration,
    RefererConfiguration, RequestPaymentConfiguration, ServerSideEncryptionRule,
    TransferAccelerationConfiguration,
};
use crate::xml::object::Tagging;

const LOGGING: Kind = Kind::new("logging", Code::InternalError);
const REFERER: Kind = Kind::new("referer", Code::InternalError);

async fn change(
    call: &Call,
    change: impl FnOnce(&mut BucketSettings) + Send,
) -> Result<std::sync::Arc<Bucket>> {
    let change = |settings: &mut BucketSettings| {
        change(settings);
        Ok::<_, Error>(())
    };
    call.store()
        .update_bucket(call.bucket_name()?, change)
        .await
}

// --- request payment

/// PutBucketRequestPayment.
pub async fn put_request_payment(mut call: Call) -> Result<Reply> {
    let document: RequestPaymentConfiguration = call.xml().await?;
    let requester_pays = match document.payer.as_str() {
        "BucketOwner" => false,
        "Requester" => true,
        _ => return Err(Code::MalformedXML.into()),
    };

    change(&call, move |settings| {
        settings.requester_pays = requester_pays;
    })
    .await?;

    Ok(reply::empty())
}

/// GetBucketRequestPayment.
pub async fn get_request_payment(call: Call) -> Result<Reply> {
    let requester_pays = call.bucket()?.settings.requester_pays;

    reply::xml(&RequestPaymentConfiguration {
        payer: if requester_pays {
            "Requester"
        } else {
            "BucketOwner"
        }
        .to_owned(),
    })
}

// --- referer

/// Most bytes of all referers together.
const REFERERS_BYTES_MAX: usize = 20 * 1024;

/// PutBucketReferer.
pub async fn put_referer(mut call: Call) -> Result<Reply> {
    let mut document: RefererConfiguration = call.xml().await?;
    let white = document.referer_list.referer.iter();
    let black = document
        .referer_blacklist
        .iter()
        .flat_map(|list| &list.referer);
    if white.chain(black).map(String::len).sum::<usize>() > REFERERS_BYTES_MAX {
        let message = "The referer list is too long.";
        return Err(Error::invalid_argument("RefererList", "", message));
    }
    document.allow_truncate_query_string.get_or_insert(true);

    REFERER.put(&call, &document).await
}

/// GetBucketReferer: never missing, a bucket without a configuration lets everyone through.
pub async fn get_referer(call: Call) -> Result<Reply> {
    let document = stored(call.store(), call.bucket()?, &REFERER)?;

    reply::xml(&document.unwrap_or_else(|| RefererConfiguration {
        allow_empty_referer: true,
        allow_truncate_query_string: Some(true),
        ..RefererConfiguration::default()
    }))
}

// --- logging

/// The logging document of the bucket; empty where there is none.
pub(super) fn logging(call: &Call) -> Result<BucketLoggingStatus> {
    Ok(stored(call.store(), call.bucket()?, &LOGGING)?.unwrap_or_default())
}

/// PutBucketLogging. An empty document switches logging off.
pub async fn put_logging(mut call: Call) -> Result<Reply> {
    let document: BucketLoggingStatus = call.xml().await?;
    if let Some(enabled) = &document.logging_enabled {
        let refuse = || Error::new(Code::InvalidTargetBucketForLogging);
        let name = crate::domain::name::BucketName::parse(&enabled.target_bucket);
        let target = call.store().bucket(&name.map_err(|_| refuse())?)?;
        if target.is_none_or(|target| call.bucket().is_ok_and(|own| own.owner != target.owner)) {
            return Err(refuse());
        }
        if enabled.target_prefix.len() > 1023 {
            let message = "The target prefix is too long.";
            return Err(Error::invalid_argument("TargetPrefix", "", message));
        }
    }

    LOGGING.put(&call, &document).await
}

/// GetBucketLogging: an empty document where logging is off.
pub async fn get_logging(call: Call) -> Result<Reply> {
    reply::xml(&logging(&call)?)
}

/// DeleteBucketLogging.
pub async fn delete_logging(call: Call) -> Result<Reply> {
    LOGGING.delete(&call).await
}

// --- encryption

/// PutBucketEncryption.
pub async fn put_encryption(mut call: Call) -> Result<Reply> {
    let document: ServerSideEncryptionRule = call.xml().await?;
    let rule = document.apply_server_side_encryption_by_default;
    let sse = encryption(&rule)?;

    change(&call, move |settings| settings.encryption = Some(sse)).await?;

    Ok(reply::empty())
}

/// Key ids belong to KMS and are refused elsewhere; the data algorithm is only dropped there (clients.md §3).
fn encryption(rule: &DefaultEncryption) -> Result<Sse> {
    let algorithm =
        SseAlgorithm::parse(&rule.sse_algorithm).ok_or(Code::InvalidEncryptionAlgorithmError)?;
    let kms = algorithm == SseAlgorithm::Kms;
    if let (false, Some(id)) = (kms, &rule.kms_master_key_id) {
        let message = "KMSMasterKeyID is not applicable if SSEAlgorithm is not KMS.";
        return Err(Error::invalid_argument("KMSMasterKeyID", id, message));
    }
    let data_sm4 = match rule.kms_data_encryption.as_deref() {
        Some("SM4") if kms => true,
        Some(_) if kms => return Err(Code::InvalidDataEncryptionAlgorithmError.into()),
        _ => false,
    };
    Ok(Sse {
        algorithm,
        data_sm4,
        key_id: rule.kms_master_key_id.clone(),
    })
}

/// The default encryption that PutBucket's headers ask for.
pub(super) fn encryption_of_headers(call: &Call) -> Result<Option<Sse>> {
    let text = |name| -> Result<Option<String>> {
        let value = call.header(name)?.filter(|value| !value.is_empty());
        Ok(value.map(str::to_owned))
    };
    let Some(sse_algorithm) = text("x-oss-server-side-encryption")? else {
        return Ok(None);
    };
    let rule = DefaultEncryption {
        sse_algorithm,
        kms_master_key_id: text("x-oss-server-side-encryption-key-id")?,
        kms_data_encryption: text("x-oss-server-side-data-encryption")?,
    };
    encryption(&rule).map(Some)
}

/// GetBucketEncryption.
pub async fn get_encryption(call: Call) -> Result<Reply> {
    let settings = &call.bucket()?.settings;
    let sse = settings.encryption.as_ref();
    let sse = sse.ok_or(Code::NoSuchServerSideEncryptionRule)?;

    reply::xml(&ServerSideEncryptionRule {
        apply_server_side_encryption_by_default: DefaultEncryption {
            sse_algorithm: sse.algorithm.as_str().to_owned(),
            kms_master_key_id: sse.key_id.clone(),
            kms_data_encryption: sse.data_sm4.then(|| "SM4".to_owned()),
        },
    })
}

/// DeleteBucketEncryption.
pub async fn delete_encryption(call: Call) -> Result<Reply> {
    change(&call, |settings| settings.encryption = None).await?;

    Ok(reply::no_content())
}

// --- tags

fn bucket_tags(pairs: Vec<(String, String)>) -> Result<TagSet> {
    TagSet::bucket(pairs).map_err(|error| match error {
        TagError::TooMany => Code::TooManyTags.into(),
        TagError::Duplicate => Code::RepeatedTags.into(),
        other => Error::from(other),
    })
}

/// PutBucketTags.
pub async fn put_tags(mut call: Call) -> Result<Reply> {
    let document: Tagging = call.xml().await?;
    let tags = bucket_tags(document.into_pairs())?;

    change(&call, move |settings| settings.tags = tags).await?;

    Ok(reply::empty())
}

/// GetBucketTags: an empty set where there are none.
pub async fn get_tags(call: Call) -> Result<Reply> {
    reply::xml(&Tagging::new(call.bucket()?.settings.tags.pairs()))
}

/// DeleteBucketTags: all, or those that `tagging=k1,k2` names.
pub async fn delete_tags(call: Call) -> Result<Reply> {
    let named = call.query().non_empty("tagging");
    let named: Vec<String> = named.map_or_else(Vec::new, |text| {
        text.split(',').map(str::to_owned).collect()
    });

    let remove = move |settings: &mut BucketSettings| {
        let mut pairs = settings.tags.pairs().to_vec();
        pairs.retain(|(key, _)| !named.is_empty() && !named.contains(key));
        settings.tags = TagSet::from_stored(pairs);
    };
    change(&call, remove).await?;

    Ok(reply::no_content())
}

// --- public access block

/// PutBucketPublicAccessBlock.
pub async fn put_public_access_block(mut call: Call) -> Result<Reply> {
    let document: PublicAccessBlockConfiguration = call.xml().await?;

    let block = Some(document.block_public_access);
    change(&call, move |settings| settings.public_access_block = block).await?;

    Ok(reply::empty())
}

/// GetBucketPublicAccessBlock: false where it was never set.
pub async fn get_public_access_block(call: Call) -> Result<Reply> {
    let block = call.bucket()?.settings.public_access_block;

    reply::xml(&PublicAccessBlockConfiguration {
        block_public_access: block == Some(true),
    })
}

/// DeleteBucketPublicAccessBlock: as if it were set to false.
pub async fn delete_public_access_block(call: Call) -> Result<Reply> {
    change(&call, |settings| settings.public_access_block = Some(false)).await?;

    Ok(reply::no_content())
}

// --- transfer acceleration

/// PutBucketTransferAcceleration.
pub async fn put_transfer_acceleration(mut call: Call) -> Result<Reply> {
    let document: TransferAccelerationConfiguration = call.xml().await?;

    let enabled = Some(document.enabled);
    change(&call, move |settings| {
        settings.transfer_acceleration = enabled;
    })
    .await?;

    Ok(reply::empty())
}

/// GetBucketTransferAcceleration.
pub async fn get_transfer_acceleration(call: Call) -> Result<Reply> {
    let enabled = call.bucket()?.settings.transfer_acceleration;
    let enabled = enabled.ok_or(Code::NoSuchTransferAccelerationConfiguration)?;

    reply::xml(&TransferAccelerationConfiguration { enabled })
}

/// DeleteBucketTransferAcceleration.
pub async fn delete_transfer_acceleration(call: Call) -> Result<Reply> {
    change(&call, |settings| settings.transfer_acceleration = None).await?;

    Ok(reply::no_content())
}

// --- access monitor

const MONITOR_START: Kind = Kind::new("access-monitor-start", Code::InternalError);

/// PutBucketAccessMonitor. It stays on while lifecycle rules go by access time.
pub async fn put_access_monitor(mut call: Call) -> Result<Reply> {
    let document: AccessMonitorConfiguration = call.xml().await?;
    let on = match document.status.as_str() {
        "Enabled" => true,
        "Disabled" => false,
        _ => return Err(Code::MalformedXML.into()),
    };
    if !on && lifecycle::uses_access_time(&call)? {
        return Err(Code::AccessMonitorDisableNotAllowed.into());
    }

    if on && !call.bucket()?.settings.access_monitor {
        // First, so that a crash in between leaves a time that nobody looks at.
        let time = call.now().floor_to_second().iso8601();
        MONITOR_START
            .put(&call, &AccessMonitorStart { time })
            .await?;
    }
    change(&call, move |settings| settings.access_monitor = on).await?;

    Ok(reply::empty())
}

/// When an object was last accessed, where that is monitored: when it was written or monitoring began, whichever came
/// later. Reads do not count; the service takes up to a day to count them.
pub(super) fn last_access(call: &Call, modified: Timestamp) -> Result<Option<Timestamp>> {
    let bucket = call.bucket()?;
    if !bucket.settings.access_monitor {
        return Ok(None);
    }
    let start: Option<AccessMonitorStart> = stored(call.store(), bucket, &MONITOR_START)?;
    let start = start.and_then(|start| Timestamp::parse_iso8601(&start.time));
    Ok(Some(start.map_or(modified, |start| start.max(modified))))
}

/// GetBucketAccessMonitor.
pub async fn get_access_monitor(call: Call) -> Result<Reply> {
    let on = call.bucket()?.settings.access_monitor;

    reply::xml(&AccessMonitorConfiguration {
        status: if on { "Enabled" } else { "Disabled" }.to_owned(),
        allow_small_size: None,
    })
}

// --- resource group

/// PutBucketResourceGroup. An empty id means the default group.
pub async fn put_resource_group(mut call: Call) -> Result<Reply> {
    let document: BucketResourceGroupConfiguration = call.xml().await?;
    let id = match document.resource_group_id {
        id if id.is_empty() => None,
        id if is_resource_group(&id) => Some(id),
        _ => return Err(Code::ResourceGroupIdPreCheckError.into()),
    };

    change(&call, move |settings| settings.resource_group_id = id).await?;

    Ok(reply::empty())
}

fn is_resource_group(id: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-';
    id.len() <= 64 && id.starts_with("rg-") && id.len() > 3 && id.chars().all(allowed)
}

/// GetBucketResourceGroup.
pub async fn get_resource_group(call: Call) -> Result<Reply> {
    let bucket = call.bucket()?;

    reply::xml(&BucketResourceGroupConfiguration {
        resource_group_id: bucket.settings.resource_group().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(algorithm: &str, key: Option<&str>, data: Option<&str>) -> DefaultEncryption {
        DefaultEncryption {
            sse_algorithm: algorithm.into(),
            kms_master_key_id: key.map(Into::into),
            kms_data_encryption: data.map(Into::into),
        }
    }

    #[test]
    fn encryption_rules_of_the_suites() {
        let sse = |rule: DefaultEncryption| encryption(&rule);
        assert!(sse(rule("KMS", Some("123"), Some("SM4"))).unwrap().data_sm4);
        assert!(!sse(rule("AES256", None, Some("SM4"))).unwrap().data_sm4);
        assert!(!sse(rule("SM4", None, Some("SM4"))).unwrap().data_sm4);
        let cases = [
            (rule("AES256", Some("test"), None), Code::InvalidArgument),
            (rule("SM4", Some("test"), None), Code::InvalidArgument),
            (
                rule("random", None, None),
                Code::InvalidEncryptionAlgorithmError,
            ),
            (
                rule("KMS", None, Some("AES")),
                Code::InvalidDataEncryptionAlgorithmError,
            ),
        ];
        for (rule, code) in cases {
            assert_eq!(encryption(&rule).unwrap_err().code(), code, "{rule:?}");
        }
    }

    #[test]
    fn bucket_tags_have_their_own_codes() {
        let pair = |key: &str| (key.to_owned(), "v".to_owned());
        let many: Vec<_> = (0..21).map(|n| pair(&n.to_string())).collect();
        let code = |pairs| bucket_tags(pairs).unwrap_err().code();
        assert_eq!(code(many), Code::TooManyTags);
        assert_eq!(code(vec![pair("a"), pair("a")]), Code::RepeatedTags);
        assert_eq!(code(vec![pair("Aliyun-a")]), Code::InvalidTag);
        assert_eq!(code(vec![pair(&"k".repeat(65))]), Code::InvalidTag);
        assert!(bucket_tags(vec![pair("%@abc"), pair("123++")]).is_ok());
    }

    #[test]
    fn resource_groups_have_a_shape() {
        assert!(is_resource_group("rg-acfmxazb4ph6aiy"));
        for bad in ["rg-", "acfm", "rg-a b", "rg-a/b"] {
            assert!(!is_resource_group(bad), "{bad}");
        }
    }
}
