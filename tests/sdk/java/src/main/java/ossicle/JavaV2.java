package ossicle;

import static ossicle.Check.BUCKET;
import static ossicle.Check.http;
import static ossicle.Check.same;

import com.aliyun.sdk.service.oss2.OSSClient;
import com.aliyun.sdk.service.oss2.credentials.StaticCredentialsProvider;
import com.aliyun.sdk.service.oss2.exceptions.ServiceException;
import com.aliyun.sdk.service.oss2.models.AbortBucketWormRequest;
import com.aliyun.sdk.service.oss2.models.AbortMultipartUploadRequest;
import com.aliyun.sdk.service.oss2.models.AppendObjectRequest;
import com.aliyun.sdk.service.oss2.models.AppendObjectResult;
import com.aliyun.sdk.service.oss2.models.BucketInfo;
import com.aliyun.sdk.service.oss2.models.BucketPublicAccessBlockConfiguration;
import com.aliyun.sdk.service.oss2.models.BucketSummary;
import com.aliyun.sdk.service.oss2.models.CleanRestoredObjectRequest;
import com.aliyun.sdk.service.oss2.models.CompleteBucketWormRequest;
import com.aliyun.sdk.service.oss2.models.CompleteMultipartUpload;
import com.aliyun.sdk.service.oss2.models.CompleteMultipartUploadRequest;
import com.aliyun.sdk.service.oss2.models.CopyObjectRequest;
import com.aliyun.sdk.service.oss2.models.DeleteBucketPolicyRequest;
import com.aliyun.sdk.service.oss2.models.DeleteBucketPublicAccessBlockRequest;
import com.aliyun.sdk.service.oss2.models.DeleteBucketRequest;
import com.aliyun.sdk.service.oss2.models.DeleteMultipleObjectsRequest;
import com.aliyun.sdk.service.oss2.models.DeleteObject;
import com.aliyun.sdk.service.oss2.models.DeleteObjectRequest;
import com.aliyun.sdk.service.oss2.models.DeleteObjectResult;
import com.aliyun.sdk.service.oss2.models.DeleteObjectTaggingRequest;
import com.aliyun.sdk.service.oss2.models.DeletedInfo;
import com.aliyun.sdk.service.oss2.models.ExtendBucketWormRequest;
import com.aliyun.sdk.service.oss2.models.ExtendWormConfiguration;
import com.aliyun.sdk.service.oss2.models.GetBucketAclRequest;
import com.aliyun.sdk.service.oss2.models.GetBucketInfoRequest;
import com.aliyun.sdk.service.oss2.models.GetBucketLocationRequest;
import com.aliyun.sdk.service.oss2.models.GetBucketPolicyRequest;
import com.aliyun.sdk.service.oss2.models.GetBucketPolicyStatusRequest;
import com.aliyun.sdk.service.oss2.models.GetBucketPublicAccessBlockRequest;
import com.aliyun.sdk.service.oss2.models.GetBucketRequestPaymentRequest;
import com.aliyun.sdk.service.oss2.models.GetBucketStatRequest;
import com.aliyun.sdk.service.oss2.models.GetBucketWormRequest;
import com.aliyun.sdk.service.oss2.models.GetObjectAclRequest;
import com.aliyun.sdk.service.oss2.models.GetObjectLegalHoldRequest;
import com.aliyun.sdk.service.oss2.models.GetObjectMetaRequest;
import com.aliyun.sdk.service.oss2.models.GetObjectRequest;
import com.aliyun.sdk.service.oss2.models.GetObjectResult;
import com.aliyun.sdk.service.oss2.models.GetObjectRetentionRequest;
import com.aliyun.sdk.service.oss2.models.GetObjectTaggingRequest;
import com.aliyun.sdk.service.oss2.models.GetPublicAccessBlockRequest;
import com.aliyun.sdk.service.oss2.models.GetSymlinkRequest;
import com.aliyun.sdk.service.oss2.models.HeadObjectRequest;
import com.aliyun.sdk.service.oss2.models.HeadObjectResult;
import com.aliyun.sdk.service.oss2.models.InitiateBucketWormRequest;
import com.aliyun.sdk.service.oss2.models.InitiateMultipartUploadRequest;
import com.aliyun.sdk.service.oss2.models.InitiateWormConfiguration;
import com.aliyun.sdk.service.oss2.models.LegalHold;
import com.aliyun.sdk.service.oss2.models.ListBucketsRequest;
import com.aliyun.sdk.service.oss2.models.ListBucketsResult;
import com.aliyun.sdk.service.oss2.models.ListMultipartUploadsRequest;
import com.aliyun.sdk.service.oss2.models.ListObjectVersionsRequest;
import com.aliyun.sdk.service.oss2.models.ListObjectVersionsResult;
import com.aliyun.sdk.service.oss2.models.ListObjectsRequest;
import com.aliyun.sdk.service.oss2.models.ListObjectsResult;
import com.aliyun.sdk.service.oss2.models.ListObjectsV2Request;
import com.aliyun.sdk.service.oss2.models.ListObjectsV2Result;
import com.aliyun.sdk.service.oss2.models.ListPartsRequest;
import com.aliyun.sdk.service.oss2.models.ObjectSummary;
import com.aliyun.sdk.service.oss2.models.ObjectWormConfiguration;
import com.aliyun.sdk.service.oss2.models.Part;
import com.aliyun.sdk.service.oss2.models.PresignResult;
import com.aliyun.sdk.service.oss2.models.PutBucketAclRequest;
import com.aliyun.sdk.service.oss2.models.PutBucketObjectWormConfigurationRequest;
import com.aliyun.sdk.service.oss2.models.PutBucketPolicyRequest;
import com.aliyun.sdk.service.oss2.models.PutBucketPublicAccessBlockRequest;
import com.aliyun.sdk.service.oss2.models.PutBucketRequest;
import com.aliyun.sdk.service.oss2.models.PutBucketRequestPaymentRequest;
import com.aliyun.sdk.service.oss2.models.PutBucketVersioningRequest;
import com.aliyun.sdk.service.oss2.models.PutObjectAclRequest;
import com.aliyun.sdk.service.oss2.models.PutObjectLegalHoldRequest;
import com.aliyun.sdk.service.oss2.models.PutObjectRequest;
import com.aliyun.sdk.service.oss2.models.PutObjectRetentionRequest;
import com.aliyun.sdk.service.oss2.models.PutObjectTaggingRequest;
import com.aliyun.sdk.service.oss2.models.PutSymlinkRequest;
import com.aliyun.sdk.service.oss2.models.RequestPaymentConfiguration;
import com.aliyun.sdk.service.oss2.models.RestoreObjectRequest;
import com.aliyun.sdk.service.oss2.models.Retention;
import com.aliyun.sdk.service.oss2.models.SealAppendObjectRequest;
import com.aliyun.sdk.service.oss2.models.Tag;
import com.aliyun.sdk.service.oss2.models.TagSet;
import com.aliyun.sdk.service.oss2.models.Tagging;
import com.aliyun.sdk.service.oss2.models.Upload;
import com.aliyun.sdk.service.oss2.models.UploadPartCopyRequest;
import com.aliyun.sdk.service.oss2.models.UploadPartRequest;
import com.aliyun.sdk.service.oss2.models.VersioningConfiguration;
import com.aliyun.sdk.service.oss2.models.WormConfiguration;
import com.aliyun.sdk.service.oss2.transport.BinaryData;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Drives the server with the official Java SDK of the second generation, `alibabacloud-oss-v2`. */
public final class JavaV2 {
    private final OSSClient client = clientOf(Check.KEY_ID, Check.KEY_SECRET);

