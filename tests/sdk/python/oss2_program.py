"""Drives the server with the official Python SDK of the first generation, `oss2`."""
import base64
import json
import struct

import oss2

from check import (AUTH, BUCKET, ENDPOINT, KEY_ID, KEY_SECRET, PATH_STYLE, REGION, STS_ID, STS_SECRET, STS_TOKEN, Checks,
                   application, http, same, wait_for)

check = Checks('oss2')
auth = oss2.make_auth(KEY_ID, KEY_SECRET, oss2.AUTH_VERSION_4 if AUTH == 'v4' else oss2.AUTH_VERSION_1)


def bucket_of(name, with_auth=auth):
    return oss2.Bucket(with_auth, ENDPOINT, name, region=REGION, is_path_style=PATH_STYLE, connect_timeout=20)


service = oss2.Service(auth, ENDPOINT, region=REGION, is_path_style=PATH_STYLE, connect_timeout=20)
bucket = bucket_of(BUCKET)


def refused(code, call, *args, **options):
    """The server's refusal, after its code has been compared."""
    try:
        call(*args, **options)
    except oss2.exceptions.ServerError as error:
        same(error.code, code)
        same(len(error.request_id), 24)
        return error
    raise AssertionError(f'{code} was expected, the call succeeded')


@check('bucket: create, info, list, delete')
def _():
    bucket.create_bucket(oss2.BUCKET_ACL_PRIVATE)
    info = bucket.get_bucket_info()
    same((info.name, info.location, info.acl.grant), (BUCKET, f'oss-{REGION}', 'private'))
    same(bucket.get_bucket_acl().acl, 'private')
    second = bucket_of(f'{BUCKET}-b')
    second.create_bucket()
    listed = [b.name for b in oss2.BucketIterator(service, prefix=BUCKET, max_keys=1)]
    same(listed, [BUCKET, f'{BUCKET}-b'])
    second.delete_bucket()
    refused('NoSuchBucket', second.delete_bucket)
    refused('NoSuchBucket', second.put_object, 'key', b'')


@check('object: put, get, head, delete')
def _():
    put = bucket.put_object('plain.txt', b'hello', headers={'x-oss-meta-colour': 'blue', 'Cache-Control': 'no-cache'})
    same(put.etag, '5D41402ABC4B2A76B9719D911017C592')
    got = bucket.get_object('plain.txt')
    same((got.read(), got.content_type, got.object_type), (b'hello', 'text/plain', 'Normal'))
    same(got.client_crc, got.server_crc)
    head = bucket.head_object('plain.txt')
    same((head.content_length, head.headers['x-oss-meta-colour'], head.headers['cache-control']), (5, 'blue', 'no-cache'))
    same(bucket.get_object_meta('plain.txt').etag, put.etag)
    same(bucket.object_exists('plain.txt'), True)
    same(bucket.delete_object('plain.txt').status, 204)
    same(bucket.object_exists('plain.txt'), False)
    refused('NoSuchKey', bucket.get_object, 'plain.txt')
    same(bucket.delete_object('plain.txt').status, 204)


@check('object: a body of unknown length')
def _():
    block = b'0123456789abcdef' * 4096
    bucket.put_object('stream', (block for _ in range(48)))
    got = bucket.get_object('stream')
    same(got.read() == block * 48, True)
    same(got.client_crc, got.server_crc)
    bucket.delete_object('stream')


@check('object: names with every kind of character')
def _():
    names = ['a b+c%3&=?#;:@$,~!*()\'"[]{}|^`', '目录/文件.txt', 'tail/', '..', 'line\nfeed\x01\x0c', 'back\\slash']
    for name in names:
        bucket.put_object('odd/' + name, name.encode())
    same([o.key for o in oss2.ObjectIterator(bucket, prefix='odd/')], sorted('odd/' + n for n in names))
    for name in names:
        same(bucket.get_object('odd/' + name).read(), name.encode())
    same(sorted(bucket.batch_delete_objects(['odd/' + n for n in names]).deleted_keys), sorted('odd/' + n for n in names))


@check('range')
def _():
    bucket.put_object('range', b'0123456789')
    for wanted, text in (((2, 4), b'234'), ((7, None), b'789'), ((None, 3), b'789'), ((0, 0), b'0')):
        got = bucket.get_object('range', byte_range=wanted)
        same((got.status, got.read()), (206, text))
    bucket.delete_object('range')


