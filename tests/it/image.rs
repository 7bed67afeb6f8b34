//! Image processing over HTTP: ProcessObjectOnRead (GetObject with `x-oss-process`), ProcessObject, and styles for both.
//! The pictures are made here. What each action does to pixels is told in `src/picture/tests.rs`.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

use crate::support::client::{Request, Response};
use crate::support::digest::{base64_encode, md5_etag};
use crate::support::fixture::Bucket;
use crate::support::server::{Server, shared};
use crate::support::signer::{Scheme, uri_encode};

const PROCESS: &str = "x-oss-process";

/// The bytes of a picture.
fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let low = |value: u32| value.to_le_bytes()[0];
    let image = RgbImage::from_fn(width, height, |x, y| Rgb([low(x), low(y), 128]));
    let mut bytes = Vec::new();
    DynamicImage::from(image)
        .write_to(Cursor::new(&mut bytes), format)
        .expect("an encoder");
    bytes
}

/// A bucket with a picture of 40 by 30 as `p`.
fn bucket_with_picture(server: &Server) -> Bucket {
    let bucket = Bucket::new(server);
    let put = bucket.put("p", picture(40, 30, ImageFormat::Png));
    put.send().expect(200);
    bucket
}

fn processed(bucket: &Bucket, key: &str, text: &str) -> Request {
    bucket.get(key).param(PROCESS, text)
}

/// Format, width and height of a body.
fn shape(answer: &Response) -> (ImageFormat, u32, u32) {
    let format = image::guess_format(&answer.body).expect("a picture");
    let image = image::load_from_memory(&answer.body).expect("a whole picture");
    (format, image.width(), image.height())
}

/// URL-safe base64, as the SDKs write names.
fn name(text: &str) -> String {
    use base64::prelude::{BASE64_URL_SAFE, Engine as _};
    BASE64_URL_SAFE.encode(text)
}

/// ProcessObject with a body.
fn order(bucket: &Bucket, key: &str, text: &str) -> Request {
    bucket
        .object("POST", key)
        .flag(PROCESS)
        .body(format!("{PROCESS}={text}"))
}

/// ProcessObject that saves.
fn save(bucket: &Bucket, key: &str, actions: &str, target: &str) -> Request {
    let target = name(target);
    order(bucket, key, &format!("{actions}|sys/saveas,o_{target}"))
}

/// The object's headers, and the result's type and length; the tag is the original's, and no digest is.
#[test]
fn a_picture_is_processed_on_its_way_out() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let source = picture(400, 300, ImageFormat::Jpeg);
    let put = bucket.put("p.jpg", &source);
    put.headers(&[
        ("Content-Type", "application/x-anything"),
        ("Cache-Control", "no-cache"),
        ("x-oss-meta-a", "b"),
    ])
    .send()
    .expect(200);

    let answer = processed(&bucket, "p.jpg", "image/resize,w_100").send();
    let answer = answer.expect(200);
    assert_eq!(shape(&answer), (ImageFormat::Jpeg, 100, 75));
    assert_eq!(answer.header("content-type"), Some("image/jpeg"));
    assert_eq!(answer.number("content-length"), answer.body.len() as u64);
    assert_eq!(answer.etag(), md5_etag(&source));
    assert_eq!(answer.header("cache-control"), Some("no-cache"));
    assert_eq!(answer.header("x-oss-meta-a"), Some("b"));
    assert_eq!(answer.header("x-oss-object-type"), Some("Normal"));
    assert!(answer.header("last-modified").is_some());
    for absent in ["content-md5", "x-oss-hash-crc64ecma", "accept-ranges"] {
        assert_eq!(answer.header(absent), None, "{absent}");
    }
    let again = processed(&bucket, "p.jpg", "image/resize,w_100").send();
    assert_eq!(again.body, answer.body, "the same answer each time");

    // Conditions are about the original; a range is not.
    let conditional = processed(&bucket, "p.jpg", "image/resize,w_100");
    conditional
        .header("If-None-Match", answer.etag())
        .send()
        .expect(304);
    let ranged = processed(&bucket, "p.jpg", "image/resize,w_100").header("Range", "bytes=0-9");
    assert_eq!(ranged.send().expect(200).body, answer.body);
    let renamed = processed(&bucket, "p.jpg", "image/format,png")
        .param("response-content-type", "image/x-mine")
        .send()
        .expect(200);
    assert_eq!(renamed.header("content-type"), Some("image/x-mine"));
    assert_eq!(shape(&renamed).0, ImageFormat::Png);
    // The original is as it was.
    assert_eq!(bucket.get("p.jpg").send().expect(200).body, source);
}

