"""A job whose logs and lake are in a bucket: test/kill/lake.py's Lake, looked at over S3."""
import collections
import gzip
import hashlib
import json
import pathlib
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'kill'))
from lake import Lake, Wrong, expect

import servers

JOB = '''name: trail
units: { each: day, late: 100000d }
source:
  objects: "LOGS/AWSLogs/{path.account}/CloudTrail/{path.region}/{unit:%Y/%m/%d}/"
decode: { json: { records: .Records } }
sink:
  lake: "LAKE"
  partition: "region={.awsRegion}/"
  format: jsonl.gz
'''
DAY = '2024-02-08'


def list_keys(client, prefix):
    token = None
    while True:
        query = {'list-type': '2', 'prefix': prefix, 'encoding-type': 'url'}
        if token:
            query['continuation-token'] = token
        answer = client.get('', query)
        expect(answer.status == 200, f'list {prefix}: {answer.status} {answer.body[:300]}')
        yield from (urllib.parse.unquote_plus(key) for key in answer.elements('Key'))
        token = answer.element('NextContinuationToken')
        if not token:
            return


class S3Lake(Lake):
    """`prefix` is its own. It reads LOGS; what it is told goes to `endpoint_of`, which may break
    answers, while what is looked at here goes to the server itself."""

    def __init__(self, sluice, folder, server, prefix, logs='s3://' + servers.BUCKET + '/logs',
                 through=None):
        self.server, self.prefix, self.client = server, prefix, server.client()
        self.environment = (through or server).environment()
        super().__init__(sluice, folder, JOB.replace('LOGS', logs), DAY)
        url = f's3://{servers.BUCKET}/{prefix}'
        with open(self.job, 'w', encoding='utf-8') as file:
            file.write(JOB.replace('LOGS', logs).replace('LAKE', url))

    def start(self, *more, verb='run', env=None, **popen):
        return super().start(*more, verb=verb, env={**self.environment, **(env or {})}, **popen)

    def bodies(self):
        for key in list_keys(self.client, self.prefix):
            path = key[len(self.prefix):]
            if not any(word.startswith(('_', '.')) for word in path.split('/')):
                answer = self.client.get(key)
                expect(answer.status == 200, f'get {key}: {answer.status}')
                yield path, answer.body

    def objects(self):
        return {path: hashlib.sha256(body).hexdigest() for path, body in self.bodies()}

    def lines(self):
        lines = collections.Counter()
        for _, body in self.bodies():
            lines.update(gzip.decompress(body).splitlines())
        return lines

    def open_uploads(self):
        """What the server has open, of anybody: nobody else writes there."""
        if self.server.name == 'fake_s3':
            counters = json.loads(self.client.control('GET', 'counters'))
            return [upload['key'] for upload in counters['uploads']]
        answer = self.client.get('', {'uploads': ''})
        return [key for key in answer.elements('Key')]

    def record(self, job, unit):
        """Asked again if one of the faults hits it."""
        while True:
            answer = self.client.get(f'{self.prefix}_sluice/{job}/{unit}.json')
            if answer.status == 200:
                return json.loads(answer.body)
            if answer.status == 404:
                return {}