@check('conditions')
def _():
    etag = '"' + bucket.put_object('cond', b'x').etag + '"'
    same(bucket.get_object('cond', headers={'If-Match': etag}).read(), b'x')
    refused('PreconditionFailed', bucket.get_object, 'cond', headers={'If-Match': '"other"'})
    later = oss2.utils.http_date(2_000_000_000)
    for header in ({'If-None-Match': etag}, {'If-Modified-Since': later}):
        try:
            bucket.get_object('cond', headers=header)
        except oss2.exceptions.NotModified as error:
            same(error.status, 304)
        else:
            raise AssertionError(f'{header} was ignored')
    refused('FileAlreadyExists', bucket.put_object, 'cond', b'y', headers={'x-oss-forbid-overwrite': 'true'})
    same(bucket.get_object('cond').read(), b'x')
    bucket.delete_object('cond')


@check('digest: a wrong Content-MD5 stores nothing')
def _():
    refused('InvalidDigest', bucket.put_object, 'md5', b'x', headers={'Content-MD5': oss2.utils.content_md5(b'y')})
    same(bucket.object_exists('md5'), False)


@check('copy')
def _():
    bucket.put_object('copy source+', b'text', headers={'x-oss-meta-a': '1', 'Content-Type': 'text/x'})
    bucket.copy_object(BUCKET, 'copy source+', 'copy/kept')
    kept = bucket.get_object('copy/kept')
    same((kept.read(), kept.content_type, kept.headers['x-oss-meta-a']), (b'text', 'text/x', '1'))
    bucket.update_object_meta('copy/kept', {'x-oss-meta-b': '2', 'Content-Type': 'text/y'})
    head = bucket.head_object('copy/kept')
    same((head.content_type, head.headers.get('x-oss-meta-a'), head.headers['x-oss-meta-b']), ('text/y', None, '2'))
    refused('NoSuchKey', bucket.copy_object, BUCKET, 'absent', 'copy/none')
    bucket.batch_delete_objects(['copy source+', 'copy/kept'])


@check('list: pages of both versions, folders')
def _():
    keys = [f'list/{folder}/{n}' for folder in 'ab' for n in range(3)] + ['list/top']
    for key in keys:
        bucket.put_object(key, b'1')
    same([o.key for o in oss2.ObjectIterator(bucket, prefix='list/', max_keys=2)], keys)
    same([o.key for o in oss2.ObjectIteratorV2(bucket, prefix='list/', max_keys=2)], keys)
    folded = [(o.key, o.is_prefix()) for o in oss2.ObjectIterator(bucket, prefix='list/', delimiter='/', max_keys=1)]
    same(folded, [('list/a/', True), ('list/b/', True), ('list/top', False)])
    page = bucket.list_objects_v2(prefix='list/', start_after='list/b/1', max_keys=1, fetch_owner=True)
    same(([o.key for o in page.object_list], page.is_truncated, bool(page.object_list[0].owner.id)), (['list/b/2'], True, True))
    refused('InvalidArgument', bucket.list_objects_v2, continuation_token='not-a-token')


@check('delete many')
def _():
    keys = [o.key for o in oss2.ObjectIterator(bucket, prefix='list/')]
    same(bucket.batch_delete_objects([*keys, 'list/absent']).deleted_keys, [*keys, 'list/absent'])
    same(list(oss2.ObjectIterator(bucket, prefix='list/')), [])


@check('append: the documented example')
def _():
    result = bucket.append_object('exampleobject.txt', 0, 'content of first append')
    bucket.append_object('exampleobject.txt', result.next_position, 'content of second append')
    got = bucket.get_object('exampleobject.txt')
    same((got.read(), got.object_type), (b'content of first appendcontent of second append', 'Appendable'))
    same(got.client_crc, got.server_crc)


@check('append: position from head_object, CRC over the whole object')
def _():
    first = bucket.append_object('log', 0, b'first;', init_crc=0)
    second = bucket.append_object('log', first.next_position, b'second;', init_crc=first.crc)
    same(second.next_position, 13)
    head = bucket.head_object('log')
    same((head.object_type, head.headers['x-oss-next-append-position'], head.content_length), ('Appendable', '13', 13))
    position = int(head.headers['x-oss-next-append-position'])
    same(bucket.append_object('log', position, b'third', init_crc=second.crc).next_position, 18)
    same(bucket.get_object('log').read(), b'first;second;third')


