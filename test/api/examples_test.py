"""The examples over APIs, as they stand in examples/: each is right by `check`, and run against
exchanges in its API's shape (recorded/, our own) it asks for each of them once and brings every
record. GitHub's also against exchanges that were recorded by others, where those are.

    examples_test.py SLUICE FAKE_API [unittest's words]
"""
import gzip
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / 'fake_api'))
from counted import main  # noqa: E402
from fake_api import FakeApi  # noqa: E402
from recorded_api import RecordedApi  # noqa: E402

SLUICE, FAKE_API = sys.argv[1:3]
ENVIRONMENT = {**os.environ, 'GITHUB_TOKEN': 'T-github', 'SLACK_TOKEN': 'T-slack',
               'NOTION_TOKEN': 'T-notion', 'NOTION_DATABASE': 'd1', 'NVD_API_KEY': 'T-nvd',
               'TENANT': 't1', 'CLIENT_ID': 'c1', 'CLIENT_SECRET': 'T-graph',
               'AWS_EC2_METADATA_DISABLED': 'true'}
DAY = '2026-02-28'
# The examples over APIs are those with `http:`; the test fails if one has no recording.
EXAMPLES = sorted(path for path in (ROOT / 'examples').glob('*.yaml')
                  if '\n  http:\n' in path.read_text())


def run(folder, *words):
    """The exit code, and all that was said."""
    ran = subprocess.run([SLUICE, *map(str, words)], cwd=folder, env=ENVIRONMENT,
                         capture_output=True, text=True, timeout=120)
    return ran.returncode, ran.stdout + ran.stderr


def sluice(folder, *words, code=0):
    ended, said = run(folder, *words)
    assert ended == code, f'{words}: {ended}\n{said}'
    return said


def records(folder):
    """Of all objects below a folder's lake, in order."""
    found = []
    for path in sorted((folder / 'lake').rglob('*.jsonl.gz')):
        if not any(part[0] in '._' for part in path.relative_to(folder).parts):
            found += map(json.loads, gzip.decompress(path.read_bytes()).splitlines())
    return found


def answered(file, way):
    """The records in a file's answers, where the path leads to them."""
    found = []
    for exchange in json.loads(file.read_text()):
        value = exchange['response']
        for key in way:
            value = value.get(key) if isinstance(value, dict) else value
        if isinstance(value, list):
            found += value
    return found


class Examples(unittest.TestCase):
    def run_example(self, name, *words, way=(), runs=1):
        """Runs it in a folder of its own; the records that were to come, and those that came."""
        file = HERE / 'recorded' / f'{name}.json'
        with tempfile.TemporaryDirectory(prefix='sluice-example-') as made, \
                RecordedApi(file) as api:
            folder = pathlib.Path(made)
            text = (ROOT / 'examples' / f'{name}.yaml').read_text()
            # The source's URL is another server's; nothing else is changed.
            (folder / 'job.yaml').write_text(api.moved(text))
            for _ in range(runs):
                code, said = run(folder, 'run', 'job.yaml', *words)
                self.assertEqual(api.surprises(), [])
                self.assertEqual(code, 0, said)
            self.assertEqual(api.not_asked_for(), [])
            for secret in ('T-github', 'T-slack', 'T-notion', 'T-nvd', 'T-graph', 'T-access'):
                self.assertNotIn(secret, said)
            sluice(folder, 'verify', 'job.yaml', *words)
            moved = [json.loads(api.moved(json.dumps(one))) for one in answered(file, way)]
            return moved, records(folder)

    def test_every_example_is_right_and_has_a_recording(self):
        self.assertGreaterEqual(len(EXAMPLES), 7)
        for path in EXAMPLES:
            with self.subTest(path.stem), tempfile.TemporaryDirectory() as folder:
                said = sluice(folder, 'check', path)
                self.assertIn(f'ok  {path}', said)
                self.assertNotIn('warning', said)
                self.assertEqual(os.listdir(folder), [])
                self.assertTrue((HERE / 'recorded' / f'{path.stem}.json').exists())
                self.assertTrue(hasattr(self, f'test_{path.stem}'))
                self.assertIn(f'({path.name})', (ROOT / 'examples' / 'README.md').read_text())

    def test_github_issues(self):
        expected, came = self.run_example('github_issues', '--units', DAY, way=())
        self.assertEqual(came, expected)
        self.assertEqual(came[-1]['id'], 9007199254740993)

    def test_github_comments(self):
        expected, came = self.run_example('github_comments', way=(), runs=2)
        self.assertEqual(len(expected), 6)  # The last one of the first run comes twice.
        self.assertEqual(sorted(came, key=str),
                         sorted({str(one): one for one in expected}.values(), key=str))

    def test_pokeapi(self):
        expected, came = self.run_example('pokeapi', way=('results',))
        self.assertEqual(len(came), 5)
        self.assertEqual(came, expected)

    def test_slack_users(self):
        expected, came = self.run_example('slack_users', '--units', DAY, way=('members',))
        for one in expected:
            one['profile'].pop('email', None)
            one['profile'].pop('phone', None)
            one['ingest_date'] = DAY
        self.assertEqual(came, expected)

    def test_notion_pages(self):
        expected, came = self.run_example('notion_pages', '--units', DAY, way=('results',))
        self.assertEqual([json.loads(one['properties']) for one in came],
                         [one['properties'] for one in expected])
        self.assertEqual([one['id'] for one in came], ['p1', 'p2', 'p3'])

    def test_github_graphql(self):
        expected, came = self.run_example(
            'github_graphql', '--units', DAY, way=('data', 'repository', 'releases', 'nodes'))
        self.assertEqual(came, expected)

    def test_nvd_cves(self):
        # The second day is empty: no object, and no error.
        expected, came = self.run_example('nvd_cves', '--from', DAY, '--to', '2026-03-01',
                                          way=('vulnerabilities',))
        self.assertEqual(len(came), 3)
        self.assertEqual(came, expected)

    def test_graph_users(self):
        expected, came = self.run_example('graph_users', '--units', DAY, way=('value',))
        self.assertEqual(came, expected)

    def test_an_answer_that_refuses_is_no_empty_page(self):
        text = (ROOT / 'examples' / 'slack_users.yaml').read_text()
        with tempfile.TemporaryDirectory(prefix='sluice-example-') as made:
            folder = pathlib.Path(made)
            (folder / 'refused.json').write_text(json.dumps([{
                'scope': 'https://slack.com', 'method': 'get', 'path': '/api/users.list?limit=200',
                'status': 200, 'response': {'ok': False, 'error': 'invalid_auth'}}] * 3))
            with RecordedApi(folder / 'refused.json') as api:
                (folder / 'job.yaml').write_text(api.moved(text))
                said = sluice(folder, 'run', 'job.yaml', '--units', DAY, code=1)
                self.assertIn('no .members', said)
                self.assertEqual(records(folder), [])


