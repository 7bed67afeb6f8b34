"""Drives the server with the official Python SDK of the second generation, `alibabacloud-oss-v2`."""
import alibabacloud_oss_v2 as oss

from check import (AUTH, BUCKET, ENDPOINT, KEY_ID, KEY_SECRET, PATH_STYLE, REGION, STS_ID, STS_SECRET, STS_TOKEN, Checks, http,
                   same, wait_for)

check = Checks('python-v2')


def client_of(key_id=KEY_ID, secret=KEY_SECRET, token=None):
    config = oss.config.load_default()
    config.credentials_provider = oss.credentials.StaticCredentialsProvider(key_id, secret, token)
    config.region, config.endpoint, config.signature_version = REGION, ENDPOINT, AUTH
    config.use_path_style, config.retry_max_attempts = PATH_STYLE, 1
    return oss.Client(config)


client = client_of()


def refused(code, call, request):
    """The server's refusal, after its code has been compared."""
    try:
        call(request)
    except oss.exceptions.OperationError as error:
        cause = error.unwrap()
        if not isinstance(cause, oss.exceptions.ServiceError):
            raise
        same(cause.code, code)
        same(len(cause.request_id), 24)
        return cause
    raise AssertionError(f'{code} was expected, the call succeeded')


def put(key, body, **options):
    return client.put_object(oss.PutObjectRequest(bucket=BUCKET, key=key, body=body, **options))


def get(key, **options):
    return client.get_object(oss.GetObjectRequest(bucket=BUCKET, key=key, **options))


def text(key):
    return get(key).body.content


def head(key):
    return client.head_object(oss.HeadObjectRequest(bucket=BUCKET, key=key))


def append(key, position, body):
    return client.append_object(oss.AppendObjectRequest(bucket=BUCKET, key=key, position=position, body=body))


def keys_below(prefix, **options):
    pages = client.list_objects_v2_paginator().iter_page(oss.ListObjectsV2Request(bucket=BUCKET, prefix=prefix, **options))
    return [o.key for page in pages for o in page.contents or []]


def delete_many(keys):
    return client.delete_multiple_objects(oss.DeleteMultipleObjectsRequest(
        bucket=BUCKET, objects=[oss.DeleteObject(key=key) for key in keys]))


@check('bucket: create, info, list, delete')
def _():
    same(client.put_bucket(oss.PutBucketRequest(bucket=BUCKET, acl='private')).status_code, 200)
    info = client.get_bucket_info(oss.GetBucketInfoRequest(bucket=BUCKET)).bucket_info
    same((info.name, info.location, info.acl), (BUCKET, f'oss-{REGION}', 'private'))
    client.put_bucket(oss.PutBucketRequest(bucket=f'{BUCKET}-b'))
    pages = client.list_buckets_paginator(limit=1).iter_page(oss.ListBucketsRequest(prefix=BUCKET))
    same([b.name for page in pages for b in page.buckets], [BUCKET, f'{BUCKET}-b'])
    client.delete_bucket(oss.DeleteBucketRequest(bucket=f'{BUCKET}-b'))
    refused('NoSuchBucket', client.delete_bucket, oss.DeleteBucketRequest(bucket=f'{BUCKET}-b'))
    same((client.is_bucket_exist(BUCKET), client.is_bucket_exist(f'{BUCKET}-b')), (True, False))


@check('object: put, get, head, delete')
def _():
    same(put('plain.txt', b'hello', metadata={'colour': 'blue'}).etag, '"5D41402ABC4B2A76B9719D911017C592"')
    got = get('plain.txt')
    same((got.body.content, got.object_type, got.metadata['colour']), (b'hello', 'Normal', 'blue'))
    same(head('plain.txt').content_length, 5)
    same(client.get_object_meta(oss.GetObjectMetaRequest(bucket=BUCKET, key='plain.txt')).content_length, 5)
    same(client.is_object_exist(BUCKET, 'plain.txt'), True)
    same(client.delete_object(oss.DeleteObjectRequest(bucket=BUCKET, key='plain.txt')).status_code, 204)
    same(client.is_object_exist(BUCKET, 'plain.txt'), False)
    refused('NoSuchKey', client.get_object, oss.GetObjectRequest(bucket=BUCKET, key='plain.txt'))


