#!/usr/bin/env python3
"""What a user gets wrong about S3: one clear line each, nothing written, the right exit code.

    bad_input_test.py --sluice build/sluice --fake-s3 build/test/fake_s3/fake_s3 [--only WORD]

1 is what may pass or lies with the server or the rights there, 2 what must be edited in the job or
the environment.
"""
import argparse
import concurrent.futures
import gzip
import http.server
import json
import os
import shutil
import socketserver
import subprocess
import sys
import tempfile
import threading
import time

import servers
from s3_lake import Wrong, expect, list_keys

JOB = '''name: trail
units: {{ each: day, late: 100000d }}
source:
  objects: "{source}"
{source_more}decode: {{ json: {{ records: .Records }} }}
sink:
  lake: "{lake}"
  partition: "region={{.awsRegion}}/"
  format: jsonl.gz
'''
DAY = '2024-02-08'
LOGS = 's3://sluice-test/logs/{unit:%Y/%m/%d}/'
# Signs that keys may have; each is a part of a name.
ODD = ['a b', 'a+b', 'a%2Fb', "quote'd", '"double"', 'a&b=c', 'a?b', 'a#b', 'a;b', 'a:b@c', 'a,b$',
       'a*b', '(a)[b]{c}', 'a|b\\c', 'a^b`c~', 'ünïcödé', '日本', '😀', 'a<b>c', '...', '.hidden',
       'tab\there', 'line\nbreak', '\x7f', 'trailing ', '%00', 'a//b']


def log(number=1):
    record = {'awsRegion': 'us-east-1', 'eventTime': '2024-02-08T10:00:00Z', 'n': number}
    return gzip.compress(json.dumps({'Records': [record]}).encode())


class Page(http.server.BaseHTTPRequestHandler):
    """A web server that isn't S3; as a proxy it refuses."""

    def answer(self):
        body = b'<!DOCTYPE html><html><body><h1>It works!</h1></body></html>'
        self.send_response(200)
        self.send_header('Content-Type', 'text/html')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = answer

    def do_CONNECT(self):
        self.send_error(403, 'not allowed here')

    def log_message(self, *_):
        pass


class Listing(http.server.BaseHTTPRequestHandler):
    """A bucket whose listings say that there is more, and `more` of it: a token, or nothing."""
    more, asked = '', 0

    def do_GET(self):
        is_list = 'list-type=2' in self.path
        type(self).asked += is_list
        key = '<Contents><Key>logs/2024/02/08/a.json.gz</Key><Size>9</Size><ETag>"e"</ETag></Contents>'
        body = ('<ListBucketResult><IsTruncated>true</IsTruncated>' + self.more + key +
                '</ListBucketResult>' if is_list else '<Error><Code>NoSuchKey</Code></Error>').encode()
        self.send_response(200 if is_list else 404)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Plain(socketserver.BaseRequestHandler):
    """A server that speaks no TLS, and says so in HTTP."""

    def handle(self):
        self.request.recv(1000)
        self.request.sendall(b'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')


