"""Jobs over APIs whose answers are odd: pages shorter than asked for, without a byte, cut or broken in
spite of a 200, words that are missing or contradict each other. What can be had is had, once; what
can't be known is an error or a warning, never a smaller lake and exit 0.

    odd_answers_test.py SLUICE FAKE_API [unittest's words]
"""
import gzip
import http.server
import json
import pathlib
import sys
import threading
import time
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'fake_api'))
from api_job import Job  # noqa: E402
from counted import main as counted  # noqa: E402

SLUICE = sys.argv[1]


class Odd(http.server.ThreadingHTTPServer):
    """Answers with what `answer(words, times)` gives: a status, headers, a body. `words` are the
    query's; `times` says how often this very URL was asked for before."""
    daemon_threads = True

    def __init__(self, answer):
        super().__init__(('127.0.0.1', 0), Handler)
        self.answer, self.asked, self.lock = answer, [], threading.Lock()
        threading.Thread(target=self.serve_forever, args=[0.02], daemon=True).start()

    def handle_error(self, *_):
        """Connections that are given up."""


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with self.server.lock:
            times = self.server.asked.count(self.path)
            self.server.asked.append(self.path)
        split = urllib.parse.urlsplit(self.path)
        words = dict(urllib.parse.parse_qsl(split.query), path=split.path)
        status, headers, body = self.server.answer(words, times)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if 'Content-Length' not in headers and 'Transfer-Encoding' not in headers and \
                headers.get('Connection') != 'close' and status != 204:
            self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers.get('Content-Length', 0)))
        self.do_GET()

    def log_message(self, *_):
        pass


def rows(first, count):
    return [{'id': number} for number in range(first, first + count)]


def page_of(items, **more):
    return json.dumps({**more, 'items': items}).encode()


class Case(unittest.TestCase):
    def over(self, answer, words, *run, decode='{ json: { records: .items } }', path='/items'):
        self.api = Odd(answer)
        self.addCleanup(self.api.server_close)
        self.addCleanup(self.api.shutdown)
        words = words.replace('PORT', str(self.api.server_port))
        self.job = Job(SLUICE, f'url: "http://127.0.0.1:{self.api.server_port}{path}"\n{words}', decode)
        self.addCleanup(self.job.__exit__)
        return self.job.run(*run)

    def ids(self):
        return [json.loads(line)['id'] for line in self.job.lines()]

    def check_all(self, ran, count, *words):
        self.assertEqual(ran.code, 0, ran.err + ran.out)
        self.assertEqual(self.ids(), list(range(count)))
        for word in words:
            self.assertIn(word, ran.out + ran.err)

    def check_failed(self, ran, *words):
        self.assertEqual(ran.code, 1, ran.err + ran.out)
        for word in words:
            self.assertIn(word, ran.out + ran.err)
        self.assertEqual(self.job.objects(), [])


class Offsets(Case):
    def capped(self, most, count, total=False):
        def answer(words, _):
            begin, size = int(words['offset']), min(int(words['limit']), most)
            more = {'total': count} if total else {}
            return 200, {}, page_of(rows(begin, max(0, min(size, count - begin))), **more)
        return answer

    def test_a_server_that_gives_fewer_than_asked_for_loses_nothing(self):
        words = 'next: { offset: offset, size: 1000, size_as: limit%s }\nparallel: %d'
        for total in (False, True):
            for parallel in (1, 8):
                with self.subTest(total=total, parallel=parallel):
                    ran = self.over(self.capped(100, 950, total),
                                    words % (', total: .total' if total else '', parallel))
                    self.check_all(ran, 950, 'fewer records than `size` (1000)')

    def test_pages_of_the_size_asked_for_are_asked_for_once(self):
        ran = self.over(self.capped(100, 250),
                        'next: { offset: offset, size: 100, size_as: limit }')
        self.check_all(ran, 250)
        self.assertNotIn('fewer records', ran.out + ran.err)
        self.assertEqual(len(self.api.asked), 4)

    def test_an_api_that_counts_what_it_hides_goes_by_the_size(self):
        def answer(words, _):
            begin = int(words['offset'])
            return 200, {}, page_of([row for row in rows(begin, 10) if row['id'] < 40 and row['id'] % 7])
        ran = self.over(answer, 'next: { offset: offset, size: 10, step: size }')
        self.assertEqual(ran.code, 0, ran.err)
        self.assertEqual(self.ids(), [number for number in range(40) if number % 7])