@check('object: names with every kind of character')
def _():
    names = ['a b+c%3&=?#;:@$,~!*()\'"[]{}|^`', '目录/文件.txt', 'tail/', 'line\nfeed\x01\x0c', 'back\\slash']
    for name in names:
        put('odd/' + name, name.encode())
    same(keys_below('odd/'), sorted('odd/' + n for n in names))
    for name in names:
        same(text('odd/' + name), name.encode())
    same([o.key for o in delete_many(['odd/' + n for n in names]).deleted_objects], ['odd/' + n for n in names])


@check('range')
def _():
    put('range', b'0123456789')
    for wanted, part in (('bytes=2-4', b'234'), ('bytes=7-', b'789'), ('bytes=-3', b'789')):
        got = get('range', range_header=wanted)
        same((got.status_code, got.body.content), (206, part))
    refused('InvalidRange', client.get_object, oss.GetObjectRequest(
        bucket=BUCKET, key='range', range_header='bytes=20-30', range_behavior='standard'))


@check('conditions')
def _():
    etag = put('cond', b'x').etag
    same(get('cond', if_match=etag).body.content, b'x')
    refused('PreconditionFailed', client.get_object, oss.GetObjectRequest(bucket=BUCKET, key='cond', if_match='"other"'))
    try:
        got = get('cond', if_none_match=etag)
    except oss.exceptions.OperationError as error:
        same(error.unwrap().status_code, 304)
    else:
        same(got.status_code, 304)
    refused('FileAlreadyExists', client.put_object, oss.PutObjectRequest(
        bucket=BUCKET, key='cond', body=b'y', forbid_overwrite=True))
    same(text('cond'), b'x')


@check('copy')
def _():
    put('copy source+', b'text', metadata={'a': '1'})
    client.copy_object(oss.CopyObjectRequest(bucket=BUCKET, key='copy/kept', source_key='copy source+'))
    got = get('copy/kept')
    same((got.body.content, got.metadata), (b'text', {'a': '1'}))
    client.copy_object(oss.CopyObjectRequest(
        bucket=BUCKET, key='copy/kept', source_key='copy/kept', metadata={'b': '2'}, metadata_directive='REPLACE'))
    same(dict(head('copy/kept').metadata), {'b': '2'})
    refused('NoSuchKey', client.copy_object, oss.CopyObjectRequest(bucket=BUCKET, key='copy/no', source_key='absent'))


@check('list: pages of both versions, folders')
def _():
    keys = [f'list/{folder}/{n}' for folder in 'ab' for n in range(3)] + ['list/top']
    for key in keys:
        put(key, b'1')
    same(keys_below('list/', max_keys=2), keys)
    pages = client.list_objects_paginator(limit=2).iter_page(oss.ListObjectsRequest(bucket=BUCKET, prefix='list/'))
    same([o.key for page in pages for o in page.contents or []], keys)
    folded = client.list_objects_v2(oss.ListObjectsV2Request(bucket=BUCKET, prefix='list/', delimiter='/'))
    same(([p.prefix for p in folded.common_prefixes], [o.key for o in folded.contents], folded.key_count),
         (['list/a/', 'list/b/'], ['list/top'], 3))


@check('delete many')
def _():
    keys = keys_below('list/')
    same([o.key for o in delete_many([*keys, 'list/absent']).deleted_objects], [*keys, 'list/absent'])
    same(keys_below('list/'), [])


@check('append: twice with next_position, then position from head')
def _():
    first = append('log', 0, b'first;')
    second = append('log', first.next_position, b'second;')
    same((first.next_position, second.next_position), (6, 13))
    found = head('log')
    same((found.object_type, found.next_append_position), ('Appendable', 13))
    same(append('log', found.next_append_position, b'third').next_position, 18)
    same(text('log'), b'first;second;third')


