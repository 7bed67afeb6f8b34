//! Documents of buckets themselves (operations.md section B).
#![expect(missing_docs, reason = "fields are the protocol's own element names")]

use super::object::{AccessControlList, Owner};
use serde::{Deserialize, Serialize};

/// The body of PutBucket; every element is optional.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "CreateBucketConfiguration",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct CreateBucketConfiguration {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_redundancy_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location_constraint: Option<String>,
}

/// The answer of GetBucketLocation: only text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "LocationConstraint")]
pub struct LocationConstraint(pub String);

/// The answer of GetBucketInfo.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "BucketInfo", rename_all = "PascalCase", deny_unknown_fields)]
pub struct BucketInfo {
    pub bucket: BucketDetails,
}

/// The one element of [`BucketInfo`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct BucketDetails {
    pub name: String,
    pub location: String,
    pub creation_date: String,
    pub storage_class: String,
    pub data_redundancy_type: String,
    pub extranet_endpoint: String,
    pub intranet_endpoint: String,
    pub resource_group_id: String,
    /// Empty, yet present: Python v1 asserts that it is not none.
    pub comment: String,
    pub access_monitor: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versioning: Option<String>,
    pub transfer_acceleration: String,
    pub cross_region_replication: String,
    pub block_public_access: bool,
    pub owner: Owner,
    pub access_control_list: AccessControlList,
    pub server_side_encryption_rule: EncryptionSummary,
    pub bucket_policy: LoggingSummary,
}

/// The default encryption as GetBucketInfo shows it: not nested, and `None` where there is none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncryptionSummary {
    #[serde(rename = "SSEAlgorithm")]
    pub sse_algorithm: String,
    #[serde(rename = "KMSMasterKeyID", skip_serializing_if = "Option::is_none")]
    pub kms_master_key_id: Option<String>,
    #[serde(rename = "KMSDataEncryption", skip_serializing_if = "Option::is_none")]
    pub kms_data_encryption: Option<String>,
}

/// Access logging as GetBucketInfo shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct LoggingSummary {
    pub log_bucket: String,
    pub log_prefix: String,
}

/// The answer of GetBucketStat: bytes and counts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "BucketStat", rename_all = "PascalCase", deny_unknown_fields)]
pub struct BucketStat {
    pub storage: u64,
    pub object_count: u64,
    pub multipart_upload_count: u64,
    pub live_channel_count: u64,
    pub last_modified_time: i64,
    pub standard_storage: u64,
    pub standard_object_count: u64,
    pub infrequent_access_storage: u64,
    pub infrequent_access_real_storage: u64,
    pub infrequent_access_object_count: u64,
    pub archive_storage: u64,
    pub archive_real_storage: u64,
    pub archive_object_count: u64,
    pub cold_archive_storage: u64,
    pub cold_archive_real_storage: u64,
    pub cold_archive_object_count: u64,
    pub deep_cold_archive_storage: u64,
    pub deep_cold_archive_real_storage: u64,
    pub deep_cold_archive_object_count: u64,
    pub multipart_part_count: u64,
    pub delete_marker_count: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{from_xml, golden};

    #[test]
    fn create_bucket() {
        golden(
            &CreateBucketConfiguration {
                storage_class: Some("IA".into()),
                data_redundancy_type: Some("ZRS".into()),
                location_constraint: None,
            },
            "<CreateBucketConfiguration>
                <StorageClass>IA</StorageClass>
                <DataRedundancyType>ZRS</DataRedundancyType>
            </CreateBucketConfiguration>",
        );
        let empty = from_xml::<CreateBucketConfiguration>(b"<CreateBucketConfiguration/>");
        assert_eq!(empty.unwrap(), CreateBucketConfiguration::default());
    }

    #[test]
    fn location() {
        golden(
            &LocationConstraint("oss-cn-hangzhou".into()),
            "<LocationConstraint>oss-cn-hangzhou</LocationConstraint>",
        );
    }