/// As Python v1's suite asks for it.
#[test]
fn a_picture_tells_of_itself() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let source = picture(40, 30, ImageFormat::Png);
    bucket.put("p", &source).send().expect(200);
    let answer = processed(&bucket, "p", "image/info").send().expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let info: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
    let expected = serde_json::json!({
        "FileSize": {"value": source.len().to_string()},
        "Format": {"value": "png"},
        "ImageHeight": {"value": "30"},
        "ImageWidth": {"value": "40"},
    });
    assert_eq!(info, expected);
    let hue = processed(&bucket, "p", "image/average-hue").send();
    assert_eq!(hue.expect(200).body, br#"{"RGB":"0x130e80"}"#);
}

/// An appended picture, one behind a symlink, one of a version, and one that somebody else reads by a public ACL.
#[test]
fn every_readable_object_is_a_source() {
    let server = shared();
    let bucket = Bucket::with_acl(&server, "public-read");
    let source = picture(40, 30, ImageFormat::Png);
    let (head, tail) = source.split_at(50);
    bucket.append("a", 0, head).send().expect(200);
    bucket.append("a", 50, tail).send().expect(200);
    bucket
        .object("PUT", "link")
        .flag("symlink")
        .header("x-oss-symlink-target", "a")
        .send()
        .expect(200);
    let anonymous = bucket.by(&bucket.client.anonymous());
    for key in ["a", "link"] {
        let answer = processed(&anonymous, key, "image/resize,w_20").send();
        let answer = answer.expect(200);
        assert_eq!(shape(&answer), (ImageFormat::Png, 20, 15), "{key}");
        assert_eq!(answer.header("x-oss-next-append-position"), None);
    }
    bucket.set_versioning("Enabled");
    let first = bucket.put("v", &source).send().expect(200);
    bucket.put("v", "no picture").send().expect(200);
    let version = first.header("x-oss-version-id").expect("a version");
    let old = processed(&bucket, "v", "image/resize,w_20").param("versionId", version);
    assert_eq!(shape(&old.send().expect(200)), (ImageFormat::Png, 20, 15));
    processed(&bucket, "v", "image/resize,w_20")
        .send()
        .refused(400, "BadRequest");
}

/// What a URL does to a picture is signed with it.
#[test]
fn processing_is_part_of_the_signature() {
    let server = shared();
    let bucket = bucket_with_picture(&server);
    for scheme in [Scheme::V1Url, Scheme::V2Url, Scheme::V4Url] {
        let client = bucket.client.with_scheme(scheme);
        let request = processed(&bucket.by(&client), "p", "image/resize,w_20");
        let answer = request.send().expect(200);
        assert_eq!(shape(&answer), (ImageFormat::Png, 20, 15));
        let target = request.target_of(&request.signed());
        for changed in [
            target.replace("w_20", "w_30"),
            target.replace("x-oss-process", "x-oss-other"),
        ] {
            assert_ne!(changed, target);
            let request = bucket.get("p").by(&bucket.client.anonymous());
            let refused = request.target(&changed).send();
            refused.refused(403, "SignatureDoesNotMatch");
        }
    }
    let private = processed(&bucket, "p", "image/info").by(&bucket.client.anonymous());
    private.send().refused(403, "AccessDenied");
}

/// A style is a name for a text, of the bucket that the picture lies in.
#[test]
fn styles_are_followed() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let source = picture(40, 30, ImageFormat::Png);
    bucket.put("p", &source).send().expect(200);
    for (style, content) in [
        ("half", "image/resize,p_50/format,jpg"),
        ("text", "some content"),
        ("bad", "image/resize,w_0"),
        ("deep", "style/half"),
    ] {
        let document = format!("<Style><Content>{content}</Content></Style>");
        let put = bucket.ask("PUT").flag("style").param("styleName", style);
        put.body(document).send().expect(200);
    }
    let answer = processed(&bucket, "p", "style/half").send().expect(200);
    assert_eq!(shape(&answer), (ImageFormat::Jpeg, 20, 15));
    save(&bucket, "p", "style/half", "saved").send().expect(200);
    assert_eq!(bucket.get("saved").send().expect(200).body, answer.body);
    for (style, status, code) in [
        ("style/none", 404, "NoSuchStyle"),
        ("style/", 404, "NoSuchStyle"),
        ("style/a/b", 404, "NoSuchStyle"),
        ("style/text", 400, "InvalidArgument"),
        ("style/bad", 400, "InvalidArgument"),
        ("style/deep", 400, "InvalidArgument"),
    ] {
        processed(&bucket, "p", style).send().refused(status, code);
        let saved = save(&bucket, "p", style, "unsaved").send();
        saved.refused(status, code);
    }
    bucket.assert_absent("unsaved");
}

