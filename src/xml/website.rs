//! The website document with its routing rules (operations.md section C).
#![expect(missing_docs, reason = "fields are the protocol's own element names")]

use super::object::Tag;
use super::value::optional_flag;
use serde::{Deserialize, Serialize};

/// `?website`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "WebsiteConfiguration",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct WebsiteConfiguration {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index_document: Option<IndexDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_document: Option<ErrorDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routing_rules: Option<RoutingRules>,
}

/// The page of a directory.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct IndexDocument {
    #[serde(default)]
    pub suffix: String,
    #[serde(
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub support_sub_dir: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<i64>,
}

/// The page of a missing key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ErrorDocument {
    #[serde(default)]
    pub key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_status: Option<i64>,
}

/// Redirects and mirrors.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct RoutingRules {
    #[serde(default)]
    pub routing_rule: Vec<RoutingRule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct RoutingRule {
    pub rule_number: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<RoutingCondition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect: Option<Redirect>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lua_config: Option<LuaConfig>,
}

/// When a rule applies.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct RoutingCondition {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_prefix_equals: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_suffix_equals: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_error_code_returned_equals: Option<i64>,
    #[serde(default)]
    pub include_header: Vec<IncludeHeader>,
}

/// A header that a request must have.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct IncludeHeader {
    pub key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equals: Option<String>,
}

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Redirect {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_type: Option<String>,
    #[serde(
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub pass_query_string: Option<bool>,
    #[serde(rename = "MirrorURL", skip_serializing_if = "Option::is_none")]
    pub mirror_url: Option<String>,
    #[serde(rename = "MirrorURLSlave", skip_serializing_if = "Option::is_none")]
    pub mirror_url_slave: Option<String>,
    #[serde(rename = "MirrorURLProbe", skip_serializing_if = "Option::is_none")]
    pub mirror_url_probe: Option<String>,
    #[serde(
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub mirror_pass_query_string: Option<bool>,
    #[serde(
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub mirror_follow_redirect: Option<bool>,
    #[serde(
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub mirror_check_md5: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror_headers: Option<MirrorHeaders>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_redirect_code: Option<i64>,
    #[serde(
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub enable_replace_prefix: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replace_key_prefix_with: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replace_key_with: Option<String>,
    #[serde(
        rename = "MirrorSNI",
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub mirror_sni: Option<bool>,
    #[serde(
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub mirror_pass_original_slashes: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror_async_status: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror_auth: Option<MirrorAuth>,
    #[serde(
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub mirror_allow_video_snapshot: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror_dst_vpc_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror_dst_region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror_dst_slave_vpc_id: Option<String>,
    #[serde(
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub mirror_user_last_modified: Option<bool>,
    #[serde(
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub mirror_using_role: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror_role: Option<String>,
    #[serde(
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub mirror_is_express_tunnel: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror_tunnel_id: Option<String>,
    #[serde(
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub mirror_proxy_pass: Option<bool>,
    #[serde(
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub mirror_switch_all_errors: Option<bool>,
    #[serde(
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub mirror_allow_get_image_info: Option<bool>,
    #[serde(
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub mirror_allow_head_object: Option<bool>,
    #[serde(
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub mirror_save_oss_meta: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror_taggings: Option<MirrorTaggings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror_return_headers: Option<MirrorReturnHeaders>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror_multi_alternates: Option<MirrorMultiAlternates>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transparent_mirror_response_codes: Option<String>,
}

/// Headers on the way to a mirror's origin.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct MirrorHeaders {
    #[serde(
        default,
        deserialize_with = "optional_flag",
        skip_serializing_if = "Option::is_none"
    )]
    pub pass_all: Option<bool>,
    #[serde(default)]
    pub pass: Vec<String>,
    #[serde(default)]
    pub remove: Vec<String>,
    #[serde(default)]
    pub set: Vec<Tag>,
}

/// How a mirror's origin is asked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct MirrorAuth {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_key_secret: Option<String>,
}

/// Tags of mirrored objects.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct MirrorTaggings {
    #[serde(default)]
    pub taggings: Vec<Tag>,
}

/// Headers of mirrored answers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct MirrorReturnHeaders {
    #[serde(default)]
    pub return_header: Vec<Tag>,
}

/// More origins of a mirror.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct MirrorMultiAlternates {
    #[serde(default)]
    pub mirror_multi_alternate: Vec<MirrorMultiAlternate>,
}

