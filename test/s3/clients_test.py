#!/usr/bin/env python3
"""What Sluice wrote is what others read: boto3 and the AWS CLI get each object of a lake with its
checksum verified, from the fake S3, versitygw and MinIO; and Sluice reads what boto3 wrote.

    clients_test.py --sluice build/sluice --fake-s3 build/test/fake_s3/fake_s3 [--only WORD]
"""
import argparse
import base64
import collections
import glob
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile

import servers
from s3_lake import DAY, S3Lake, Wrong, expect, list_keys

# In boto3's own environment: writes the logs, or reads every key that it is told, each body checked
# by the response's checksum; prints what it read as JSON.
BY_BOTO3 = r'''
import base64, json, os, sys
import boto3
from botocore.config import Config
config = Config(s3={"addressing_style": "path"}, response_checksum_validation="when_supported",
                request_checksum_calculation="when_supported")
client = boto3.client("s3", config=config)
bucket, what = sys.argv[1], sys.argv[2]
if what == "put":
    for folder, _, files in os.walk(sys.argv[3]):
        for name in files:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                client.put_object(Bucket=bucket, Key="logs/" + os.path.relpath(path, sys.argv[3]),
                                  Body=file.read())
    sys.exit(0)
found = []
for key in json.load(sys.stdin):
    answer = client.get_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    body = answer["Body"].read()
    found.append({"key": key, "body": base64.b64encode(body).decode(),
                  "checksum": answer.get("ChecksumCRC32C", ""),
                  "mark": answer["Metadata"].get("sluice", "")})
json.dump(found, sys.stdout)
'''


def crc32c(data):
    """By the definition (RFC 3720, B.4), bit by bit: nothing of Sluice, nothing of boto3."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return (crc ^ 0xFFFFFFFF).to_bytes(4, 'big')


def checksum_of(body):
    """Of an object of one part: S3's composite checksum is that of the parts' checksums."""
    return base64.b64encode(crc32c(crc32c(body))).decode() + '-1'


class Clients:
    def __init__(self, options, root):
        self.root, self.program = root, os.path.abspath(options.fake_s3)
        self.sluice = os.path.abspath(options.sluice)
        self.logs = os.path.join(root, 'logs')
        self.boto3 = servers.find('venv/boto3/bin/python3')
        self.awscli = servers.find('venv/awscli/bin/aws')
        self.lakes = 0
        subprocess.run([self.sluice, 'generate', 'cloudtrail', self.logs, '--objects', '12',
                        '--records', '200', '--accounts', '2', '--regions', '3', '--seed', '7'],
                       check=True, stdout=subprocess.DEVNULL)

    @staticmethod
    def run(command, server, **more):
        environment = {**os.environ, **server.environment(AWS_DEFAULT_REGION=servers.REGION)}
        # botocore knows CRC32C where awscrt is (./dev servers awscrt); elsewhere only we verify.
        crt = glob.glob(str(servers.cache() / 'venv/awscrt/lib/python3*/site-packages'))
        environment['PYTHONPATH'] = os.pathsep.join(crt)
        ended = subprocess.run(command, env=environment, capture_output=True, timeout=120,
                               check=False, **more)
        expect(ended.returncode == 0, f'{os.path.basename(command[0])} exits {ended.returncode}: '
                                      f'{ended.stderr.decode(errors="replace")[-800:]}')
        return ended.stdout

    def on(self, server):
        with server:
            self.run([self.boto3, '-c', BY_BOTO3, servers.BUCKET, 'put', self.logs], server)
            self.lakes += 1
            folder = os.path.join(self.root, f'job-{self.lakes}')
            lake = S3Lake(self.sluice, folder, server, 'lake/')
            lake.run_to_end()
            lake.check_verified()
            lake.check_records(self.logs)
            keys = [key for key in list_keys(lake.client, 'lake/region=')]
            expect(len(keys) == 3, f'3 objects were wanted, not {keys}')
            checked = self.by_boto3(server, keys)
            self.by_awscli(server, keys, checked)
            self.records_are_read(server)
            return f'{len(keys)} objects read by boto3 and the AWS CLI, checksums verified'

    def by_boto3(self, server, keys):
        found = json.loads(self.run([self.boto3, '-c', BY_BOTO3, servers.BUCKET, 'get'], server,
                                    input=json.dumps(keys).encode()))
        lines = collections.Counter()
        for one in found:
            body = base64.b64decode(one['body'])
            expect(one['checksum'] == checksum_of(body),
                   f'{one["key"]} has the checksum {one["checksum"]}, not {checksum_of(body)}')
            expect(one['mark'].startswith('trail/'), f'{one["key"]} has no mark: {one["mark"]}')
            lines.update(gzip.decompress(body).splitlines())
        expect(lines.total() == 200, f'{lines.total()} records, not 200')
        return {one['key']: one['checksum'] for one in found}

    def by_awscli(self, server, keys, checksums):
        path = os.path.join(self.root, 'object')
        for key in keys:
            said = json.loads(self.run(
                [self.awscli, 's3api', 'get-object', '--bucket', servers.BUCKET, '--key', key,
                 '--checksum-mode', 'ENABLED', '--output', 'json', path], server))
            expect(said.get('ChecksumCRC32C') == checksums[key], f'{key}: {said}')
            with open(path, 'rb') as file:
                expect(gzip.decompress(file.read()), f'{key} is empty')

    def records_are_read(self, server):
        """The state too: it is put whole, so its checksum is that of its bytes."""
        key = f'lake/_sluice/trail/{DAY}.json'
        found = json.loads(self.run([self.boto3, '-c', BY_BOTO3, servers.BUCKET, 'get'], server,
                                    input=json.dumps([key]).encode()))[0]
        body = base64.b64decode(found['body'])
        expect(found['checksum'] == base64.b64encode(crc32c(body)).decode(),
               f'{key} has the checksum {found["checksum"]}')


def main():
    words = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    words.add_argument('--sluice', required=True, help='the program')
    words.add_argument('--fake-s3', required=True, help='the fake')
    words.add_argument('--only', default='', help='this server alone')
    options = words.parse_args()
    root = tempfile.mkdtemp(prefix='sluice-s3-clients-')
    counts = collections.Counter()
    for name in ('fake_s3', 'versitygw', 'minio'):
        if options.only not in name:
            continue
        try:
            clients = Clients(options, root)
            server = {'fake_s3': lambda: servers.fake_s3(clients.program),
                      'versitygw': servers.versitygw, 'minio': servers.minio}[name]()
            print(f'{name}: {clients.on(server)}', flush=True)
            counts['passed'] += 1
        except servers.Missing as why:
            missing = f'{name}: FAILED: {why}' if servers.is_required() else f'skipped: {why}'
            print(missing, flush=True)
            counts['failed' if servers.is_required() else 'skipped'] += 1
        except Wrong as what:
            print(f'{name}: FAILED: {what}', flush=True)
            counts['failed'] += 1
    shutil.rmtree(root)
    print(f'{counts["passed"]} passed, {counts["failed"]} failed, {counts["skipped"]} skipped')
    return 1 if counts['failed'] else 0


if __name__ == '__main__':
    sys.exit(main())
