//! Callbacks of uploads (operations.md §E.11): what the request asks for, what is told, and what its answer becomes. The
//! object is stored by then, whatever comes of the callback.

use super::document;
use crate::config::Callbacks;
use crate::domain::name::ObjectKey;
use crate::error::{Code, Error, Result};
use crate::http::callback::{self, BadTarget, Failure, Notice, Reach, Target};
use crate::http::reply::{Reply, ReplyBody};
use crate::operation::Call;
use crate::store::Written;
use crate::xml::encoding::percent;
use crate::xml::stored::BucketCallbackPolicy;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Most bytes of base64 of either parameter (errors.md §7).
const PARAMETER_BYTES_MAX: usize = 5 * 1024;
/// Most URLs.
const URLS_MAX: usize = 5;
/// Most bytes of the body once its variables have their values.
const BODY_BYTES_MAX: usize = 64 * 1024;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// The document of `x-oss-callback`. Unknown members are the service's own further options.
#[derive(Debug, Deserialize)]
struct Document {
    #[serde(rename = "callbackUrl")]
    url: String,
    #[serde(rename = "callbackBody")]
    body: String,
    #[serde(rename = "callbackHost")]
    host: Option<String>,
    #[serde(rename = "callbackBodyType")]
    body_type: Option<String>,
}

/// The other form of it: the name of a callback that the bucket keeps.
#[derive(Debug, Deserialize)]
struct Named {
    #[serde(rename = "callbackPolicy")]
    policy: String,
}

/// A callback that an upload asks for.
#[derive(Debug, PartialEq, Eq)]
pub struct Callback {
    targets: Vec<Target>,
    host: Option<HeaderValue>,
    body: String,
    content_type: &'static str,
    /// `x:name` and value.
    variables: Vec<(String, String)>,
}

impl Callback {
    /// The callback of a request's header or query, if there is one.
    pub fn of(call: &Call) -> Result<Option<Self>> {
        let Some(text) = parameter(call, "x-oss-callback", "callback")? else {
            return Ok(None);
        };
        let own = parameter(call, "x-oss-callback-var", "callback-var")?;
        let own = own.map(variables).transpose()?.unwrap_or_default();
        Self::resolve(call, text, own)?.offered(call).map(Some)
    }

    /// The callback of a form, if there is one.
    pub fn of_form(call: &Call, fields: &[(String, String)]) -> Result<Option<Self>> {
        let Some((_, text)) = fields.iter().find(|(name, _)| name == "callback") else {
            return Ok(None);
        };
        let variables = fields.iter().filter(|(name, _)| name.starts_with("x:"));
        Self::resolve(call, text, variables.cloned().collect())?
            .offered(call)
            .map(Some)
    }

    /// Reads a configuration, or the stored one that it names (`{"callbackPolicy": name}`; Python v1,
    /// `test_callback_policy`). Variables of the request come before those of the stored one.
    fn resolve(call: &Call, text: &str, own: Vec<(String, String)>) -> Result<Self> {
        let Ok(Named { policy }) = serde_json::from_slice(&decode(text)?) else {
            return Self::parse(text, own);
        };
        let stored = document::find::<BucketCallbackPolicy>(call)?;
        let items = stored.map(|stored| stored.policy_item).unwrap_or_default();
        let item = items.into_iter().find(|item| item.policy_name == policy);
        let item = item.ok_or_else(|| refused("The callback policy does not exist."))?;
        let kept = item.callback_var.as_deref().map(variables).transpose()?;
        let mut all = own;
        for (name, value) in kept.unwrap_or_default() {
            if all.iter().all(|(known, _)| *known != name) {
                all.push((name, value));
            }
        }
        Self::parse(&item.callback, all)
    }

    /// Reads the base64 of a configuration; `variables` are the `x:` ones. `InvalidArgument` for what is none,
    /// `NotImplemented` for an https address.
    pub fn parse(text: &str, variables: Vec<(String, String)>) -> Result<Self> {
        let bytes = decode(text)?;
        let document: Document = serde_json::from_slice(&bytes)
            .map_err(|_| refused("The callback configuration is not json format."))?;
        let urls: Vec<_> = document.url.split(';').map(str::trim).collect();
        if urls.len() > URLS_MAX {
            return Err(refused("The callback configuration has too many urls."));
        }
        let targets = urls.into_iter().map(|url| {
            Target::parse(url).map_err(|bad| match bad {
                BadTarget::Malformed => refused("The callback configuration has an invalid url."),
                BadTarget::Scheme => Error::new(Code::NotImplemented)
                    .message("Callbacks go out over http only from this server."),
            })
        });
        let host = document.host.filter(|host| !host.is_empty());
        let host = host.map(|host| {
            HeaderValue::try_from(host)
                .map_err(|_| refused("The callback configuration has an invalid host."))
        });
        let content_type = match document.body_type.as_deref() {
            None | Some("" | FORM) => FORM,
            Some(JSON) => JSON,
            Some(_) => return Err(refused("The callback body type is not supported.")),
        };
        if document.body.is_empty() {
            return Err(refused("The callback configuration has no body."));
        }
        Ok(Self {
            targets: targets.collect::<Result<_>>()?,
            host: host.transpose()?,
            body: document.body,
            content_type,
            variables,
        })
    }