@check('append: PositionNotEqualToLength carries the position to use')
def _():
    for wrong in (0, 17, 19):
        try:
            bucket.append_object('log', wrong, b'lost')
        except oss2.exceptions.PositionNotEqualToLength as error:
            same((error.status, error.next_position), (409, 18))
        else:
            raise AssertionError(f'an append at {wrong} of 18 succeeded')
    same(bucket.append_object('log', 18, b'!').next_position, 19)
    same(bucket.get_object('log').read(), b'first;second;third!')


@check('append: ObjectNotAppendable')
def _():
    bucket.put_object('normal', b'fixed')
    for position in (0, 5):
        same(refused('ObjectNotAppendable', bucket.append_object, 'normal', position, b'more').status, 409)
    same(bucket.get_object('normal').read(), b'fixed')


@check('append: a copy of an append object is refused')
def _():
    refused('InvalidRequest', bucket.copy_object, BUCKET, 'log', 'log-copy')
    same(bucket.object_exists('log-copy'), False)


@check('append: put replaces, delete frees the name')
def _():
    bucket.put_object('log', b'now normal')
    refused('ObjectNotAppendable', bucket.append_object, 'log', 10, b'x')
    bucket.delete_object('log')
    same(bucket.append_object('log', 0, b'').next_position, 0)
    same(bucket.head_object('log').object_type, 'Appendable')


@check('presigned URLs')
def _():
    put = bucket.sign_url('PUT', 'signed/文件 1', 60, headers={'Content-Type': 'text/plain'}, slash_safe=True)
    same(http('PUT', put, b'by url', {'Content-Type': 'text/plain'})[0], 200)
    same(http('PUT', put, b'by url', {'Content-Type': 'text/other'})[0], 403)
    get = bucket.sign_url('GET', 'signed/文件 1', 60, slash_safe=True)
    same(http('GET', get), (200, b'by url'))
    same(http('GET', get, headers={'Range': 'bytes=3-'}), (206, b'url'))
    status, body = http('GET', get[:-1] + ('0' if get[-1] != '0' else '1'))
    same((status, b'SignatureDoesNotMatch' in body or b'InvalidArgument' in body), (403, True))
    named = bucket.sign_url('GET', 'signed/文件 1', 60, params={'response-content-type': 'x/y'}, slash_safe=True)
    same(http('GET', named)[1], b'by url')


@check('multipart: parts, list, complete, copy of a part, abort')
def _():
    block = b'p' * 102400
    upload = bucket.init_multipart_upload('big').upload_id
    parts = [oss2.models.PartInfo(n, bucket.upload_part('big', upload, n, block).etag) for n in (1, 2)]
    bucket.put_object('source', b'tail')
    parts.append(oss2.models.PartInfo(3, bucket.upload_part_copy(BUCKET, 'source', (0, 3), 'big', upload, 3).etag))
    same([(p.part_number, p.size) for p in oss2.PartIterator(bucket, 'big', upload, max_parts=2)],
         [(1, 102400), (2, 102400), (3, 4)])
    same([u.upload_id for u in oss2.MultipartUploadIterator(bucket, prefix='big')], [upload])
    bucket.complete_multipart_upload('big', upload, parts)
    got = bucket.get_object('big')
    same((got.read() == block * 2 + b'tail', got.object_type, got.client_crc == got.server_crc), (True, 'Multipart', True))
    upload = bucket.init_multipart_upload('big').upload_id
    bucket.abort_multipart_upload('big', upload)
    refused('NoSuchUpload', bucket.upload_part, 'big', upload, 1, b'x')
    same(list(oss2.MultipartUploadIterator(bucket)), [])


@check('multipart: an append object is no source of parts')
def _():
    bucket.append_object('append-source', 0, b'x' * 10)
    upload = bucket.init_multipart_upload('never').upload_id
    refused('InvalidRequest', bucket.upload_part_copy, BUCKET, 'append-source', (0, 9), 'never', upload, 1)
    bucket.abort_multipart_upload('never', upload)


