"""Every verb of S3, as its documentation says."""
import base64
import hashlib
import os

from cases import Case
from s3_client import Client

MIB = 1 << 20


def crc32c(body):
    crc = 0xFFFFFFFF
    for byte in body:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return base64.b64encode((crc ^ 0xFFFFFFFF).to_bytes(4, 'big')).decode()


class Objects(Case):
    def test_put_get_head_delete(self):
        body = os.urandom(100_000)
        tag = f'"{hashlib.md5(body).hexdigest()}"'
        kept = {'x-amz-meta-sluice': 'job/unit/7', 'content-type': 'text/plain',
                'content-encoding': 'gzip', 'x-amz-storage-class': 'STANDARD_IA',
                'x-amz-server-side-encryption': 'AES256'}
        put = self.put('a/b c+d/é&~.txt', body, **kept)
        self.assertEqual(put.headers['etag'], tag)
        self.assertEqual(put.headers['x-amz-server-side-encryption'], 'AES256')
        for method in ('GET', 'HEAD'):
            got = self.expect(self.s3.request(method, 'a/b c+d/é&~.txt'), 200)
            self.assertEqual(got.body, body if method == 'GET' else b'')
            self.assertEqual(got.headers['content-length'], '100000')
            self.assertEqual(got.headers['etag'], tag)
            for name, value in kept.items():
                self.assertEqual(got.headers[name], value)
        self.expect(self.s3.request('DELETE', 'a/b c+d/é&~.txt'), 204)
        self.expect(self.s3.request('DELETE', 'a/b c+d/é&~.txt'), 204)
        self.expect(self.s3.get('a/b c+d/é&~.txt'), 404, 'NoSuchKey')
        self.expect(self.s3.request('HEAD', 'a/b c+d/é&~.txt'), 404)

    def test_ranges(self):
        self.put('k', b'0123456789')
        for spec, wanted, span in (('0-3', b'0123', '0-3'), ('7-', b'789', '7-9'),
                                   ('-4', b'6789', '6-9'), ('8-99', b'89', '8-9')):
            got = self.expect(self.s3.get('k', range='bytes=' + spec), 206)
            self.assertEqual((got.body, got.headers['content-range']),
                             (wanted, f'bytes {span}/10'))
        self.expect(self.s3.get('k', range='bytes=10-'), 416, 'InvalidRange')
        self.assertEqual(self.expect(self.s3.get('k', range='lines=1-2'), 200).body, b'0123456789')
        self.put('empty')
        self.expect(self.s3.get('empty', range='bytes=0-'), 416, 'InvalidRange')

    def test_read_conditions(self):
        tag = self.put('k', b'x').headers['etag']
        self.expect(self.s3.get('k', **{'if-match': tag}), 200)
        self.expect(self.s3.get('k', **{'if-match': '"no"'}), 412, 'PreconditionFailed')
        self.expect(self.s3.get('k', **{'if-none-match': tag}), 304)

    def test_write_conditions(self):
        tag = self.put('k', b'1', **{'if-none-match': '*'}).headers['etag']
        self.expect(self.s3.put('k', b'2', **{'if-none-match': '*'}), 412, 'PreconditionFailed')
        self.expect(self.s3.put('k', b'2', **{'if-match': '"no"'}), 412, 'PreconditionFailed')
        self.put('k', b'3', **{'if-match': tag})
        self.expect(self.s3.put('none', b'', **{'if-match': tag}), 404, 'NoSuchKey')
        self.expect(self.s3.request('DELETE', 'k', **{'if-match': tag}), 412, 'PreconditionFailed')
        self.expect(self.s3.request('DELETE', 'none', **{'if-match': tag}), 404, 'NoSuchKey')
        self.assertEqual(self.s3.get('k').body, b'3')

    def test_digests(self):
        body = b'hello world'
        right = {'content-md5': base64.b64encode(hashlib.md5(body).digest()).decode(),
                 'x-amz-checksum-crc32c': 'yZRlqg==', 'x-amz-checksum-crc32': 'DUoRhQ==',
                 'x-amz-checksum-crc64nvme': 'jSnVw/bqjr4=',
                 'x-amz-checksum-sha256': base64.b64encode(hashlib.sha256(body).digest()).decode()}
        for name, value in right.items():
            self.put('k', body, **{name: value})
            self.expect(self.s3.put('k', b'hello_world', **{name: value}), 400, 'BadDigest')
            if name != 'content-md5':
                got = self.s3.request('HEAD', 'k', **{'x-amz-checksum-mode': 'ENABLED'})
                self.assertEqual(got.headers[name], value)
        wrong = hashlib.sha256(b'other').hexdigest()
        self.expect(self.s3.put('k', body, **{'x-amz-content-sha256': wrong}), 400,
                    'XAmzContentSHA256Mismatch')
        self.put('k', body, **{'x-amz-content-sha256': 'UNSIGNED-PAYLOAD'})

    def test_chunked_uploads(self):
        body = (b'5\r\nhello\r\n6;chunk-signature=0\r\n world\r\n0\r\n'
                b'x-amz-checksum-crc32c:yZRlqg==\r\n\r\n')
        headers = {'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
                   'x-amz-decoded-content-length': '11', 'content-encoding': 'aws-chunked',
                   'x-amz-trailer': 'x-amz-checksum-crc32c'}
        self.put('k', body, **headers)
        got = self.s3.get('k')
        self.assertEqual(got.body, b'hello world')
        self.assertNotIn('content-encoding', got.headers)
        self.expect(self.s3.put('k', body.replace(b'world', b'w0rld'), **headers), 400, 'BadDigest')

    def test_tags_acl_and_owner(self):
        self.put('k', b'', **{'x-amz-tagging': 'a=1&b=2', 'x-amz-acl': 'private',
                              'x-amz-expected-bucket-owner': '111122223333'})
        got = self.s3.request('HEAD', 'k')
        self.assertEqual(got.headers['x-amz-tagging-count'], '2')
        self.assertEqual(got.headers['x-fake-s3-acl'], 'private')
        tags = self.expect(self.s3.request('GET', 'k', {'tagging': ''}), 200)
        self.assertEqual(tags.elements('Key'), ['a', 'b'])
        self.expect(self.s3.get('k', **{'x-amz-expected-bucket-owner': '9'}), 403, 'AccessDenied')

    def test_kms_etags_are_no_md5(self):
        kms = {'x-amz-server-side-encryption': 'aws:kms',
               'x-amz-server-side-encryption-aws-kms-key-id': 'arn:aws:kms:us-east-1:1:key/2'}
        put = self.put('k', b'x', **kms)
        got = self.s3.request('HEAD', 'k')
        for name, value in kms.items():
            self.assertEqual((put.headers[name], got.headers[name]), (value, value))
        self.assertNotEqual(put.headers['etag'], f'"{hashlib.md5(b"x").hexdigest()}"')

    def test_batch_delete(self):
        for key in ('a', 'b', 'c<&>'):
            self.put(key)
        xml = ('<Delete><Object><Key>a</Key></Object><Object><Key>c&lt;&amp;&gt;</Key></Object>'
               '<Object><Key>b</Key><ETag>"no"</ETag></Object>'
               '<Object><Key>none</Key></Object></Delete>').encode()
        digest = base64.b64encode(hashlib.md5(xml).digest()).decode()
        done = self.expect(self.s3.request('POST', '', {'delete': ''}, xml,
                                           **{'content-md5': digest}), 200)
        self.assertEqual(done.text().count('<Deleted>'), 3)
        self.assertEqual(done.element('Code'), 'PreconditionFailed')
        self.assertEqual(self.s3.get('', {'list-type': '2'}).elements('Key'), ['b'])
        self.expect(self.s3.request('POST', '', {'delete': ''}, xml), 400, 'InvalidRequest')

    def test_buckets(self):
        self.assertEqual(self.expect(self.s3.request('HEAD', ''), 200)
                         .headers['x-amz-bucket-region'], 'us-east-1')
        self.expect(self.s3.request('GET', '', {'location': ''}), 200)
        other = Client(self.fake.port, 'AKIDTEST', 'hush/+hush', bucket='none')
        self.expect(other.get('k'), 404, 'NoSuchBucket')
        self.expect(other.request('PUT', ''), 200)
        self.expect(other.put('k', b'x'), 200)
        other.close()