    /// Refuses where the server makes none: to store the object and call nobody would be a silent lie.
    fn offered(self, call: &Call) -> Result<Self> {
        match call.app().config().callbacks {
            Callbacks::Off => Err(Error::new(Code::NotImplemented)
                .message("Callbacks are switched off at this server.")),
            Callbacks::Loopback | Callbacks::Any => Ok(self),
        }
    }

    /// Tells the application of the upload; its answer takes the place of the reply's body.
    pub async fn notify(self, call: &Call, upload: &Upload<'_>, reply: Reply) -> Result<Reply> {
        let reach = match call.app().config().callbacks {
            Callbacks::Any => Reach::Any,
            Callbacks::Loopback | Callbacks::Off => Reach::Loopback,
        };
        let facts = upload.facts(call)?;
        let body = self.fill(&facts)?;
        let notice = Notice {
            content_type: self.content_type,
            host: self.host,
            body: body.into(),
        };
        let mut failure = Failure::Unreachable;
        for target in &self.targets {
            match callback::post(target, reach, &notice).await {
                Ok(answer) => return become_answer(reply, answer),
                Err(other) => failure = other,
            }
        }
        Err(failed(match failure {
            Failure::Unreachable => {
                "Error status : -1.OSS can not connect to your callbackUrl, please check it."
                    .to_owned()
            }
            Failure::Status(status) => format!("Error status : {}.", status.as_u16()),
            Failure::Answer => "The response of your callbackUrl can not be read.".to_owned(),
        }))
    }

    /// The body with the values of its variables; those that nobody knows are empty.
    fn fill(&self, facts: &[(&str, String)]) -> Result<String> {
        let mut out = String::new();
        let mut rest = self.body.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, behind)) = after.split_once('}') else {
                break;
            };
            out.push_str(before);
            let fact = facts.iter().find(|(known, _)| *known == name);
            let value = match fact {
                Some((_, value)) => value.as_str(),
                None => self.variable(name),
            };
            out.push_str(&self.quote(name, value));
            if out.len() > BODY_BYTES_MAX {
                return Err(refused("The callback body is too long."));
            }
            rest = behind;
        }
        out.push_str(rest);
        Ok(out)
    }

    fn variable(&self, name: &str) -> &str {
        let own = self.variables.iter();
        own.filter(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .next()
            .unwrap_or_default()
    }

    /// A value as the body's type writes it. In JSON the size is a number and all else is text.
    fn quote(&self, name: &str, value: &str) -> String {
        match (self.content_type, name) {
            (JSON, "size") => value.to_owned(),
            (JSON, _) => Value::from(value).to_string(),
            _ => percent(value).replace('/', "%2F"),
        }
    }
}

/// An upload that has been stored.
#[derive(Debug, Clone, Copy)]
pub struct Upload<'a> {
    /// The operation, as `${operation}` names it.
    pub operation: &'static str,
    /// The key.
    pub key: &'a ObjectKey,
    /// The type that it was stored with.
    pub content_type: Option<&'a str>,
    /// What the store says of it.
    pub written: &'a Written,
}

impl Upload<'_> {
    /// The variables that every callback may use. Nothing is known of images and private networks.
    fn facts(&self, call: &Call) -> Result<Vec<(&'static str, String)>> {
        let md5 = self.written.md5.map(|md5| BASE64_STANDARD.encode(md5));
        let mime = self.content_type.unwrap_or("application/octet-stream");
        Ok(vec![
            ("bucket", call.bucket_name()?.to_string()),
            ("object", self.key.to_string()),
            ("etag", self.written.etag.quoted().replace('"', "")),
            ("size", self.written.len.to_string()),
            ("mimeType", mime.to_owned()),
            ("crc64", self.written.crc64.to_string()),
            ("contentMd5", md5.unwrap_or_default()),
            (
                "clientIp",
                call.request().peer.ip().to_canonical().to_string(),
            ),
            ("reqId", call.request().id.clone()),
            ("operation", self.operation.to_owned()),
        ])
    }
}

/// The application's answer in place of the body, with the headers of the upload.
fn become_answer(mut reply: Reply, answer: bytes::Bytes) -> Result<Reply> {
    if serde_json::from_slice::<Value>(&answer).is_err() {
        return Err(failed("Response body is not valid json format."));
    }
    reply.status = http::StatusCode::OK;
    reply
        .headers
        .insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    reply.body = ReplyBody::Full(answer);
    Ok(reply)
}

