"""The fake API as a process, for any Python test. Standard library only.

    with FakeApi(program, '--records', '500', '--fault', 'page=3 status=500 times=1') as api:
        ...                                         # run what is tested against api.url('/cursor')
        assert api.counters()['pages']['/cursor']['3'] == 2
        assert api.digest()['crc32_sum'] == sum(zlib.crc32(line) for line in lines)
"""
import http.client
import json
import subprocess
import urllib.parse


class Lost(Exception):
    """No whole answer came."""


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.body = status, body
        self.headers = {name.lower(): value for name, value in headers}

    def json(self):
        return json.loads(self.body)


class FakeApi:
    def __init__(self, program, *options):
        self.process = subprocess.Popen([program, *map(str, options)], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith('listening on 127.0.0.1:'), self.process.stderr.read()
        self.port = int(line.rsplit(':', 1)[1])
        self.connection = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def url(self, path, **query):
        return f'http://127.0.0.1:{self.port}{path}' + (
            '?' + urllib.parse.urlencode(query) if query else '')

    def end(self):
        """What it said on stderr."""
        self.close()
        self.process.terminate()
        code = self.process.wait(10)
        said = self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        assert code == 0, f'exits {code}: {said}'
        return said

    # Its control.

    def counters(self):
        return self.control('GET', 'counters').json()

    def reset(self):
        self.control('POST', 'reset')

    def faults(self, *rules):
        """The new plan; none: nothing goes wrong any more."""
        self.control('POST', 'faults', body='\n'.join(rules).encode())

    def expected(self, first=0, end=None, lines='json'):
        """The right records (json, events: of /events, csv: rows), as a list of bytes."""
        query = {'from': first, 'lines': lines, **({} if end is None else {'to': end})}
        return self.control('GET', 'expected', query).body.splitlines()

    def digest(self, first=0, end=None, lines='json'):
        """Their count, bytes and sha256 as lines; crc32_sum, the same in every order."""
        query = {'from': first, 'lines': lines, **({} if end is None else {'to': end})}
        return self.control('GET', 'digest', query).json()

    def control(self, method, what, query=None, body=b''):
        target = f'/-fake-api-/{what}'
        if query:
            target += '?' + urllib.parse.urlencode(query)
        # It is our own word, not what is tested: a busy machine may take its time.
        answer = self.request(method, target, body=body, timeout=60, fresh=True)
        if answer.status != 200:
            raise ValueError(answer.body.decode())
        return answer

    # A plain client, one connection, no redirects followed, nothing repeated.

    def get(self, target, headers=None, timeout=5):
        return self.request('GET', target, headers, timeout=timeout)

    def post(self, target, value, headers=None):
        return self.request('POST', target, headers, json.dumps(value).encode())

    def request(self, method, target, headers=None, body=b'', timeout=5, fresh=False):
        if fresh:
            self.close()
        if not self.connection:
            self.connection = http.client.HTTPConnection('127.0.0.1', self.port)
        self.connection.timeout = timeout
        if self.connection.sock:
            self.connection.sock.settimeout(timeout)
        try:
            self.connection.request(method, target, body or None, headers or {})
            got = self.connection.getresponse()
            answer = Answer(got.status, got.getheaders(), got.read())
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Lost(str(error)) from error
        if fresh:
            self.close()
        return answer

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None
