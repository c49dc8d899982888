"""Who may come in, what goes wrong on purpose, and how the server behaves."""
import os
import socket
import subprocess
import tempfile
import time
import unittest

from cases import Case, FakeS3
from s3_client import Client, Lost

MIB = 1 << 20


class Signatures(Case):
    def test_refusals(self):
        self.put('k', b'x')
        wrong = Client(self.fake.port, 'AKIDTEST', 'wrong')
        self.expect(wrong.get('k'), 403, 'SignatureDoesNotMatch')
        unknown = Client(self.fake.port, 'AKIDOTHER', 'hush/+hush')
        self.expect(unknown.get('k'), 403, 'InvalidAccessKeyId')
        unsigned = Client(self.fake.port, None, None)
        self.expect(unsigned.get('k'), 403, 'AccessDenied')
        elsewhere = Client(self.fake.port, 'AKIDTEST', 'hush/+hush', bucket='far')
        refused = self.expect(elsewhere.get('k'), 400, 'AuthorizationHeaderMalformed')
        self.assertEqual(refused.element('Region'), 'eu-west-1')
        self.assertEqual(refused.headers['x-amz-bucket-region'], 'eu-west-1')
        elsewhere.region = 'eu-west-1'
        self.expect(elsewhere.get('k'), 404, 'NoSuchKey')
        for client in (wrong, unknown, unsigned, elsewhere):
            client.close()
        self.s3.control('POST', 'clock?seconds=1000')
        self.expect(self.s3.get('k'), 403, 'RequestTimeTooSkewed')
        self.s3.control('POST', 'clock?seconds=-800')
        self.expect(self.s3.get('k'), 200)

    def test_expired_tokens(self):
        self.s3.token = 'T1'
        self.put('k', b'x')
        self.s3.control('POST', 'expire?token=T1')
        self.expect(self.s3.get('k'), 400, 'ExpiredToken')
        self.s3.token = 'T2'
        self.expect(self.s3.get('k'), 200)

    def test_presigned(self):
        self.put('a b+', b'x')
        path = self.s3.presign('GET', 'a b+', 60)
        self.assertEqual(self.expect(self.s3.send('GET', path, {}, b''), 200).body, b'x')
        self.expect(self.s3.send('HEAD', path, {}, b''), 403)
        self.s3.control('POST', 'clock?seconds=100')
        self.expect(self.s3.send('GET', path, {}, b''), 403, 'AccessDenied')


class Faults(Case):
    def test_statuses(self):
        self.put('k', b'x')
        for action, status, code in (
                ('503', 503, 'SlowDown'), ('503empty', 503, None), ('500', 500, 'InternalError'),
                ('500empty', 500, None), ('500html', 500, None), ('error200', 200, 'InternalError'),
                ('html', 200, None), ('expired_token', 400, 'ExpiredToken'),
                ('skew', 403, 'RequestTimeTooSkewed'), ('redirect', 301, 'PermanentRedirect'),
                ('409', 409, 'ConditionalRequestConflict'), ('403', 403, 'AccessDenied')):
            self.faults(f'verb=get,key=k,times=1,do={action}')
            answer = self.expect(self.s3.get('k'), status, code)
            if action.endswith('empty'):
                self.assertEqual(answer.body, b'')
            self.assertEqual(self.expect(self.s3.get('k'), 200).body, b'x')

    def test_which_requests(self):
        for key in ('a', 'b'):
            self.put(key)
        self.faults('verb=get|head,key=a,every=3,do=503')
        statuses = [self.s3.get('a').status for _ in range(6)]
        self.assertEqual(statuses, [200, 200, 503, 200, 200, 503])
        self.assertEqual([self.s3.get('b').status for _ in range(6)], [200] * 6)
        self.faults('nth=2,do=500')
        self.assertEqual([self.s3.get('a').status for _ in range(4)], [200, 500, 200, 200])
        self.faults('percent=20,seed=5,do=503')
        statuses = [self.s3.get('a').status for _ in range(300)]
        self.assertTrue(30 < statuses.count(503) < 90, statuses.count(503))
        self.faults('percent=20,seed=5,do=503')
        self.assertEqual([self.s3.get('a').status for _ in range(300)], statuses)
        with self.assertRaises(ValueError):
            self.faults('do=what')

    def test_connections(self):
        self.faults('verb=put,key=before,do=reset_before', 'verb=put,key=after,do=reset_after',
                    'verb=put,key=lost,do=lost')
        for key, is_there in (('before', False), ('after', True), ('lost', True)):
            with self.assertRaises(Lost):
                self.s3.put(key, b'x', timeout=0.3)
            self.expect(self.s3.get(key), 200 if is_there else 404)
        self.put('k', b'0123456789' * 100)
        self.faults('verb=get,do=truncate=10')
        with self.assertRaises(Lost):
            self.s3.get('k')
        self.faults('verb=get,do=close')
        answer = self.expect(self.s3.get('k'), 200)
        self.assertNotIn('connection', answer.headers)
        self.assertTrue(self.s3.is_closed_by_server())

    def test_slowness(self):
        self.put('k', b'0' * 1000)
        self.faults('verb=get,do=slow=5000', 'verb=head,do=delay=100')
        begin = time.monotonic()
        self.s3.get('k')
        middle = time.monotonic()
        self.s3.request('HEAD', 'k')
        end = time.monotonic()
        self.assertGreater(middle - begin, 0.15)
        self.assertGreater(end - middle, 0.1)


