// Drives the server with the official Go SDK of the first generation, `aliyun-oss-go-sdk`.
package main

import (
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/aliyun/aliyun-oss-go-sdk/oss"

	. "ossicle/tests/sdk/go/check"
)

func clientOf(id, secret string, options ...oss.ClientOption) *oss.Client {
	version := oss.AuthV1
	if V4 {
		version = oss.AuthV4
	}
	options = append(options, oss.AuthVersion(version), oss.Region(Region), oss.ForcePathStyle(PathStyle), oss.HTTPClient(Client()))
	return Must(oss.New(Endpoint, id, secret, options...))
}

// refused compares the code of the server's refusal.
func refused(code string, err error) oss.ServiceError {
	if err == nil {
		Fail("%s was expected, the call succeeded", code)
	}
	refusal, ok := err.(oss.ServiceError)
	if !ok {
		Fail("%s was expected: %v", code, err)
	}
	Same(refusal.Code, code)
	Same(len(refusal.RequestID), 24)
	return refusal
}

func main() {
	checks := Checks{Name: "go-v1"}
	client := clientOf(KeyID, KeySecret)
	bucket := Must(client.Bucket(Bucket))

	put := func(key, body string, options ...oss.Option) {
		Ok(bucket.PutObject(key, strings.NewReader(body), options...))
	}
	text := func(key string, options ...oss.Option) string {
		body := Must(bucket.GetObject(key, options...))
		defer body.Close()
		return string(Must(io.ReadAll(body)))
	}
	keysBelow := func(prefix string, size int) (keys []string) {
		for marker := ""; ; {
			page := Must(bucket.ListObjects(oss.Prefix(prefix), oss.MaxKeys(size), oss.Marker(marker)))
			for _, object := range page.Objects {
				keys = append(keys, object.Key)
			}
			if marker = page.NextMarker; !page.IsTruncated {
				return keys
			}
		}
	}

	checks.Run("bucket: create, info, list, delete", func() {
		Ok(client.CreateBucket(Bucket))
		info := Must(client.GetBucketInfo(Bucket)).BucketInfo
		Same([]string{info.Name, info.Location, info.ACL}, []string{Bucket, "oss-" + Region, "private"})
		Ok(client.CreateBucket(Bucket + "-b"))
		var names []string
		for _, found := range Must(client.ListBuckets(oss.Prefix(Bucket))).Buckets {
			names = append(names, found.Name)
		}
		Same(names, []string{Bucket, Bucket + "-b"})
		Ok(client.DeleteBucket(Bucket + "-b"))
		refused("NoSuchBucket", client.DeleteBucket(Bucket+"-b"))
		Same(Must(client.IsBucketExist(Bucket)), true)
	})

	checks.Run("object: put, get, head, delete", func() {
		put("plain.txt", "hello", oss.Meta("colour", "blue"))
		Same(text("plain.txt"), "hello")
		head := Must(bucket.GetObjectDetailedMeta("plain.txt"))
		Same([]string{head.Get("ETag"), head.Get("Content-Length"), head.Get("X-Oss-Meta-Colour")},
			[]string{`"5D41402ABC4B2A76B9719D911017C592"`, "5", "blue"})
		Same(Must(bucket.IsObjectExist("plain.txt")), true)
		Ok(bucket.DeleteObject("plain.txt"))
		Same(Must(bucket.IsObjectExist("plain.txt")), false)
		_, err := bucket.GetObject("plain.txt")
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
		Same(Must(bucket.DeleteObjects(names)).DeletedObjects, names)
	})

	checks.Run("range", func() {
		put("range", "0123456789")
		Same(text("range", oss.Range(2, 4)), "234")
		Same(text("range", oss.NormalizedRange("7-")), "789")
		Same(text("range", oss.NormalizedRange("-3")), "789")
	})

	checks.Run("conditions", func() {
		put("cond", "x")
		etag := Must(bucket.GetObjectDetailedMeta("cond")).Get("ETag")
		Same(text("cond", oss.IfMatch(etag)), "x")
		_, err := bucket.GetObject("cond", oss.IfMatch(`"other"`))
		refused("PreconditionFailed", err)
		_, err = bucket.GetObject("cond", oss.IfNoneMatch(etag))
		if err == nil || !strings.Contains(err.Error(), "304") {
			Fail("304 was expected: %v", err)
		}
		refused("FileAlreadyExists", bucket.PutObject("cond", strings.NewReader("y"), oss.ForbidOverWrite(true)))
		Same(text("cond"), "x")
	})

	checks.Run("copy", func() {
		put("copy source+", "text", oss.Meta("a", "1"))
		Must(bucket.CopyObject("copy source+", "copy/kept"))
		Same(text("copy/kept"), "text")
		Same(Must(bucket.GetObjectDetailedMeta("copy/kept")).Get("X-Oss-Meta-A"), "1")
		Ok(bucket.SetObjectMeta("copy/kept", oss.Meta("b", "2")))
		head := Must(bucket.GetObjectDetailedMeta("copy/kept"))
		Same([]string{head.Get("X-Oss-Meta-A"), head.Get("X-Oss-Meta-B")}, []string{"", "2"})
		_, err := bucket.CopyObject("absent", "copy/none")
		refused("NoSuchKey", err)
	})

	checks.Run("list: pages of both versions, folders", func() {
		keys := []string{"list/a/0", "list/a/1", "list/a/2", "list/b/0", "list/b/1", "list/top"}
		for _, key := range keys {
			put(key, "1")
		}
		Same(keysBelow("list/", 2), keys)
		var second []string
		for token := ""; ; {
			page := Must(bucket.ListObjectsV2(oss.Prefix("list/"), oss.MaxKeys(2), oss.ContinuationToken(token)))
			for _, object := range page.Objects {
				second = append(second, object.Key)
			}
			if token = page.NextContinuationToken; !page.IsTruncated {
				break
			}
		}
		Same(second, keys)
		folded := Must(bucket.ListObjects(oss.Prefix("list/"), oss.Delimiter("/")))
		Same(folded.CommonPrefixes, []string{"list/a/", "list/b/"})
		Same(len(folded.Objects), 1)
	})

	checks.Run("delete many", func() {
		keys := append(keysBelow("list/", 100), "list/absent")
		Same(Must(bucket.DeleteObjects(keys)).DeletedObjects, keys)
		Same(len(keysBelow("list/", 100)), 0)
	})

	checks.Run("append: twice with the next position, then position from head", func() {
		next := Must(bucket.AppendObject("log", strings.NewReader("first;"), 0))
		Same(next, int64(6))
		next = Must(bucket.AppendObject("log", strings.NewReader("second;"), next))
		Same(next, int64(13))
		head := Must(bucket.GetObjectDetailedMeta("log"))
		Same(head.Get("X-Oss-Object-Type"), "Appendable")
		position := Must(strconv.ParseInt(head.Get(oss.HTTPHeaderOssNextAppendPosition), 10, 64))
		Same(Must(bucket.AppendObject("log", strings.NewReader("third"), position)), int64(18))
		Same(text("log"), "first;second;third")
	})

	checks.Run("append: CRC carried from append to append", func() {
		crc := uint64(0)
		for position := int64(0); position < 12; position += 4 {
			result := Must(bucket.DoAppendObject(&oss.AppendObjectRequest{
				ObjectKey: "crc-log", Reader: strings.NewReader("abcd"), Position: position,
			}, []oss.Option{oss.InitCRC(crc)}))
			crc = result.CRC
		}
		Same(text("crc-log"), "abcdabcdabcd")
	})

	checks.Run("append: PositionNotEqualToLength carries the position to use", func() {
		for _, wrong := range []int64{0, 17, 19} {
			var headers http.Header
			_, err := bucket.AppendObject("log", strings.NewReader("lost"), wrong, oss.GetResponseHeader(&headers))
			Same(refused("PositionNotEqualToLength", err).StatusCode, 409)
			Same(headers.Get(oss.HTTPHeaderOssNextAppendPosition), "18")
		}
		Same(text("log"), "first;second;third")
	})

	checks.Run("append: ObjectNotAppendable", func() {
		put("normal", "fixed")
		for _, position := range []int64{0, 5} {
			_, err := bucket.AppendObject("normal", strings.NewReader("more"), position)
			Same(refused("ObjectNotAppendable", err).StatusCode, 409)
		}
		Same(text("normal"), "fixed")
	})

	checks.Run("append: a copy of an append object is refused", func() {
		_, err := bucket.CopyObject("log", "log-copy")
		refused("InvalidRequest", err)
		Same(Must(bucket.IsObjectExist("log-copy")), false)
	})

	checks.Run("presigned URLs", func() {
		kind := map[string]string{"Content-Type": "text/plain"}
		url := Must(bucket.SignURL("signed/文件 1", oss.HTTPPut, 60, oss.ContentType("text/plain")))
		status, _ := HTTP("PUT", url, "by url", kind)
		Same(status, 200)
		status, _ = HTTP("PUT", url, "by url", map[string]string{"Content-Type": "text/other"})
		Same(status, 403)
		url = Must(bucket.SignURL("signed/文件 1", oss.HTTPGet, 60))
		status, body := HTTP("GET", url, "", nil)
		Same([]any{status, body}, []any{200, "by url"})
		status, _ = HTTP("GET", strings.Replace(url, "signed", "normal", 1), "", nil)
		Same(status, 403)
	})

	checks.Run("multipart: parts, list, complete, abort", func() {
		block := strings.Repeat("p", 102400)
		upload := Must(bucket.InitiateMultipartUpload("big"))
		var parts []oss.UploadPart
		for n := 1; n <= 2; n++ {
			parts = append(parts, Must(bucket.UploadPart(upload, strings.NewReader(block), int64(len(block)), n)))
		}
		Same(len(Must(bucket.ListUploadedParts(upload)).UploadedParts), 2)
		Must(bucket.CompleteMultipartUpload(upload, parts))
		Same(text("big") == block+block, true)
		Same(Must(bucket.GetObjectDetailedMeta("big")).Get("X-Oss-Object-Type"), "Multipart")
		upload = Must(bucket.InitiateMultipartUpload("big"))
		Ok(bucket.AbortMultipartUpload(upload))
		_, err := bucket.ListUploadedParts(upload)
		refused("NoSuchUpload", err)
	})

	checks.Run("multipart: uploads listed, a part copied", func() {
		upload := Must(bucket.InitiateMultipartUpload("copied part"))
		listed := Must(bucket.ListMultipartUploads(oss.Prefix("copied"))).Uploads
		Same([]string{listed[0].Key, listed[0].UploadID}, []string{"copied part", upload.UploadID})
		part := Must(bucket.UploadPartCopy(upload, Bucket, "normal", 1, 3, 1))
		Must(bucket.CompleteMultipartUpload(upload, []oss.UploadPart{part}))
		Same(text("copied part"), "ixe")
	})

	checks.Run("tags and symlinks", func() {
		put("tagged", "1", oss.SetTagging(oss.Tagging{Tags: []oss.Tag{{Key: "a b", Value: "1+1"}}}))
		tags := Must(bucket.GetObjectTagging("tagged")).Tags
		Same([]string{tags[0].Key, tags[0].Value}, []string{"a b", "1+1"})
		Ok(bucket.PutObjectTagging("tagged", oss.Tagging{Tags: []oss.Tag{{Key: "c", Value: "3"}}}))
		Same(Must(bucket.GetObjectTagging("tagged")).Tags[0].Key, "c")
		Ok(bucket.DeleteObjectTagging("tagged"))
		Same(len(Must(bucket.GetObjectTagging("tagged")).Tags), 0)
		put("target 1+", "linked")
		Ok(bucket.PutSymlink("link", "target 1+"))
		Same(Must(bucket.GetSymlink("link")).Get(oss.HTTPHeaderOssSymlinkTarget), "target 1+")
		Same(text("link"), "linked")
	})

	checks.Run("versions: two, a marker, each by its id", func() {
		Ok(client.CreateBucket(Bucket + "-v"))
		Ok(client.SetBucketVersioning(Bucket+"-v", oss.VersioningConfig{Status: "Enabled"}))
		kept := Must(client.Bucket(Bucket + "-v"))
		var headers http.Header
		put := func(body string) string {
			Ok(kept.PutObject("k", strings.NewReader(body), oss.GetResponseHeader(&headers)))
			return oss.GetVersionId(headers)
		}
		first, second := put("one"), put("two")
		Ok(kept.DeleteObject("k", oss.GetResponseHeader(&headers)))
		marker := oss.GetVersionId(headers)
		Same(oss.GetDeleteMark(headers), true)
		_, err := kept.GetObject("k")
		refused("NoSuchKey", err)
		body := Must(kept.GetObject("k", oss.VersionId(first)))
		Same(string(Must(io.ReadAll(body))), "one")
		Ok(body.Close())
		listed := Must(kept.ListObjectVersions())
		Same([]string{listed.ObjectVersions[0].VersionId, listed.ObjectVersions[1].VersionId, listed.ObjectDeleteMarkers[0].VersionId},
			[]string{second, first, marker})
		var all []oss.DeleteObject
		for _, version := range []string{first, second, marker} {
			all = append(all, oss.DeleteObject{Key: "k", VersionId: version})
		}
		Same(len(Must(kept.DeleteObjectVersions(all)).DeletedObjectsDetail), 3)
		Ok(client.DeleteBucket(Bucket + "-v"))
	})

	checks.Run("archive: restored after a while", func() {
		put("frozen", "cold", oss.ObjectStorageClass(oss.StorageColdArchive))
		_, err := bucket.GetObject("frozen")
		refused("InvalidObjectState", err)
		Ok(bucket.RestoreObjectDetail("frozen", oss.RestoreConfiguration{Days: 2, Tier: "Bulk"}))
		refused("RestoreAlreadyInProgress", bucket.RestoreObject("frozen"))
		WaitFor("the restore", func() bool {
			return strings.Contains(Must(bucket.GetObjectDetailedMeta("frozen")).Get("X-Oss-Restore"), `ongoing-request="false"`)
		})
		Same(text("frozen"), "cold")
		refused("OperationNotSupported", bucket.RestoreObject("normal"))
	})

	checks.Run("acl of bucket and object, facts of the bucket, who pays", func() {
		Ok(bucket.SetObjectACL("normal", oss.ACLPrivate))
		Same(Must(bucket.GetObjectACL("normal")).ACL, "private")
		Ok(bucket.SetObjectACL("normal", oss.ACLDefault))
		Ok(client.SetBucketACL(Bucket, oss.ACLPublicRead))
		Same(Must(client.GetBucketACL(Bucket)).ACL, "public-read")
		Ok(client.SetBucketACL(Bucket, oss.ACLPrivate))
		Same(Must(client.GetBucketLocation(Bucket)), "oss-"+Region)
		Same(Must(client.GetBucketStat(Bucket)).ObjectCount > 0, true)
		Same(Must(bucket.GetObjectMeta("normal")).Get("Content-Length"), "5")
		Ok(client.SetBucketRequestPayment(Bucket, oss.RequestPaymentConfiguration{Payer: string(oss.Requester)}))
		Same(Must(client.GetBucketRequestPayment(Bucket)).Payer, "Requester")
		Ok(client.SetBucketRequestPayment(Bucket, oss.RequestPaymentConfiguration{Payer: string(oss.BucketOwner)}))
	})

	checks.Run("policy", func() {
		policy := `{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:GetObject","Principal":["*"],` +
			`"Resource":["acs:oss:*:*:` + Bucket + `/normal"]}]}`
		Ok(client.SetBucketPolicy(Bucket, policy))
		Same(Must(client.GetBucketPolicy(Bucket)), policy)
		Ok(client.DeleteBucketPolicy(Bucket))
		_, err := client.GetBucketPolicy(Bucket)
		refused("NoSuchBucketPolicy", err)
	})

	checks.Run("retention: a policy that begins, is locked, and holds", func() {
		name := Bucket + "-w"
		Ok(client.CreateBucket(name))
		Must(client.InitiateBucketWorm(name, 1))
		Ok(client.AbortBucketWorm(name))
		worm := Must(client.InitiateBucketWorm(name, 1))
		Ok(client.CompleteBucketWorm(name, worm))
		Ok(client.ExtendBucketWorm(name, 2, worm))
		found := Must(client.GetBucketWorm(name))
		Same([]any{found.State, found.RetentionPeriodInDays}, []any{"Locked", 2})
		held := Must(client.Bucket(name))
		Must(held.AppendObject("log", strings.NewReader("x"), 0))
		_, err := held.AppendObject("log", strings.NewReader("y"), 1)
		refused("FileImmutable", err)
		refused("FileImmutable", held.DeleteObject("log"))
	})

	checks.Run("sts: a temporary key with its token, and not without", func() {
		temporary := Must(clientOf(StsID, StsSecret, oss.SecurityToken(StsToken)).Bucket(Bucket))
		body := Must(temporary.GetObject("normal"))
		Same(string(Must(io.ReadAll(body))), "fixed")
		Ok(body.Close())
		status, text := HTTP("GET", Must(temporary.SignURL("normal", oss.HTTPGet, 60)), "", nil)
		Same([]any{status, text}, []any{200, "fixed"})
		_, err := Must(clientOf(StsID, StsSecret, oss.SecurityToken("none")).Bucket(Bucket)).GetObject("normal")
		refused("InvalidSecurityToken", err)
		_, err = Must(clientOf(StsID, StsSecret).Bucket(Bucket)).GetObject("normal")
		refused("InvalidAccessKeyId", err)
	})

	checks.Run("keys: wrong secret, unknown key", func() {
		_, err := Must(clientOf(KeyID, KeySecret+"x").Bucket(Bucket)).GetObject("normal")
		refused("SignatureDoesNotMatch", err)
		_, err = Must(clientOf("no-such-key", KeySecret).Bucket(Bucket)).GetObject("normal")
		refused("InvalidAccessKeyId", err)
	})

	checks.Run("bucket: BucketNotEmpty, then empty and gone", func() {
		refused("BucketNotEmpty", client.DeleteBucket(Bucket))
		Must(bucket.DeleteObjects(keysBelow("", 100)))
		Ok(client.DeleteBucket(Bucket))
		_, err := client.GetBucketInfo(Bucket)
		refused("NoSuchBucket", err)
	})

	checks.End()
}
