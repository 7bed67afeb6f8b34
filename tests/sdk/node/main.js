// Drives the server with the official Node.js SDK, `ali-oss`.
'use strict';
const assert = require('node:assert/strict');
const dns = require('node:dns');

const env = process.env;
const PATH_STYLE = env.SDK_STYLE === 'path';
const BUCKET = env.SDK_BUCKET;

// BUCKET.localhost and the real service's names have no address on this machine: every name is the server's.
dns.lookup = (host, options, done) => {
  if (typeof options === 'function') [options, done] = [{}, options];
  process.nextTick(() => (options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)));
};
const OSS = require('ali-oss'); // after the line above, so that it cannot keep the old lookup

function clientOf(id = env.SDK_KEY_ID, secret = env.SDK_KEY_SECRET, more = {}) {
  return new OSS({
    accessKeyId: id,
    accessKeySecret: secret,
    region: `oss-${env.SDK_REGION}`,
    endpoint: env.SDK_ENDPOINT,
    bucket: BUCKET,
    authorizationV4: env.SDK_AUTH === 'v4',
    sldEnable: PATH_STYLE,
    secure: env.SDK_ENDPOINT.startsWith('https:'),
    retryMax: 0,
    timeout: 20000,
    ...more
  });
}

const client = clientOf();
let passed = 0;
let failed = 0;

async function check(title, body) {
  const began = Date.now();
  try {
    await body();
    passed++;
    console.log(`ok   ${title} (${Date.now() - began} ms)`);
  } catch (error) {
    failed++;
    console.log(`FAIL ${title}: ${String(error && (error.code ? `${error.code} ${error.message}` : error.message)).replace(/\s+/g, ' ').slice(0, 600)}`);
  }
}

// The server's refusal, after its code has been compared.
async function refused(code, call) {
  let error;
  try {
    await call();
  } catch (thrown) {
    error = thrown;
  }
  assert.ok(error, `${code} was expected, the call succeeded`);
  assert.equal(error.code, code);
  assert.equal(error.requestId.length, 24);
  return error;
}

async function exists(name) {
  try {
    await client.head(name);
    return true;
  } catch (error) {
    if (error.code === 'NoSuchKey') return false;
    throw error;
  }
}

const text = async name => (await client.get(name)).content.toString();

async function keysBelow(prefix, size = 1000) {
  const keys = [];
  let marker;
  do {
    // Empty parameters are left out: with V4 this SDK signs them as `marker=`, the service takes them as `marker`.
    const page = await client.list({ ...(prefix && { prefix }), 'max-keys': size, ...(marker && { marker }) });
    keys.push(...page.objects.map(object => object.name));
    marker = page.nextMarker;
  } while (marker);
  return keys;
}

async function http(method, url, { body, headers } = {}) {
  // Node's own client follows dns.lookup above; fetch() would not.
  const { request } = require(url.startsWith('https:') ? 'node:https' : 'node:http');
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers: { ...headers, ...(body ? { 'Content-Length': body.length } : {}) }, timeout: 20000 }, answer => {
      const parts = [];
      answer.on('data', part => parts.push(part));
      answer.on('end', () => resolve([answer.statusCode, Buffer.concat(parts).toString()]));
    });
    sent.on('error', reject).on('timeout', () => sent.destroy(new Error('timeout')));
    sent.end(body);
  });
}

