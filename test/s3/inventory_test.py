#!/usr/bin/env python3
"""A bucket whose objects are found by its S3 Inventory: what Amazon would have written lies in a
bucket of the fake, and the job reads it instead of listing.

    inventory_test.py --sluice build/sluice --fake-s3 build/test/fake_s3/fake_s3
"""
import argparse
import csv
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

import servers
from relay import Relay
from s3_lake import S3Lake, Wrong, expect, list_keys

FOLDER = 'logs-bucket/all'


def put_inventory(client, keys, damaged=False):
    """Two files, the second half of the keys first, and the manifest; answers the manifest's URL."""
    files, half = [], len(keys) // 2
    for number, some in enumerate((keys[half:], keys[:half])):
        text = io.StringIO()
        rows = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator='\n')
        for key, size, etag in some:
            rows.writerow([servers.BUCKET, urllib.parse.quote_plus(key), size, etag])
        body = gzip.compress(text.getvalue().encode())
        name = f'{FOLDER}/data/{number}.csv.gz'
        client.put(name, body[:-9] + b'x' + body[-8:] if damaged else body)
        files.append({'key': name, 'size': len(body), 'MD5checksum': hashlib.md5(body).hexdigest()})
    manifest = {'sourceBucket': servers.BUCKET, 'destinationBucket': f'arn:aws:s3:::{servers.BUCKET}',
                'version': '2016-11-30', 'creationTimestamp': '1707440400000', 'fileFormat': 'CSV',
                'fileSchema': 'Bucket, Key, Size, ETag', 'files': files}
    name = f'{FOLDER}/2024-02-09T01-00Z/manifest.json'
    client.put(name, json.dumps(manifest).encode())
    return f's3://{servers.BUCKET}/{name}'


def with_inventory(lake, url):
    with open(lake.job, encoding='utf-8') as file:
        text = file.read()
    line = next(line for line in text.splitlines() if 'objects:' in line)
    objects = line.split('objects: ')[1]
    text = text.replace(line, f'  objects: {{ url: {objects}, inventory: "{url}" }}')
    with open(lake.job, 'w', encoding='utf-8') as file:
        file.write(text)


def listed(client):
    """Of the logs: key, size, ETag."""
    return [(key, len(answer.body), answer.headers['etag'].strip('"'))
            for key in list_keys(client, 'logs/') for answer in [client.get(key)]]


def check(sluice, fake, root):
    logs = os.path.join(root, 'logs')
    subprocess.run([sluice, 'generate', 'cloudtrail', logs, '--objects', '40', '--records', '400',
                    '--accounts', '3', '--regions', '3', '--seed', '5'], check=True,
                   stdout=subprocess.DEVNULL)
    with servers.fake_s3(fake, '--load', f'{servers.BUCKET}/logs', logs) as server, \
            Relay(server.port) as relay:
        class Through:
            @staticmethod
            def environment(**more):
                return {**server.environment(**more), 'AWS_ENDPOINT_URL': relay.endpoint()}
        client = server.client()
        keys = listed(client)
        lake = S3Lake(sluice, os.path.join(root, 'job'), server, 'lake/', through=Through)
        with_inventory(lake, put_inventory(client, keys))
        lake.run_to_end()
        lake.check_records(logs)
        lake.check_verified()
        lists = [one.query for one in relay.requests()
                 if one.query.get('prefix', '').startswith('logs/')]
        expect(not lists, f'the logs were listed: {lists}')
        print(f'{len(keys)} objects read, none listed')

        # One is gone since: set aside, the rest goes on.
        gone = next(key for key, _, _ in keys if '2024/02/08' in key)
        client.request('DELETE', gone)
        ended = lake.run('--redo')
        expect(ended.code == 3 and 'vanished' in ended.text(), f'{ended.code}: {ended.text()}')
        print('what vanished since is set aside')

        with_bad = S3Lake(sluice, os.path.join(root, 'bad'), server, 'other/')
        with_inventory(with_bad, put_inventory(client, keys, damaged=True))
        ended = with_bad.run()
        expect(ended.code == 1 and '.csv.gz' in ended.text(), f'{ended.code}: {ended.text()}')
        print('a damaged file ends the run')

        not_one = S3Lake(sluice, os.path.join(root, 'not'), server, 'another/')
        with_inventory(not_one, f's3://{servers.BUCKET}/{FOLDER}/data/0.csv.gz')
        ended = not_one.run()
        expect(ended.code == 2 and 'manifest.json' in ended.text(), f'{ended.code}: {ended.text()}')
        print('what is no manifest is refused')

        missing = S3Lake(sluice, os.path.join(root, 'missing'), server, 'fourth/', through=Through)
        with_inventory(missing, f's3://{servers.BUCKET}/{FOLDER}/2020-01-01T01-00Z/manifest.json')
        before = len(relay.requests())
        ended = missing.run()
        expect(ended.code == 1 and '2020-01-01T01-00Z/manifest.json' in ended.text(),
               f'{ended.code}: {ended.text()}')
        asked = len(relay.requests()) - before
        expect(asked < 30, f'{asked} requests for a manifest that is not there')
        expect(not [one for one in relay.requests()[before:] if 'uploads' in one.query and
                    one.method == 'POST'], 'an upload was opened')
        print(f'a manifest that is not there ends the run, after {asked} requests')


def main():
    words = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    words.add_argument('--sluice', required=True, help='the program')
    words.add_argument('--fake-s3', required=True, help='the fake')
    options = words.parse_args()
    root = tempfile.mkdtemp(prefix='sluice-s3-inventory-')
    failed = 0
    try:
        check(os.path.abspath(options.sluice), os.path.abspath(options.fake_s3), root)
    except Wrong as what:
        failed = 1
        print(f'FAILED: {what}')
    shutil.rmtree(root)
    print(f'{1 - failed} passed, {failed} failed, 0 skipped')
    return failed


if __name__ == '__main__':
    sys.exit(main())
