//! Replication rules (operations.md section C).
#![expect(missing_docs, reason = "fields are the protocol's own element names")]

use super::value::non_empty;
use serde::{Deserialize, Serialize};

/// `?replication`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "ReplicationConfiguration",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct ReplicationConfiguration {
    #[serde(default)]
    pub rule: Vec<ReplicationRule>,
}

/// What goes where.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ReplicationRule {
    #[serde(
        rename = "ID",
        default,
        deserialize_with = "non_empty",
        skip_serializing_if = "Option::is_none"
    )]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix_set: Option<PrefixSet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    pub destination: ReplicationDestination,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub historical_object_replication: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync_role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_selection_criteria: Option<SourceSelectionCriteria>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption_configuration: Option<EncryptionConfiguration>,
    #[serde(rename = "RTC", skip_serializing_if = "Option::is_none")]
    pub rtc: Option<Rtc>,
}

/// Which keys a rule covers; all where there are none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct PrefixSet {
    #[serde(default)]
    pub prefix: Vec<String>,
}

/// The bucket that a rule copies to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ReplicationDestination {
    #[serde(default)]
    pub bucket: String,
    #[serde(default)]
    pub location: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transfer_type: Option<String>,
}

/// Which objects a rule covers beyond their keys.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct SourceSelectionCriteria {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sse_kms_encrypted_objects: Option<SseKmsEncryptedObjects>,
}

/// Whether objects that KMS encrypts are copied.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct SseKmsEncryptedObjects {
    pub status: String,
}

/// The key of copies.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncryptionConfiguration {
    #[serde(rename = "ReplicaKmsKeyID")]
    pub replica_kms_key_id: String,
}

/// Replication time control: `enabled` or `disabled`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Rtc {
    pub status: String,
}

/// The body of PutBucketRtc.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "ReplicationRule", deny_unknown_fields)]
pub struct RtcConfiguration {
    #[serde(rename = "RTC")]
    pub rtc: Rtc,
    #[serde(rename = "ID")]
    pub id: String,
}

/// The body of DeleteBucketReplication.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "ReplicationRules", deny_unknown_fields)]
pub struct ReplicationRules {
    #[serde(rename = "ID", default)]
    pub id: Vec<String>,
}

/// The answer of GetBucketReplicationLocation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "ReplicationLocation",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct ReplicationLocation {
    #[serde(default)]
    pub location: Vec<String>,
    pub location_transfer_type_constraint: LocationTransferTypeConstraint,
}

/// Transfer types by location.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct LocationTransferTypeConstraint {
    #[serde(default)]
    pub location_transfer_type: Vec<LocationTransferType>,
}

/// Transfer types of one location.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct LocationTransferType {
    pub location: String,
    pub transfer_types: TransferTypes,
}

/// Transfer types: `internal`, `oss_acc`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct TransferTypes {
    #[serde(default)]
    pub r#type: Vec<String>,
}

/// The answer of GetBucketReplicationProgress.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "ReplicationProgress",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct ReplicationProgress {
    #[serde(default)]
    pub rule: Vec<ReplicationRule>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::golden;

    #[test]
    fn rules() {
        let rule = ReplicationRule {
            id: Some("test_replication_1".into()),
            prefix_set: Some(PrefixSet {
                prefix: vec!["source_image".into(), "video".into()],
            }),
            action: Some("PUT".into()),
            destination: ReplicationDestination {
                bucket: "target-bucket".into(),
                location: "oss-cn-beijing".into(),
                transfer_type: Some("oss_acc".into()),
            },
            status: Some("doing".into()),
            historical_object_replication: Some("enabled".into()),
            sync_role: Some("aliyunramrole".into()),
            source_selection_criteria: Some(SourceSelectionCriteria {
                sse_kms_encrypted_objects: Some(SseKmsEncryptedObjects {
                    status: "Enabled".into(),
                }),
            }),
            encryption_configuration: Some(EncryptionConfiguration {
                replica_kms_key_id: "c4d4".into(),
            }),
            rtc: Some(Rtc {
                status: "enabled".into(),
            }),
        };
        let text = "<Rule><ID>test_replication_1</ID><PrefixSet><Prefix>source_image</Prefix><Prefix>video</Prefix></PrefixSet>\
            <Action>PUT</Action><Destination><Bucket>target-bucket</Bucket><Location>oss-cn-beijing</Location>\
            <TransferType>oss_acc</TransferType></Destination><Status>doing</Status>\
            <HistoricalObjectReplication>enabled</HistoricalObjectReplication><SyncRole>aliyunramrole</SyncRole>\
            <SourceSelectionCriteria><SseKmsEncryptedObjects><Status>Enabled</Status></SseKmsEncryptedObjects></SourceSelectionCriteria>\
            <EncryptionConfiguration><ReplicaKmsKeyID>c4d4</ReplicaKmsKeyID></EncryptionConfiguration>\
            <RTC><Status>enabled</Status></RTC></Rule>";
        golden(
            &ReplicationConfiguration {
                rule: vec![rule.clone()],
            },
            &format!("<ReplicationConfiguration>{text}</ReplicationConfiguration>"),
        );
        golden(
            &ReplicationProgress { rule: vec![rule] },
            &format!("<ReplicationProgress>{text}</ReplicationProgress>"),
        );
    }

    #[test]
    fn the_rest() {
        golden(
            &RtcConfiguration {
                rtc: Rtc {
                    status: "enabled".into(),
                },
                id: "r".into(),
            },
            "<ReplicationRule><RTC><Status>enabled</Status></RTC><ID>r</ID></ReplicationRule>",
        );
        golden(
            &ReplicationRules {
                id: vec!["r".into()],
            },
            "<ReplicationRules><ID>r</ID></ReplicationRules>",
        );
        golden(
            &ReplicationLocation {
                location: vec!["oss-cn-beijing".into()],
                location_transfer_type_constraint: LocationTransferTypeConstraint {
                    location_transfer_type: vec![LocationTransferType {
                        location: "oss-us-west-1".into(),
                        transfer_types: TransferTypes {
                            r#type: vec!["oss_acc".into()],
                        },
                    }],
                },
            },
            "<ReplicationLocation><Location>oss-cn-beijing</Location><LocationTransferTypeConstraint><LocationTransferType>
                <Location>oss-us-west-1</Location><TransferTypes><Type>oss_acc</Type></TransferTypes>
                </LocationTransferType></LocationTransferTypeConstraint></ReplicationLocation>",
        );
    }
}
