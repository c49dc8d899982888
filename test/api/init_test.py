"""`sluice init URL`: the job that it writes for each style of API is right by `check`, runs, and
brings all records; what it was told in secret isn't in it; it overwrites nothing.

    init_test.py SLUICE FAKE_API [unittest's words]
"""
import gzip
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'fake_api'))
from counted import main  # noqa: E402
from fake_api import FakeApi  # noqa: E402

SLUICE, FAKE_API = sys.argv[1:3]


class Init(unittest.TestCase):
    def setUp(self):
        made = tempfile.TemporaryDirectory(prefix='sluice-init-')
        self.addCleanup(made.cleanup)
        self.folder = pathlib.Path(made.name)

    def start(self, *options, records=350):
        self.api = FakeApi(FAKE_API, '--records', records, '--record-bytes', 300, *options)
        self.addCleanup(self.api.end)

    def sluice(self, *words, code=0, environment=None):
        ran = subprocess.run([SLUICE, *map(str, words)], cwd=self.folder, capture_output=True,
                             text=True, env={**os.environ, **(environment or {})}, timeout=60)
        self.assertEqual(ran.returncode, code, f'{words}\n{ran.stdout}{ran.stderr}')
        return ran.stdout + ran.stderr

    def lines(self):
        return [line for path in sorted((self.folder / 'lake').rglob('*.jsonl.gz'))
                if not any(part[0] in '._' for part in path.relative_to(self.folder).parts)
                for line in gzip.decompress(path.read_bytes()).splitlines()]

    def brings_all(self, path, *options, words=(), environment=None, lines='json'):
        self.start(*options)
        job = self.sluice('init', *words, self.api.url(path))
        (self.folder / 'job.yaml').write_text(job)
        said = self.sluice('check', 'job.yaml', environment=environment)
        self.assertNotIn('warning', said)
        self.sluice('run', 'job.yaml', environment=environment)
        if lines == 'json':
            self.assertEqual(self.lines(), self.api.expected())
        self.assertEqual(len(self.lines()), 350)
        return job

    def test_a_cursor_in_the_body(self):
        self.brings_all('/cursor')

    def test_cursors_of_other_names(self):
        for key, word in (('nextPageToken', 'pageToken'), ('next_cursor', 'cursor'),
                          ('nextToken', 'nextToken'), ('next_page_token', 'page_token'),
                          ('endCursor', 'after'), ('continuation', 'continuation'),
                          ('scroll_id', 'scroll_id')):
            with self.subTest(key):
                self.setUp()
                job = self.brings_all('/cursor', '--token-key', key, '--token-parameter', word)
                self.assertIn(f'as: {word}', job)

    def test_a_cursor_in_the_last_page_too(self):
        for kind in ('null', 'empty', 'past', 'same'):
            with self.subTest(kind):
                self.setUp()
                self.brings_all('/cursor', '--last-token', kind)

    def test_a_cursor_in_a_header(self):
        self.brings_all('/cursor-header', '--token-parameter', 'cursor')

    def test_urls_in_the_body(self):
        for kind in ('absolute', 'path', 'query'):
            with self.subTest(kind):
                self.setUp()
                job = self.brings_all('/next-url', '--links', kind)
                self.assertIn('next: { url: .next }', job)

    def test_link_headers(self):
        for kind in ('absolute', 'path'):
            with self.subTest(kind):
                self.setUp()
                self.assertIn('next: { link: next }', self.brings_all('/link', '--links', kind))

    def test_page_numbers(self):
        for path in ('/page', '/page?page=1', '/page?base=0&page=0', '/page?per_page=50&page=1'):
            with self.subTest(path):
                self.setUp()
                self.brings_all(path)

    def test_offsets(self):
        for path in ('/offset?offset=0&limit=50', '/offset?offset=0'):
            with self.subTest(path):
                self.setUp()
                self.brings_all(path)

    def test_lines_and_csv(self):
        self.assertIn('decode: jsonl', self.brings_all('/ndjson?page=1'))
        self.setUp()
        self.assertIn('decode: csv', self.brings_all('/csv?page=1', lines='csv'))

    def test_records_under_another_name_behind_the_envelope(self):
        job = self.brings_all('/cursor', '--records-key', 'the rows', '--envelope-first', '--gzip')
        self.assertIn('records: ".\\"the rows\\"" }', job)

    def test_secrets_are_used_and_not_written(self):
        job = self.brings_all('/cursor', '--bearer', 'S3CR3T',
                              words=('-H', 'Authorization: Bearer S3CR3T'),
                              environment={'API_TOKEN': 'S3CR3T'})
        self.assertNotIn('S3CR3T', job)
        self.setUp()
        job = self.brings_all('/cursor', '--api-key-header', 'X-Key=S3CR3T',
                              words=('--header', 'X-Key: S3CR3T', '-H', 'Accept: */*'),
                              environment={'API_TOKEN': 'S3CR3T'})
        self.assertNotIn('S3CR3T', job)
        self.assertIn('Accept', job)
        self.setUp()
        self.start('--api-key-query', 'api_key=S3CR3T')
        job = self.sluice('init', self.api.url('/cursor?api_key=S3CR3T'))
        self.assertNotIn('S3CR3T', job)
        (self.folder / 'job.yaml').write_text(job)
        self.sluice('run', 'job.yaml', environment={'API_KEY': 'S3CR3T'})
        self.assertEqual(self.lines(), self.api.expected())
        said = self.sluice('init', self.api.url('/none?api_key=S3CR3T'), code=1)
        self.assertNotIn('S3CR3T', said)

    def test_secrets_stay_with_their_host(self):
        self.start('--bearer', 'T1', '--fault', 'page=1 redirect=other')
        self.sluice('init', '-H', 'Authorization: Bearer T1', self.api.url('/cursor'))
        self.assertEqual(self.api.counters()['elsewhere_with_secrets'], 0)

    def test_a_refusal_says_what_to_give(self):
        self.start('--bearer', 'T1')
        said = self.sluice('init', self.api.url('/cursor'), code=1)
        self.assertIn('auth: { bearer: "${API_TOKEN}" }', said)
        said = self.sluice('init', '-H', 'Authorization: Bearer S3CR3T', self.api.url('/cursor'),
                           code=1)
        self.assertNotIn('S3CR3T', said)
        self.assertIn('with GET', self.sluice('init', '-H', 'Authorization: Bearer T1',
                                              self.api.url('/post'), code=2))

    def test_a_file_is_made_and_never_overwritten(self):
        self.start()
        self.assertIn('job.yaml is written',
                      self.sluice('init', self.api.url('/cursor'), '-o', 'job.yaml'))
        before = (self.folder / 'job.yaml').read_text()
        self.assertEqual(before, self.sluice('init', self.api.url('/cursor')))
        self.assertIn('is there already',
                      self.sluice('init', self.api.url('/link'), '-o', 'job.yaml', code=2))
        self.assertEqual((self.folder / 'job.yaml').read_text(), before)

    def test_what_is_no_url_of_an_api_is_refused(self):
        for url in ('s3://bucket/prefix/', 'logs/', 'ftp://example.com/', 'http://',
                    'http://me:S3CR3T@127.0.0.1/x'):
            with self.subTest(url):
                self.assertNotIn('S3CR3T', self.sluice('init', url, code=2))
        self.assertIn('http:// and https://', self.sluice('init', 's3://bucket/', code=2))
        self.sluice('init', '-H', 'no colon', 'http://127.0.0.1/', code=2)


if __name__ == '__main__':
    main(sys.argv[3:])
