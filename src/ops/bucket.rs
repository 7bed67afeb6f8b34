//! Buckets: create, delete, look at. Also the endpoints that answers name.

use super::acl;
use crate::domain::bucket::{BucketAcl, BucketOptions, Redundancy};
use crate::domain::object::{Sse, StorageClass};
use crate::error::{Code, Error, Result};
use crate::http::reply::{self, Reply};
use crate::operation::Call;
use crate::store::{Bucket, BucketSettings, Creation};
use crate::xml::bucket::{
    BucketDetails, BucketInfo, BucketStat, CreateBucketConfiguration, EncryptionSummary,
    LocationConstraint, LoggingSummary,
};
use crate::xml::object::AccessControlList;
use http::{HeaderName, header};

use super::bucket_config;

const BUCKET_REGION: HeaderName = HeaderName::from_static("x-oss-bucket-region");

/// `Location` of a region: with the prefix that `Region` does not have.
pub(super) fn location(region: &str) -> String {
    format!("oss-{region}")
}

/// The host names under which answers say that a bucket is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoints {
    /// `ExtranetEndpoint`.
    pub extranet: String,
    /// `IntranetEndpoint`.
    pub intranet: String,
}

impl Endpoints {
    /// The endpoints for the host of this request.
    pub fn of(call: &Call) -> Self {
        let address = &call.request().address;
        let label = address.bucket.as_deref().filter(|_| address.virtual_host);
        Self::for_host(&address.host, label, &call.app().config().region)
    }

    /// Clients reconnect to what they are told here (clients.md §1). Reached under the service's own names, the
    /// server answers with those of its region; reached under any other, it answers with that one, port included.
    fn for_host(host: &str, bucket: Option<&str>, region: &str) -> Self {
        let host = host.to_ascii_lowercase();
        let host = bucket
            .and_then(|bucket| host.strip_prefix(bucket)?.strip_prefix('.'))
            .unwrap_or(&host);
        let name = crate::http::address::without_port(host);
        let port = &host[name.len()..];
        if name.ends_with(".aliyuncs.com") {
            return Self {
                extranet: format!("oss-{region}.aliyuncs.com{port}"),
                intranet: format!("oss-{region}-internal.aliyuncs.com{port}"),
            };
        }
        Self {
            extranet: host.to_owned(),
            intranet: host.to_owned(),
        }
    }
}

/// Refuses a public ACL where public access is blocked: by the bucket or, also for one to be made, by the account.
pub(super) fn refuse_public(call: &Call, acl: BucketAcl) -> Result<()> {
    let blocked = match (call.bucket(), call.identity().uid()) {
        (Ok(bucket), _) => call.store().blocks_public_access(bucket)?,
        (Err(_), Some(uid)) => call.store().account_blocks_public_access(uid)?,
        (Err(_), None) => false,
    };
    if blocked && acl != BucketAcl::Private {
        let message = "Put public bucket acl is not allowed";
        return Err(Error::new(Code::AccessDenied).message(message));
    }
    Ok(())
}

/// PutBucket: creates a bucket, or finds that its owner has it already.
pub async fn put(mut call: Call) -> Result<Reply> {
    let body = call.document().await?;
    let document = if body.is_empty() {
        CreateBucketConfiguration::default()
    } else {
        crate::xml::from_xml(&body).map_err(|error| Error::new(Code::MalformedXML).source(error))?
    };
    refuse_hierarchy(&call)?;
    let acl = acl::bucket_acl(&call)?;
    let options = options(&call, &document, acl)?;
    let encryption = bucket_config::encryption_of_headers(&call)?;
    let name = call.bucket_name()?;
    let owner = call.identity().uid().ok_or(Code::AccessDenied)?;
    if let Some(acl) = acl {
        refuse_public(&call, acl)?;
    }

    let created = call
        .store()
        .create_bucket(name, owner, options.clone(), acl.is_some())
        .await?;
    match created {
        Creation::New(_) => set_encryption(&call, encryption).await?,
        Creation::AlreadyOwned(bucket) => check_unchanged(&bucket, &document, &options)?,
    }

    Ok(reply::empty().header(header::LOCATION, format!("/{}", name.as_str())))
}

fn refuse_hierarchy(call: &Call) -> Result<()> {
    match call.header("x-oss-hns-status")? {
        Some(status) if status.eq_ignore_ascii_case("enabled") => Err(Code::NotImplemented.into()),
        _ => Ok(()),
    }
}