@check('append: the SDK\'s own append-only file')
def _():
    with client.append_file(BUCKET, 'file-log') as file:
        file.write(b'one\n')
        file.write(b'two\n')
    with client.append_file(BUCKET, 'file-log') as file:
        same(file.tell(), 8)
        file.write(b'three\n')
    same(text('file-log'), b'one\ntwo\nthree\n')


@check('append: PositionNotEqualToLength carries the position to use')
def _():
    for wrong in (0, 17, 19):
        error = refused('PositionNotEqualToLength', client.append_object, oss.AppendObjectRequest(
            bucket=BUCKET, key='log', position=wrong, body=b'lost'))
        same((error.status_code, error.headers['x-oss-next-append-position']), (409, '18'))
    same(text('log'), b'first;second;third')


@check('append: ObjectNotAppendable')
def _():
    put('normal', b'fixed')
    for position in (0, 5):
        error = refused('ObjectNotAppendable', client.append_object, oss.AppendObjectRequest(
            bucket=BUCKET, key='normal', position=position, body=b'more'))
        same(error.status_code, 409)
    same(text('normal'), b'fixed')


@check('append: a copy of an append object is refused')
def _():
    refused('InvalidRequest', client.copy_object, oss.CopyObjectRequest(bucket=BUCKET, key='log-copy', source_key='log'))
    same(client.is_object_exist(BUCKET, 'log-copy'), False)


@check('presigned URLs')
def _():
    signed = client.presign(oss.PutObjectRequest(bucket=BUCKET, key='signed/文件 1', content_type='text/plain'))
    same(http('PUT', signed.url, b'by url', dict(signed.signed_headers))[0], 200)
    same(http('PUT', signed.url, b'by url', {'Content-Type': 'text/other'})[0], 403)
    signed = client.presign(oss.GetObjectRequest(bucket=BUCKET, key='signed/文件 1'))
    same(http('GET', signed.url), (200, b'by url'))
    same(http('GET', signed.url.replace('signed', 'normal'))[0], 403)


@check('multipart: parts, list, complete, abort')
def _():
    block = b'p' * 102400
    upload = client.initiate_multipart_upload(oss.InitiateMultipartUploadRequest(bucket=BUCKET, key='big')).upload_id
    parts = [oss.UploadPart(part_number=n, etag=client.upload_part(oss.UploadPartRequest(
        bucket=BUCKET, key='big', upload_id=upload, part_number=n, body=block)).etag) for n in (1, 2)]
    listed = client.list_parts(oss.ListPartsRequest(bucket=BUCKET, key='big', upload_id=upload)).parts
    same([(p.part_number, p.size) for p in listed], [(1, 102400), (2, 102400)])
    client.complete_multipart_upload(oss.CompleteMultipartUploadRequest(
        bucket=BUCKET, key='big', upload_id=upload, complete_multipart_upload=oss.CompleteMultipartUpload(parts=parts)))
    same((text('big') == block * 2, head('big').object_type), (True, 'Multipart'))
    upload = client.initiate_multipart_upload(oss.InitiateMultipartUploadRequest(bucket=BUCKET, key='big')).upload_id
    client.abort_multipart_upload(oss.AbortMultipartUploadRequest(bucket=BUCKET, key='big', upload_id=upload))
    refused('NoSuchUpload', client.list_parts, oss.ListPartsRequest(bucket=BUCKET, key='big', upload_id=upload))


@check('multipart: uploads listed, a part copied, all parts at once')
def _():
    at = {'bucket': BUCKET, 'key': 'copied part'}
    upload = client.initiate_multipart_upload(oss.InitiateMultipartUploadRequest(**at)).upload_id
    listed = client.list_multipart_uploads(oss.ListMultipartUploadsRequest(bucket=BUCKET, prefix='copied'))
    same([(u.key, u.upload_id) for u in listed.uploads], [('copied part', upload)])
    client.upload_part_copy(oss.UploadPartCopyRequest(**at, upload_id=upload, part_number=1, source_key='normal', source_range='bytes=1-3'))
    done = client.complete_multipart_upload(oss.CompleteMultipartUploadRequest(**at, upload_id=upload, complete_all='yes'))
    same((done.etag.endswith('-1"'), text('copied part')), (True, b'ixe'))