class BadInput:
    def __init__(self, options, root):
        self.options, self.root = options, root
        self.program, self.sluice = (os.path.abspath(options.fake_s3),
                                     os.path.abspath(options.sluice))
        self.fake = self.start_fake()
        self.client = self.fake.client()
        self.client.put(f'logs/{DAY.replace("-", "/")}/one.json.gz', log())
        self.said, self.seconds = '', 0

    def start_fake(self, *more):
        return servers.fake_s3(self.program, '--bucket', 'far@eu-west-1', *more)

    def run(self, environment=None, lake='s3://sluice-test/lake/', source=LOGS, source_more='',
            verb='run', server=None, files=None):
        """Exit code and the standard error of a run; with at most so many open files."""
        job = os.path.join(self.root, 'job.yaml')
        with open(job, 'w', encoding='utf-8') as file:
            file.write(JOB.format(source=source, lake=lake, source_more=source_more))
        clean = {name: value for name, value in os.environ.items()
                 if not name.lower().endswith('_proxy') and not name.startswith('AWS_')}
        variables = {**clean, 'HOME': self.root, **(server or self.fake).environment(),
                     **(environment or {})}
        variables = {name: value for name, value in variables.items() if value is not None}
        began = time.monotonic()
        limit = ['sh', '-c', f'ulimit -n {files} && exec "$@"', 'sh'] if files else []
        ended = subprocess.run([*limit, self.sluice, verb, job, '--units', DAY], env=variables,
                               stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
                               check=False)
        self.seconds = time.monotonic() - began
        # Of a run that got as far as its report the errors are in there.
        report = [line for line in ended.stdout.decode(errors='replace').splitlines()
                  if line.startswith('error: ')]
        # And progress is none of the words.
        words = [line for line in ended.stderr.decode(errors='replace').strip().splitlines()
                 if not line.startswith('{')]
        self.said = '\n'.join(report + words).strip()
        return ended.returncode

    def refused(self, code, words, **how):
        """It ends with this code, one line with these words, and writes nothing."""
        got = self.run(**how)
        expect(got == code, f'exits {got}, not {code}: {self.said}')
        expect(len(self.said.splitlines()) == 1, f'not one line: {self.said}')
        for word in words:
            expect(word in self.said, f'without "{word}": {self.said}')
        for secret in ('sluice-test-secret', 'wrong-secret', 'a-session-token'):
            expect(secret not in self.said, f'it prints a secret: {self.said}')
        self.client.control('POST', 'faults', b'')
        written = [key for key in list_keys(self.client, '') if not key.startswith('logs/')]
        for key in written:
            self.client.request('DELETE', key)
        # Whose lake it is and that the unit failed may have been noted.
        expect(all('/_sluice/' in key for key in written), f'it wrote {written}')
        return self.said

    # ---- who and where ---------------------------------------------------------------------------

    def missing_bucket(self):
        return self.refused(2, ['NoSuchBucket', 'no-such-bucket', "check the bucket's name"],
                            lake='s3://no-such-bucket/lake/')

    def missing_source_bucket(self):
        return self.refused(1, ['NoSuchBucket', 'no-such-logs'],
                            source='s3://no-such-logs/{unit:%Y/%m/%d}/')

    def wrong_secret(self):
        return self.refused(1, ['SignatureDoesNotMatch', 'check the secret access key'],
                            environment={'AWS_SECRET_ACCESS_KEY': 'wrong-secret'})

    def unknown_key(self):
        return self.refused(1, ['InvalidAccessKeyId', 'not known there'],
                            environment={'AWS_ACCESS_KEY_ID': 'AKIDUNKNOWN'})

    def no_credentials(self):
        return self.refused(1, ['credentials'], environment={'AWS_ACCESS_KEY_ID': None,
                                                             'AWS_SECRET_ACCESS_KEY': None})

    def half_credentials(self):
        return self.refused(2, ['AWS_SECRET_ACCESS_KEY'],
                            environment={'AWS_SECRET_ACCESS_KEY': None})

    def expired_token(self):
        self.client.control('POST', 'expire?token=a-session-token')
        return self.refused(1, ['ExpiredToken', 'get new credentials'],
                            environment={'AWS_SESSION_TOKEN': 'a-session-token'})

    def denied(self):
        self.client.control('POST', 'faults', b'verb=list,do=403')
        return self.refused(1, ['list s3://sluice-test/logs/', 'AccessDenied', 'allow it to'])

    def denied_writes(self):
        self.client.control('POST', 'faults', b'verb=put|create_upload,do=403')
        return self.refused(1, ['put s3://sluice-test/lake/_sluice/', 'AccessDenied'])

    def wrong_region(self):
        """S3 says the right one: it works."""
        with self.start_fake('--load', 'far/logs/2024/02/08', self.file_of_logs()) as fake:
            code = self.run(server=fake, lake='s3://far/lake/',
                            source='s3://far/logs/{unit:%Y/%m/%d}/')
            expect(code == 0, f'exits {code}: {self.said}')
            return 'works: S3 names the region'

    def file_of_logs(self):
        folder = os.path.join(self.root, 'logs')
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, 'one.json.gz'), 'wb') as file:
            file.write(log())
        return folder

    def skewed_clock(self):
        """The server's is taken: it works."""
        with self.start_fake('--load', 'sluice-test/logs/2024/02/08', self.file_of_logs()) as fake:
            fake.client().control('POST', 'clock?seconds=3600')
            code = self.run(server=fake)
            expect(code == 0, f'exits {code}: {self.said}')
            return "works: the server's clock counts"

    # ---- the way there ---------------------------------------------------------------------------

    def not_s3(self):
        web = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Page)
        threading.Thread(target=web.serve_forever, daemon=True).start()
        try:
            return self.refused(
                2, ['does not speak S3'],
                environment={'AWS_ENDPOINT_URL': f'http://127.0.0.1:{web.server_port}'})
        finally:
            web.shutdown()

    def over_a_listing(self, words, more):
        class This(Listing):
            pass
        This.more = more
        web = http.server.ThreadingHTTPServer(('127.0.0.1', 0), This)
        threading.Thread(target=web.serve_forever, daemon=True).start()
        try:
            line = self.refused(2, words, verb='plan', environment={
                'AWS_ENDPOINT_URL': f'http://127.0.0.1:{web.server_port}'})
        finally:
            web.shutdown()
        expect(This.asked < 20, f'listed {This.asked} times')
        return line

    def truncated_listing_without_a_token(self):
        return self.over_a_listing(['logs/', 'NextContinuationToken'], '')

    def listing_whose_token_stays(self):
        return self.over_a_listing(['logs/', "doesn't go forward"],
                                   '<NextContinuationToken>again</NextContinuationToken>')

    def nobody_there(self):
        return self.refused(1, ['refused', '127.0.0.1'], environment={
            'AWS_ENDPOINT_URL': f'http://127.0.0.1:{servers.free_port()}'})

    def unknown_host(self):
        return self.refused(2, ['no-such-host.invalid'],
                            environment={'AWS_ENDPOINT_URL': 'http://no-such-host.invalid'})

    def endpoint_without_scheme(self):
        return self.refused(2, ['127.0.0.1:9000', 'http://'],
                            environment={'AWS_ENDPOINT_URL': '127.0.0.1:9000'})

    def certificate(self):
        """Its file and that of its key: for 127.0.0.1, signed by itself."""
        names = [os.path.join(self.root, name) for name in ('cert.pem', 'key.pem')]
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2',
                        '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1',
                        '-out', names[0], '-keyout', names[1]], check=True, capture_output=True)
        return names

    def self_signed(self):
        names = self.certificate()
        with self.start_fake('--tls', *names) as fake:
            url = {'AWS_ENDPOINT_URL': f'https://127.0.0.1:{fake.port}'}
            line = self.refused(2, ['certificate', 'AWS_CA_BUNDLE'], environment=url)
            code = self.run(environment={**url, 'AWS_CA_BUNDLE': names[0]}, verb='plan')
            expect(code != 2 and 'certificate' not in self.said, f'with its CA: {self.said}')
            return line

    def tls_to_a_plain_port(self):
        """As most servers answer: with a 400 that nobody asked for."""
        plain = socketserver.ThreadingTCPServer(('127.0.0.1', 0), Plain)
        threading.Thread(target=plain.serve_forever, daemon=True).start()
        try:
            return self.refused(2, ['does this port speak TLS'], environment={
                'AWS_ENDPOINT_URL': f'https://127.0.0.1:{plain.server_address[1]}'})
        finally:
            plain.shutdown()
            plain.server_close()

    def plain_to_a_tls_port(self):
        names = self.certificate()
        with self.start_fake('--tls', *names) as fake:
            return self.refused(1, ['closed without an answer'], environment={
                'AWS_ENDPOINT_URL': f'http://127.0.0.1:{fake.port}'})

    def missing_ca_bundle(self):
        path = '/no/such/ca.pem'
        return self.refused(2, [path], environment={'AWS_CA_BUNDLE': path})

    def proxy_refuses(self):
        web = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Page)
        threading.Thread(target=web.serve_forever, daemon=True).start()
        try:
            return self.refused(1, ['the proxy', 'refused', '403'], environment={
                'AWS_ENDPOINT_URL': 'https://s3.example.com',
                'HTTPS_PROXY': f'http://127.0.0.1:{web.server_port}'})
        finally:
            web.shutdown()

    def proxy_not_there(self):
        return self.refused(1, ['proxy', 'refused'], environment={
            'AWS_ENDPOINT_URL': 'https://s3.example.com',
            'HTTPS_PROXY': f'http://127.0.0.1:{servers.free_port()}'})

    # ---- the machine -----------------------------------------------------------------------------

    def few_files(self):
        """Fewer requests are open, which is said, and all the work is done."""
        for number in range(200):
            self.client.put(f'logs/{DAY.replace("-", "/")}/{number}.json.gz', log(number))
        for files in (32, 64):
            code = self.run(files=files, lake=f's3://sluice-test/lake-{files}/')
            expect(code == 0, f'with {files} files it exits {code}: {self.said}')
            expect('ulimit -n' in self.said, f'with {files} files it says {self.said!r}')
            objects = [key for key in list_keys(self.client, f'lake-{files}/') if 'region=' in key]
            text = b''.join(gzip.decompress(self.client.get(key).body) for key in objects)
            expect(len(text.splitlines()) == 201, f'{len(text.splitlines())} records')
        return self.said

    # ---- keys ------------------------------------------------------------------------------------

    def odd_keys(self):
        """Every sign that a key may have: each object is read, each record there once."""
        prefix = 'odd/2024/02/08/'
        for number, name in enumerate(ODD):
            answer = self.client.put(f'{prefix}{name}.json.gz', log(number))
            expect(answer.status == 200, f'put {name!r}: {answer.status}')
        try:
            code = self.run(source='s3://sluice-test/odd/{unit:%Y/%m/%d}/')
            expect(code == 0, f'exits {code}: {self.said}')
            seen = []
            for key in list_keys(self.client, 'lake/region='):
                lines = gzip.decompress(self.client.get(key).body).splitlines()
                seen += [json.loads(line)['n'] for line in lines]
            missing = [ODD[n] for n in range(len(ODD)) if n not in seen]
            expect(not missing, f'not read: {missing}')
            expect(len(seen) == len(ODD), f'{len(seen)} records of {len(ODD)} objects')
            return f'{len(ODD)} odd keys read, each once'
        finally:
            for key in list(list_keys(self.client, 'odd/')) + list(list_keys(self.client, 'lake/')):
                self.client.request('DELETE', key)


