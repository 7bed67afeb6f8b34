//! Small configuration documents of buckets that are kept as they come (operations.md section C).
#![expect(missing_docs, reason = "fields are the protocol's own element names")]

use super::value::{flag, non_empty, optional_flag};
use serde::{Deserialize, Serialize};

/// `?httpsConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "HttpsConfiguration", deny_unknown_fields)]
pub struct HttpsConfiguration {
    #[serde(rename = "TLS")]
    pub tls: Tls,
    #[serde(rename = "CipherSuite", skip_serializing_if = "Option::is_none")]
    pub cipher_suite: Option<CipherSuite>,
}

/// Which versions of TLS are taken.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    #[serde(rename = "Enable", deserialize_with = "flag")]
    pub enable: bool,
    #[serde(rename = "TLSVersion", default)]
    pub versions: Vec<String>,
}

/// Which ciphers are taken.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CipherSuite {
    #[serde(deserialize_with = "flag")]
    pub enable: bool,
    #[serde(
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub strong_cipher_suite: Option<bool>,
    #[serde(default)]
    pub custom_cipher_suite: Vec<String>,
    #[serde(rename = "TLS13CustomCipherSuite", default)]
    pub tls13_custom_cipher_suite: Vec<String>,
}

/// `?bucketArchiveDirectRead`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "ArchiveDirectReadConfiguration",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct ArchiveDirectReadConfiguration {
    #[serde(deserialize_with = "flag")]
    pub enabled: bool,
}

/// `?userDefinedLogFieldsConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "UserDefinedLogFieldsConfiguration",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct UserDefinedLogFieldsConfiguration {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header_set: Option<HeaderSet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub param_set: Option<ParamSet>,
}

/// Headers that access logs show.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderSet {
    #[serde(default)]
    pub header: Vec<String>,
}

/// Query parameters that access logs show.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParamSet {
    #[serde(default)]
    pub parameter: Vec<String>,
}

/// `?policy&comp=callback`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "BucketCallbackPolicy",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct BucketCallbackPolicy {
    #[serde(default)]
    pub policy_item: Vec<CallbackPolicyItem>,
}

/// A callback that uploads can name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CallbackPolicyItem {
    pub policy_name: String,
    pub callback: String,
    #[serde(
        default,
        deserialize_with = "non_empty",
        skip_serializing_if = "Option::is_none"
    )]
    pub callback_var: Option<String>,
}

/// `?responseHeader`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "ResponseHeaderConfiguration",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct ResponseHeaderConfiguration {
    #[serde(default)]
    pub rule: Vec<ResponseHeaderRule>,
}

/// Which headers the answers of which operations hide.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ResponseHeaderRule {
    pub name: String,
    #[serde(default)]
    pub filters: ResponseHeaderFilters,
    #[serde(default)]
    pub hide_headers: HideHeaders,
}

/// Operations of [`ResponseHeaderRule`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ResponseHeaderFilters {
    #[serde(default)]
    pub operation: Vec<String>,
}

/// Headers of [`ResponseHeaderRule`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct HideHeaders {
    #[serde(default)]
    pub header: Vec<String>,
}

/// `?overwriteConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "OverwriteConfiguration",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct OverwriteConfiguration {
    #[serde(default)]
    pub rule: Vec<OverwriteRule>,
}

/// Which keys nobody of whom may overwrite.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct OverwriteRule {
    #[serde(rename = "ID", default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub action: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suffix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principals: Option<OverwritePrincipals>,
}

/// Whom an [`OverwriteRule`] binds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct OverwritePrincipals {
    #[serde(default)]
    pub principal: Vec<String>,
}

/// The body of PutStyle.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "Style", rename_all = "PascalCase", deny_unknown_fields)]
pub struct StyleContent {
    #[serde(default)]
    pub content: String,
}

/// A named style, as it is kept and answered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "Style", rename_all = "PascalCase", deny_unknown_fields)]
pub struct Style {
    pub name: String,
    pub content: String,
    pub category: String,
    pub create_time: String,
    pub last_modify_time: String,
}

/// The answer of ListStyle.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "StyleList", rename_all = "PascalCase", deny_unknown_fields)]
pub struct StyleList {
    #[serde(default)]
    pub style: Vec<Style>,
}

/// The body of PutCname, DeleteCname and CreateCnameToken.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "BucketCnameConfiguration",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct BucketCnameConfiguration {
    pub cname: Cname,
}