fn options(
    call: &Call,
    document: &CreateBucketConfiguration,
    acl: Option<BucketAcl>,
) -> Result<BucketOptions> {
    let own = location(&call.app().config().region);
    let constraint = document.location_constraint.as_deref();
    if constraint.is_some_and(|text| !text.is_empty() && text != own) {
        return Err(Code::InvalidLocationConstraint.into());
    }
    let group = call.header("x-oss-resource-group-id")?;
    let group = group.filter(|id| !id.is_empty()).map(str::to_owned);
    Ok(BucketOptions {
        acl: acl.unwrap_or_default(),
        storage_class: chosen(
            "StorageClass",
            document.storage_class.as_deref(),
            StorageClass::parse,
        )?,
        redundancy: chosen(
            "DataRedundancyType",
            document.data_redundancy_type.as_deref(),
            Redundancy::parse,
        )?,
        resource_group_id: group,
    })
}

/// A value of the document, its default where it is absent or empty, or `InvalidArgument`.
fn chosen<T: Default>(
    name: &'static str,
    text: Option<&str>,
    parse: fn(&str) -> Option<T>,
) -> Result<T> {
    match text {
        None | Some("") => Ok(T::default()),
        Some(text) => parse(text).ok_or_else(|| {
            Error::invalid_argument(name, text, format!("The {name} is not valid."))
        }),
    }
}

/// What a bucket is made of can not be changed by creating it again (errors.md §4.1); its ACL can.
fn check_unchanged(
    bucket: &Bucket,
    document: &CreateBucketConfiguration,
    asked: &BucketOptions,
) -> Result<()> {
    let given = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
    let refuse = |message| Err(Error::new(Code::BucketAlreadyExists).message(message));
    let settings = &bucket.settings;
    if given(&document.storage_class) && settings.storage_class != asked.storage_class {
        return refuse("Cannot modify existing bucket's storage class.");
    }
    if given(&document.data_redundancy_type) && settings.redundancy != asked.redundancy {
        return refuse("Bucket already exists CAN'T modify data redundancy type.");
    }
    Ok(())
}

async fn set_encryption(call: &Call, encryption: Option<Sse>) -> Result<()> {
    if encryption.is_some() {
        let change = move |settings: &mut BucketSettings| {
            settings.encryption = encryption;
            Ok::<_, Error>(())
        };
        call.store()
            .update_bucket(call.bucket_name()?, change)
            .await?;
    }
    Ok(())
}

/// DeleteBucket: only an empty one.
pub async fn delete(call: Call) -> Result<Reply> {
    call.store().delete_bucket(call.bucket_name()?).await?;

    Ok(reply::no_content())
}

/// HeadBucket.
pub async fn head(call: Call) -> Result<Reply> {
    call.bucket()?;

    Ok(reply::empty().header(BUCKET_REGION, location(&call.app().config().region)))
}

/// GetBucketLocation.
pub async fn get_location(call: Call) -> Result<Reply> {
    call.bucket()?;

    reply::xml(&LocationConstraint(location(&call.app().config().region)))
}

/// GetBucketInfo.
pub async fn info(call: Call) -> Result<Reply> {
    let bucket = call.bucket()?;
    let logging = bucket_config::logging(&call)?;

    let settings = &bucket.settings;
    let endpoints = Endpoints::of(&call);
    let logging = logging.logging_enabled.unwrap_or_default();
    let enabled = |on: bool| if on { "Enabled" } else { "Disabled" }.to_owned();
    reply::xml(&BucketInfo {
        bucket: BucketDetails {
            name: bucket.name.as_str().to_owned(),
            location: location(&call.app().config().region),
            creation_date: bucket.created.iso8601(),
            storage_class: settings.storage_class.as_str().to_owned(),
            data_redundancy_type: settings.redundancy.as_str().to_owned(),
            extranet_endpoint: endpoints.extranet,
            intranet_endpoint: endpoints.intranet,
            resource_group_id: settings.resource_group().to_owned(),
            comment: String::new(),
            access_monitor: enabled(settings.access_monitor),
            versioning: settings.versioning.as_str().map(str::to_owned),
            transfer_acceleration: enabled(settings.transfer_acceleration == Some(true)),
            cross_region_replication: enabled(false),
            // Reported where it was never set, yet enforced only where it was (clients.md §3).
            block_public_access: settings.public_access_block.unwrap_or(true),
            owner: acl::owner(&call, &bucket.owner),
            access_control_list: AccessControlList::new(settings.acl.as_str()),
            server_side_encryption_rule: encryption_summary(settings.encryption.as_ref()),
            bucket_policy: LoggingSummary {
                log_bucket: logging.target_bucket,
                log_prefix: logging.target_prefix,
            },
        },
    })
}