class Lists(Case):
    keys = ['a', 'a b', 'a/1', 'a/2', 'b/x/1', 'b/y', 'c', 'ü', '\U0001F600']

    def pages(self, **query):
        found, prefixes, count = [], [], 0
        while True:
            page = self.expect(self.s3.get('', {'list-type': '2', **query}), 200)
            found += page.elements('Key')
            prefixes += [p for p in page.elements('Prefix')[1:] if p]
            count += 1
            if page.element('IsTruncated') == 'false':
                return found, prefixes, count
            query['continuation-token'] = page.element('NextContinuationToken')

    def test_listing(self):
        for key in reversed(self.keys):
            self.put(key)
        in_order = sorted(self.keys, key=lambda key: key.encode())
        self.assertEqual(self.pages()[0], in_order)
        self.assertEqual(self.pages(**{'max-keys': '2'})[0], in_order)
        self.assertEqual(self.pages(prefix='a')[0], ['a', 'a b', 'a/1', 'a/2'])
        self.assertEqual(self.pages(**{'start-after': 'a/1'})[0][0], 'a/2')
        for most in ('1', '2', '3', '1000'):
            found, prefixes, _ = self.pages(delimiter='/', **{'max-keys': most})
            self.assertEqual((found, prefixes),
                             (['a', 'a b', 'c', 'ü', '\U0001F600'], ['a/', 'b/']))
        self.assertEqual(self.pages(delimiter='/', prefix='b/')[1], ['b/x/'])
        encoded = self.s3.get('', {'list-type': '2', 'encoding-type': 'url', 'prefix': 'a '})
        self.assertEqual(encoded.elements('Key'), ['a+b'])
        self.expect(self.s3.get('', {'list-type': '2', 'max-keys': 'x'}), 400, 'InvalidArgument')

    def test_the_first_version_of_listing(self):
        for key in self.keys:
            self.put(key)
        page = self.expect(self.s3.get('', {'delimiter': '/', 'max-keys': '3'}), 200)
        self.assertEqual(page.elements('Key'), ['a', 'a b'])
        marker = page.element('NextMarker')
        self.assertEqual(marker, 'a/')
        page = self.expect(self.s3.get('', {'delimiter': '/', 'marker': marker}), 200)
        self.assertEqual(page.elements('Key'), ['c', 'ü', '\U0001F600'])
        self.expect(self.s3.get('', {'versions': ''}), 501, 'NotImplemented')

    def test_odd_keys(self):
        for key in ('n\nl', 'x//y', '%41', 'q?r', '"', '..', 'p+s', '&amp;', '\x01'):
            self.put(key, key.encode())
            self.assertEqual(self.s3.get(key).body, key.encode())
            self.expect(self.s3.request('DELETE', key), 204)
        self.assertEqual(self.pages()[0], [])

    def test_uploads_are_listed(self):
        made = [(key, self.upload(key, [])[0]) for key in ('b', 'a', 'a', 'c/d')]
        made.sort()
        found, query = [], {'uploads': '', 'max-uploads': '1'}
        while True:
            page = self.expect(self.s3.get('', query), 200)
            found += list(zip(page.elements('Key'), page.elements('UploadId')))
            if page.element('IsTruncated') == 'false':
                break
            query['key-marker'] = page.element('NextKeyMarker')
            query['upload-id-marker'] = page.element('NextUploadIdMarker')
        self.assertEqual(found, made)
        below = self.s3.get('', {'uploads': '', 'prefix': 'c/'})
        self.assertEqual(below.elements('Key'), ['c/d'])
        self.assertEqual(self.counters()['open_uploads'], 4)


