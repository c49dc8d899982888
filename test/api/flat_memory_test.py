"""Memory and disk: a job over an API into S3, whose peak of memory doesn't grow with what goes
through it, which writes nothing to a disk that it can't write to, and which lives in a small box
beside a slow lake.

    flat_memory_test.py SLUICE FAKE_API FAKE_S3 [--large]

--large: the story's sizes, and ten times as much; each with a stall of the lake, for the peaks, and
without one, for the rates.

What needs rights that aren't there (a mount namespace, a cgroup) is skipped in one line.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest

for folder in ('fake_api', 's3'):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / folder))
from counted import main as counted  # noqa: E402
from fake_api import FakeApi  # noqa: E402
from servers import BUCKET, fake_s3  # noqa: E402

MIB = 1 << 20
BOX_BYTES = 128 * MIB
RESIDENT_MIB_MAX = 64
PEAKS_RATIO_MAX = 1.15  # Pages of 4.75 and of 7.2 MB don't fill the pipe alike; 2.4 and 24 GB do.


class Ran:
    def __init__(self, code, out, mib, seconds):
        self.code, self.out, self.mib, self.seconds = code, out, mib, seconds


def run(api, s3, folder, before=(), name='all.jsonl.gz', memory='48MiB'):
    """A job over the API's cursors into the fake S3."""
    job = pathlib.Path(folder) / 'job.yaml'
    job.write_text(f"""name: flat
source:
  http:
    url: "{api.url('/cursor')}"
    next: {{ cursor: .next_token, as: token }}
decode: {{ json: {{ records: .items }} }}
sink: {{ lake: "s3://{BUCKET}/{name}/", name: "{name}", single_writer: true }}
""")
    began = time.monotonic()
    process = subprocess.Popen([*before, SLUICE, 'run', str(job), '--memory', memory, '--json'],
                               env={**os.environ, **s3.environment()}, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
    out, _ = process.communicate(timeout=1200)
    seconds = time.monotonic() - began
    found = re.search(r'"resident_peak_bytes": ?(\d+)', out)
    return Ran(process.returncode, out, int(found.group(1)) / MIB if found else 0, seconds)


def faults_done(s3):
    client = s3.client()
    counters = json.loads(client.control('GET', 'counters'))
    client.close()
    return counters['faults_done']


class FlatMemory(unittest.TestCase):
    def through(self, records, record_bytes, stall_ms=0):
        """The peak of a run, in MiB. Where the lake stalls once, near the beginning, all that is
        before it is as full as it ever gets; else a peak is the greatest of many chances, and the
        longer a run the greater."""
        fault = f'verb=put_part,after=1,times=8,do=delay={stall_ms}'
        stall = ('--fault', fault) if stall_ms else ()
        with FakeApi(FAKE_API, '--records', records, '--record-bytes', record_bytes,
                     '--page-records', 250) as api, \
                fake_s3(FAKE_S3, '--no-check-signature', *stall) as s3, \
                tempfile.TemporaryDirectory() as folder:
            ran = run(api, s3, folder)
            self.assertEqual(ran.code, 0, ran.out)
            self.assertIn(f'"records":{records}', ran.out.replace(' ', ''))
            stalled = faults_done(s3)
        self.assertEqual(stalled > 0, stall_ms > 0)
        how = f'{stalled} parts late by {stall_ms} ms' if stall_ms else 'no stall'
        rate = records * record_bytes / ran.seconds / 1e6
        print(f'{records} records of {record_bytes} bytes, {how}: {ran.seconds:.1f} s, '
              f'{rate:.0f} MB/s, peak {ran.mib:.1f} MiB', flush=True)
        self.assertLessEqual(ran.mib, RESIDENT_MIB_MAX)
        return ran.mib

    def test_the_peak_is_small_whatever_goes_through(self):
        if not IS_LARGE:
            for size in SMALL:
                self.through(*size, stall_ms=1000)
            return
        peaks = [self.through(*size, stall_ms=1500) for size in LARGE]
        for size in LARGE:
            self.through(*size)
        self.assertLessEqual(max(peaks), PEAKS_RATIO_MAX * min(peaks))


class NoDisk(unittest.TestCase):
    def test_nothing_is_written_where_nothing_can_be(self):
        read_only = ('mount --make-rprivate / && '
                     'while read -r _ where _ how _; do case $how in rw*) '
                     'mount -o remount,bind,ro "$where" 2>/dev/null || true;; esac; done '
                     '< /proc/self/mounts; ! touch /tmp/x /var/tmp/x 2>/dev/null || exit 77; '
                     'exec "$@"')
        with FakeApi(FAKE_API, '--records', 4000, '--record-bytes', 19000) as api, \
                fake_s3(FAKE_S3, '--no-check-signature') as s3, \
                tempfile.TemporaryDirectory() as folder:
            ran = run(api, s3, folder, ('unshare', '-m', 'sh', '-c', read_only, 'sh'))
        if ran.code == 77 or 'unshare:' in ran.out:
            self.skipTest('a file system without writing needs the right to mount')
        self.assertEqual(ran.code, 0, ran.out)
        self.assertIn('"records":4000', ran.out.replace(' ', ''))


class SmallBox(unittest.TestCase):
    def box(self):
        """A cgroup of BOX_BYTES, of either version."""
        for parent, limit in (('/sys/fs/cgroup/memory', 'memory.limit_in_bytes'),
                              ('/sys/fs/cgroup', 'memory.max')):
            box = pathlib.Path(parent) / f'sluice-{os.getpid()}'
            try:
                box.mkdir()
            except OSError:
                continue
            self.addCleanup(box.rmdir)
            try:
                (box / limit).write_text(str(BOX_BYTES))
                return box
            except OSError:
                continue
        self.skipTest('a box of 128 MiB needs the right to make a cgroup')

    def test_a_slow_lake_holds_the_api_up_and_nothing_grows(self):
        box = self.box()
        with FakeApi(FAKE_API, '--records', 2000, '--record-bytes', 19000) as api, \
                fake_s3(FAKE_S3, '--no-check-signature', '--bandwidth', 5_000_000) as s3, \
                tempfile.TemporaryDirectory() as folder:
            ran = run(api, s3, folder, ('sh', '-c', f'echo $$ > {box}/cgroup.procs; exec "$@"', 'sh'),
                      name='all.jsonl')
        print(f'38 MB into a lake of 5 MB/s for a connection, in a box of 128 MiB: '
              f'{ran.seconds:.1f} s, peak {ran.mib:.1f} MiB')
        self.assertEqual(ran.code, 0, ran.out)
        self.assertLessEqual(ran.mib, RESIDENT_MIB_MAX)


if __name__ == '__main__':
    SLUICE, FAKE_API, FAKE_S3 = sys.argv[1:4]
    IS_LARGE = '--large' in sys.argv
    SMALL = [(20000, 19000), (20000, 29000)]
    LARGE = [(83688, 19000), (83688, 29000), (836880, 29000)]
    counted([word for word in sys.argv[4:] if word != '--large'])
