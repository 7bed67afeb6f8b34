// Drives the server with the official Go SDK of the second generation, `alibabacloud-oss-go-sdk-v2`.
package main

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"

	. "ossicle/tests/sdk/go/check"
)

var ctx = context.Background()

func clientOf(id, secret string, token ...string) *oss.Client {
	version := oss.SignatureVersionV1
	if V4 {
		version = oss.SignatureVersionV4
	}
	return oss.NewClient(oss.LoadDefaultConfig().WithRegion(Region).WithEndpoint(Endpoint).
		WithCredentialsProvider(credentials.NewStaticCredentialsProvider(id, secret, token...)).
		WithSignatureVersion(version).WithUsePathStyle(PathStyle).WithHttpClient(Client()).WithRetryMaxAttempts(1))
}

// refused compares the code of the server's refusal.
func refused(code string, err error) *oss.ServiceError {
	var refusal *oss.ServiceError
	if !errors.As(err, &refusal) {
		Fail("%s was expected: %v", code, err)
	}
	Same(refusal.Code, code)
	Same(len(refusal.RequestID), 24)
	return refusal
}

func main() {
	checks := Checks{Name: "go-v2"}
	client := clientOf(KeyID, KeySecret)
	bucket := oss.Ptr(Bucket)

	put := func(key, body string) *oss.PutObjectResult {
		return Must(client.PutObject(ctx, &oss.PutObjectRequest{Bucket: bucket, Key: oss.Ptr(key), Body: strings.NewReader(body)}))
	}
	read := func(request *oss.GetObjectRequest) string {
		request.Bucket = bucket
		result := Must(client.GetObject(ctx, request))
		defer result.Body.Close()
		return string(Must(io.ReadAll(result.Body)))
	}
	text := func(key string) string { return read(&oss.GetObjectRequest{Key: oss.Ptr(key)}) }
	head := func(key string) *oss.HeadObjectResult {
		return Must(client.HeadObject(ctx, &oss.HeadObjectRequest{Bucket: bucket, Key: oss.Ptr(key)}))
	}
	add := func(key string, position int64, body string) (*oss.AppendObjectResult, error) {
		return client.AppendObject(ctx, &oss.AppendObjectRequest{
			Bucket: bucket, Key: oss.Ptr(key), Position: oss.Ptr(position), Body: strings.NewReader(body)})
	}
	keysBelow := func(prefix string, size int32) (keys []string) {
		pages := client.NewListObjectsV2Paginator(&oss.ListObjectsV2Request{Bucket: bucket, Prefix: oss.Ptr(prefix), MaxKeys: size})
		for pages.HasNext() {
			for _, object := range Must(pages.NextPage(ctx)).Contents {
				keys = append(keys, *object.Key)
			}
		}
		return keys
	}
	deleteMany := func(keys []string) (deleted []string) {
		request := &oss.DeleteMultipleObjectsRequest{Bucket: bucket}
		for _, key := range keys {
			request.Objects = append(request.Objects, oss.DeleteObject{Key: oss.Ptr(key)})
		}
		for _, object := range Must(client.DeleteMultipleObjects(ctx, request)).DeletedObjects {
			deleted = append(deleted, *object.Key)
		}
		return deleted
	}

	checks.Run("bucket: create, info, list, delete", func() {
		second := oss.Ptr(Bucket + "-b")
		Must(client.PutBucket(ctx, &oss.PutBucketRequest{Bucket: bucket}))
		info := Must(client.GetBucketInfo(ctx, &oss.GetBucketInfoRequest{Bucket: bucket})).BucketInfo
		Same([]string{*info.Name, *info.Location, *info.ACL}, []string{Bucket, "oss-" + Region, "private"})
		Must(client.PutBucket(ctx, &oss.PutBucketRequest{Bucket: second}))
		var names []string
		pages := client.NewListBucketsPaginator(&oss.ListBucketsRequest{Prefix: bucket, MaxKeys: 1})
		for pages.HasNext() {
			for _, found := range Must(pages.NextPage(ctx)).Buckets {
				names = append(names, *found.Name)
			}
		}
		Same(names, []string{Bucket, *second})
		Must(client.DeleteBucket(ctx, &oss.DeleteBucketRequest{Bucket: second}))
		_, err := client.DeleteBucket(ctx, &oss.DeleteBucketRequest{Bucket: second})
		refused("NoSuchBucket", err)
		Same(Must(client.IsBucketExist(ctx, Bucket)), true)
		Same(Must(client.IsBucketExist(ctx, *second)), false)
	})

	checks.Run("object: put, get, head, delete", func() {
		Must(client.PutObject(ctx, &oss.PutObjectRequest{Bucket: bucket, Key: oss.Ptr("plain.txt"),
			Body: strings.NewReader("hello"), Metadata: map[string]string{"colour": "blue"}}))
		Same(text("plain.txt"), "hello")
		found := head("plain.txt")
		Same([]any{*found.ETag, found.ContentLength, found.Metadata["colour"]},
			[]any{`"5D41402ABC4B2A76B9719D911017C592"`, int64(5), "blue"})
		Same(Must(client.IsObjectExist(ctx, Bucket, "plain.txt")), true)
		Must(client.DeleteObject(ctx, &oss.DeleteObjectRequest{Bucket: bucket, Key: oss.Ptr("plain.txt")}))
		Same(Must(client.IsObjectExist(ctx, Bucket, "plain.txt")), false)
		_, err := client.GetObject(ctx, &oss.GetObjectRequest{Bucket: bucket, Key: oss.Ptr("plain.txt")})
		refused("NoSuchKey", err)
	})

	checks.Run("object: names with every kind of character", func() {
		// in the order of their bytes, which is the order of a listing
		names := []string{`odd/a b+c%3&=?#;:@$,~!*()'"[]{}|^`, "odd/back\\slash", "odd/line\nfeed\x01\x0c", "odd/tail/", "odd/目录/文件.txt"}
		for _, name := range names {
			put(name, name)
		}
		Same(keysBelow("odd/", 100), names)
		for _, name := range names {
			Same(text(name), name)
		}
		Same(deleteMany(names), names)
	})

	checks.Run("range", func() {
		put("range", "0123456789")
		for wanted, part := range map[string]string{"bytes=2-4": "234", "bytes=7-": "789", "bytes=-3": "789"} {
			Same(read(&oss.GetObjectRequest{Key: oss.Ptr("range"), Range: oss.Ptr(wanted)}), part)
		}
		_, err := client.GetObject(ctx, &oss.GetObjectRequest{Bucket: bucket, Key: oss.Ptr("range"),
			Range: oss.Ptr("bytes=20-30"), RangeBehavior: oss.Ptr("standard")})
		refused("InvalidRange", err)
	})

	checks.Run("conditions", func() {
		etag := put("cond", "x").ETag
		Same(read(&oss.GetObjectRequest{Key: oss.Ptr("cond"), IfMatch: etag}), "x")
		_, err := client.GetObject(ctx, &oss.GetObjectRequest{Bucket: bucket, Key: oss.Ptr("cond"), IfMatch: oss.Ptr(`"other"`)})
		refused("PreconditionFailed", err)
		_, err = client.GetObject(ctx, &oss.GetObjectRequest{Bucket: bucket, Key: oss.Ptr("cond"), IfNoneMatch: etag})
		var refusal *oss.ServiceError
		if !errors.As(err, &refusal) {
			Fail("304 was expected: %v", err)
		}
		Same(refusal.StatusCode, 304)
		_, err = client.PutObject(ctx, &oss.PutObjectRequest{Bucket: bucket, Key: oss.Ptr("cond"),
			Body: strings.NewReader("y"), ForbidOverwrite: oss.Ptr("true")})
		refused("FileAlreadyExists", err)
		Same(text("cond"), "x")
	})

	checks.Run("copy", func() {
		Must(client.PutObject(ctx, &oss.PutObjectRequest{Bucket: bucket, Key: oss.Ptr("copy source+"),
			Body: strings.NewReader("text"), Metadata: map[string]string{"a": "1"}}))
		Must(client.CopyObject(ctx, &oss.CopyObjectRequest{Bucket: bucket, Key: oss.Ptr("copy/kept"), SourceKey: oss.Ptr("copy source+")}))
		Same(text("copy/kept"), "text")
		Same(head("copy/kept").Metadata, map[string]string{"a": "1"})
		Must(client.CopyObject(ctx, &oss.CopyObjectRequest{Bucket: bucket, Key: oss.Ptr("copy/kept"), SourceKey: oss.Ptr("copy/kept"),
			MetadataDirective: oss.Ptr("REPLACE"), Metadata: map[string]string{"b": "2"}}))
		Same(head("copy/kept").Metadata, map[string]string{"b": "2"})
		_, err := client.CopyObject(ctx, &oss.CopyObjectRequest{Bucket: bucket, Key: oss.Ptr("copy/none"), SourceKey: oss.Ptr("absent")})
		refused("NoSuchKey", err)
	})

	checks.Run("list: pages of both versions, folders", func() {
		keys := []string{"list/a/0", "list/a/1", "list/a/2", "list/b/0", "list/b/1", "list/top"}
		for _, key := range keys {
			put(key, "1")
		}
		Same(keysBelow("list/", 2), keys)
		var first []string
		pages := client.NewListObjectsPaginator(&oss.ListObjectsRequest{Bucket: bucket, Prefix: oss.Ptr("list/"), MaxKeys: 2})
		for pages.HasNext() {
			for _, object := range Must(pages.NextPage(ctx)).Contents {
				first = append(first, *object.Key)
			}
		}
		Same(first, keys)
		folded := Must(client.ListObjectsV2(ctx, &oss.ListObjectsV2Request{Bucket: bucket, Prefix: oss.Ptr("list/"), Delimiter: oss.Ptr("/")}))
		Same([]int{len(folded.CommonPrefixes), len(folded.Contents), folded.KeyCount}, []int{2, 1, 3})
	})

	checks.Run("delete many", func() {
		keys := append(keysBelow("list/", 100), "list/absent")
		Same(deleteMany(keys), keys)
		Same(len(keysBelow("list/", 100)), 0)
	})

	checks.Run("append: twice with NextPosition, then position from head", func() {
		first := Must(add("log", 0, "first;"))
		second := Must(add("log", first.NextPosition, "second;"))
		Same([]int64{first.NextPosition, second.NextPosition}, []int64{6, 13})
		found := head("log")
		Same(*found.ObjectType, "Appendable")
		position := Must(strconv.ParseInt(*found.NextAppendPosition, 10, 64))
		Same(Must(add("log", position, "third")).NextPosition, int64(18))
		Same(text("log"), "first;second;third")
	})

	checks.Run("append: the SDK's own append-only file", func() {
		for _, line := range []string{"one\n", "two\n"} {
			file := Must(client.AppendFile(ctx, Bucket, "file-log"))
			Must(file.Write([]byte(line)))
			Ok(file.Close())
		}
		Same(text("file-log"), "one\ntwo\n")
	})

	checks.Run("append: PositionNotEqualToLength carries the position to use", func() {
		for _, wrong := range []int64{0, 17, 19} {
			_, err := add("log", wrong, "lost")
			refusal := refused("PositionNotEqualToLength", err)
			Same([]any{refusal.StatusCode, refusal.Headers.Get("x-oss-next-append-position")}, []any{409, "18"})
		}
		Same(text("log"), "first;second;third")
	})

	checks.Run("append: ObjectNotAppendable", func() {
		put("normal", "fixed")
		for _, position := range []int64{0, 5} {
			_, err := add("normal", position, "more")
			Same(refused("ObjectNotAppendable", err).StatusCode, 409)
		}
		Same(text("normal"), "fixed")
	})

	checks.Run("append: a copy of an append object is refused", func() {
		_, err := client.CopyObject(ctx, &oss.CopyObjectRequest{Bucket: bucket, Key: oss.Ptr("log-copy"), SourceKey: oss.Ptr("log")})
		refused("InvalidRequest", err)
		Same(Must(client.IsObjectExist(ctx, Bucket, "log-copy")), false)
	})

	checks.Run("presigned URLs", func() {
		key := oss.Ptr("signed/文件 1")
		signed := Must(client.Presign(ctx, &oss.PutObjectRequest{Bucket: bucket, Key: key, ContentType: oss.Ptr("text/plain")}))
		status, _ := HTTP("PUT", signed.URL, "by url", signed.SignedHeaders)
		Same(status, 200)
		status, _ = HTTP("PUT", signed.URL, "by url", map[string]string{"Content-Type": "text/other"})
		Same(status, 403)
		signed = Must(client.Presign(ctx, &oss.GetObjectRequest{Bucket: bucket, Key: key}))
		status, body := HTTP("GET", signed.URL, "", nil)
		Same([]any{status, body}, []any{200, "by url"})
		status, _ = HTTP("GET", strings.Replace(signed.URL, "signed", "normal", 1), "", nil)
		Same(status, 403)
	})

	checks.Run("multipart: parts, list, complete, abort", func() {
		block, key := strings.Repeat("p", 102400), oss.Ptr("big")
		upload := Must(client.InitiateMultipartUpload(ctx, &oss.InitiateMultipartUploadRequest{Bucket: bucket, Key: key})).UploadId
		var parts []oss.UploadPart
		for n := int32(1); n <= 2; n++ {
			part := Must(client.UploadPart(ctx, &oss.UploadPartRequest{
				Bucket: bucket, Key: key, UploadId: upload, PartNumber: n, Body: strings.NewReader(block)}))
			parts = append(parts, oss.UploadPart{PartNumber: n, ETag: part.ETag})
		}
		Same(len(Must(client.ListParts(ctx, &oss.ListPartsRequest{Bucket: bucket, Key: key, UploadId: upload})).Parts), 2)
		Must(client.CompleteMultipartUpload(ctx, &oss.CompleteMultipartUploadRequest{Bucket: bucket, Key: key, UploadId: upload,
			CompleteMultipartUpload: &oss.CompleteMultipartUpload{Parts: parts}}))
		Same([]any{text("big") == block+block, *head("big").ObjectType}, []any{true, "Multipart"})
		upload = Must(client.InitiateMultipartUpload(ctx, &oss.InitiateMultipartUploadRequest{Bucket: bucket, Key: key})).UploadId
		Must(client.AbortMultipartUpload(ctx, &oss.AbortMultipartUploadRequest{Bucket: bucket, Key: key, UploadId: upload}))
		_, err := client.ListParts(ctx, &oss.ListPartsRequest{Bucket: bucket, Key: key, UploadId: upload})
		refused("NoSuchUpload", err)
	})

	checks.Run("multipart: uploads listed, a part copied, all parts at once", func() {
		key := oss.Ptr("copied part")
		upload := Must(client.InitiateMultipartUpload(ctx, &oss.InitiateMultipartUploadRequest{Bucket: bucket, Key: key})).UploadId
		listed := Must(client.ListMultipartUploads(ctx, &oss.ListMultipartUploadsRequest{Bucket: bucket, Prefix: oss.Ptr("copied")})).Uploads
		Same([]string{*listed[0].Key, *listed[0].UploadId}, []string{*key, *upload})
		Must(client.UploadPartCopy(ctx, &oss.UploadPartCopyRequest{Bucket: bucket, Key: key, UploadId: upload, PartNumber: 1,
			SourceKey: oss.Ptr("normal"), Range: oss.Ptr("bytes=1-3")}))
		Must(client.CompleteMultipartUpload(ctx, &oss.CompleteMultipartUploadRequest{
			Bucket: bucket, Key: key, UploadId: upload, CompleteAll: oss.Ptr("yes")}))
		Same(text("copied part"), "ixe")
	})

	checks.Run("tags and symlinks", func() {
		key := oss.Ptr("tagged")
		Must(client.PutObject(ctx, &oss.PutObjectRequest{Bucket: bucket, Key: key, Tagging: oss.Ptr("a=1&b=x%20y")}))
		tags := Must(client.GetObjectTagging(ctx, &oss.GetObjectTaggingRequest{Bucket: bucket, Key: key})).Tags
		Same([]string{*tags[0].Key, *tags[0].Value, *tags[1].Key, *tags[1].Value}, []string{"a", "1", "b", "x y"})
		Must(client.PutObjectTagging(ctx, &oss.PutObjectTaggingRequest{Bucket: bucket, Key: key, Tagging: &oss.Tagging{
			TagSet: &oss.TagSet{Tags: []oss.Tag{{Key: oss.Ptr("c"), Value: oss.Ptr("3")}}}}}))
		Same(*Must(client.GetObjectTagging(ctx, &oss.GetObjectTaggingRequest{Bucket: bucket, Key: key})).Tags[0].Key, "c")
		Must(client.DeleteObjectTagging(ctx, &oss.DeleteObjectTaggingRequest{Bucket: bucket, Key: key}))
		Same(len(Must(client.GetObjectTagging(ctx, &oss.GetObjectTaggingRequest{Bucket: bucket, Key: key})).Tags), 0)
		Must(client.PutSymlink(ctx, &oss.PutSymlinkRequest{Bucket: bucket, Key: oss.Ptr("link"), Target: oss.Ptr("normal")}))
		Same(*Must(client.GetSymlink(ctx, &oss.GetSymlinkRequest{Bucket: bucket, Key: oss.Ptr("link")})).Target, "normal")
		Same(text("link"), "fixed")
	})

	checks.Run("versions: two, a marker, each by its id", func() {
		name, key := oss.Ptr(Bucket+"-v"), oss.Ptr("k")
		Must(client.PutBucket(ctx, &oss.PutBucketRequest{Bucket: name}))
		Must(client.PutBucketVersioning(ctx, &oss.PutBucketVersioningRequest{Bucket: name,
			VersioningConfiguration: &oss.VersioningConfiguration{Status: oss.VersionEnabled}}))
		put := func(body string) *string {
			return Must(client.PutObject(ctx, &oss.PutObjectRequest{Bucket: name, Key: key, Body: strings.NewReader(body)})).VersionId
		}
		first, second := put("one"), put("two")
		marker := Must(client.DeleteObject(ctx, &oss.DeleteObjectRequest{Bucket: name, Key: key}))
		Same(marker.DeleteMarker, true)
		_, err := client.GetObject(ctx, &oss.GetObjectRequest{Bucket: name, Key: key})
		refused("NoSuchKey", err)
		got := Must(client.GetObject(ctx, &oss.GetObjectRequest{Bucket: name, Key: key, VersionId: first}))
		Same(string(Must(io.ReadAll(got.Body))), "one")
		Ok(got.Body.Close())
		listed := Must(client.ListObjectVersions(ctx, &oss.ListObjectVersionsRequest{Bucket: name}))
		Same([]string{*listed.ObjectVersions[0].VersionId, *listed.ObjectVersions[1].VersionId, *listed.ObjectDeleteMarkers[0].VersionId},
			[]string{*second, *first, *marker.VersionId})
		for _, version := range []*string{first, second, marker.VersionId} {
			Must(client.DeleteObject(ctx, &oss.DeleteObjectRequest{Bucket: name, Key: key, VersionId: version}))
		}
		Must(client.DeleteBucket(ctx, &oss.DeleteBucketRequest{Bucket: name}))
	})

	checks.Run("archive: restored after a while, then cleaned", func() {
		key := oss.Ptr("frozen")
		Must(client.PutObject(ctx, &oss.PutObjectRequest{Bucket: bucket, Key: key, StorageClass: oss.StorageClassColdArchive, Body: strings.NewReader("cold")}))
		_, err := client.GetObject(ctx, &oss.GetObjectRequest{Bucket: bucket, Key: key})
		refused("InvalidObjectState", err)
		restored := Must(client.RestoreObject(ctx, &oss.RestoreObjectRequest{Bucket: bucket, Key: key,
			RestoreRequest: &oss.RestoreRequest{Days: 2, JobParameters: &oss.JobParameters{Tier: oss.Ptr("Bulk")}}}))
		Same([]any{restored.StatusCode, *restored.RestorePriority}, []any{202, "Bulk"})
		_, err = client.RestoreObject(ctx, &oss.RestoreObjectRequest{Bucket: bucket, Key: key})
		refused("RestoreAlreadyInProgress", err)
		WaitFor("the restore", func() bool { return strings.Contains(*head("frozen").Restore, `ongoing-request="false"`) })
		Same(text("frozen"), "cold")
		Must(client.CleanRestoredObject(ctx, &oss.CleanRestoredObjectRequest{Bucket: bucket, Key: key}))
		_, err = client.GetObject(ctx, &oss.GetObjectRequest{Bucket: bucket, Key: key})
		refused("InvalidObjectState", err)
	})

	checks.Run("append: sealed", func() {
		key := oss.Ptr("sealed")
		Must(add("sealed", 0, "x"))
		_, err := client.SealAppendObject(ctx, &oss.SealAppendObjectRequest{Bucket: bucket, Key: key, Position: oss.Ptr(int64(0))})
		refused("PositionNotEqualToLength", err)
		sealed := Must(client.SealAppendObject(ctx, &oss.SealAppendObjectRequest{Bucket: bucket, Key: key, Position: oss.Ptr(int64(1))}))
		Same(*sealed.SealedTime != "", true)
		_, err = add("sealed", 1, "y")
		refused("AppendSealedObjectNotAllowed", err)
	})

	checks.Run("acl of bucket and object, facts of the bucket, who pays", func() {
		key := oss.Ptr("normal")
		Must(client.PutObjectAcl(ctx, &oss.PutObjectAclRequest{Bucket: bucket, Key: key, Acl: oss.ObjectACLPrivate}))
		Same(*Must(client.GetObjectAcl(ctx, &oss.GetObjectAclRequest{Bucket: bucket, Key: key})).ACL, "private")
		Must(client.PutObjectAcl(ctx, &oss.PutObjectAclRequest{Bucket: bucket, Key: key, Acl: oss.ObjectACLDefault}))
		Must(client.PutBucketAcl(ctx, &oss.PutBucketAclRequest{Bucket: bucket, Acl: oss.BucketACLPublicRead}))
		Same(*Must(client.GetBucketAcl(ctx, &oss.GetBucketAclRequest{Bucket: bucket})).ACL, "public-read")
		Must(client.PutBucketAcl(ctx, &oss.PutBucketAclRequest{Bucket: bucket, Acl: oss.BucketACLPrivate}))
		Same(*Must(client.GetBucketLocation(ctx, &oss.GetBucketLocationRequest{Bucket: bucket})).LocationConstraint, "oss-"+Region)
		Same(Must(client.GetBucketStat(ctx, &oss.GetBucketStatRequest{Bucket: bucket})).ObjectCount > 0, true)
		Same(Must(client.GetObjectMeta(ctx, &oss.GetObjectMetaRequest{Bucket: bucket, Key: key})).ContentLength, int64(5))
		for _, payer := range []oss.PayerType{oss.Requester, oss.BucketOwner} {
			Must(client.PutBucketRequestPayment(ctx, &oss.PutBucketRequestPaymentRequest{Bucket: bucket,
				PaymentConfiguration: &oss.RequestPaymentConfiguration{Payer: payer}}))
			Same(*Must(client.GetBucketRequestPayment(ctx, &oss.GetBucketRequestPaymentRequest{Bucket: bucket})).Payer, string(payer))
		}
	})

	checks.Run("policy, and public access blocked", func() {
		policy := `{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:GetObject","Principal":["*"],` +
			`"Resource":["acs:oss:*:*:` + Bucket + `/normal"]}]}`
		Must(client.PutBucketPolicy(ctx, &oss.PutBucketPolicyRequest{Bucket: bucket, Body: strings.NewReader(policy)}))
		Same(Must(client.GetBucketPolicy(ctx, &oss.GetBucketPolicyRequest{Bucket: bucket})).Body, policy)
		Same(*Must(client.GetBucketPolicyStatus(ctx, &oss.GetBucketPolicyStatusRequest{Bucket: bucket})).PolicyStatus.IsPublic, true)
		Must(client.PutBucketPublicAccessBlock(ctx, &oss.PutBucketPublicAccessBlockRequest{Bucket: bucket,
			PublicAccessBlockConfiguration: &oss.PublicAccessBlockConfiguration{BlockPublicAccess: oss.Ptr(true)}}))
		found := Must(client.GetBucketPublicAccessBlock(ctx, &oss.GetBucketPublicAccessBlockRequest{Bucket: bucket}))
		Same(*found.PublicAccessBlockConfiguration.BlockPublicAccess, true)
		_, err := client.PutBucketAcl(ctx, &oss.PutBucketAclRequest{Bucket: bucket, Acl: oss.BucketACLPublicRead})
		refused("AccessDenied", err)
		Must(client.DeleteBucketPublicAccessBlock(ctx, &oss.DeleteBucketPublicAccessBlockRequest{Bucket: bucket}))
		Must(client.DeleteBucketPolicy(ctx, &oss.DeleteBucketPolicyRequest{Bucket: bucket}))
		_, err = client.GetBucketPolicy(ctx, &oss.GetBucketPolicyRequest{Bucket: bucket})
		refused("NoSuchBucketPolicy", err)
		whole := Must(client.GetPublicAccessBlock(ctx, &oss.GetPublicAccessBlockRequest{}))
		Same(*whole.PublicAccessBlockConfiguration.BlockPublicAccess, false)
	})

	checks.Run("retention: of a bucket, and of versions", func() {
		name := oss.Ptr(Bucket + "-w")
		Must(client.PutBucket(ctx, &oss.PutBucketRequest{Bucket: name}))
		worm := Must(client.InitiateBucketWorm(ctx, &oss.InitiateBucketWormRequest{Bucket: name,
			InitiateWormConfiguration: &oss.InitiateWormConfiguration{RetentionPeriodInDays: oss.Ptr(int32(1))}})).WormId
		Must(client.CompleteBucketWorm(ctx, &oss.CompleteBucketWormRequest{Bucket: name, WormId: worm}))
		Must(client.ExtendBucketWorm(ctx, &oss.ExtendBucketWormRequest{Bucket: name, WormId: worm,
			ExtendWormConfiguration: &oss.ExtendWormConfiguration{RetentionPeriodInDays: oss.Ptr(int32(2))}}))
		found := Must(client.GetBucketWorm(ctx, &oss.GetBucketWormRequest{Bucket: name})).WormConfiguration
		Same([]any{found.State, *found.RetentionPeriodInDays}, []any{oss.BucketWormStateLocked, int32(2)})
		_, err := client.AbortBucketWorm(ctx, &oss.AbortBucketWormRequest{Bucket: name})
		refused("WORMConfigurationLocked", err)
		key, start := oss.Ptr("log"), oss.Ptr(int64(0))
		Must(client.AppendObject(ctx, &oss.AppendObjectRequest{Bucket: name, Key: key, Position: start, Body: strings.NewReader("x")}))
		_, err = client.DeleteObject(ctx, &oss.DeleteObjectRequest{Bucket: name, Key: key})
		refused("FileImmutable", err)

		name = oss.Ptr(Bucket + "-v")
		Must(client.PutBucket(ctx, &oss.PutBucketRequest{Bucket: name}))
		Must(client.PutBucketVersioning(ctx, &oss.PutBucketVersioningRequest{Bucket: name,
			VersioningConfiguration: &oss.VersioningConfiguration{Status: oss.VersionEnabled}}))
		Must(client.PutBucketObjectWormConfiguration(ctx, &oss.PutBucketObjectWormConfigurationRequest{Bucket: name,
			ObjectWormConfiguration: &oss.ObjectWormConfiguration{ObjectWormEnabled: oss.Ptr("Enabled")}}))
		version := Must(client.PutObject(ctx, &oss.PutObjectRequest{Bucket: name, Key: key, Body: strings.NewReader("x")})).VersionId
		erase := func() error {
			_, err := client.DeleteObject(ctx, &oss.DeleteObjectRequest{Bucket: name, Key: key, VersionId: version})
			return err
		}
		hold := func(status string) {
			Must(client.PutObjectLegalHold(ctx, &oss.PutObjectLegalHoldRequest{Bucket: name, Key: key, VersionId: version,
				LegalHold: &oss.ObjectWormLegalHold{Status: oss.Ptr(status)}}))
		}
		hold("ON")
		Same(*Must(client.GetObjectLegalHold(ctx, &oss.GetObjectLegalHoldRequest{
			Bucket: name, Key: key, VersionId: version})).LegalHold.Status, "ON")
		refused("FileImmutable", erase())
		hold("OFF")
		until := "2990-01-01T00:00:00.000Z"
		Must(client.PutObjectRetention(ctx, &oss.PutObjectRetentionRequest{Bucket: name, Key: key, VersionId: version,
			Retention: &oss.ObjectWormRetention{Mode: oss.Ptr("GOVERNANCE"), RetainUntilDate: oss.Ptr(until)}}))
		Same(*Must(client.GetObjectRetention(ctx, &oss.GetObjectRetentionRequest{
			Bucket: name, Key: key, VersionId: version})).Retention.RetainUntilDate, until)
		refused("FileImmutable", erase())
	})

	checks.Run("sts: a temporary key with its token, and not without", func() {
		request := &oss.GetObjectRequest{Bucket: bucket, Key: oss.Ptr("normal")}
		temporary := clientOf(StsID, StsSecret, StsToken)
		got := Must(temporary.GetObject(ctx, request))
		Same(string(Must(io.ReadAll(got.Body))), "fixed")
		Ok(got.Body.Close())
		status, body := HTTP("GET", Must(temporary.Presign(ctx, request)).URL, "", nil)
		Same([]any{status, body}, []any{200, "fixed"})
		_, err := clientOf(StsID, StsSecret, "none").GetObject(ctx, request)
		refused("InvalidSecurityToken", err)
		_, err = clientOf(StsID, StsSecret).GetObject(ctx, request)
		refused("InvalidAccessKeyId", err)
	})

	checks.Run("keys: wrong secret, unknown key", func() {
		request := &oss.GetObjectRequest{Bucket: bucket, Key: oss.Ptr("normal")}
		_, err := clientOf(KeyID, KeySecret+"x").GetObject(ctx, request)
		refused("SignatureDoesNotMatch", err)
		_, err = clientOf("no-such-key", KeySecret).GetObject(ctx, request)
		refused("InvalidAccessKeyId", err)
	})

	checks.Run("bucket: BucketNotEmpty, then empty and gone", func() {
		_, err := client.DeleteBucket(ctx, &oss.DeleteBucketRequest{Bucket: bucket})
		refused("BucketNotEmpty", err)
		deleteMany(keysBelow("", 100))
		Must(client.DeleteBucket(ctx, &oss.DeleteBucketRequest{Bucket: bucket}))
		_, err = client.GetBucketInfo(ctx, &oss.GetBucketInfoRequest{Bucket: bucket})
		refused("NoSuchBucket", err)
	})

	checks.End()
}