class Behaviour(Case):
    options = ('--latency', 'get=30', '--gets-per-second', '20')

    def test_latency_and_rate(self):
        self.put('k', b'x')
        begin = time.monotonic()
        self.expect(self.s3.get('k'), 200)
        self.assertGreaterEqual(time.monotonic() - begin, 0.03)
        self.s3.control('POST', 'latency?ms=0')
        statuses = [self.s3.get('k').status for _ in range(50)]
        self.assertGreater(statuses.count(503), 20)
        self.s3.control('POST', 'rate')
        self.assertEqual([self.s3.get('k').status for _ in range(50)], [200] * 50)

    def test_counters(self):
        self.s3.control('POST', 'rate')
        self.put('a', b'0123456789')
        self.put('b', b'0123456789')
        self.s3.get('a', range='bytes=0-4')
        self.s3.get('a', range='bytes=5-9')
        self.s3.get('b')
        self.assertEqual(self.counters()['keys_read_twice'], 0)
        self.s3.get('b', range='bytes=9-9')
        counters = self.counters()
        self.assertEqual(counters['read_twice'], ['lake/b'])
        self.assertEqual(counters['by_verb'], {'get': 4, 'put': 2})
        self.assertEqual(counters['by_status'], {'200': 3, '206': 3})
        self.assertEqual(counters['connections_accepted'], 1)
        self.assertGreaterEqual(counters['milliseconds_with_requests_open']['1'], 100)
        self.s3.control('POST', 'reset')
        self.assertEqual(self.counters()['requests'], 0)
        self.s3.control('POST', 'clear')
        self.expect(self.s3.get('a'), 404, 'NoSuchKey')


class Connections(unittest.TestCase):
    def exchange(self, fake, text, bytes_most=1 << 20):
        with socket.create_connection(('127.0.0.1', fake.port), 5) as connection:
            connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)
            got = b''
            while piece := connection.recv(bytes_most):
                got += piece
            return got

    def test_requests_ahead_virtual_hosts_and_bad_heads(self):
        fake = FakeS3('--bucket', 'lake', '--domain', 's3.test')
        put = b'PUT /k HTTP/1.1\r\nHost: lake.s3.test\r\nContent-Length: 3\r\n\r\nabc'
        get = b'GET /lake/k HTTP/1.1\r\nHost: x\r\n\r\n'
        last = get.replace(b'Host: x', b'Host: x\r\nConnection: close')
        got = self.exchange(fake, put + get * 3 + last)
        self.assertEqual((got.count(b'HTTP/1.1 200 OK'), got.count(b'\r\n\r\nabc')), (5, 4))
        for bad in (b'hello\r\n\r\n', b'GET / HTTP/2\r\n\r\n', b'GET / HTTP/1.1\r\nx\r\n\r\n',
                    put.replace(b': 3', b': x')):
            self.assertIn(b'400 Bad Request', self.exchange(fake, bad))
        self.assertIn(b'InvalidURI', self.exchange(fake, last.replace(b'/k', b'/%4')))
        fake.end()

    def test_expect_continue(self):
        fake = FakeS3('--bucket', 'lake')
        with socket.create_connection(('127.0.0.1', fake.port), 5) as connection:
            connection.sendall(b'PUT /lake/k HTTP/1.1\r\nContent-Length: 3\r\n'
                               b'Expect: 100-continue\r\n\r\n')
            self.assertTrue(connection.recv(1000).startswith(b'HTTP/1.1 100 Continue'))
            connection.sendall(b'abc')
            self.assertTrue(connection.recv(1000).startswith(b'HTTP/1.1 200 OK'))
        fake.end()

    def test_bandwidth(self):
        fake = FakeS3('--bucket', 'lake', '--bandwidth', '1000000')
        s3 = Client(fake.port, None, None)
        body = os.urandom(200_000)
        begin = time.monotonic()
        s3.put('k', body)
        middle = time.monotonic()
        self.assertEqual(s3.get('k').body, body)
        self.assertGreater(middle - begin, 0.15)
        self.assertGreater(time.monotonic() - middle, 0.15)
        s3.close()
        fake.end()


class Loaded(unittest.TestCase):
    def test_a_folder(self):
        with tempfile.TemporaryDirectory() as folder:
            os.makedirs(folder + '/x/y')
            bodies = {'x/y/small': b'small', 'large': os.urandom(3 * MIB), 'empty': b''}
            for name, body in bodies.items():
                with open(f'{folder}/{name}', 'wb') as file:
                    file.write(body)
            fake = FakeS3('--load', 'lake/in', folder, '--fast-etag', '--threads', '2')
            s3 = Client(fake.port, None, None)
            for name, body in bodies.items():
                self.assertEqual(s3.get('in/' + name).body, body)
            self.assertEqual(s3.get('', {'list-type': '2'}).elements('Key'),
                             sorted('in/' + name for name in bodies))
            s3.close()
            fake.end()

    @unittest.skipUnless(os.path.exists('/usr/bin/openssl'), 'no openssl to make a certificate')
    def test_over_tls(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(['/usr/bin/openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes',
                            '-keyout', folder + '/key', '-out', folder + '/cert', '-days', '1',
                            '-subj', '/CN=localhost'], check=True, capture_output=True)
            fake = FakeS3('--bucket', 'lake', '--tls', folder + '/cert', folder + '/key')
            s3 = Client(fake.port, None, None, tls=True)
            body = os.urandom(5 * MIB)
            self.assertEqual(s3.put('k', body).status, 200)
            self.assertEqual(s3.get('k').body, body)
            self.assertEqual(s3.put('small', b'x').status, 200)
            self.assertEqual(s3.get('small').body, b'x')
            s3.close()
            fake.end()
