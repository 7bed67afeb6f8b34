//! Flags as they are typed.

use super::*;

fn parsed(line: &str) -> Result<Arguments, clap::Error> {
    Arguments::try_parse_from(line.split_whitespace())
}

#[test]
fn flags_stand_before_and_after_the_command() {
    for line in [
        "ossicle --memory --listen 127.0.0.1:0",
        "ossicle serve --memory --listen 127.0.0.1:0",
    ] {
        let arguments = parsed(line).unwrap();
        assert!(
            matches!(arguments.command, None | Some(Command::Serve)),
            "{line}"
        );
        assert_eq!(arguments.settings.memory.as_deref(), Some("true"), "{line}");
        assert_eq!(
            arguments.settings.listen.as_deref(),
            Some("127.0.0.1:0"),
            "{line}"
        );
    }
    assert_eq!(
        parsed("ossicle --tls=false")
            .unwrap()
            .settings
            .tls
            .as_deref(),
        Some("false")
    );
}

#[test]
fn every_key_has_a_flag() {
    use clap::CommandFactory;
    let command = Arguments::command();
    let flags: Vec<_> = command
        .get_arguments()
        .filter_map(clap::Arg::get_long)
        .collect();
    for key in config::KEYS {
        let flag = key.replace('_', "-");
        assert!(flags.contains(&flag.as_str()), "--{flag}");
    }
}

#[test]
fn nonsense_is_answered_in_one_line() {
    for line in [
        "ossicle --no-such-flag",
        "ossicle dance",
        "ossicle completions klingon",
        "ossicle --listen",
    ] {
        let error = parsed(line).expect_err(line);
        let text = first_paragraph(&error.to_string());
        assert!(
            !text.contains('\n') && text.ends_with("(see ossicle --help)"),
            "{text}"
        );
        assert!(!text.starts_with("error"), "{text}");
    }
}

#[test]
fn nobody_connects_to_all_addresses() {
    let cases = [
        ("0.0.0.0:1", "127.0.0.1:1"),
        ("[::]:1", "[::1]:1"),
        ("192.0.2.1:1", "192.0.2.1:1"),
    ];
    for (address, expected) in cases {
        assert_eq!(reachable(address.parse().unwrap()).to_string(), expected);
    }
}
