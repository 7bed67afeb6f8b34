//! Documents of multipart uploads (operations.md section F).
#![expect(missing_docs, reason = "fields are the protocol's own element names")]

use super::list::CommonPrefixes;
use serde::{Deserialize, Serialize};

/// The answer of InitiateMultipartUpload.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "InitiateMultipartUploadResult",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct InitiateMultipartUploadResult {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding_type: Option<String>,
    pub bucket: String,
    pub key: String,
    pub upload_id: String,
}

/// The answer of UploadPartCopy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "CopyPartResult", deny_unknown_fields)]
pub struct CopyPartResult {
    #[serde(rename = "LastModified")]
    pub last_modified: String,
    #[serde(rename = "ETag")]
    pub etag: String,
}

/// The body of CompleteMultipartUpload.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "CompleteMultipartUpload",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct CompleteMultipartUpload {
    #[serde(default)]
    pub part: Vec<CompletePart>,
}

/// A part to take. Its number is signed, so that one out of range gets its own code.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompletePart {
    #[serde(rename = "PartNumber")]
    pub part_number: i64,
    #[serde(rename = "ETag")]
    pub etag: String,
}

/// The answer of CompleteMultipartUpload.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "CompleteMultipartUploadResult",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct CompleteMultipartUploadResult {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding_type: Option<String>,
    pub location: String,
    pub bucket: String,
    pub key: String,
    #[serde(rename = "ETag")]
    pub etag: String,
}

/// The answer of ListMultipartUploads.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "ListMultipartUploadsResult",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct ListMultipartUploadsResult {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding_type: Option<String>,
    pub bucket: String,
    pub key_marker: String,
    pub upload_id_marker: String,
    pub next_key_marker: String,
    pub next_upload_id_marker: String,
    pub delimiter: String,
    pub prefix: String,
    pub max_uploads: usize,
    pub is_truncated: bool,
    #[serde(default)]
    pub upload: Vec<Upload>,
    #[serde(default)]
    pub common_prefixes: Vec<CommonPrefixes>,
}

/// An upload in the list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Upload {
    pub key: String,
    pub upload_id: String,
    pub initiated: String,
}

/// The answer of ListParts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "ListPartsResult",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct ListPartsResult {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding_type: Option<String>,
    pub bucket: String,
    pub key: String,
    pub upload_id: String,
    pub storage_class: String,
    pub part_number_marker: u32,
    pub next_part_number_marker: u32,
    pub max_parts: usize,
    pub is_truncated: bool,
    /// `ClientEncryption…`: what a client needs to go on with an upload that it encrypts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_encryption_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_encryption_start: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_encryption_cek_alg: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_encryption_wrap_alg: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_encryption_data_size: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_encryption_part_size: Option<String>,
    #[serde(default)]
    pub part: Vec<Part>,
}

