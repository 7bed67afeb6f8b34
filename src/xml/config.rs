//! Configuration documents of buckets (operations.md sections B, C and D), but for the two large ones.
//!
//! Numbers whose bad values have a code of their own are signed here; the handlers check them.
#![expect(missing_docs, reason = "fields are the protocol's own element names")]

use super::value::{flag, non_empty, optional_flag};
use serde::{Deserialize, Serialize};

/// `?versioning`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "VersioningConfiguration",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct VersioningConfiguration {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// `?requestPayment`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "RequestPaymentConfiguration",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct RequestPaymentConfiguration {
    pub payer: String,
}

/// `?cors`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "CORSConfiguration", deny_unknown_fields)]
pub struct CorsConfiguration {
    #[serde(rename = "CORSRule", default)]
    pub rules: Vec<CorsRule>,
    #[serde(
        rename = "ResponseVary",
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub response_vary: Option<bool>,
}

/// One rule of [`CorsConfiguration`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CorsRule {
    #[serde(default)]
    pub allowed_origin: Vec<String>,
    #[serde(default)]
    pub allowed_method: Vec<String>,
    #[serde(default)]
    pub allowed_header: Vec<String>,
    #[serde(default)]
    pub expose_header: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age_seconds: Option<i64>,
}

/// `?referer`. Node leaves the list out when it is empty, so it is optional here and always answered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "RefererConfiguration",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct RefererConfiguration {
    #[serde(deserialize_with = "flag")]
    pub allow_empty_referer: bool,
    #[serde(
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub allow_truncate_query_string: Option<bool>,
    #[serde(
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub truncate_path: Option<bool>,
    #[serde(default)]
    pub referer_list: Referers,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referer_blacklist: Option<Referers>,
}

/// Patterns of [`RefererConfiguration`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Referers {
    #[serde(default)]
    pub referer: Vec<String>,
}

/// `?logging`; empty switches logging off.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "BucketLoggingStatus",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct BucketLoggingStatus {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logging_enabled: Option<LoggingEnabled>,
}

/// Where access logs go.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct LoggingEnabled {
    #[serde(default)]
    pub target_bucket: String,
    #[serde(default)]
    pub target_prefix: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logging_role: Option<String>,
}

/// `?encryption`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "ServerSideEncryptionRule",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct ServerSideEncryptionRule {
    pub apply_server_side_encryption_by_default: DefaultEncryption,
}

/// The nested form of the default encryption.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefaultEncryption {
    #[serde(rename = "SSEAlgorithm")]
    pub sse_algorithm: String,
    #[serde(
        rename = "KMSMasterKeyID",
        default,
        deserialize_with = "non_empty",
        skip_serializing_if = "Option::is_none"
    )]
    pub kms_master_key_id: Option<String>,
    #[serde(
        rename = "KMSDataEncryption",
        default,
        deserialize_with = "non_empty",
        skip_serializing_if = "Option::is_none"
    )]
    pub kms_data_encryption: Option<String>,
}

/// The answer of `?policyStatus`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "PolicyStatus",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct PolicyStatus {
    pub is_public: bool,
}

/// `?publicAccessBlock`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "PublicAccessBlockConfiguration",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct PublicAccessBlockConfiguration {
    #[serde(deserialize_with = "flag")]
    pub block_public_access: bool,
}

/// `?transferAcceleration`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "TransferAccelerationConfiguration",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct TransferAccelerationConfiguration {
    #[serde(deserialize_with = "flag")]
    pub enabled: bool,
}

/// `?accessmonitor`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "AccessMonitorConfiguration",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct AccessMonitorConfiguration {
    pub status: String,
    /// Sent by Java v1; taken and not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_small_size: Option<String>,
}

/// When the access monitor was switched on, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "AccessMonitorStart",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct AccessMonitorStart {
    pub time: String,
}

/// `?resourceGroup`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "BucketResourceGroupConfiguration",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct BucketResourceGroupConfiguration {
    pub resource_group_id: String,
}

/// The body of InitiateBucketWorm.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "InitiateWormConfiguration",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct InitiateWormConfiguration {
    pub retention_period_in_days: i64,
}

/// The body of ExtendBucketWorm.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "ExtendWormConfiguration",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct ExtendWormConfiguration {
    pub retention_period_in_days: i64,
}

/// The answer of GetBucketWorm.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "WormConfiguration",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct WormConfiguration {
    pub worm_id: String,
    pub state: String,
    pub retention_period_in_days: u32,
    pub creation_date: String,
    pub expiration_date: String,
}

