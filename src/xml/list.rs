//! Answers of the listings of a bucket (operations.md section B).
//!
//! Keys and prefixes stand here as they go out: `Encoding` has been applied.
#![expect(missing_docs, reason = "fields are the protocol's own element names")]

use super::object::Owner;
use serde::{Deserialize, Serialize};

/// The answer of ListObjects.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "ListBucketResult",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct ListObjectsResult {
    pub name: String,
    pub prefix: String,
    pub marker: String,
    pub max_keys: usize,
    pub delimiter: String,
    pub is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding_type: Option<String>,
    #[serde(default)]
    pub contents: Vec<Contents>,
    #[serde(default)]
    pub common_prefixes: Vec<CommonPrefixes>,
}

/// The answer of ListObjectsV2.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "ListBucketResult",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct ListObjectsV2Result {
    pub name: String,
    pub prefix: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_after: Option<String>,
    pub max_keys: usize,
    pub delimiter: String,
    pub is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continuation_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_continuation_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding_type: Option<String>,
    #[serde(default)]
    pub contents: Vec<Contents>,
    #[serde(default)]
    pub common_prefixes: Vec<CommonPrefixes>,
    pub key_count: usize,
}

/// An object in a listing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Contents {
    pub key: String,
    pub last_modified: String,
    /// With its quotes.
    #[serde(rename = "ETag")]
    pub etag: String,
    pub r#type: String,
    pub size: u64,
    pub storage_class: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restore_info: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transition_time: Option<String>,
}

/// Keys folded at the delimiter.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CommonPrefixes {
    pub prefix: String,
}

/// The answer of ListObjectVersions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "ListVersionsResult",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct ListVersionsResult {
    pub name: String,
    pub prefix: String,
    pub key_marker: String,
    pub version_id_marker: String,
    pub max_keys: usize,
    pub delimiter: String,
    pub is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_key_marker: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_version_id_marker: Option<String>,
    /// Versions and markers are siblings in list order, hence one list of both.
    #[serde(rename = "$value", default)]
    pub entries: Vec<VersionEntry>,
}

/// What stands between the head of [`ListVersionsResult`] and its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum VersionEntry {
    Version(Version),
    DeleteMarker(DeleteMarker),
    CommonPrefixes(CommonPrefixes),
}

/// A version of an object.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Version {
    pub key: String,
    pub version_id: String,
    pub is_latest: bool,
    pub last_modified: String,
    #[serde(rename = "ETag")]
    pub etag: String,
    pub r#type: String,
    pub size: u64,
    pub storage_class: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restore_info: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transition_time: Option<String>,
    pub owner: Owner,
}