    private static OSSClient clientOf(String id, String secret) {
        return clientOf(new StaticCredentialsProvider(id, secret));
    }

    private static OSSClient clientOf(StaticCredentialsProvider credentials) {
        return OSSClient.newBuilder().region(Check.REGION).endpoint(Check.ENDPOINT)
            .credentialsProvider(credentials)
            .signatureVersion(Check.V4 ? "v4" : "v1").usePathStyle(Check.PATH_STYLE)
            .retryMaxAttempts(1).readWriteTimeout(Duration.ofSeconds(20)).build();
    }

    /** The server's refusal, after its code has been compared. */
    private static ServiceException refused(String code, Check.Body call) throws Exception {
        try {
            call.run();
        } catch (Exception error) {
            ServiceException cause = ServiceException.asCause(error);
            if (cause == null) {
                throw error;
            }
            same(cause.errorCode(), code);
            same(cause.requestId().length(), 24);
            return cause;
        }
        throw new AssertionError(code + " was expected, the call succeeded");
    }

    private static PutObjectRequest.Builder putting(String key, String text) {
        return PutObjectRequest.newBuilder().bucket(BUCKET).key(key).body(BinaryData.fromString(text));
    }

    private static GetObjectRequest.Builder getting(String key) {
        return GetObjectRequest.newBuilder().bucket(BUCKET).key(key);
    }

