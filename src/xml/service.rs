//! Documents of the service level (operations.md section A).
#![expect(missing_docs, reason = "fields are the protocol's own element names")]

use super::object::{Owner, Tagging};
use serde::{Deserialize, Serialize};

/// The answer of ListBuckets.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "ListAllMyBucketsResult",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct ListBucketsResult {
    pub prefix: String,
    pub marker: String,
    pub max_keys: usize,
    pub is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
    pub owner: Owner,
    pub buckets: Buckets,
}

/// The list inside [`ListBucketsResult`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Buckets {
    #[serde(default)]
    pub bucket: Vec<BucketSummary>,
}

/// A bucket in the list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct BucketSummary {
    pub name: String,
    pub location: String,
    pub creation_date: String,
    pub storage_class: String,
    pub extranet_endpoint: String,
    pub intranet_endpoint: String,
    pub region: String,
    pub resource_group_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Only with the sub-resource `tagging` (Node reads it).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tagging: Option<Tagging>,
}

/// The answer of DescribeRegions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "RegionInfoList",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct RegionInfoList {
    #[serde(default)]
    pub region_info: Vec<RegionInfo>,
}

/// A region and its host names.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct RegionInfo {
    pub region: String,
    pub internet_endpoint: String,
    pub internal_endpoint: String,
    pub accelerate_endpoint: String,
}

/// The answer of ListCloudBoxes; there are none here.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "ListCloudBoxResult",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct ListCloudBoxResult {
    pub prefix: String,
    pub marker: String,
    pub max_keys: usize,
    pub is_truncated: bool,
    pub owner: Owner,
    pub cloud_boxes: CloudBoxes,
}

/// The empty list inside [`ListCloudBoxResult`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloudBoxes {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::golden;

    #[test]
    fn list_buckets() {
        golden(
            &ListBucketsResult {
                prefix: "my".into(),
                max_keys: 1,
                is_truncated: true,
                next_marker: Some("mybucket".into()),
                owner: Owner::new("5125", "51264"),
                buckets: Buckets {
                    bucket: vec![BucketSummary {
                        name: "mybucket".into(),
                        location: "oss-cn-hangzhou".into(),
                        creation_date: "2014-02-07T18:12:43.000Z".into(),
                        storage_class: "Standard".into(),
                        extranet_endpoint: "oss-cn-hangzhou.aliyuncs.com".into(),
                        intranet_endpoint: "oss-cn-hangzhou-internal.aliyuncs.com".into(),
                        region: "cn-hangzhou".into(),
                        resource_group_id: "rg-default-id".into(),
                        ..BucketSummary::default()
                    }],
                },
                ..ListBucketsResult::default()
            },
            "<ListAllMyBucketsResult>
                <Prefix>my</Prefix>
                <Marker/>
                <MaxKeys>1</MaxKeys>
                <IsTruncated>true</IsTruncated>
                <NextMarker>mybucket</NextMarker>
                <Owner><ID>5125</ID><DisplayName>51264</DisplayName></Owner>
                <Buckets>
                    <Bucket>
                        <Name>mybucket</Name>
                        <Location>oss-cn-hangzhou</Location>
                        <CreationDate>2014-02-07T18:12:43.000Z</CreationDate>
                        <StorageClass>Standard</StorageClass>
                        <ExtranetEndpoint>oss-cn-hangzhou.aliyuncs.com</ExtranetEndpoint>
                        <IntranetEndpoint>oss-cn-hangzhou-internal.aliyuncs.com</IntranetEndpoint>
                        <Region>cn-hangzhou</Region>
                        <ResourceGroupId>rg-default-id</ResourceGroupId>
                    </Bucket>
                </Buckets>
            </ListAllMyBucketsResult>",
        );
    }

    #[test]
    fn no_buckets_and_no_marker() {
        golden(
            &ListBucketsResult {
                max_keys: 100,
                ..ListBucketsResult::default()
            },
            "<ListAllMyBucketsResult><Prefix/><Marker/><MaxKeys>100</MaxKeys><IsTruncated>false</IsTruncated>
                <Owner><ID/><DisplayName/></Owner><Buckets/></ListAllMyBucketsResult>",
        );
    }

    #[test]
    fn regions() {
        golden(
            &RegionInfoList {
                region_info: vec![RegionInfo {
                    region: "oss-cn-hangzhou".into(),
                    internet_endpoint: "oss-cn-hangzhou.aliyuncs.com".into(),
                    internal_endpoint: "oss-cn-hangzhou-internal.aliyuncs.com".into(),
                    accelerate_endpoint: "oss-accelerate.aliyuncs.com".into(),
                }],
            },
            "<RegionInfoList>
                <RegionInfo>
                    <Region>oss-cn-hangzhou</Region>
                    <InternetEndpoint>oss-cn-hangzhou.aliyuncs.com</InternetEndpoint>
                    <InternalEndpoint>oss-cn-hangzhou-internal.aliyuncs.com</InternalEndpoint>
                    <AccelerateEndpoint>oss-accelerate.aliyuncs.com</AccelerateEndpoint>
                </RegionInfo>
            </RegionInfoList>",
        );
    }

    #[test]
    fn cloud_boxes() {
        golden(
            &ListCloudBoxResult {
                max_keys: 100,
                owner: Owner::new("1", "n"),
                ..ListCloudBoxResult::default()
            },
            "<ListCloudBoxResult><Prefix/><Marker/><MaxKeys>100</MaxKeys><IsTruncated>false</IsTruncated>
                <Owner><ID>1</ID><DisplayName>n</DisplayName></Owner><CloudBoxes/></ListCloudBoxResult>",
        );
    }
}
