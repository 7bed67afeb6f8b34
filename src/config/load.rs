//! From defaults, file, environment and flags to one [`Config`].

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::check::{self, Place};
use super::{Account, Config, Durability, KeyPair, Secret, field};

/// What every variable starts with; the rest is the flag in capitals.
pub const VARIABLE_PREFIX: &str = "OSSICLE_";

/// The variable that names the configuration file.
pub const CONFIG_VARIABLE: &str = "OSSICLE_CONFIG";

/// Largest configuration file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// What is wrong with the configuration, as one line of text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct ConfigError {
    /// `file:line`, `OSSICLE_…` or `--flag`.
    pub place: String,
    /// What is wrong there; one line.
    pub message: String,
}

impl ConfigError {
    fn new(place: impl fmt::Display, message: impl fmt::Display) -> Self {
        let message = message.to_string();
        let lines: Vec<_> = message
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        Self {
            place: place.to_string(),
            message: lines.join(", "),
        }
    }
}

/// Where an override comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layer {
    /// An environment variable.
    Environment,
    /// A flag, which wins.
    Flag,
}

/// Values that replace those of the file, by the key they have there.
#[derive(Default)]
pub struct Overrides(Vec<(Layer, &'static str, String)>);

/// Every key that has a flag and a variable. A flag is the key with hyphens, a variable the key in capitals.
pub const KEYS: [&str; 14] = [
    "listen",
    "port_file",
    "data",
    "memory",
    "durability",
    "region",
    "log",
    "tls",
    "tls_listen",
    "tls_cert",
    "tls_key",
    "tls_ca_file",
    "access_key_id",
    "access_key_secret",
];

impl Overrides {
    /// What the environment says. Empty values count as absent, since compose files cannot unset a variable.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let found = KEYS.into_iter().filter_map(|key| {
            let value = variable(&variable_name(key)).filter(|value| !value.is_empty())?;
            Some((Layer::Environment, key, value))
        });
        Self(found.collect())
    }

    /// Adds a flag; `None` means that it was not given. Unknown keys are ignored, so take them from the flags' names.
    pub fn flag(&mut self, key: &str, value: Option<String>) {
        let known = KEYS.into_iter().find(|known| *known == key);
        if let (Some(key), Some(value)) = (known, value) {
            self.0.push((Layer::Flag, key, value));
        }
    }
}

/// Whether a variable of this name is read. Others with the prefix are typing errors or belong to an orchestrator.
pub fn is_variable(name: &str) -> bool {
    // Failpoints are read by the store, in builds that have them.
    name == CONFIG_VARIABLE
        || name == "OSSICLE_FAILPOINTS"
        || KEYS.into_iter().any(|key| variable_name(key) == name)
}

fn variable_name(key: &str) -> String {
    format!("{VARIABLE_PREFIX}{}", key.to_ascii_uppercase())
}

/// Reads `file`, lays `overrides` on it (environment first, then flags) and checks the whole.
pub fn load(file: Option<&Path>, overrides: &Overrides) -> Result<Config, ConfigError> {
    let (mut config, lines) = match file {
        Some(path) => read(path)?,
        None => (Config::default(), Lines::default()),
    };
    for layer in [Layer::Environment, Layer::Flag] {
        for (_, key, value) in overrides.0.iter().filter(|entry| entry.0 == layer) {
            set(&mut config, key, value).map_err(|message| match layer {
                Layer::Environment => ConfigError::new(variable_name(key), message),
                Layer::Flag => {
                    ConfigError::new(format_args!("--{}", key.replace('_', "-")), message)
                }
            })?;
        }
    }
    check::check(&config).map_err(|(place, message)| lines.error(file, place, message))?;
    Ok(config)
}

/// Parses the text of a configuration file; `path` is for messages and for the policies beside it.
pub fn parse(text: &str, path: &Path) -> Result<Config, ConfigError> {
    let (config, lines) = parse_with_lines(text, path)?;
    check::check(&config).map_err(|(place, message)| lines.error(Some(path), place, message))?;
    Ok(config)
}

fn read(path: &Path) -> Result<(Config, Lines), ConfigError> {
    let text = read_text(path).map_err(|error| ConfigError::new(path.display(), error))?;
    parse_with_lines(&text, path)
}

fn read_text(path: &Path) -> std::io::Result<String> {
    use std::io::{Error, ErrorKind, Read};

    let mut text = String::new();
    let mut file = std::fs::File::open(path)?.take(FILE_BYTES_MAX + 1);
    file.read_to_string(&mut text)?;
    if file.limit() == 0 {
        return Err(Error::new(
            ErrorKind::FileTooLarge,
            "the file is larger than 4 MiB",
        ));
    }
    Ok(text)
}

fn parse_with_lines(text: &str, path: &Path) -> Result<(Config, Lines), ConfigError> {
    let broken = |error: toml::de::Error| {
        let at = error.span().map_or(0, |span| span.start);
        ConfigError::new(
            format_args!("{}:{}", path.display(), line_of(text, at)),
            error.message(),
        )
    };
    let mut config: Config = toml::from_str(text).map_err(broken)?;
    let lines = Lines::of(text).map_err(broken)?;
    take_policies(&mut config, path)
        .map_err(|(place, message)| lines.error(Some(path), place, message))?;
    Ok((config, lines))
}