/// (text, status, code, extended code)
const REFUSED: &[(&str, u16, &str, &str)] = &[
    ("", 400, "InvalidArgument", "0040-00000201"),
    ("image", 400, "InvalidArgument", "0040-00000201"),
    ("/resize,w_9", 400, "InvalidArgument", "0040-00000201"),
    ("image/", 400, "InvalidArgument", "0040-00000212"),
    ("image/resize,w_0", 400, "InvalidArgument", "0040-00000312"),
    ("image/rotate,400", 400, "InvalidArgument", "0040-00000217"),
    ("image/format,dng", 400, "InvalidArgument", "0040-00000206"),
    ("image/crop,x_40", 400, "BadRequest", "0040-00000001"),
    (
        "image/resize,m_fixed,w_5000,h_5000,limit_0",
        400,
        "ImageTooLarge",
        "0040-00000007",
    ),
    (
        "image/resize,w_9|sys/saveas,o_YQ",
        400,
        "InvalidArgument",
        "0040-00000201",
    ),
    (
        "image/watermark,text_SGVsbG8",
        501,
        "NotImplemented",
        "0017-00000004",
    ),
    ("image/format,heic", 501, "NotImplemented", "0017-00000004"),
    (
        "video/snapshot,t_1000",
        501,
        "NotImplemented",
        "0017-00000004",
    ),
    ("hls/sign", 501, "NotImplemented", "0017-00000004"),
];

#[test]
fn bad_processing_is_refused() {
    let server = shared();
    let bucket = bucket_with_picture(&server);
    for (text, status, code, ec) in REFUSED {
        let answer = processed(&bucket, "p", text).send();
        let answer = answer.refused(*status, code);
        assert_eq!(answer.error_text("EC"), *ec, "{text}");
        if !text.contains('|') {
            let saved = save(&bucket, "p", text, "unsaved").send();
            saved.refused(*status, code);
        }
    }
    // SelectObject is another operation, for all that it shares the parameter.
    for value in ["csv/meta", "csv/select", "json/meta", "json/select"] {
        let request = bucket.object("POST", "p").param(PROCESS, value);
        let answer = request.body("<SelectRequest/>").send();
        answer.refused(501, "NotImplemented");
    }
    let answer = processed(&bucket, "p", "image/resize,w_0").send();
    assert_eq!(answer.error_text("ArgumentName"), "w");
    assert_eq!(answer.error_text("ArgumentValue"), "0");
    processed(&bucket, "none", "image/info")
        .send()
        .refused(404, "NoSuchKey");
    save(&bucket, "none", "image/resize,w_9", "unsaved")
        .send()
        .refused(404, "NoSuchKey");
    bucket.assert_absent("unsaved");
}

/// A PNG whose header claims a size that its data does not have.
fn claimed(width: u32, height: u32) -> Vec<u8> {
    let mut source = picture(1, 1, ImageFormat::Png);
    source[16..20].copy_from_slice(&width.to_be_bytes());
    source[20..24].copy_from_slice(&height.to_be_bytes());
    let mut crc = flate2::Crc::new();
    crc.update(&source[12..29]);
    source[29..33].copy_from_slice(&crc.sum().to_be_bytes());
    source
}

/// Objects that are no pictures, or would be too much: nothing comes of them, and nothing is saved.
#[test]
fn bad_sources_are_refused() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let whole = picture(400, 300, ImageFormat::Png);
    let mut huge = whole.clone();
    huge.resize(21 * 1024 * 1024, 0);
    let cases: [(&str, Vec<u8>, &str, &str); 8] = [
        ("nothing", Vec::new(), "BadRequest", "0040-00000005"),
        ("text", b"hello".to_vec(), "BadRequest", "0040-00000005"),
        (
            "cut",
            whole[..whole.len() / 2].to_vec(),
            "BadRequest",
            "0040-00000001",
        ),
        (
            "signature",
            whole[..8].to_vec(),
            "BadRequest",
            "0040-00000001",
        ),
        (
            "bomb",
            claimed(30_000, 30_000),
            "ImageTooLarge",
            "0040-00000012",
        ),
        ("side", claimed(30_001, 1), "ImageTooLarge", "0040-00000012"),
        ("claim", claimed(8000, 5000), "BadRequest", "0040-00000001"),
        ("21 MB", huge, "ImageTooLarge", "0040-00000002"),
    ];
    for (key, source, code, ec) in cases {
        bucket.put(key, source).send().expect(200);
        let answer = processed(&bucket, key, "image/resize,w_9").send();
        let answer = answer.refused(400, code);
        assert_eq!(answer.error_text("EC"), ec, "{key}");
        let saved = save(&bucket, key, "image/resize,w_9", "unsaved").send();
        saved.refused(400, code);
    }
    bucket.assert_absent("unsaved");
}

