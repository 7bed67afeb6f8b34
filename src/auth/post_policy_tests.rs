//! Forms: signatures of all versions, every condition, every failure row of auth.md §8.

use super::super::canonical::{Scope, v4_signature};
use super::super::tests::{UID, credentials};
use super::*;

/// 2023-12-16T16:20:57Z
const NOW: Timestamp = Timestamp::from_seconds(1_702_743_657);
const DATE: &str = "20231216T162057Z";
const CREDENTIAL: &str = "ak/20231216/cn-hangzhou/oss/aliyun_v4_request";

type Fields = Vec<(String, String)>;

fn fields(pairs: &[(&str, &str)]) -> Fields {
    pairs
        .iter()
        .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
        .collect()
}

fn encode(policy: &str) -> String {
    STANDARD.encode(policy)
}

/// A policy that is good for an hour, with these conditions.
fn policy(conditions: &str) -> String {
    encode(&format!(
        r#"{{"expiration":"2023-12-16T17:20:57.000Z","conditions":[{conditions}]}}"#
    ))
}

fn v1(policy: &str, more: &[(&str, &str)]) -> Fields {
    let signature = v1_signature(b"sk", policy.as_bytes());
    let own = [
        ("ossaccesskeyid", "ak"),
        ("policy", policy),
        ("signature", &*signature),
    ];
    fields(&[more, &own].concat())
}

fn scope() -> Scope {
    parse_credential(CREDENTIAL).unwrap().1
}

const V4_CONDITIONS: &str = r#"{"x-oss-signature-version":"OSS4-HMAC-SHA256"},{"x-oss-credential":"ak/20231216/cn-hangzhou/oss/aliyun_v4_request"},{"x-oss-date":"20231216T162057Z"}"#;

fn v4(policy: &str, more: &[(&str, &str)]) -> Fields {
    let signature = v4_signature(b"sk", &scope(), policy.as_bytes());
    let own = [
        ("x-oss-signature-version", V4_ALGORITHM),
        ("x-oss-credential", CREDENTIAL),
        ("x-oss-date", DATE),
        ("policy", policy),
        ("x-oss-signature", &*signature),
    ];
    fields(&[more, &own].concat())
}

fn check(fields: &Fields) -> Result<FormAdmission> {
    check_at(fields, NOW)
}

fn check_at(fields: &Fields, now: Timestamp) -> Result<FormAdmission> {
    let form = Form {
        fields,
        bucket: "bucket",
        file_content_type: Some("image/png"),
        now,
    };
    authenticate(&credentials(), &AuthSettings::default(), &form)
}

#[test]
fn every_version_is_accepted() {
    let plain = policy("");
    let bound = policy(V4_CONDITIONS);
    let v2 = v2_signature(b"sk", plain.as_bytes());
    let v2 = fields(&[
        ("x-oss-signature-version", "OSS2"),
        ("x-oss-access-key-id", "ak"),
        ("policy", &plain),
        ("x-oss-signature", &v2),
    ]);
    for (name, form) in [("V1", v1(&plain, &[])), ("V2", v2), ("V4", v4(&bound, &[]))] {
        let admission = check(&form).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(admission.identity.uid(), Some(UID), "{name}");
        assert_eq!(admission.identity.scheme(), Scheme::Form, "{name}");
        assert_eq!(admission.content_length, None, "{name}");

        // Negative control: the same form with one character of the policy changed.
        let mut altered = form;
        for (name, value) in &mut altered {
            if name == "policy" {
                value.replace_range(8..9, if &value[8..9] == "A" { "B" } else { "A" });
            }
        }
        let error = check(&altered).unwrap_err();
        assert_eq!(error.code(), Code::SignatureDoesNotMatch, "{name}");
    }
}

#[test]
fn an_unsigned_form_is_anonymous() {
    let admission = check(&fields(&[("key", "k")])).unwrap();
    assert!(admission.identity.is_anonymous());
}

