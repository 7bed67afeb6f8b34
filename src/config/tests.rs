//! Precedence, messages with lines, and that `config/default.toml` says what the code does.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use super::*;

const DEFAULT_FILE: &str = include_str!("../../config/default.toml");

fn overrides(environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Overrides {
    let environment: HashMap<_, _> = environment.iter().copied().collect();
    let mut overrides =
        Overrides::from_environment(|name| environment.get(name).map(ToString::to_string));
    for (key, value) in flags {
        overrides.flag(key, Some((*value).to_owned()));
    }
    overrides
}

fn error_of(text: &str) -> String {
    parse(text, Path::new("c.toml"))
        .expect_err("this file is broken")
        .to_string()
}

#[test]
fn the_default_file_says_what_the_code_does() {
    assert_eq!(
        parse(DEFAULT_FILE, Path::new("default.toml")),
        Ok(Config::default())
    );
    assert_eq!(parse("", Path::new("empty.toml")), Ok(Config::default()));
}

#[test]
fn the_default_file_names_every_key() {
    for section in [
        "",
        "[limits]\n",
        "[[account]]\n",
        "[[account.users]]\n",
        "[[role]]\n",
        "[[bucket]]\n",
    ] {
        let parent = if section == "[[account.users]]\n" {
            "[[account]]\n"
        } else {
            ""
        };
        let message = error_of(&format!("{parent}{section}no_such_key = 1"));
        let names = message
            .split_once("expected one of ")
            .expect("serde lists the keys")
            .1;
        let (_, part) = DEFAULT_FILE
            .split_once(section)
            .expect("the section is there");
        for name in names.split(", ").map(|name| name.trim_matches('`')) {
            let found = part.lines().any(|line| {
                let line = line.trim_start_matches('#');
                let entry = line.split_once(" = ").is_some_and(|(key, _)| key == name);
                entry
                    || line == format!("[{name}]")
                    || line == format!("[[{name}]]")
                    || line.ends_with(&format!(".{name}]]"))
            });
            // An alternative to `policy`, described in words.
            assert!(
                found || name == "policy_file",
                "{section}{name} is not in default.toml"
            );
        }
    }
}

#[test]
fn the_examples_of_the_default_file_are_valid() {
    let uncommented = DEFAULT_FILE
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(example) if !example.starts_with(' ') => example,
            _ => line,
        });
    let text = uncommented
        .collect::<Vec<_>>()
        .join("\n")
        .replace("tls_ca_file = ", "# tls_ca_file = ");
    let config = parse(&text, Path::new("default.toml")).expect("all examples together are valid");
    assert_eq!(config.bucket.len(), 1);
    assert_eq!(config.role.len(), 1);
    assert_eq!(
        config.account.first().map(|account| account.users.len()),
        Some(1)
    );
    assert_eq!(
        config.tls_address(),
        Some("127.0.0.1:6771".parse().unwrap())
    );
}

#[test]
fn flags_win_over_variables_over_file_over_defaults() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("c.toml");
    fs::write(
        &file,
        "region = 'file-1'\ndata = '/file'\nlog = 'file=warn'\nmemory = true\n",
    )
    .unwrap();
    let overrides = overrides(
        &[
            ("OSSICLE_DATA", "/variable"),
            ("OSSICLE_LOG", "variable=warn"),
            ("OSSICLE_REGION", ""),
        ],
        &[("log", "flag=warn"), ("memory", "false")],
    );
    let config = load(Some(&file), &overrides).unwrap();
    assert_eq!(config.listen, Config::default().listen);
    assert_eq!(
        config.region, "file-1",
        "an empty variable counts as absent"
    );
    assert_eq!(config.data, Path::new("/variable"));
    assert_eq!(config.log, "flag=warn");
    assert!(!config.memory);
}

#[test]
fn every_override_is_taken() {
    let cases = [
        ("listen", "[::1]:1", "listen = '[::1]:1'"),
        ("port_file", "p", "port_file = 'p'"),
        ("data", "d", "data = 'd'"),
        ("memory", "true", "memory = true"),
        ("durability", "relaxed", "durability = 'relaxed'"),
        ("region", "eu-1", "region = 'eu-1'"),
        ("log", "warn", "log = 'warn'"),
        ("tls", "1", "tls = true"),
        ("tls_listen", "0.0.0.0:443", "tls_listen = '0.0.0.0:443'"),
    ];
    for (key, value, text) in cases {
        let expected = parse(text, Path::new("c.toml")).unwrap();
        assert_ne!(expected, Config::default(), "{key}");
        assert_eq!(
            load(None, &overrides(&[], &[(key, value)])).as_ref(),
            Ok(&expected),
            "--{key}"
        );
        let name = format!("OSSICLE_{}", key.to_uppercase());
        assert_eq!(
            load(None, &overrides(&[(&name, value)], &[])),
            Ok(expected),
            "{name}"
        );
        assert!(is_variable(&name), "{name}");
    }
    assert!(!is_variable("OSSICLE_LISTEN_ADDRESS"));
}