/// ProcessObject answers as Python v1's suite asserts, and what it makes is an object like any other.
#[test]
fn results_are_saved() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let other = Bucket::new(&server);
    let source = picture(400, 300, ImageFormat::Jpeg);
    bucket.put("p.jpg", &source).send().expect(200);
    let expected = processed(&bucket, "p.jpg", "image/resize,w_100")
        .send()
        .body;

    let target = "dir/ä 100?.jpg";
    let elsewhere = format!(
        "image/resize,w_100|sys/saveas,o_{},b_{}",
        name(target).trim_end_matches('='),
        name(&other.name)
    );
    let here = format!("image/resize,w_100|sys/saveas,o_{},", name(target));
    for (place, text, named) in [
        (&other, elsewhere, other.name.as_str()),
        // Where no bucket is named, none is told.
        (&bucket, here, ""),
    ] {
        let answer = order(&bucket, "p.jpg", &text).send().expect(200);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let told: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
        let expected_answer = serde_json::json!({
            "bucket": named,
            "fileSize": expected.len(),
            "object": target,
            "status": "OK",
        });
        assert_eq!(told, expected_answer);
        place.assert_holds(target, "Normal", &expected);
        let saved = place.head(target).send().expect(200);
        assert_eq!(saved.header("content-type"), Some("image/jpeg"));
        assert_eq!(saved.etag(), md5_etag(&expected));
    }
    // ali-oss escapes the body as a form, and its base64 is not that for URLs.
    let awkward = "ü>?ü>?.jpg";
    let plain = base64_encode(awkward.as_bytes());
    assert!(plain.contains(['+', '/']), "{plain}");
    let text = format!("image/resize,w_100|sys/saveas,o_{plain}");
    order(&bucket, "p.jpg", &uri_encode(&text, false))
        .send()
        .expect(200);
    bucket.assert_holds(awkward, "Normal", &expected);
    // A picture may be saved over itself.
    save(&bucket, "p.jpg", "image/resize,w_100", "p.jpg")
        .send()
        .expect(200);
    bucket.assert_holds("p.jpg", "Normal", &expected);
}

/// Orders that can not be followed change nothing.
#[test]
fn bad_orders_are_refused() {
    let server = shared();
    let bucket = bucket_with_picture(&server);
    let before = bucket.state("p");
    let (key, missing) = (name("p"), name("it-no-such-bucket"));
    let long = name(&"k".repeat(1024));
    let resize = "image/resize,w_9";
    let cases = [
        (resize.to_owned(), 400, "InvalidArgument"),
        (format!("{resize}|"), 400, "InvalidArgument"),
        (format!("{resize}|sys/saveas"), 400, "InvalidArgument"),
        (format!("{resize}|sys/saveas,"), 400, "InvalidArgument"),
        (
            format!("{resize}|sys/saveas,b_{key}"),
            400,
            "InvalidBucketName",
        ),
        (
            format!("{resize}|sys/saveas,o_{key},c_1"),
            400,
            "InvalidArgument",
        ),
        (
            format!("{resize}|sys/saveas,o_{key}|sys/saveas,o_{key}"),
            400,
            "InvalidArgument",
        ),
        (
            format!("{resize}|sys/notify,o_{key}"),
            400,
            "InvalidArgument",
        ),
        (format!("{resize}|sys/saveas,o_a"), 400, "BadRequest"),
        (format!("{resize}|sys/saveas,o_$$$$"), 400, "BadRequest"),
        (format!("{resize}|sys/saveas,o_%zz"), 400, "InvalidArgument"),
        (format!("{resize}|sys/saveas,o__w=="), 400, "BadRequest"),
        (format!("{resize}|sys/saveas,o_"), 400, "InvalidObjectName"),
        (
            format!("{resize}|sys/saveas,o_{long}"),
            400,
            "InvalidObjectName",
        ),
        (
            format!("{resize}|sys/saveas,o_{key},b_{missing}"),
            404,
            "NoSuchBucket",
        ),
        (
            format!("image/info|sys/saveas,o_{key}"),
            400,
            "InvalidArgument",
        ),
        (
            format!("image/average-hue|sys/saveas,o_{key}"),
            400,
            "InvalidArgument",
        ),
    ];
    for (text, status, code) in cases {
        let answer = order(&bucket, "p", &text).send();
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{text}"
        );
    }
    for body in [
        &b""[..],
        b"x-oss-process",
        b"\xFF\xFE",
        b"x-oss-processes=image/info|x",
    ] {
        let request = bucket.object("POST", "p").flag(PROCESS).body(body);
        request.send().refused(400, "InvalidArgument");
    }
    bucket.state("p").assert_same(&before);
}

