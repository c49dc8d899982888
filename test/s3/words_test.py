#!/usr/bin/env python3
"""What a job says of S3 is what the server is told: each word of the group `s3`, looked at in the
requests themselves, and what a job says that its server lacks.

    words_test.py --sluice build/sluice --fake-s3 build/test/fake_s3/fake_s3 [--only WORD]
"""
import argparse
import base64
import collections
import os
import shutil
import subprocess
import sys
import tempfile

import servers
from relay import Relay
from s3_lake import S3Lake, Wrong, expect, list_keys

KEPT = ['x-amz-server-side-encryption', 'x-amz-server-side-encryption-aws-kms-key-id', 'x-amz-acl',
        'x-amz-storage-class', 'x-amz-tagging']


def crc64nvme(data):
    """By the definition (NVM Express, 64b CRC), bit by bit."""
    crc = (1 << 64) - 1
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x9A6C9329AC4BC9B5 if crc & 1 else 0)
    return base64.b64encode((crc ^ ((1 << 64) - 1)).to_bytes(8, 'big')).decode()


def is_write(request):
    """Makes an object: a put, or the beginning of an upload."""
    return (request.method == 'PUT' and 'uploadId' not in request.query
            or request.method == 'POST' and 'uploads' in request.query)


def is_part(request):
    return request.method == 'PUT' and 'uploadId' in request.query


