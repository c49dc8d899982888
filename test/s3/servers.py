"""S3 servers for the tests of this folder that are written in Python: the fake, versitygw, MinIO,
and toxiproxy between. Each over a fresh directory on a free port, with the bucket BUCKET in it.

Nothing is installed here: `./dev servers` brings them, and what isn't there raises Missing.
"""
import ctypes
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'fake_s3'))
from s3_client import Client, Lost

KEY, SECRET, REGION, BUCKET = 'sluice-test-key', 'sluice-test-secret', 'us-east-1', 'sluice-test'
SECONDS_MAX = 60


class Patient(Client):
    """Of those who look on: asks again when one of the faults was meant for another."""

    def send(self, *words, **more):
        for _ in range(20):
            try:
                return super().send(*words, **more)
            except Lost:
                pass
        return super().send(*words, **more)


class Missing(Exception):
    """A program that ./dev servers would have brought."""


def cache():
    given = os.environ.get('SLUICE_SERVERS')
    return pathlib.Path(given) if given else pathlib.Path(
        os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache') / 'sluice' / 'servers'


def find(part):
    """bin/versitygw, or venv/boto3/bin/python3"""
    path = cache() / part
    if not os.access(path, os.X_OK):
        raise Missing(f'{part.split("/")[1]} is not here; ./dev servers brings it')
    return str(path)


def is_required():
    return os.environ.get('SLUICE_SERVERS_REQUIRED') == '1' or bool(os.environ.get('CI'))


def free_port():
    with socket.socket() as one:
        one.bind(('127.0.0.1', 0))
        return one.getsockname()[1]


def end_with_parent():
    """Also where a test is killed. 1: PR_SET_PDEATHSIG."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Server:
    """Ends with end(), or with `with`."""

    def __init__(self, name, command, port=None, environment=None):
        self.name, self.port = name, port
        self.folder = tempfile.mkdtemp(prefix='sluice-s3-')
        os.mkdir(os.path.join(self.folder, 'data'))
        self.log = open(os.path.join(self.folder, 'log'), 'wb')
        self.process = subprocess.Popen(
            [word.replace('DIRECTORY', os.path.join(self.folder, 'data')) for word in command],
            cwd=self.folder, env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if port is None else self.log, stderr=self.log,
            preexec_fn=end_with_parent)
        if port is None:  # It chooses, and says so.
            self.port = int(self.process.stdout.readline().rsplit(b':', 1)[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        if self.process.stdout:
            self.process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def endpoint(self):
        return f'http://127.0.0.1:{self.port}'

    def client(self, bucket=BUCKET):
        return Patient(self.port, KEY, SECRET, bucket, REGION)

    def environment(self, **more):
        """Of a program that speaks to it as everybody does."""
        return {'AWS_ENDPOINT_URL': self.endpoint(), 'AWS_ACCESS_KEY_ID': KEY,
                'AWS_SECRET_ACCESS_KEY': SECRET, 'AWS_REGION': REGION,
                'AWS_EC2_METADATA_DISABLED': 'true', 'AWS_CONFIG_FILE': '/dev/null',
                'AWS_SHARED_CREDENTIALS_FILE': '/dev/null', **more}

    def make_bucket(self):
        until = time.monotonic() + SECONDS_MAX
        while True:
            client = Client(self.port, KEY, SECRET, BUCKET, REGION)
            try:
                if client.request('PUT', '').status == 200:
                    return self
            except Lost:
                pass
            finally:
                client.close()
            assert self.process.poll() is None, f'{self.name} ended: see {self.log.name}'
            assert time.monotonic() < until, f'{self.name} does not answer: see {self.log.name}'
            time.sleep(0.1)


def fake_s3(program, *options):
    return Server('fake_s3', [os.path.abspath(program), '--key', KEY, '--secret', SECRET,
                              '--region', REGION, '--bucket', BUCKET, *map(str, options)])


def versitygw():
    port = free_port()
    command = [find('bin/versitygw'), '--port', f'127.0.0.1:{port}', '--region', REGION,
               '--keep-alive', '--quiet', '--health', '/health', 'posix', 'DIRECTORY']
    return Server('versitygw', command, port, {'ROOT_ACCESS_KEY_ID': KEY,
                                               'ROOT_SECRET_ACCESS_KEY': SECRET}).make_bucket()


def minio():
    port = free_port()
    command = [find('bin/minio'), 'server', '--address', f'127.0.0.1:{port}', '--quiet',
               'DIRECTORY']
    return Server('minio', command, port, {
        'MINIO_ROOT_USER': KEY, 'MINIO_ROOT_PASSWORD': SECRET, 'MINIO_REGION': REGION,
        'MINIO_BROWSER': 'off', 'MINIO_UPDATE': 'off'}).make_bucket()


class Toxiproxy(Server):
    """In front of a server; its endpoint is in the place of the server's."""

    def __init__(self, behind):
        super().__init__('toxiproxy', [find('bin/toxiproxy'), '-port', str(port := free_port())],
                         port)
        self.control = self.port
        until = time.monotonic() + SECONDS_MAX
        while True:
            self.port = free_port()  # Another one each time: somebody may have been quicker
            try:
                self.tell('POST', 'proxies', {'name': 's3', 'enabled': True,
                                              'listen': f'127.0.0.1:{self.port}',
                                              'upstream': f'127.0.0.1:{behind.port}'})
                break
            except OSError:
                assert time.monotonic() < until, 'toxiproxy does not answer'
                time.sleep(0.05)

    def tell(self, method, path, body=None):
        request = urllib.request.Request(
            f'http://127.0.0.1:{self.control}/{path}', method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={'Content-Type': 'application/json'})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as answer:
            return answer.read()

    def add(self, kind, share, **attributes):
        """To answers, of this share of the connections."""
        self.tell('POST', 'proxies/s3/toxics', {'name': kind, 'type': kind, 'stream': 'downstream',
                                                'toxicity': share, 'attributes': attributes})

    def let_in(self, whether):
        """Else new connections are refused, and those that are open end."""
        self.tell('POST', 'proxies/s3', {'enabled': whether})

    def clear(self):
        for toxic in json.loads(self.tell('GET', 'proxies/s3/toxics')):
            self.tell('DELETE', f'proxies/s3/toxics/{toxic["name"]}')
