//! Tables of the documented rules for versions (operations.md 0.3, E.7), multipart uploads (F), restores (E.9) and retention (D). A row
//! names its rule, what is given, what is asked, and what comes back; the runner reports every failing row.

use crate::support::client::Request;
use crate::support::fixture::Bucket;
use crate::support::server::{Server, Settings, shared};

const MIN: usize = 102_400;
const VERSION: &str = "x-oss-version-id";
const MARKER: &str = "x-oss-delete-marker";
const SOURCE_VERSION: &str = "x-oss-copy-source-version-id";
const BYPASS: &str = "x-oss-bypass-governance-retention";
const FAR: &str = "2990-01-01T00:00:00.000Z";
const FARTHER: &str = "2995-01-01T00:00:00.000Z";

/// What a row begins with: a bucket and the ids that its making gave.
struct World {
    bucket: Bucket,
    /// The older version of `k`, the upload, or the retention policy.
    id: String,
    /// The newer version of `k`, or a part's ETag.
    other: String,
}

/// What a header must say.
#[derive(Clone, Copy)]
enum Says {
    Nothing,
    Something,
    Text(&'static str),
    Start(&'static str),
    /// [`World::id`].
    Id,
    /// [`World::other`].
    Other,
    /// A version id that is neither `null` nor one of the world's.
    NewVersion,
}

impl Says {
    fn holds(self, value: Option<&str>, world: &World) -> bool {
        match self {
            Self::Nothing => value.is_none(),
            Self::Something => value.is_some(),
            Self::Text(text) => value == Some(text),
            Self::Start(text) => value.is_some_and(|value| value.starts_with(text)),
            Self::Id => value == Some(world.id.as_str()),
            Self::Other => value == Some(world.other.as_str()),
            Self::NewVersion => value
                .is_some_and(|value| value != "null" && value != world.id && value != world.other),
        }
    }
}

struct Row {
    rule: &'static str,
    given: fn(&Server) -> World,
    ask: fn(&World) -> Request,
    status: u16,
    code: &'static str,
    headers: &'static [(&'static str, Says)],
    /// A part of the body.
    body: &'static str,
}

const fn row(
    rule: &'static str,
    given: fn(&Server) -> World,
    ask: fn(&World) -> Request,
    status: u16,
    code: &'static str,
) -> Row {
    Row {
        rule,
        given,
        ask,
        status,
        code,
        headers: &[],
        body: "",
    }
}

impl Row {
    const fn headers(mut self, headers: &'static [(&'static str, Says)]) -> Self {
        self.headers = headers;
        self
    }

    const fn body(mut self, body: &'static str) -> Self {
        self.body = body;
        self
    }
}

