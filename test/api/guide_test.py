"""docs/your-api.md does what it says: its job files and its words are right by `check`, its commands
run over an API, and what it quotes is what the program says.

    guide_test.py SLUICE FAKE_API [unittest's words]
"""
import gzip
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'fake_api'))
from counted import main  # noqa: E402
from fake_api import FakeApi  # noqa: E402

SLUICE, FAKE_API = sys.argv[1:3]
GUIDE = (HERE.parent.parent / 'docs' / 'your-api.md').read_text()
ENVIRONMENT = {**os.environ, 'API_TOKEN': 'T-api', 'ONE': 'a1', 'TWO': 'a2', 'API_PASSWORD': 'a3',
               'API_KEY': 'a4', 'SECRET': 'a5', 'AWS_ACCESS_KEY_ID': 'a6',
               'AWS_SECRET_ACCESS_KEY': 'a7'}
JOBS = re.findall(r'```yaml\n(.*?)```', GUIDE, re.S)
ORDERS, DAYS, CHANGES, EXPORT = JOBS
URL = 'https://api.example.com/v1/orders'


def section(number):
    return re.search(rf'^## {number}\..*?(?=^## |\Z)', GUIDE, re.S | re.M)[0]


def commands(number):
    """Of a section; without what is said about them."""
    return [line.split('  #')[0].strip() for line in section(number).splitlines()
            if line.startswith('    sluice ')]


class Guide(unittest.TestCase):
    def setUp(self):
        made = tempfile.TemporaryDirectory(prefix='sluice-guide-')
        self.addCleanup(made.cleanup)
        self.folder = pathlib.Path(made.name)

    def api(self, *options):
        api = FakeApi(FAKE_API, '--records', 3000, '--record-bytes', 300, '--bearer', 'T-api',
                      *options)
        self.addCleanup(api.end)
        return api

    def say(self, line, code=0, environment=None):
        words = shlex.split(line)
        self.assertEqual(words[0], 'sluice')
        ran = subprocess.run([SLUICE, *words[1:]], cwd=self.folder, capture_output=True, text=True,
                             env={**ENVIRONMENT, **(environment or {})}, timeout=60)
        said = ran.stdout + ran.stderr
        self.assertEqual(ran.returncode, code, f'{line}\n{said}')
        return said

    def write(self, job, name='orders.yaml'):
        (self.folder / name).write_text(job)

    def lines(self):
        """Of all objects in the lake, and their folders."""
        paths = sorted(path for path in (self.folder / 'lake').rglob('*.jsonl.gz')
                       if not any(part[0] in '._' for part in path.relative_to(self.folder).parts))
        return ([line for path in paths for line in gzip.decompress(path.read_bytes()).splitlines()],
                [path.parent.name for path in paths])

    def test_its_job_files_are_right(self):
        for job in JOBS:
            self.write(job)
            self.assertIn('ok  orders.yaml', self.say('sluice check orders.yaml'))

    def test_its_words_are_right(self):
        found = re.findall(r'`((?:next|auth|rate|units|parallel|records|decode|detail): [^`]*)`', GUIDE)
        self.assertGreater(len(found), 18)
        for words in found:
            with self.subTest(words):
                name = words.split(':')[0]
                job = ORDERS
                if name == 'records':
                    job = job.replace('records: .items', words)
                elif name == 'decode':
                    job = re.sub(r'^decode: .*$', words, job, flags=re.M)
                    job = re.sub(r'^    next: .*$', '    next: { page: page }', job, flags=re.M)
                elif name == 'units':
                    job = job.replace('source:', words + '\nsource:')
                    job = job.replace('orders-{n}', '{unit}-{n}')
                elif name == 'parallel':
                    job = re.sub(r'^    next: .*$', '    next: { page: page }\n    ' + words, job,
                                 flags=re.M)
                elif name in ('rate', 'detail'):
                    job = job.replace('    auth:', f'    {words}\n    auth:')
                else:
                    job = re.sub(rf'^    {name}: .*$', lambda _: '    ' + words, job, flags=re.M)
                self.assertIn(words, job)
                self.write(job)
                self.say('sluice check orders.yaml')

    def test_where_secrets_may_lie(self):
        found = re.findall(r'`(\$\{(?:file|secretsmanager|ssm):[^`]*)`', GUIDE)
        self.assertEqual(len(found), 3)
        for reference in found:
            self.write(ORDERS.replace('${API_TOKEN}', reference))
            self.say('sluice check orders.yaml')

    def test_its_first_look_makes_a_job(self):
        api = self.api()
        line = re.search(r'^    (sluice init .*)$', section(1), re.M)[1]
        self.say(line.replace(URL, api.url('/cursor')).replace('$API_TOKEN', 'T-api'))
        self.say('sluice run orders.yaml')
        self.assertEqual(self.lines()[0], api.expected())

    def test_its_first_job_runs(self):
        api = self.api()
        self.write(ORDERS.replace(URL, api.url('/cursor')))
        said = [self.say(line) for line in commands(2)]
        self.assertEqual(len(said), 4)
        self.assertIn('partition  orders-00000.jsonl.gz', said[1])
        self.assertEqual(self.lines()[0], api.expected())

    def test_its_days_run(self):
        api = self.api('--seconds-apart', 60)
        self.write(DAYS.replace(URL, api.url('/window')))
        said = [self.say(line) for line in commands(5)]
        self.assertEqual(len(said), 3)
        self.assertIn('3 done', said[2])
        lines, folders = self.lines()
        self.assertEqual(len(lines), 3000)
        self.assertTrue(all(b'"ingest_date":"2026-11-0' in line for line in lines))
        for day in ('2026-11-01', '2026-11-02', '2026-11-03'):
            self.assertIn('date=' + day, folders)

    def test_what_it_quotes_is_said(self):
        api = self.api('--seconds-apart', 60)
        too_many, refused = re.search(r'```text\n(.*?)```', GUIDE, re.S)[1].splitlines()
        job = DAYS.replace(URL, api.url('/window')).replace('max_pages: 450', 'max_pages: 3')
        self.write(job)
        run = 'sluice run orders.yaml --units 2026-11-01'
        self.assertIn(too_many, self.say(run, code=1))
        self.assertIn(refused.replace(URL, api.url('/window')),
                      self.say(run, code=1, environment={'API_TOKEN': 'wrong'}))
        self.assertEqual(self.lines()[0], [])

    def test_its_way_out_runs(self):
        self.write(EXPORT)
        program = self.folder / 'fetch_orders.py'
        checkpoint = re.search(r'`(\{"sluice".*?\}\})`', GUIDE)[1]
        program.write_text('#!/usr/bin/env python3\nimport sys\n'
                           'print(\'{"day": "%s"}\' % sys.argv[2])\n'
                           f"print('{checkpoint}')\n")
        program.chmod(0o755)
        self.say('sluice run orders.yaml --units 2026-11-01')
        self.assertEqual(self.lines(), ([b'{"day": "2026-11-01"}'], ['date=2026-11-01']))


if __name__ == '__main__':
    main(sys.argv[3:])
