"""Jobs over servers that answer oddly, byte by byte: what lies behind an answer, how it ends, how
long it takes, and what a refusal asks for.

    endings_test.py SLUICE FAKE_API [unittest's words]
"""
import resource
import socket
import subprocess
import sys
import threading
import time
import unittest

from api_job import Job
from counted import main as counted

SLUICE = sys.argv[1]
CURSOR = 'next: { cursor: .next, as: token }\n'


def answer(body, status='200 OK', headers=''):
    return (f'HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n{body}').encode()


class Server:
    """Calls `serve(target, connection)` for each request; it returns bytes to send, or None to hang
    up."""

    def __init__(self, serve):
        self.serve, self.asked = serve, []
        self.listener = socket.create_server(('127.0.0.1', 0), backlog=128)
        self.url = f'http://127.0.0.1:{self.listener.getsockname()[1]}'
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        got = b''
        try:
            while True:
                while b'\r\n\r\n' not in got:
                    some = connection.recv(65536)
                    if not some:
                        return
                    got += some
                head, got = got.split(b'\r\n\r\n', 1)
                target = head.split(b' ')[1].decode()
                self.asked.append(target)
                said = self.serve(target, connection)
                if said is None:
                    return
                connection.sendall(said)
        except OSError:
            pass
        finally:
            connection.close()


class Case(unittest.TestCase):
    def run_over(self, serve, words='', decode='{ json: { records: .items } }', timeout=60,
                 path='/pages', run=()):
        with Server(serve) as server:
            with Job(SLUICE, f'url: "{server.url}{path}"\n{words}', decode) as job:
                began = time.monotonic()
                ran = job.run('--json', *run, timeout=timeout)
                self.seconds = time.monotonic() - began
                self.lines, self.asked = job.lines(), server.asked
                return ran


class Endings(Case):
    def test_bytes_behind_an_answer_are_not_the_next_page(self):
        forged = answer('{"items":[{"n":"forged"}]}')

        def serve(target, _):
            if 'token' in target:
                return answer('{"items":[{"n":2}]}')
            return answer('{"items":[{"n":1}],"next":"a"}') + forged

        ran = self.run_over(serve, CURSOR)
        self.assertEqual(ran.code, 0, ran.err)
        self.assertEqual(self.lines, [b'{"n":1}', b'{"n":2}'])

    def test_a_folded_link_header_leads_to_the_next_page(self):
        def serve(target, connection):
            url = 'http://%s:%d/pages' % connection.getsockname()
            number = int(target.partition('p=')[2] or 1)
            links = f'Link: <{url}?p=0>; rel="prev",\r\n <{url}?p={number + 1}>; rel="next"\r\n'
            return answer(f'{{"items":[{{"n":{number}}}]}}', headers=links if number < 3 else '')

        ran = self.run_over(serve, 'next: { link: next }\n')
        self.assertEqual(ran.code, 0, ran.err)
        self.assertEqual(len(self.lines), 3)

    def test_lines_that_only_the_connections_end_has_ended_are_warned_of(self):
        def serve(_, connection):
            connection.sendall(b'HTTP/1.1 200 OK\r\n\r\n{"n":1}\n{"n":2}\n')

        ran = self.run_over(serve, decode='lines')
        self.assertEqual(ran.code, 0, ran.err)
        self.assertEqual(len(self.lines), 2)
        self.assertIn('if it was cut, nobody can tell', ran.out)

    def test_a_json_document_shows_its_own_end(self):
        def serve(_, connection):
            connection.sendall(b'HTTP/1.1 200 OK\r\n\r\n{"items":[{"n":1}]}')

        ran = self.run_over(serve)
        self.assertEqual(ran.code, 0, ran.err)
        self.assertNotIn('nobody can tell', ran.out)

    def test_a_user_in_the_url_is_refused_without_its_password(self):
        with Server(lambda *_: answer('{"items":[]}')) as server:
            url = server.url.replace('://', '://me:hush@')
            with Job(SLUICE, f'url: "{url}/"\n') as job:
                ran = job.run('--json')
        self.assertNotEqual(ran.code, 0)
        self.assertIn('basic', ran.out + ran.err)
        self.assertNotIn('hush', ran.out + ran.err)
        self.assertEqual(server.asked, [])


