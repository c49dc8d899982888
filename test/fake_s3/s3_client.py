"""A small S3 client for tests: path style, one connection, SigV4, no retries. Standard library."""
import datetime
import hashlib
import hmac
import html
import http.client
import re
import select
import ssl
import urllib.parse


class Lost(Exception):
    """No whole answer came."""


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.body = status, body
        self.headers = {name.lower(): value for name, value in headers}

    def text(self):
        return self.body.decode()

    def elements(self, name):
        found = re.findall(f'<{name}(?: [^>]*)?>(.*?)</{name}>', self.text(), re.S)
        return [html.unescape(one) for one in found]

    def element(self, name):
        found = self.elements(name)
        return found[0] if found else None


def quote(text, safe=''):
    return urllib.parse.quote(text, safe=safe + '-_.~')


def query_text(query):
    return '&'.join(f'{quote(name)}={quote(value)}' for name, value in sorted(query.items()))


class Client:
    def __init__(self, port, key, secret, bucket='lake', region='us-east-1', tls=False):
        self.host, self.port, self.tls = f'127.0.0.1:{port}', port, tls
        self.key, self.secret, self.bucket, self.region = key, secret, bucket, region
        self.token = None
        self.connection = None

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def get(self, key, query=None, **headers):
        return self.request('GET', key, query, **headers)

    def put(self, key, body, **headers):
        return self.request('PUT', key, None, body, **headers)

    def request(self, method, key, query=None, body=b'', timeout=20, **headers):
        path = quote(f'/{self.bucket}/{key}' if key else f'/{self.bucket}', '/')
        if self.key:
            headers.setdefault('x-amz-content-sha256', hashlib.sha256(body).hexdigest())
            headers = self.signed(method, path, query or {}, headers)
        return self.send(method, path + ('?' + query_text(query) if query else ''), headers, body,
                         timeout)

    def control(self, method, what, body=b''):
        answer = self.send(method, '/-fake-s3-/' + what, {}, body)
        if answer.status != 200:
            raise ValueError(answer.text())
        return answer.text()

    def send(self, method, target, headers, body, timeout=20):
        if not self.connection:
            if self.tls:
                context = ssl.create_default_context()
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                self.connection = http.client.HTTPSConnection('127.0.0.1', self.port,
                                                              context=context)
            else:
                self.connection = http.client.HTTPConnection('127.0.0.1', self.port)
        self.connection.timeout = timeout
        if self.connection.sock:
            self.connection.sock.settimeout(timeout)
        try:
            self.connection.request(method, target, body, headers)
            got = self.connection.getresponse()
            return Answer(got.status, got.getheaders(), got.read())
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Lost(str(error)) from error

    def is_closed_by_server(self):
        """Whether the connection ends although nobody said so."""
        ready, _, _ = select.select([self.connection.sock], [], [], 5)
        closed = bool(ready) and self.connection.sock.recv(1) == b''
        self.close()
        return closed

    def now(self):
        return datetime.datetime.now(datetime.timezone.utc).strftime('%Y%m%dT%H%M%SZ')

    def signature(self, canonical, date, scope):
        text = '\n'.join(['AWS4-HMAC-SHA256', date, scope,
                          hashlib.sha256(canonical.encode()).hexdigest()])
        key = b'AWS4' + self.secret.encode()
        for word in scope.split('/'):
            key = hmac.new(key, word.encode(), hashlib.sha256).digest()
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()

    def signed(self, method, path, query, headers):
        date = self.now()
        headers = {**headers, 'host': self.host, 'x-amz-date': date}
        if self.token:
            headers['x-amz-security-token'] = self.token
        names = ';'.join(sorted(headers))
        lines = ''.join(f'{name}:{headers[name]}\n' for name in sorted(headers))
        canonical = '\n'.join([method, path, query_text(query), lines, names,
                               headers['x-amz-content-sha256']])
        scope = f'{date[:8]}/{self.region}/s3/aws4_request'
        headers['authorization'] = (f'AWS4-HMAC-SHA256 Credential={self.key}/{scope}, '
                                    f'SignedHeaders={names}, '
                                    f'Signature={self.signature(canonical, date, scope)}')
        return headers

    def presign(self, method, key, seconds):
        date = self.now()
        scope = f'{date[:8]}/{self.region}/s3/aws4_request'
        path = quote(f'/{self.bucket}/{key}', '/')
        query = {'X-Amz-Algorithm': 'AWS4-HMAC-SHA256', 'X-Amz-Credential': f'{self.key}/{scope}',
                 'X-Amz-Date': date, 'X-Amz-Expires': str(seconds), 'X-Amz-SignedHeaders': 'host'}
        canonical = '\n'.join([method, path, query_text(query), f'host:{self.host}\n', 'host',
                               'UNSIGNED-PAYLOAD'])
        query['X-Amz-Signature'] = self.signature(canonical, date, scope)
        return f'{path}?{query_text(query)}'