PARTS = [BadInput.missing_bucket, BadInput.missing_source_bucket, BadInput.wrong_secret,
         BadInput.unknown_key, BadInput.no_credentials, BadInput.half_credentials,
         BadInput.expired_token, BadInput.denied, BadInput.denied_writes, BadInput.wrong_region,
         BadInput.skewed_clock, BadInput.truncated_listing_without_a_token,
         BadInput.listing_whose_token_stays, BadInput.not_s3, BadInput.nobody_there, BadInput.unknown_host,
         BadInput.endpoint_without_scheme, BadInput.self_signed, BadInput.tls_to_a_plain_port,
         BadInput.plain_to_a_tls_port, BadInput.missing_ca_bundle, BadInput.proxy_refuses,
         BadInput.proxy_not_there, BadInput.few_files,
         BadInput.odd_keys]


def main():
    words = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    words.add_argument('--sluice', required=True, help='the program')
    words.add_argument('--fake-s3', required=True, help='the fake')
    words.add_argument('--only', default='', help='the parts with this word in their name')
    options = words.parse_args()
    wanted = [part for part in PARTS if options.only in part.__name__]
    # Several at once: where nobody answers it is asked again for ten seconds and more.
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda part: outcome_of(part, options), wanted))
    failed = outcomes.count(False)
    print(f'{len(outcomes) - failed} passed, {failed} failed, 0 skipped')
    return 1 if failed else 0


def outcome_of(part, options):
    """Whether it passed; with a fake and a folder of its own."""
    root = tempfile.mkdtemp(prefix='sluice-s3-bad-')
    tests = BadInput(options, root)
    try:
        line = part(tests)
    except Wrong as what:
        line = f'FAILED: {what}'
    tests.client.close()
    tests.fake.end()
    shutil.rmtree(root)
    print(f'{part.__name__.replace("_", " ")} ({tests.seconds:.1f} s): {line}', flush=True)
    return not line.startswith('FAILED')


if __name__ == '__main__':
    sys.exit(main())
