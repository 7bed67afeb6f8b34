package ossicle;

import static ossicle.Check.BUCKET;
import static ossicle.Check.http;
import static ossicle.Check.same;

import com.aliyun.oss.ClientBuilderConfiguration;
import com.aliyun.oss.HttpMethod;
import com.aliyun.oss.OSS;
import com.aliyun.oss.OSSClientBuilder;
import com.aliyun.oss.OSSException;
import com.aliyun.oss.common.auth.DefaultCredentialProvider;
import com.aliyun.oss.common.comm.SignVersion;
import com.aliyun.oss.model.AbortMultipartUploadRequest;
import com.aliyun.oss.model.AppendObjectRequest;
import com.aliyun.oss.model.Bucket;
import com.aliyun.oss.model.BucketInfo;
import com.aliyun.oss.model.BucketVersioningConfiguration;
import com.aliyun.oss.model.CannedAccessControlList;
import com.aliyun.oss.model.CompleteMultipartUploadRequest;
import com.aliyun.oss.model.CopyObjectRequest;
import com.aliyun.oss.model.DeleteObjectsRequest;
import com.aliyun.oss.model.DeleteVersionsRequest.KeyVersion;
import com.aliyun.oss.model.DeleteVersionsRequest;
import com.aliyun.oss.model.GeneratePresignedUrlRequest;
import com.aliyun.oss.model.GetBucketWormResult;
import com.aliyun.oss.model.GetObjectRequest;
import com.aliyun.oss.model.InitiateMultipartUploadRequest;
import com.aliyun.oss.model.ListBucketsRequest;
import com.aliyun.oss.model.ListMultipartUploadsRequest;
import com.aliyun.oss.model.ListObjectsRequest;
import com.aliyun.oss.model.ListObjectsV2Request;
import com.aliyun.oss.model.ListObjectsV2Result;
import com.aliyun.oss.model.ListPartsRequest;
import com.aliyun.oss.model.MultipartUpload;
import com.aliyun.oss.model.OSSObject;
import com.aliyun.oss.model.OSSObjectSummary;
import com.aliyun.oss.model.OSSVersionSummary;
import com.aliyun.oss.model.ObjectListing;
import com.aliyun.oss.model.ObjectMetadata;
import com.aliyun.oss.model.ObjectPermission;
import com.aliyun.oss.model.PartETag;
import com.aliyun.oss.model.Payer;
import com.aliyun.oss.model.PutBucketPublicAccessBlockRequest;
import com.aliyun.oss.model.PutObjectRequest;
import com.aliyun.oss.model.RestoreConfiguration;
import com.aliyun.oss.model.RestoreJobParameters;
import com.aliyun.oss.model.RestoreTier;
import com.aliyun.oss.model.SealAppendObjectRequest;
import com.aliyun.oss.model.SetBucketVersioningRequest;
import com.aliyun.oss.model.StorageClass;
import com.aliyun.oss.model.UploadPartCopyRequest;
import com.aliyun.oss.model.UploadPartRequest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;

/** Drives the server with the official Java SDK of the first generation, `aliyun-sdk-oss`. */
public final class JavaV1 {
    private final OSS client = clientOf(Check.KEY_ID, Check.KEY_SECRET);

    private static OSS clientOf(String id, String secret) {
        return clientOf(new DefaultCredentialProvider(id, secret));
    }

    private static OSS clientOf(DefaultCredentialProvider credentials) {
        ClientBuilderConfiguration configuration = new ClientBuilderConfiguration();
        configuration.setSignatureVersion(Check.V4 ? SignVersion.V4 : SignVersion.V1);
        configuration.setSLDEnabled(Check.PATH_STYLE);
        configuration.setMaxErrorRetry(0);
        configuration.setSocketTimeout(20_000);
        return OSSClientBuilder.create().endpoint(Check.ENDPOINT).region(Check.REGION)
            .credentialsProvider(credentials).clientConfiguration(configuration).build();
    }

    /** The server's refusal, after its code has been compared. */
    private static OSSException refused(String code, Check.Body call) throws Exception {
        try {
            call.run();
        } catch (OSSException error) {
            same(error.getErrorCode(), code);
            same(error.getRequestId().length(), 24);
            return error;
        }
        throw new AssertionError(code + " was expected, the call succeeded");
    }

