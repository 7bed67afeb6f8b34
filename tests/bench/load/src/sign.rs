//! Signatures of requests: V4 for Ossicle (the dearest that it checks), SharedKey for Azurite.
//!
//! Keys and names of the bench need no escaping, so none is done.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use time::{OffsetDateTime, macros::format_description};

const KEY_ID: &str = "ossicle";
const SECRET: &str = "ossicle-secret";
const REGION: &str = "cn-hangzhou";

/// The emulator's account and key, which its documentation publishes.
const AZURE_ACCOUNT: &str = "devstoreaccount1";
const AZURE_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length is a key");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// The header line that tells a body's length; requests that carry none say nothing.
pub fn framing(method: &str, length: u64) -> String {
    if matches!(method, "PUT" | "POST") {
        format!("Content-Length: {length}\r\n")
    } else {
        String::new()
    }
}

/// Signs for Ossicle with one date.
pub struct Oss {
    date: String,
    scope: String,
    key: Vec<u8>,
}

impl Oss {
    pub fn now() -> Self {
        let form = format_description!("[year][month][day]T[hour][minute][second]Z");
        let date = OffsetDateTime::now_utc().format(form).expect("a date");
        let day = &date[..8];
        let scope = format!("{day}/{REGION}/oss/aliyun_v4_request");
        let first = format!("aliyun_v4{SECRET}").into_bytes();
        let key = [day, REGION, "oss", "aliyun_v4_request"]
            .iter()
            .fold(first, |key, word| hmac(&key, word.as_bytes()));
        Self { date, scope, key }
    }

    /// A request's head. `query` is sorted by name; an empty key stands for the bucket.
    pub fn head(
        &self,
        method: &str,
        host: &str,
        bucket: &str,
        key: &str,
        query: &[(&str, Option<&str>)],
        length: u64,
    ) -> Vec<u8> {
        let mut text = String::new();
        for (name, value) in query {
            let mark = if text.is_empty() { "" } else { "&" };
            match value {
                Some(value) => write!(text, "{mark}{name}={value}"),
                None => write!(text, "{mark}{name}"),
            }
            .expect("a text grows");
        }
        let date = &self.date;
        let canonical = format!(
            "{method}\n/{bucket}/{key}\n{text}\nx-oss-content-sha256:UNSIGNED-PAYLOAD\nx-oss-date:{date}\n\n\nUNSIGNED-PAYLOAD"
        );
        let digest = hex::encode(Sha256::digest(canonical));
        let to_sign = format!("OSS4-HMAC-SHA256\n{date}\n{}\n{digest}", self.scope);
        let signature = hex::encode(hmac(&self.key, to_sign.as_bytes()));
        let mark = if text.is_empty() { "" } else { "?" };
        let framing = framing(method, length);
        format!(
            "{method} /{bucket}/{key}{mark}{text} HTTP/1.1\r\nHost: {host}\r\n{framing}x-oss-date: {date}\r\n\
             x-oss-content-sha256: UNSIGNED-PAYLOAD\r\n\
             Authorization: OSS4-HMAC-SHA256 Credential={KEY_ID}/{},Signature={signature}\r\n\r\n",
            self.scope
        )
        .into_bytes()
    }
}

/// Signs for Azurite with one date.
pub struct Azure {
    date: String,
    key: Vec<u8>,
}

impl Azure {
    pub fn now() -> Self {
        let form = format_description!(
            "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
        );
        Self {
            date: OffsetDateTime::now_utc().format(form).expect("a date"),
            key: STANDARD.decode(AZURE_KEY).expect("base64"),
        }
    }

    /// A request's head. `query` and `headers` are sorted by name; `headers` stand before `x-ms-date` in that order.
    pub fn head(
        &self,
        method: &str,
        host: &str,
        path: &str,
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
        length: u64,
    ) -> Vec<u8> {
        let own = [
            ("x-ms-date", self.date.as_str()),
            ("x-ms-version", "2021-10-04"),
        ];
        let (mut canonical, mut sent) = (String::new(), String::new());
        for (name, value) in headers.iter().chain(&own) {
            let _ = writeln!(canonical, "{name}:{value}");
            let _ = write!(sent, "{name}: {value}\r\n");
        }
        let (mut resource, mut text) = (
            format!("/{AZURE_ACCOUNT}/{AZURE_ACCOUNT}/{path}"),
            String::new(),
        );
        for (name, value) in query {
            let mark = if text.is_empty() { "?" } else { "&" };
            let _ = write!(resource, "\n{name}:{value}");
            let _ = write!(text, "{mark}{name}={value}");
        }
        let signed_length = if length == 0 {
            String::new()
        } else {
            length.to_string()
        };
        let to_sign =
            format!("{method}\n\n\n{signed_length}\n\n\n\n\n\n\n\n\n{canonical}{resource}");
        let signature = STANDARD.encode(hmac(&self.key, to_sign.as_bytes()));
        let framing = framing(method, length);
        format!(
            "{method} /{AZURE_ACCOUNT}/{path}{text} HTTP/1.1\r\nHost: {host}\r\n{framing}{sent}\
             Authorization: SharedKey {AZURE_ACCOUNT}:{signature}\r\n\r\n"
        )
        .into_bytes()
    }
}