/// Moves the text of policy files to where inline policies stand.
fn take_policies(config: &mut Config, path: &Path) -> Result<(), (Place, String)> {
    let beside = path.parent().unwrap_or(Path::new(""));
    for (index, account) in config.account.iter_mut().enumerate() {
        for user in &mut account.users {
            take_policy(beside, &mut user.policy, &mut user.policy_file).map_err(|message| {
                (
                    Place::Account(index),
                    format!("user `{}`: {message}", user.name),
                )
            })?;
        }
    }
    for (index, role) in config.role.iter_mut().enumerate() {
        take_policy(beside, &mut role.policy, &mut role.policy_file)
            .map_err(|message| (Place::Role(index), message))?;
    }
    Ok(())
}

fn take_policy(
    beside: &Path,
    policy: &mut Option<String>,
    file: &mut Option<PathBuf>,
) -> Result<(), String> {
    let Some(file) = file.take() else {
        return Ok(());
    };
    if policy.is_some() {
        return Err("policy and policy_file exclude each other".to_owned());
    }
    let path = beside.join(file);
    let text = read_text(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    field::check_policy(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    *policy = Some(text);
    Ok(())
}

fn set(config: &mut Config, key: &str, value: &str) -> Result<(), String> {
    match key {
        "listen" => config.listen = address(value)?,
        "port_file" => config.port_file = Some(value.into()),
        "data" => config.data = value.into(),
        "memory" => config.memory = switch(value)?,
        "durability" => {
            config.durability = match value {
                "durable" => Durability::Durable,
                "relaxed" => Durability::Relaxed,
                _ => return Err(format!("`{value}` is neither durable nor relaxed")),
            }
        }
        "region" => {
            field::check_region(value)?;
            value.clone_into(&mut config.region);
        }
        "log" => {
            field::check_log(value)?;
            value.clone_into(&mut config.log);
        }
        "tls" => config.tls = switch(value)?,
        "tls_listen" => config.tls_listen = Some(address(value)?),
        "tls_cert" => config.tls_cert = Some(value.into()),
        "tls_key" => config.tls_key = Some(value.into()),
        "tls_ca_file" => config.tls_ca_file = Some(value.into()),
        "access_key_id" => {
            field::check_key_id(value)?;
            value.clone_into(&mut first_key(config)?.id);
        }
        "access_key_secret" => first_key(config)?.secret = Secret::try_from(value.to_owned())?,
        _ => return Err("no such key".to_owned()),
    }
    Ok(())
}

fn first_key(config: &mut Config) -> Result<&mut KeyPair, String> {
    let keys = config.account.first_mut().map(|Account { keys, .. }| keys);
    keys.and_then(|keys| keys.first_mut())
        .ok_or_else(|| "the first [[account]] has no key pair to replace".to_owned())
}

fn address(value: &str) -> Result<SocketAddr, String> {
    value
        .parse()
        .map_err(|_| format!("`{value}` is not an address such as 127.0.0.1:6770"))
}

fn switch(value: &str) -> Result<bool, String> {
    match value {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(format!("`{value}` is neither true nor false")),
    }
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

/// Where the entries of a file start, for checks that compare several of them.
#[derive(Default)]
struct Lines(HashMap<(&'static str, usize), usize>);

impl Lines {
    fn of(text: &str) -> Result<Self, toml::de::Error> {
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Entries {
            account: Vec<Spanned<toml::Table>>,
            role: Vec<Spanned<toml::Table>>,
            bucket: Vec<Spanned<toml::Table>>,
            tls_cert: Option<Spanned<String>>,
            tls_key: Option<Spanned<String>>,
            tls_ca_file: Option<Spanned<String>>,
        }
        let entries: Entries = toml::from_str(text)?;
        let mut lines = HashMap::new();
        let tables = [
            ("account", entries.account),
            ("role", entries.role),
            ("bucket", entries.bucket),
        ];
        for (name, list) in tables {
            for (index, entry) in list.iter().enumerate() {
                lines.insert((name, index), line_of(text, entry.span().start));
            }
        }
        let keys = [
            ("tls_cert", entries.tls_cert),
            ("tls_key", entries.tls_key),
            ("tls_ca_file", entries.tls_ca_file),
        ];
        for (name, entry) in keys {
            if let Some(entry) = entry {
                lines.insert((name, 0), line_of(text, entry.span().start));
            }
        }
        Ok(Self(lines))
    }

    fn error(&self, file: Option<&Path>, place: Place, message: String) -> ConfigError {
        let entry = match place {
            Place::Whole => None,
            Place::Key(name) => Some((name, 0)),
            Place::Account(index) => Some(("account", index)),
            Place::Role(index) => Some(("role", index)),
            Place::Bucket(index) => Some(("bucket", index)),
        };
        let line = entry.and_then(|entry| self.0.get(&entry));
        match (file, line) {
            (Some(file), Some(line)) => {
                ConfigError::new(format_args!("{}:{line}", file.display()), message)
            }
            (Some(file), None) => ConfigError::new(file.display(), message),
            (None, _) => ConfigError::new("configuration", message),
        }
    }
}
