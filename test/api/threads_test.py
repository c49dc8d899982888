"""A machine that gives no more threads or processes: a run ends with an error in words or does its
work with those that it has, never by an abort, and the next one does the rest.

    threads_test.py SLUICE FAKE_API [unittest's words]
"""
import http.server
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

from answering import Answering
from counted import main as counted

NOBODY = 61234  # Whom nothing else belongs to: its processes and threads are the run's alone
LIMITS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16)
ROWS = 40


class Pages(Answering):
    def do_GET(self):
        self.answer(200, json.dumps({'items': [{'id': number} for number in range(ROWS)]}).encode())


@unittest.skipUnless(os.geteuid() == 0, 'wants to be root, who may become somebody else')
class FewThreads(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='sluice-threads-'))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.program = self.folder / 'sluice'
        shutil.copy(sys.argv[1], self.program)
        os.chmod(self.folder, 0o777)

    def run_with(self, job, limit, *words):
        def become_nobody():
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            if limit:
                resource.setrlimit(resource.RLIMIT_NPROC, (limit, limit))
        return subprocess.run([self.program, 'run', str(job), *words], cwd=self.folder,
                              preexec_fn=become_nobody, capture_output=True, text=True, timeout=60,
                              env={'PATH': os.environ['PATH'], 'HOME': str(self.folder)},
                              check=False)

    def with_each(self, source, decode, more='', count=ROWS):
        ended = set()
        for limit in LIMITS:
            with self.subTest(limit):
                lake = self.folder / f'lake-{limit}'
                job = self.folder / f'job-{limit}.yaml'
                job.write_text(f'name: j\nsource: {source}\ndecode: {decode}\n{more}'
                               f'sink: {{ lake: "{lake}/", name: all.jsonl, fsync: false }}\n')
                ran = self.run_with(job, limit, '--workers', '3')
                said = ran.stdout + ran.stderr
                self.assertIn(ran.returncode, (0, 1), said)
                if ran.returncode == 1:
                    self.assertRegex(said, 'thread|process|fork', said)
                ended.add(ran.returncode)
                again = self.run_with(job, None)
                self.assertEqual(again.returncode, 0, again.stdout + again.stderr)
                lines = (lake / 'all.jsonl').read_text().splitlines()
                self.assertEqual([json.loads(line)['id'] for line in lines], list(range(count)))
        self.assertIn(1, ended, 'no limit was ever too low')
        self.assertIn(0, ended, 'no limit was ever enough')

    def test_objects_in_a_directory(self):
        source = self.folder / 'in'
        source.mkdir()
        for name in range(4):
            (source / f'{name}.jsonl').write_text(
                ''.join('{"id":%d}\n' % (10 * name + i) for i in range(10)))
        self.with_each(f'{{ objects: "{source}/" }}', 'jsonl')

    def test_pages_of_an_api(self):
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Pages)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.with_each(f'{{ http: {{ url: "http://localhost:{server.server_port}/items" }} }}',
                       '{ json: { records: .items } }')

    def test_a_program_and_jq(self):
        rows = self.folder / 'rows'
        rows.write_text(''.join('{"id":%d}\n' % number for number in range(ROWS)))
        self.with_each(f'{{ exec: [ cat, "{rows}" ] }}', 'jsonl', 'transform: [ { jq: "." } ]\n')


if __name__ == '__main__':
    counted(sys.argv[3:])