@check('tags and symlinks')
def _():
    put('tagged', b'1', tagging='a=1&b=x%20y')

    def tags():
        found = client.get_object_tagging(oss.GetObjectTaggingRequest(bucket=BUCKET, key='tagged')).tag_set.tags
        return [(t.key, t.value) for t in found or []]

    same(tags(), [('a', '1'), ('b', 'x y')])
    client.put_object_tagging(oss.PutObjectTaggingRequest(bucket=BUCKET, key='tagged', tagging=oss.Tagging(
        tag_set=oss.TagSet(tags=[oss.Tag(key='c', value='3')]))))
    same(tags(), [('c', '3')])
    client.delete_object_tagging(oss.DeleteObjectTaggingRequest(bucket=BUCKET, key='tagged'))
    same(tags(), [])
    client.put_symlink(oss.PutSymlinkRequest(bucket=BUCKET, key='link', symlink_target='normal'))
    same(client.get_symlink(oss.GetSymlinkRequest(bucket=BUCKET, key='link')).target, 'normal')
    same(text('link'), b'fixed')


@check('versions: two, a marker, each by its id')
def _():
    name = f'{BUCKET}-v'
    client.put_bucket(oss.PutBucketRequest(bucket=name))
    client.put_bucket_versioning(oss.PutBucketVersioningRequest(
        bucket=name, versioning_configuration=oss.VersioningConfiguration(status='Enabled')))
    first, second = (client.put_object(oss.PutObjectRequest(bucket=name, key='k', body=body)).version_id
                     for body in (b'one', b'two'))
    marker = client.delete_object(oss.DeleteObjectRequest(bucket=name, key='k'))
    same((first != second, marker.delete_marker), (True, True))
    refused('NoSuchKey', client.get_object, oss.GetObjectRequest(bucket=name, key='k'))
    same(client.get_object(oss.GetObjectRequest(bucket=name, key='k', version_id=first)).body.content, b'one')
    listed = client.list_object_versions(oss.ListObjectVersionsRequest(bucket=name))
    same(([v.version_id for v in listed.version], [m.version_id for m in listed.delete_marker]),
         ([second, first], [marker.version_id]))
    client.delete_multiple_objects(oss.DeleteMultipleObjectsRequest(bucket=name, objects=[
        oss.DeleteObject(key='k', version_id=version) for version in (first, second, marker.version_id)]))
    client.delete_bucket(oss.DeleteBucketRequest(bucket=name))


@check('archive: restored after a while, then cleaned')
def _():
    at = {'bucket': BUCKET, 'key': 'frozen'}
    put('frozen', b'cold', storage_class='ColdArchive')
    refused('InvalidObjectState', client.get_object, oss.GetObjectRequest(**at))
    refused('ArchiveRestoreFileStale', client.clean_restored_object, oss.CleanRestoredObjectRequest(**at))
    job = oss.RestoreRequest(days=2, job_parameters=oss.JobParameters(tier='Bulk'))
    restored = client.restore_object(oss.RestoreObjectRequest(**at, restore_request=job))
    same((restored.status_code, restored.restore_priority), (202, 'Bulk'))
    refused('RestoreAlreadyInProgress', client.restore_object, oss.RestoreObjectRequest(**at))
    wait_for('the restore', lambda: 'ongoing-request="false"' in head('frozen').restore)
    same(text('frozen'), b'cold')
    client.clean_restored_object(oss.CleanRestoredObjectRequest(**at))
    refused('InvalidObjectState', client.get_object, oss.GetObjectRequest(**at))


