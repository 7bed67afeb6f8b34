//! Documents of bandwidth, request rate and capacity (operations.md sections A and C).
#![expect(missing_docs, reason = "fields are the protocol's own element names")]

use serde::{Deserialize, Serialize};

/// No limit.
const UNLIMITED: i64 = -1;

const fn unlimited() -> i64 {
    UNLIMITED
}

/// Bandwidths in Gbit/s and request rates; -1 is no limit, and so is what is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    rename = "QoSConfiguration",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct QosConfiguration {
    #[serde(default = "unlimited")]
    pub total_upload_bandwidth: i64,
    #[serde(default = "unlimited")]
    pub intranet_upload_bandwidth: i64,
    #[serde(default = "unlimited")]
    pub extranet_upload_bandwidth: i64,
    #[serde(default = "unlimited")]
    pub total_download_bandwidth: i64,
    #[serde(default = "unlimited")]
    pub intranet_download_bandwidth: i64,
    #[serde(default = "unlimited")]
    pub extranet_download_bandwidth: i64,
    #[serde(default = "unlimited")]
    pub total_qps: i64,
    #[serde(default = "unlimited")]
    pub intranet_qps: i64,
    #[serde(default = "unlimited")]
    pub extranet_qps: i64,
}

impl QosConfiguration {
    /// No limit at all.
    pub const UNLIMITED: Self = Self {
        total_upload_bandwidth: UNLIMITED,
        intranet_upload_bandwidth: UNLIMITED,
        extranet_upload_bandwidth: UNLIMITED,
        total_download_bandwidth: UNLIMITED,
        intranet_download_bandwidth: UNLIMITED,
        extranet_download_bandwidth: UNLIMITED,
        total_qps: UNLIMITED,
        intranet_qps: UNLIMITED,
        extranet_qps: UNLIMITED,
    };
}

/// The answer of GetUserQoSInfo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "UserQosInfo", rename_all = "PascalCase", deny_unknown_fields)]
pub struct UserQosInfo {
    pub region: String,
    pub total_upload_bandwidth: i64,
    pub intranet_upload_bandwidth: i64,
    pub extranet_upload_bandwidth: i64,
    pub total_download_bandwidth: i64,
    pub intranet_download_bandwidth: i64,
    pub extranet_download_bandwidth: i64,
    pub total_qps: i64,
    pub intranet_qps: i64,
    pub extranet_qps: i64,
}

/// `?qos`: the capacity of a bucket in GB; -1 is no limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    rename = "BucketUserQos",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct BucketUserQos {
    pub storage_capacity: i64,
}

/// What one requester gets, as it is kept and answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    rename = "RequesterQoSInfo",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct RequesterQosInfo {
    pub requester: String,
    #[serde(rename = "QoSConfiguration")]
    pub qos_configuration: QosConfiguration,
}

/// The answer of ListBucketRequesterQoSInfos.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "ListBucketRequesterQoSInfosResult",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct ListBucketRequesterQosInfosResult {
    pub bucket: String,
    pub continuation_token: String,
    pub next_continuation_token: String,
    pub is_truncated: bool,
    #[serde(rename = "RequesterQoSInfo", default)]
    pub requester_qos_info: Vec<RequesterQosInfo>,
}

/// The answer of ListResourcePools; there are none here.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "ListResourcePoolsResult",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct ListResourcePoolsResult {
    pub region: String,
    pub owner: String,
    pub continuation_token: String,
    pub next_continuation_token: String,
    pub is_truncated: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{from_xml, golden};

    const LIMITED: QosConfiguration = QosConfiguration {
        total_upload_bandwidth: 10,
        extranet_qps: 7,
        ..QosConfiguration::UNLIMITED
    };
    const LIMITED_TEXT: &str = "<QoSConfiguration><TotalUploadBandwidth>10</TotalUploadBandwidth>\
        <IntranetUploadBandwidth>-1</IntranetUploadBandwidth><ExtranetUploadBandwidth>-1</ExtranetUploadBandwidth>\
        <TotalDownloadBandwidth>-1</TotalDownloadBandwidth><IntranetDownloadBandwidth>-1</IntranetDownloadBandwidth>\
        <ExtranetDownloadBandwidth>-1</ExtranetDownloadBandwidth><TotalQps>-1</TotalQps><IntranetQps>-1</IntranetQps>\
        <ExtranetQps>7</ExtranetQps></QoSConfiguration>";

    #[test]
    fn limits() {
        golden(&LIMITED, LIMITED_TEXT);
        let read = from_xml::<QosConfiguration>(b"<QoSConfiguration/>").unwrap();
        assert_eq!(read, QosConfiguration::UNLIMITED);
        golden(
            &BucketUserQos {
                storage_capacity: -1,
            },
            "<BucketUserQos><StorageCapacity>-1</StorageCapacity></BucketUserQos>",
        );
    }

    #[test]
    fn lists() {
        golden(
            &ListBucketRequesterQosInfosResult {
                bucket: "b".into(),
                requester_qos_info: vec![RequesterQosInfo {
                    requester: "1".into(),
                    qos_configuration: LIMITED,
                }],
                ..ListBucketRequesterQosInfosResult::default()
            },
            &format!(
                "<ListBucketRequesterQoSInfosResult><Bucket>b</Bucket><ContinuationToken/><NextContinuationToken/>\
                <IsTruncated>false</IsTruncated><RequesterQoSInfo><Requester>1</Requester>{LIMITED_TEXT}\
                </RequesterQoSInfo></ListBucketRequesterQoSInfosResult>"
            ),
        );
        golden(
            &ListResourcePoolsResult {
                region: "oss-cn-hangzhou".into(),
                owner: "1".into(),
                ..ListResourcePoolsResult::default()
            },
            "<ListResourcePoolsResult><Region>oss-cn-hangzhou</Region><Owner>1</Owner><ContinuationToken/>
                <NextContinuationToken/><IsTruncated>false</IsTruncated></ListResourcePoolsResult>",
        );
    }
}