fn run(server: &Server, rows: &[Row]) {
    let mut wrong = Vec::new();
    for row in rows {
        let world = (row.given)(server);
        let answer = (row.ask)(&world).send();
        let mut say = |what: String| wrong.push(format!("{}: {what}", row.rule));
        if (answer.status, answer.code().as_str()) != (row.status, row.code) {
            say(format!(
                "{} {} for {} {}",
                answer.status,
                answer.code(),
                row.status,
                row.code
            ));
            continue;
        }
        for (name, says) in row.headers {
            if !says.holds(answer.header(name), &world) {
                say(format!("{name} is {:?}", answer.header(name)));
            }
        }
        let text = String::from_utf8_lossy(&answer.body);
        if !text.contains(row.body) {
            say(format!("no {} in {text}", row.body));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn put(bucket: &Bucket, key: &str, body: &str) -> String {
    let answer = bucket.put(key, body).send().expect(200);
    answer.header(VERSION).unwrap_or_default().to_owned()
}

/// `k` in a bucket that never had versioning.
fn plain(server: &Server) -> World {
    let bucket = Bucket::new(server);
    put(&bucket, "k", "one");
    World {
        bucket,
        id: String::new(),
        other: String::new(),
    }
}

/// Two versions of `k`.
fn enabled(server: &Server) -> World {
    let bucket = Bucket::new(server);
    bucket.set_versioning("Enabled");
    let id = put(&bucket, "k", "one");
    let other = put(&bucket, "k", "two");
    World { bucket, id, other }
}

/// A real version and, newer, the null version.
fn suspended(server: &Server) -> World {
    let bucket = Bucket::new(server);
    bucket.set_versioning("Enabled");
    let id = put(&bucket, "k", "one");
    bucket.set_versioning("Suspended");
    let other = put(&bucket, "k", "two");
    World { bucket, id, other }
}

/// A version, hidden by the delete marker `other`.
fn hidden(server: &Server) -> World {
    let bucket = Bucket::new(server);
    bucket.set_versioning("Enabled");
    let id = put(&bucket, "k", "one");
    let marker = bucket.delete("k").send().expect(204);
    let other = marker.header(VERSION).unwrap_or_default().to_owned();
    World { bucket, id, other }
}

/// An object from before versioning.
fn from_before(server: &Server) -> World {
    let world = plain(server);
    world.bucket.set_versioning("Enabled");
    world
}

fn by_id(request: Request, world: &World) -> Request {
    request.param("versionId", &world.id)
}

fn by_other(request: Request, world: &World) -> Request {
    request.param("versionId", &world.other)
}

fn multi_delete(world: &World, objects: &str) -> Request {
    let objects = objects
        .replace("{id}", &world.id)
        .replace("{other}", &world.other);
    world
        .bucket
        .ask("POST")
        .flag("delete")
        .body(format!("<Delete>{objects}</Delete>"))
}

const TAGS: &str = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
const HIDDEN: &[(&str, Says)] = &[(MARKER, Says::Text("true")), (VERSION, Says::Other)];
const MARKED: &[(&str, Says)] = &[
    (MARKER, Says::Text("true")),
    (VERSION, Says::Other),
    ("allow", Says::Text("DELETE")),
];

#[rustfmt::skip]
const VERSIONS: &[Row] = &[
    row("0.3 never enabled, PUT: no version id", plain, |w| w.bucket.put("k", "x"), 200, "").headers(&[(VERSION, Says::Nothing)]),
    row("0.3 never enabled, DELETE removes", plain, |w| w.bucket.delete("k"), 204, "").headers(&[(VERSION, Says::Nothing), (MARKER, Says::Nothing)]),
    row("0.3 never enabled, versionId=null is the object", plain, |w| w.bucket.get("k").param("versionId", "null"), 200, "").body("one"),
    row("0.3 never enabled, GetBucketVersioning has no status", plain, |w| w.bucket.ask("GET").flag("versioning"), 200, "").body("<VersioningConfiguration/>"),
    row("0.3 from before enabling: the id is null", from_before, |w| w.bucket.get("k"), 200, "").headers(&[(VERSION, Says::Text("null"))]),
    row("0.3 from before enabling: a delete leaves it behind a marker", from_before, |w| w.bucket.delete("k"), 204, "").headers(&[(MARKER, Says::Text("true")), (VERSION, Says::NewVersion)]),
    row("0.3 Enabled, PUT: a new version", enabled, |w| w.bucket.put("k", "x"), 200, "").headers(&[(VERSION, Says::NewVersion)]),
    row("0.3 Enabled, Copy: a new version", enabled, |w| w.bucket.copy("k", "k2"), 200, "").headers(&[(VERSION, Says::NewVersion), (SOURCE_VERSION, Says::Other)]),
    row("0.3 Enabled, Symlink: a new version", enabled, |w| w.bucket.object("PUT", "l").flag("symlink").header("x-oss-symlink-target", "k"), 200, "").headers(&[(VERSION, Says::NewVersion)]),
    row("0.3 Enabled, DELETE: a marker", enabled, |w| w.bucket.delete("k"), 204, "").headers(&[(MARKER, Says::Text("true")), (VERSION, Says::NewVersion)]),
    row("0.3 Enabled, DELETE of no key: a marker", enabled, |w| w.bucket.delete("none"), 204, "").headers(&[(MARKER, Says::Text("true")), (VERSION, Says::NewVersion)]),
    row("0.3 Enabled, DELETE versionId: exactly that", enabled, |w| by_id(w.bucket.delete("k"), w), 204, "").headers(&[(MARKER, Says::Nothing), (VERSION, Says::Id)]),
    row("0.3 Enabled, DELETE versionId=null where there is none", enabled, |w| w.bucket.delete("k").param("versionId", "null"), 204, ""),
    row("0.3 Enabled, forbid-overwrite has no effect", enabled, |w| w.bucket.put("k", "x").header("x-oss-forbid-overwrite", "true"), 200, "").headers(&[(VERSION, Says::NewVersion)]),
    row("0.3 Suspended, PUT: null", suspended, |w| w.bucket.put("k", "x"), 200, "").headers(&[(VERSION, Says::Text("null"))]),
    row("0.3 Suspended, DELETE: a null marker", suspended, |w| w.bucket.delete("k"), 204, "").headers(&[(MARKER, Says::Text("true")), (VERSION, Says::Text("null"))]),
    row("0.3 Suspended, DELETE versionId", suspended, |w| by_id(w.bucket.delete("k"), w), 204, "").headers(&[(MARKER, Says::Nothing), (VERSION, Says::Id)]),
    row("0.3 Suspended, the real version is still read", suspended, |w| by_id(w.bucket.get("k"), w), 200, "").headers(&[(VERSION, Says::Id)]).body("one"),
    row("0.3 Suspended, forbid-overwrite has no effect", suspended, |w| w.bucket.put("k", "x").header("x-oss-forbid-overwrite", "true"), 200, ""),
    row("0.3 current version without versionId", enabled, |w| w.bucket.get("k"), 200, "").headers(&[(VERSION, Says::Other)]).body("two"),
    row("0.3 GET by id", enabled, |w| by_id(w.bucket.get("k"), w), 200, "").headers(&[(VERSION, Says::Id)]).body("one"),
    row("0.3 HEAD by id", enabled, |w| by_id(w.bucket.head("k"), w), 200, "").headers(&[(VERSION, Says::Id)]),
    row("0.3 GetObjectMeta by id", enabled, |w| by_id(w.bucket.head("k").flag("objectMeta"), w), 200, "").headers(&[(VERSION, Says::Id)]),
    row("0.3 GetObjectAcl by id", enabled, |w| by_id(w.bucket.get("k").flag("acl"), w), 200, "").headers(&[(VERSION, Says::Id)]),
    row("0.3 PutObjectAcl by id", enabled, |w| by_id(w.bucket.object("PUT", "k").flag("acl").header("x-oss-object-acl", "private"), w), 200, "").headers(&[(VERSION, Says::Id)]),
    row("0.3 PutObjectTagging by id", enabled, |w| by_id(w.bucket.object("PUT", "k").flag("tagging").body(TAGS), w), 200, "").headers(&[(VERSION, Says::Id)]),
    row("0.3 GetObjectTagging by id", enabled, |w| by_id(w.bucket.get("k").flag("tagging"), w), 200, "").headers(&[(VERSION, Says::Id)]),
    row("0.3 DeleteObjectTagging by id", enabled, |w| by_id(w.bucket.delete("k").flag("tagging"), w), 204, "").headers(&[(VERSION, Says::Id)]),
    row("0.3 GetSymlink by id of no link", enabled, |w| by_id(w.bucket.get("k").flag("symlink"), w), 400, "NotSymlink"),
    row("0.3 RestoreObject by id of a Standard version", enabled, |w| by_id(w.bucket.object("POST", "k").flag("restore"), w), 400, "OperationNotSupported"),
    row("0.3 Copy of a version restores it", enabled, |w| w.bucket.object("PUT", "k").header("x-oss-copy-source", format!("/{}/k?versionId={}", w.bucket.name, w.id)), 200, "").headers(&[(VERSION, Says::NewVersion), (SOURCE_VERSION, Says::Id)]),
    row("0.3 marker is current: GET", hidden, |w| w.bucket.get("k"), 404, "NoSuchKey").headers(HIDDEN),
    row("0.3 marker is current: HEAD", hidden, |w| w.bucket.head("k"), 404, "NoSuchKey").headers(HIDDEN),
    row("0.3 marker is current: GetObjectMeta", hidden, |w| w.bucket.head("k").flag("objectMeta"), 404, "NoSuchKey").headers(HIDDEN),
    row("0.3 marker is current: copy source", hidden, |w| w.bucket.copy("k", "k2"), 404, "NoSuchKey"),
    row("0.3 marker is current: PutObjectTagging", hidden, |w| w.bucket.object("PUT", "k").flag("tagging").body(TAGS), 404, "NoSuchKey").headers(HIDDEN),
    row("0.3 marker by id: GET", hidden, |w| by_other(w.bucket.get("k"), w), 405, "MethodNotAllowed").headers(MARKED),
    row("0.3 marker by id: HEAD", hidden, |w| by_other(w.bucket.head("k"), w), 405, "MethodNotAllowed").headers(MARKED),
    row("0.3 marker by id: GetObjectAcl", hidden, |w| by_other(w.bucket.get("k").flag("acl"), w), 405, "MethodNotAllowed").headers(MARKED),
    row("0.3 marker by id: DELETE", hidden, |w| by_other(w.bucket.delete("k"), w), 204, "").headers(HIDDEN),
    row("0.3 the version behind a marker", hidden, |w| by_id(w.bucket.get("k"), w), 200, "").body("one"),
    row("0.3 a marker is not listed", hidden, |w| w.bucket.ask("GET"), 200, "").body("<IsTruncated>false</IsTruncated></ListBucketResult>"),
    row("errors 4.2 versionId of no version", enabled, |w| w.bucket.get("k").param("versionId", "nonsense"), 400, "InvalidArgument"),
    row("errors 4.2 versionId empty", enabled, |w| w.bucket.get("k").param("versionId", ""), 400, "InvalidArgument"),
    row("errors 4.2 version of another key", enabled, |w| by_id(w.bucket.get("other"), w), 404, "NoSuchVersion"),
    row("errors 4.2 DELETE of an unknown version", enabled, |w| by_id(w.bucket.delete("other"), w), 204, ""),
    row("E.2 AppendObject takes no versionId", enabled, |w| by_id(w.bucket.append("a", 0, "x"), w), 400, "InvalidArgument"),
    row("E.7 plain: the marker made is told", enabled, |w| multi_delete(w, "<Object><Key>k</Key></Object>"), 200, "").body("<DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>"),
    row("E.7 by version: the version is told", enabled, |w| multi_delete(w, "<Object><Key>k</Key><VersionId>{id}</VersionId></Object>"), 200, "").body("</VersionId></Deleted></DeleteResult>"),
    row("E.7 by version of a marker", hidden, |w| multi_delete(w, "<Object><Key>k</Key><VersionId>{other}</VersionId></Object>"), 200, "").body("<DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>"),
    row("E.7 a version that is none", enabled, |w| multi_delete(w, "<Object><Key>k</Key><VersionId>x</VersionId></Object>"), 400, "InvalidArgument"),
    row("B ListObjectVersions: version-id-marker needs key-marker", enabled, |w| w.bucket.ask("GET").flag("versions").param("version-id-marker", &w.id), 400, "InvalidArgument"),
    row("B ListObjectVersions: max-keys", enabled, |w| w.bucket.ask("GET").flag("versions").param("max-keys", 0), 400, "InvalidArgument").body("0012-00000102"),
    row("B ListObjectVersions: the page starts strictly after the marker", enabled, |w| w.bucket.ask("GET").flag("versions").param("key-marker", "k").param("version-id-marker", &w.other), 200, "").body("<IsLatest>false</IsLatest>"),
    row("B PutBucketVersioning: no status", plain, |w| w.bucket.ask("PUT").flag("versioning").body("<VersioningConfiguration/>"), 400, "InvalidArgument").body("The Versioning element must be specified."),
    row("B PutBucketVersioning: another status", plain, |w| w.bucket.ask("PUT").flag("versioning").body("<VersioningConfiguration><Status>On</Status></VersioningConfiguration>"), 400, "MalformedXML"),
    row("B DeleteBucket: a marker holds it", hidden, |w| w.bucket.ask("DELETE"), 409, "BucketNotEmpty"),
];

/// Operations.md 0.3, E.7 and B, row by row.
#[test]
fn versions() {
    run(&shared(), VERSIONS);
}

fn begin(bucket: &Bucket, flags: &[&str]) -> String {
    let request = flags.iter().fold(
        bucket.object("POST", "m").flag("uploads"),
        |request, flag| request.flag(flag),
    );
    request
        .send()
        .expect(200)
        .xml()
        .text_at("UploadId")
        .to_owned()
}

fn part(world: &World, number: u32, body: impl AsRef<[u8]>) -> Request {
    world
        .bucket
        .put("m", body)
        .param("partNumber", number)
        .param("uploadId", &world.id)
}

fn part_copy(world: &World) -> Request {
    world
        .bucket
        .copy("k", "m")
        .param("partNumber", 3)
        .param("uploadId", &world.id)
}

/// An upload of `m` without parts, and `k` beside it.
fn begun(server: &Server) -> World {
    let mut world = plain(server);
    world.id = begin(&world.bucket, &[]);
    world
}

/// An upload with part 1 of the least size, and part 4, smaller, whose tag is `other`.
fn two_parts(server: &Server) -> World {
    let mut world = begun(server);
    part(&world, 1, "p".repeat(MIN)).send().expect(200);
    part(&world, 4, "end")
        .send()
        .expect(200)
        .etag()
        .clone_into(&mut world.other);
    world
}

/// An upload whose first part is too small to be the first of two.
fn small_first(server: &Server) -> World {
    let world = begun(server);
    part(&world, 1, "p".repeat(MIN - 1)).send().expect(200);
    part(&world, 2, "end").send().expect(200);
    world
}

fn sequential(server: &Server) -> World {
    let mut world = plain(server);
    world.id = begin(&world.bucket, &["sequential"]);
    world
}

/// An upload that is no more.
fn aborted(server: &Server) -> World {
    let world = begun(server);
    world
        .bucket
        .delete("m")
        .param("uploadId", &world.id)
        .send()
        .expect(204);
    world
}

fn completed(server: &Server) -> World {
    let world = two_parts(server);
    complete_all(&world).send().expect(200);
    world
}

fn of_upload(world: &World, method: &str) -> Request {
    world
        .bucket
        .object(method, "m")
        .param("uploadId", &world.id)
}

fn complete_all(world: &World) -> Request {
    of_upload(world, "POST").header("x-oss-complete-all", "yes")
}

/// Completes with a list of numbers, all with the tag of part 4.
fn complete(world: &World, numbers: &[u32]) -> Request {
    let parts: String = numbers
        .iter()
        .map(|number| {
            format!(
                "<Part><PartNumber>{number}</PartNumber><ETag>{}</ETag></Part>",
                world.other
            )
        })
        .collect();
    of_upload(world, "POST").body(format!(
        "<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>"
    ))
}

const EC_PART: &str = "0042-00000104";
const EC_COPY: &str = "0042-00000311";
const EC_OTHER: &str = "0042-00000002";
const CRC: &str = "x-oss-hash-crc64ecma";

#[rustfmt::skip]
const MULTIPART: &[Row] = &[
    row("F Initiate: SSE that is none", plain, |w| w.bucket.object("POST", "m").flag("uploads").header("x-oss-server-side-encryption", "X"), 400, "InvalidEncryptionAlgorithmError"),
    row("F Initiate: forbid-overwrite", plain, |w| w.bucket.object("POST", "k").flag("uploads").header("x-oss-forbid-overwrite", "true"), 409, "FileAlreadyExists"),
    row("F Initiate: encoding-type", plain, |w| w.bucket.object("POST", "a b").flag("uploads").param("encoding-type", "url"), 200, "").body("<Key>a%20b</Key>"),
    row("F UploadPart: ETag, CRC and MD5 of the part", begun, |w| part(w, 1, "hello"), 200, "").headers(&[("etag", Says::Text("\"5D41402ABC4B2A76B9719D911017C592\"")), (CRC, Says::Text("11177612005948864433")), ("content-md5", Says::Text("XUFAKrxLKna5cZ2REBfFkg=="))]),
    row("F part size is not checked at UploadPart", begun, |w| part(w, 1, ""), 200, ""),
    row("errors 4.3 part number 0", begun, |w| part(w, 0, "x"), 400, "InvalidArgument").body("0017-00000220"),
    row("errors 4.3 part number 10001", begun, |w| part(w, 10_001, "x"), 400, "InvalidArgument").body("<ArgumentName>PartNumber</ArgumentName>"),
    row("errors 4.3 no part number", begun, |w| w.bucket.put("m", "x").param("uploadId", &w.id), 400, "InvalidArgument").body("0017-00000219"),
    row("errors 4.3 no upload: UploadPart", aborted, |w| part(w, 1, "x"), 404, "NoSuchUpload").body(EC_PART),
    row("errors 4.3 no upload: UploadPartCopy", aborted, part_copy, 404, "NoSuchUpload").body(EC_COPY),
    row("errors 4.3 no upload: ListParts", aborted, |w| of_upload(w, "GET"), 404, "NoSuchUpload").body(EC_OTHER),
    row("errors 4.3 no upload: Abort", aborted, |w| of_upload(w, "DELETE"), 404, "NoSuchUpload").body(EC_OTHER),
    row("errors 4.3 no upload: Complete", aborted, complete_all, 404, "NoSuchUpload"),
    row("F Complete twice", completed, complete_all, 404, "NoSuchUpload"),
    row("F UploadPartCopy: the whole", begun, part_copy, 200, "").body("<CopyPartResult>"),
    row("F UploadPartCopy: a range", begun, |w| part_copy(w).header("x-oss-copy-source-range", "bytes=0-0"), 200, "").body("D95679752134A2D9EB61DBD7B91C4BCC"),
    row("F UploadPartCopy: a range that is none means the whole", begun, |w| part_copy(w).header("x-oss-copy-source-range", "bytes=9-1"), 200, "").body("F97C5D29941BFB1B2FDAB0874906AB82"),
    row("F UploadPartCopy: source missing", begun, |w| w.bucket.copy("none", "m").param("partNumber", 1).param("uploadId", &w.id), 404, "NoSuchKey"),
    row("E.5 UploadPartCopy if-match fails", begun, |w| part_copy(w).header("x-oss-copy-source-if-match", "\"0\""), 412, "PreconditionFailed"),
    row("E.5 UploadPartCopy if-match holds", begun, |w| part_copy(w).header("x-oss-copy-source-if-match", "\"F97C5D29941BFB1B2FDAB0874906AB82\""), 200, ""),
    row("E.5 UploadPartCopy if-none-match fails", begun, |w| part_copy(w).header("x-oss-copy-source-if-none-match", "\"F97C5D29941BFB1B2FDAB0874906AB82\""), 304, ""),
    row("E.5 UploadPartCopy if-unmodified-since fails", begun, |w| part_copy(w).header("x-oss-copy-source-if-unmodified-since", "Wed, 01 Jan 2020 00:00:00 GMT"), 412, "PreconditionFailed"),
    row("E.5 UploadPartCopy if-modified-since fails", begun, |w| part_copy(w).header("x-oss-copy-source-if-modified-since", "Fri, 01 Jan 2100 00:00:00 GMT"), 304, ""),
    row("F Complete: gaps are allowed, CRC of the whole, no MD5", two_parts, complete_all, 200, "").headers(&[(CRC, Says::Something), ("content-md5", Says::Nothing)]).body("-2\"</ETag>"),
    row("F Complete: parts not listed are dropped", two_parts, |w| complete(w, &[4]), 200, "").body("-1\"</ETag>"),
    row("F Complete: unsorted", two_parts, |w| complete(w, &[4, 1]), 400, "InvalidPartOrder").body("0042-00000209"),
    row("F Complete: another ETag", two_parts, |w| complete(w, &[1, 4]), 400, "InvalidPart"),
    row("F Complete: a part that is not there", two_parts, |w| complete(w, &[2, 4]), 400, "InvalidPart"),
    row("F Complete: a small part that is not the last", small_first, complete_all, 400, "EntityTooSmall").body("0042-00000213"),
    row("errors 4.3 Complete: all, and a body", two_parts, |w| complete(w, &[4]).header("x-oss-complete-all", "yes"), 400, "InvalidArgument").body("0042-00000216"),
    row("errors 4.3 Complete: no body", two_parts, |w| of_upload(w, "POST"), 400, "MalformedXML").body("0042-00000205"),
    row("errors 4.3 Complete: a body that is none", two_parts, |w| of_upload(w, "POST").body("<Complete"), 400, "MalformedXML").body("0042-00000205"),
    row("F Complete: part number out of range", two_parts, |w| complete(w, &[10_001]), 400, "InvalidArgument").body("0017-00000220"),
    row("F Complete: x-oss-object-acl", two_parts, |w| complete_all(w).header("x-oss-object-acl", "nobody"), 400, "InvalidArgument"),
    row("F the object is Multipart", completed, |w| w.bucket.head("m"), 200, "").headers(&[("x-oss-object-type", Says::Text("Multipart")), ("content-md5", Says::Nothing)]),
    row("F sequential: parts must come in order", sequential, |w| part(w, 2, "x"), 400, "PartNotSequential"),
    row("F sequential: the first part", sequential, |w| part(w, 1, "x"), 200, ""),
    row("F ListParts: NextPartNumberMarker without parts", begun, |w| of_upload(w, "GET"), 200, "").body("<NextPartNumberMarker>0</NextPartNumberMarker>"),
    row("F ListParts: after a marker", two_parts, |w| of_upload(w, "GET").param("part-number-marker", 1), 200, "").body("<Part><PartNumber>4</PartNumber>"),
    row("F ListParts: max-parts", two_parts, |w| of_upload(w, "GET").param("max-parts", 1), 200, "").body("<IsTruncated>true</IsTruncated><Part><PartNumber>1</PartNumber>"),
    row("F ListParts: max-parts over the limit", two_parts, |w| of_upload(w, "GET").param("max-parts", 1001), 400, "InvalidArgument"),
    row("F ListMultipartUploads: max-uploads over the limit", begun, |w| w.bucket.ask("GET").flag("uploads").param("max-uploads", 1001), 400, "InvalidArgument"),
    row("F ListMultipartUploads: upload-id-marker without key-marker is ignored", begun, |w| w.bucket.ask("GET").flag("uploads").param("upload-id-marker", "F".repeat(32)), 200, "").body("<Upload><Key>m</Key>"),
    row("F Abort", begun, |w| of_upload(w, "DELETE"), 204, ""),
    row("B DeleteBucket: an upload holds it", begun, |w| { w.bucket.delete("k").send().expect(204); w.bucket.ask("DELETE") }, 409, "BucketNotEmpty"),
];

/// Operations.md F, row by row.
#[test]
fn multipart() {
    run(&shared(), MULTIPART);
}

/// Parts of another account's upload are not written, copied, listed, completed or dropped; uploads are not even listed to readers.
#[test]
fn uploads_of_another_account() {
    let server = shared();
    for acl in ["private", "public-read", "public-read-write"] {
        let mut world = two_parts(&server);
        world
            .bucket
            .ask("PUT")
            .flag("acl")
            .header("x-oss-acl", acl)
            .send()
            .expect(200);
        let own = world.bucket.clone();
        let client = own.client.with_key("otherkey", "other-secret");
        for stranger in [client.clone(), client.anonymous()] {
            world.bucket = own.by(&stranger);
            let listing = world.bucket.ask("GET").flag("uploads");
            listing.send().refused(403, "AccessDenied");
            if acl == "public-read-write" {
                continue;
            }
            let requests = [
                part(&world, 1, "x"),
                part_copy(&world),
                of_upload(&world, "GET"),
                complete_all(&world),
                complete(&world, &[4]),
                of_upload(&world, "DELETE"),
                world.bucket.object("POST", "m").flag("uploads"),
            ];
            for request in requests {
                request.send().refused(403, "AccessDenied");
            }
        }
        // An id leads nowhere through a bucket of one's own, and no foreign object becomes a part there.
        let theirs = Bucket::of(&client, "it", None);
        world.bucket = theirs.clone();
        part(&world, 1, "x").send().refused(404, "NoSuchUpload");
        of_upload(&world, "GET").send().refused(404, "NoSuchUpload");
        let source = format!("/{}/k", own.name);
        own.object("PUT", "k")
            .flag("acl")
            .header("x-oss-object-acl", "private")
            .send()
            .expect(200);
        let id = begin(&theirs, &[]);
        let copy = theirs
            .object("PUT", "m")
            .param("partNumber", 1)
            .param("uploadId", &id);
        copy.header("x-oss-copy-source", source)
            .send()
            .refused(403, "AccessDenied");
        world = World {
            bucket: own,
            ..world
        };
        complete_all(&world).send().expect(200);
    }
}

/// Ten thousand parts: listed in pages, named in one document, and made one object; one more is none.
#[test]
fn ten_thousand_parts() {
    let server = Server::start(Settings {
        config: "[limits]\npart_size_min = 1".to_owned(),
        ..Settings::default()
    });
    let mut world = begun(&server);
    let mut connection = world.bucket.client.connect();
    for number in 1..=10_000 {
        let answer = part(&world, number, number.to_string())
            .send_on(&mut connection)
            .expect(200);
        if number == 4 {
            answer.etag().clone_into(&mut world.other);
        }
    }
    let page = of_upload(&world, "GET")
        .param("part-number-marker", 9000)
        .send()
        .expect(200)
        .xml();
    assert_eq!(
        (page.all("Part").count(), page.text_at("IsTruncated")),
        (1000, "false")
    );
    let all: Vec<u32> = (1..=10_001).collect();
    // Of the documents that can be read in full, one part more than an upload can have is none.
    complete(&world, &all).send().refused(400, "MalformedXML");
    complete(&world, &all[..10_000])
        .send()
        .refused(400, "InvalidPart");
    let done = complete_all(&world).send().expect(200).xml();
    assert!(done.text_at("ETag").ends_with("-10000\""), "{done:?}");
    let whole: String = (1..=10_000).map(|number: u32| number.to_string()).collect();
    world
        .bucket
        .assert_holds("m", "Multipart", whole.as_bytes());
}

/// An object of a class that needs restoring.
fn archived(server: &Server, class: &str) -> World {
    let world = plain(server);
    world
        .bucket
        .put("k", "x")
        .header("x-oss-storage-class", class)
        .send()
        .expect(200);
    world
}

fn archive(server: &Server) -> World {
    archived(server, "Archive")
}

fn cold(server: &Server) -> World {
    archived(server, "ColdArchive")
}

fn restored(server: &Server) -> World {
    let world = archive(server);
    restore(&world).send().expect(202);
    world
}

fn cold_restored(server: &Server) -> World {
    let world = cold(server);
    restore(&world).send().expect(202);
    world
}

/// An archived version behind a Standard one.
fn archived_version(server: &Server) -> World {
    let mut world = enabled(server);
    let put = world
        .bucket
        .put("k", "x")
        .header("x-oss-storage-class", "Archive")
        .send()
        .expect(200);
    put.header(VERSION)
        .unwrap_or_default()
        .clone_into(&mut world.id);
    world.other = put_standard(&world.bucket);
    world
}

fn put_standard(bucket: &Bucket) -> String {
    put(bucket, "k", "standard")
}

fn archived_append(server: &Server) -> World {
    let world = plain(server);
    let create = world
        .bucket
        .append("a", 0, "x")
        .header("x-oss-storage-class", "Archive");
    create.send().expect(200);
    world
}

fn restore(world: &World) -> Request {
    world.bucket.object("POST", "k").flag("restore")
}

fn restore_for(world: &World, days: i32, tier: Option<&str>) -> Request {
    let tier = tier.map_or(String::new(), |tier| {
        format!("<JobParameters><Tier>{tier}</Tier></JobParameters>")
    });
    restore(world).body(format!(
        "<RestoreRequest><Days>{days}</Days>{tier}</RestoreRequest>"
    ))
}

fn clean(world: &World) -> Request {
    world.bucket.object("POST", "k").flag("cleanRestoredObject")
}

const STATE: &str = "x-oss-restore";
const PRIORITY: &str = "x-oss-object-restore-priority";

/// What holds before a restore, and while one runs.
#[rustfmt::skip]
const RESTORE_RUNNING: &[Row] = &[
    row("E.9 Standard", plain, restore, 400, "OperationNotSupported"),
    row("E.9 no key", plain, |w| w.bucket.object("POST", "none").flag("restore"), 404, "NoSuchKey"),
    row("E.9 GET before", archive, |w| w.bucket.get("k"), 403, "InvalidObjectState"),
    row("E.9 copy before", archive, |w| w.bucket.copy("k", "c"), 403, "InvalidObjectState"),
    row("E.9 HEAD before: no state", archive, |w| w.bucket.head("k"), 200, "").headers(&[(STATE, Says::Nothing), ("x-oss-storage-class", Says::Text("Archive"))]),
    row("E.9 first: 202, no priority for Archive", archive, restore, 202, "").headers(&[(PRIORITY, Says::Nothing)]),
    row("E.9 first of ColdArchive: the default tier", cold, restore, 202, "").headers(&[(PRIORITY, Says::Text("Standard"))]),
    row("E.9 tier Expedited", cold, |w| restore_for(w, 1, Some("Expedited")), 202, "").headers(&[(PRIORITY, Says::Text("Expedited"))]),
    row("E.9 tier Bulk", cold, |w| restore_for(w, 1, Some("Bulk")), 202, "").headers(&[(PRIORITY, Says::Text("Bulk"))]),
    row("E.9 a tier that is none", cold, |w| restore_for(w, 1, Some("Soon")), 400, "InvalidArgument"),
    row("errors 7 restore days: Archive 1 to 7", archive, |w| restore_for(w, 8, None), 400, "InvalidArgument"),
    row("errors 7 restore days: not 0", archive, |w| restore_for(w, 0, None), 400, "InvalidArgument"),
    row("errors 7 restore days: ColdArchive to 365", cold, |w| restore_for(w, 365, None), 202, ""),
    row("errors 7 restore days: ColdArchive not 366", cold, |w| restore_for(w, 366, None), 400, "InvalidArgument"),
    row("errors 4.1 a document that is none", archive, |w| restore(w).body("<Restore"), 400, "MalformedXML").body("0016-00000608"),
    row("E.9 while it runs: again", restored, restore, 409, "RestoreAlreadyInProgress"),
    row("E.9 while it runs: GET", restored, |w| w.bucket.get("k"), 403, "InvalidObjectState"),
    row("E.9 while it runs: HEAD", restored, |w| w.bucket.head("k"), 200, "").headers(&[(STATE, Says::Text("ongoing-request=\"true\""))]),
    row("B RestoreInfo in the list", restored, |w| w.bucket.ask("GET"), 200, "").body("<RestoreInfo>ongoing-request=\"true\"</RestoreInfo>"),
    row("E CleanRestoredObject: nothing restored", archive, clean, 409, "ArchiveRestoreFileStale"),
    row("E CleanRestoredObject: while it runs", restored, clean, 409, "ArchiveRestoreNotFinished").body("0016-00000719"),
    row("E CleanRestoredObject: Standard", plain, clean, 400, "OperationNotSupported"),
    row("0.3 restore of a version", archived_version, |w| by_id(restore(w), w), 202, "").headers(&[(VERSION, Says::Id)]),
    row("0.3 restore of the current version, which is Standard", archived_version, restore, 400, "OperationNotSupported"),
    row("S143 append to an archived object", archived_append, |w| w.bucket.append("a", 1, "y"), 403, "InvalidObjectState"),
    row("S143 GET of an archived append object", archived_append, |w| w.bucket.get("a"), 403, "InvalidObjectState"),
];

/// What holds after a restore.
#[rustfmt::skip]
const RESTORE_FINISHED: &[Row] = &[
    row("E.9 finished: GET", restored, |w| w.bucket.get("k"), 200, "").headers(&[(STATE, Says::Start("ongoing-request=\"false\", expiry-date=\""))]).body("x"),
    row("E.9 finished: HEAD", restored, |w| w.bucket.head("k"), 200, "").headers(&[(STATE, Says::Start("ongoing-request=\"false\", expiry-date=\""))]),
    row("E.9 finished: copy", restored, |w| w.bucket.copy("k", "c"), 200, ""),
    row("E.9 finished: again prolongs", restored, |w| restore_for(w, 7, None), 200, ""),
    row("E.9 finished: again, ColdArchive", cold_restored, restore, 200, "").headers(&[(PRIORITY, Says::Text("Standard"))]),
    row("B RestoreInfo in the list", restored, |w| w.bucket.ask("GET"), 200, "").body("<RestoreInfo>ongoing-request=\"false\", expiry-date=\""),
    row("E CleanRestoredObject", restored, clean, 200, ""),
    row("E CleanRestoredObject: then it is archived again", restored, |w| { clean(w).send().expect(200); w.bucket.get("k") }, 403, "InvalidObjectState"),
];

/// Operations.md E.9, row by row: a server whose restores run for an hour, and one whose restores are done at once.
#[test]
fn restores() {
    let server = |seconds: u32| {
        Server::start(Settings {
            config: format!("restore_seconds = {seconds}"),
            ..Settings::default()
        })
    };
    run(&server(3600), RESTORE_RUNNING);
    run(&server(0), RESTORE_FINISHED);
}

fn initiate_worm(bucket: &Bucket, days: u32) -> Request {
    let document = format!(
        "<InitiateWormConfiguration><RetentionPeriodInDays>{days}</RetentionPeriodInDays></InitiateWormConfiguration>"
    );
    bucket.ask("POST").flag("worm").body(document)
}

fn extend_worm(world: &World, id: &str, days: u32) -> Request {
    let document = format!(
        "<ExtendWormConfiguration><RetentionPeriodInDays>{days}</RetentionPeriodInDays></ExtendWormConfiguration>"
    );
    world
        .bucket
        .ask("POST")
        .flag("wormExtend")
        .param("wormId", id)
        .body(document)
}

/// `k`, an append object `a`, a link `l`, an upload of `k`; and a policy in progress.
fn in_progress(server: &Server) -> World {
    let mut world = plain(server);
    let bucket = &world.bucket;
    bucket.append("a", 0, "x").send().expect(200);
    put(bucket, "n", "x");
    bucket
        .object("PUT", "l")
        .flag("symlink")
        .header("x-oss-symlink-target", "k")
        .send()
        .expect(200);
    let upload = bucket
        .object("POST", "k")
        .flag("uploads")
        .send()
        .expect(200);
    upload
        .xml()
        .text_at("UploadId")
        .clone_into(&mut world.other);
    let id = &world.other;
    bucket
        .put("k", "x")
        .param("partNumber", 1)
        .param("uploadId", id)
        .send()
        .expect(200);
    let policy = initiate_worm(bucket, 2).send().expect(200);
    policy
        .header("x-oss-worm-id")
        .unwrap_or_default()
        .clone_into(&mut world.id);
    world
}

fn locked(server: &Server) -> World {
    let world = in_progress(server);
    world
        .bucket
        .ask("POST")
        .param("wormId", &world.id)
        .send()
        .expect(200);
    world
}

fn refuses(rule: &'static str, ask: fn(&World) -> Request) -> Row {
    row(rule, locked, ask, 409, "FileImmutable")
}

#[rustfmt::skip]
fn bucket_worm() -> Vec<Row> {
    vec![
        row("D Initiate: an id", plain, |w| initiate_worm(&w.bucket, 1), 200, "").headers(&[("x-oss-worm-id", Says::Something)]),
        row("D days: not 0", plain, |w| initiate_worm(&w.bucket, 0), 400, "InvalidWORMConfiguration"),
        row("D days: 25 550", plain, |w| initiate_worm(&w.bucket, 25_550), 200, ""),
        row("D days: not 25 551", plain, |w| initiate_worm(&w.bucket, 25_551), 400, "InvalidWORMConfiguration"),
        row("D Initiate while there is one", in_progress, |w| initiate_worm(&w.bucket, 1), 409, "WORMConfigurationAlreadyExists"),
        row("D Get: in progress", in_progress, |w| w.bucket.ask("GET").flag("worm"), 200, "").body("<State>InProgress</State><RetentionPeriodInDays>2</RetentionPeriodInDays>"),
        row("D Get: locked", locked, |w| w.bucket.ask("GET").flag("worm"), 200, "").body("<State>Locked</State>"),
        row("D Get: none", plain, |w| w.bucket.ask("GET").flag("worm"), 404, "NoSuchWORMConfiguration"),
        row("D Complete: wrong id", in_progress, |w| w.bucket.ask("POST").param("wormId", "0"), 404, "NoSuchWORMConfiguration"),
        row("D Complete: locked already", locked, |w| w.bucket.ask("POST").param("wormId", &w.id), 403, "WORMConfigurationLocked"),
        row("D Abort: in progress", in_progress, |w| w.bucket.ask("DELETE").flag("worm"), 204, ""),
        row("D Abort: locked", locked, |w| w.bucket.ask("DELETE").flag("worm"), 403, "WORMConfigurationLocked"),
        row("D Abort: none", plain, |w| w.bucket.ask("DELETE").flag("worm"), 404, "NoSuchWORMConfiguration"),
        row("D Extend: longer", locked, |w| extend_worm(w, &w.id, 3), 200, ""),
        row("D Extend: shorter", locked, |w| extend_worm(w, &w.id, 1), 400, "InvalidWORMConfiguration"),
        row("D Extend: in progress", in_progress, |w| extend_worm(w, &w.id, 3), 400, "InvalidWORMConfiguration"),
        row("D Extend: wrong id", locked, |w| extend_worm(w, "0", 3), 404, "NoSuchWORMConfiguration"),
        refuses("D locked: PUT over", |w| w.bucket.put("k", "y")),
        refuses("D locked: append", |w| w.bucket.append("a", 1, "y")),
        refuses("D locked: DELETE", |w| w.bucket.delete("k")),
        refuses("D locked: DELETE of a link", |w| w.bucket.delete("l")),
        refuses("D locked: copy over", |w| w.bucket.copy("n", "k")),
        refuses("D locked: link over", |w| w.bucket.object("PUT", "k").flag("symlink").header("x-oss-symlink-target", "a")),
        refuses("D locked: DeleteMultipleObjects", |w| multi_delete(w, "<Object><Key>k</Key></Object>")),
        refuses("D locked: Complete over", |w| w.bucket.object("POST", "k").param("uploadId", &w.other).header("x-oss-complete-all", "yes")),
        row("D locked: GET", locked, |w| w.bucket.get("k"), 200, "").body("one"),
        row("D locked: a new key", locked, |w| w.bucket.put("new", "x"), 200, ""),
        row("D locked: what is new is protected too", locked, |w| { put(&w.bucket, "new", "x"); w.bucket.delete("new") }, 409, "FileImmutable"),
        row("D locked: tags", locked, |w| w.bucket.object("PUT", "k").flag("tagging").body(TAGS), 200, ""),
        row("D locked: the bucket", locked, |w| w.bucket.ask("DELETE"), 409, "BucketNotEmpty"),
    ]
}

const GOVERN_ONE_DAY: &str = "<ObjectWormConfiguration><ObjectWormEnabled>Enabled</ObjectWormEnabled><Rule><DefaultRetention>\
    <Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectWormConfiguration>";
const OBJECT_WORM: &str = "<ObjectWormConfiguration><ObjectWormEnabled>Enabled</ObjectWormEnabled></ObjectWormConfiguration>";

fn set_object_worm(world: &World, document: &str) {
    world
        .bucket
        .ask("PUT")
        .flag("objectWorm")
        .body(document)
        .send()
        .expect(200);
}

/// Two versions of `k` that nothing protects yet.
fn worm_ready(server: &Server) -> World {
    let world = enabled(server);
    set_object_worm(&world, OBJECT_WORM);
    world
}

fn with_default(server: &Server) -> World {
    let mut world = enabled(server);
    set_object_worm(&world, GOVERN_ONE_DAY);
    world.id = put(&world.bucket, "k", "three");
    world
}

fn retain(world: &World, mode: &str, until: &str) -> Request {
    let document = format!(
        "<Retention><Mode>{mode}</Mode><RetainUntilDate>{until}</RetainUntilDate></Retention>"
    );
    by_id(world.bucket.object("PUT", "k").flag("retention"), world).body(document)
}

fn governed(server: &Server) -> World {
    let world = worm_ready(server);
    retain(&world, "GOVERNANCE", FAR).send().expect(200);
    world
}

fn compliant(server: &Server) -> World {
    let world = worm_ready(server);
    retain(&world, "COMPLIANCE", FAR).send().expect(200);
    world
}

fn hold(world: &World, key: &str, status: &str) -> Request {
    let document = format!("<LegalHold><Status>{status}</Status></LegalHold>");
    world
        .bucket
        .object("PUT", key)
        .flag("legalHold")
        .body(document)
}

fn held(server: &Server) -> World {
    let world = worm_ready(server);
    by_id(hold(&world, "k", "ON"), &world).send().expect(200);
    world
}

/// An append object `a` that is held.
fn held_append(server: &Server) -> World {
    let world = worm_ready(server);
    world.bucket.append("a", 0, "x").send().expect(200);
    hold(&world, "a", "ON").send().expect(200);
    world
}

fn erase(world: &World) -> Request {
    by_id(world.bucket.delete("k"), world)
}

fn user(world: &World, request: Request) -> Request {
    request.by(&world
        .bucket
        .client
        .with_key("appenderkey", "appender-secret"))
}

#[rustfmt::skip]
const OBJECT_RETENTION: &[Row] = &[
    row("D objectWorm unset", enabled, |w| w.bucket.ask("GET").flag("objectWorm"), 404, "NoSuchObjectWormConfiguration"),
    row("D objectWorm needs versioning", plain, |w| w.bucket.ask("PUT").flag("objectWorm").body(OBJECT_WORM), 400, "InvalidRequest"),
    row("D objectWorm: not Enabled", enabled, |w| w.bucket.ask("PUT").flag("objectWorm").body(OBJECT_WORM.replace("Enabled<", "Off<")), 400, "MalformedXML").body("0015-00000231"),
    row("D objectWorm: a mode that is none", enabled, |w| w.bucket.ask("PUT").flag("objectWorm").body(GOVERN_ONE_DAY.replace("GOVERNANCE", "X")), 400, "MalformedXML"),
    row("D objectWorm is shown", with_default, |w| w.bucket.ask("GET").flag("objectWorm"), 200, "").body("<Mode>GOVERNANCE</Mode><Days>1</Days>"),
    row("D retention without objectWorm", enabled, |w| retain(w, "GOVERNANCE", FAR), 400, "InvalidRequest"),
    row("D default retention reaches what is new", with_default, erase, 409, "FileImmutable"),
    row("D default retention is shown", with_default, |w| w.bucket.get("k").flag("retention"), 200, "").body("<Mode>GOVERNANCE</Mode>"),
    row("D default retention: what was there before is free", with_default, |w| by_other(w.bucket.delete("k"), w), 204, ""),
    row("D default retention: a newer version may come", with_default, |w| w.bucket.put("k", "x"), 200, ""),
    row("D default retention: a marker may come", with_default, |w| w.bucket.delete("k"), 204, "").headers(&[(MARKER, Says::Text("true"))]),
    row("D default retention: appends end with the first", with_default, |w| { w.bucket.append("a", 0, "x").send().expect(200); w.bucket.append("a", 1, "x") }, 409, "FileImmutable"),
    row("D PutObjectRetention: a mode that is none", worm_ready, |w| retain(w, "X", FAR), 400, "InvalidArgument"),
    row("D PutObjectRetention: a date that is past", worm_ready, |w| retain(w, "GOVERNANCE", "2020-01-01T00:00:00.000Z"), 400, "InvalidArgument"),
    row("D PutObjectRetention: no key", worm_ready, |w| w.bucket.object("PUT", "none").flag("retention").body(format!("<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>{FAR}</RetainUntilDate></Retention>")), 404, "NoSuchKey"),
    row("D GetObjectRetention", governed, |w| by_id(w.bucket.get("k").flag("retention"), w), 200, "").headers(&[(VERSION, Says::Id)]).body(FAR),
    row("D GetObjectRetention of a version without", governed, |w| by_other(w.bucket.get("k").flag("retention"), w), 404, "NoSuchObjectRetention"),
    row("D GOVERNANCE: DELETE of the version", governed, erase, 409, "FileImmutable"),
    row("D GOVERNANCE: DELETE with the bypass", governed, |w| erase(w).header(BYPASS, "true"), 204, ""),
    row("D GOVERNANCE: the bypass needs a permission of its own", governed, |w| user(w, erase(w).header(BYPASS, "true")), 403, "AccessDenied"),
    row("D GOVERNANCE: the bypass is no for anything but true", governed, |w| erase(w).header(BYPASS, "false"), 409, "FileImmutable"),
    row("D GOVERNANCE: DeleteMultipleObjects", governed, |w| multi_delete(w, "<Object><Key>k</Key><VersionId>{id}</VersionId></Object>"), 409, "FileImmutable"),
    row("D GOVERNANCE: longer", governed, |w| retain(w, "GOVERNANCE", FARTHER), 200, ""),
    row("D GOVERNANCE: shorter", governed, |w| retain(w, "GOVERNANCE", "2980-01-01T00:00:00.000Z"), 409, "FileImmutable"),
    row("D GOVERNANCE: shorter with the bypass", governed, |w| retain(w, "GOVERNANCE", "2980-01-01T00:00:00.000Z").header(BYPASS, "true"), 200, ""),
    row("D COMPLIANCE: the bypass does not help", compliant, |w| erase(w).header(BYPASS, "true"), 409, "FileImmutable"),
    row("D COMPLIANCE: longer", compliant, |w| retain(w, "COMPLIANCE", FARTHER), 200, ""),
    row("D COMPLIANCE: not back to GOVERNANCE", compliant, |w| retain(w, "GOVERNANCE", FARTHER).header(BYPASS, "true"), 409, "FileImmutable"),
    row("D COMPLIANCE: shorter with the bypass", compliant, |w| retain(w, "COMPLIANCE", "2980-01-01T00:00:00.000Z").header(BYPASS, "true"), 409, "FileImmutable"),
    row("D legal hold is shown", held, |w| by_id(w.bucket.get("k").flag("legalHold"), w), 200, "").body("<Status>ON</Status>"),
    row("D legal hold: a status that is none", worm_ready, |w| hold(w, "k", "MAYBE"), 400, "InvalidArgument"),
    row("D legal hold: no key", worm_ready, |w| hold(w, "none", "ON"), 404, "NoSuchKey"),
    row("D legal hold: DELETE, and no bypass", held, |w| erase(w).header(BYPASS, "true"), 409, "FileImmutable"),
    row("D legal hold lifted", held, |w| { by_id(hold(w, "k", "OFF"), w).send().expect(200); erase(w) }, 204, ""),
    row("D legal hold: append", held_append, |w| w.bucket.append("a", 1, "y"), 409, "FileImmutable"),
    row("D legal hold: a newer version may come", held_append, |w| w.bucket.put("a", "y"), 200, ""),
    row("D legal hold lifted: append goes on", held_append, |w| { hold(w, "a", "OFF").send().expect(200); w.bucket.append("a", 1, "y") }, 200, ""),
    row("D protected: tags may change", governed, |w| by_id(w.bucket.object("PUT", "k").flag("tagging").body(TAGS), w), 200, ""),
];

/// Operations.md D, row by row.
#[test]
fn retention() {
    let server = shared();
    run(&server, &bucket_worm());
    run(&server, OBJECT_RETENTION);
}
