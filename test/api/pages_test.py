"""Jobs over paged APIs, as a user runs them: every way to the next page, what guards against pages
that are wrong, what is done about servers that fail, and who is told our secrets.

    pages_test.py SLUICE FAKE_API [unittest's words]
"""
import gzip
import http.server
import json
import pathlib
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'fake_api'))
from api_job import Job  # noqa: E402
from counted import main as counted  # noqa: E402
from fake_api import FakeApi  # noqa: E402

SLUICE, FAKE_API = sys.argv[1:3]
CURSOR = 'next: { cursor: .next_token, as: token }'
ARRAY = '{ json: { records: . } }'


def requests(api):
    """How often each page was asked for, whatever its path."""
    return [times for pages in api.counters()['pages'].values() for times in pages.values()]


class Case(unittest.TestCase):
    def pages(self, path, words, *options, records=1000, decode='{ json: { records: .items } }',
              run=(), **more):
        """A job over so many records, run once: what came of it."""
        self.api = self.enterContext(
            FakeApi(FAKE_API, '--records', records, '--record-bytes', 300, *options))
        self.job = self.enterContext(
            Job(SLUICE, f'url: "{self.api.url(path)}"\n{words}', decode, **more))
        return self.job.run(*run)

    def check_all(self, ran, records=1000):
        self.assertEqual(ran.code, 0, ran.err)
        self.assertEqual(len(self.job.lines()), records)
        self.assertEqual(self.job.crc32_sum(), self.api.digest()['crc32_sum'])

    def check_failed(self, ran, *words, code=1):
        self.assertEqual(ran.code, code, ran.err)
        for word in words:
            self.assertIn(word, ran.out + ran.err)
        self.assertEqual(self.job.objects(), [])
        self.assertEqual(self.job.open_uploads(), [])

    if not hasattr(unittest.TestCase, 'enterContext'):  # Python before 3.11
        def enterContext(self, context):
            entered = context.__enter__()
            self.addCleanup(context.__exit__, None, None, None)
            return entered