async function main() {
  await check('bucket: create, info, list, delete', async () => {
    assert.equal((await client.putBucket(BUCKET)).bucket, BUCKET);
    const { bucket } = await client.getBucketInfo(BUCKET);
    assert.deepEqual([bucket.Name, bucket.Location, bucket.AccessControlList.Grant], [BUCKET, `oss-${env.SDK_REGION}`, 'private']);
    await client.putBucket(`${BUCKET}-b`);
    const { buckets } = await client.listBuckets({ prefix: BUCKET });
    assert.deepEqual(buckets.map(b => b.name), [BUCKET, `${BUCKET}-b`]);
    await client.deleteBucket(`${BUCKET}-b`);
    await refused('NoSuchBucket', () => client.deleteBucket(`${BUCKET}-b`));
  });

  await check('object: put, get, head, delete', async () => {
    await client.put('plain.txt', Buffer.from('hello'), { meta: { colour: 'blue' } });
    const got = await client.get('plain.txt');
    assert.equal(got.content.toString(), 'hello');
    assert.equal(got.res.headers['content-type'], 'text/plain');
    assert.equal(got.res.headers.etag, '"5D41402ABC4B2A76B9719D911017C592"');
    assert.deepEqual((await client.head('plain.txt')).meta, { colour: 'blue' });
    assert.equal((await client.delete('plain.txt')).res.status, 204);
    const error = await refused('NoSuchKey', () => client.get('plain.txt'));
    assert.equal(error.message, 'The specified key does not exist.');
  });

  await check('object: a stream of unknown length', async () => {
    const { Readable } = require('node:stream');
    const blocks = Array(64).fill(Buffer.alloc(16384, 'stream'));
    await client.putStream('stream', Readable.from(blocks));
    assert.ok((await client.get('stream')).content.equals(Buffer.concat(blocks)));
    await client.delete('stream');
  });

  await check('object: names with every kind of character', async () => {
    const names = ['a b+c%3&=?#;:@$,~!*()\'"[]{}|^`', '目录/文件.txt', 'tail/', 'back\\slash', '是 空格 '].map(n => `odd/${n}`);
    for (const name of names) await client.put(name, Buffer.from(name));
    const inBytes = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));
    assert.deepEqual(await keysBelow('odd/'), [...names].sort(inBytes));
    for (const name of names) assert.equal(await text(name), name);
    assert.deepEqual((await client.deleteMulti(names)).deleted.map(d => d.Key), names);
  });

  await check('range', async () => {
    await client.put('range', Buffer.from('0123456789'));
    for (const [Range, part] of [['bytes=2-4', '234'], ['bytes=7-', '789'], ['bytes=-3', '789']]) {
      const got = await client.get('range', { headers: { Range } });
      assert.deepEqual([got.res.status, got.content.toString()], [206, part]);
    }
  });

  await check('conditions', async () => {
    const { etag } = (await client.put('cond', Buffer.from('x'))).res.headers;
    assert.equal((await client.get('cond', { headers: { 'If-Match': etag } })).res.status, 200);
    assert.equal((await client.get('cond', { headers: { 'If-None-Match': etag } })).res.status, 304);
    await refused('PreconditionFailed', () => client.get('cond', { headers: { 'If-Match': '"other"' } }));
    await refused('FileAlreadyExists', () => client.put('cond', Buffer.from('y'), { headers: { 'x-oss-forbid-overwrite': 'true' } }));
    assert.equal(await text('cond'), 'x');
  });

  await check('copy', async () => {
    await client.put('copy source+', Buffer.from('text'), { meta: { a: '1' } });
    await client.copy('copy/kept', 'copy source+');
    assert.equal(await text('copy/kept'), 'text');
    assert.deepEqual((await client.head('copy/kept')).meta, { a: '1' });
    await client.putMeta('copy/kept', { b: '2' });
    assert.deepEqual((await client.head('copy/kept')).meta, { b: '2' });
    await refused('NoSuchKey', () => client.copy('copy/none', 'absent'));
  });

  await check('list: pages of both versions, folders', async () => {
    const keys = ['list/a/0', 'list/a/1', 'list/a/2', 'list/b/0', 'list/b/1', 'list/top'];
    for (const key of keys) await client.put(key, Buffer.from('1'));
    assert.deepEqual(await keysBelow('list/', 2), keys);
    const second = [];
    let token;
    do {
      const page = await client.listV2({ prefix: 'list/', 'max-keys': 2, ...(token ? { 'continuation-token': token } : {}) });
      second.push(...page.objects.map(object => object.name));
      token = page.nextContinuationToken;
    } while (token);
    assert.deepEqual(second, keys);
    const folded = await client.list({ prefix: 'list/', delimiter: '/' });
    assert.deepEqual([folded.prefixes, folded.objects.map(o => o.name)], [['list/a/', 'list/b/'], ['list/top']]);
  });

  await check('delete many', async () => {
    const keys = [...(await keysBelow('list/')), 'list/absent'];
    assert.deepEqual((await client.deleteMulti(keys)).deleted.map(d => d.Key), keys);
    assert.deepEqual(await keysBelow('list/'), []);
  });

  await check('append: twice with nextAppendPosition, then position from head', async () => {
    const first = await client.append('log', Buffer.from('first;'));
    const second = await client.append('log', Buffer.from('second;'), { position: first.nextAppendPosition });
    assert.deepEqual([first.nextAppendPosition, second.nextAppendPosition], ['6', '13']);
    const { headers } = (await client.head('log')).res;
    assert.deepEqual([headers['x-oss-object-type'], headers['x-oss-next-append-position']], ['Appendable', '13']);
    const third = await client.append('log', Buffer.from('third'), { position: headers['x-oss-next-append-position'] });
    assert.equal(third.nextAppendPosition, '18');
    assert.equal(await text('log'), 'first;second;third');
  });

  await check('append: PositionNotEqualToLength', async () => {
    for (const position of ['0', '17', '19']) {
      const error = await refused('PositionNotEqualToLength', () => client.append('log', Buffer.from('lost'), { position }));
      assert.deepEqual([error.status, error.message], [409, 'Position is not equal to file length']);
    }
    assert.equal(await text('log'), 'first;second;third');
  });

  await check('append: ObjectNotAppendable', async () => {
    await client.put('normal', Buffer.from('fixed'));
    for (const position of ['0', '5']) {
      const error = await refused('ObjectNotAppendable', () => client.append('normal', Buffer.from('more'), { position }));
      assert.equal(error.status, 409);
    }
    assert.equal(await text('normal'), 'fixed');
  });

  await check('append: a copy of an append object is refused', async () => {
    await refused('InvalidRequest', () => client.copy('log-copy', 'log'));
    assert.equal(await exists('log-copy'), false);
  });

  await check('presigned URLs', async () => {
    const name = 'signed/文件 1';
    const sign = (method, headers) => env.SDK_AUTH === 'v4'
      ? client.signatureUrlV4(method, 60, { headers }, name)
      : client.signatureUrl(name, { method, expires: 60, ...headers });
    const headers = { 'Content-Type': 'text/plain' };
    const body = Buffer.from('by url');
    const put = await sign('PUT', headers);
    assert.equal((await http('PUT', put, { body, headers }))[0], 200);
    assert.equal((await http('PUT', put, { body, headers: { 'Content-Type': 'text/other' } }))[0], 403);
    const get = await sign('GET', {});
    assert.deepEqual(await http('GET', get), [200, 'by url']);
    assert.equal((await http('GET', get.replace('signed', 'normal')))[0], 403);
  });

  await check('multipart: parts, list, complete, abort', async () => {
    const body = Buffer.alloc(250 * 1024, 'part');
    await client.multipartUpload('big', body, { partSize: 100 * 1024, parallel: 2 });
    const got = await client.get('big');
    assert.ok(got.content.equals(body));
    assert.equal(got.res.headers['x-oss-object-type'], 'Multipart');
    const { uploadId } = await client.initMultipartUpload('big');
    assert.deepEqual((await client.listUploads({ 'max-uploads': 10 })).uploads.map(u => u.uploadId), [uploadId]);
    await client.abortMultipartUpload('big', uploadId);
    await refused('NoSuchUpload', () => client.listParts('big', uploadId));
  });

  await check('multipart: a part copied, parts listed', async () => {
    const { uploadId } = await client.initMultipartUpload('copied part');
    const source = { sourceKey: 'normal', sourceBucketName: BUCKET };
    const { etag } = await client.uploadPartCopy('copied part', uploadId, 1, '1-3', source);
    // This client gives one part as itself and several as a list.
    const parts = [].concat((await client.listParts('copied part', uploadId)).parts);
    assert.deepEqual(parts.map(p => [p.PartNumber, p.Size]), [['1', '3']]);
    await client.completeMultipartUpload('copied part', uploadId, [{ number: 1, etag }]);
    assert.equal(await text('copied part'), 'ixe');
  });

  await check('tags and symlinks', async () => {
    await client.put('tagged', Buffer.from('1'), { headers: { 'x-oss-tagging': 'a=1&b=x%20y' } });
    assert.deepEqual({ ...(await client.getObjectTagging('tagged')).tag }, { a: '1', b: 'x y' });
    await client.putObjectTagging('tagged', { c: '3' });
    assert.deepEqual({ ...(await client.getObjectTagging('tagged')).tag }, { c: '3' });
    await client.deleteObjectTagging('tagged');
    assert.deepEqual({ ...(await client.getObjectTagging('tagged')).tag }, {});
    await client.putSymlink('link 1+', 'normal');
    assert.equal((await client.getSymlink('link 1+')).targetName, 'normal');
    assert.equal(await text('link 1+'), 'fixed');
  });

  await check('versions: two, a marker, each by its id', async () => {
    const name = `${BUCKET}-v`;
    await client.putBucket(name);
    await client.putBucketVersioning(name, 'Enabled');
    client.useBucket(name);
    try {
      const put = async body => (await client.put('k', Buffer.from(body))).res.headers['x-oss-version-id'];
      const first = await put('one');
      const second = await put('two');
      const { headers } = (await client.delete('k')).res;
      assert.equal(headers['x-oss-delete-marker'], 'true');
      const marker = headers['x-oss-version-id'];
      await refused('NoSuchKey', () => client.get('k'));
      assert.equal((await client.get('k', { versionId: first })).content.toString(), 'one');
      const listed = await client.getBucketVersions();
      assert.deepEqual(listed.objects.map(o => o.versionId), [second, first]);
      assert.deepEqual(listed.deleteMarker.map(o => o.versionId), [marker]);
      for (const versionId of [first, second, marker]) await client.delete('k', { versionId });
    } finally {
      client.useBucket(BUCKET);
    }
    await client.deleteBucket(name);
  });

  await check('archive: restored after a while', async () => {
    await client.put('frozen', Buffer.from('cold'), { headers: { 'x-oss-storage-class': 'ColdArchive' } });
    await refused('InvalidObjectState', () => client.get('frozen'));
    const restore = () => client.restore('frozen', { type: 'ColdArchive', Days: 2, JobParameters: 'Bulk' });
    assert.equal((await restore()).res.status, 202);
    await refused('RestoreAlreadyInProgress', restore);
    const deadline = Date.now() + 20000;
    while (!(await client.head('frozen')).res.headers['x-oss-restore'].startsWith('ongoing-request="false"')) {
      assert.ok(Date.now() < deadline, 'waited in vain for the restore');
      await new Promise(done => setTimeout(done, 50));
    }
    assert.equal(await text('frozen'), 'cold');
  });

  await check('acl of bucket and object, facts of the bucket, who pays', async () => {
    await client.putACL('normal', 'private');
    assert.equal((await client.getACL('normal')).acl, 'private');
    await client.putACL('normal', 'default');
    await client.putBucketACL(BUCKET, 'public-read');
    assert.equal((await client.getBucketACL(BUCKET)).acl, 'public-read');
    await client.putBucketACL(BUCKET, 'private');
    assert.equal((await client.getBucketLocation(BUCKET)).location, `oss-${env.SDK_REGION}`);
    assert.ok(Number((await client.getBucketStat(BUCKET)).stat.ObjectCount) > 0);
    assert.equal((await client.getObjectMeta('normal')).status, 200);
    await client.putBucketRequestPayment(BUCKET, 'Requester');
    assert.equal((await client.getBucketRequestPayment(BUCKET)).payer, 'Requester');
    await client.putBucketRequestPayment(BUCKET, 'BucketOwner');
  });

  await check('policy', async () => {
    const Resource = [`acs:oss:*:*:${BUCKET}/normal`];
    const policy = { Version: '1', Statement: [{ Action: ['oss:GetObject'], Effect: 'Allow', Principal: ['*'], Resource }] };
    await client.putBucketPolicy(BUCKET, policy);
    assert.deepEqual((await client.getBucketPolicy(BUCKET)).policy, policy);
    await client.deleteBucketPolicy(BUCKET);
    await refused('NoSuchBucketPolicy', async () => {
      const { res } = await client.getBucketPolicy(BUCKET);
      throw Object.assign(new Error(), { code: /<Code>(\w+)/.exec(res.data)[1], requestId: res.headers['x-oss-request-id'] });
    });
  });

  await check('retention: a policy that begins, is locked, and holds', async () => {
    const name = `${BUCKET}-w`;
    await client.putBucket(name);
    await client.initiateBucketWorm(name, '1');
    await client.abortBucketWorm(name);
    const { wormId } = await client.initiateBucketWorm(name, '1');
    await client.completeBucketWorm(name, wormId);
    await client.extendBucketWorm(name, wormId, '2');
    const found = await client.getBucketWorm(name);
    assert.deepEqual([found.state, found.days], ['Locked', '2']);
    client.useBucket(name);
    try {
      await client.append('log', Buffer.from('x'));
      await refused('FileImmutable', () => client.append('log', Buffer.from('y'), { position: '1' }));
      await refused('FileImmutable', () => client.delete('log'));
    } finally {
      client.useBucket(BUCKET);
    }
  });

  await check('callback: the application hears of the upload and answers it', async () => {
    const heard = [];
    const application = require('node:http').createServer((request, response) => {
      let body = '';
      request.on('data', piece => (body += piece));
      request.on('end', () => {
        heard.push(body);
        response.end('{"heard":true}');
      });
    });
    await new Promise(done => application.listen(0, '127.0.0.1', done));
    const callback = {
      url: `http://127.0.0.1:${application.address().port}/`,
      body: 'o=${object}&s=${size}&x=${x:a}',
      customValue: { a: '1 2' }
    };
    assert.deepEqual((await client.put('told', Buffer.from('hello'), { callback })).data, { heard: true });
    assert.deepEqual(heard, ['o=told&s=5&x=1%202']);
    await new Promise(done => application.close(done));
    await refused('CallbackFailed', () => client.put('told', Buffer.from('kept'), { callback }));
    assert.equal(await text('told'), 'kept');
  });

  await check('sts: the SDK\'s own AssumeRole, its refresh, and a token that is none', async () => {
    const sts = new OSS.STS({ accessKeyId: env.SDK_KEY_ID, accessKeySecret: env.SDK_KEY_SECRET, endpoint: env.SDK_STS_ENDPOINT });
    let asked = 0;
    const refreshSTSToken = async () => {
      asked++;
      const { AccessKeyId, AccessKeySecret, SecurityToken } = (await sts.assumeRole(env.SDK_ROLE, null, 900, 'node')).credentials;
      return { accessKeyId: AccessKeyId, accessKeySecret: AccessKeySecret, stsToken: SecurityToken };
    };
    const { accessKeyId, accessKeySecret, stsToken } = await refreshSTSToken();
    const refreshing = clientOf(accessKeyId, accessKeySecret, { stsToken, refreshSTSToken, refreshSTSTokenInterval: 0 });
    assert.equal((await refreshing.get('normal')).content.toString(), 'fixed');
    await refreshing.put('by sts', Buffer.from('x'));
    assert.ok(asked > 1, 'the token was never refreshed');
    const narrow = { Version: '1', Statement: [{ Effect: 'Allow', Action: ['oss:GetObject'], Resource: [`acs:oss:*:*:${BUCKET}/normal`] }] };
    const less = (await sts.assumeRole(env.SDK_ROLE, narrow, 900, 'node')).credentials;
    const narrowed = clientOf(less.AccessKeyId, less.AccessKeySecret, { stsToken: less.SecurityToken });
    assert.equal((await narrowed.get('normal')).content.toString(), 'fixed');
    await refused('AccessDenied', () => narrowed.get('by sts'));
    await refused('InvalidSecurityToken', () => clientOf(accessKeyId, accessKeySecret, { stsToken: 'none' }).get('normal'));
    await assert.rejects(() => sts.assumeRole(`${env.SDK_ROLE}-none`), { code: 'EntityNotExist.Role' });
  });

  await check('keys: wrong secret, unknown key', async () => {
    await refused('SignatureDoesNotMatch', () => clientOf(env.SDK_KEY_ID, `${env.SDK_KEY_SECRET}x`).get('normal'));
    await refused('InvalidAccessKeyId', () => clientOf('no-such-key').get('normal'));
  });

  await check('bucket: BucketNotEmpty, then empty and gone', async () => {
    await refused('BucketNotEmpty', () => client.deleteBucket(BUCKET));
    await client.deleteMulti(await keysBelow(''));
    await client.deleteBucket(BUCKET);
    await refused('NoSuchBucket', () => client.getBucketInfo(BUCKET));
  });

  console.log(`node: ${passed} passed, ${failed} failed`);
  process.exit(failed || !passed ? 1 : 0);
}

main();