@check('tags and symlinks')
def _():
    bucket.put_object('tagged', b'1', headers={'x-oss-tagging': 'a=1&b=x%20y'})
    same(bucket.get_object_tagging('tagged').tag_set.tagging_rule, {'a': '1', 'b': 'x y'})
    rule = oss2.models.TaggingRule()
    rule.add('c', '3')
    bucket.put_object_tagging('tagged', oss2.models.Tagging(rule))
    same(bucket.get_object_tagging('tagged').tag_set.tagging_rule, {'c': '3'})
    bucket.delete_object_tagging('tagged')
    same(bucket.get_object_tagging('tagged').tag_set.len(), 0)
    bucket.put_symlink('normal', 'link 1+')
    same(bucket.get_symlink('link 1+').target_key, 'normal')
    same(bucket.get_object('link 1+').read(), b'fixed')


@check('versions: two, a marker, each by its id')
def _():
    kept = bucket_of(f'{BUCKET}-v')
    kept.create_bucket()
    config = oss2.models.BucketVersioningConfig(oss2.BUCKET_VERSIONING_ENABLE)
    kept.put_bucket_versioning(config)
    same(kept.get_bucket_versioning().status, 'Enabled')
    first, second = (kept.put_object('k', body).versionid for body in (b'one', b'two'))
    marker = kept.delete_object('k')
    same((first != second, marker.delete_marker), (True, True))
    refused('NoSuchKey', kept.get_object, 'k')
    same(kept.get_object('k', params={'versionId': first}).read(), b'one')
    listed = kept.list_object_versions()
    same(([v.versionid for v in listed.versions], [m.versionid for m in listed.delete_marker]),
         ([second, first], [marker.versionid]))
    refused('BucketNotEmpty', kept.delete_bucket)
    kept.delete_object('k', params={'versionId': marker.versionid})
    same(kept.get_object('k').read(), b'two')
    for version in (first, second):
        kept.delete_object('k', params={'versionId': version})
    kept.delete_bucket()


@check('versions: one comes back by a copy, the others go together')
def _():
    kept = bucket_of(f'{BUCKET}-v')
    kept.create_bucket()
    kept.put_bucket_versioning(oss2.models.BucketVersioningConfig(oss2.BUCKET_VERSIONING_ENABLE))
    first, second = (kept.put_object('k', body).versionid for body in (b'one', b'two'))
    tags = oss2.models.TaggingRule()
    tags.add('of', 'first')
    kept.put_object_tagging('k', oss2.models.Tagging(tags), params={'versionId': first})
    same(kept.get_object_tagging('k', params={'versionId': second}).tag_set.len(), 0)
    third = kept.copy_object(kept.bucket_name, 'k', 'k', params={'versionId': first}).versionid
    same(kept.get_object('k').read(), b'one')
    kept.put_bucket_versioning(oss2.models.BucketVersioningConfig(oss2.BUCKET_VERSIONING_SUSPEND))
    same(kept.put_object('k', b'null').versionid, 'null')
    versions = oss2.models.BatchDeleteObjectVersionList()
    for version in (first, second, third, 'null'):
        versions.append(oss2.models.BatchDeleteObjectVersion('k', version))
    same(sorted(d.versionid for d in kept.delete_object_versions(versions).delete_versions), sorted([first, second, third, 'null']))
    kept.delete_bucket()


@check('archive: restored after a while, then cleaned')
def _():
    bucket.put_object('frozen', b'cold', headers={'x-oss-storage-class': oss2.BUCKET_STORAGE_CLASS_COLD_ARCHIVE})
    refused('InvalidObjectState', bucket.get_object, 'frozen')
    job = oss2.models.RestoreJobParameters(oss2.models.RESTORE_TIER_EXPEDITED)
    same(bucket.restore_object('frozen', input=oss2.models.RestoreConfiguration(days=2, job_parameters=job)).status, 202)
    refused('RestoreAlreadyInProgress', bucket.restore_object, 'frozen')
    wait_for('the restore', lambda: 'ongoing-request="false"' in bucket.head_object('frozen').headers['x-oss-restore'])
    same(bucket.get_object('frozen').read(), b'cold')
    same(bucket.restore_object('frozen').status, 200)
    refused('OperationNotSupported', bucket.restore_object, 'normal')