@check('append: sealed')
def _():
    at = {'bucket': BUCKET, 'key': 'sealed'}
    append('sealed', 0, b'x')
    refused('PositionNotEqualToLength', client.seal_append_object, oss.SealAppendObjectRequest(**at, position=0))
    same(bool(client.seal_append_object(oss.SealAppendObjectRequest(**at, position=1)).sealed_time), True)
    refused('AppendSealedObjectNotAllowed', client.append_object, oss.AppendObjectRequest(**at, position=1, body=b'y'))


@check('acl of bucket and object, facts of the bucket, who pays')
def _():
    at = {'bucket': BUCKET, 'key': 'normal'}
    client.put_object_acl(oss.PutObjectAclRequest(**at, acl='private'))
    same(client.get_object_acl(oss.GetObjectAclRequest(**at)).acl, 'private')
    client.put_object_acl(oss.PutObjectAclRequest(**at, acl='default'))
    client.put_bucket_acl(oss.PutBucketAclRequest(bucket=BUCKET, acl='public-read'))
    same(client.get_bucket_acl(oss.GetBucketAclRequest(bucket=BUCKET)).acl, 'public-read')
    client.put_bucket_acl(oss.PutBucketAclRequest(bucket=BUCKET, acl='private'))
    same(client.get_bucket_location(oss.GetBucketLocationRequest(bucket=BUCKET)).location, f'oss-{REGION}')
    same(client.get_bucket_stat(oss.GetBucketStatRequest(bucket=BUCKET)).object_count > 0, True)
    payer = oss.RequestPaymentConfiguration(payer='Requester')
    client.put_bucket_request_payment(oss.PutBucketRequestPaymentRequest(bucket=BUCKET, request_payment_configuration=payer))
    found = client.get_bucket_request_payment(oss.GetBucketRequestPaymentRequest(bucket=BUCKET))
    same(found.request_payment_configuration.payer, 'Requester')
    payer.payer = 'BucketOwner'
    client.put_bucket_request_payment(oss.PutBucketRequestPaymentRequest(bucket=BUCKET, request_payment_configuration=payer))


@check('policy, and public access blocked')
def _():
    policy = ('{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:GetObject","Principal":["*"],'
              f'"Resource":["acs:oss:*:*:{BUCKET}/normal"]}}]}}')
    client.put_bucket_policy(oss.PutBucketPolicyRequest(bucket=BUCKET, body=policy))
    same(client.get_bucket_policy(oss.GetBucketPolicyRequest(bucket=BUCKET)).body, policy)
    status = client.get_bucket_policy_status(oss.GetBucketPolicyStatusRequest(bucket=BUCKET))
    same(status.policy_status.is_public, True)
    block = oss.PublicAccessBlockConfiguration(block_public_access=True)
    client.put_bucket_public_access_block(oss.PutBucketPublicAccessBlockRequest(
        bucket=BUCKET, public_access_block_configuration=block))
    found = client.get_bucket_public_access_block(oss.GetBucketPublicAccessBlockRequest(bucket=BUCKET))
    same(found.public_access_block_configuration.block_public_access, True)
    refused('AccessDenied', client.put_bucket_acl, oss.PutBucketAclRequest(bucket=BUCKET, acl='public-read'))
    client.delete_bucket_public_access_block(oss.DeleteBucketPublicAccessBlockRequest(bucket=BUCKET))
    client.delete_bucket_policy(oss.DeleteBucketPolicyRequest(bucket=BUCKET))
    refused('NoSuchBucketPolicy', client.get_bucket_policy, oss.GetBucketPolicyRequest(bucket=BUCKET))
    found = client.get_public_access_block(oss.GetPublicAccessBlockRequest())
    same(found.public_access_block_configuration.block_public_access, False)


