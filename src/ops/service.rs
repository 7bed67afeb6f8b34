//! Service level: the caller's buckets, the regions, and what the account sets for all its buckets.

use super::acl;
use super::bucket::{Endpoints, location};
use crate::error::{Code, Error, Result};
use crate::http::query::Query;
use crate::http::reply::{self, Reply};
use crate::operation::Call;
use crate::store::{Bucket, BucketListQuery};
use crate::xml::config::PublicAccessBlockConfiguration;
use crate::xml::object::Tagging;
use crate::xml::service::{
    BucketSummary, Buckets, ListBucketsResult, ListCloudBoxResult, RegionInfo, RegionInfoList,
};

/// Buckets of one page unless asked otherwise.
const MAX_KEYS_DEFAULT: usize = 100;
/// Most buckets of one page.
const MAX_KEYS_MAX: usize = 1000;
/// Most bytes of a prefix or marker.
const TEXT_MAX: usize = 1023;

/// ListBuckets: a page of the caller's buckets, sorted by name.
pub async fn list_buckets(call: Call) -> Result<Reply> {
    let query = list_query(&call)?;

    let page = call.store().list_buckets(&query)?;

    let endpoints = Endpoints::of(&call);
    let with_tags = call.query().has("tagging");
    let summary = |bucket: &Bucket| summary(bucket, &endpoints, &call, with_tags);
    reply::xml(&ListBucketsResult {
        prefix: query.prefix,
        marker: query.marker,
        max_keys: query.max,
        is_truncated: page.next.is_some(),
        next_marker: page.next,
        owner: acl::owner(&call, &query.owner),
        buckets: Buckets {
            bucket: page.buckets.iter().map(|bucket| summary(bucket)).collect(),
        },
    })
}

fn list_query(call: &Call) -> Result<BucketListQuery> {
    let query = call.query();
    let owner = call.identity().uid().ok_or(Code::AccessDenied)?;
    let max = query
        .number("max-keys", 1..=MAX_KEYS_MAX)
        .map_err(|error| error.ec("0017-00000289"))?;
    let marker = query
        .text("marker", TEXT_MAX)
        .map_err(|error| error.ec("0017-00000291"))?;
    let group = call.header("x-oss-resource-group-id")?;
    let group = group.or_else(|| query.get("x-oss-resource-group-id"));
    Ok(BucketListQuery {
        owner: owner.to_owned(),
        prefix: query
            .text("prefix", TEXT_MAX)?
            .unwrap_or_default()
            .to_owned(),
        marker: marker.unwrap_or_default().to_owned(),
        max: max.unwrap_or(MAX_KEYS_DEFAULT),
        tags: tag_filter(query)?,
        resource_group_id: group.filter(|id| !id.is_empty()).map(str::to_owned),
    })
}

/// The tags that a listed bucket must have: `tag-key` with or without `tag-value`, or `tagging="k":"v","k2":"v2"`.
fn tag_filter(query: &Query) -> Result<Vec<(String, Option<String>)>> {
    let mut tags = Vec::new();
    if let Some(key) = query.non_empty("tag-key") {
        tags.push((key.to_owned(), query.get("tag-value").map(str::to_owned)));
    } else if let Some(value) = query.non_empty("tag-value") {
        let message = "The tag-key must be specified with the tag-value.";
        return Err(Error::invalid_argument("tag-value", value, message));
    }
    if let Some(text) = query.non_empty("tagging") {
        let pairs: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&format!("{{{text}}}")).map_err(|_| {
                Error::invalid_argument("tagging", text, "The tagging is not valid.")
            })?;
        for (key, value) in pairs {
            let serde_json::Value::String(value) = value else {
                let message = "The tagging is not valid.";
                return Err(Error::invalid_argument("tagging", text, message));
            };
            tags.push((key, Some(value)));
        }
    }
    Ok(tags)
}

fn summary(bucket: &Bucket, endpoints: &Endpoints, call: &Call, with_tags: bool) -> BucketSummary {
    let region = &call.app().config().region;
    BucketSummary {
        name: bucket.name.as_str().to_owned(),
        location: location(region),
        creation_date: bucket.created.iso8601(),
        storage_class: bucket.settings.storage_class.as_str().to_owned(),
        extranet_endpoint: endpoints.extranet.clone(),
        intranet_endpoint: endpoints.intranet.clone(),
        region: region.clone(),
        resource_group_id: bucket.settings.resource_group().to_owned(),
        comment: None,
        tagging: with_tags.then(|| Tagging::new(bucket.settings.tags.pairs())),
    }
}

