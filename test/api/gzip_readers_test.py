"""Others read the lake's gzip objects to their end: gzip, Python, Java. Each object is one member of
RFC 1952 and nothing behind it, from however many parts, cores and runs it was made.

    gzip_readers_test.py SLUICE FAKE_API [unittest's words]

Where there is no java its test is skipped.
"""
import base64
import gzip
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'fake_api'))
from api_job import Job  # noqa: E402
from counted import main as counted  # noqa: E402
from fake_api import FakeApi  # noqa: E402

SLUICE, FAKE_API = sys.argv[1:3]
READ_GZIP = pathlib.Path(__file__).resolve().parent / 'ReadGzip.java'
RECORDS = 300
PARTS_MIN = 4  # Of 5 MiB
HEADER = b'\x1f\x8b\x08\0\0\0\0\0'  # Deflate, no name, no time: the same text gives the same bytes.


def documents(path):
    """What hardly compresses, so that there are many parts; but no two records as long."""
    chance = random.Random(1)
    path.write_text(json.dumps(
        [{'id': i, 'noise': base64.b64encode(chance.randbytes(75_000 + i)).decode()}
         for i in range(RECORDS)]))


class Made:
    """Objects, each made in a way of its own out of the same records."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='sluice-gzip-'))
        self.objects = {}
        documents(self.folder / 'documents.json')
        with FakeApi(FAKE_API, '--documents', self.folder / 'documents.json', '--page-records', 10,
                     '--latency', 20) as self.api:
            self.text = b''.join(line + b'\n' for line in self.api.expected())
            self.make('one core', '--workers', 1)
            self.make('several cores', '--workers', 4)
            self.make('small', '--workers', 4, level='{ jsonl.gz: { level: small } }')
            self.make('resumed', '--workers', 4, killed=True)
        with FakeApi(FAKE_API, '--records', 1) as self.api:
            self.one_record = b''.join(line + b'\n' for line in self.api.expected())
            self.make('one record', parts_min=1)

    def make(self, name, *words, level='jsonl.gz', killed=False, parts_min=PARTS_MIN):
        source = f'url: "{self.api.url("/cursor")}"\nnext: {{ cursor: .next_token, as: token }}'
        with Job(SLUICE, source) as job:
            job.write(source, sink='{ lake: "%s/", name: "all.jsonl.gz", format: %s }'
                                   % (job.lake, level))
            if killed:
                job.run(*words, meanwhile=lambda process: kill_at_checkpoint(job, process))
                self.api.reset()
            ran = job.run(*words)
            assert ran.code == 0, ran.out + ran.err
            went_on = '1' not in self.api.counters()['pages']['/cursor']
            assert went_on == killed, 'the first page came again'
            parts = int(re.search(r'put_part +(\d+)', ran.out).group(1))
            assert killed or parts >= parts_min, f'{parts} parts'
            [made] = job.objects()
            self.objects[name] = shutil.copy(made, self.folder / f'{name}.gz')

    def text_of(self, name):
        return self.one_record if name == 'one record' else self.text

    def end(self):
        shutil.rmtree(self.folder)


def kill_at_checkpoint(job, process):
    until = time.monotonic() + 60
    while not (job.record() or {}).get('checkpoint'):
        assert time.monotonic() < until and process.poll() is None, 'no checkpoint'
        time.sleep(0.01)
    process.kill()


class Readers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.made = Made()
        cls.addClassCleanup(cls.made.end)

    def each(self):
        for name, path in self.made.objects.items():
            with self.subTest(name):
                yield path, self.made.text_of(name)

    def test_it_is_one_member_and_nothing_behind_it(self):
        for path, text in self.each():
            data = path.read_bytes()
            self.assertEqual(data[:len(HEADER)], HEADER)
            member = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
            self.assertTrue(member.decompress(data) == text)
            self.assertTrue(member.eof)
            self.assertEqual(member.unused_data, b'')
            self.assertEqual(data[-8:], zlib.crc32(text).to_bytes(4, 'little')
                             + len(text).to_bytes(4, 'little'))

    def test_neither_cores_nor_a_kill_show(self):
        one, *others = (self.made.objects[name].read_bytes()
                        for name in ('one core', 'several cores', 'resumed'))
        for other in others:
            self.assertTrue(one == other)

    def test_gzip_reads_it(self):
        for path, text in self.each():
            tested = subprocess.run(['gzip', '-tv', path], capture_output=True, text=True,
                                    check=False)
            self.assertEqual(tested.returncode, 0, tested.stderr)
            self.assertIn('OK', tested.stderr)
            self.assertNotIn('ignored', tested.stderr)
            read = subprocess.run(['gzip', '-dc', path], capture_output=True, check=True)
            self.assertTrue(read.stdout == text)
            self.assertEqual(read.stderr, b'')

    def test_python_reads_it(self):
        for path, text in self.each():
            with gzip.open(path) as file:
                self.assertTrue(file.read() == text)

    def test_java_reads_it(self):
        if not shutil.which('java'):
            self.skipTest('java is not here')
        paths = self.made.objects.values()
        read = subprocess.run(['java', READ_GZIP, *paths], capture_output=True, text=True,
                              check=False)
        self.assertEqual(read.returncode, 0, read.stderr)
        texts = [self.made.text_of(name) for name in self.made.objects]
        self.assertEqual(read.stdout.splitlines(),
                         [f'{len(text)} {zlib.crc32(text)}' for text in texts])


if __name__ == '__main__':
    counted(sys.argv[3:])