class RecordedByOthers(unittest.TestCase):
    def test_github_issues_as_octokit_recorded_them(self):
        shared = os.environ.get('SLUICE_SHARED')
        if not shared:
            self.skipTest('octokit recordings need ../shared/data')
        recordings = pathlib.Path(shared) / 'data' / 'http-octokit'
        text = (ROOT / 'examples' / 'github_issues.yaml').read_text()
        with tempfile.TemporaryDirectory(prefix='sluice-example-') as made, \
                FakeApi(FAKE_API, '--exchanges', recordings) as api:
            folder = pathlib.Path(made)
            asked = 'query: { state: all, sort: created, direction: asc, per_page: "100" }'
            self.assertIn(asked, text)
            text = text.replace(asked, 'query: { per_page: "3" }')
            text = text.replace('https://api.github.com/repos/duckdb/duckdb',
                                api.url('/exchange/repos/octokit-fixture-org/paginate-issues'))
            (folder / 'job.yaml').write_text(text)
            sluice(folder, 'run', 'job.yaml', '--units', DAY)
            came = records(folder)
            # 13 issues, 3 a page; the next page lies below /repositories/1000/issues.
            self.assertEqual([one['number'] for one in came], list(range(13, 0, -1)))


class OverObjects(unittest.TestCase):
    def test_every_example_is_right(self):
        others = sorted(set((ROOT / 'examples').glob('*.yaml')) - set(EXAMPLES))
        self.assertGreaterEqual(len(others), 4)
        for path in others:
            with self.subTest(path.stem), tempfile.TemporaryDirectory() as folder:
                # Only what they read isn't there.
                self.assertIn(f'ok  {path}', run(folder, 'check', path)[1])
                self.assertIn(f'({path.name})', (ROOT / 'examples' / 'README.md').read_text())

    @unittest.skipUnless(shutil.which('zstd'), 'no zstd to read what is written')
    def test_app_logs(self):
        lines = [{'time': '2026-02-28T10:01:02Z', 'level': 'warn', 'password': 'p',
                  'user': {'email': 'e', 'id': 7}, 'context': {'a': [1, 2]}},
                 {'time': '2026-02-28T10:01:03Z', 'level': 'info'},
                 {'level': 'error', 'context': 'text'}]
        with tempfile.TemporaryDirectory(prefix='sluice-example-') as made:
            folder = pathlib.Path(made)
            given = folder / 'logs/app/web/2026/02/28/10'
            given.mkdir(parents=True)
            (given / 'one.jsonl').write_text('\n'.join(map(json.dumps, lines)))
            job = ROOT / 'examples' / 'app_logs.yaml'
            sluice(folder, 'run', job, '--units', '2026-02-28T10')
            sluice(folder, 'verify', job, '--units', '2026-02-28T10')
            came = {}
            for path in (folder / 'lake/app-logs').glob('service=*/dt=*/*.jsonl.zst'):
                text = subprocess.run(['zstd', '-dc', path], check=True, capture_output=True).stdout
                came[path.parent.name] = [json.loads(line) for line in text.splitlines()]
        more = {'service': 'web', 'hour': '2026-02-28T10'}
        self.assertEqual(came, {
            'dt=2026-02-28': [{'time': '2026-02-28T10:01:02Z', 'level': 'warn', 'user': {'id': 7},
                               'context': '{"a": [1, 2]}', **more}],
            'dt=__HIVE_DEFAULT_PARTITION__': [{'level': 'error', 'context': 'text', **more}]})


if __name__ == '__main__':
    main(sys.argv[3:])
