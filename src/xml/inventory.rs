//! Inventories (operations.md section C).
#![expect(missing_docs, reason = "fields are the protocol's own element names")]

use super::value::{flag, non_empty, optional_flag};
use serde::{Deserialize, Serialize};

/// `?inventory`: what is listed, how often, and where to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "InventoryConfiguration",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct InventoryConfiguration {
    pub id: String,
    #[serde(deserialize_with = "flag")]
    pub is_enabled: bool,
    pub destination: InventoryDestination,
    pub schedule: InventorySchedule,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<InventoryFilter>,
    pub included_object_versions: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optional_fields: Option<OptionalFields>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incremental_inventory: Option<IncrementalInventory>,
}

/// Where lists go.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InventoryDestination {
    #[serde(rename = "OSSBucketDestination")]
    pub oss_bucket_destination: BucketDestination,
}

/// A bucket that lists go to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct BucketDestination {
    pub format: String,
    pub account_id: String,
    pub role_arn: String,
    pub bucket: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption: Option<InventoryEncryption>,
}

/// How lists are encrypted. `SSE-OSS` is an empty element.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InventoryEncryption {
    #[serde(rename = "SSE-OSS", skip_serializing_if = "Option::is_none")]
    pub sse_oss: Option<String>,
    #[serde(rename = "SSE-KMS", skip_serializing_if = "Option::is_none")]
    pub sse_kms: Option<InventoryKms>,
}

/// The key that lists are encrypted with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct InventoryKms {
    #[serde(default)]
    pub key_id: String,
}

/// How often.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct InventorySchedule {
    pub frequency: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day_of_month: Option<i64>,
    #[serde(
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub auto_delete: Option<bool>,
}

/// Which objects. Numbers are signed: bad ones have a code of their own.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct InventoryFilter {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_modify_begin_time_stamp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_modify_end_time_stamp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lower_size_bound: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upper_size_bound: Option<i64>,
    #[serde(
        default,
        deserialize_with = "non_empty",
        skip_serializing_if = "Option::is_none"
    )]
    pub storage_class: Option<String>,
}

/// What lists tell of an object beyond its name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct OptionalFields {
    #[serde(default)]
    pub field: Vec<String>,
}

/// Lists of changes between lists.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct IncrementalInventory {
    #[serde(deserialize_with = "flag")]
    pub is_enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<IncrementalSchedule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optional_fields: Option<OptionalFields>,
}

/// How often changes are listed, in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct IncrementalSchedule {
    pub frequency: i64,
}

/// The answer of ListBucketInventory.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "ListInventoryConfigurationsResult",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct ListInventoryConfigurationsResult {
    #[serde(default)]
    pub inventory_configuration: Vec<InventoryConfiguration>,
    pub is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continuation_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_continuation_token: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::golden;

    #[test]
    fn inventories() {
        let full = InventoryConfiguration {
            id: "report1".into(),
            is_enabled: true,
            destination: InventoryDestination {
                oss_bucket_destination: BucketDestination {
                    format: "CSV".into(),
                    account_id: "100000000000000".into(),
                    role_arn: "acs:ram::100000000000000:role/AliyunOSSRole".into(),
                    bucket: "acs:oss:::destbucket".into(),
                    prefix: Some("prefix1".into()),
                    encryption: Some(InventoryEncryption {
                        sse_oss: Some(String::new()),
                        sse_kms: None,
                    }),
                },
            },
            schedule: InventorySchedule {
                frequency: "Daily".into(),
                ..InventorySchedule::default()
            },
            filter: Some(InventoryFilter {
                prefix: Some("Pics/".into()),
                lower_size_bound: Some(1024),
                ..InventoryFilter::default()
            }),
            included_object_versions: "All".into(),
            optional_fields: Some(OptionalFields {
                field: vec!["Size".into(), "ETag".into()],
            }),
            incremental_inventory: Some(IncrementalInventory {
                is_enabled: true,
                schedule: Some(IncrementalSchedule { frequency: 600 }),
                optional_fields: None,
            }),
        };
        golden(
            &ListInventoryConfigurationsResult {
                inventory_configuration: vec![full],
                is_truncated: true,
                continuation_token: None,
                next_continuation_token: Some("report1".into()),
            },
            "<ListInventoryConfigurationsResult><InventoryConfiguration><Id>report1</Id><IsEnabled>true</IsEnabled>
                <Destination><OSSBucketDestination><Format>CSV</Format><AccountId>100000000000000</AccountId>
                <RoleArn>acs:ram::100000000000000:role/AliyunOSSRole</RoleArn><Bucket>acs:oss:::destbucket</Bucket>
                <Prefix>prefix1</Prefix><Encryption><SSE-OSS/></Encryption></OSSBucketDestination></Destination>
                <Schedule><Frequency>Daily</Frequency></Schedule>
                <Filter><Prefix>Pics/</Prefix><LowerSizeBound>1024</LowerSizeBound></Filter>
                <IncludedObjectVersions>All</IncludedObjectVersions>
                <OptionalFields><Field>Size</Field><Field>ETag</Field></OptionalFields>
                <IncrementalInventory><IsEnabled>true</IsEnabled><Schedule><Frequency>600</Frequency></Schedule></IncrementalInventory>
                </InventoryConfiguration><IsTruncated>true</IsTruncated>
                <NextContinuationToken>report1</NextContinuationToken></ListInventoryConfigurationsResult>",
        );
    }
}
