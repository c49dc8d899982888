"""The fake S3 as a process, and what test cases about it share. Standard library only."""
import json
import subprocess
import unittest

from s3_client import Client


class FakeS3:
    program = None  # Its path; whoever runs the tests says it

    def __init__(self, *options):
        self.process = subprocess.Popen([FakeS3.program, *options], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith('listening on 127.0.0.1:'), self.process.stderr.read()
        self.port = int(line.rsplit(':', 1)[1])

    def end(self):
        self.process.terminate()
        code = self.process.wait(10)
        said = self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        assert code == 0, f'exits {code}: {said}'
        return said


class Case(unittest.TestCase):
    options = ()

    def setUp(self):
        self.fake = FakeS3('--bucket', 'lake', '--bucket', 'far@eu-west-1', '--key', 'AKIDTEST',
                           '--secret', 'hush/+hush', *self.options)
        self.s3 = Client(self.fake.port, 'AKIDTEST', 'hush/+hush')

    def tearDown(self):
        self.s3.close()
        self.fake.end()

    def counters(self):
        return json.loads(self.s3.control('GET', 'counters'))

    def faults(self, *specs):
        self.s3.control('POST', 'faults', '\n'.join(specs).encode())

    def expect(self, answer, status, code=None):
        self.assertEqual(answer.status, status, answer.body[:500])
        if code:
            self.assertEqual(answer.element('Code'), code)
        return answer

    def put(self, key, body=b'', **headers):
        return self.expect(self.s3.put(key, body, **headers), 200)

    def upload(self, key, parts, **headers):
        """Creates an upload and puts its parts; its id and what Complete wants to hear."""
        upload = self.expect(self.s3.request('POST', key, {'uploads': ''}, **headers),
                             200).element('UploadId')
        named = []
        for number, body in enumerate(parts, 1):
            tag = self.put_part(key, upload, number, body).headers['etag']
            named.append((number, tag))
        return upload, named

    def put_part(self, key, upload, number, body):
        return self.expect(self.s3.request(
            'PUT', key, {'partNumber': str(number), 'uploadId': upload}, body), 200)

    def complete(self, key, upload, named, **headers):
        xml = ''.join(f'<Part><PartNumber>{n}</PartNumber><ETag>{tag}</ETag></Part>'
                      for n, tag in named)
        body = f'<CompleteMultipartUpload>{xml}</CompleteMultipartUpload>'.encode()
        return self.s3.request('POST', key, {'uploadId': upload}, body, **headers)