#[test]
fn the_first_key_can_be_overridden() {
    let config = load(
        None,
        &overrides(
            &[
                ("OSSICLE_ACCESS_KEY_ID", "me"),
                ("OSSICLE_ACCESS_KEY_SECRET", "hidden"),
            ],
            &[],
        ),
    )
    .unwrap();
    assert_eq!(
        config
            .first_key()
            .map(|key| (key.id.as_str(), key.secret.expose())),
        Some(("me", "hidden"))
    );
    assert!(!config.has_default_key());
    assert!(Config::default().has_default_key());
}

#[test]
fn broken_overrides_name_the_variable_or_flag() {
    type Pairs = &'static [(&'static str, &'static str)];
    let cases: [(Pairs, Pairs, &str); 5] = [
        (
            &[("OSSICLE_LISTEN", "here")],
            &[],
            "OSSICLE_LISTEN: `here` is not an address such as 127.0.0.1:6770",
        ),
        (
            &[],
            &[("tls_listen", "1")],
            "--tls-listen: `1` is not an address such as 127.0.0.1:6770",
        ),
        (
            &[],
            &[("durability", "maybe")],
            "--durability: `maybe` is neither durable nor relaxed",
        ),
        (
            &[("OSSICLE_MEMORY", "yes")],
            &[],
            "OSSICLE_MEMORY: `yes` is neither true nor false",
        ),
        (
            &[],
            &[("tls_cert", "c")],
            "configuration: tls_cert needs tls_key",
        ),
    ];
    for (environment, flags, expected) in cases {
        let error = load(None, &overrides(environment, flags)).expect_err(expected);
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn broken_files_name_the_line() {
    let account = "[[account]]\nuid = '1'\nkeys = [{ id = 'a', secret = 's' }]\n";
    let cases = [
        (
            "unknown key",
            "\nlisten_on = 1\n".to_owned(),
            "c.toml:2: unknown field `listen_on`",
        ),
        (
            "unknown limit",
            "[limits]\n\nspeed = 1".to_owned(),
            "c.toml:3: unknown field `speed`",
        ),
        (
            "syntax",
            "memory = true\nlisten = \n".to_owned(),
            "c.toml:2: ",
        ),
        (
            "type",
            "\n\nmemory = 'yes'".to_owned(),
            "c.toml:3: invalid type: string \"yes\", expected a boolean",
        ),
        ("address", "\nlisten = 'here'".to_owned(), "c.toml:2: "),
        (
            "variant",
            "\ndurability = 'maybe'".to_owned(),
            "c.toml:2: unknown variant `maybe`",
        ),
        (
            "range",
            "[limits]\nconnections = 0".to_owned(),
            "c.toml:2: 0 is not in 1 to 65536",
        ),
        (
            "negative",
            "[limits]\nheader_seconds = -1".to_owned(),
            "c.toml:2: -1 is not in 1 to 86400",
        ),
        (
            "status",
            "\nsealed_append_status = 404".to_owned(),
            "c.toml:2: 404 is neither 409 nor 400",
        ),
        (
            "region",
            "\nregion = 'Hang Zhou'".to_owned(),
            "c.toml:2: `Hang Zhou` is not a region",
        ),
        (
            "log",
            "\nlog = 'a=b=c'".to_owned(),
            "c.toml:2: `a=b=c` is not a log filter",
        ),
        (
            "domain",
            "\ndomains = ['localhost:80']".to_owned(),
            "c.toml:2: `localhost:80` is not a host name",
        ),
        (
            "ip domain",
            "\ndomains = ['127.0.0.1']".to_owned(),
            "c.toml:2: `127.0.0.1` is not a host name",
        ),
        (
            "bucket",
            "[[bucket]]\nname = 'A'".to_owned(),
            "c.toml:2: `A` is not a bucket name",
        ),
        (
            "acl",
            "[[bucket]]\nname = 'abc'\nacl = 'open'".to_owned(),
            "c.toml:3: `open` is not private",
        ),
        (
            "two buckets",
            "[[bucket]]\nname = 'abc'\n[[bucket]]\nname = 'abc'".to_owned(),
            "c.toml:3: bucket `abc`",
        ),
        (
            "owner",
            "\n[[bucket]]\nname = 'abc'\nowner = '7'".to_owned(),
            "c.toml:2: no [[account]] has uid `7`",
        ),
        (
            "two uids",
            format!("{account}[[account]]\nuid = '1'\n"),
            "c.toml:4: uid `1` stands twice",
        ),
        (
            "two key ids",
            format!("{account}[[account]]\nuid = '2'\nkeys = [{{ id = 'a', secret = 't' }}]"),
            "c.toml:4: key id `a` stands twice",
        ),
        (
            "no account",
            "account = []".to_owned(),
            "c.toml: at least one [[account]] is needed",
        ),
        (
            "policy",
            format!("{account}[[account.users]]\nname='u'\nkeys=[]\npolicy='['\n"),
            "c.toml:7: the policy",
        ),
        (
            "policy file",
            format!("{account}[[account.users]]\nname='u'\nkeys=[]\npolicy_file='no.json'\n"),
            "c.toml:1: user `u`: no.json: ",
        ),
        (
            "role",
            "[[role]]\narn = 'me'\naccount = '1'".to_owned(),
            "c.toml:2: `me` is not acs:ram::",
        ),
        (
            "cert",
            "\ntls_cert = 'c'".to_owned(),
            "c.toml:2: tls_cert needs tls_key",
        ),
        (
            "ca file",
            "\ntls_ca_file = 'c'".to_owned(),
            "c.toml:2: tls_ca_file needs tls",
        ),
    ];
    for (name, text, expected) in cases {
        let message = error_of(&text);
        assert!(message.starts_with(expected), "{name}: {message}");
        assert!(!message.contains('\n'), "{name}: {message}");
    }
}

#[test]
fn an_unreadable_file_is_an_error() {
    let error =
        load(Some(Path::new("/no/such/file.toml")), &Overrides::default()).expect_err("absent");
    assert!(
        error
            .to_string()
            .starts_with("/no/such/file.toml: No such file"),
        "{error}"
    );
}

#[test]
fn policies_are_read_from_beside_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let policy =
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:*","Resource":"*"}]}"#;
    fs::write(dir.path().join("p.json"), policy).unwrap();
    let file = dir.path().join("c.toml");
    let role = "[[role]]\narn = 'acs:ram::1000000000000001:role/r'\naccount = '1000000000000001'\n";
    fs::write(&file, format!("{role}policy_file = 'p.json'\n")).unwrap();
    let config = load(Some(&file), &Overrides::default()).unwrap();
    assert_eq!(
        config.role.first().and_then(|role| role.policy.as_deref()),
        Some(policy)
    );
}

#[test]
fn secrets_are_never_printed() {
    let text = "[[account]]\nuid = '1'\nkeys = [{ id = 'a', secret = 'hush-hush' }]";
    let config = parse(text, Path::new("c.toml")).unwrap();
    let printed = format!("{config:?}");
    assert!(
        printed.contains("***") && !printed.contains("hush-hush"),
        "{printed}"
    );
    let broken =
        error_of("[[account]]\nuid = '1'\nkeys = [{ id = 'a', secret = \"hush\\u0001\" }]");
    assert!(
        broken.starts_with("c.toml:3: a secret is") && !broken.contains("hush"),
        "{broken}"
    );
}

#[test]
fn https_stands_beside_http_unless_told_otherwise() {
    let cases = [
        ("", None),
        ("tls = true", Some("127.0.0.1:6771")),
        ("tls = true\nlisten = '0.0.0.0:80'", Some("0.0.0.0:6771")),
        ("tls_listen = '127.0.0.1:0'", Some("127.0.0.1:0")),
    ];
    for (text, expected) in cases {
        let config = parse(text, Path::new("c.toml")).unwrap();
        assert_eq!(
            config.tls_address(),
            expected.map(|text| text.parse().unwrap()),
            "{text}"
        );
    }
}

#[test]
fn auth_gets_every_key_and_role() {
    let text = DEFAULT_FILE
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(example) if !example.starts_with(' ') && !example.starts_with("tls_") => example,
            _ => line,
        });
    let config = parse(&text.collect::<Vec<_>>().join("\n"), Path::new("c.toml")).unwrap();
    let credentials = crate::auth::Credentials::new(config.account_specs()).unwrap();
    assert!(credentials.lookup("ossicle").is_some());
    assert!(credentials.lookup("reader").is_some());
    let specs = config.account_specs();
    let roles: Vec<_> = specs
        .iter()
        .flat_map(|account| &account.roles)
        .map(|role| role.name.as_str())
        .collect();
    assert_eq!(roles, ["writer"]);
}