    private String read(GetObjectRequest request) throws Exception {
        try (GetObjectResult result = client.getObject(request)) {
            return new String(result.body().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private String text(String key) throws Exception {
        return read(getting(key).build());
    }

    private HeadObjectResult head(String key) {
        return client.headObject(HeadObjectRequest.newBuilder().bucket(BUCKET).key(key).build());
    }

    private AppendObjectResult append(String key, long position, String text) {
        return client.appendObject(AppendObjectRequest.newBuilder().bucket(BUCKET).key(key).position(position)
            .body(BinaryData.fromString(text)).build());
    }

    private List<String> keysBelow(String prefix, long size) {
        List<String> keys = new ArrayList<>();
        for (ListObjectsV2Result page : client.listObjectsV2Paginator(
                ListObjectsV2Request.newBuilder().bucket(BUCKET).prefix(prefix).maxKeys(size).build())) {
            collect(page.contents(), keys);
        }
        return keys;
    }

    private static void collect(List<ObjectSummary> objects, List<String> keys) {
        if (objects != null) {
            objects.forEach(object -> keys.add(object.key()));
        }
    }

    private List<String> deleteMany(List<String> keys) {
        List<DeleteObject> objects = new ArrayList<>();
        keys.forEach(key -> objects.add(DeleteObject.newBuilder().key(key).build()));
        List<String> deleted = new ArrayList<>();
        for (DeletedInfo object : client.deleteMultipleObjects(DeleteMultipleObjectsRequest.newBuilder()
                .bucket(BUCKET).encodingType("url").deleteObjects(objects).build()).deletedObjects()) {
            deleted.add(object.key());
        }
        return deleted;
    }

    private void deleteBucket(String name) {
        client.deleteBucket(DeleteBucketRequest.newBuilder().bucket(name).build());
    }

    private void buckets() throws Exception {
        client.putBucket(PutBucketRequest.newBuilder().bucket(BUCKET).build());
        BucketInfo info = client.getBucketInfo(GetBucketInfoRequest.newBuilder().bucket(BUCKET).build()).bucketInfo();
        same(List.of(info.name(), info.location(), info.accessControlList().grant()), List.of(BUCKET, "oss-" + Check.REGION, "private"));
        client.putBucket(PutBucketRequest.newBuilder().bucket(BUCKET + "-b").build());
        List<String> names = new ArrayList<>();
        for (ListBucketsResult page : client.listBucketsPaginator(ListBucketsRequest.newBuilder().prefix(BUCKET).maxKeys(1L).build())) {
            for (BucketSummary bucket : page.buckets()) {
                names.add(bucket.name());
            }
        }
        same(names, List.of(BUCKET, BUCKET + "-b"));
        deleteBucket(BUCKET + "-b");
        refused("NoSuchBucket", () -> deleteBucket(BUCKET + "-b"));
        same(client.doesBucketExist(BUCKET), true);
        same(client.doesBucketExist(BUCKET + "-b"), false);
    }

    private void objects() throws Exception {
        client.putObject(putting("plain.txt", "hello").metadata(Map.of("colour", "blue")).build());
        same(text("plain.txt"), "hello");
        HeadObjectResult head = head("plain.txt");
        same(List.of(head.eTag(), head.contentLength(), head.metadata().get("colour"), head.objectType()),
            List.of("\"5D41402ABC4B2A76B9719D911017C592\"", 5L, "blue", "Normal"));
        same(client.doesObjectExist(BUCKET, "plain.txt"), true);
        client.deleteObject(DeleteObjectRequest.newBuilder().bucket(BUCKET).key("plain.txt").build());
        same(client.doesObjectExist(BUCKET, "plain.txt"), false);
        refused("NoSuchKey", () -> text("plain.txt"));
    }

    private void names() throws Exception {
        // in the order of their bytes, which is the order of a listing
        List<String> names = List.of("odd/a b+c%3&=?#;:@$,~!*()'\"[]{}|^`", "odd/tail/", "odd/目录/文件.txt");
        for (String name : names) {
            client.putObject(putting(name, name).build());
        }
        same(keysBelow("odd/", 100), names);
        for (String name : names) {
            same(text(name), name);
        }
        same(deleteMany(names), names);
    }

    private void ranges() throws Exception {
        client.putObject(putting("range", "0123456789").build());
        same(read(getting("range").range("bytes=2-4").build()), "234");
        same(read(getting("range").range("bytes=7-").build()), "789");
        same(read(getting("range").range("bytes=-3").build()), "789");
        refused("InvalidRange", () -> read(getting("range").range("bytes=20-30").rangeBehavior("standard").build()));
    }

    private void conditions() throws Exception {
        String etag = client.putObject(putting("cond", "x").build()).eTag();
        same(read(getting("cond").ifMatch(etag).build()), "x");
        refused("PreconditionFailed", () -> read(getting("cond").ifMatch("\"other\"").build()));
        try {
            read(getting("cond").ifNoneMatch(etag).build());
            throw new AssertionError("304 was expected, the call succeeded");
        } catch (RuntimeException error) {
            ServiceException cause = ServiceException.asCause(error);
            if (cause == null) {
                throw error;
            }
            same(cause.statusCode(), 304);
        }
        refused("FileAlreadyExists", () -> client.putObject(putting("cond", "y").forbidOverwrite(true).build()));
        same(text("cond"), "x");
    }

    private void copies() throws Exception {
        client.putObject(putting("copy source+", "text").metadata(Map.of("a", "1")).build());
        client.copyObject(CopyObjectRequest.newBuilder().bucket(BUCKET).key("copy/kept").sourceKey("copy source+").build());
        same(text("copy/kept"), "text");
        same(head("copy/kept").metadata(), Map.of("a", "1"));
        client.copyObject(CopyObjectRequest.newBuilder().bucket(BUCKET).key("copy/kept").sourceKey("copy/kept")
            .metadataDirective("REPLACE").metadata(Map.of("b", "2")).build());
        same(head("copy/kept").metadata(), Map.of("b", "2"));
        refused("NoSuchKey", () -> client.copyObject(
            CopyObjectRequest.newBuilder().bucket(BUCKET).key("copy/none").sourceKey("absent").build()));
    }

    private void lists() {
        List<String> keys = List.of("list/a/0", "list/a/1", "list/a/2", "list/b/0", "list/b/1", "list/top");
        for (String key : keys) {
            client.putObject(putting(key, "1").build());
        }
        same(keysBelow("list/", 2), keys);
        List<String> first = new ArrayList<>();
        for (ListObjectsResult page : client.listObjectsPaginator(
                ListObjectsRequest.newBuilder().bucket(BUCKET).prefix("list/").maxKeys(2L).build())) {
            collect(page.contents(), first);
        }
        same(first, keys);
        ListObjectsV2Result folded = client.listObjectsV2(
            ListObjectsV2Request.newBuilder().bucket(BUCKET).prefix("list/").delimiter("/").build());
        same(List.of(folded.commonPrefixes().size(), folded.contents().size(), folded.keyCount()), List.of(2, 1, 3));
    }

    private void deletes() {
        List<String> keys = keysBelow("list/", 100);
        keys.add("list/absent");
        same(deleteMany(keys), keys);
        same(keysBelow("list/", 100), List.of());
    }

    private void appends() throws Exception {
        AppendObjectResult first = append("log", 0, "first;");
        AppendObjectResult second = append("log", first.nextAppendPosition(), "second;");
        same(List.of(first.nextAppendPosition(), second.nextAppendPosition()), List.of(6L, 13L));
        HeadObjectResult head = head("log");
        same(head.objectType(), "Appendable");
        same(append("log", head.nextAppendPosition(), "third").nextAppendPosition(), 18L);
        same(text("log"), "first;second;third");
    }

    private void wrongPositions() throws Exception {
        for (long wrong : new long[] {0, 17, 19}) {
            ServiceException error = refused("PositionNotEqualToLength", () -> append("log", wrong, "lost"));
            same(error.statusCode(), 409);
            String hint = error.headers().entrySet().stream()
                .filter(header -> header.getKey().equalsIgnoreCase("x-oss-next-append-position"))
                .map(Map.Entry::getValue).findFirst().orElse(null);
            same(hint, "18");
        }
        same(text("log"), "first;second;third");
    }

    private void notAppendable() throws Exception {
        client.putObject(putting("normal", "fixed").build());
        same(refused("ObjectNotAppendable", () -> append("normal", 0, "more")).statusCode(), 409);
        same(refused("ObjectNotAppendable", () -> append("normal", 5, "more")).statusCode(), 409);
        same(text("normal"), "fixed");
    }

    private void refusedCopy() throws Exception {
        refused("InvalidRequest", () -> client.copyObject(
            CopyObjectRequest.newBuilder().bucket(BUCKET).key("log-copy").sourceKey("log").build()));
        same(client.doesObjectExist(BUCKET, "log-copy"), false);
    }

    private void presigned() throws Exception {
        PresignResult signed = client.presign(putting("signed/文件 1", "").contentType("text/plain").build());
        same(http("PUT", signed.url(), "by url", Map.of("Content-Type", "text/plain")), "200 ");
        same(http("PUT", signed.url(), "by url", Map.of("Content-Type", "text/other")).substring(0, 3), "403");
        signed = client.presign(getting("signed/文件 1").build());
        same(http("GET", signed.url(), null, Map.of()), "200 by url");
        same(http("GET", signed.url().replace("signed", "normal"), null, Map.of()).substring(0, 3), "403");
    }

    private String initiate() {
        return client.initiateMultipartUpload(InitiateMultipartUploadRequest.newBuilder().bucket(BUCKET).key("big").build())
            .initiateMultipartUpload().uploadId();
    }

    private List<Part> parts(String upload) {
        return client.listParts(ListPartsRequest.newBuilder().bucket(BUCKET).key("big").uploadId(upload).build()).parts();
    }

    private void multipart() throws Exception {
        String block = "p".repeat(102400);
        String upload = initiate();
        List<Part> sent = new ArrayList<>();
        for (long n = 1; n <= 2; n++) {
            String etag = client.uploadPart(UploadPartRequest.newBuilder().bucket(BUCKET).key("big").uploadId(upload)
                .partNumber(n).body(BinaryData.fromString(block)).build()).eTag();
            sent.add(Part.newBuilder().partNumber(n).eTag(etag).build());
        }
        same(parts(upload).size(), 2);
        client.completeMultipartUpload(CompleteMultipartUploadRequest.newBuilder().bucket(BUCKET).key("big").uploadId(upload)
            .completeMultipartUpload(CompleteMultipartUpload.newBuilder().parts(sent).build()).build());
        same(text("big").equals(block + block), true);
        same(head("big").objectType(), "Multipart");
        String aborted = initiate();
        client.abortMultipartUpload(
            AbortMultipartUploadRequest.newBuilder().bucket(BUCKET).key("big").uploadId(aborted).build());
        refused("NoSuchUpload", () -> parts(aborted));
    }

    private void copiedPart() throws Exception {
        String upload = client.initiateMultipartUpload(
            InitiateMultipartUploadRequest.newBuilder().bucket(BUCKET).key("copied part").build()).initiateMultipartUpload().uploadId();
        Upload listed = client.listMultipartUploads(
            ListMultipartUploadsRequest.newBuilder().bucket(BUCKET).prefix("copied").build()).uploads().get(0);
        same(List.of(listed.key(), listed.uploadId()), List.of("copied part", upload));
        client.uploadPartCopy(UploadPartCopyRequest.newBuilder().bucket(BUCKET).key("copied part").uploadId(upload)
            .partNumber(1L).sourceKey("normal").copySourceRange("bytes=1-3").build());
        client.completeMultipartUpload(CompleteMultipartUploadRequest.newBuilder().bucket(BUCKET).key("copied part")
            .uploadId(upload).completeAll("yes").build());
        same(text("copied part"), "ixe");
    }

    private String tags() {
        StringBuilder text = new StringBuilder();
        List<Tag> tags = client.getObjectTagging(GetObjectTaggingRequest.newBuilder().bucket(BUCKET).key("tagged").build())
            .tagging().tagSet().tags();
        // This client reads an empty set as none.
        for (Tag tag : tags == null ? List.<Tag>of() : tags) {
            text.append(tag.key()).append('=').append(tag.value()).append(';');
        }
        return text.toString();
    }

    private void tagsAndLinks() throws Exception {
        client.putObject(putting("tagged", "1").tagging("a=1&b=x%20y").build());
        same(tags(), "a=1;b=x y;");
        Tag tag = Tag.newBuilder().key("c").value("3").build();
        client.putObjectTagging(PutObjectTaggingRequest.newBuilder().bucket(BUCKET).key("tagged")
            .tagging(Tagging.newBuilder().tagSet(TagSet.newBuilder().tags(List.of(tag)).build()).build()).build());
        same(tags(), "c=3;");
        client.deleteObjectTagging(DeleteObjectTaggingRequest.newBuilder().bucket(BUCKET).key("tagged").build());
        same(tags(), "");
        client.putSymlink(PutSymlinkRequest.newBuilder().bucket(BUCKET).key("link").symlinkTarget("normal").build());
        same(client.getSymlink(GetSymlinkRequest.newBuilder().bucket(BUCKET).key("link").build()).symlinkTarget(), "normal");
        same(text("link"), "fixed");
    }

    private void versions() throws Exception {
        String name = BUCKET + "-v";
        client.putBucket(PutBucketRequest.newBuilder().bucket(name).build());
        client.putBucketVersioning(PutBucketVersioningRequest.newBuilder().bucket(name)
            .versioningConfiguration(VersioningConfiguration.newBuilder().status("Enabled").build()).build());
        String first = client.putObject(putting("k", "one").bucket(name).build()).versionId();
        String second = client.putObject(putting("k", "two").bucket(name).build()).versionId();
        DeleteObjectResult marker = client.deleteObject(DeleteObjectRequest.newBuilder().bucket(name).key("k").build());
        same(marker.deleteMarker(), true);
        refused("NoSuchKey", () -> read(getting("k").bucket(name).build()));
        same(read(getting("k").bucket(name).versionId(first).build()), "one");
        ListObjectVersionsResult listed = client.listObjectVersions(ListObjectVersionsRequest.newBuilder().bucket(name).build());
        same(List.of(listed.versions().get(0).versionId(), listed.versions().get(1).versionId(),
            listed.deleteMarkers().get(0).versionId()), List.of(second, first, marker.versionId()));
        for (String version : List.of(first, second, marker.versionId())) {
            client.deleteObject(DeleteObjectRequest.newBuilder().bucket(name).key("k").versionId(version).build());
        }
        deleteBucket(name);
    }

    private RestoreObjectRequest.Builder restoring() {
        return RestoreObjectRequest.newBuilder().bucket(BUCKET).key("frozen");
    }

    private void archive() throws Exception {
        client.putObject(putting("frozen", "cold").storageClass("ColdArchive").build());
        refused("InvalidObjectState", () -> text("frozen"));
        // This client leaves the document of the request out, so the tier is the default.
        var restored = client.restoreObject(restoring().build());
        same(List.of(restored.statusCode(), restored.objectRestorePriority()), List.of(202, "Standard"));
        refused("RestoreAlreadyInProgress", () -> client.restoreObject(restoring().build()));
        Check.waitFor("the restore", () -> head("frozen").restore().contains("ongoing-request=\"false\""));
        same(text("frozen"), "cold");
        client.cleanRestoredObject(CleanRestoredObjectRequest.newBuilder().bucket(BUCKET).key("frozen").build());
        refused("InvalidObjectState", () -> text("frozen"));
    }

    private AppendObjectRequest appending(String bucket, String key, long position) {
        return AppendObjectRequest.newBuilder().bucket(bucket).key(key).position(position).body(BinaryData.fromString("x")).build();
    }

    private void seal() throws Exception {
        client.appendObject(appending(BUCKET, "sealed", 0));
        SealAppendObjectRequest.Builder seal = SealAppendObjectRequest.newBuilder().bucket(BUCKET).key("sealed");
        refused("PositionNotEqualToLength", () -> client.sealAppendObject(seal.position(0).build()));
        same(client.sealAppendObject(seal.position(1).build()).sealedTime().isEmpty(), false);
        refused("AppendSealedObjectNotAllowed", () -> client.appendObject(appending(BUCKET, "sealed", 1)));
    }

    private void acls() throws Exception {
        client.putObjectAcl(PutObjectAclRequest.newBuilder().bucket(BUCKET).key("normal").objectAcl("private").build());
        same(client.getObjectAcl(GetObjectAclRequest.newBuilder().bucket(BUCKET).key("normal").build())
            .accessControlPolicy().accessControlList().grant(), "private");
        client.putObjectAcl(PutObjectAclRequest.newBuilder().bucket(BUCKET).key("normal").objectAcl("default").build());
        for (String acl : List.of("public-read", "private")) {
            client.putBucketAcl(PutBucketAclRequest.newBuilder().bucket(BUCKET).acl(acl).build());
            same(client.getBucketAcl(GetBucketAclRequest.newBuilder().bucket(BUCKET).build())
                .accessControlPolicy().accessControlList().grant(), acl);
        }
        same(client.getBucketLocation(GetBucketLocationRequest.newBuilder().bucket(BUCKET).build()).locationConstraint(),
            "oss-" + Check.REGION);
        same(client.getBucketStat(GetBucketStatRequest.newBuilder().bucket(BUCKET).build()).bucketStat().objectCount() > 0, true);
        same(client.getObjectMeta(GetObjectMetaRequest.newBuilder().bucket(BUCKET).key("normal").build()).contentLength(), 5L);
        for (String payer : List.of("Requester", "BucketOwner")) {
            client.putBucketRequestPayment(PutBucketRequestPaymentRequest.newBuilder().bucket(BUCKET)
                .requestPaymentConfiguration(RequestPaymentConfiguration.newBuilder().payer(payer).build()).build());
            same(client.getBucketRequestPayment(GetBucketRequestPaymentRequest.newBuilder().bucket(BUCKET).build())
                .requestPaymentConfiguration().payer(), payer);
        }
    }

    private void policies() throws Exception {
        client.putBucketPolicy(
            PutBucketPolicyRequest.newBuilder().bucket(BUCKET).body(BinaryData.fromString(Check.policy())).build());
        GetBucketPolicyRequest ask = GetBucketPolicyRequest.newBuilder().bucket(BUCKET).build();
        same(client.getBucketPolicy(ask).body().toString(), Check.policy());
        same(client.getBucketPolicyStatus(GetBucketPolicyStatusRequest.newBuilder().bucket(BUCKET).build())
            .policyStatus().isPublic(), true);
        client.putBucketPublicAccessBlock(PutBucketPublicAccessBlockRequest.newBuilder().bucket(BUCKET)
            .bucketPublicAccessBlockConfiguration(
                BucketPublicAccessBlockConfiguration.newBuilder().blockPublicAccess(true).build()).build());
        same(client.getBucketPublicAccessBlock(GetBucketPublicAccessBlockRequest.newBuilder().bucket(BUCKET).build())
            .publicAccessBlockConfiguration().blockPublicAccess(), true);
        refused("AccessDenied",
            () -> client.putBucketAcl(PutBucketAclRequest.newBuilder().bucket(BUCKET).acl("public-read").build()));
        client.deleteBucketPublicAccessBlock(DeleteBucketPublicAccessBlockRequest.newBuilder().bucket(BUCKET).build());
        client.deleteBucketPolicy(DeleteBucketPolicyRequest.newBuilder().bucket(BUCKET).build());
        refused("NoSuchBucketPolicy", () -> client.getBucketPolicy(ask));
        same(client.getPublicAccessBlock(GetPublicAccessBlockRequest.newBuilder().build())
            .publicAccessBlockConfiguration().blockPublicAccess(), false);
    }

    private void bucketRetention() throws Exception {
        String name = BUCKET + "-w";
        client.putBucket(PutBucketRequest.newBuilder().bucket(name).build());
        String worm = client.initiateBucketWorm(InitiateBucketWormRequest.newBuilder().bucket(name)
            .initiateWormConfiguration(InitiateWormConfiguration.newBuilder().retentionPeriodInDays(1).build()).build()).wormId();
        client.completeBucketWorm(CompleteBucketWormRequest.newBuilder().bucket(name).wormId(worm).build());
        client.extendBucketWorm(ExtendBucketWormRequest.newBuilder().bucket(name).wormId(worm)
            .extendWormConfiguration(ExtendWormConfiguration.newBuilder().retentionPeriodInDays(2).build()).build());
        WormConfiguration found = client.getBucketWorm(GetBucketWormRequest.newBuilder().bucket(name).build()).wormConfiguration();
        same(List.of(found.state(), found.retentionPeriodInDays()), List.of("Locked", 2));
        refused("WORMConfigurationLocked",
            () -> client.abortBucketWorm(AbortBucketWormRequest.newBuilder().bucket(name).build()));
        client.appendObject(appending(name, "log", 0));
        refused("FileImmutable", () -> client.appendObject(appending(name, "log", 1)));
    }

    private void retention() throws Exception {
        bucketRetention();
        String name = BUCKET + "-v";
        client.putBucket(PutBucketRequest.newBuilder().bucket(name).build());
        client.putBucketVersioning(PutBucketVersioningRequest.newBuilder().bucket(name)
            .versioningConfiguration(VersioningConfiguration.newBuilder().status("Enabled").build()).build());
        client.putBucketObjectWormConfiguration(PutBucketObjectWormConfigurationRequest.newBuilder().bucket(name)
            .objectWormConfiguration(ObjectWormConfiguration.newBuilder().objectWormEnabled("Enabled").build()).build());
        String version = client.putObject(putting("k", "x").bucket(name).build()).versionId();
        DeleteObjectRequest erase = DeleteObjectRequest.newBuilder().bucket(name).key("k").versionId(version).build();
        PutObjectLegalHoldRequest.Builder hold = PutObjectLegalHoldRequest.newBuilder().bucket(name).key("k").versionId(version);
        client.putObjectLegalHold(hold.legalHold(LegalHold.newBuilder().status("ON").build()).build());
        same(client.getObjectLegalHold(GetObjectLegalHoldRequest.newBuilder().bucket(name).key("k").versionId(version).build())
            .legalHold().status(), "ON");
        refused("FileImmutable", () -> client.deleteObject(erase));
        client.putObjectLegalHold(hold.legalHold(LegalHold.newBuilder().status("OFF").build()).build());
        String until = "2990-01-01T00:00:00.000Z";
        client.putObjectRetention(PutObjectRetentionRequest.newBuilder().bucket(name).key("k").versionId(version)
            .retention(Retention.newBuilder().mode("GOVERNANCE").retainUntilDate(until).build()).build());
        same(client.getObjectRetention(GetObjectRetentionRequest.newBuilder().bucket(name).key("k").versionId(version).build())
            .retention().retainUntilDate(), until);
        refused("FileImmutable", () -> client.deleteObject(erase));
    }

    private void temporaryKeys() throws Exception {
        GetObjectRequest request = getting("normal").build();
        OSSClient temporary = clientOf(new StaticCredentialsProvider(Check.STS_ID, Check.STS_SECRET, Check.STS_TOKEN));
        try (GetObjectResult result = temporary.getObject(request)) {
            same(new String(result.body().readAllBytes(), StandardCharsets.UTF_8), "fixed");
        }
        same(http("GET", temporary.presign(request).url(), null, Map.of()), "200 fixed");
        refused("InvalidSecurityToken",
            () -> clientOf(new StaticCredentialsProvider(Check.STS_ID, Check.STS_SECRET, "none")).getObject(request));
        refused("InvalidAccessKeyId", () -> clientOf(Check.STS_ID, Check.STS_SECRET).getObject(request));
    }

    private void keys() throws Exception {
        GetObjectRequest request = getting("normal").build();
        refused("SignatureDoesNotMatch", () -> clientOf(Check.KEY_ID, Check.KEY_SECRET + "x").getObject(request));
        refused("InvalidAccessKeyId", () -> clientOf("no-such-key", Check.KEY_SECRET).getObject(request));
    }

    private void end() throws Exception {
        refused("BucketNotEmpty", () -> deleteBucket(BUCKET));
        deleteMany(keysBelow("", 100));
        deleteBucket(BUCKET);
        refused("NoSuchBucket", () -> client.getBucketInfo(GetBucketInfoRequest.newBuilder().bucket(BUCKET).build()));
    }

    public static void main(String[] arguments) {
        JavaV2 program = new JavaV2();
        Check check = new Check("java-v2");
        check.run("bucket: create, info, list, delete", program::buckets);
        check.run("object: put, get, head, delete", program::objects);
        check.run("object: names with every kind of character", program::names);
        check.run("range", program::ranges);
        check.run("conditions", program::conditions);
        check.run("copy", program::copies);
        check.run("list: pages of both versions, folders", program::lists);
        check.run("delete many", program::deletes);
        check.run("append: twice with nextAppendPosition, then position from head", program::appends);
        check.run("append: PositionNotEqualToLength carries the position to use", program::wrongPositions);
        check.run("append: ObjectNotAppendable", program::notAppendable);
        check.run("append: a copy of an append object is refused", program::refusedCopy);
        check.run("presigned URLs", program::presigned);
        check.run("multipart: parts, list, complete, abort", program::multipart);
        check.run("multipart: uploads listed, a part copied, all parts at once", program::copiedPart);
        check.run("tags and symlinks", program::tagsAndLinks);
        check.run("versions: two, a marker, each by its id", program::versions);
        check.run("archive: restored after a while, then cleaned", program::archive);
        check.run("append: sealed", program::seal);
        check.run("acl of bucket and object, facts of the bucket, who pays", program::acls);
        check.run("policy, and public access blocked", program::policies);
        check.run("retention: of a bucket, and of versions", program::retention);
        check.run("sts: a temporary key with its token, and not without", program::temporaryKeys);
        check.run("keys: wrong secret, unknown key", program::keys);
        check.run("bucket: BucketNotEmpty, then empty and gone", program::end);
        check.end();
    }
}
