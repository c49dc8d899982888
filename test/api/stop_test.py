"""A run that is told to stop ends within its grace, whatever it waits for, with 4; and the next run
does the rest.

    stop_test.py SLUICE FAKE_API [unittest's words]
"""
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
import unittest

from answering import Answering
from api_job import Job
from counted import main as counted

SLUICE = sys.argv[1]
GRACE = 3
PAGES = 4
LATER = 86400


class Server(http.server.ThreadingHTTPServer):
    """Pages of an API, a token endpoint and a store, each of which may keep one waiting.
    `stuck`: which of them does, "page 3", "token", "store"; mended by mend()."""
    daemon_threads = True

    def __init__(self, stuck):
        super().__init__(('127.0.0.1', 0), Handler)
        self.stuck, self.met, self.mended = stuck, threading.Event(), threading.Event()
        self.asked = threading.Event()
        self.token_url = self.url('/token')
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.mend()
        self.shutdown()
        self.server_close()

    def mend(self):
        self.mended.set()

    def url(self, path):
        return f'http://127.0.0.1:{self.server_port}{path}'

    def handle_error(self, *_):
        pass


class Handler(Answering):
    protocol_version = 'HTTP/1.1'

    def is_stuck(self, what):
        if self.server.stuck != what or self.server.mended.is_set():
            return False
        self.server.met.set()
        return True

    def do_GET(self):
        if self.path.startswith('/lake'):
            return self.store()
        page = int(self.path.split('token=')[1]) if 'token=' in self.path else 0
        self.server.asked.set()
        if self.is_stuck(f'page {page}'):
            return self.answer(503, b'', Retry_After=str(LATER))
        if self.is_stuck(f'silence {page}'):
            return self.server.mended.wait()
        items = [{'n': 100 * page + i} for i in range(100)]
        more = {'next': str(page + 1)} if page + 1 < PAGES else {}
        return self.answer(200, json.dumps({'items': items, **more}).encode())

    def do_POST(self):
        self.rfile.read(int(self.headers.get('Content-Length', 0)))
        if self.path.startswith('/lake'):
            return self.store()
        if self.is_stuck('token'):
            return self.server.mended.wait()
        return self.answer(200, b'{"access_token": "t", "expires_in": 3600, "token_type": "Bearer"}')

    def store(self):
        """S3 that always says to slow down, or nothing."""
        self.rfile.read(int(self.headers.get('Content-Length', 0)))
        if self.is_stuck('silent store'):
            return self.server.mended.wait()
        self.is_stuck('store')
        return self.answer(503, b'<?xml version="1.0"?><Error><Code>SlowDown</Code>'
                                b'<Message>Reduce your request rate.</Message></Error>')

    do_PUT = do_HEAD = do_DELETE = store


class Case(unittest.TestCase):
    def stops(self, server, job, stop, met=None, env=None, within=GRACE + 0.5):
        """Runs the job, stops it once it waits: it has ended within so many seconds."""
        stopped = []

        def meanwhile(process):
            self.assertTrue((met or server.met).wait(30), 'the run never came to where it waits')
            time.sleep(0.3)
            stopped.append(time.monotonic())
            if stop != 'deadline':
                process.send_signal(stop)

        words = ['--grace', f'{GRACE}s'] + (['--deadline', '3s'] if stop == 'deadline' else [])
        ran = job.run(*words, env=env, meanwhile=meanwhile)
        took = time.monotonic() - stopped[0]
        self.assertEqual(ran.code, 4, ran.out + ran.err)
        self.assertLess(took, within + (3 if stop == 'deadline' else 0))
        self.assertEqual(job.objects(), [])
        return ran

    def stops_and_goes_on(self, stuck, words='', **more):
        for stop in (signal.SIGTERM, signal.SIGINT, 'deadline'):
            with self.subTest(stop), Server(stuck) as server:
                source = (f'url: "{server.url("/pages")}"\n'
                          'next: { cursor: .next, as: token }\n' + words.format(server))
                with Job(SLUICE, source, **more) as job:
                    # Such a wait is cut short; its grace is for what can't be.
                    self.stops(server, job, stop, within=GRACE / 2)
                    server.mend()
                    self.check_whole(job, job.run())

    def check_whole(self, job, ran):
        self.assertEqual(ran.code, 0, ran.out + ran.err)
        numbers = [json.loads(line)['n'] for line in job.lines()]
        self.assertEqual(numbers, list(range(100 * PAGES)))
        self.assertEqual(job.open_uploads(), [])


