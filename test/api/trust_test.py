"""An API over TLS whose certificate a company's own authority has signed: whom the environment says
to trust holds for APIs, whichever of the usual words says so.

    trust_test.py SLUICE FAKE_API [unittest's words]
"""
import http.server
import pathlib
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest

from answering import Answering
from api_job import Job
from counted import main as counted

SLUICE = sys.argv[1]


class Page(Answering):
    def do_GET(self):
        self.answer(200, b'{"items":[{"n":1}]}')


@unittest.skipUnless(shutil.which('openssl'), 'no openssl to make a certificate')
class Trust(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='sluice-trust-'))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.authority, self.key = self.folder / 'cert.pem', self.folder / 'key.pem'
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2',
                        '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1',
                        '-out', self.authority, '-keyout', self.key],
                       check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.authority, self.key)
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Page)
        # In the connection's own thread: a handshake that is refused ends no other.
        server.socket = context.wrap_socket(server.socket, server_side=True,
                                            do_handshake_on_connect=False)
        server.handle_error = lambda *_: None
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.url = f'https://127.0.0.1:{server.server_port}/items'

    def run_with(self, words='', **environment):
        unset = dict.fromkeys(('SSL_CERT_FILE', 'AWS_CA_BUNDLE', 'AWS_PROFILE'), '')
        config = {'AWS_CONFIG_FILE': str(self.folder / 'none')}
        with Job(SLUICE, f'url: "{self.url}"\n{words}') as job:
            ran = job.run(env={**unset, **config, **environment})
            return ran.code, ran.out + ran.err, job.lines()

    def test_a_certificate_of_nobody_known_is_refused(self):
        code, said, lines = self.run_with()
        self.assertNotEqual(code, 0, said)
        self.assertIn('certificate', said)
        self.assertEqual(lines, [])

    def test_what_the_environment_says_to_trust_is_trusted(self):
        config = self.folder / 'config'
        config.write_text(f'[default]\nca_bundle = {self.authority}\n')
        # Who shows a certificate of his own has another set of rules.
        shown = f'auth: {{ mtls: {{ certificate: "{self.authority}", key: "{self.key}" }} }}\n'
        for name, value in (('SSL_CERT_FILE', self.authority), ('AWS_CA_BUNDLE', self.authority),
                            ('AWS_CONFIG_FILE', config)):
            for words in ('', shown):
                with self.subTest(name, words=words):
                    code, said, lines = self.run_with(words, **{name: str(value)})
                    self.assertEqual(code, 0, said)
                    self.assertEqual(lines, [b'{"n":1}'])


if __name__ == '__main__':
    counted(sys.argv[3:])