    #[test]
    fn info() {
        golden(
            &BucketInfo {
                bucket: BucketDetails {
                    name: "demo".into(),
                    location: "oss-cn-hangzhou".into(),
                    creation_date: "2013-07-31T10:56:21.000Z".into(),
                    storage_class: "Standard".into(),
                    data_redundancy_type: "LRS".into(),
                    extranet_endpoint: "oss-cn-hangzhou.aliyuncs.com".into(),
                    intranet_endpoint: "oss-cn-hangzhou-internal.aliyuncs.com".into(),
                    resource_group_id: "rg-default-id".into(),
                    access_monitor: "Disabled".into(),
                    versioning: Some("Enabled".into()),
                    transfer_acceleration: "Disabled".into(),
                    cross_region_replication: "Disabled".into(),
                    block_public_access: true,
                    owner: Owner::new("27183473914", "username"),
                    access_control_list: AccessControlList::new("private"),
                    server_side_encryption_rule: EncryptionSummary {
                        sse_algorithm: "None".into(),
                        ..EncryptionSummary::default()
                    },
                    ..BucketDetails::default()
                },
            },
            "<BucketInfo>
                <Bucket>
                    <Name>demo</Name>
                    <Location>oss-cn-hangzhou</Location>
                    <CreationDate>2013-07-31T10:56:21.000Z</CreationDate>
                    <StorageClass>Standard</StorageClass>
                    <DataRedundancyType>LRS</DataRedundancyType>
                    <ExtranetEndpoint>oss-cn-hangzhou.aliyuncs.com</ExtranetEndpoint>
                    <IntranetEndpoint>oss-cn-hangzhou-internal.aliyuncs.com</IntranetEndpoint>
                    <ResourceGroupId>rg-default-id</ResourceGroupId>
                    <Comment/>
                    <AccessMonitor>Disabled</AccessMonitor>
                    <Versioning>Enabled</Versioning>
                    <TransferAcceleration>Disabled</TransferAcceleration>
                    <CrossRegionReplication>Disabled</CrossRegionReplication>
                    <BlockPublicAccess>true</BlockPublicAccess>
                    <Owner><ID>27183473914</ID><DisplayName>username</DisplayName></Owner>
                    <AccessControlList><Grant>private</Grant></AccessControlList>
                    <ServerSideEncryptionRule><SSEAlgorithm>None</SSEAlgorithm></ServerSideEncryptionRule>
                    <BucketPolicy><LogBucket/><LogPrefix/></BucketPolicy>
                </Bucket>
            </BucketInfo>",
        );
    }

    #[test]
    fn stat() {
        golden(
            &BucketStat {
                storage: 7,
                object_count: 1,
                last_modified_time: 1_643_341_269,
                standard_storage: 7,
                standard_object_count: 1,
                delete_marker_count: 2,
                ..BucketStat::default()
            },
            "<BucketStat>
                <Storage>7</Storage>
                <ObjectCount>1</ObjectCount>
                <MultipartUploadCount>0</MultipartUploadCount>
                <LiveChannelCount>0</LiveChannelCount>
                <LastModifiedTime>1643341269</LastModifiedTime>
                <StandardStorage>7</StandardStorage>
                <StandardObjectCount>1</StandardObjectCount>
                <InfrequentAccessStorage>0</InfrequentAccessStorage>
                <InfrequentAccessRealStorage>0</InfrequentAccessRealStorage>
                <InfrequentAccessObjectCount>0</InfrequentAccessObjectCount>
                <ArchiveStorage>0</ArchiveStorage>
                <ArchiveRealStorage>0</ArchiveRealStorage>
                <ArchiveObjectCount>0</ArchiveObjectCount>
                <ColdArchiveStorage>0</ColdArchiveStorage>
                <ColdArchiveRealStorage>0</ColdArchiveRealStorage>
                <ColdArchiveObjectCount>0</ColdArchiveObjectCount>
                <DeepColdArchiveStorage>0</DeepColdArchiveStorage>
                <DeepColdArchiveRealStorage>0</DeepColdArchiveRealStorage>
                <DeepColdArchiveObjectCount>0</DeepColdArchiveObjectCount>
                <MultipartPartCount>0</MultipartPartCount>
                <DeleteMarkerCount>2</DeleteMarkerCount>
            </BucketStat>",
        );
    }
}