class Patience(Case):
    def test_a_body_that_dribbles_is_given_up(self):
        def serve(_, connection):
            connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n')
            for _ in range(1000):
                time.sleep(0.1)
                connection.sendall(b' ')

        words = 'timeout: 1s\ngive_up_after: 3s\nattempts: 3\n'
        ran = self.run_over(serve, words)
        self.assertEqual(ran.code, 1, ran.err)
        self.assertIn('too slow', ran.out + ran.err)
        self.assertLess(self.seconds, 20)

    def test_a_body_without_an_end_is_given_up_though_it_is_faster_than_the_least(self):
        def serve(_, connection):
            connection.sendall(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
            while True:
                time.sleep(0.1)
                connection.sendall(b'14\r\n' + 20 * b' ' + b'\r\n')  # 200 bytes a second and more

        ran = self.run_over(serve, 'timeout: 1s\ngive_up_after: 3s\nattempts: 2\n')
        self.assertEqual(ran.code, 1, ran.err)
        self.assertIn('too slow', ran.out + ran.err)
        self.assertLess(self.seconds, 45)

    def test_an_api_that_never_answers_has_no_longer_than_give_up_after(self):
        ran = self.run_over(lambda *_: time.sleep(60), 'timeout: 30s\ngive_up_after: 2s\n')
        self.assertEqual(ran.code, 1, ran.err)
        self.assertIn('give_up_after', ran.out + ran.err)
        self.assertLess(self.seconds, 12)

    def test_nor_has_a_token_endpoint_that_never_answers(self):
        with Server(lambda *_: time.sleep(60)) as login:
            ran = self.run_over(
                lambda *_: answer('{"items":[]}'),
                'timeout: 30s\ngive_up_after: 2s\n'
                f'auth: {{ oauth2: {{ token_url: "{login.url}/token", client_id: me,'
                f' client_secret: hush }} }}\n')
        self.assertEqual(ran.code, 1, ran.err)
        self.assertIn('token from', ran.out + ran.err)
        self.assertLess(self.seconds, 15)

    def test_a_refusal_without_an_end_is_a_refusal(self):
        def serve(_, connection):
            connection.sendall(b'HTTP/1.1 404 Not Found\r\n\r\n')
            while True:
                connection.sendall(b'x' * 65536)

        ran = self.run_over(serve, 'timeout: 2s\n')
        self.assertEqual(ran.code, 1, ran.err)
        self.assertIn('status 404', ran.out + ran.err)
        self.assertLess(self.seconds, 20)

    def test_who_refuses_with_retry_after_0_is_not_hammered(self):
        ran = self.run_over(
            lambda *_: answer('', '429 Too Many Requests', 'Retry-After: 0\r\n'),
            'give_up_after: 3s\n')
        self.assertEqual(ran.code, 1, ran.err)
        self.assertLess(len(self.asked), 30)

    def test_a_limit_of_github_is_waited_for(self):
        def serve(_, __):
            if len(self.answers) == 0:
                self.answers.append(1)
                return answer('{"message":"You have exceeded a secondary rate limit."}',
                              '403 Forbidden')
            return answer('{"items":[{"n":1}]}')

        self.answers = []
        ran = self.run_over(serve)
        self.assertEqual(ran.code, 0, ran.err)
        self.assertEqual(len(self.lines), 1)

    def test_a_wait_of_a_hundred_years_is_not_waited_for(self):
        ran = self.run_over(
            lambda *_: answer('', '429 Too Many Requests', 'Retry-After: 4294967295\r\n'))
        self.assertEqual(ran.code, 1, ran.err)
        self.assertIn('asks to wait', ran.out + ran.err)
        self.assertLess(self.seconds, 20)

    def test_a_long_wait_is_said_at_once(self):
        self.says_at_once('left alone for 1 h 0 m (status 429): waiting')

    def test_so_is_one_that_the_token_endpoint_asks_for(self):
        self.says_at_once('left alone for 1 h 0 m: waiting for a token',
                          'auth: {{ oauth2: {{ token_url: "{0}/token", client_id: me, '
                          'client_secret: secret }} }}\n')

    def says_at_once(self, words, auth=''):
        refusal = answer('', '429 Too Many Requests', 'Retry-After: 3600\r\n')
        with Server(lambda *_: refusal) as server, \
                Job(SLUICE, f'url: "{server.url}/pages"\n' + auth.format(server.url)) as job:
            with subprocess.Popen(job.command(), stderr=subprocess.PIPE, text=True,
                                  stdout=subprocess.DEVNULL) as process:
                timer = threading.Timer(20, process.kill)
                timer.start()
                for line in process.stderr:
                    if words in line:
                        break
                else:
                    self.fail('nothing was said')
                timer.cancel()
                process.kill()


class FewFiles(Case):
    def test_with_few_files_fewer_requests_are_open_and_that_is_said(self):
        def serve(target, _):
            number = int(target.partition('page=')[2] or 1)
            time.sleep(0.01)
            return answer('{"items":[%s]}' % (f'{{"n":{number}}}' if number <= 200 else ''))

        for files in (32, 40):
            with self.subTest(files), Server(serve) as server, \
                    Job(SLUICE, f'url: "{server.url}/pages"\nnext: {{ page: page }}\n'
                                'parallel: 64\n') as job:
                self.run_with(files, job)
                self.assertEqual(len(job.lines()), 200)

    def test_with_few_files_a_directory_is_read_and_written_all_the_same(self):
        for files in (16, 32):
            with self.subTest(files):
                self.over_a_directory(files)

    def over_a_directory(self, files):
        sink = '{ lake: "%s/lake/", partition: "p={.p}/", format: jsonl.gz }'
        with Job(SLUICE, 'url: "http://replaced.example/"') as job:
            given = job.folder / 'given'
            given.mkdir()
            for number in range(300):
                (given / f'{number:03}.jsonl').write_text(f'{{"n":{number},"p":{number % 20}}}\n')
            job.file.write_text(f'name: files\nsource: {{ objects: "{given}/" }}\ndecode: jsonl\n'
                                f'sink: {sink % job.folder}\n')
            self.run_with(files, job)
            self.assertEqual(len(job.objects()), 20)
            self.assertEqual(len(job.lines()), 300)

    def test_with_few_files_programs_are_few_at_once(self):
        """As sources of many units, and as transforms on many workers."""
        sink = '{ lake: "%s/lake/", name: "{unit}-{n}.jsonl.gz" }'
        units = 'units: { each: day, default: 2026-01-01..2026-01-20 }\n'
        for files in (28, 40, 64):
            with self.subTest(files), Job(SLUICE, 'url: "http://replaced.example/"') as job:
                rows = job.folder / 'rows'
                rows.write_text(''.join(f'{{"n":{number}}}\n' for number in range(100)))
                job.file.write_text(f'name: files\n{units}source: {{ exec: [ cat, "{rows}" ] }}\n'
                                    'decode: jsonl\ntransform: [ { exec: [ cat ] }, { jq: "." } ]\n'
                                    f'sink: {sink % job.folder}\n')
                self.run_with(files, job, '--workers', '8')
                self.assertEqual(len(job.lines()), 20 * 100)

    def run_with(self, files, job, *words):
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

        ran = subprocess.run(job.command('--json', *words), preexec_fn=limit, capture_output=True,
                             text=True, timeout=60, check=False)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertIn('ulimit -n', ran.stderr)


if __name__ == '__main__':
    counted(sys.argv[3:])