    private static ByteArrayInputStream bytes(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    }

    private void put(String key, String text) {
        client.putObject(BUCKET, key, bytes(text));
    }

    private static String read(OSSObject object) throws IOException {
        try (OSSObject open = object) {
            return new String(open.getObjectContent().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private String text(String key) throws IOException {
        return read(client.getObject(BUCKET, key));
    }

    private long append(String key, long position, String text) {
        return client.appendObject(new AppendObjectRequest(BUCKET, key, bytes(text)).withPosition(position)).getNextPosition();
    }

    private List<String> keysBelow(String prefix, int size) {
        List<String> keys = new ArrayList<>();
        ListObjectsRequest request = new ListObjectsRequest(BUCKET, prefix, null, null, size);
        ObjectListing page;
        do {
            page = client.listObjects(request);
            page.getObjectSummaries().forEach(object -> keys.add(object.getKey()));
            request.setMarker(page.getNextMarker());
        } while (page.isTruncated());
        return keys;
    }

    private List<String> deleteMany(List<String> keys) {
        return client.deleteObjects(new DeleteObjectsRequest(BUCKET).withKeys(keys).withEncodingType("url")).getDeletedObjects();
    }

    private void buckets() throws Exception {
        client.createBucket(BUCKET);
        BucketInfo info = client.getBucketInfo(BUCKET);
        same(List.of(info.getBucket().getName(), info.getBucket().getLocation()), List.of(BUCKET, "oss-" + Check.REGION));
        client.createBucket(BUCKET + "-b");
        List<String> names = new ArrayList<>();
        for (Bucket bucket : client.listBuckets(new ListBucketsRequest(BUCKET, null, 10)).getBucketList()) {
            names.add(bucket.getName());
        }
        same(names, List.of(BUCKET, BUCKET + "-b"));
        client.deleteBucket(BUCKET + "-b");
        refused("NoSuchBucket", () -> client.deleteBucket(BUCKET + "-b"));
        same(client.doesBucketExist(BUCKET), true);
    }

    private void objects() throws Exception {
        ObjectMetadata metadata = new ObjectMetadata();
        metadata.addUserMetadata("colour", "blue");
        client.putObject(BUCKET, "plain.txt", bytes("hello"), metadata);
        same(text("plain.txt"), "hello");
        ObjectMetadata head = client.getObjectMetadata(BUCKET, "plain.txt");
        same(List.of(head.getETag(), head.getContentLength(), head.getUserMetadata().get("colour"), head.getObjectType()),
            List.of("5D41402ABC4B2A76B9719D911017C592", 5L, "blue", "Normal"));
        same(client.getSimplifiedObjectMeta(BUCKET, "plain.txt").getSize(), 5L);
        same(client.doesObjectExist(BUCKET, "plain.txt"), true);
        client.deleteObject(BUCKET, "plain.txt");
        same(client.doesObjectExist(BUCKET, "plain.txt"), false);
        refused("NoSuchKey", () -> client.getObject(BUCKET, "plain.txt"));
    }

    private void names() throws Exception {
        // In the order of their bytes, which is the order of a listing. This client reads listings with a strict XML
        // parser, so control characters other than a line feed are left out.
        List<String> names = List.of("odd/a b+c%3&=?#;:@$,~!*()'\"[]{}|^`", "odd/line\nfeed", "odd/tail/", "odd/目录/文件.txt");
        for (String name : names) {
            put(name, name);
        }
        same(keysBelow("odd/", 100), names);
        for (String name : names) {
            same(text(name), name);
        }
        same(deleteMany(names), names);
    }

    private void ranges() throws Exception {
        put("range", "0123456789");
        same(read(client.getObject(new GetObjectRequest(BUCKET, "range").withRange(2, 4))), "234");
        same(read(client.getObject(new GetObjectRequest(BUCKET, "range").withRange(7, -1))), "789");
        same(read(client.getObject(new GetObjectRequest(BUCKET, "range").withRange(-1, 3))), "789");
    }

    private void conditions() throws Exception {
        put("cond", "x");
        String etag = '"' + client.getObjectMetadata(BUCKET, "cond").getETag() + '"';
        GetObjectRequest request = new GetObjectRequest(BUCKET, "cond");
        request.setMatchingETagConstraints(List.of(etag));
        same(read(client.getObject(request)), "x");
        request.setMatchingETagConstraints(List.of("\"other\""));
        refused("PreconditionFailed", () -> client.getObject(request));
        GetObjectRequest none = new GetObjectRequest(BUCKET, "cond");
        none.setNonmatchingETagConstraints(List.of(etag));
        try {
            client.getObject(none);
            throw new AssertionError("304 was expected, the call succeeded");
        } catch (OSSException error) {
            same(error.getErrorCode(), "NotModified"); // the SDK's own name for a 304
        }
        ObjectMetadata once = new ObjectMetadata();
        once.setHeader("x-oss-forbid-overwrite", "true");
        refused("FileAlreadyExists", () -> client.putObject(new PutObjectRequest(BUCKET, "cond", bytes("y"), once)));
        same(text("cond"), "x");
    }

    private void copies() throws Exception {
        ObjectMetadata metadata = new ObjectMetadata();
        metadata.addUserMetadata("a", "1");
        client.putObject(BUCKET, "copy source+", bytes("text"), metadata);
        client.copyObject(BUCKET, "copy source+", BUCKET, "copy/kept");
        same(text("copy/kept"), "text");
        same(client.getObjectMetadata(BUCKET, "copy/kept").getUserMetadata(), Map.of("a", "1"));
        ObjectMetadata other = new ObjectMetadata();
        other.addUserMetadata("b", "2");
        CopyObjectRequest replace = new CopyObjectRequest(BUCKET, "copy/kept", BUCKET, "copy/kept");
        replace.setNewObjectMetadata(other);
        client.copyObject(replace);
        same(client.getObjectMetadata(BUCKET, "copy/kept").getUserMetadata(), Map.of("b", "2"));
        refused("NoSuchKey", () -> client.copyObject(BUCKET, "absent", BUCKET, "copy/none"));
    }

    private void lists() {
        List<String> keys = List.of("list/a/0", "list/a/1", "list/a/2", "list/b/0", "list/b/1", "list/top");
        for (String key : keys) {
            put(key, "1");
        }
        same(keysBelow("list/", 2), keys);
        List<String> second = new ArrayList<>();
        ListObjectsV2Request request = new ListObjectsV2Request(BUCKET).withPrefix("list/").withMaxKeys(2);
        ListObjectsV2Result page;
        do {
            page = client.listObjectsV2(request);
            for (OSSObjectSummary object : page.getObjectSummaries()) {
                second.add(object.getKey());
            }
            request.setContinuationToken(page.getNextContinuationToken());
        } while (page.isTruncated());
        same(second, keys);
        ObjectListing folded = client.listObjects(new ListObjectsRequest(BUCKET, "list/", null, "/", 100));
        same(folded.getCommonPrefixes(), List.of("list/a/", "list/b/"));
        same(folded.getObjectSummaries().size(), 1);
    }

    private void deletes() {
        List<String> keys = keysBelow("list/", 100);
        keys.add("list/absent");
        same(deleteMany(keys), keys);
        same(keysBelow("list/", 100), List.of());
    }

    private void appends() throws Exception {
        long next = append("log", 0, "first;");
        same(next, 6L);
        same(append("log", next, "second;"), 13L);
        ObjectMetadata head = client.getObjectMetadata(BUCKET, "log");
        same(head.getObjectType(), "Appendable");
        long position = Long.parseLong(head.getRawMetadata().get("x-oss-next-append-position").toString());
        same(append("log", position, "third"), 18L);
        same(text("log"), "first;second;third");
    }

    private void wrongPositions() throws Exception {
        for (long wrong : new long[] {0, 17, 19}) {
            OSSException error = refused("PositionNotEqualToLength", () -> append("log", wrong, "lost"));
            same(error.getErrorMessage(), "Position is not equal to file length");
        }
        // This SDK hides the headers of errors; the position to use is found with a HEAD.
        same(client.getObjectMetadata(BUCKET, "log").getRawMetadata().get("x-oss-next-append-position").toString(), "18");
        same(text("log"), "first;second;third");
    }

    private void notAppendable() throws Exception {
        put("normal", "fixed");
        refused("ObjectNotAppendable", () -> append("normal", 0, "more"));
        refused("ObjectNotAppendable", () -> append("normal", 5, "more"));
        same(text("normal"), "fixed");
    }

    private void refusedCopy() throws Exception {
        refused("InvalidRequest", () -> client.copyObject(BUCKET, "log", BUCKET, "log-copy"));
        same(client.doesObjectExist(BUCKET, "log-copy"), false);
    }

    private void presigned() throws Exception {
        Date soon = new Date(System.currentTimeMillis() + 60_000);
        GeneratePresignedUrlRequest put = new GeneratePresignedUrlRequest(BUCKET, "signed/文件 1", HttpMethod.PUT);
        put.setExpiration(soon);
        put.setContentType("text/plain");
        String url = client.generatePresignedUrl(put).toString();
        same(http("PUT", url, "by url", Map.of("Content-Type", "text/plain")), "200 ");
        same(http("PUT", url, "by url", Map.of("Content-Type", "text/other")).substring(0, 3), "403");
        url = client.generatePresignedUrl(BUCKET, "signed/文件 1", soon).toString();
        same(http("GET", url, null, Map.of()), "200 by url");
        same(http("GET", url.replace("signed", "normal"), null, Map.of()).substring(0, 3), "403");
    }

    private void multipart() throws Exception {
        String block = "p".repeat(102400);
        String upload = client.initiateMultipartUpload(new InitiateMultipartUploadRequest(BUCKET, "big")).getUploadId();
        List<PartETag> parts = new ArrayList<>();
        for (int n = 1; n <= 2; n++) {
            parts.add(client.uploadPart(new UploadPartRequest(BUCKET, "big", upload, n, bytes(block), block.length())).getPartETag());
        }
        same(client.listParts(new ListPartsRequest(BUCKET, "big", upload)).getParts().size(), 2);
        client.completeMultipartUpload(new CompleteMultipartUploadRequest(BUCKET, "big", upload, parts));
        same(text("big").equals(block + block), true);
        same(client.getObjectMetadata(BUCKET, "big").getObjectType(), "Multipart");
        String aborted = client.initiateMultipartUpload(new InitiateMultipartUploadRequest(BUCKET, "big")).getUploadId();
        client.abortMultipartUpload(new AbortMultipartUploadRequest(BUCKET, "big", aborted));
        refused("NoSuchUpload", () -> client.listParts(new ListPartsRequest(BUCKET, "big", aborted)));
    }

    private void copiedPart() throws Exception {
        String upload = client.initiateMultipartUpload(new InitiateMultipartUploadRequest(BUCKET, "copied part")).getUploadId();
        ListMultipartUploadsRequest ask = new ListMultipartUploadsRequest(BUCKET);
        ask.setPrefix("copied");
        MultipartUpload listed = client.listMultipartUploads(ask).getMultipartUploads().get(0);
        same(List.of(listed.getKey(), listed.getUploadId()), List.of("copied part", upload));
        PartETag part = client.uploadPartCopy(
            new UploadPartCopyRequest(BUCKET, "normal", BUCKET, "copied part", upload, 1, 1L, 3L)).getPartETag();
        client.completeMultipartUpload(new CompleteMultipartUploadRequest(BUCKET, "copied part", upload,
            new ArrayList<>(List.of(part))));
        same(text("copied part"), "ixe");
    }

    private void tagsAndLinks() throws Exception {
        ObjectMetadata metadata = new ObjectMetadata();
        metadata.setObjectTagging(Map.of("a b", "1+1"));
        client.putObject(BUCKET, "tagged", bytes("1"), metadata);
        same(client.getObjectTagging(BUCKET, "tagged").getAllTags(), Map.of("a b", "1+1"));
        client.setObjectTagging(BUCKET, "tagged", Map.of("c", "3"));
        same(client.getObjectTagging(BUCKET, "tagged").getAllTags(), Map.of("c", "3"));
        client.deleteObjectTagging(BUCKET, "tagged");
        same(client.getObjectTagging(BUCKET, "tagged").getAllTags(), Map.of());
        client.createSymlink(BUCKET, "link 1+", "normal");
        same(client.getSymlink(BUCKET, "link 1+").getTarget(), "normal");
        same(text("link 1+"), "fixed");
    }

    private void versions() throws Exception {
        String name = BUCKET + "-v";
        client.createBucket(name);
        client.setBucketVersioning(new SetBucketVersioningRequest(name,
            new BucketVersioningConfiguration(BucketVersioningConfiguration.ENABLED)));
        String first = client.putObject(name, "k", bytes("one")).getVersionId();
        String second = client.putObject(name, "k", bytes("two")).getVersionId();
        client.deleteObject(name, "k");
        refused("NoSuchKey", () -> client.getObject(name, "k"));
        same(read(client.getObject(new GetObjectRequest(name, "k", first))), "one");
        List<OSSVersionSummary> listed = client.listVersions(name, "").getVersionSummaries();
        // This client puts the markers behind the versions, whatever the order of the answer.
        same(listed.size(), 3);
        same(List.of(listed.get(0).getVersionId(), listed.get(1).getVersionId(), listed.get(2).isDeleteMarker()),
            List.of(second, first, true));
        client.deleteVersion(name, "k", listed.get(2).getVersionId());
        List<KeyVersion> both = List.of(new KeyVersion("k", first), new KeyVersion("k", second));
        same(client.deleteVersions(new DeleteVersionsRequest(name).withKeys(both)).getDeletedVersions().size(), 2);
        client.deleteBucket(name);
    }

    private void archive() throws Exception {
        ObjectMetadata metadata = new ObjectMetadata();
        metadata.setHeader("x-oss-storage-class", StorageClass.ColdArchive.toString());
        client.putObject(BUCKET, "frozen", bytes("cold"), metadata);
        refused("InvalidObjectState", () -> client.getObject(BUCKET, "frozen"));
        RestoreJobParameters job = new RestoreJobParameters(RestoreTier.RESTORE_TIER_BULK);
        same(client.restoreObject(BUCKET, "frozen", new RestoreConfiguration(2, job)).getStatusCode(), 202);
        refused("RestoreAlreadyInProgress", () -> client.restoreObject(BUCKET, "frozen"));
        Check.waitFor("the restore", () -> client.getObjectMetadata(BUCKET, "frozen").isRestoreCompleted());
        same(text("frozen"), "cold");
        same(client.restoreObject(BUCKET, "frozen").getStatusCode(), 200);
    }

    private void seal() throws Exception {
        client.appendObject(new AppendObjectRequest(BUCKET, "sealed", bytes("x")).withPosition(0L));
        refused("PositionNotEqualToLength",
            () -> client.sealAppendObject(new SealAppendObjectRequest(BUCKET, "sealed").withPosition(0L)));
        client.sealAppendObject(new SealAppendObjectRequest(BUCKET, "sealed").withPosition(1L));
        refused("AppendSealedObjectNotAllowed",
            () -> client.appendObject(new AppendObjectRequest(BUCKET, "sealed", bytes("y")).withPosition(1L)));
    }

    private void acls() throws Exception {
        client.setObjectAcl(BUCKET, "normal", CannedAccessControlList.Private);
        same(client.getObjectAcl(BUCKET, "normal").getPermission(), ObjectPermission.Private);
        client.setObjectAcl(BUCKET, "normal", CannedAccessControlList.Default);
        client.setBucketAcl(BUCKET, CannedAccessControlList.PublicRead);
        same(client.getBucketAcl(BUCKET).getCannedACL(), CannedAccessControlList.PublicRead);
        client.setBucketAcl(BUCKET, CannedAccessControlList.Private);
        same(client.getBucketLocation(BUCKET), "oss-" + Check.REGION);
        same(client.getBucketStat(BUCKET).getObjectCount() > 0, true);
        for (Payer payer : List.of(Payer.Requester, Payer.BucketOwner)) {
            client.setBucketRequestPayment(BUCKET, payer);
            same(client.getBucketRequestPayment(BUCKET).getPayer(), payer);
        }
    }

    private void policies() throws Exception {
        client.setBucketPolicy(BUCKET, Check.policy());
        same(client.getBucketPolicy(BUCKET).getPolicyText(), Check.policy());
        same(client.getBucketPolicyStatus(BUCKET).isPublic(), true);
        client.putBucketPublicAccessBlock(new PutBucketPublicAccessBlockRequest(BUCKET, true));
        same(client.getBucketPublicAccessBlock(BUCKET).getBlockPublicAccess(), true);
        refused("AccessDenied", () -> client.setBucketAcl(BUCKET, CannedAccessControlList.PublicRead));
        client.deleteBucketPublicAccessBlock(BUCKET);
        client.deleteBucketPolicy(BUCKET);
        refused("NoSuchBucketPolicy", () -> client.getBucketPolicy(BUCKET));
        same(client.getPublicAccessBlock().getBlockPublicAccess(), false);
    }

    private void retention() throws Exception {
        String name = BUCKET + "-w";
        client.createBucket(name);
        client.initiateBucketWorm(name, 1);
        client.abortBucketWorm(name);
        String worm = client.initiateBucketWorm(name, 1).getWormId();
        client.completeBucketWorm(name, worm);
        client.extendBucketWorm(name, worm, 2);
        GetBucketWormResult found = client.getBucketWorm(name);
        same(List.of(found.getWormState(), found.getRetentionPeriodInDays()), List.of("Locked", 2));
        client.appendObject(new AppendObjectRequest(name, "log", bytes("x")).withPosition(0L));
        refused("FileImmutable", () -> client.appendObject(new AppendObjectRequest(name, "log", bytes("y")).withPosition(1L)));
        refused("FileImmutable", () -> client.deleteObject(name, "log"));
    }

    private void temporaryKeys() throws Exception {
        OSS temporary = clientOf(new DefaultCredentialProvider(Check.STS_ID, Check.STS_SECRET, Check.STS_TOKEN));
        same(read(temporary.getObject(BUCKET, "normal")), "fixed");
        Date soon = new Date(System.currentTimeMillis() + 60_000);
        same(http("GET", temporary.generatePresignedUrl(BUCKET, "normal", soon).toString(), null, Map.of()), "200 fixed");
        refused("InvalidSecurityToken", () -> clientOf(
            new DefaultCredentialProvider(Check.STS_ID, Check.STS_SECRET, "none")).getObject(BUCKET, "normal"));
        refused("InvalidAccessKeyId", () -> clientOf(Check.STS_ID, Check.STS_SECRET).getObject(BUCKET, "normal"));
    }

    private void keys() throws Exception {
        refused("SignatureDoesNotMatch", () -> clientOf(Check.KEY_ID, Check.KEY_SECRET + "x").getObject(BUCKET, "normal"));
        refused("InvalidAccessKeyId", () -> clientOf("no-such-key", Check.KEY_SECRET).getObject(BUCKET, "normal"));
    }

    private void end() throws Exception {
        refused("BucketNotEmpty", () -> client.deleteBucket(BUCKET));
        deleteMany(keysBelow("", 100));
        client.deleteBucket(BUCKET);
        refused("NoSuchBucket", () -> client.getBucketInfo(BUCKET));
    }

    public static void main(String[] arguments) {
        JavaV1 program = new JavaV1();
        Check check = new Check("java-v1");
        check.run("bucket: create, info, list, delete", program::buckets);
        check.run("object: put, get, head, delete", program::objects);
        check.run("object: names with every kind of character", program::names);
        check.run("range", program::ranges);
        check.run("conditions", program::conditions);
        check.run("copy", program::copies);
        check.run("list: pages of both versions, folders", program::lists);
        check.run("delete many", program::deletes);
        check.run("append: twice with the next position, then position from head", program::appends);
        check.run("append: PositionNotEqualToLength", program::wrongPositions);
        check.run("append: ObjectNotAppendable", program::notAppendable);
        check.run("append: a copy of an append object is refused", program::refusedCopy);
        check.run("presigned URLs", program::presigned);
        check.run("multipart: parts, list, complete, abort", program::multipart);
        check.run("multipart: uploads listed, a part copied", program::copiedPart);
        check.run("tags and symlinks", program::tagsAndLinks);
        check.run("versions: two, a marker, each by its id", program::versions);
        check.run("archive: restored after a while", program::archive);
        check.run("append: sealed", program::seal);
        check.run("acl of bucket and object, facts of the bucket, who pays", program::acls);
        check.run("policy, and public access blocked", program::policies);
        check.run("retention: a policy that begins, is locked, and holds", program::retention);
        check.run("sts: a temporary key with its token, and not without", program::temporaryKeys);
        check.run("keys: wrong secret, unknown key", program::keys);
        check.run("bucket: BucketNotEmpty, then empty and gone", program::end);
        check.end();
    }
}