fn failed(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(Code::CallbackFailed).message(message)
}

fn refused(message: &'static str) -> Error {
    Error::new(Code::InvalidArgument).message(message)
}

/// A parameter that may stand in a header or in the query, and only in one of them.
fn parameter<'c>(call: &'c Call, header: &'static str, name: &str) -> Result<Option<&'c str>> {
    match (call.header(header)?, call.query().get(name)) {
        (Some(_), Some(_)) => Err(refused(
            "The callback should be specified either in query string or header, not both.",
        )),
        (text, other) => Ok(text.or(other)),
    }
}

fn decode(text: &str) -> Result<Vec<u8>> {
    if text.len() > PARAMETER_BYTES_MAX {
        return Err(refused("The callback configuration is too long."));
    }
    BASE64_STANDARD
        .decode(text)
        .map_err(|_| refused("The callback configuration is not base64 encoded."))
}

/// `x-oss-callback-var`: an object of texts whose names begin with `x:`.
fn variables(text: &str) -> Result<Vec<(String, String)>> {
    let not_json = || refused("The callback-var configuration is not json format.");
    let document: Map<String, Value> =
        serde_json::from_slice(&decode(text)?).map_err(|_| not_json())?;
    let pairs = document.into_iter().map(|(name, value)| match value {
        Value::String(value) if name.starts_with("x:") => Ok((name, value)),
        _ => Err(refused(
            "The names of callback variables begin with x: and their values are text.",
        )),
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(document: &str) -> Result<Callback> {
        let own = vec![("x:a".to_owned(), "1/2 \"".to_owned())];
        Callback::parse(&BASE64_STANDARD.encode(document), own)
    }

    #[test]
    fn bodies_are_filled() {
        let facts = [("object", "a b/ü\"".to_owned()), ("size", "5".to_owned())];
        let body = r#""callbackUrl":"http://localhost/","callbackBody""#;
        let cases = [
            (
                "bucket=x&o=${object}&a=${x:a}&n=${none}",
                FORM,
                "bucket=x&o=a%20b%2F%C3%BC%22&a=1%2F2%20%22&n=",
            ),
            (
                "{\\\"o\\\":${object},\\\"s\\\":${size}}",
                JSON,
                "{\"o\":\"a b/ü\\\"\",\"s\":5}",
            ),
            ("open ${object", FORM, "open ${object"),
            ("${${object}}", FORM, "}"),
        ];
        for (template, kind, expected) in cases {
            let document = format!("{{{body}:\"{template}\",\"callbackBodyType\":\"{kind}\"}}");
            let filled = parse(&document).expect(template).fill(&facts);
            assert_eq!(filled.expect(template), expected, "{template}");
        }
    }

    #[test]
    fn configurations_that_are_none() {
        let url = |url: &str| format!(r#"{{"callbackUrl":"{url}","callbackBody":"a"}}"#);
        let kind =
            r#"{"callbackUrl":"localhost","callbackBody":"a","callbackBodyType":"text/xml"}"#;
        let cases = [
            (String::new(), Code::InvalidArgument),
            ("[]".to_owned(), Code::InvalidArgument),
            (
                r#"{"callbackUrl":"localhost"}"#.to_owned(),
                Code::InvalidArgument,
            ),
            (url(""), Code::InvalidArgument),
            (url("a;b;c;d;e;f"), Code::InvalidArgument),
            (url("https://localhost"), Code::NotImplemented),
            (kind.to_owned(), Code::InvalidArgument),
        ];
        for (document, code) in cases {
            let refused = parse(&document).expect_err(&document);
            assert_eq!(refused.code(), code, "{document}");
        }
        assert!(parse(&url("localhost:1/a;localhost:2")).is_ok());
        for text in ["!", &"A".repeat(PARAMETER_BYTES_MAX + 4)] {
            let refused = Callback::parse(text, Vec::new()).expect_err("a refusal");
            assert_eq!(refused.code(), Code::InvalidArgument);
        }
        for document in [r#"{"x:a":1}"#, r#"{"a":"1"}"#, "[]"] {
            assert!(
                variables(&BASE64_STANDARD.encode(document)).is_err(),
                "{document}"
            );
        }
        // A value that holds a variable is not filled again.
        let long = format!(
            r#"{{"callbackUrl":"localhost","callbackBody":"{}"}}"#,
            "${x:a}".repeat(500)
        );
        let big = vec![("x:a".to_owned(), "v".repeat(3000))];
        let callback = Callback::parse(&BASE64_STANDARD.encode(long), big).expect("a callback");
        assert!(callback.fill(&[]).is_err());
    }
}
