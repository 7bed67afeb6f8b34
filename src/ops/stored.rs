//! Configurations that are checked, stored and returned, and nothing else: what each family accepts.

use super::document::{Document, Kind, is_id};
use crate::error::{Code, Error, Result};
use crate::xml::stored::{
    ArchiveDirectReadConfiguration, BucketCallbackPolicy, CallbackPolicyItem, HttpsConfiguration,
    OverwriteConfiguration, ResponseHeaderConfiguration, UserDefinedLogFieldsConfiguration,
};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use std::collections::HashSet;

fn refuse<T>(name: &'static str, value: &str, message: &'static str) -> Result<T> {
    Err(Error::invalid_argument(name, value, message))
}

const TLS_VERSIONS: [&str; 4] = ["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

impl Document for HttpsConfiguration {
    const KIND: Kind = Kind::new("https", Code::NoSuchHttpsConfig);

    /// Python v1 asserts that repeated versions are kept once, and `MalformedXML` for unknown versions or none.
    fn checked(mut self) -> Result<Self> {
        let mut seen = HashSet::new();
        self.tls
            .versions
            .retain(|version| seen.insert(version.clone()));
        let known = |version: &String| TLS_VERSIONS.contains(&version.as_str());
        let empty = self.tls.enable && self.tls.versions.is_empty();
        if empty || !self.tls.versions.iter().all(known) {
            return Err(Code::MalformedXML.into());
        }
        Ok(self)
    }
}

impl Document for ArchiveDirectReadConfiguration {
    const KIND: Kind = Kind::new(
        "archive-direct-read",
        Code::NoSuchArchiveDirectReadConfiguration,
    );

    fn checked(self) -> Result<Self> {
        Ok(self)
    }
}

/// Most headers, and most parameters, of access logs.
const LOG_FIELDS_MAX: usize = 100;

impl Document for UserDefinedLogFieldsConfiguration {
    const KIND: Kind = Kind::new("log-fields", Code::NoSuchUserDefinedLogFieldsConfig);

    fn checked(self) -> Result<Self> {
        let headers = self.header_set.as_ref().map(|set| &set.header);
        let parameters = self.param_set.as_ref().map(|set| &set.parameter);
        for fields in [headers, parameters].into_iter().flatten() {
            if fields.len() > LOG_FIELDS_MAX {
                return refuse("LogFields", "", "The number of log fields is beyond limit.");
            }
            if fields.iter().any(String::is_empty) {
                return Err(Code::MalformedXML.into());
            }
        }
        Ok(self)
    }
}

/// Most callbacks of a bucket.
const CALLBACKS_MAX: usize = 20;

impl Document for BucketCallbackPolicy {
    const KIND: Kind = Kind::new("callback-policy", Code::BucketCallbackPolicyNotExist);

    /// None at all is fine: Python v1 asserts it.
    fn checked(self) -> Result<Self> {
        if self.policy_item.len() > CALLBACKS_MAX {
            return refuse(
                "PolicyItem",
                "",
                "The number of callback policies is beyond limit.",
            );
        }
        let mut names = HashSet::new();
        for item in &self.policy_item {
            if !is_id(&item.policy_name, 64, "-_.") || !names.insert(&item.policy_name) {
                let message = "The callback policy name is not valid.";
                return refuse("PolicyName", &item.policy_name, message);
            }
            check_callback(item)?;
        }
        Ok(self)
    }
}

/// Both values are JSON objects in base64; the callback names a URL and a body.
fn check_callback(item: &CallbackPolicyItem) -> Result<()> {
    let object = |text: &str| {
        let bytes = BASE64_STANDARD.decode(text).ok()?;
        serde_json::from_slice::<serde_json::Map<_, _>>(&bytes).ok()
    };
    let callback = object(&item.callback);
    if !callback.is_some_and(|object| {
        object.contains_key("callbackUrl") && object.contains_key("callbackBody")
    }) {
        return refuse("Callback", &item.callback, "The callback is not valid.");
    }
    match &item.callback_var {
        Some(text) if object(text).is_none() => {
            refuse("CallbackVar", text, "The callback var is not valid.")
        }
        _ => Ok(()),
    }
}

/// Most rules of either kind below.
const RULES_MAX: usize = 100;

impl Document for ResponseHeaderConfiguration {
    const KIND: Kind = Kind::new("response-header", Code::NoSuchResponseHeaderConfig);

    fn checked(self) -> Result<Self> {
        let mut names = HashSet::new();
        if self.rule.is_empty() || self.rule.len() > RULES_MAX {
            return Err(Code::MalformedXML.into());
        }
        for rule in &self.rule {
            if rule.name.is_empty() || !names.insert(&rule.name) {
                return refuse("Name", &rule.name, "The rule name is not valid.");
            }
            if rule.hide_headers.header.is_empty() {
                return Err(Code::MalformedXML.into());
            }
        }
        Ok(self)
    }
}

impl Document for OverwriteConfiguration {
    const KIND: Kind = Kind::new("overwrite", Code::NoSuchOverwriteConfig);

    fn checked(self) -> Result<Self> {
        let mut ids = HashSet::new();
        if self.rule.is_empty() || self.rule.len() > RULES_MAX {
            return Err(Code::MalformedXML.into());
        }
        for rule in &self.rule {
            if rule.action != "forbid" {
                return Err(Code::MalformedXML.into());
            }
            if let Some(id) = &rule.id
                && !ids.insert(id)
            {
                return refuse("ID", id, "The rule id must be unique.");
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::from_xml;

    /// The code of a refusal, or none.
    fn code<D: Document>(text: &str) -> Option<Code> {
        let document: D = from_xml(text.as_bytes()).expect(text);
        document.checked().err().map(|error| error.code())
    }

    #[test]
    fn https_configurations() {
        let check = |tls: &str| {
            code::<HttpsConfiguration>(&format!(
                "<HttpsConfiguration><TLS>{tls}</TLS></HttpsConfiguration>"
            ))
        };
        for good in [
            "<Enable>False</Enable>",
            "<Enable>true</Enable><TLSVersion>TLSv1.2</TLSVersion>",
        ] {
            assert_eq!(check(good), None, "{good}");
        }
        for bad in [
            "<Enable>true</Enable>",
            "<Enable>true</Enable><TLSVersion>aaa</TLSVersion>",
            "<Enable>false</Enable><TLSVersion>aaa</TLSVersion>",
        ] {
            assert_eq!(check(bad), Some(Code::MalformedXML), "{bad}");
        }
    }

    #[test]
    fn callback_policies() {
        let check = |items: &str| {
            code::<BucketCallbackPolicy>(&format!(
                "<BucketCallbackPolicy>{items}</BucketCallbackPolicy>"
            ))
        };
        let item = |name: &str, callback: &str, var: &str| {
            format!(
                "<PolicyItem><PolicyName>{name}</PolicyName><Callback>{}</Callback><CallbackVar>{}</CallbackVar></PolicyItem>",
                BASE64_STANDARD.encode(callback),
                BASE64_STANDARD.encode(var)
            )
        };
        let good = r#"{"callbackUrl":"http://a","callbackBody":"b"}"#;
        assert_eq!(check(""), None);
        assert_eq!(check(&item("a", good, r#"{"x:v":"1"}"#)), None);
        let bad = [
            item("", good, "{}"),
            item("a/b", good, "{}"),
            item("a", good, "{}").repeat(2),
            item("a", "no json", "{}"),
            item("a", r#"{"callbackUrl":"http://a"}"#, "{}"),
            item("a", good, "[]"),
            "<PolicyItem><PolicyName>a</PolicyName><Callback>***</Callback></PolicyItem>"
                .to_owned(),
        ];
        for items in bad {
            assert_eq!(check(&items), Some(Code::InvalidArgument), "{items}");
        }
    }

    #[test]
    fn rules() {
        let header = |rules: &str| {
            code::<ResponseHeaderConfiguration>(&format!(
                "<ResponseHeaderConfiguration>{rules}</ResponseHeaderConfiguration>"
            ))
        };
        let rule = "<Rule><Name>r</Name><HideHeaders><Header>ETag</Header></HideHeaders></Rule>";
        assert_eq!(header(rule), None);
        assert_eq!(header(""), Some(Code::MalformedXML));
        assert_eq!(header(&rule.repeat(2)), Some(Code::InvalidArgument));
        assert_eq!(
            header("<Rule><Name>r</Name></Rule>"),
            Some(Code::MalformedXML)
        );
        let overwrite = |rules: &str| {
            code::<OverwriteConfiguration>(&format!(
                "<OverwriteConfiguration>{rules}</OverwriteConfiguration>"
            ))
        };
        let rule = "<Rule><ID>r</ID><Action>forbid</Action></Rule>";
        assert_eq!(overwrite(rule), None);
        assert_eq!(overwrite(""), Some(Code::MalformedXML));
        assert_eq!(overwrite(&rule.repeat(2)), Some(Code::InvalidArgument));
        assert_eq!(
            overwrite("<Rule><Action>allow</Action></Rule>"),
            Some(Code::MalformedXML)
        );
    }
}