class WaysToTheNextPage(Case):
    def every_page_once(self, path, words, decode='{ json: { records: .items } }', pages=10):
        ran = self.pages(path, words, decode=decode)
        self.check_all(ran)
        self.assertEqual(requests(self.api), [1] * pages)

    def test_a_cursor_in_the_body(self):
        self.every_page_once('/cursor', CURSOR)

    def test_a_cursor_in_a_header(self):
        self.every_page_once('/cursor-header', 'next: { header: X-Next-Cursor, as: token }', ARRAY)

    def test_a_url_in_the_body(self):
        self.every_page_once('/next-url', 'next: { url: .next }')

    def test_a_relative_url_in_the_body(self):
        self.every_page_once('/next-url?links=path', 'next: { url: .next }')

    def test_a_link_header_to_another_path(self):
        self.every_page_once('/link', 'next: { link: next }', ARRAY)

    def test_a_relative_link_header(self):
        self.every_page_once('/link?links=path', 'next: { link: next }', ARRAY)

    def test_page_numbers_till_there_is_no_more(self):
        self.every_page_once('/page', 'next: { page: page, more: .has_more }')

    def test_page_numbers_till_the_total(self):
        self.every_page_once('/page', 'next: { page: page, total: .total }')

    def test_page_numbers_till_an_empty_page(self):
        self.every_page_once('/page', 'next: { page: page }', pages=11)

    def test_page_numbers_from_0(self):
        self.every_page_once('/page?base=0', 'next: { page: page, first: 0, pages: .total_pages }')

    def test_offsets(self):
        self.every_page_once('/offset',
                             'next: { offset: offset, size: 100, size_as: limit, total: .total }')

    def test_a_cursor_in_what_is_posted(self):
        self.every_page_once('/post', """body: '{"limit": 100}'
next: { cursor: .cursor, as: .cursor }""")

    def test_a_page_number_in_what_is_posted(self):
        self.every_page_once('/post', """body: '{"limit": 100}'
next: { page: .page, more: .has_more }""")

    def test_graphql(self):
        self.every_page_once('/graphql', """body: '{"query": "{items}", "variables": {"first": 100}}'
next:
  cursor: .data.items.pageInfo.endCursor
  as: .variables.after
  more: .data.items.pageInfo.hasNextPage""", '{ json: { records: .data.items.nodes } }')

    def test_lines_of_json(self):
        self.every_page_once('/ndjson', 'next: { page: page }', 'jsonl', pages=11)

    def test_several_numbered_pages_at_once_keep_their_order(self):
        ran = self.pages('/page', 'next: { page: page, total: .total }\nparallel: 8',
                         '--latency', 20, records=3000)
        self.check_all(ran, 3000)
        self.assertEqual(self.job.lines(), list(self.api.expected()))
        self.assertGreater(self.api.counters()['requests_open_max'], 4)

    def test_a_token_in_the_last_page_too_is_no_endless_run(self):
        for kind in ('null', 'empty', 'missing', 'past'):
            with self.subTest(kind):
                self.check_all(self.pages('/cursor', CURSOR, '--last-token', kind))

    def test_compressed_and_chunked_pages(self):
        self.check_all(self.pages('/cursor', CURSOR, '--gzip'))
        self.check_all(self.pages('/cursor', CURSOR, '--chunked'))

    def test_units_of_days_ask_for_their_day(self):
        ran = self.pages('/window', CURSOR + """
query: { from: "{unit:%F}T00:00:00Z", to: "{unit.end:%F}T00:00:00Z" }""",
                         '--seconds-apart', 300, units='{ each: day }')
        self.assertEqual(ran.code, 2)  # Which days?
        self.job.write(self.source_of_days(), units='{ each: day }',
                       sink='{ lake: "%s/", name: "day={unit:%%F}/all.jsonl.gz" }' % self.job.lake)
        ran = self.job.run('--from', '2026-11-01', '--to', '2026-11-03')
        self.assertEqual(ran.code, 0, ran.err)
        self.assertEqual([path.parent.name for path in self.job.objects()],
                         ['day=2026-11-01', 'day=2026-11-02', 'day=2026-11-03'])
        self.assertEqual(len(self.job.lines()), 3 * 288)

    def source_of_days(self):
        return f"""url: "{self.api.url('/window')}"
{CURSOR}
query: {{ from: "{{unit:%F}}T00:00:00Z", to: "{{unit.end:%F}}T00:00:00Z" }}"""

    def test_a_list_of_values_as_units(self):
        self.api = self.enterContext(FakeApi(FAKE_API, '--records', 300))
        self.job = self.enterContext(Job(
            SLUICE, f'url: "{self.api.url("/cursor")}"\nquery: {{ part: "{{unit}}" }}\n{CURSOR}'))
        self.job.write(f'url: "{self.api.url("/cursor")}"\nquery: {{ part: "{{unit}}" }}\n{CURSOR}',
                       units='{ each: list, values: ["0/3", "1/3", "2/3"] }',
                       sink='{ lake: "%s/", partition: "all/" }' % self.job.lake)
        ran = self.job.run()
        self.check_all(ran, 300)
        self.assertEqual(len(self.job.objects()), 3)