fn encryption_summary(sse: Option<&Sse>) -> EncryptionSummary {
    let Some(sse) = sse else {
        return EncryptionSummary {
            sse_algorithm: "None".to_owned(),
            ..EncryptionSummary::default()
        };
    };
    EncryptionSummary {
        sse_algorithm: sse.algorithm.as_str().to_owned(),
        kms_master_key_id: sse.key_id.clone(),
        kms_data_encryption: sse.data_sm4.then(|| "SM4".to_owned()),
    }
}

/// GetBucketStat: what the bucket holds. The billed sizes (which round small objects up) equal the real ones here.
pub async fn stat(call: Call) -> Result<Reply> {
    let stat = call.store().bucket_stat(call.bucket()?).await?;

    let [standard, ia, archive, cold, deep] = stat.classes;
    let bytes = stat.classes.iter().map(|class| class.bytes).sum::<u64>() + stat.part_bytes;
    let objects = stat.classes.iter().map(|class| class.objects).sum::<u64>();
    let untouched = objects == 0 && stat.uploads == 0 && stat.delete_markers == 0;
    reply::xml(&BucketStat {
        storage: bytes,
        object_count: objects,
        multipart_upload_count: stat.uploads,
        live_channel_count: stat.live_channels,
        // The moment to which the figures belong; 0 for a bucket that holds nothing, as Python v2 asserts.
        last_modified_time: if untouched { 0 } else { call.now().seconds() },
        standard_storage: standard.bytes,
        standard_object_count: standard.objects,
        infrequent_access_storage: ia.bytes,
        infrequent_access_real_storage: ia.bytes,
        infrequent_access_object_count: ia.objects,
        archive_storage: archive.bytes,
        archive_real_storage: archive.bytes,
        archive_object_count: archive.objects,
        cold_archive_storage: cold.bytes,
        cold_archive_real_storage: cold.bytes,
        cold_archive_object_count: cold.objects,
        deep_cold_archive_storage: deep.bytes,
        deep_cold_archive_real_storage: deep.bytes,
        deep_cold_archive_object_count: deep.objects,
        multipart_part_count: stat.parts,
        delete_marker_count: stat.delete_markers,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_what_the_client_can_reach() {
        let cases = [
            (
                "oss-cn-hangzhou.aliyuncs.com",
                None,
                "oss-cn-hangzhou.aliyuncs.com",
            ),
            (
                "b.oss-cn-hangzhou.aliyuncs.com",
                Some("b"),
                "oss-cn-hangzhou.aliyuncs.com",
            ),
            (
                "OSS-cn-shanghai.aliyuncs.com:6770",
                None,
                "oss-cn-hangzhou.aliyuncs.com:6770",
            ),
            ("127.0.0.1:6770", None, "127.0.0.1:6770"),
            ("b.localhost:6770", Some("b"), "localhost:6770"),
            ("[::1]:6770", None, "[::1]:6770"),
            ("localhost", None, "localhost"),
        ];
        for (host, bucket, extranet) in cases {
            let endpoints = Endpoints::for_host(host, bucket, "cn-hangzhou");
            assert_eq!(endpoints.extranet, extranet, "{host}");
        }
        let real = Endpoints::for_host("oss-cn-hangzhou.aliyuncs.com", None, "cn-hangzhou");
        assert_eq!(real.intranet, "oss-cn-hangzhou-internal.aliyuncs.com");
    }

    #[test]
    fn values_of_the_document_have_defaults() {
        let class = |text| chosen("StorageClass", text, StorageClass::parse);
        assert_eq!(class(None).unwrap(), StorageClass::Standard);
        assert_eq!(class(Some("")).unwrap(), StorageClass::Standard);
        assert_eq!(class(Some("IA")).unwrap(), StorageClass::Ia);
        assert_eq!(
            class(Some("gold")).unwrap_err().code(),
            Code::InvalidArgument
        );
    }
}