class Words:
    def __init__(self, options, root):
        self.root, self.jobs = root, 0
        self.sluice, self.program = (os.path.abspath(options.sluice),
                                     os.path.abspath(options.fake_s3))
        self.logs = os.path.join(root, 'logs')
        subprocess.run([self.sluice, 'generate', 'cloudtrail', self.logs, '--objects', '6',
                        '--records', '60', '--accounts', '2', '--regions', '2', '--seed', '3'],
                       check=True, stdout=subprocess.DEVNULL)

    def fake(self, *more):
        return servers.fake_s3(self.program, '--load', f'{servers.BUCKET}/logs', self.logs, *more)

    def lake(self, server, through=None, source='', sink='', alone=False):
        """A job with these words of S3 on its two sides."""
        self.jobs += 1
        lake = S3Lake(self.sluice, os.path.join(self.root, f'job-{self.jobs}'), server, 'lake/',
                      through=through)
        with open(lake.job, encoding='utf-8') as file:
            text = file.read()
        line = next(line for line in text.splitlines() if 'objects:' in line)
        url = line.split('objects: ')[1]
        if source:
            text = text.replace(line, f'  objects: {{ url: {url}, s3: {{ {source} }} }}')
        if sink:
            text += f'  s3: {{ {sink} }}\n'
        if alone:
            text += '  single_writer: true\n'
        with open(lake.job, 'w', encoding='utf-8') as file:
            file.write(text)
        return lake

    def requests(self, server, **words):
        """Of a run to its end: those about the logs, and the others."""
        with Relay(server.port) as relay:
            through = servers_through(server, relay)
            lake = self.lake(server, through=through, **words)
            lake.run_to_end()
            lake.check_records(self.logs)
            of_logs, others = [], []
            for one in relay.requests():
                about = one.query.get('prefix') or one.path
                (of_logs if 'logs/' in about else others).append(one)
            expect(of_logs and any(is_write(one) for one in others), 'nothing was asked')
            return of_logs, others

    # ---- each word -------------------------------------------------------------------------------

    def objects(self):
        """Encryption, ACL, class and tags go with what makes an object, and with nothing else."""
        wanted = dict(zip(KEPT, ['aws:kms', 'arn:aws:kms:eu-west-1:1:key/k',
                                 'bucket-owner-full-control', 'STANDARD_IA',
                                 'cost=a%20b&team=data']))
        with self.fake() as server:
            of_logs, others = self.requests(
                server, sink='encryption: kms, kms_key: "arn:aws:kms:eu-west-1:1:key/k", '
                'acl: bucket-owner-full-control, storage_class: STANDARD_IA, '
                'tags: { team: data, cost: "a b" }')
            for one in others + of_logs:
                said = {name: one.headers[name] for name in KEPT if name in one.headers}
                expect(said == (wanted if is_write(one) else {}),
                       f'{one.method} {one.path} {one.query} says {said}')
            kept = server.client().request(
                'HEAD', next(list_keys(server.client(), 'lake/region='))).headers
            expect(kept[KEPT[0]] == 'aws:kms' and kept['x-amz-storage-class'] == 'STANDARD_IA'
                   and kept['x-amz-tagging-count'] == '2'
                   and kept['x-fake-s3-acl'] == 'bucket-owner-full-control', f'kept: {kept}')
        return f'{sum(map(is_write, others))} writes say all five'

    def encryption_s3(self):
        with self.fake() as server:
            _, others = self.requests(server, sink='encryption: s3')
            for one in filter(is_write, others):
                expect(one.headers.get(KEPT[0]) == 'AES256' and KEPT[1] not in one.headers,
                       f'{one.path} says {one.headers}')
        return 'AES256'

    def nothing_said(self):
        with self.fake() as server:
            for requests in self.requests(server):
                for one in requests:
                    said = [name for name in KEPT + ['x-amz-expected-bucket-owner',
                                                     'x-amz-request-payer'] if name in one.headers]
                    expect(not said, f'{one.path} says {said}')
        return 'no header of these'

    def sides(self):
        """Owner and payer are said in every request, each side its own."""
        with self.fake('--owner', '111122223333') as server:
            of_logs, others = self.requests(server, source='requester_pays: true',
                                            sink='expected_owner: "111122223333"')
            for one in of_logs:
                expect(one.headers.get('x-amz-request-payer') == 'requester'
                       and 'x-amz-expected-bucket-owner' not in one.headers,
                       f'source: {one.headers}')
            for one in others:
                expect(one.headers.get('x-amz-expected-bucket-owner') == '111122223333'
                       and 'x-amz-request-payer' not in one.headers, f'lake: {one.headers}')
        return f'{len(of_logs)} of the source, {len(others)} of the lake'

    def other_owner(self):
        with self.fake('--owner', '111122223333') as server:
            ended = self.lake(server, sink='expected_owner: "999999999999"').run()
            expect(ended.code == 1 and 'AccessDenied' in ended.text(),
                   f'exits {ended.code}: {ended.text()}')
            written = [key for key in list_keys(server.client(), 'lake/')]
            expect(not written, f'it wrote {written}')
        return 'refused, nothing written'

    def unsigned(self):
        """The source's requests are nobody's, the lake's are signed as ever."""
        with self.fake('--no-check-signature') as server:
            of_logs, others = self.requests(server, source='unsigned: true')
            expect(not any('authorization' in one.headers for one in of_logs), 'source signs')
            expect(all('authorization' in one.headers for one in others), 'lake does not sign')
        with self.fake() as server:
            ended = self.lake(server, source='unsigned: true').run()
            expect(ended.code == 1 and 'AccessDenied' in ended.text(),
                   f'exits {ended.code}: {ended.text()}')
        return 'no signature; refused where one is wanted'

    def crc64(self):
        """Of each part, and of the object as a whole; the server has checked them."""
        with self.fake() as server:
            _, others = self.requests(server, sink='checksum: crc64nvme')
            for one in others:
                expect('x-amz-checksum-crc32c' not in one.headers, f'CRC32C in {one.path}')
                if one.method == 'PUT':
                    expect(one.headers.get('x-amz-checksum-crc64nvme') == crc64nvme(one.body),
                           f'{one.path} says {one.headers}')
                elif is_write(one):
                    expect(one.headers.get('x-amz-checksum-algorithm') == 'CRC64NVME' and
                           one.headers.get('x-amz-checksum-type') == 'FULL_OBJECT',
                           f'{one.path} says {one.headers}')
            expect(any(map(is_part, others)), 'no part was put')
            client = server.client()
            keys = list(list_keys(client, 'lake/region='))
            for key in keys:
                got = client.get(key, **{'x-amz-checksum-mode': 'ENABLED'})
                expect(got.headers.get('x-amz-checksum-crc64nvme') == crc64nvme(got.body),
                       f'{key}: {got.headers}')
        return f'{len(keys)} objects with the checksum of all their bytes'

    def no_checksum(self):
        with self.fake() as server:
            _, others = self.requests(server, sink='checksum: none')
            said = [one.headers for one in others
                    if any(name.startswith('x-amz-checksum') for name in one.headers)]
            expect(not said, f'it says {said}')
        return 'no header of checksums'

    # ---- what a server lacks ---------------------------------------------------------------------

    def lacks_all(self):
        """It isn't asked for what it doesn't know; records are there once, a redone unit too."""
        words = {'sink': 'lacks: [conditional_writes, exact_delete, complete_once, list_uploads]',
                 'alone': True}
        with self.fake() as server, Relay(server.port) as relay:
            lake = self.lake(server, through=servers_through(server, relay), **words)
            lake.run_to_end()
            with open(lake.job, encoding='utf-8') as file:
                text = file.read()
            with open(lake.job, 'w', encoding='utf-8') as file:  # Other keys: the old ones go
                file.write(text.replace('region={', 'area={'))
            lake.run_to_end('--redo')
            lake.check_records(self.logs)
            lake.check_verified()
            lake.check_no_upload()
            requests = relay.requests()
            for one in requests:
                if one.method in ('PUT', 'DELETE'):
                    expect('if-match' not in one.headers and 'if-none-match' not in one.headers,
                           f'{one.method} {one.path} expects something')
            expect(any(one.method == 'DELETE' and 'uploadId' not in one.query for one in requests),
                   'nothing was deleted')
            return f'{len(requests)} requests, none of them conditional'

    def lacks_without_promise(self):
        with self.fake() as server:
            ended = self.lake(server, sink='lacks: conditional_writes').run()
            expect(ended.code == 2 and 'single_writer: true' in ended.text(),
                   f'exits {ended.code}: {ended.text()}')
        return 'refused'

    def on_minio(self):
        return self.really(servers.minio(), 'exact_delete, list_uploads')

    def on_versitygw(self):
        return self.really(servers.versitygw(), 'complete_once')

    def really(self, server, lacks):
        with server:
            client = server.client()
            for folder, _, files in os.walk(self.logs):
                for name in files:
                    path = os.path.join(folder, name)
                    with open(path, 'rb') as file:
                        client.put('logs/' + os.path.relpath(path, self.logs), file.read())
            lake = self.lake(server, sink=f'lacks: [{lacks}]', alone=True)
            lake.run_to_end()
            lake.run_to_end('--redo')
            lake.check_records(self.logs)
            lake.check_verified()
            lake.check_no_upload()
            return f'{lacks}: each record once, after a redo too'