class WhatATraceShows(Case):
    def test_each_page_is_a_request_of_its_unit_and_no_url_is_told(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        file = pathlib.Path(folder) / 'trace.json'
        self.check_all(self.pages('/cursor', CURSOR, run=('--trace', file)))
        text = file.read_text()
        events = json.loads(text)['traceEvents']
        unit, = [one['pid'] for one in events
                 if one['name'] == 'process_name' and one['args']['name'] == 'unit once']
        pages = [one for one in events if one['name'] == 'api get']
        self.assertEqual([one['pid'] for one in pages], [unit] * 10)
        self.assertTrue(all(one['dur'] > 0 and one['args']['bytes'] > 1000 for one in pages))
        self.assertNotIn('http', text)
        self.assertNotIn('cursor', text)


class Details(Case):
    def test_rows_of_lists_name_what_is_wanted(self):
        ran = self.pages('/list', """next: { cursor: .next_token, as: token }
detail: { url: "{.url}", records: .items }""", '--latency', 5, decode='{ json: { single: true } }')
        self.check_all(ran)
        self.assertEqual(self.job.lines(), list(self.api.expected()))
        self.assertGreater(self.api.counters()['requests_open_max'], 8)

    def test_one_that_is_gone_is_set_aside(self):
        ran = self.pages('/list', """next: { cursor: .next_token, as: token }
detail: { url: "{.url}", records: .items }""", '--fault', 'path=/items nth=7 status=404',
                         records=50, decode='{ json: { single: true } }')
        self.assertEqual(ran.code, 3, ran.err)
        self.assertEqual(len(self.job.lines()), 49)


class Guards(Case):
    def of_pages(self, pages, words=CURSOR):
        return self.pages('/cursor', words + '\nmax_pages: 450', '--page-records', 2,
                          records=2 * pages)

    def test_as_many_requests_as_pages(self):
        for pages in (1, 2, 449, 450):
            with self.subTest(pages):
                self.check_all(self.of_pages(pages), 2 * pages)
                self.assertEqual(requests(self.api), [1] * pages)

    def test_a_page_over_the_cap_is_an_error_that_names_the_cap(self):
        ran = self.of_pages(451)
        self.check_failed(ran, 'max_pages', '450')
        self.assertEqual(len(requests(self.api)), 450)

    def test_the_same_cursor_twice_is_an_error_at_once(self):
        ran = self.pages('/cursor', CURSOR, '--fault', 'page=4 same_token')
        self.check_failed(ran, 'the same cursor twice')
        self.assertLess(sum(requests(self.api)), 7)

    def test_or_the_end_where_the_job_says_so(self):
        ran = self.pages('/cursor', 'next: { cursor: .next_token, as: token, repeated: end }',
                         '--last-token', 'same')
        self.check_all(ran)

    def test_the_same_page_twice_is_an_error_at_once(self):
        ran = self.pages('/page', 'next: { page: page, total: .total }', '--fault',
                         'page=4 same_page')
        self.check_failed(ran, 'the same page came twice')

    def test_a_total_that_is_not_met_is_an_error(self):
        ran = self.pages('/page', 'next: { page: page, more: .has_more, total: .total }', '--fault',
                         'page=4 empty')
        self.check_failed(ran, 'announced 1000 records, but 900 came')

    def test_an_empty_page_in_the_middle_is_no_end_for_a_cursor(self):
        self.check_all(self.pages('/cursor', CURSOR, '--fault', 'page=4 empty'))

    def test_a_wrong_path_of_the_cursor_is_wondered_about(self):
        ran = self.pages('/cursor', 'next: { cursor: .nextToken, as: token }')
        self.assertEqual(ran.code, 0)
        self.assertEqual(len(self.job.lines()), 100)
        self.assertIn('the first page has no .nextToken, so it is taken for the only page', ran.out + ran.err)

    def test_an_empty_api_is_a_unit_without_objects(self):
        ran = self.pages('/cursor', CURSOR, records=0)
        self.assertEqual(ran.code, 0, ran.err)
        self.assertEqual(self.job.objects(), [])

    def test_a_failed_run_leaves_the_object_of_the_run_before(self):
        self.check_all(self.pages('/cursor', CURSOR))
        before = [(path, path.read_bytes()) for path in self.job.objects()]
        self.api.faults('page=7 status=500')
        ran = self.job.run('--redo')
        self.assertEqual(ran.code, 1)
        self.assertEqual([(path, path.read_bytes()) for path in self.job.objects()], before)


class Servers(Case):
    def test_failures_that_pass_cost_only_time(self):
        for fault in ('status=500', 'status=503', 'status=502', 'truncate=50', 'reset', 'reset=50',
                      'html', 'status=429 retry_after=1'):
            with self.subTest(fault):
                ran = self.pages('/cursor', CURSOR, '--fault', f'page=3 {fault} times=1')
                self.check_all(ran)
                self.assertEqual(self.api.counters()['early_retries'], 0)

    def test_a_page_that_never_comes_right_fails_the_unit(self):
        for fault, word in (('status=500', '500'), ('status=404', '404'), ('status=403', '403'),
                            ('broken_json', 'page 3'), ('html', 'HTML'),
                            ('truncate=50', 'closed')):
            with self.subTest(fault):
                ran = self.pages('/cursor', CURSOR + '\nattempts: 2', '--fault', f'page=3 {fault}')
                self.check_failed(ran, word, 'page 3')

    def test_after_a_failure_that_passes_the_next_run_goes_on_where_this_one_got_to(self):
        # Hardly compressed, so that parts are stored soon.
        self.api = self.enterContext(
            FakeApi(FAKE_API, '--records', 10000, '--record-bytes', 4000, '--page-records', 200,
                    '--fault', 'page=45 times=2 status=503'))
        self.job = self.enterContext(
            Job(SLUICE, f'url: "{self.api.url("/cursor")}"\n{CURSOR}\nattempts: 2'))
        def write(patience):
            self.job.write(f'url: "{self.api.url("/cursor")}"\n{CURSOR}\n{patience}',
                           sink='{ lake: "%s/", name: "all-{n}.jsonl" }' % self.job.lake)

        write('attempts: 2')
        ran = self.job.run()
        self.assertEqual(ran.code, 1, ran.err)
        self.assertIn('the next run goes on there', ran.out)
        self.assertEqual(self.job.objects(), [])
        self.api.reset()
        write('attempts: 5\nrate: { requests: 1000 }')  # More patience is the same job.
        ran = self.job.run()
        self.assertEqual(ran.code, 0, ran.out)
        self.assertRegex(ran.out, r'unit once went on where .* [1-9]\d documents before')
        self.assertLess(len(requests(self.api)), 40)
        lines = [line for path in self.job.objects() for line in path.read_bytes().splitlines()]
        self.assertEqual(lines, list(self.api.expected()))
        self.assertEqual(self.job.open_uploads(), [])

    def test_a_deadline_of_the_whole_run_stops_it_and_the_next_one_does_it(self):
        began = time.monotonic()
        ran = self.pages('/cursor', CURSOR, '--latency', 300, run=('--deadline', '1s'))
        self.assertLess(time.monotonic() - began, 3)
        self.check_failed(ran, code=4)
        self.check_all(self.job.run())

    def test_a_server_without_an_answer_is_asked_again(self):
        began = time.monotonic()
        ran = self.pages('/cursor', CURSOR + '\ntimeout: 1s', '--fault', 'page=3 timeout times=1')
        self.check_all(ran)
        self.assertLess(time.monotonic() - began, 20)

    def test_retry_after_is_kept_as_seconds_and_as_a_date(self):
        for kind in ('retry_after=2', 'retry_after_date=2'):
            with self.subTest(kind):
                ran = self.pages('/cursor', CURSOR, '--fault', f'page=3 status=429 {kind} times=2')
                self.check_all(ran)
                self.assertEqual(self.api.counters()['early_retries'], 0)

    def test_an_api_with_a_budget_is_never_asked_too_often(self):
        ran = self.pages('/cursor', CURSOR + '\nrate: { requests: 4, per: 1s }', '--rate', 5,
                         records=1200)
        self.check_all(ran, 1200)
        self.assertEqual(self.api.counters()['rate_violations'], 0)

    def test_a_budget_that_the_answers_tell_is_kept(self):
        ran = self.pages('/cursor', CURSOR, '--rate', 5, records=1200)
        self.check_all(ran, 1200)
        self.assertEqual(self.api.counters()['rate_violations'], 0)


class Secrets(Case):
    def test_every_kind_of_proof(self):
        for options, auth in (
                (('--bearer', 'T1'), 'bearer: "${ONE}"'),
                (('--basic', 'me:T1'), 'basic: { user: me, password: "${ONE}" }'),
                (('--api-key-header', 'X-Api-Key=T1'), 'api_key: { header: X-Api-Key, value: "${ONE}" }'),
                (('--api-key-query', 'key=T1'), 'api_key: { query: key, value: "${ONE}" }'),
                (('--oauth', 'me:T1'), 'oauth2: { token_url: "%s", client_id: me, '
                                       'client_secret: "${ONE}" }')):
            with self.subTest(auth):
                self.api = self.enterContext(FakeApi(FAKE_API, '--records', 500, *options))
                if '%s' in auth:
                    auth %= self.api.url('/oauth/token')
                self.job = self.enterContext(
                    Job(SLUICE, f'url: "{self.api.url("/cursor")}"\n{CURSOR}\nauth: {{ {auth} }}'))
                ran = self.job.run(env={'ONE': 'T1'})
                self.check_all(ran, 500)
                wrong = self.job.run('--redo', env={'ONE': 'T-wrong'})
                self.assertEqual(wrong.code, 1, wrong.err)
                self.assertNotIn('T-wrong', wrong.err + wrong.out)

    def test_a_token_that_ends_in_the_middle_is_fetched_anew(self):
        self.api = self.enterContext(
            FakeApi(FAKE_API, '--records', 1000, '--page-records', 20, '--oauth', 'me:T1',
                    '--token-seconds', 1, '--latency', 60))
        self.job = self.enterContext(
            Job(SLUICE, f'url: "{self.api.url("/cursor")}"\n{CURSOR}\n'
                        f'auth: {{ oauth2: {{ token_url: "{self.api.url("/oauth/token")}", '
                        'client_id: me, client_secret: "${ONE}" } }'))
        self.check_all(self.job.run(env={'ONE': 'T1'}))
        self.assertGreater(self.api.counters()['tokens_given'], 1)

    def test_check_and_plan_need_no_credentials_and_ask_nothing(self):
        job = self.enterContext(Job(SLUICE, 'url: "http://127.0.0.1:9/"\n'
                                            'auth: { sigv4: { service: a, region: eu-west-1 } }'))
        nothing = {'AWS_EC2_METADATA_DISABLED': 'true', 'AWS_CONFIG_FILE': '/dev/null',
                   'AWS_SHARED_CREDENTIALS_FILE': '/dev/null', 'AWS_ACCESS_KEY_ID': '',
                   'AWS_SECRET_ACCESS_KEY': '', 'HOME': '/nonexistent'}
        self.assertEqual(job.run(verb='check', env=nothing).code, 0)
        planned = job.run(verb='plan', env=nothing)
        self.assertEqual(planned.code, 0, planned.err)
        self.assertIn("isn't known before http is asked", planned.out)
        self.assertNotEqual(job.run(env=nothing).code, 0)

    def test_secrets_stay_with_their_host(self):
        ran = self.pages('/cursor', CURSOR + '\nauth: { bearer: T1 }', '--bearer', 'T1', '--fault',
                         'page=3 redirect=other times=1')
        self.assertEqual(self.api.counters()['elsewhere_with_secrets'], 0)
        self.check_all(ran)
        ran = self.pages('/cursor', CURSOR + '\nauth: { bearer: T1 }', '--bearer', 'T1', '--fault',
                         'page=3 redirect=same times=1')
        self.check_all(ran)


class DamagedGzip(http.server.BaseHTTPRequestHandler):
    """A page of two records and one of one; behind the first page's gzip member another is damaged."""
    protocol_version = 'HTTP/1.1'

    def do_GET(self):
        if 'token=2' in self.path:
            body = gzip.compress(b'{"items":[{"n":3}]}')
        else:
            body = gzip.compress(b'{"items":[{"n":1},{"n":2}],"next_token":"2"}')
            body += b'\x1e' + gzip.compress(b'\n')[1:]
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Encoding', 'gzip')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class PackedPages(Case):
    def test_a_damaged_gzip_member_makes_its_page_partial_and_the_unit_says_so(self):
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), DamagedGzip)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.job = self.enterContext(
            Job(SLUICE, f'url: "http://127.0.0.1:{server.server_port}/"\n{CURSOR}'))
        ran = self.job.run()
        self.assertEqual(ran.code, 3, ran.err)
        self.assertEqual([line.strip() for line in self.job.lines()],
                         [b'{"n":1}', b'{"n":2}', b'{"n":3}'])
        self.assertIn('partial: 2 records kept, then gzip: compressed byte', ran.out + ran.err)


if __name__ == '__main__':
    counted(sys.argv[3:])
