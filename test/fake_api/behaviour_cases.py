"""What goes wrong on purpose, who may come in, limits, and what is counted."""
import base64
import datetime
import email.utils
import gzip
import hashlib
import hmac
import json
import subprocess
import threading
import time
import urllib.parse

from cases import Case, here, lines_of
from fake_api import FakeApi, Lost


class Faults(Case):
    def test_statuses_and_retry_after(self):
        self.api.faults('page=2 status=503 times=2 retry_after=1', 'path=/link status=404')
        self.assertEqual(self.page('/page').json()['page'], 1)
        answer = self.api.get('/page?page=2')
        self.assertEqual((answer.status, answer.headers['retry-after']), (503, '1'))
        self.assertEqual(self.api.get('/page?page=2').status, 503)  # Too early
        time.sleep(1.01)
        self.page('/page?page=2')
        self.assertEqual(self.api.get('/link').status, 404)
        self.api.faults('status=429 times=1 retry_after_date=2')
        date = email.utils.parsedate_to_datetime(self.api.get('/page').headers['retry-after'])
        left = (date - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
        self.assertTrue(0.5 < left <= 2, left)
        counters = self.api.counters()
        self.assertEqual(counters['early_retries'], 1)
        self.assertEqual(counters['by_status'], {'200': 2, '404': 1, '429': 1, '503': 2})
        self.assertEqual(counters['pages']['/page'], {'1': 2, '2': 3})

    def test_which_requests(self):
        self.api.faults('path=/page every=3 status=500')
        self.assertEqual([self.api.get('/page').status for _ in range(6)],
                         [200, 200, 500, 200, 200, 500])
        self.assertEqual(self.api.get('/link').status, 200)
        self.api.faults('after=1,times=2,status=500')
        self.assertEqual([self.api.get('/page').status for _ in range(4)], [200, 500, 500, 200])
        self.api.faults('percent=20 seed=5 status=500')
        statuses = [self.api.get('/page').status for _ in range(200)]
        self.assertTrue(20 < statuses.count(500) < 60, statuses.count(500))
        with self.assertRaisesRegex(ValueError, 'fault: wrong: no such word'):
            self.api.faults('page=1 wrong=1')
        with self.assertRaisesRegex(ValueError, 'nothing is to go wrong'):
            self.api.faults('page=1')

    def test_lost_answers(self):
        whole = self.page('/page').body
        for rule in ('timeout', 'reset', 'reset=500', 'truncate=500'):
            self.api.reset()
            self.api.faults(rule + ' times=1')
            with self.assertRaises(Lost, msg=rule):
                self.api.get('/page', timeout=0.2)
            self.assertEqual(self.page('/page').body, whole)
        counters = self.api.counters()
        self.assertEqual((counters['faults_done'], counters['by_status']), (1, {'200': 2}))
        self.api.faults('path=/link page=2 status=404')
        self.assertEqual(self.api.get('/repositories/1000/items?page=2').status, 404)

    def test_slow_answers(self):
        for rule, least in (('slow=20000', 0.2), ('delay=150', 0.15)):
            self.api.faults(rule)
            begin = time.monotonic()
            self.page('/page')
            self.assertGreater(time.monotonic() - begin, least)
        self.api.faults()
        self.api.control('POST', 'latency', {'ms': 100})
        begin = time.monotonic()
        self.page('/page')
        self.assertGreaterEqual(time.monotonic() - begin, 0.1)

    def test_bodies(self):
        whole = self.page('/page').body
        self.api.faults('html')
        answer = self.page('/page')
        self.assertEqual(answer.headers['content-type'], 'text/html')
        self.assertTrue(answer.body.startswith(b'<!DOCTYPE html>'))
        self.api.faults('broken_json')
        self.assertTrue(whole.startswith(self.page('/page').body))
        with self.assertRaises(json.JSONDecodeError):
            self.page('/page').json()
        self.api.faults('chunked')
        answer = self.page('/page')
        self.assertEqual((answer.headers['transfer-encoding'], answer.body), ('chunked', whole))
        self.api.faults('gzip chunked')
        answer = self.page('/page')
        self.assertEqual(answer.headers['content-encoding'], 'gzip')
        self.assertEqual(gzip.decompress(answer.body), whole)
        self.api.faults('graphql_error')
        self.assertIn('errors', self.api.post('/graphql', {}).json())

    def test_a_connection_that_ends(self):
        self.api.faults('close nth=2')
        for _ in range(2):
            self.page('/page')
        self.assertEqual(self.api.connection.sock.recv(1), b'')
        self.assertEqual(self.api.counters()['connections_accepted'], 1)

    def test_gzip_for_those_who_accept_it(self):
        self.start('--records', 5, '--gzip')
        self.assertNotIn('content-encoding', self.page('/link').headers)
        answer = self.page('/link', headers={'Accept-Encoding': 'deflate, gzip'})
        self.assertEqual(lines_of(gzip.decompress(answer.body)), self.api.expected())


class WrongPages(Case):
    def next_page(self, token):
        return self.page('/cursor?token=' + urllib.parse.quote(token, '')).json()

    def test_same_token(self):
        self.api.faults('page=2 same_token')
        token = self.page('/cursor').json()['next_token']
        self.assertEqual(self.next_page(token)['next_token'], token)

    def test_same_page(self):
        self.api.faults('page=2 same_page times=1')
        self.assertEqual(self.by_token('/cursor'),
                         [*range(5), *range(5), *range(10, 23)])

    def test_a_cycle(self):
        self.api.faults('page=3 cycle=1')
        first = self.page('/cursor').json()
        second = self.next_page(first['next_token'])
        third = self.next_page(second['next_token'])
        self.assertEqual(third['next_token'], first['next_token'])
        self.api.faults('page=3 cycle')
        self.assertEqual(self.indices(self.next_page(
            self.next_page(second['next_token'])['next_token'])['items']), list(range(5)))

    def test_an_empty_page_in_the_middle(self):
        self.api.faults('page=2 empty')
        token = self.page('/cursor').json()['next_token']
        empty = self.next_page(token)
        self.assertEqual(empty['items'], [])
        self.assertNotEqual(empty['next_token'], token)
        self.assertEqual(self.by_token('/cursor'), list(range(23)))


class Redirects(Case):
    options = ('--records', 5, '--bearer', 'T', '--api-key-query', 'key=K')
    bearer = {'Authorization': 'Bearer T'}

    def test_same_host(self):
        self.api.faults('redirect=same')
        answer = self.api.get('/link?count=2', headers=self.bearer)
        self.assertEqual((answer.status, answer.headers['location']), (302, '/moved/link?count=2'))
        self.assertEqual(len(self.page(answer.headers['location'],
                                       headers=self.bearer).json()), 2)

    def test_other_host(self):
        self.api.faults('redirect=other status=307')
        answer = self.api.get('/link', headers=self.bearer)
        self.assertEqual((answer.status, answer.headers['location']),
                         (307, f'http://localhost:{self.api.port}/elsewhere/link'))
        self.page('/elsewhere/link')
        self.assertEqual(self.api.counters()['elsewhere_with_secrets'], 0)
        self.page('/elsewhere/link', headers=self.bearer)
        self.page('/elsewhere/link?key=K')
        counters = self.api.counters()
        self.assertEqual((counters['elsewhere'], counters['elsewhere_with_secrets']), (3, 2))

    def test_other_server(self):
        with FakeApi(Case.program, '--records', 3) as other:
            self.api.faults('redirect=' + other.url('/elsewhere'))
            answer = self.api.get('/link?key=K')
            self.assertEqual(answer.headers['location'], other.url('/elsewhere/link', key='K'))
            self.assertEqual(other.get(here(answer.headers['location'])).status, 200)


class Auth(Case):
    def judge(self, headers, status, target='/link'):
        self.assertEqual(self.api.get(target, headers=headers).status, status, headers)

    def test_what_one_knows(self):
        self.start('--bearer', 'T1', '--bearer', 'T2', '--basic', 'me:hush', '--api-key-header',
                   'X-Api-Key=K1', '--api-key-query', 'api_key=K2')
        basic = base64.b64encode(b'me:hush').decode()
        for headers in ({'Authorization': 'Bearer T1'}, {'authorization': 'bearer T2'},
                        {'Authorization': 'Basic ' + basic}, {'x-api-key': 'K1'}):
            self.judge(headers, 200)
        self.judge({}, 200, '/link?api_key=K2')
        wrong = ({}, {'Authorization': 'Bearer T3'}, {'Authorization': 'Basic T1'},
                 {'X-Api-Key': 'K2'})
        for headers in wrong:
            self.judge(headers, 401)
        self.assertEqual(self.api.counters()['auth_failures'], len(wrong))
        self.assertEqual(self.api.counters()['requests'], len(wrong) + 5)

    def ask_token(self, **form):
        answer = self.api.request('POST', '/oauth/token', {},
                                  urllib.parse.urlencode(form).encode())
        return answer.status, answer.json()

    def test_oauth(self):
        self.start('--oauth', 'app:hush', '--token-seconds', 1, '--refresh-token', 'R0')
        who = {'client_id': 'app', 'client_secret': 'hush'}
        status, given = self.ask_token(grant_type='client_credentials', **who)
        self.assertEqual((status, given['expires_in'], given['token_type']), (200, 1, 'Bearer'))
        bearer = {'Authorization': 'Bearer ' + given['access_token']}
        self.judge(bearer, 200)
        self.assertEqual(self.ask_token(grant_type='client_credentials')[0], 401)
        status, first = self.ask_token(grant_type='refresh_token', refresh_token='R0', **who)
        self.assertEqual(status, 200)
        self.assertEqual(self.ask_token(grant_type='refresh_token', refresh_token='R0', **who),
                         (400, {'error': 'invalid_grant'}))
        status, second = self.ask_token(grant_type='refresh_token',
                                        refresh_token=first['refresh_token'], **who)
        self.judge({'Authorization': 'Bearer ' + second['access_token']}, 200)
        time.sleep(1.1)
        self.judge(bearer, 401)
        status, given = self.ask_token(grant_type='client_credentials', **who)
        self.api.control('POST', 'expire', {'what': 'access'})
        self.judge({'Authorization': 'Bearer ' + given['access_token']}, 401)
        self.assertEqual(self.api.counters()['tokens_given'], 4)

    def test_signatures(self):
        self.start('--sigv4', 'AKIDTEST:hush', '--region', 'eu-west-1')
        self.judge(self.signed('GET', '/link', 'count=2&part=0%2F2', 'hush'), 200,
                   '/link?part=0%2F2&count=2')
        self.judge(self.signed('GET', '/link', '', 'wrong'), 401)
        self.judge({}, 401)
        body = json.dumps({'page': 1}).encode()
        headers = self.signed('POST', '/post', '', 'hush', body)
        self.assertEqual(self.api.request('POST', '/post', headers, body).status, 200)
        self.assertEqual(self.api.request('POST', '/post', headers, body + b' ').status, 401)

    def signed(self, method, path, query, secret, body=b''):
        now = datetime.datetime.now(datetime.timezone.utc).strftime('%Y%m%dT%H%M%SZ')
        scope = f'{now[:8]}/eu-west-1/execute-api/aws4_request'
        canonical = '\n'.join([method, path, query, f'host:127.0.0.1:{self.api.port}',
                               f'x-amz-date:{now}', '', 'host;x-amz-date',
                               hashlib.sha256(body).hexdigest()])
        text = '\n'.join(['AWS4-HMAC-SHA256', now, scope,
                          hashlib.sha256(canonical.encode()).hexdigest()])
        key = b'AWS4' + secret.encode()
        for word in scope.split('/'):
            key = hmac.new(key, word.encode(), hashlib.sha256).digest()
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        return {'X-Amz-Date': now,
                'Authorization': f'AWS4-HMAC-SHA256 Credential=AKIDTEST/{scope}, '
                                 f'SignedHeaders=host;x-amz-date, Signature={signature}'}


class CommandLine(Case):
    def test_wrong_words(self):
        for words, why in ((['--rate', 'x'], '--rate x: not like 100 or 5000/3600'),
                           (['--wrong'], '--wrong: no such option; see --help'),
                           (['--records', '-1'], '--records -1: not a number'),
                           (['--basic', 'me'], "--basic me: needs a ':'"),
                           (['--documents', '/none'], "--documents: /none: can't be read"),
                           (['--links', 'wrong'], '--links wrong: one of absolute, path, query'),
                           (['--expect', 'x'], '--expect x: lines, csv or digest')):
            ended = subprocess.run([Case.program, *words], capture_output=True, text=True,
                                   check=False, timeout=10)
            self.assertEqual((ended.returncode, ended.stderr), (2, f'fake_api: {why}\n'))

    def test_help(self):
        ended = subprocess.run([Case.program, '--help'], capture_output=True, text=True,
                               check=True)
        self.assertIn('--fault SPEC', ended.stdout)


class Limits(Case):
    def test_rate(self):
        self.start('--rate', '3/2', '--bearer', 'A', '--bearer', 'B')
        of_a, of_b = {'Authorization': 'Bearer A'}, {'Authorization': 'Bearer B'}
        answers = [self.api.get('/link', headers=of_a) for _ in range(4)]
        self.assertEqual([answer.status for answer in answers], [200, 200, 200, 429])
        self.assertEqual([answer.headers['x-ratelimit-remaining'] for answer in answers],
                         ['2', '1', '0', '0'])
        self.assertEqual(answers[3].headers['retry-after'], '2')
        self.assertLessEqual(int(answers[3].headers['x-ratelimit-reset']), time.time() + 3)
        self.assertEqual(self.api.get('/link', headers=of_b).status, 200)
        time.sleep(2.01)
        self.assertEqual(self.api.get('/link', headers=of_a).status, 200)
        counters = self.api.counters()
        self.assertEqual(counters['rate_violations'], 1)
        self.assertEqual(counters['by_caller'], {'Bearer A': 5, 'Bearer B': 1})

    def test_bandwidth(self):
        self.start('--bandwidth', 50_000, '--records', 20, '--record-bytes', 1000)
        begin = time.monotonic()
        self.page('/link')
        self.assertGreater(time.monotonic() - begin, 0.3)

    def test_many_at_once(self):
        self.api.control('POST', 'latency', {'ms': 500})
        clients = [threading.Thread(target=self.get_alone) for _ in range(8)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        counters = self.api.counters()
        self.assertEqual((counters['requests_open_max'], counters['requests_open']), (8, 0))
        self.assertEqual((counters['pages_asked_twice'], counters['records']), (1, 40))
        self.api.reset()
        self.assertEqual(self.api.counters()['requests'], 0)

    def get_alone(self):
        other = FakeApi.__new__(FakeApi)
        other.port, other.connection = self.api.port, None
        other.get('/page')
        other.close()