def servers_through(server, relay):
    """The server, reached by way of the relay."""
    class Through:
        @staticmethod
        def environment(**more):
            return {**server.environment(**more), 'AWS_ENDPOINT_URL': relay.endpoint()}
    return Through


PARTS = [Words.objects, Words.encryption_s3, Words.nothing_said, Words.sides, Words.other_owner,
         Words.unsigned, Words.crc64, Words.no_checksum, Words.lacks_all,
         Words.lacks_without_promise, Words.on_minio, Words.on_versitygw]


def main():
    words = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    words.add_argument('--sluice', required=True, help='the program')
    words.add_argument('--fake-s3', required=True, help='the fake')
    words.add_argument('--only', default='', help='the parts with this word in their name')
    options = words.parse_args()
    root = tempfile.mkdtemp(prefix='sluice-s3-words-')
    tests = Words(options, root)
    counts = collections.Counter()
    for part in PARTS:
        if options.only not in part.__name__:
            continue
        try:
            outcome, line = 'passed', part(tests)
        except servers.Missing as why:
            outcome, line = ('failed', f'FAILED: {why}') if servers.is_required() else (
                'skipped', f'skipped: {why}')
        except Wrong as what:
            outcome, line = 'failed', f'FAILED: {what}'
        counts[outcome] += 1
        print(f'{part.__name__.replace("_", " ")}: {line}', flush=True)
    shutil.rmtree(root)
    print(f'{counts["passed"]} passed, {counts["failed"]} failed, {counts["skipped"]} skipped')
    return 1 if counts['failed'] else 0


if __name__ == '__main__':
    sys.exit(main())
