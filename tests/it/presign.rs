//! Signed URLs used as browsers and tools use them: any method, overrides, content types, keys that need escaping, both addressing styles.
//! What they refuse is in `auth_matrix`.

use crate::support::fixture::Bucket;
use crate::support::server::shared;
use crate::support::signer::Scheme;

const URLS: [Scheme; 3] = [Scheme::V1Url, Scheme::V2Url, Scheme::V4Url];

/// Put, get, head, append, copy and delete by URL alone.
#[test]
fn every_method() {
    let server = shared();
    for scheme in URLS {
        let client = server.client().with_scheme(scheme);
        let bucket = Bucket::of(&server.client(), "it", None).by(&client);
        let key = "dir/ä b+c%.txt";
        bucket.put(key, "hello").send().expect(200);
        assert_eq!(bucket.get(key).send().expect(200).body, b"hello");
        bucket.head(key).send().expect(200);
        bucket.head(key).flag("objectMeta").send().expect(200);
        bucket.append("a", 0, "one").send().expect(200);
        bucket.append("a", 3, "two").send().expect(200);
        bucket.copy(key, "copy").send().expect(200);
        bucket.get(key).flag("acl").send().expect(200);
        bucket.ask("GET").param("prefix", "dir/").send().expect(200);
        bucket.delete(key).send().expect(204);
        bucket.assert_absent(key);
    }
}

/// Without a Content-Type in the signature none is sent, and the object gets the default; with one it must be sent.
#[test]
fn content_types() {
    let server = shared();
    for scheme in URLS {
        let bucket = Bucket::new(&server);
        let client = bucket.client.with_scheme(scheme);
        bucket.put("bare", "x").by(&client).send().expect(200);
        assert_eq!(
            bucket
                .head("bare")
                .send()
                .expect(200)
                .header("content-type"),
            Some("application/octet-stream")
        );
        let typed = bucket
            .put("typed", "x")
            .header("Content-Type", "text/css")
            .by(&client);
        typed.send().expect(200);
        assert_eq!(
            bucket
                .head("typed")
                .send()
                .expect(200)
                .header("content-type"),
            Some("text/css")
        );
        // Dropping the signed type is another request.
        let target = typed.target_of(&typed.signed());
        let dropped = bucket
            .put("typed", "y")
            .by(&bucket.client.anonymous())
            .target(&target)
            .send();
        dropped.refused(403, "SignatureDoesNotMatch");
        let added = bucket
            .put("bare", "y")
            .by(&client)
            .unsigned_header("Content-Type", "text/css")
            .send();
        added.refused(403, "SignatureDoesNotMatch");
        assert_eq!(bucket.get("bare").send().expect(200).body, b"x");
    }
}

/// Overrides travel in the URL and are signed with it.
#[test]
fn overrides() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.put("k", "hello").send().expect(200);
    for scheme in URLS {
        let request = bucket
            .get("k")
            .param(
                "response-content-disposition",
                "attachment; filename=\"ä b.txt\"",
            )
            .by(&bucket.client.with_scheme(scheme));
        let answer = request.send().expect(200);
        assert_eq!(
            answer.header("content-disposition"),
            Some("attachment; filename=\"ä b.txt\"")
        );
        let target = request
            .target_of(&request.signed())
            .replace("attachment", "inline");
        bucket
            .get("k")
            .by(&bucket.client.anonymous())
            .target(&target)
            .send()
            .refused(403, "SignatureDoesNotMatch");
    }
}

/// A range asked of a URL that was signed without one.
#[test]
fn ranges() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.put("k", "0123456789").send().expect(200);
    for scheme in URLS {
        let answer = bucket
            .get("k")
            .by(&bucket.client.with_scheme(scheme))
            .unsigned_header("Range", "bytes=2-4")
            .send()
            .expect(206);
        assert_eq!(answer.body, b"234");
    }
}

/// A V1 or V2 URL is indifferent to further parameters that are no sub-resources (V1 only); V4 signs everything.
#[test]
fn further_parameters() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.put("k", "x").send().expect(200);
    for (scheme, status) in [
        (Scheme::V1Url, 200),
        (Scheme::V2Url, 403),
        (Scheme::V4Url, 403),
    ] {
        let request = bucket.get("k").by(&bucket.client.with_scheme(scheme));
        let target = format!("{}&utm_source=mail", request.target_of(&request.signed()));
        let answer = bucket
            .get("k")
            .by(&bucket.client.anonymous())
            .target(&target)
            .send();
        assert_eq!(answer.status, status, "{scheme:?}: {answer:?}");
    }
}

/// The same signature is good for both addressing styles: it covers bucket and key, not the URL's shape.
#[test]
fn both_addressing_styles() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.put("dir/k", "x").send().expect(200);
    for scheme in URLS {
        let request = bucket.get("dir/k").by(&bucket.client.with_scheme(scheme));
        let host = format!("{}.localhost", bucket.name);
        assert_eq!(
            request
                .clone()
                .host(&host)
                .target_with_signature("/dir/k")
                .send()
                .expect(200)
                .body,
            b"x"
        );
        assert_eq!(
            request
                .clone()
                .host(&host)
                .target_with_signature("/dir%2Fk")
                .send()
                .expect(200)
                .body,
            b"x"
        );
        assert_eq!(request.send().expect(200).body, b"x");
    }
}

/// V2 and V4 URLs with additional headers want exactly these.
#[test]
fn additional_headers() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket.put("k", "0123456789").send().expect(200);
    for scheme in [Scheme::V2Url, Scheme::V4Url] {
        let request = bucket
            .get("k")
            .by(&bucket.client.with_scheme(scheme))
            .header("Range", "bytes=0-1")
            .additional(&["range"]);
        assert_eq!(request.send().expect(206).body, b"01");
        request
            .clone()
            .unsigned_header("Range", "bytes=0-5")
            .send()
            .refused(403, "SignatureDoesNotMatch");
        let target = request.target_of(&request.signed());
        bucket
            .get("k")
            .by(&bucket.client.anonymous())
            .target(&target)
            .send()
            .refused(403, "SignatureDoesNotMatch");
    }
}