@check('acl of bucket and object, facts of the bucket, who pays')
def _():
    same(bucket.get_object_acl('normal').acl, 'default')
    bucket.put_object_acl('normal', oss2.OBJECT_ACL_PRIVATE)
    same(bucket.get_object_acl('normal').acl, 'private')
    bucket.put_object_acl('normal', oss2.OBJECT_ACL_DEFAULT)
    bucket.put_bucket_acl(oss2.BUCKET_ACL_PUBLIC_READ)
    same(bucket_of(BUCKET, oss2.AnonymousAuth()).get_object('normal').read(), b'fixed')
    bucket.put_bucket_acl(oss2.BUCKET_ACL_PRIVATE)
    same((bucket.get_bucket_location().location, bucket.get_bucket_stat().object_count > 0), (f'oss-{REGION}', True))
    bucket.put_bucket_request_payment(oss2.models.PAYER_REQUESTER)
    same(bucket.get_bucket_request_payment().payer, 'Requester')
    bucket.put_bucket_request_payment(oss2.models.PAYER_BUCKETOWNER)


@check('policy, and public access blocked')
def _():
    policy = ('{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:GetObject","Principal":["*"],'
              f'"Resource":["acs:oss:*:*:{BUCKET}/normal"]}}]}}')
    bucket.put_bucket_policy(policy)
    same(bucket.get_bucket_policy().policy, policy)
    nobody = bucket_of(BUCKET, oss2.AnonymousAuth())
    same(nobody.get_object('normal').read(), b'fixed')
    refused('AccessDenied', nobody.get_object, 'big')
    secure = ENDPOINT.startswith('https')
    bucket.put_bucket_policy(policy[:-3] + ',"Condition":{"Bool":{"acs:SecureTransport":["true"]}}}]}')
    if secure:
        same(nobody.get_object('normal').read(), b'fixed')
    else:
        refused('AccessDenied', nobody.get_object, 'normal')
    bucket.put_bucket_policy(policy)
    bucket.put_bucket_public_access_block(True)
    same(bucket.get_bucket_public_access_block().block_public_access, True)
    refused('AccessDenied', nobody.get_object, 'normal')
    refused('AccessDenied', bucket.put_bucket_acl, oss2.BUCKET_ACL_PUBLIC_READ)
    bucket.delete_bucket_public_access_block()
    bucket.delete_bucket_policy()
    refused('NoSuchBucketPolicy', bucket.get_bucket_policy)
    same(service.get_public_access_block().block_public_access, False)


@check('retention: a policy that begins, is locked, and holds')
def _():
    held = bucket_of(f'{BUCKET}-w')
    held.create_bucket()
    held.init_bucket_worm(2)
    same((held.get_bucket_worm().state, held.get_bucket_worm().retention_period_days), ('InProgress', 2))
    held.abort_bucket_worm()
    worm = held.init_bucket_worm(1).worm_id
    refused('NoSuchWORMConfiguration', held.complete_bucket_worm, '0' * 32)
    held.complete_bucket_worm(worm)
    held.extend_bucket_worm(worm, 2)
    same((held.get_bucket_worm().state, held.get_bucket_worm().retention_period_days), ('Locked', 2))
    refused('WORMConfigurationLocked', held.abort_bucket_worm)
    held.append_object('log', 0, b'x')
    for call in (lambda: held.append_object('log', 1, b'y'), lambda: held.put_object('log', b'y'), lambda: held.delete_object('log')):
        refused('FileImmutable', call)


@check('sts: a temporary key with its token, and not without')
def _():
    def of(token):
        return bucket_of(BUCKET, oss2.StsAuth(STS_ID, STS_SECRET, token, auth_version=auth.auth_version()))
    same(of(STS_TOKEN).get_object('normal').read(), b'fixed')
    of(STS_TOKEN).put_object('by sts', b'x')
    same(http('GET', of(STS_TOKEN).sign_url('GET', 'by sts', 60, slash_safe=True)), (200, b'x'))
    refused('InvalidSecurityToken', of(STS_TOKEN[:-1]).get_object, 'normal')