@check('retention: of a bucket, and of versions')
def _():
    name = f'{BUCKET}-w'
    client.put_bucket(oss.PutBucketRequest(bucket=name))
    begun = client.initiate_bucket_worm(oss.InitiateBucketWormRequest(
        bucket=name, initiate_worm_configuration=oss.InitiateWormConfiguration(retention_period_in_days=1)))
    client.complete_bucket_worm(oss.CompleteBucketWormRequest(bucket=name, worm_id=begun.worm_id))
    client.extend_bucket_worm(oss.ExtendBucketWormRequest(
        bucket=name, worm_id=begun.worm_id, extend_worm_configuration=oss.ExtendWormConfiguration(retention_period_in_days=2)))
    found = client.get_bucket_worm(oss.GetBucketWormRequest(bucket=name)).worm_configuration
    same((found.state, found.retention_period_in_days), ('Locked', 2))
    refused('WORMConfigurationLocked', client.abort_bucket_worm, oss.AbortBucketWormRequest(bucket=name))
    client.append_object(oss.AppendObjectRequest(bucket=name, key='log', position=0, body=b'x'))
    refused('FileImmutable', client.append_object, oss.AppendObjectRequest(bucket=name, key='log', position=1, body=b'y'))

    name = f'{BUCKET}-v'
    client.put_bucket(oss.PutBucketRequest(bucket=name))
    client.put_bucket_versioning(oss.PutBucketVersioningRequest(
        bucket=name, versioning_configuration=oss.VersioningConfiguration(status='Enabled')))
    client.put_bucket_object_worm_configuration(oss.PutBucketObjectWormConfigurationRequest(
        bucket=name, object_worm_configuration=oss.ObjectWormConfiguration(object_worm_enabled='Enabled')))
    version = client.put_object(oss.PutObjectRequest(bucket=name, key='k', body=b'x')).version_id
    at = {'bucket': name, 'key': 'k', 'version_id': version}
    client.put_object_legal_hold(oss.PutObjectLegalHoldRequest(**at, legal_hold=oss.LegalHold(status='ON')))
    same(client.get_object_legal_hold(oss.GetObjectLegalHoldRequest(**at)).legal_hold.status, 'ON')
    refused('FileImmutable', client.delete_object, oss.DeleteObjectRequest(**at))
    client.put_object_legal_hold(oss.PutObjectLegalHoldRequest(**at, legal_hold=oss.LegalHold(status='OFF')))
    until = '2990-01-01T00:00:00.000Z'
    client.put_object_retention(oss.PutObjectRetentionRequest(
        **at, retention=oss.Retention(mode='GOVERNANCE', retain_until_date=until)))
    same(client.get_object_retention(oss.GetObjectRetentionRequest(**at)).retention.retain_until_date, until)
    refused('FileImmutable', client.delete_object, oss.DeleteObjectRequest(**at))
    client.delete_object(oss.DeleteObjectRequest(**at, headers={'x-oss-bypass-governance-retention': 'true'}))
    client.delete_bucket(oss.DeleteBucketRequest(bucket=name))


@check('sts: a temporary key with its token, and not without')
def _():
    request = oss.GetObjectRequest(bucket=BUCKET, key='normal')
    temporary = client_of(STS_ID, STS_SECRET, STS_TOKEN)
    same(temporary.get_object(request).body.content, b'fixed')
    same(http('GET', temporary.presign(request).url), (200, b'fixed'))
    refused('InvalidSecurityToken', client_of(STS_ID, STS_SECRET, STS_TOKEN[:-1]).get_object, request)
    refused('InvalidAccessKeyId', client_of(STS_ID, STS_SECRET).get_object, request)


@check('keys: wrong secret, unknown key')
def _():
    request = oss.GetObjectRequest(bucket=BUCKET, key='normal')
    refused('SignatureDoesNotMatch', client_of(secret=KEY_SECRET + 'x').get_object, request)
    refused('InvalidAccessKeyId', client_of(key_id='no-such-key').get_object, request)


@check('bucket: BucketNotEmpty, then empty and gone')
def _():
    refused('BucketNotEmpty', client.delete_bucket, oss.DeleteBucketRequest(bucket=BUCKET))
    delete_many(keys_below(''))
    client.delete_bucket(oss.DeleteBucketRequest(bucket=BUCKET))
    refused('NoSuchBucket', client.get_bucket_info, oss.GetBucketInfoRequest(bucket=BUCKET))


check.end()