/// The public regions. The server stands for one of them; clients ask for the list to build endpoints.
pub(super) const REGIONS: &[&str] = &[
    "oss-cn-hangzhou",
    "oss-cn-shanghai",
    "oss-cn-nanjing",
    "oss-cn-fuzhou",
    "oss-cn-wuhan-lr",
    "oss-cn-qingdao",
    "oss-cn-beijing",
    "oss-cn-zhangjiakou",
    "oss-cn-huhehaote",
    "oss-cn-wulanchabu",
    "oss-cn-shenzhen",
    "oss-cn-heyuan",
    "oss-cn-guangzhou",
    "oss-cn-chengdu",
    "oss-cn-hongkong",
    "oss-us-west-1",
    "oss-us-east-1",
    "oss-ap-northeast-1",
    "oss-ap-northeast-2",
    "oss-ap-southeast-1",
    "oss-ap-southeast-3",
    "oss-ap-southeast-5",
    "oss-ap-southeast-6",
    "oss-ap-southeast-7",
    "oss-eu-central-1",
    "oss-eu-west-1",
    "oss-me-east-1",
    "oss-me-central-1",
];

/// DescribeRegions: every region, or the one that `regions` names.
pub async fn describe_regions(call: Call) -> Result<Reply> {
    let own = location(&call.app().config().region);

    let region_info = match call.query().non_empty("regions") {
        Some(name) if name == own || REGIONS.contains(&name) => vec![region_info(name)],
        Some(_) => return Err(Code::NoSuchRegion.into()),
        None => {
            let mut all: Vec<_> = REGIONS.iter().map(|name| region_info(name)).collect();
            if !REGIONS.contains(&own.as_str()) {
                all.push(region_info(&own));
            }
            all
        }
    };

    reply::xml(&RegionInfoList { region_info })
}

/// PutPublicAccessBlock: for all buckets of the caller's account, those to come included.
pub async fn put_public_access_block(mut call: Call) -> Result<Reply> {
    let document: PublicAccessBlockConfiguration = call.xml().await?;

    let uid = call.identity().uid().ok_or(Code::AccessDenied)?;
    call.store()
        .block_public_access(uid, document.block_public_access)
        .await?;

    Ok(reply::empty())
}

/// GetPublicAccessBlock: false where it was never set.
pub async fn get_public_access_block(call: Call) -> Result<Reply> {
    let uid = call.identity().uid().ok_or(Code::AccessDenied)?;
    let block_public_access = call.store().account_blocks_public_access(uid)?;

    reply::xml(&PublicAccessBlockConfiguration {
        block_public_access,
    })
}

/// DeletePublicAccessBlock: as if it were set to false.
pub async fn delete_public_access_block(call: Call) -> Result<Reply> {
    let uid = call.identity().uid().ok_or(Code::AccessDenied)?;
    call.store().block_public_access(uid, false).await?;

    Ok(reply::no_content())
}

fn region_info(name: &str) -> RegionInfo {
    RegionInfo {
        region: name.to_owned(),
        internet_endpoint: format!("{name}.aliyuncs.com"),
        internal_endpoint: format!("{name}-internal.aliyuncs.com"),
        accelerate_endpoint: "oss-accelerate.aliyuncs.com".to_owned(),
    }
}

/// ListCloudBoxes: an account has none unless it bought one.
pub async fn list_cloud_boxes(call: Call) -> Result<Reply> {
    let query = call.query();
    let owner = call.identity().uid().ok_or(Code::AccessDenied)?;
    let max = query.number("max-keys", 1..=MAX_KEYS_MAX)?;
    let text = |name| Ok::<_, Error>(query.text(name, TEXT_MAX)?.unwrap_or_default().to_owned());

    reply::xml(&ListCloudBoxResult {
        prefix: text("prefix")?,
        marker: text("marker")?,
        max_keys: max.unwrap_or(MAX_KEYS_DEFAULT),
        is_truncated: false,
        owner: acl::owner(&call, owner),
        ..ListCloudBoxResult::default()
    })
}

/// Every operation on the public access block of one access point: there are no access points.
pub async fn no_access_point(_call: Call) -> Result<Reply> {
    Err(Code::NoSuchAccessPoint.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_filters_come_in_two_forms() {
        let filter = |raw: &str| tag_filter(&Query::parse(raw).expect("query"));
        let pair = |key: &str, value: Option<&str>| (key.to_owned(), value.map(str::to_owned));
        assert_eq!(filter("prefix=a").unwrap(), []);
        assert_eq!(filter("tag-key=env").unwrap(), [pair("env", None)]);
        assert_eq!(
            filter("tag-key=env&tag-value=").unwrap(),
            [pair("env", Some(""))]
        );
        assert_eq!(
            filter("tagging=%22env%22:%22test%22,%22team%22:%22dev%22").unwrap(),
            [pair("env", Some("test")), pair("team", Some("dev"))]
        );
        for bad in [
            "tag-value=a",
            "tagging=a",
            "tagging=%22a%22:1",
            "tagging=%22a%22:%7B%7D",
        ] {
            assert_eq!(
                filter(bad).unwrap_err().code(),
                Code::InvalidArgument,
                "{bad}"
            );
        }
    }
}