STYLES = {
    'cursor': 'next: { cursor: .next, as: page }',
    'header': 'next: { header: X-Next, as: page }',
    'url': 'next: { url: .url }',
    'link': 'next: { link: next }',
    'page': 'next: { page: page, first: 0 }',
    'offset': 'next: { offset: offset, size: 10 }',
    'post': "body: '{\"a\": 1}'\nnext: { cursor: .next, as: page }",
}


def in_any_style(page_count, odd=None):
    """Pages of ten, with all that any style needs; `odd(number, times)` may give another answer."""
    def answer(words, times):
        number = int(words.get('page', int(words.get('offset', 0)) // 10))
        if odd and (other := odd(number, times)):
            return other
        if number >= page_count:
            return 200, {}, page_of([])
        more, headers = {}, {}
        if number + 1 < page_count:
            there = f'/items?page={number + 1}'
            headers = {'X-Next': str(number + 1), 'Link': f'<{there}>; rel="next"'}
            more = {'next': str(number + 1), 'url': there}
        return 200, headers, page_of(rows(10 * number, 10), **more)
    return answer


class WithoutAByte(Case):
    kinds = {
        'length': (200, {}, b''),
        'closed': (200, {'Connection': 'close'}, b''),
        'chunked': (200, {'Transfer-Encoding': 'chunked'}, b'0\r\n\r\n'),
    }

    def test_it_is_asked_for_again_in_every_style(self):
        for style, words in STYLES.items():
            for kind, nothing in self.kinds.items():
                if kind == 'chunked':  # HTTP/1.0 has no chunks.
                    Handler.protocol_version = 'HTTP/1.1'
                for at in (0, 1):
                    with self.subTest(style=style, kind=kind, page=at):
                        ran = self.over(in_any_style(
                            3, lambda number, times: nothing if number == at and times == 0 else None),
                            words)
                        self.check_all(ran, 30)
                Handler.protocol_version = 'HTTP/1.0'

    def test_one_that_stays_so_is_an_error(self):
        for style, words in STYLES.items():
            with self.subTest(style):
                ran = self.over(in_any_style(
                    3, lambda number, _: self.kinds['length'] if number == 1 else None),
                    words + '\nattempts: 3')
                self.check_failed(ran, 'page 2', 'without a byte')

    def test_a_204_is_an_empty_page(self):
        for style, words in STYLES.items():
            with self.subTest(style):
                ran = self.over(in_any_style(
                    2, lambda number, _: (204, {}, b'') if number == 2 else None), words)
                self.check_all(ran, 20)
                ran = self.over(lambda *_: (204, {}, b''), words)
                self.assertEqual(ran.code, 0, ran.err)
                self.assertEqual(self.job.objects(), [])

    def test_no_lines_are_an_empty_page(self):
        def answer(words, _):
            number = int(words['page'])
            lines = [json.dumps(row) for row in rows(number, 1)] if number < 3 else []
            return 200, {}, ''.join(line + '\n' for line in lines).encode()
        self.check_all(self.over(answer, 'next: { page: page, first: 0 }', decode='jsonl'), 3)


class SetAsideByTheDecoder(Case):
    """What came counts, whether or not it is good: the next page goes by it."""
    decode = '{ json: { records: .items, record_max: 1KiB } }'

    def answer_of(self, count, words_of_next):
        def answer(words, _):
            begin = int(words.get('offset', 0))
            items = rows(begin, max(0, min(10, count - begin)))
            for row in items:
                if row['id'] % 10 == 3:
                    row['note'] = 'x' * 2000
            return 200, {}, page_of(items, **words_of_next(begin))
        return answer

    def check_but_the_long_ones(self, ran, count):
        self.assertEqual(ran.code, 3, ran.err + ran.out)
        self.assertEqual(self.ids(), [number for number in range(count) if number % 10 != 3])

    def test_offsets_step_over_a_record_that_is_too_long(self):
        for parallel in (1, 4):
            with self.subTest(parallel):
                ran = self.over(self.answer_of(25, lambda _: {'total': 25}),
                                'next: { offset: offset, size: 10, total: .total }\n'
                                f'parallel: {parallel}', decode=self.decode)
                self.check_but_the_long_ones(ran, 25)
                begun = {words.split('offset=')[1] for words in self.api.asked if 'offset=' in words}
                self.assertLessEqual(begun, {'0', '10', '20', '30', '40', '50'})

    def test_a_total_counts_records_that_are_too_long(self):
        ran = self.over(self.answer_of(20, lambda begin: {'total': 20, 'next': '10' if begin == 0 else None}),
                        'next: { cursor: .next, as: offset, total: .total }', decode=self.decode)
        self.check_but_the_long_ones(ran, 20)

    def csv(self, *pages):
        def answer(words, _):
            number = int(words['page'])
            return 200, {}, ('id\n' + (pages[number] if number < len(pages) else '')).encode()
        return self.over(answer, 'next: { page: page, first: 0 }', decode='csv')

    def test_a_page_of_bad_rows_alone_is_not_the_end(self):
        ran = self.csv('0\n', '1,2\n', '2\n')
        self.assertEqual(ran.code, 3, ran.err + ran.out)
        self.assertEqual(self.ids(), ['0', '2'])

    def test_pages_that_differ_in_bad_rows_alone_are_not_the_same(self):
        ran = self.csv('7\n1,2\n', '7\n3,4\n')
        self.assertEqual(ran.code, 3, ran.err + ran.out)
        self.assertEqual(self.ids(), ['7', '7'])


class APart(Case):
    def test_a_part_that_nobody_asked_for_is_no_page(self):
        part = 206, {'Content-Range': 'bytes 0-17/4000'}, page_of(rows(0, 1))
        whole = 200, {}, page_of(rows(0, 10))
        self.check_all(self.over(lambda _, times: whole if times else part, ''), 10)
        self.check_failed(self.over(lambda *_: part, 'attempts: 2'), '206')

    def test_nothing_of_a_large_part_is_taken(self):
        """Of lines, from the middle on, and more than a page is held back for."""
        lines = [json.dumps({'id': number, 'note': 'x' * 1000}) + '\n' for number in range(9000)]
        part = 206, {'Content-Range': 'bytes 900-9999999/*'}, ''.join(lines[1000:]).encode()
        whole = 200, {}, ''.join(lines).encode()
        ran = self.over(lambda _, times: whole if times else part, '', decode='jsonl')
        self.check_all(ran, 9000)


class TokenEndpoint(Case):
    def test_being_told_to_slow_down_is_no_failure_and_is_heeded(self):
        """Without a word of how long, or with one that means nothing."""
        times_of_token = []

        def answer(words, times):
            if words['path'] != '/token':
                return 200, {}, page_of(rows(0, 10))
            times_of_token.append(time.monotonic())
            if times < 5:
                return 429, {'Retry-After': '0'} if times % 2 else {}, b'{}'
            return 200, {}, b'{"access_token": "t0ken-of-the-test", "expires_in": 3600}'
        ran = self.over(answer, 'auth: { oauth2: { token_url: "http://127.0.0.1:PORT/token", '
                                'client_id: me, client_secret: "${SECRET}" } }',
                        '--var', 'SECRET=hush-hush-hush')
        self.check_all(ran, 10)
        begun = times_of_token[0]
        self.assertLess(len([at for at in times_of_token if at - begun < 3]), 4)


class Blanks(Case):
    words = 'next: { page: page, first: 0 }'

    def answers(self, odd, lasts=False, pages=3):
        """Lines; the second page is `odd`, at first or each time. Beyond the last there is nothing."""
        def answer(words, times):
            number = int(words['page'])
            if number == 1 and (lasts or times == 0):
                return 200, *odd
            if number >= pages:
                return 204, {}, b''
            return 200, {}, b'{"id":%d}\n' % number
        return answer

    def test_nothing_but_blanks_is_no_empty_page(self):
        packed = {'Content-Encoding': 'gzip'}, gzip.compress(b'\n')
        for odd in (({}, b'\n'), ({}, b' \r\n\r\n'), packed):
            with self.subTest(odd):
                self.check_all(self.over(self.answers(odd), self.words, decode='auto'), 3)
                self.check_failed(self.over(self.answers(odd, True), self.words, decode='auto'))
                self.check_failed(self.over(self.answers(odd, True), self.words,
                                            decode='{ json: { single: true } }'))

    def test_where_lines_may_be_none_blanks_are_none_if_they_are_framed(self):
        ran = self.over(self.answers(({}, b'\n'), True), self.words, decode='jsonl')
        self.assertEqual((ran.code, self.ids()), (0, [0]), ran.err)
        unframed = {'Connection': 'close'}, b'\n'
        self.check_all(self.over(self.answers(unframed), self.words, decode='jsonl'), 3)

    def test_an_empty_line_of_text_is_a_record(self):
        ran = self.over(lambda *_: (200, {}, b'\n'), '', decode='lines')
        self.assertEqual((ran.code, self.job.lines()), (0, [b'']), ran.err)


class CutOrBroken(Case):
    def test_lines_cut_where_nothing_says_their_length_are_asked_for_again(self):
        whole = b'{"id":0}\n{"id":1}\n{"id":2}'
        for decode in ('jsonl', 'auto'):
            with self.subTest(decode):
                ran = self.over(lambda _, times: (200, {'Connection': 'close'},
                                                  whole[:-3] if times == 0 else whole),
                                '', decode=decode)
                self.check_all(ran, 3, 'nobody can tell')
                self.assertEqual(len(self.api.asked), 2)

    def test_so_are_many_lines(self):
        whole = b''.join(b'{"id":%d,"note":"%s"}\n' % (number, b'x' * 1000) for number in range(9000))
        ran = self.over(lambda _, times: (200, {'Connection': 'close'},
                                          whole[:-30] if times == 0 else whole), '', decode='jsonl')
        self.check_all(ran, 9000)

    def test_if_they_stay_so_the_last_one_is_set_aside(self):
        ran = self.over(lambda *_: (200, {'Connection': 'close'}, b'{"id":0}\n{"id":'), '',
                        decode='jsonl')
        self.assertEqual((ran.code, self.ids()), (3, [0]), ran.out + ran.err)
        self.assertEqual(len(self.api.asked), 3)

    def bodies(self, size):
        whole = json.dumps({'items': [{'id': number, 'note': 'x' * size} for number in range(20)],
                            'more': 'y' * 20}).encode()
        packed = gzip.compress(whole)
        broken = bytearray(whole)
        broken[len(whole) // 2] = ord('"')
        inside = bytearray(whole)
        inside[len(whole) // 2] = 1  # A control character inside a record's string
        gz = {'Content-Encoding': 'gzip'}
        return whole, {
            'cut gzip': (gz, packed[:len(packed) * 2 // 3]),
            'damaged gzip': (gz, packed[:-6] + b'123456'),
            'cut JSON without a length': ({'Connection': 'close'}, whole[:len(whole) * 2 // 3]),
            'cut JSON with one': ({}, whole[:-5]),
            'broken JSON': ({}, bytes(broken)),
            'broken inside a record': ({}, bytes(inside)),
            'another form': ({}, b'{"message": "try again"}'),
        }

    def test_it_is_asked_for_again(self):
        for size in (10, 5_000, 50_000):
            whole, odd = self.bodies(size)
            for kind, (headers, body) in odd.items():
                with self.subTest(kind, size=size):
                    ran = self.over(lambda _, times: (200, headers, body) if times == 0
                                    else (200, {}, whole), '')
                    self.check_all(ran, 20)
                    self.assertEqual(len(self.api.asked), 2)

    def test_one_that_stays_so_fails_the_unit_after_a_few(self):
        for size in (10, 5_000):
            whole, odd = self.bodies(size)
            for kind, (headers, body) in odd.items():
                with self.subTest(kind, size=size):
                    ran = self.over(lambda *_: (200, headers, body), '')
                    if kind == 'damaged gzip' and ran.code == 3:  # Its records may stand.
                        self.assertIn('partial', ran.out + ran.err)
                    else:
                        self.check_failed(ran, 'page 1')
                    self.assertEqual(len(self.api.asked), 3)

    def test_pages_before_and_behind_it_come_once(self):
        for style, words in STYLES.items():
            with self.subTest(style):
                cut = (200, {'Connection': 'close'}, page_of(rows(10, 10))[:-20])
                ran = self.over(in_any_style(
                    3, lambda number, times: cut if number == 1 and times == 0 else None), words)
                self.check_all(ran, 30)

    def test_with_many_at_once_and_little_memory(self):
        def answer(words, times):
            number = int(words['page'])
            body = page_of([{'id': number, 'note': 'z' * 700_000}] if number < 24 else [])
            if number % 5 == 1 and times == 0:
                return 200, {'Connection': 'close'}, body[:-9]
            return 200, {}, body
        ran = self.over(answer, 'next: { page: page, first: 0 }\nparallel: 8', '--memory', '48MiB',
                        '--in-flight', '3')
        self.check_all(ran, 24)


class Words(Case):
    def three(self, words, **said):
        def answer(asked, _):
            number = int(asked.get('page', 0))
            more = {name: value[min(number, len(value) - 1)] for name, value in said.items()}
            return 200, {}, page_of(rows(2 * number, 2) if number < 3 else [], **more)
        return self.over(answer, words)

    def test_a_word_that_the_answers_lack_is_said(self):
        for word, so in (('more: .has_more', 'no .has_more'), ('total: .totl', 'no .totl'),
                         ('pages: .pages', 'no .pages')):
            with self.subTest(word):
                self.check_all(self.three(f'next: {{ page: page, first: 0, {word} }}'), 6, so)
        for way, so in (('link: next', 'no Link with rel="next"'),
                        ('header: X-Nxt, as: page', 'no header X-Nxt'),
                        ('url: .nxt', 'no .nxt'), ('cursor: .nxt, as: page', 'no .nxt')):
            with self.subTest(way):
                self.check_all(self.three(f'next: {{ {way} }}'), 2, so, 'the only page')

    def test_a_flag_means_what_it_says(self):
        for yes, no in (('True', 'False'), ('yes', 'no'), ('Y', 'N'), (1, 0), (['x'], []),
                        (True, None)):
            with self.subTest(no=no):
                ran = self.three('next: { page: page, first: 0, more: .more }', more=[yes, yes, no])
                self.check_all(ran, 6)
                self.assertEqual(len(self.api.asked), 3)

    def test_words_that_contradict_each_other_are_an_error(self):
        for words, said in (('cursor: .next, as: page, more: .more', {'more': [True]}),
                            ('cursor: .next, as: page, pages: .pages', {'pages': [3]}),
                            ('url: .next, more: .more', {'more': [True]}),
                            ('link: next, pages: .pages', {'pages': [3]}),
                            ('page: page, first: 0, more: .more, pages: .pages',
                             {'more': [False], 'pages': [3]})):
            with self.subTest(words):
                self.check_failed(self.three(f'next: {{ {words} }}', **said), 'page 1', 'the API says')

    def test_the_last_total_counts(self):
        next_page = 'next: { page: page, first: 0, total: .total }'
        self.check_all(self.three(next_page, total=[4, 6]), 6)
        self.check_failed(self.three('next: { page: page, first: 0, total: .total, more: .more }',
                                     total=[6, 7], more=[True, True, False]), 'announced 7')
        self.check_all(self.three('next: { page: page, first: 0, pages: .pages }', pages=[2, 3]), 6)


class AtOnce(Case):
    def test_an_empty_page_before_full_ones_is_an_error(self):
        def answer(words, _):
            number = int(words['page'])
            return 200, {}, page_of([] if number == 1 or number > 4 else rows(number, 1))
        self.check_failed(self.over(answer, 'next: { page: page, first: 0 }\nparallel: 8'),
                          'a page before it is empty')

    def test_a_404_beyond_the_end_is_nobodys_fault(self):
        def answer(words, _):
            number = int(words['page'])
            if number > 4:
                return 404, {}, b'no such page'
            return 200, {}, page_of(rows(2 * number, 2), total=10)
        self.check_all(self.over(answer, 'next: { page: page, first: 0, total: .total }\nparallel: 8'),
                       10)

    def test_the_first_page_may_be_asked_again_while_others_hold_every_slot(self):
        def answer(words, times):
            number = int(words['page'])
            if number == 0 and times < 2:
                return 503, {}, b'busy'
            items = [{'id': number, 'note': 'z' * 300_000}] if number < 30 else []
            return 200, {}, page_of(items)
        for in_flight in (1, 2, 3):
            with self.subTest(in_flight):
                ran = self.over(answer, 'next: { page: page, first: 0 }\nparallel: 8', '--in-flight',
                                in_flight, '--memory', '48MiB', '--deadline', '60s')
                self.check_all(ran, 30)


class Lists(Case):
    def lists(self, list_count, padding, odd=None):
        """Lists of 40 rows each, of `padding` bytes a row."""
        def answer(words, times):
            if words['path'] == '/one':
                return 200, {}, json.dumps({'id': int(words['id'])}).encode()
            number = int(words.get('page', 0))
            items = [{**row, 'at': f'/one?id={row["id"]}', 'note': 'n' * padding}
                     for row in rows(40 * number, 40)]
            more = {'next': number + 1} if number + 1 < list_count else {}
            whole = page_of(items, **more)
            return (odd(number, times, whole) if odd else None) or (200, {}, whole)
        return answer

    words = 'next: { cursor: .next, as: page }\ndetail: { url: "{.at}", records: .items }'
    decode = '{ json: { single: true } }'

    def test_a_list_that_is_larger_than_what_is_free_still_comes(self):
        for padding in (90_000, 300_000):
            with self.subTest(padding):
                ran = self.over(self.lists(3, padding), self.words, '--memory', '48MiB', '--deadline',
                                '60s', decode=self.decode)
                self.check_all(ran, 120)

    def test_a_list_that_is_cut_or_empty_is_asked_for_again(self):
        for headers, body in (({'Connection': 'close'}, lambda whole: whole[:-30]), ({}, lambda _: b'')):
            ran = self.over(self.lists(2, 10, lambda number, times, whole:
                                       (200, headers, body(whole)) if times == 0 else None),
                            self.words, decode=self.decode)
            self.check_all(ran, 80)

    def test_a_list_without_a_byte_is_no_list_though_details_may_be_none(self):
        ran = self.over(self.lists(2, 10, lambda *_: (200, {}, b'')), self.words, decode='jsonl')
        self.check_failed(ran, 'without a byte')

    def test_a_list_that_is_not_found_fails_the_unit_after_one_request(self):
        for at in (0, 1):
            with self.subTest(at):
                ran = self.over(self.lists(3, 10, lambda number, times, _, at=at:
                                           (404, {}, b'no such list') if number == at else None),
                                self.words, decode=self.decode)
                self.check_failed(ran, '404', 'no such list')
                asked = [path for path in self.api.asked if path.startswith('/items')]
                self.assertEqual(len(asked), at + 1)

    def test_a_detail_that_is_not_found_is_asked_for_once(self):
        whole = self.lists(1, 10)
        ran = self.over(lambda words, times: (404, {}, b'gone') if words.get('id') == '7'
                        else whole(words, times), self.words, decode=self.decode)
        self.assertIn(ran.code, (1, 3), ran.out + ran.err)
        self.assertIn('404', ran.out + ran.err)
        self.assertEqual(self.api.asked.count('/one?id=7'), 1)
        self.assertLess(len(self.api.asked), 45)

    def test_a_detail_that_is_cut_is_asked_for_again(self):
        whole = self.lists(1, 10)

        def answer(words, times):
            if words.get('id') == '7' and times == 0:
                return 200, {'Connection': 'close'}, b'{"id": 7'
            return whole(words, times)
        self.check_all(self.over(answer, self.words, decode=self.decode), 40)


if __name__ == '__main__':
    counted(sys.argv[3:])