/// A part in the list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Part {
    pub part_number: u32,
    pub last_modified: String,
    #[serde(rename = "ETag")]
    pub etag: String,
    pub size: u64,
    pub hash_crc64ecma: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{from_xml, golden};

    #[test]
    fn initiate() {
        golden(
            &InitiateMultipartUploadResult {
                encoding_type: None,
                bucket: "oss-example".into(),
                key: "multipart.data".into(),
                upload_id: "0004B9894A22E5B1888A1E29F8236E2D".into(),
            },
            "<InitiateMultipartUploadResult>
                <Bucket>oss-example</Bucket>
                <Key>multipart.data</Key>
                <UploadId>0004B9894A22E5B1888A1E29F8236E2D</UploadId>
            </InitiateMultipartUploadResult>",
        );
    }

    #[test]
    fn copy_part() {
        golden(
            &CopyPartResult {
                last_modified: "2014-07-17T06:27:54.000Z".into(),
                etag: "\"5B\"".into(),
            },
            "<CopyPartResult><LastModified>2014-07-17T06:27:54.000Z</LastModified><ETag>\"5B\"</ETag></CopyPartResult>",
        );
    }

    #[test]
    fn complete() {
        golden(
            &CompleteMultipartUpload {
                part: vec![
                    CompletePart {
                        part_number: 1,
                        etag: "\"33\"".into(),
                    },
                    CompletePart {
                        part_number: 5,
                        etag: "47".into(),
                    },
                ],
            },
            "<CompleteMultipartUpload>
                <Part><PartNumber>1</PartNumber><ETag>\"33\"</ETag></Part>
                <Part><PartNumber>5</PartNumber><ETag>47</ETag></Part>
            </CompleteMultipartUpload>",
        );
        let quoted = "<CompleteMultipartUpload><Part><ETag>&quot;A&quot;</ETag><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>";
        let read = from_xml::<CompleteMultipartUpload>(quoted.as_bytes()).unwrap();
        assert_eq!(read.part[0].etag, "\"A\"");
    }

    #[test]
    fn completed() {
        golden(
            &CompleteMultipartUploadResult {
                encoding_type: Some("url".into()),
                location: "http://oss-example.localhost/multipart.data".into(),
                bucket: "oss-example".into(),
                key: "multipart.data".into(),
                etag: "\"B864DB6A936D376F9F8D3ED3BBE540DD-3\"".into(),
            },
            "<CompleteMultipartUploadResult>
                <EncodingType>url</EncodingType>
                <Location>http://oss-example.localhost/multipart.data</Location>
                <Bucket>oss-example</Bucket>
                <Key>multipart.data</Key>
                <ETag>\"B864DB6A936D376F9F8D3ED3BBE540DD-3\"</ETag>
            </CompleteMultipartUploadResult>",
        );
    }

    #[test]
    fn uploads() {
        golden(
            &ListMultipartUploadsResult {
                bucket: "oss-example".into(),
                next_key_marker: "oss.avi".into(),
                next_upload_id_marker: "0004B99B8E707874FC2D692FA5D77D3F".into(),
                max_uploads: 1000,
                upload: vec![Upload {
                    key: "oss.avi".into(),
                    upload_id: "0004B99B8E707874FC2D692FA5D77D3F".into(),
                    initiated: "2012-02-23T06:14:27.000Z".into(),
                }],
                common_prefixes: vec![CommonPrefixes {
                    prefix: "a/".into(),
                }],
                ..ListMultipartUploadsResult::default()
            },
            "<ListMultipartUploadsResult>
                <Bucket>oss-example</Bucket>
                <KeyMarker/>
                <UploadIdMarker/>
                <NextKeyMarker>oss.avi</NextKeyMarker>
                <NextUploadIdMarker>0004B99B8E707874FC2D692FA5D77D3F</NextUploadIdMarker>
                <Delimiter/>
                <Prefix/>
                <MaxUploads>1000</MaxUploads>
                <IsTruncated>false</IsTruncated>
                <Upload>
                    <Key>oss.avi</Key>
                    <UploadId>0004B99B8E707874FC2D692FA5D77D3F</UploadId>
                    <Initiated>2012-02-23T06:14:27.000Z</Initiated>
                </Upload>
                <CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>
            </ListMultipartUploadsResult>",
        );
    }

    #[test]
    fn parts() {
        golden(
            &ListPartsResult {
                bucket: "b".into(),
                key: "k".into(),
                upload_id: "0004".into(),
                storage_class: "Standard".into(),
                next_part_number_marker: 5,
                max_parts: 1000,
                part: vec![Part {
                    part_number: 5,
                    last_modified: "2012-02-23T07:02:03.000Z".into(),
                    etag: "\"7265F4D211B56873A381D321F586E4A9\"".into(),
                    size: 1024,
                    hash_crc64ecma: "11051210869376104954".into(),
                }],
                ..ListPartsResult::default()
            },
            "<ListPartsResult>
                <Bucket>b</Bucket>
                <Key>k</Key>
                <UploadId>0004</UploadId>
                <StorageClass>Standard</StorageClass>
                <PartNumberMarker>0</PartNumberMarker>
                <NextPartNumberMarker>5</NextPartNumberMarker>
                <MaxParts>1000</MaxParts>
                <IsTruncated>false</IsTruncated>
                <Part>
                    <PartNumber>5</PartNumber>
                    <LastModified>2012-02-23T07:02:03.000Z</LastModified>
                    <ETag>\"7265F4D211B56873A381D321F586E4A9\"</ETag>
                    <Size>1024</Size>
                    <HashCrc64ecma>11051210869376104954</HashCrc64ecma>
                </Part>
            </ListPartsResult>",
        );
    }
}
