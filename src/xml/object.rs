//! Documents of objects (operations.md sections D and E) and the small ones that others share.
#![expect(missing_docs, reason = "fields are the protocol's own element names")]

use serde::{Deserialize, Serialize};

/// Who owns a bucket or an object.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    #[serde(rename = "ID")]
    pub id: String,
    #[serde(rename = "DisplayName")]
    pub display_name: String,
}

impl Owner {
    /// An owner from its two texts.
    pub fn new(id: impl Into<String>, display_name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            display_name: display_name.into(),
        }
    }
}

/// The one grant of an ACL.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct AccessControlList {
    pub grant: String,
}

impl AccessControlList {
    /// The list of one canned grant.
    pub fn new(grant: impl Into<String>) -> Self {
        Self {
            grant: grant.into(),
        }
    }
}

/// The answer of GetBucketAcl and GetObjectAcl.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "AccessControlPolicy",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct AccessControlPolicy {
    pub owner: Owner,
    pub access_control_list: AccessControlList,
}

/// Body and answer of bucket and object tagging.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "Tagging", rename_all = "PascalCase", deny_unknown_fields)]
pub struct Tagging {
    pub tag_set: Tags,
}

impl Tagging {
    /// The document of `pairs`, in their order.
    pub fn new(pairs: &[(String, String)]) -> Self {
        let tag = pairs
            .iter()
            .map(|(key, value)| Tag {
                key: key.clone(),
                value: value.clone(),
            })
            .collect();
        Self {
            tag_set: Tags { tag },
        }
    }

    /// The pairs of the document, in its order.
    pub fn into_pairs(self) -> Vec<(String, String)> {
        self.tag_set
            .tag
            .into_iter()
            .map(|tag| (tag.key, tag.value))
            .collect()
    }
}

/// The list inside [`Tagging`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Tags {
    #[serde(default)]
    pub tag: Vec<Tag>,
}

/// One tag.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Tag {
    pub key: String,
    #[serde(default)]
    pub value: String,
}

/// The body of DeleteMultipleObjects.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "Delete", rename_all = "PascalCase", deny_unknown_fields)]
pub struct Delete {
    #[serde(default)]
    pub quiet: bool,
    #[serde(default)]
    pub object: Vec<DeleteEntry>,
}

/// An object to delete. An absent or empty key is the handler's refusal, with its own code.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct DeleteEntry {
    #[serde(default)]
    pub key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
}

/// The answer of DeleteMultipleObjects, entries in the order of the request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "DeleteResult",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct DeleteResult {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding_type: Option<String>,
    #[serde(default)]
    pub deleted: Vec<Deleted>,
}

/// A deleted object.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Deleted {
    pub key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_marker: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_marker_version_id: Option<String>,
}

/// The answer of CopyObject.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "CopyObjectResult", deny_unknown_fields)]
pub struct CopyObjectResult {
    #[serde(rename = "LastModified")]
    pub last_modified: String,
    #[serde(rename = "ETag")]
    pub etag: String,
}

/// The answer of PostObject with `success_action_status` 201.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "PostResponse", deny_unknown_fields)]
pub struct PostResponse {
    #[serde(rename = "Bucket")]
    pub bucket: String,
    #[serde(rename = "ETag")]
    pub etag: String,
    #[serde(rename = "Key")]
    pub key: String,
    #[serde(rename = "Location")]
    pub location: String,
}

/// The body of RestoreObject. Days out of range and unknown tiers are the handler's refusal.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "RestoreRequest",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct RestoreRequest {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_parameters: Option<JobParameters>,
}

/// How fast a restore is to be.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct JobParameters {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
}

/// Body and answer of object retention.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "Retention", rename_all = "PascalCase", deny_unknown_fields)]
pub struct Retention {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retain_until_date: Option<String>,
}

/// Body and answer of legal holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "LegalHold", rename_all = "PascalCase", deny_unknown_fields)]
pub struct LegalHold {
    pub status: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::golden;

