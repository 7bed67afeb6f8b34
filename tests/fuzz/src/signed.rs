//! What a signature does not make harmless: policies of forms that somebody signed, and AssumeRole requests that nobody could sign.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::fuzz_target;
use ossicle::auth::canonical::v1_signature;
use ossicle::auth::credentials::{AccountSpec, KeySpec, Secret};
use ossicle::auth::post_policy::{self, Form};
use ossicle::auth::sts::assume_role::{StsRequest, assume_role};
use ossicle::auth::{AuthSettings, Credentials};
use ossicle::domain::ids::SystemIds;
use ossicle::domain::time::Timestamp;
use ossicle::http::query::Query;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

const SECRET: &str = "9f1c-never-in-a-corpus-77d0";
const NOW: Timestamp = Timestamp::from_seconds(1_702_743_657);

static CREDENTIALS: LazyLock<Credentials> = LazyLock::new(|| {
    let key = KeySpec { id: "ossicle".to_owned(), secret: Secret::new(SECRET), disabled: false };
    let account = AccountSpec {
        uid: "1000000000000001".to_owned(),
        display_name: "ossicle".to_owned(),
        keys: vec![key],
        users: Vec::new(),
        roles: Vec::new(),
    };
    Credentials::new(vec![account]).unwrap_or_default()
});

/// The first line is the policy, the others are fields; the policy is signed here, so that its conditions are reached.
fn form(text: &str) {
    let mut lines = text.split('\n');
    let policy = STANDARD.encode(lines.next().unwrap_or_default());
    let signature = v1_signature(SECRET.as_bytes(), policy.as_bytes());
    let mut fields = vec![
        ("ossaccesskeyid".to_owned(), "ossicle".to_owned()),
        ("policy".to_owned(), policy),
        ("signature".to_owned(), signature),
    ];
    let more = lines.take(50).filter_map(|line| line.split_once(':'));
    fields.extend(more.map(|(name, value)| (name.to_lowercase(), value.to_owned())));
    let form = Form { fields: &fields, bucket: "examplebucket", file_content_type: Some("text/plain"), now: NOW };
    if let Ok(admission) = post_policy::authenticate(&CREDENTIALS, &AuthSettings::default(), &form) {
        assert!(!admission.identity.is_anonymous());
        let _ = admission.check_length(100);
    }
}

/// A query of AssumeRole; without the secret it gives no key, whatever it says.
fn role(text: &str) {
    let Ok(query) = Query::parse(text) else { return };
    let pairs = query.pairs().iter();
    let parameters: Vec<_> = pairs.map(|(name, value)| (name.clone(), value.clone().unwrap_or_default())).collect();
    let request = StsRequest {
        method: "GET",
        parameters: &parameters,
        now: NOW,
        source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        secure: false,
        request_id: "0123456789ABCDEF01234567",
    };
    let answer = assume_role(&CREDENTIALS, &request, &SystemIds::default());
    assert!(answer.is_err(), "a key for nobody");
}

fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    if *first == b'f' { form(text) } else { role(text) }
});