class Uploads(Case):
    def test_complete(self):
        parts = [os.urandom(5 * MIB), os.urandom(5 * MIB), b'tail']
        upload, named = self.upload('k', parts, **{'x-amz-meta-sluice': 'j/u/1'})
        self.expect(self.s3.get('k'), 404, 'NoSuchKey')
        listed = self.expect(self.s3.get('k', {'uploadId': upload, 'max-parts': '2'}), 200)
        self.assertEqual(listed.elements('PartNumber'), ['1', '2'])
        self.assertEqual(listed.element('NextPartNumberMarker'), '2')
        done = self.expect(self.complete('k', upload, named), 200)
        digests = b''.join(hashlib.md5(part).digest() for part in parts)
        tag = f'"{hashlib.md5(digests).hexdigest()}-3"'
        self.assertEqual(done.element('ETag'), tag)
        got = self.s3.get('k')
        self.assertEqual(got.body, b''.join(parts))
        self.assertEqual((got.headers['etag'], got.headers['x-amz-meta-sluice']), (tag, 'j/u/1'))
        middle = self.s3.get('k', range=f'bytes={5 * MIB - 2}-{5 * MIB + 1}')
        self.assertEqual(middle.body, parts[0][-2:] + parts[1][:2])
        self.expect(self.complete('k', upload, named), 404, 'NoSuchUpload')
        self.assertEqual(self.counters()['open_uploads'], 0)

    def test_what_complete_refuses(self):
        upload, named = self.upload('k', [b'small', b'last'])
        self.expect(self.complete('k', upload, named), 400, 'EntityTooSmall')
        self.expect(self.complete('k', upload, named[::-1]), 400, 'InvalidPartOrder')
        self.expect(self.complete('k', upload, [(1, '"no"')]), 400, 'InvalidPart')
        self.expect(self.complete('k', upload, [(9, '"no"')]), 400, 'InvalidPart')
        self.expect(self.complete('k', upload, []), 400, 'MalformedXML')
        self.put('k', b'there')
        none = {'if-none-match': '*'}
        self.expect(self.complete('k', upload, named[:1], **none), 412, 'PreconditionFailed')
        self.expect(self.complete('k', upload, named[1:]), 200)
        self.assertEqual(self.s3.get('k').body, b'last')

    def test_abort(self):
        upload, named = self.upload('k', [b'x'])
        self.expect(self.s3.request('DELETE', 'k', {'uploadId': upload}), 204)
        self.expect(self.s3.request('DELETE', 'k', {'uploadId': upload}), 404, 'NoSuchUpload')
        self.expect(self.complete('k', upload, named), 404, 'NoSuchUpload')
        self.expect(self.s3.request('PUT', 'k', {'partNumber': '1', 'uploadId': upload}, b''),
                    404, 'NoSuchUpload')

    def test_part_checksums(self):
        crc = crc32c(b'hello world')
        composite = crc32c(base64.b64decode(crc)) + '-1'
        for kind, whole in (('COMPOSITE', composite), ('FULL_OBJECT', crc)):
            created = self.s3.request('POST', 'k', {'uploads': ''}, **{
                'x-amz-checksum-algorithm': 'CRC32C', 'x-amz-checksum-type': kind})
            upload = created.element('UploadId')
            query = {'partNumber': '1', 'uploadId': upload}
            self.expect(self.s3.request('PUT', 'k', query, b'hello world'), 400, 'InvalidRequest')
            put = self.expect(self.s3.request('PUT', 'k', query, b'hello world',
                                              **{'x-amz-checksum-crc32c': crc}), 200)
            if kind == 'COMPOSITE':
                self.expect(self.complete('k', upload, [(1, put.headers['etag'])]), 400,
                            'InvalidRequest')
            xml = (f'<C><Part><ChecksumCRC32C>{crc}</ChecksumCRC32C><PartNumber>1</PartNumber>'
                   f'<ETag>{put.headers["etag"]}</ETag></Part></C>').encode()
            done = self.expect(self.s3.request('POST', 'k', {'uploadId': upload}, xml), 200)
            self.assertEqual(done.element('ChecksumCRC32C'), whole)
