//! `ossicle env`: export lines for the variables that OSS clients and their own test suites read.

use std::fmt::Write;

use super::{Failure, configured_address, write_out};
use crate::config::Config;

pub(super) fn print(config: &Config, endpoint: Option<&str>) -> Result<(), Failure> {
    write_out(&lines(config, endpoint)?)
}

fn lines(config: &Config, endpoint: Option<&str>) -> Result<String, Failure> {
    let key = config
        .first_key()
        .ok_or_else(|| Failure::usage("the first [[account]] has no key pair"))?;
    let (endpoint, named) = if let Some(endpoint) = endpoint {
        (endpoint.to_owned(), endpoint.to_owned())
    } else {
        let address = configured_address(config)?;
        // ali-oss leaves the bucket out of the request when the endpoint is an IP address.
        let named = if address.ip().is_loopback() {
            format!("http://localhost:{}", address.port())
        } else {
            format!("http://{address}")
        };
        (format!("http://{address}"), named)
    };
    let (id, secret, region) = (key.id.as_str(), key.secret.expose(), config.region.as_str());
    let location = format!("oss-{region}");
    let variables = [
        ("OSS_ENDPOINT", endpoint.as_str()),
        ("OSS_REGION", region),
        ("OSS_ACCESS_KEY_ID", id),
        ("OSS_ACCESS_KEY_SECRET", secret),
        ("OSS_TEST_ENDPOINT", &endpoint),
        ("OSS_TEST_REGION", region),
        ("OSS_TEST_ACCESS_KEY_ID", id),
        ("OSS_TEST_ACCESS_KEY_SECRET", secret),
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", id),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", secret),
        ("ALI_SDK_OSS_ENDPOINT", &named),
        ("ALI_SDK_OSS_REGION", &location),
        ("ALI_SDK_OSS_ID", id),
        ("ALI_SDK_OSS_SECRET", secret),
    ];
    let mut text = String::new();
    for (name, value) in variables {
        let _ = writeln!(text, "export {name}={}", quoted(value));
    }
    Ok(text)
}

/// For a POSIX shell: in single quotes nothing has a meaning but the quote itself.
fn quoted(value: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:@".contains(&b);
    if !value.is_empty() && value.bytes().all(plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{KeyPair, Secret};

    #[test]
    fn every_family_is_exported() {
        let text = lines(&Config::default(), None).unwrap();
        insta::assert_snapshot!(text, @r"
        export OSS_ENDPOINT=http://127.0.0.1:6770
        export OSS_REGION=cn-hangzhou
        export OSS_ACCESS_KEY_ID=ossicle
        export OSS_ACCESS_KEY_SECRET=ossicle-secret
        export OSS_TEST_ENDPOINT=http://127.0.0.1:6770
        export OSS_TEST_REGION=cn-hangzhou
        export OSS_TEST_ACCESS_KEY_ID=ossicle
        export OSS_TEST_ACCESS_KEY_SECRET=ossicle-secret
        export ALIBABA_CLOUD_ACCESS_KEY_ID=ossicle
        export ALIBABA_CLOUD_ACCESS_KEY_SECRET=ossicle-secret
        export ALI_SDK_OSS_ENDPOINT=http://localhost:6770
        export ALI_SDK_OSS_REGION=oss-cn-hangzhou
        export ALI_SDK_OSS_ID=ossicle
        export ALI_SDK_OSS_SECRET=ossicle-secret
        ");
    }

    #[test]
    fn a_secret_cannot_break_out_of_its_line() {
        let mut config = Config::default();
        config.account[0].keys = vec![KeyPair {
            id: "k".into(),
            secret: Secret::new("a'; rm $HOME"),
            disabled: false,
        }];
        let text = lines(&config, Some("http://oss:80")).unwrap();
        assert!(
            text.contains("export OSS_ACCESS_KEY_SECRET='a'\\''; rm $HOME'\n"),
            "{text}"
        );
        assert!(
            text.contains("export ALI_SDK_OSS_ENDPOINT=http://oss:80\n"),
            "{text}"
        );
    }

    #[test]
    fn port_zero_is_looked_up_in_the_port_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("port");
        let mut config = Config {
            listen: "0.0.0.0:0".parse().unwrap(),
            ..Config::default()
        };
        assert_eq!(
            lines(&config, None)
                .expect_err("nothing tells the port")
                .code,
            2
        );
        config.port_file = Some(file.clone());
        assert_eq!(
            lines(&config, None)
                .expect_err("no server has written it")
                .code,
            1
        );
        std::fs::write(file, "4711\n").unwrap();
        assert!(
            lines(&config, None)
                .unwrap()
                .starts_with("export OSS_ENDPOINT=http://127.0.0.1:4711\n")
        );
    }
}
