"""Every style of pages gives each record once, in order, and ends."""
import csv
import io
import os
import re
import tempfile
import urllib.parse

from cases import Case, here, lines_of

ALL = list(range(23))


class Tokens(Case):
    def test_in_the_body(self):
        self.assertEqual(self.by_token('/cursor'), ALL)
        self.assertEqual(self.by_token('/cursor', '?count=7'), ALL)
        self.assertEqual(self.api.get('/cursor?token=made-up').status, 400)
        self.assertEqual(self.api.counters()['pages'], {
            '/cursor': {'1': 2, '2': 2, '3': 2, '4': 2, '5': 1}})

    def test_records_stand_as_expected(self):
        first = self.page('/cursor?limit=100')
        self.assertEqual(lines_of(first.body), self.api.expected())
        self.assertEqual(lines_of(first.body)[3:9], self.api.expected(3, 9))
        record = first.json()['items'][1]
        self.assertEqual(record['id'], 2 ** 53 + 2)
        self.assertEqual(record['updated_at'], '2026-11-01T00:01:00Z')

    def test_in_a_header(self):
        def next_of(answer):
            token = answer.headers.get('x-next-cursor')
            return token and '/cursor-header?token=' + urllib.parse.quote(token, '')
        self.assertEqual(self.walk('/cursor-header', next_of), ALL)

    def test_what_the_last_page_says(self):
        for kind, last in (('missing', None), ('null', None), ('empty', '')):
            self.start('--records', 5, '--last-token', kind)
            body = self.page('/cursor').json()
            self.assertEqual(body.get('next_token'), last)
            self.assertEqual('next_token' in body, kind != 'missing')
        self.start('--records', 5, '--page-records', 3, '--last-token', 'same')
        token = self.page('/cursor').json()['next_token']
        again = self.page('/cursor?token=' + urllib.parse.quote(token, '')).json()
        self.assertEqual(again['next_token'], token)
        self.start('--records', 6, '--page-records', 3, '--last-token', 'past')
        self.assertEqual(self.by_token('/cursor'), list(range(6)))
        self.assertEqual(self.api.counters()['requests'], 3)

    def test_they_expire(self):
        token = urllib.parse.quote(self.page('/cursor').json()['next_token'], '')
        self.page('/cursor?token=' + token)
        self.api.control('POST', 'expire', {'what': 'cursors'})
        self.assertEqual(self.api.get('/cursor?token=' + token).status, 410)
        self.assertEqual(self.by_token('/cursor'), ALL)

    def test_other_names(self):
        self.start('--records', 5, '--page-records', 3, '--records-key', 'variants', '--token-key',
                   'after', '--token-parameter', 'from_token', '--envelope-first')
        answer = self.page('/cursor')
        self.assertTrue(answer.body.startswith(b'{"total":5,"has_more":true,"after":'))
        token = urllib.parse.quote(answer.json()['after'], '')
        last = self.page('/cursor?from_token=' + token).json()
        self.assertEqual(self.indices(last['variants']), [3, 4])

    def test_parts(self):
        found = []
        for k in range(3):
            found += self.by_token('/cursor', f'?part={k}/3')
        self.assertEqual(found, ALL)
        self.assertIn('/cursor?part=1%2F3', self.api.counters()['pages'])


class Links(Case):
    def test_next_url(self):
        for kind in ('absolute', 'path', 'query'):
            found = self.walk('/next-url', lambda answer: self.next_url(answer, kind),
                              f'?links={kind}')
            self.assertEqual(found, ALL)

    def next_url(self, answer, kind):
        url = answer.json()['next']
        if not url:
            return None
        self.assertTrue(url.startswith({'absolute': self.api.url('/next-url/more?'),
                                        'path': '/next-url/more?', 'query': '?'}[kind]))
        return here(urllib.parse.urljoin(self.api.url('/next-url'), url))

    def test_link_header(self):
        found = self.walk('/link', self.next_link, '?per_page=4&links=path')
        self.assertEqual(found, ALL)
        middle = self.page('/repositories/1000/items?per_page=4&page=3&links=path').headers['link']
        self.assertEqual(re.findall(r'<[^>]*[?&]page=(\d+)>; rel="(\w+)"', middle),
                         [('2', 'prev'), ('4', 'next'), ('6', 'last'), ('1', 'first')])

    def test_a_head_alone(self):
        answer = self.api.request('HEAD', '/link')
        self.assertEqual((answer.status, answer.body), (200, b''))
        self.assertEqual(int(answer.headers['content-length']), len(self.page('/link').body))

    def next_link(self, answer):
        found = re.search(r'<([^>]+)>; rel="next"', answer.headers.get('link', ''))
        return found and here(found[1])