    #[test]
    fn acl() {
        golden(
            &AccessControlPolicy {
                owner: Owner::new("0022", "user_example"),
                access_control_list: AccessControlList::new("public-read"),
            },
            "<AccessControlPolicy>
                <Owner><ID>0022</ID><DisplayName>user_example</DisplayName></Owner>
                <AccessControlList><Grant>public-read</Grant></AccessControlList>
            </AccessControlPolicy>",
        );
    }

    #[test]
    fn tagging() {
        let pairs = [
            ("a".to_owned(), "1".to_owned()),
            ("b".to_owned(), String::new()),
        ];
        let document = Tagging::new(&pairs);
        golden(
            &document,
            "<Tagging><TagSet>
                <Tag><Key>a</Key><Value>1</Value></Tag>
                <Tag><Key>b</Key><Value/></Tag>
            </TagSet></Tagging>",
        );
        assert_eq!(document.into_pairs(), pairs);
        golden(&Tagging::default(), "<Tagging><TagSet/></Tagging>");
    }

    #[test]
    fn delete() {
        golden(
            &Delete {
                quiet: true,
                object: vec![
                    DeleteEntry {
                        key: " a ".into(),
                        version_id: None,
                    },
                    DeleteEntry {
                        key: "b&".into(),
                        version_id: Some("null".into()),
                    },
                ],
            },
            "<Delete>
                <Quiet>true</Quiet>
                <Object><Key> a </Key></Object>
                <Object><Key>b&amp;</Key><VersionId>null</VersionId></Object>
            </Delete>",
        );
    }

    #[test]
    fn delete_result() {
        golden(
            &DeleteResult {
                encoding_type: Some("url".into()),
                deleted: vec![
                    Deleted {
                        key: "a%20b".into(),
                        ..Deleted::default()
                    },
                    Deleted {
                        key: "c".into(),
                        version_id: Some("v1".into()),
                        delete_marker: Some(true),
                        delete_marker_version_id: Some("v1".into()),
                    },
                ],
            },
            "<DeleteResult>
                <EncodingType>url</EncodingType>
                <Deleted><Key>a%20b</Key></Deleted>
                <Deleted><Key>c</Key><VersionId>v1</VersionId><DeleteMarker>true</DeleteMarker>
                    <DeleteMarkerVersionId>v1</DeleteMarkerVersionId></Deleted>
            </DeleteResult>",
        );
        golden(&DeleteResult::default(), "<DeleteResult/>");
    }

    #[test]
    fn copy() {
        golden(
            &CopyObjectResult {
                last_modified: "2019-04-09T03:45:32.000Z".into(),
                etag: "\"5B3C1A2E053D763E1B002CC607C5A0FE\"".into(),
            },
            "<CopyObjectResult>
                <LastModified>2019-04-09T03:45:32.000Z</LastModified>
                <ETag>\"5B3C1A2E053D763E1B002CC607C5A0FE\"</ETag>
            </CopyObjectResult>",
        );
    }

    #[test]
    fn post_response() {
        golden(
            &PostResponse {
                bucket: "b".into(),
                etag: "\"D4\"".into(),
                key: "k".into(),
                location: "http://b.localhost/k".into(),
            },
            "<PostResponse><Bucket>b</Bucket><ETag>\"D4\"</ETag><Key>k</Key>
                <Location>http://b.localhost/k</Location></PostResponse>",
        );
    }

    #[test]
    fn restore() {
        golden(
            &RestoreRequest {
                days: Some(2),
                job_parameters: Some(JobParameters {
                    tier: Some("Bulk".into()),
                }),
            },
            "<RestoreRequest><Days>2</Days><JobParameters><Tier>Bulk</Tier></JobParameters></RestoreRequest>",
        );
    }

    #[test]
    fn retention_and_hold() {
        golden(
            &Retention {
                mode: Some("GOVERNANCE".into()),
                retain_until_date: Some("2026-01-01T00:00:00.000Z".into()),
            },
            "<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2026-01-01T00:00:00.000Z</RetainUntilDate></Retention>",
        );
        golden(
            &LegalHold {
                status: "ON".into(),
            },
            "<LegalHold><Status>ON</Status></LegalHold>",
        );
    }
}