@check('callback: the application hears of the upload and answers it')
def _():
    with application(b'{"heard":true}') as (url, heard):
        asked = json.dumps({'callbackUrl': url, 'callbackBody': 'o=${object}&s=${size}&x=${x:a}'})
        headers = {name: base64.b64encode(text.encode()).decode()
                   for name, text in (('x-oss-callback', asked), ('x-oss-callback-var', '{"x:a":"1 2"}'))}
        same(bucket.put_object('told', b'hello', headers=headers).resp.read(), b'{"heard":true}')
        same(heard, ['o=told&s=5&x=1%202'])
        upload = bucket.init_multipart_upload('told').upload_id
        part = oss2.models.PartInfo(1, bucket.upload_part('told', upload, 1, b'hello!').etag)
        bucket.complete_multipart_upload('told', upload, [part], headers=headers)
        same(heard[1:], ['o=told&s=6&x=1%202'])
    # This client takes 203 for a success.
    failed = bucket.put_object('told', b'kept', headers=headers)
    same((failed.status, b'CallbackFailed' in failed.resp.read()), (203, True))
    same(bucket.get_object('told').read(), b'kept')


@check('pictures: processed on the way out, saved, styled')
def _():
    # 4 x 2 black pixels, uncompressed.
    header = struct.pack('<2sIIIIiiHHIIIIII', b'BM', 78, 0, 54, 40, 4, 2, 1, 24, 0, 24, 0, 0, 0, 0)
    bucket.put_object('picture.bmp', header + bytes(24))
    told = json.loads(bucket.get_object('picture.bmp', process='image/info').read())
    same((told['ImageWidth'], told['ImageHeight'], told['Format']), ({'value': '4'}, {'value': '2'}, {'value': 'bmp'}))
    half = bucket.get_object('picture.bmp', process='image/resize,w_2/format,png')
    same((half.content_type, half.read()[:4]), ('image/png', b'\x89PNG'))
    target = base64.urlsafe_b64encode(b'half.png').decode()
    saved = bucket.process_object('picture.bmp', f'image/resize,w_2/format,png|sys/saveas,o_{target}')
    same((saved.bucket, saved.object, saved.process_status), ('', 'half.png', 'OK'))
    same(bucket.head_object('half.png').content_type, 'image/png')
    bucket.put_bucket_style('half', 'image/resize,p_50')
    url = bucket.sign_url('GET', 'picture.bmp', 60, params={'x-oss-process': 'style/half'})
    same(http('GET', url)[1][:2], b'BM')
    refused('InvalidArgument', bucket.get_object, 'picture.bmp', process='image/resize,w_0')
    refused('BadRequest', bucket.get_object, 'normal', process='image/info')


@check('traffic limit')
def _():
    bucket.put_object('limited', b'x' * 1000, headers={oss2.models.OSS_TRAFFIC_LIMIT: '819200'})
    same(len(bucket.get_object('limited', headers={oss2.models.OSS_TRAFFIC_LIMIT: '819200'}).read()), 1000)
    refused('InvalidArgument', bucket.put_object, 'limited', b'x', headers={oss2.models.OSS_TRAFFIC_LIMIT: '1'})


@check('keys: wrong secret, unknown key, nobody')
def _():
    wrong = oss2.make_auth(KEY_ID, KEY_SECRET + 'x', auth.auth_version())
    refused('SignatureDoesNotMatch', bucket_of(BUCKET, wrong).get_object, 'normal')
    unknown = oss2.make_auth('no-such-key', KEY_SECRET, auth.auth_version())
    refused('InvalidAccessKeyId', bucket_of(BUCKET, unknown).get_object, 'normal')
    refused('AccessDenied', bucket_of(BUCKET, oss2.AnonymousAuth()).get_object, 'normal')
    bucket.put_object_acl('normal', oss2.OBJECT_ACL_PUBLIC_READ)
    same(bucket_of(BUCKET, oss2.AnonymousAuth()).get_object('normal').read(), b'fixed')


@check('bucket: BucketNotEmpty, then empty and gone')
def _():
    refused('BucketNotEmpty', bucket.delete_bucket)
    bucket.batch_delete_objects([o.key for o in oss2.ObjectIterator(bucket)])
    same(bucket.delete_bucket().status, 204)
    refused('NoSuchBucket', bucket.get_bucket_info)


check.end()