class WhateverItWaitsFor(Case):
    def test_an_api_that_says_to_come_back_tomorrow(self):
        self.stops_and_goes_on('page 2')

    def test_an_answer_that_does_not_come(self):
        self.stops_and_goes_on('silence 2')

    def test_the_first_answer_of_all(self):
        self.stops_and_goes_on('silence 0')

    def test_a_token_endpoint_that_is_silent(self):
        self.stops_and_goes_on('token', 'auth: {{ oauth2: {{ token_url: "{0.token_url}", '
                                        'client_id: me, client_secret: me }} }}\n')

    def test_a_store_that_always_says_to_slow_down(self):
        for stop in (signal.SIGTERM, 'deadline'):
            with self.subTest(stop), Server('store') as server:
                source = f'url: "{server.url("/pages")}"\nnext: {{ cursor: .next, as: token }}'
                with Job(SLUICE, source, sink='{ lake: "s3://lake/api/" }') as job:
                    self.stops(server, job, stop, env={
                        'AWS_ENDPOINT_URL_S3': server.url(''), 'AWS_ACCESS_KEY_ID': 'k',
                        'AWS_SECRET_ACCESS_KEY': 's', 'AWS_REGION': 'us-east-1'})

    def test_a_worker_that_does_not_come_back_from_jq(self):
        for stop in (signal.SIGTERM, 'deadline'):
            with self.subTest(stop), Server('none') as server:
                source = f'url: "{server.url("/pages")}"\nnext: {{ cursor: .next, as: token }}'
                with Job(SLUICE, source, transform='[ { jq: "def f: f; f" } ]') as job:
                    self.stops(server, job, stop, met=server.asked)

    def test_a_program_that_will_not_end(self):
        for stop in (signal.SIGTERM, 'deadline'):
            with self.subTest(stop), Server('none') as server:
                program = f"trap '' TERM; curl -s {server.url('/pages')}; while :; do sleep 1; done"
                with Job(SLUICE, f'exec: [ sh, -c, "{program}" ]', 'jsonl') as job:
                    self.stops(server, job, stop, met=server.asked)


class OtherVerbs(Case):
    """They have nothing to bring home: they end at once."""

    def ends(self, server, command, stop):
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env={**os.environ, 'AWS_ENDPOINT_URL_S3': server.url(''),
                                   'AWS_ACCESS_KEY_ID': 'k', 'AWS_SECRET_ACCESS_KEY': 's',
                                   'AWS_REGION': 'us-east-1'}) as process:
            self.assertTrue(server.met.wait(30), 'it never came to where it waits')
            began = time.monotonic()
            if stop != 'deadline':
                process.send_signal(stop)
            out, err = process.communicate(timeout=30)
        self.assertLess(time.monotonic() - began, 3 if stop == 'deadline' else 1)
        self.assertEqual(process.returncode, 4, out + err)
        self.assertIn('deadline' if stop == 'deadline' else 'SIG', err)

    def test_a_store_that_never_answers_or_says_to_slow_down_for_ever(self):
        for stuck in ('silent store', 'store'):
            for verb in ('settle', 'verify', 'status', 'plan', 'check'):
                for stop in (signal.SIGTERM, signal.SIGINT, 'deadline'):
                    with self.subTest(f'{stuck} {verb} {stop}'), Server(stuck) as server:
                        source = f'url: "{server.url("/pages")}"\nnext: {{ cursor: .next, as: token }}'
                        with Job(SLUICE, source, sink='{ lake: "s3://lake/api/" }') as job:
                            more = ['--deadline', '2s'] if stop == 'deadline' else []
                            self.ends(server, job.command(*more, verb=verb), stop)

    def test_an_api_that_is_silent_or_says_to_come_back_tomorrow(self):
        for stuck in ('silence 0', 'page 0'):
            for stop in (signal.SIGTERM, 'deadline'):
                with self.subTest(f'{stuck} {stop}'), Server(stuck) as server:
                    source = f'url: "{server.url("/pages")}"\nnext: {{ cursor: .next, as: token }}'
                    more = ['--deadline', '2s'] if stop == 'deadline' else []
                    with Job(SLUICE, source) as job:
                        self.ends(server, job.command(*more, verb='preview'), stop)
                    server.met.clear()
                    if stuck == 'silence 0':
                        self.ends(server, [SLUICE, 'init', server.url('/pages'), *more], stop)


if __name__ == '__main__':
    counted(sys.argv[3:])
