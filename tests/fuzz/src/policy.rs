//! Policies of users, roles, sessions and buckets: no panic, and passing over public statements takes permissions away but gives none.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ossicle::auth::policy::{Caller, Facts, Kind, Policy, Question, ResourceName, Verdict};
use ossicle::domain::time::Timestamp;
use std::net::{IpAddr, Ipv4Addr};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let resource = ResourceName {
        service: "oss",
        region: "cn-hangzhou".to_owned(),
        owner: "1000000000000001".to_owned(),
        path: "examplebucket/dir/key".to_owned(),
    };
    let caller = Caller {
        account: Some("1000000000000002".to_owned()),
        root: true,
        names: vec!["acs:ram::1000000000000002:user/a".to_owned()],
    };
    let facts = Facts {
        source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        secure: false,
        now: Timestamp::from_seconds(1_702_743_657),
        requester_pays: false,
        more: vec![("oss:prefix".to_owned(), "dir/".to_owned())],
    };
    for kind in [Kind::Identity, Kind::Bucket] {
        let Ok(policy) = Policy::parse(text, kind) else { continue };
        let ask = |ignore_public| {
            policy.ask(&Question { action: "oss:GetObject", resource: &resource, caller: &caller, facts: &facts, ignore_public })
        };
        let (whole, narrowed) = (ask(false), ask(true));
        if let Verdict::Allow(..) = narrowed {
            assert!(matches!(whole, Verdict::Allow(..)), "{whole:?}");
        }
        if !policy.is_public() && kind == Kind::Bucket {
            assert_eq!(matches!(whole, Verdict::Deny(_)), matches!(narrowed, Verdict::Deny(_)));
        }
    }
});