class Numbers(Case):
    def test_pages(self):
        for base in (0, 1):
            found, number = [], base
            while True:
                body = self.page(f'/page?base={base}&page={number}').json()
                found += self.indices(body['items'])
                self.assertEqual((body['page'], body['total'], body['total_pages']),
                                 (number, 23, 5))
                number += 1
                if not body['has_more']:
                    break
            self.assertEqual((found, number), (ALL, base + 5))
        self.assertEqual(self.page('/page?page=6').json()['items'], [])
        self.assertEqual(self.api.get('/page?page=0').status, 400)

    def test_offset(self):
        found = []
        for offset in range(0, 23, 6):
            body = self.page(f'/offset?offset={offset}&limit=6').json()
            self.assertEqual(body['total'], 23)
            found += self.indices(body['items'])
        self.assertEqual(found, ALL)

    def test_lines_and_csv(self):
        lines, rows = [], []
        for number in range(1, 6):
            lines += self.page(f'/ndjson?page={number}').body.splitlines()
            answer = self.page(f'/csv?page={number}')
            self.assertEqual(answer.headers['x-total-pages'], '5')
            rows += list(csv.reader(io.StringIO(answer.body.decode(), newline='')))[1:]
        self.assertEqual(lines, self.api.expected())
        self.assertEqual([int(row[1]) for row in rows], ALL)
        self.assertEqual(rows[0][3], 'he said "hi", caf\u00e9\nline two')
        self.assertEqual(self.page('/ndjson?page=6').body, b'')


class Posts(Case):
    def test_cursor_and_page(self):
        found, cursor = [], None
        while True:
            body = self.api.post('/post', {'cursor': cursor, 'limit': 10}).json()
            found += self.indices(body['items'])
            cursor = body.get('cursor')
            if not cursor:
                break
        self.assertEqual(found, ALL)
        body = self.api.post('/post', {'page': 3, 'limit': 10}).json()
        self.assertEqual((self.indices(body['items']), body['has_more']), ([20, 21, 22], False))
        self.assertEqual(self.api.get('/post').status, 405)

    def test_graphql(self):
        found, after = [], None
        while True:
            data = self.api.post('/graphql', {
                'query': '{ items { nodes { id } } }',
                'variables': {'first': 9, 'after': after}}).json()['data']['items']
            found += self.indices(data['nodes'])
            after = data['pageInfo']['endCursor']
            if not data['pageInfo']['hasNextPage']:
                break
        self.assertEqual((found, after), (ALL, None))


class Others(Case):
    def test_details(self):
        rows = self.page('/list?count=3').json()['items']
        found = [self.page(here(row['url'])).json()['index'] for row in rows]
        self.assertEqual(found, [0, 1, 2])
        self.assertEqual(self.api.get('/items/12').status, 404)
        self.assertEqual(self.api.counters()['pages']['/items'], {'0': 1, '1': 1, '2': 1})

    def test_windows(self):
        self.start('--records', 48, '--seconds-apart', 3600)
        second = self.page('/window?from=2026-11-02&to=2026-11-02T06:00:00Z').json()
        self.assertEqual(self.indices(second['items']), list(range(24, 30)))
        self.assertEqual(self.by_token('/window', '?from=2026-11-02&count=5'),
                         list(range(24, 48)))
        self.api.control('POST', 'records', {'count': 50})
        self.assertEqual(self.by_token('/window', '?from=2026-11-03'), [48, 49])

    def test_events(self):
        items = self.page('/events').json()['items']
        days = [item['updated_at'][:10] for item in items]
        self.assertEqual(days[:5], [f'2026-11-0{day}' for day in range(1, 6)])
        self.assertEqual(lines_of(self.page('/events').body), self.api.expected(0, 5, 'events'))

    def test_documents(self):
        folder = os.path.dirname(os.path.abspath(__file__))
        path = os.path.join(folder, 'documents.json')
        self.start('--documents', path + ':.data.rows', '--page-records', 2)
        self.assertEqual(lines_of(self.page('/cursor').body),
                         [b'{"id": 12345678901234567890, "price": 1.10}', b'["nested", {"]": "}"}]'])
        self.assertEqual(self.api.digest()['count'], 3)

    def test_a_folder_of_documents(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in (('b.json', '{"b": 1}\n'), ('a.json', ' 7 '), ('c.txt', 'no')):
                with open(os.path.join(folder, name), 'w', encoding='utf-8') as file:
                    file.write(text)
            self.start('--documents', folder)
            self.assertEqual(self.page('/ndjson').body, b'7\n{"b": 1}\n')

    def test_exchanges(self):
        shared = os.environ.get('SLUICE_SHARED')
        if not shared:
            self.skipTest('skipped: recorded exchanges: needs ../shared/data')
        self.start('--exchanges', os.path.join(shared, 'data', 'http-octokit'))
        target, found = ('/exchange/repos/octokit-fixture-org/paginate-issues/issues?per_page=3',
                         [])
        while target:
            answer = self.page(target)
            found += [issue['number'] for issue in answer.json()]
            link = re.search(r'<([^>]+)>; rel="next"', answer.headers['link'])
            target = link and here(link[1])
        self.assertEqual(found, list(range(13, 0, -1)))
        self.assertEqual(self.api.get('/exchange/nothing').status, 404)