/// Documented: leave to process and to read the source, and to write the target; both buckets of one owner. (actions that
/// a policy grants another account, status)
#[test]
fn saving_needs_every_permission() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let other = bucket.by(&bucket.client.with_key("otherkey", "other-secret"));
    bucket
        .put("p", picture(40, 30, ImageFormat::Png))
        .send()
        .expect(200);
    let (process, get, put) = ("oss:PostProcessTask", "oss:GetObject", "oss:PutObject");
    for (granted, status) in [
        (vec![], 403),
        (vec![process, get], 403),
        (vec![process, put], 403),
        (vec![get, put], 403),
        (vec![process, get, put], 200),
    ] {
        if !granted.is_empty() {
            let policy = serde_json::json!({"Version": "1", "Statement": [{
                "Effect": "Allow",
                "Action": granted,
                "Principal": ["1000000000000002"],
                "Resource": [format!("acs:oss:*:*:{}/*", bucket.name)],
            }]});
            let request = bucket.ask("PUT").flag("policy").body(policy.to_string());
            request.send().expect(200);
        }
        bucket.assert_absent("saved");
        let answer = save(&other, "p", "image/resize,w_9", "saved").send();
        assert_eq!(answer.status, status, "{granted:?}: {answer:?}");
    }
    bucket.head("saved").send().expect(200);
    bucket.delete("saved").send().expect(204);

    // Requester pays, as Python v1's suite asserts.
    bucket
        .ask("PUT")
        .flag("requestPayment")
        .body("<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>")
        .send()
        .expect(200);
    let request = || save(&other, "p", "image/resize,w_9", "saved");
    let refused = request().send().refused(403, "AccessDenied");
    assert_eq!(refused.error_text("EC"), "0003-00000703");
    bucket.assert_absent("saved");
    let paid = request().header("x-oss-request-payer", "requester").send();
    assert_eq!(
        paid.expect(200).header("x-oss-request-charged"),
        Some("requester")
    );
}

/// A target that the caller may not write, and one that everybody may but another account owns.
#[test]
fn targets_of_others_are_refused() {
    let server = shared();
    let bucket = bucket_with_picture(&server);
    let stranger = bucket.client.with_key("otherkey", "other-secret");
    for acl in [None, Some("public-read-write")] {
        let theirs = Bucket::of(&stranger, "it", acl);
        let text = format!(
            "image/resize,w_9|sys/saveas,o_{},b_{}",
            name("saved"),
            name(&theirs.name)
        );
        let answer = order(&bucket, "p", &text).send();
        answer.refused(403, "AccessDenied");
        theirs.assert_absent("saved");
    }
    for (key, secret) in [
        ("readerkey", "reader-secret"),
        ("nobodykey", "nobody-secret"),
    ] {
        let user = bucket.by(&bucket.client.with_key(key, secret));
        let answer = save(&user, "p", "image/resize,w_9", "saved").send();
        answer.refused(403, "AccessDenied");
    }
    let reader = bucket.by(&bucket.client.with_key("readerkey", "reader-secret"));
    processed(&reader, "p", "image/resize,w_9")
        .send()
        .expect(200);
    bucket.assert_absent("saved");
}

/// More requests than turns, and results that go out in pieces: all are answered, each with its own.
#[test]
fn many_at_once_take_turns() {
    let server = shared();
    let bucket = Bucket::new(&server);
    bucket
        .put("p", picture(1200, 900, ImageFormat::Png))
        .send()
        .expect(200);
    std::thread::scope(|scope| {
        for width in 1000..1008 {
            let bucket = &bucket;
            scope.spawn(move || {
                let text = format!("image/resize,w_{width}/format,bmp");
                let answer = processed(bucket, "p", &text).send().expect(200);
                assert!(answer.body.len() > 1024 * 1024);
                assert_eq!(
                    shape(&answer),
                    (ImageFormat::Bmp, width, (width * 3 + 2) / 4)
                );
            });
        }
    });
}