/// Conditions and whether the form of `conditions_hold` satisfies them.
const CONDITIONS: &[(&str, bool)] = &[
    (r#"{"bucket":"bucket"}"#, true),
    (r#"{"bucket":"other"}"#, false),
    (r#"["eq","$bucket","bucket"]"#, true),
    (r#"["eq","$key","dir/${filename}"]"#, true),
    (r#"["eq","$key","dir\/\${filename}"]"#, true),
    (r#"["eq","key","dir/${filename}"]"#, true),
    (r#"["eq","$Key","dir/${filename}"]"#, true),
    (r#"["eq","$key","DIR/${filename}"]"#, false),
    (r#"["eq","$absent",""]"#, false),
    (r#"["starts-with","$key","dir/"]"#, true),
    (r#"["starts-with","$key",""]"#, true),
    (r#"["starts-with","$absent",""]"#, true),
    (r#"["starts-with","$absent","x"]"#, false),
    (r#"["starts-with","$key","other/"]"#, false),
    (r#"["in","$x-oss-meta-tag",["a","red"]]"#, true),
    (r#"["in","$x-oss-meta-tag",["a"]]"#, false),
    (r#"["in","$absent",["a"]]"#, false),
    (r#"["not-in","$x-oss-meta-tag",["a"]]"#, true),
    (r#"["not-in","$x-oss-meta-tag",["red"]]"#, false),
    (r#"["not-in","$absent",["red"]]"#, true),
    (r#"["eq","$x-oss-meta-tag","re\u0064"]"#, true),
    // Of the file part, since no field names one (Java v1's test).
    (r#"["in","$content-type",["image/jpg","image/png"]]"#, true),
    (r#"["eq","$Content-Type","image/jpg"]"#, false),
    (r#"["content-length-range",1,1024]"#, true),
];

#[test]
fn conditions_hold() {
    for (condition, expected) in CONDITIONS {
        let form = v1(
            &policy(condition),
            &[("key", "dir/${filename}"), ("x-oss-meta-tag", "red")],
        );
        match check(&form) {
            Ok(_) => assert!(expected, "{condition} held"),
            Err(error) => {
                assert!(!expected, "{condition}: {error}");
                assert_eq!(error.code(), Code::AccessDenied, "{condition}");
                assert_eq!(error.extended_code(), "0006-00000227", "{condition}");
                assert!(
                    error
                        .text()
                        .starts_with("Invalid according to Policy: Policy Condition failed: [\""),
                    "{condition}: {error}"
                );
            }
        }
    }
}

#[test]
fn the_content_type_field_wins_over_the_files() {
    let condition = policy(r#"["eq","$content-type","text/a"]"#);
    for (more, expected) in [
        (&[("content-type", "text/a")][..], true),
        (
            &[("x-oss-content-type", "text/a"), ("content-type", "text/b")],
            true,
        ),
        (
            &[("x-oss-content-type", "text/b"), ("content-type", "text/a")],
            false,
        ),
        (&[], false),
    ] {
        assert_eq!(check(&v1(&condition, more)).is_ok(), expected, "{more:?}");
    }
}

#[test]
fn a_failed_condition_is_quoted() {
    let form = v1(
        &policy(r#"{"success_action_status":"200"}"#),
        &[("success_action_status", "201")],
    );
    assert_eq!(
        check(&form).unwrap_err().text(),
        r#"Invalid according to Policy: Policy Condition failed: ["eq", "$success_action_status", "200"]"#
    );
}

#[test]
fn sizes_are_bounded() {
    let of = |conditions: &str| check(&v1(&policy(conditions), &[])).unwrap();
    let admission = of(r#"["content-length-range",10,20]"#);
    for (length, code) in [
        (9, Some(Code::EntityTooSmall)),
        (10, None),
        (20, None),
        (21, Some(Code::EntityTooLarge)),
    ] {
        let result = admission.check_length(length);
        assert_eq!(result.err().map(|e| e.code()), code, "{length}");
    }
    // Two ranges both hold.
    let both = of(r#"["content-length-range",10,20],["content-length-range",15,30]"#);
    assert_eq!(both.content_length, Some(15..=20));
    assert!(of("").check_length(u64::MAX).is_ok());
}

fn without(mut form: Fields, name: &str) -> Fields {
    form.retain(|(n, _)| n != name);
    form
}

fn replaced(form: Fields, name: &str, value: &str) -> Fields {
    let mut form = without(form, name);
    form.push((name.to_owned(), value.to_owned()));
    form
}

fn raw(policy: &str) -> Fields {
    v1(&encode(policy), &[])
}

type Row = (&'static str, Fields, Code, &'static str, &'static str);

#[rustfmt::skip]
fn failure_rows() -> Vec<Row> {
    use Code::{AccessDenied, InvalidArgument, InvalidPolicyDocument};
    let row = |name, form, code, ec, message| (name, form, code, ec, message);
    let good = || v1(&policy(""), &[]);
    let good4 = || v4(&policy(V4_CONDITIONS), &[]);
    let expires = |text: &str| raw(&format!(r#"{{"expiration":{text},"conditions":[]}}"#));
    let conditions = |text: &str| v1(&policy(text), &[]);
    let document = |name, form| (name, form, InvalidPolicyDocument, "0006-00000201", "");
    vec![
        row("no key id", without(good(), "ossaccesskeyid"), InvalidArgument, "0002-00000702", "Post request accessKeyId is empty."),
        row("no signature", without(good(), "signature"), InvalidArgument, "0002-00000703", "Post request signature is empty."),
        row("empty signature", replaced(good(), "signature", ""), InvalidArgument, "0002-00000703", "Post request signature is empty."),
        row("no policy", without(good(), "policy"), InvalidArgument, "0002-00000702", "Post request policy is empty."),
        row("policy alone", fields(&[("policy", "x")]), InvalidArgument, "0002-00000702", "Post request accessKeyId is empty."),
        row("unknown key", replaced(good(), "ossaccesskeyid", "nobody"), Code::InvalidAccessKeyId, "0002-00000902", ""),
        row("illegal key", replaced(good(), "ossaccesskeyid", "a/b"), Code::InvalidAccessKeyId, "0002-00000064", ""),
        row("wrong signature", replaced(good(), "signature", "x"), Code::SignatureDoesNotMatch, "0002-00000040", ""),
        row("unknown version", replaced(good(), "x-oss-signature-version", "OSS9"), InvalidArgument, "0017-00000002", ""),
        row("expired", expires(r#""2023-12-16T16:20:56.000Z""#), AccessDenied, "0006-00000213", "Invalid according to Policy: Policy expired."),
        row("no conditions", raw(r#"{"expiration":"2024-01-01T00:00:00Z"}"#), InvalidPolicyDocument, "0006-00000207", ""),
        row("no expiration", raw(r#"{"conditions":[]}"#), InvalidPolicyDocument, "0006-00000208", ""),
        row("neither", raw("{}"), InvalidPolicyDocument, "0006-00000209", ""),
        row("empty expiration", expires(r#""""#), InvalidPolicyDocument, "0006-00000211", ""),
        document("expiration of a number", expires("5")),
        document("expiration of another form", expires(r#""tomorrow""#)),
        document("not base64", v1("%%%", &[])),
        document("not UTF-8", v1(&STANDARD.encode([0xff, 0xfe]), &[])),
        document("not JSON", raw("policy")),
        document("not an object", raw("[]")),
        document("conditions no list", raw(r#"{"expiration":"2024-01-01T00:00:00Z","conditions":{}}"#)),
        document("condition of two members", conditions(r#"{"a":"b","c":"d"}"#)),
        document("condition of no member", conditions("{}")),
        document("condition of a number", conditions(r#"{"a":5}"#)),
        document("condition of a text", conditions(r#""x""#)),
        document("condition of two items", conditions(r#"["eq","$key"]"#)),
        document("unknown operator", conditions(r#"["ends-with","$key","x"]"#)),
        document("size of a text", conditions(r#"["content-length-range","1","2"]"#)),
        document("negative size", conditions(r#"["content-length-range",-1,2]"#)),
        document("in without a list", conditions(r#"["in","$key","x"]"#)),
        document("in of numbers", conditions(r#"["in","$key",[1]]"#)),
        document("too many conditions", conditions(&vec![r#"["starts-with","$key",""]"#; CONDITIONS_MAX + 1].join(","))),
        document("too long", v1(&" ".repeat(POLICY_BYTES_MAX + 1), &[])),
        document("deep nesting", raw(&"[".repeat(50_000))),
        row("V4 credential", replaced(good4(), "x-oss-credential", "ak"), InvalidArgument, "0002-00000710", ""),
        row("V4 no credential", without(good4(), "x-oss-credential"), InvalidArgument, "0002-00000710", ""),
        row("V4 product", replaced(good4(), "x-oss-credential", "ak/20231216/cn-hangzhou/ecs/aliyun_v4_request"), InvalidArgument, "0002-00000710", ""),
        row("V4 region", replaced(good4(), "x-oss-credential", "ak/20231216/cn-beijing/oss/aliyun_v4_request"), InvalidArgument, "0002-00000715", "The signing region in credential is invalid."),
        row("V4 day", replaced(good4(), "x-oss-credential", "ak/20231215/cn-hangzhou/oss/aliyun_v4_request"), InvalidArgument, "0002-00000710", ""),
        row("V4 date", replaced(good4(), "x-oss-date", "today"), InvalidArgument, "0017-00000002", ""),
        row("V4 no signature", without(good4(), "x-oss-signature"), InvalidArgument, "0002-00000703", ""),
        row("V4 signature", replaced(good4(), "x-oss-signature", "x"), Code::SignatureDoesNotMatch, "0002-00000201", ""),
        row("V4 unbound date", v4(&policy(r#"{"x-oss-signature-version":"OSS4-HMAC-SHA256"},{"x-oss-credential":"ak/20231216/cn-hangzhou/oss/aliyun_v4_request"}"#), &[]), AccessDenied, "0006-00000227", ""),
        row("V4 unbound credential", v4(&policy(r#"{"x-oss-signature-version":"OSS4-HMAC-SHA256"},{"x-oss-date":"20231216T162057Z"}"#), &[]), AccessDenied, "0006-00000227", ""),
        row("V4 loosely bound date", v4(&policy(&V4_CONDITIONS.replace(r#"{"x-oss-date":"20231216T162057Z"}"#, r#"["starts-with","$x-oss-date",""]"#)), &[]), AccessDenied, "0006-00000227", ""),
    ]
}

#[test]
fn every_failure_row() {
    for (name, form, code, ec, message) in failure_rows() {
        let error = match check(&form) {
            Ok(admission) => panic!("{name}: accepted {admission:?}"),
            Err(error) => error,
        };
        assert_eq!(
            (error.code(), error.extended_code()),
            (code, ec),
            "{name}: {error}"
        );
        if !message.is_empty() {
            assert_eq!(error.text(), message, "{name}");
        }
    }
}

#[test]
fn a_bad_credential_is_named() {
    let form = replaced(v4(&policy(V4_CONDITIONS), &[]), "x-oss-credential", "ak/x");
    let error = check(&form).unwrap_err();
    let fields: Vec<_> = error
        .fields()
        .iter()
        .map(|(n, v)| (*n, v.as_str()))
        .collect();
    assert_eq!(
        fields,
        [
            ("ArgumentName", "x-oss-credential"),
            ("ArgumentValue", "ak/x")
        ]
    );
}

/// auth.md §8: at most 15 minutes in the future, valid at most 7 days.
#[test]
fn v4_forms_have_a_window() {
    let conditions =
        format!(r#"{{"expiration":"2024-12-16T17:20:57Z","conditions":[{V4_CONDITIONS}]}}"#);
    let form = v4(&encode(&conditions), &[]);
    let week = 7 * 24 * 3600;
    for (offset, accepted) in [(-901, false), (-900, true), (week, true), (week + 1, false)] {
        let result = check_at(&form, NOW.plus_millis(offset * 1000));
        assert_eq!(result.is_ok(), accepted, "{offset}");
        if let Err(error) = result {
            assert_eq!(error.code(), Code::AccessDenied);
        }
    }
}

#[test]
fn dollars_lose_their_backslash_and_nothing_else_does() {
    for (text, expected) in [
        (r"\$", "$"),
        (r"\\$", r"\\$"),
        (r"\\\$", r"\\$"),
        (r"\n\u0024", r"\n\u0024"),
        (r"\", r"\"),
    ] {
        assert_eq!(plain_dollars(text), expected, "{text}");
    }
}

/// Java's policy of T15, which escapes `$`, holds for its own form.
#[test]
fn the_policy_of_t15_is_understood() {
    let text = r#"{"expiration":"2024-03-19T03:44:06.476Z","conditions":[{"bucket":"bucket"},["eq","$key","user\/eric\/\${filename}"],["starts-with","$key","user\/eric"],["starts-with","$x-oss-meta-tag","dummy_etag"],["content-length-range",1,1024]]}"#;
    let form = v1(
        &encode(text),
        &[
            ("key", "user/eric/${filename}"),
            ("x-oss-meta-tag", "dummy_etag_1"),
        ],
    );
    let admission = check(&form).unwrap();
    assert_eq!(admission.content_length, Some(1..=1024));
}

proptest::proptest! {
    #[test]
    fn no_policy_makes_it_panic(text in "\\PC{0,80}|[\\[\\]{}\":,$\\\\a-z1-]{0,80}") {
        drop(check(&raw(&text)));
        drop(check(&v1(&policy(&text), &[])));
        drop(check(&v1(&text, &[])));
    }
}