/// One more origin.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MirrorMultiAlternate {
    #[serde(
        rename = "MirrorMultiAlternateNumber",
        skip_serializing_if = "Option::is_none"
    )]
    pub number: Option<i64>,
    #[serde(
        rename = "MirrorMultiAlternateURL",
        skip_serializing_if = "Option::is_none"
    )]
    pub url: Option<String>,
    #[serde(
        rename = "MirrorMultiAlternateVpcId",
        skip_serializing_if = "Option::is_none"
    )]
    pub vpc_id: Option<String>,
    #[serde(
        rename = "MirrorMultiAlternateDstRegion",
        skip_serializing_if = "Option::is_none"
    )]
    pub region: Option<String>,
}

/// A script.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct LuaConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::golden;

    fn tag(key: &str, value: &str) -> Tag {
        Tag {
            key: key.into(),
            value: value.into(),
        }
    }

    fn mirror() -> Redirect {
        Redirect {
            redirect_type: Some("Mirror".into()),
            pass_query_string: Some(true),
            mirror_url: Some("http://example.com/".into()),
            mirror_headers: Some(MirrorHeaders {
                pass_all: Some(true),
                pass: vec!["a".into(), "b".into()],
                remove: vec!["c".into()],
                set: vec![tag("k", "v")],
            }),
            mirror_sni: Some(true),
            mirror_taggings: Some(MirrorTaggings {
                taggings: vec![tag("t", "1")],
            }),
            mirror_multi_alternates: Some(MirrorMultiAlternates {
                mirror_multi_alternate: vec![MirrorMultiAlternate {
                    number: Some(32),
                    url: Some("https://b.example.com".into()),
                    ..MirrorMultiAlternate::default()
                }],
            }),
            ..Redirect::default()
        }
    }

    #[test]
    fn website() {
        golden(
            &WebsiteConfiguration {
                index_document: Some(IndexDocument {
                    suffix: "index.html".into(),
                    support_sub_dir: Some(true),
                    r#type: Some(0),
                }),
                error_document: Some(ErrorDocument {
                    key: "error.html".into(),
                    http_status: Some(404),
                }),
                routing_rules: Some(RoutingRules {
                    routing_rule: vec![RoutingRule {
                        rule_number: 1,
                        condition: Some(RoutingCondition {
                            key_prefix_equals: Some("abc/".into()),
                            http_error_code_returned_equals: Some(404),
                            include_header: vec![IncludeHeader {
                                key: "host".into(),
                                equals: Some("test".into()),
                            }],
                            ..RoutingCondition::default()
                        }),
                        redirect: Some(mirror()),
                        lua_config: None,
                    }],
                }),
            },
            "<WebsiteConfiguration>
                <IndexDocument>
                    <Suffix>index.html</Suffix><SupportSubDir>true</SupportSubDir><Type>0</Type>
                </IndexDocument>
                <ErrorDocument><Key>error.html</Key><HttpStatus>404</HttpStatus></ErrorDocument>
                <RoutingRules>
                    <RoutingRule>
                        <RuleNumber>1</RuleNumber>
                        <Condition>
                            <KeyPrefixEquals>abc/</KeyPrefixEquals>
                            <HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals>
                            <IncludeHeader><Key>host</Key><Equals>test</Equals></IncludeHeader>
                        </Condition>
                        <Redirect>
                            <RedirectType>Mirror</RedirectType>
                            <PassQueryString>true</PassQueryString>
                            <MirrorURL>http://example.com/</MirrorURL>
                            <MirrorHeaders>
                                <PassAll>true</PassAll>
                                <Pass>a</Pass>
                                <Pass>b</Pass>
                                <Remove>c</Remove>
                                <Set><Key>k</Key><Value>v</Value></Set>
                            </MirrorHeaders>
                            <MirrorSNI>true</MirrorSNI>
                            <MirrorTaggings><Taggings><Key>t</Key><Value>1</Value></Taggings></MirrorTaggings>
                            <MirrorMultiAlternates>
                                <MirrorMultiAlternate>
                                    <MirrorMultiAlternateNumber>32</MirrorMultiAlternateNumber>
                                    <MirrorMultiAlternateURL>https://b.example.com</MirrorMultiAlternateURL>
                                </MirrorMultiAlternate>
                            </MirrorMultiAlternates>
                        </Redirect>
                    </RoutingRule>
                </RoutingRules>
            </WebsiteConfiguration>",
        );
    }
}
