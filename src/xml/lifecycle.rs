//! The lifecycle document (operations.md section C).
#![expect(missing_docs, reason = "fields are the protocol's own element names")]

use super::object::Tag;
use super::value::optional_flag;
use serde::{Deserialize, Serialize};

/// `?lifecycle`. Days are signed: a bad number has a code of its own.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "LifecycleConfiguration",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct LifecycleConfiguration {
    #[serde(default)]
    pub rule: Vec<LifecycleRule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct LifecycleRule {
    #[serde(rename = "ID", skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(default)]
    pub prefix: String,
    pub status: String,
    #[serde(default)]
    pub tag: Vec<Tag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<LifecycleFilter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiration: Option<Expiration>,
    #[serde(default)]
    pub transition: Vec<Transition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abort_multipart_upload: Option<AbortMultipartUpload>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noncurrent_version_expiration: Option<NoncurrentVersionExpiration>,
    #[serde(default)]
    pub noncurrent_version_transition: Vec<NoncurrentVersionTransition>,
    /// Node's older form of `Expiration`; it sends both, and only the newer one counts.
    #[serde(default, skip_serializing)]
    pub days: Option<i64>,
    /// As `days`.
    #[serde(default, skip_serializing)]
    pub date: Option<String>,
    /// Set by the server, in seconds, for rules by access time; sent back by clients that echo a rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub atime_base: Option<i64>,
}

/// When objects go.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Expiration {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_before_date: Option<String>,
    #[serde(
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub expired_object_delete_marker: Option<bool>,
}

/// When objects change their class.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Transition {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_before_date: Option<String>,
    pub storage_class: String,
    #[serde(
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub is_access_time: Option<bool>,
    #[serde(
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub return_to_std_when_visit: Option<bool>,
    #[serde(
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub allow_small_file: Option<bool>,
}

/// When unfinished uploads go.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct AbortMultipartUpload {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_before_date: Option<String>,
}

/// When older versions go.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct NoncurrentVersionExpiration {
    pub noncurrent_days: i64,
}

/// When older versions change their class.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct NoncurrentVersionTransition {
    pub noncurrent_days: i64,
    pub storage_class: String,
    #[serde(
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub is_access_time: Option<bool>,
    #[serde(
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub return_to_std_when_visit: Option<bool>,
    #[serde(
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub allow_small_file: Option<bool>,
}

/// What else an object must be, or not be.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct LifecycleFilter {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_size_greater_than: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_size_less_than: Option<i64>,
    #[serde(default)]
    pub not: Vec<LifecycleNot>,
}

/// Objects that a rule leaves alone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct LifecycleNot {
    #[serde(default)]
    pub prefix: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<Tag>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{from_xml, golden};

    #[test]
    fn a_rule_of_everything() {
        golden(
            &LifecycleConfiguration {
                rule: vec![LifecycleRule {
                    id: Some("r1".into()),
                    prefix: "log/".into(),
                    status: "Enabled".into(),
                    tag: vec![Tag {
                        key: "a".into(),
                        value: "1".into(),
                    }],
                    filter: Some(LifecycleFilter {
                        object_size_greater_than: Some(500),
                        object_size_less_than: Some(64_000),
                        not: vec![LifecycleNot {
                            prefix: "log/keep".into(),
                            tag: Some(Tag {
                                key: "k".into(),
                                value: "v".into(),
                            }),
                        }],
                    }),
                    expiration: Some(Expiration {
                        days: Some(90),
                        ..Expiration::default()
                    }),
                    transition: vec![Transition {
                        days: Some(30),
                        storage_class: "IA".into(),
                        is_access_time: Some(true),
                        return_to_std_when_visit: Some(false),
                        ..Transition::default()
                    }],
                    abort_multipart_upload: Some(AbortMultipartUpload {
                        created_before_date: Some("2017-01-01T00:00:00.000Z".into()),
                        ..AbortMultipartUpload::default()
                    }),
                    noncurrent_version_expiration: Some(NoncurrentVersionExpiration {
                        noncurrent_days: 5,
                    }),
                    noncurrent_version_transition: vec![NoncurrentVersionTransition {
                        noncurrent_days: 3,
                        storage_class: "Archive".into(),
                        ..NoncurrentVersionTransition::default()
                    }],
                    atime_base: Some(1_631_698_332),
                    ..LifecycleRule::default()
                }],
            },
            "<LifecycleConfiguration>
                <Rule>
                    <ID>r1</ID>
                    <Prefix>log/</Prefix>
                    <Status>Enabled</Status>
                    <Tag><Key>a</Key><Value>1</Value></Tag>
                    <Filter>
                        <ObjectSizeGreaterThan>500</ObjectSizeGreaterThan>
                        <ObjectSizeLessThan>64000</ObjectSizeLessThan>
                        <Not><Prefix>log/keep</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></Not>
                    </Filter>
                    <Expiration><Days>90</Days></Expiration>
                    <Transition>
                        <Days>30</Days>
                        <StorageClass>IA</StorageClass>
                        <IsAccessTime>true</IsAccessTime>
                        <ReturnToStdWhenVisit>false</ReturnToStdWhenVisit>
                    </Transition>
                    <AbortMultipartUpload>
                        <CreatedBeforeDate>2017-01-01T00:00:00.000Z</CreatedBeforeDate>
                    </AbortMultipartUpload>
                    <NoncurrentVersionExpiration><NoncurrentDays>5</NoncurrentDays></NoncurrentVersionExpiration>
                    <NoncurrentVersionTransition>
                        <NoncurrentDays>3</NoncurrentDays>
                        <StorageClass>Archive</StorageClass>
                    </NoncurrentVersionTransition>
                    <AtimeBase>1631698332</AtimeBase>
                </Rule>
            </LifecycleConfiguration>",
        );
    }

    #[test]
    fn node_sends_its_old_form_beside_the_new_one() {
        let text = "<LifecycleConfiguration><Rule><Prefix>logs/</Prefix><Status>Enabled</Status><Days>1</Days>\
            <Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>";
        let read = from_xml::<LifecycleConfiguration>(text.as_bytes()).unwrap();
        let written = String::from_utf8(crate::xml::to_xml(&read).unwrap()).unwrap();
        assert_eq!(written.matches("<Days>").count(), 1, "{written}");
    }

    #[test]
    fn python_writes_capital_flags() {
        let text = "<LifecycleConfiguration><Rule><Status>Enabled</Status><Expiration>\
            <ExpiredObjectDeleteMarker>True</ExpiredObjectDeleteMarker></Expiration></Rule></LifecycleConfiguration>";
        let read = from_xml::<LifecycleConfiguration>(text.as_bytes()).unwrap();
        let expiration = read.rule[0].expiration.as_ref().unwrap();
        assert_eq!(expiration.expired_object_delete_marker, Some(true));
    }
}