/// `?objectWorm`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "ObjectWormConfiguration",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct ObjectWormConfiguration {
    pub object_worm_enabled: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<ObjectWormRule>,
}

/// What new objects get.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ObjectWormRule {
    pub default_retention: DefaultRetention,
}

/// Mode and period, in days or years.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct DefaultRetention {
    pub mode: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub years: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{from_xml, golden};

    #[test]
    fn versioning() {
        golden(
            &VersioningConfiguration {
                status: Some("Enabled".into()),
            },
            "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
        );
        golden(
            &VersioningConfiguration::default(),
            "<VersioningConfiguration/>",
        );
    }

    #[test]
    fn request_payment() {
        golden(
            &RequestPaymentConfiguration {
                payer: "Requester".into(),
            },
            "<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>",
        );
    }

    #[test]
    fn cors() {
        golden(
            &CorsConfiguration {
                rules: vec![
                    CorsRule {
                        allowed_origin: vec!["*".into()],
                        allowed_method: vec!["PUT".into(), "GET".into()],
                        allowed_header: vec!["Authorization".into()],
                        ..CorsRule::default()
                    },
                    CorsRule {
                        allowed_origin: vec![
                            "http://example.com".into(),
                            "http://example.net".into(),
                        ],
                        allowed_method: vec!["GET".into()],
                        expose_header: vec!["x-oss-test".into()],
                        max_age_seconds: Some(100),
                        ..CorsRule::default()
                    },
                ],
                response_vary: Some(false),
            },
            "<CORSConfiguration>
                <CORSRule>
                    <AllowedOrigin>*</AllowedOrigin>
                    <AllowedMethod>PUT</AllowedMethod>
                    <AllowedMethod>GET</AllowedMethod>
                    <AllowedHeader>Authorization</AllowedHeader>
                </CORSRule>
                <CORSRule>
                    <AllowedOrigin>http://example.com</AllowedOrigin>
                    <AllowedOrigin>http://example.net</AllowedOrigin>
                    <AllowedMethod>GET</AllowedMethod>
                    <ExposeHeader>x-oss-test</ExposeHeader>
                    <MaxAgeSeconds>100</MaxAgeSeconds>
                </CORSRule>
                <ResponseVary>false</ResponseVary>
            </CORSConfiguration>",
        );
        let negative = b"<CORSConfiguration><CORSRule><MaxAgeSeconds>-1</MaxAgeSeconds></CORSRule></CORSConfiguration>";
        let read = from_xml::<CorsConfiguration>(negative).unwrap();
        assert_eq!(read.rules[0].max_age_seconds, Some(-1));
    }

    #[test]
    fn referer() {
        golden(
            &RefererConfiguration {
                allow_empty_referer: false,
                allow_truncate_query_string: Some(true),
                truncate_path: None,
                referer_list: Referers {
                    referer: vec![
                        "http://www.aliyun.com".into(),
                        "https://?.aliyun.com".into(),
                    ],
                },
                referer_blacklist: Some(Referers {
                    referer: vec!["http://*.com".into()],
                }),
            },
            "<RefererConfiguration>
                <AllowEmptyReferer>false</AllowEmptyReferer>
                <AllowTruncateQueryString>true</AllowTruncateQueryString>
                <RefererList>
                    <Referer>http://www.aliyun.com</Referer>
                    <Referer>https://?.aliyun.com</Referer>
                </RefererList>
                <RefererBlacklist><Referer>http://*.com</Referer></RefererBlacklist>
            </RefererConfiguration>",
        );
        let without = b"<RefererConfiguration><AllowEmptyReferer>true</AllowEmptyReferer></RefererConfiguration>";
        assert_eq!(
            from_xml::<RefererConfiguration>(without)
                .unwrap()
                .referer_list,
            Referers::default()
        );
        assert!(from_xml::<RefererConfiguration>(b"<RefererConfiguration/>").is_err());
    }

    #[test]
    fn logging() {
        golden(&BucketLoggingStatus::default(), "<BucketLoggingStatus/>");
        golden(
            &BucketLoggingStatus {
                logging_enabled: Some(LoggingEnabled {
                    target_bucket: "mybucketlogs".into(),
                    target_prefix: "mybucket-access_log/".into(),
                    logging_role: None,
                }),
            },
            "<BucketLoggingStatus><LoggingEnabled>
                <TargetBucket>mybucketlogs</TargetBucket>
                <TargetPrefix>mybucket-access_log/</TargetPrefix>
            </LoggingEnabled></BucketLoggingStatus>",
        );
    }

    #[test]
    fn encryption() {
        golden(
            &ServerSideEncryptionRule {
                apply_server_side_encryption_by_default: DefaultEncryption {
                    sse_algorithm: "KMS".into(),
                    kms_master_key_id: Some("9468da86".into()),
                    kms_data_encryption: Some("SM4".into()),
                },
            },
            "<ServerSideEncryptionRule><ApplyServerSideEncryptionByDefault>
                <SSEAlgorithm>KMS</SSEAlgorithm>
                <KMSMasterKeyID>9468da86</KMSMasterKeyID>
                <KMSDataEncryption>SM4</KMSDataEncryption>
            </ApplyServerSideEncryptionByDefault></ServerSideEncryptionRule>",
        );
        let empty = "<ServerSideEncryptionRule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>\
            <KMSMasterKeyID></KMSMasterKeyID></ApplyServerSideEncryptionByDefault></ServerSideEncryptionRule>";
        let read = from_xml::<ServerSideEncryptionRule>(empty.as_bytes()).unwrap();
        let rule = read.apply_server_side_encryption_by_default;
        assert_eq!(rule.kms_master_key_id, None);
    }

    #[test]
    fn one_element_documents() {
        golden(
            &PolicyStatus { is_public: true },
            "<PolicyStatus><IsPublic>true</IsPublic></PolicyStatus>",
        );
        golden(
            &AccessMonitorStart {
                time: "2021-06-01T00:00:00.000Z".into(),
            },
            "<AccessMonitorStart><Time>2021-06-01T00:00:00.000Z</Time></AccessMonitorStart>",
        );
        golden(
            &PublicAccessBlockConfiguration {
                block_public_access: true,
            },
            "<PublicAccessBlockConfiguration><BlockPublicAccess>true</BlockPublicAccess></PublicAccessBlockConfiguration>",
        );
        golden(
            &TransferAccelerationConfiguration { enabled: false },
            "<TransferAccelerationConfiguration><Enabled>false</Enabled></TransferAccelerationConfiguration>",
        );
        golden(
            &AccessMonitorConfiguration {
                status: "Enabled".into(),
                allow_small_size: None,
            },
            "<AccessMonitorConfiguration><Status>Enabled</Status></AccessMonitorConfiguration>",
        );
        golden(
            &BucketResourceGroupConfiguration {
                resource_group_id: "rg-aekz".into(),
            },
            "<BucketResourceGroupConfiguration><ResourceGroupId>rg-aekz</ResourceGroupId></BucketResourceGroupConfiguration>",
        );
    }

    #[test]
    fn bucket_worm() {
        golden(
            &InitiateWormConfiguration {
                retention_period_in_days: 365,
            },
            "<InitiateWormConfiguration><RetentionPeriodInDays>365</RetentionPeriodInDays></InitiateWormConfiguration>",
        );
        golden(
            &ExtendWormConfiguration {
                retention_period_in_days: 366,
            },
            "<ExtendWormConfiguration><RetentionPeriodInDays>366</RetentionPeriodInDays></ExtendWormConfiguration>",
        );
        golden(
            &WormConfiguration {
                worm_id: "1666E2CFB2B3418".into(),
                state: "Locked".into(),
                retention_period_in_days: 1,
                creation_date: "2020-10-15T15:50:32.000Z".into(),
                expiration_date: "2020-10-16T15:50:32.000Z".into(),
            },
            "<WormConfiguration>
                <WormId>1666E2CFB2B3418</WormId>
                <State>Locked</State>
                <RetentionPeriodInDays>1</RetentionPeriodInDays>
                <CreationDate>2020-10-15T15:50:32.000Z</CreationDate>
                <ExpirationDate>2020-10-16T15:50:32.000Z</ExpirationDate>
            </WormConfiguration>",
        );
    }

    #[test]
    fn object_worm() {
        golden(
            &ObjectWormConfiguration {
                object_worm_enabled: "Enabled".into(),
                rule: Some(ObjectWormRule {
                    default_retention: DefaultRetention {
                        mode: "GOVERNANCE".into(),
                        days: Some(1),
                        years: None,
                    },
                }),
            },
            "<ObjectWormConfiguration>
                <ObjectWormEnabled>Enabled</ObjectWormEnabled>
                <Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule>
            </ObjectWormConfiguration>",
        );
    }
}