/// A domain and its certificate.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Cname {
    pub domain: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_configuration: Option<CertificateConfiguration>,
}

/// A certificate. Read and never kept: it holds a private key.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CertificateConfiguration {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_cert_id: Option<String>,
    #[serde(
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub force: Option<bool>,
    #[serde(
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub delete_certificate: Option<bool>,
}

impl std::fmt::Debug for CertificateConfiguration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CertificateConfiguration({:?}, ***)", self.cert_id)
    }
}

/// The answer of CreateCnameToken and GetCnameToken.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "CnameToken", rename_all = "PascalCase", deny_unknown_fields)]
pub struct CnameToken {
    pub bucket: String,
    pub cname: String,
    pub token: String,
    pub expire_time: String,
}

/// The answer of ListCname; no domain can be bound here.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "ListCnameResult",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct ListCnameResult {
    pub bucket: String,
    pub owner: String,
}

/// A change of redundancy, as it is kept and answered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "BucketDataRedundancyTransition",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct BucketDataRedundancyTransition {
    pub bucket: String,
    pub task_id: String,
    pub status: String,
    pub create_time: String,
    pub start_time: String,
    pub end_time: String,
    pub process_percentage: u32,
    pub estimated_remaining_time: u32,
}

/// The answer of ListBucketDataRedundancyTransition and ListUserDataRedundancyTransition.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "ListBucketDataRedundancyTransition",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct ListBucketDataRedundancyTransition {
    pub is_truncated: bool,
    pub next_continuation_token: String,
    #[serde(default)]
    pub bucket_data_redundancy_transition: Vec<BucketDataRedundancyTransition>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{from_xml, golden};

    #[test]
    fn https_config() {
        golden(
            &HttpsConfiguration {
                tls: Tls {
                    enable: true,
                    versions: vec!["TLSv1.2".into(), "TLSv1.3".into()],
                },
                cipher_suite: Some(CipherSuite {
                    enable: true,
                    strong_cipher_suite: Some(false),
                    custom_cipher_suite: vec!["ECDHE-ECDSA-AES256-CCM8".into()],
                    tls13_custom_cipher_suite: vec!["TLS_AES_256_GCM_SHA384".into()],
                }),
            },
            "<HttpsConfiguration>
                <TLS><Enable>true</Enable><TLSVersion>TLSv1.2</TLSVersion><TLSVersion>TLSv1.3</TLSVersion></TLS>
                <CipherSuite><Enable>true</Enable><StrongCipherSuite>false</StrongCipherSuite>
                <CustomCipherSuite>ECDHE-ECDSA-AES256-CCM8</CustomCipherSuite>
                <TLS13CustomCipherSuite>TLS_AES_256_GCM_SHA384</TLS13CustomCipherSuite></CipherSuite>
            </HttpsConfiguration>",
        );
    }

    #[test]
    fn one_flag_and_lists() {
        golden(
            &ArchiveDirectReadConfiguration { enabled: true },
            "<ArchiveDirectReadConfiguration><Enabled>true</Enabled></ArchiveDirectReadConfiguration>",
        );
        golden(
            &UserDefinedLogFieldsConfiguration {
                header_set: Some(HeaderSet {
                    header: vec!["h1".into(), "h2".into()],
                }),
                param_set: Some(ParamSet {
                    parameter: vec!["p1".into()],
                }),
            },
            "<UserDefinedLogFieldsConfiguration>
                <HeaderSet><header>h1</header><header>h2</header></HeaderSet>
                <ParamSet><parameter>p1</parameter></ParamSet>
            </UserDefinedLogFieldsConfiguration>",
        );
    }

    #[test]
    fn rules() {
        golden(
            &BucketCallbackPolicy {
                policy_item: vec![CallbackPolicyItem {
                    policy_name: "first".into(),
                    callback: "e30=".into(),
                    callback_var: None,
                }],
            },
            "<BucketCallbackPolicy><PolicyItem><PolicyName>first</PolicyName><Callback>e30=</Callback></PolicyItem></BucketCallbackPolicy>",
        );
        golden(
            &ResponseHeaderConfiguration {
                rule: vec![ResponseHeaderRule {
                    name: "rule1".into(),
                    filters: ResponseHeaderFilters {
                        operation: vec!["Put".into(), "GetObject".into()],
                    },
                    hide_headers: HideHeaders {
                        header: vec!["Last-Modified".into()],
                    },
                }],
            },
            "<ResponseHeaderConfiguration><Rule><Name>rule1</Name>
                <Filters><Operation>Put</Operation><Operation>GetObject</Operation></Filters>
                <HideHeaders><Header>Last-Modified</Header></HideHeaders></Rule></ResponseHeaderConfiguration>",
        );
        golden(
            &OverwriteConfiguration {
                rule: vec![OverwriteRule {
                    id: Some("rule1".into()),
                    action: "forbid".into(),
                    prefix: Some("a/".into()),
                    suffix: Some(".txt".into()),
                    principals: Some(OverwritePrincipals {
                        principal: vec!["111".into()],
                    }),
                }],
            },
            "<OverwriteConfiguration><Rule><ID>rule1</ID><Action>forbid</Action><Prefix>a/</Prefix><Suffix>.txt</Suffix>
                <Principals><Principal>111</Principal></Principals></Rule></OverwriteConfiguration>",
        );
    }

    #[test]
    fn styles() {
        let time = "Wed, 20 May 2020 12:07:15 GMT";
        let style = Style {
            name: "imagestyle".into(),
            content: "image/resize,p_50".into(),
            category: "image".into(),
            create_time: time.into(),
            last_modify_time: time.into(),
        };
        golden(
            &StyleList { style: vec![style] },
            "<StyleList><Style><Name>imagestyle</Name><Content>image/resize,p_50</Content><Category>image</Category>
                <CreateTime>Wed, 20 May 2020 12:07:15 GMT</CreateTime>
                <LastModifyTime>Wed, 20 May 2020 12:07:15 GMT</LastModifyTime></Style></StyleList>",
        );
        golden(
            &StyleContent {
                content: "image/resize,p_50".into(),
            },
            "<Style><Content>image/resize,p_50</Content></Style>",
        );
    }

    #[test]
    fn cnames_hide_their_private_key() {
        let text = "<BucketCnameConfiguration><Cname><Domain>example.com</Domain><CertificateConfiguration>\
            <CertId>493</CertId><Certificate>c</Certificate><PrivateKey>secret</PrivateKey><Force>true</Force>\
            </CertificateConfiguration></Cname></BucketCnameConfiguration>";
        let read = from_xml::<BucketCnameConfiguration>(text.as_bytes()).unwrap();
        assert!(!format!("{read:?}").contains("secret"));
        golden(&read, text);
        golden(
            &CnameToken {
                bucket: "b".into(),
                cname: "example.com".into(),
                token: "be1d49d8".into(),
                expire_time: "Wed, 16 Sep 2020 08:04:33 GMT".into(),
            },
            "<CnameToken><Bucket>b</Bucket><Cname>example.com</Cname><Token>be1d49d8</Token>
                <ExpireTime>Wed, 16 Sep 2020 08:04:33 GMT</ExpireTime></CnameToken>",
        );
        golden(
            &ListCnameResult {
                bucket: "b".into(),
                owner: "1".into(),
            },
            "<ListCnameResult><Bucket>b</Bucket><Owner>1</Owner></ListCnameResult>",
        );
    }

    #[test]
    fn transitions() {
        let time = "2023-11-17T09:11:58.000Z";
        let task = BucketDataRedundancyTransition {
            bucket: "b".into(),
            task_id: "4be5beb0f74f490186311b268bf6****".into(),
            status: "Finished".into(),
            create_time: time.into(),
            start_time: time.into(),
            end_time: time.into(),
            process_percentage: 100,
            estimated_remaining_time: 0,
        };
        golden(
            &ListBucketDataRedundancyTransition {
                bucket_data_redundancy_transition: vec![task],
                ..ListBucketDataRedundancyTransition::default()
            },
            "<ListBucketDataRedundancyTransition><IsTruncated>false</IsTruncated><NextContinuationToken/>
                <BucketDataRedundancyTransition><Bucket>b</Bucket><TaskId>4be5beb0f74f490186311b268bf6****</TaskId>
                <Status>Finished</Status><CreateTime>2023-11-17T09:11:58.000Z</CreateTime>
                <StartTime>2023-11-17T09:11:58.000Z</StartTime><EndTime>2023-11-17T09:11:58.000Z</EndTime>
                <ProcessPercentage>100</ProcessPercentage><EstimatedRemainingTime>0</EstimatedRemainingTime>
                </BucketDataRedundancyTransition></ListBucketDataRedundancyTransition>",
        );
    }
}