/// A delete marker.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct DeleteMarker {
    pub key: String,
    pub version_id: String,
    pub is_latest: bool,
    pub last_modified: String,
    pub owner: Owner,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::golden;

    fn contents() -> Contents {
        Contents {
            key: "fun/movie/001.avi".into(),
            last_modified: "2012-02-24T08:43:07.000Z".into(),
            etag: "\"5B3C1A2E053D763E1B002CC607C5A0FE\"".into(),
            r#type: "Normal".into(),
            size: 344_606,
            storage_class: "Standard".into(),
            owner: Some(Owner::new("0022", "user")),
            restore_info: None,
            transition_time: None,
        }
    }

    #[test]
    fn list_objects() {
        golden(
            &ListObjectsResult {
                name: "oss-example".into(),
                prefix: "fun/".into(),
                max_keys: 100,
                delimiter: "/".into(),
                is_truncated: true,
                next_marker: Some("fun/movie/".into()),
                contents: vec![contents()],
                common_prefixes: vec![CommonPrefixes {
                    prefix: "fun/movie/".into(),
                }],
                ..ListObjectsResult::default()
            },
            "<ListBucketResult>
                <Name>oss-example</Name>
                <Prefix>fun/</Prefix>
                <Marker/>
                <MaxKeys>100</MaxKeys>
                <Delimiter>/</Delimiter>
                <IsTruncated>true</IsTruncated>
                <NextMarker>fun/movie/</NextMarker>
                <Contents>
                    <Key>fun/movie/001.avi</Key>
                    <LastModified>2012-02-24T08:43:07.000Z</LastModified>
                    <ETag>\"5B3C1A2E053D763E1B002CC607C5A0FE\"</ETag>
                    <Type>Normal</Type>
                    <Size>344606</Size>
                    <StorageClass>Standard</StorageClass>
                    <Owner><ID>0022</ID><DisplayName>user</DisplayName></Owner>
                </Contents>
                <CommonPrefixes><Prefix>fun/movie/</Prefix></CommonPrefixes>
            </ListBucketResult>",
        );
    }

    #[test]
    fn list_objects_v2() {
        golden(
            &ListObjectsV2Result {
                name: "examplebucket".into(),
                start_after: Some("b".into()),
                max_keys: 3,
                is_truncated: true,
                continuation_token: Some("CgJiYw--".into()),
                next_continuation_token: Some("CgJkZQ--".into()),
                encoding_type: Some("url".into()),
                contents: vec![Contents {
                    owner: None,
                    storage_class: "Archive".into(),
                    restore_info: Some("ongoing-request=\"true\"".into()),
                    ..contents()
                }],
                key_count: 1,
                ..ListObjectsV2Result::default()
            },
            "<ListBucketResult>
                <Name>examplebucket</Name>
                <Prefix/>
                <StartAfter>b</StartAfter>
                <MaxKeys>3</MaxKeys>
                <Delimiter/>
                <IsTruncated>true</IsTruncated>
                <ContinuationToken>CgJiYw--</ContinuationToken>
                <NextContinuationToken>CgJkZQ--</NextContinuationToken>
                <EncodingType>url</EncodingType>
                <Contents>
                    <Key>fun/movie/001.avi</Key>
                    <LastModified>2012-02-24T08:43:07.000Z</LastModified>
                    <ETag>\"5B3C1A2E053D763E1B002CC607C5A0FE\"</ETag>
                    <Type>Normal</Type>
                    <Size>344606</Size>
                    <StorageClass>Archive</StorageClass>
                    <RestoreInfo>ongoing-request=\"true\"</RestoreInfo>
                </Contents>
                <KeyCount>1</KeyCount>
            </ListBucketResult>",
        );
    }

    #[test]
    fn versions_and_markers_keep_their_order() {
        let marker = |key: &str| {
            VersionEntry::DeleteMarker(DeleteMarker {
                key: key.into(),
                version_id: "CAEQ".into(),
                is_latest: true,
                last_modified: "2019-04-09T07:27:28.000Z".into(),
                owner: Owner::new("1234", "1234"),
            })
        };
        golden(
            &ListVersionsResult {
                name: "b".into(),
                max_keys: 100,
                next_key_marker: Some("c/".into()),
                next_version_id_marker: Some(String::new()),
                is_truncated: true,
                entries: vec![
                    marker("a"),
                    VersionEntry::Version(Version {
                        key: "a".into(),
                        version_id: "null".into(),
                        last_modified: "2019-04-09T07:27:28.000Z".into(),
                        etag: "\"25\"".into(),
                        r#type: "Normal".into(),
                        size: 3,
                        storage_class: "Standard".into(),
                        owner: Owner::new("1234", "1234"),
                        ..Version::default()
                    }),
                    marker("b"),
                    VersionEntry::CommonPrefixes(CommonPrefixes {
                        prefix: "c/".into(),
                    }),
                ],
                ..ListVersionsResult::default()
            },
            "<ListVersionsResult>
                <Name>b</Name>
                <Prefix/>
                <KeyMarker/>
                <VersionIdMarker/>
                <MaxKeys>100</MaxKeys>
                <Delimiter/>
                <IsTruncated>true</IsTruncated>
                <NextKeyMarker>c/</NextKeyMarker>
                <NextVersionIdMarker/>
                <DeleteMarker>
                    <Key>a</Key><VersionId>CAEQ</VersionId><IsLatest>true</IsLatest>
                    <LastModified>2019-04-09T07:27:28.000Z</LastModified>
                    <Owner><ID>1234</ID><DisplayName>1234</DisplayName></Owner>
                </DeleteMarker>
                <Version>
                    <Key>a</Key><VersionId>null</VersionId><IsLatest>false</IsLatest>
                    <LastModified>2019-04-09T07:27:28.000Z</LastModified>
                    <ETag>\"25\"</ETag><Type>Normal</Type><Size>3</Size><StorageClass>Standard</StorageClass>
                    <Owner><ID>1234</ID><DisplayName>1234</DisplayName></Owner>
                </Version>
                <DeleteMarker>
                    <Key>b</Key><VersionId>CAEQ</VersionId><IsLatest>true</IsLatest>
                    <LastModified>2019-04-09T07:27:28.000Z</LastModified>
                    <Owner><ID>1234</ID><DisplayName>1234</DisplayName></Owner>
                </DeleteMarker>
                <CommonPrefixes><Prefix>c/</Prefix></CommonPrefixes>
            </ListVersionsResult>",
        );
    }
}
