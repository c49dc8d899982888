#!/usr/bin/env python3
"""What a user gets wrong about secrets that lie elsewhere: one clear line each, nothing written, no
secret shown, the right exit code.

    bad_input_test.py --sluice build/sluice [--only WORD]

1 is what may pass or lies with the rights there, 2 what must be edited in the job or the
environment. Secrets Manager and the parameter store are a small server of this file.
"""
import argparse
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading

# The source's words for S3 may have secrets in them, and a folder doesn't need them.
JOB = '''name: orders
source: {{ objects: {{ url: "{folder}/in/", s3: {{ external_id: "{value}" }} }} }}
decode: jsonl
sink: {{ lake: "{lake}", partition: "dt={{.t:%F}}/", format: jsonl }}
'''
SECRETS = {'db': json.dumps({'user': 'me', 'password': 'pa55word', 'none': None}),
           'token': 'pa55word', 'lake': 'lake-of-mine', 'empty': ''}
PARAMETERS = {'/api/token': 'pa55word'}


class Wrong(Exception):
    """What is told when a part fails."""


def expect(is_so, otherwise):
    if not is_so:
        raise Wrong(otherwise)


class Aws(http.server.BaseHTTPRequestHandler):
    """GetSecretValue and GetParameter; the server's `refusal` comes before all."""
    protocol_version = 'HTTP/1.1'

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
        target = self.headers['X-Amz-Target']
        self.server.asked.append(target)
        if self.server.refusal:
            status, code, message = self.server.refusal
            self.say(status, {'__type': code, 'message': message})
        elif target == 'secretsmanager.GetSecretValue' and body['SecretId'] in SECRETS:
            self.say(200, {'Name': body['SecretId'], 'SecretString': SECRETS[body['SecretId']]})
        elif target == 'AmazonSSM.GetParameter' and body['Name'] in PARAMETERS:
            expect(body['WithDecryption'], 'not decrypted')
            self.say(200, {'Parameter': {'Name': body['Name'], 'Value': PARAMETERS[body['Name']]}})
        elif target == 'AmazonSSM.GetParameter':
            self.say(400, {'__type': 'ParameterNotFound'})
        else:
            self.say(400, {'__type': 'ResourceNotFoundException',
                           'message': "Secrets Manager can't find the specified secret."})

    def say(self, status, answer):
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/x-amz-json-1.1')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class BadInput:
    def __init__(self, options, root, aws):
        self.sluice, self.root, self.aws = os.path.abspath(options.sluice), root, aws
        self.said = ''
        os.makedirs(os.path.join(root, 'in'))
        self.file('in/a.jsonl', '{"t":"2026-08-22T10:00:00Z"}\n')

    def file(self, name, text):
        path = os.path.join(self.root, name)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return path

    def run(self, value, verb='run', lake=None, environment=None):
        """The exit code."""
        job = self.file('job.yaml', JOB.format(folder=self.root, value=value,
                                               lake=lake or os.path.join(self.root, 'lake')))
        clean = {name: text for name, text in os.environ.items()
                 if not name.lower().endswith('_proxy') and not name.startswith('AWS_')}
        variables = {**clean, 'HOME': self.root, 'AWS_ACCESS_KEY_ID': 'AKID',
                     'AWS_SECRET_ACCESS_KEY': 'key-of-mine', 'AWS_REGION': 'eu-west-1',
                     'AWS_ENDPOINT_URL': f'http://127.0.0.1:{self.aws.server_port}',
                     **(environment or {})}
        variables = {name: text for name, text in variables.items() if text is not None}
        self.aws.asked = []
        ended = subprocess.run([self.sluice, verb, job], env=variables, cwd=self.root,
                               stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
                               check=False)
        self.said = (ended.stdout + ended.stderr).decode(errors='replace').strip()
        for secret in ('pa55word', 'lake-of-mine', 'key-of-mine'):
            expect(secret not in self.said, f'it prints a secret: {self.said}')
        return ended.returncode

    def refused(self, code, words, value, **how):
        """It ends with this code, one line with these words, and writes nothing."""
        got = self.run(value, **how)
        expect(got == code, f'exits {got}, not {code}: {self.said}')
        expect(len(self.said.splitlines()) == 1, f'not one line: {self.said}')
        for word in ['job.yaml:2:'] + words:
            expect(word in self.said, f'without "{word}": {self.said}')
        expect(not os.path.exists(os.path.join(self.root, 'lake')), 'it wrote a lake')
        return self.said

    # ---- what is right ---------------------------------------------------------------------------

    def all_kinds(self):
        token = self.file('token', 'pa55word\n')
        for value in ('${secretsmanager:token}', '${secretsmanager:db#password}',
                      '${ssm:/api/token}', f'${{file:{token}}}', '${file:token} ${ssm:/api/token}'):
            code = self.run(value)
            expect(code == 0, f'{value}: exits {code}: {self.said}')
        return 'each is found'

    def without_network(self):
        """check and plan fetch only what says where a store is."""
        for verb in ('check', 'plan', 'status'):
            code = self.run('$${NAME}', verb=verb)
            expect(code == 0 and not self.aws.asked, f'{verb}: {code}, {self.said}')
        code = self.run('x', verb='plan', lake=self.root + '/${secretsmanager:lake}')
        expect(code == 0 and self.aws.asked, f'plan of a secret lake: {code}: {self.said}')
        return 'nothing is asked without need'

    # ---- what is wrong with the reference --------------------------------------------------------

    def missing_secret(self):
        return self.refused(2, ['${secretsmanager:nowhere}', 'ResourceNotFound', 'eu-west-1'],
                            '${secretsmanager:nowhere}')

    def missing_parameter(self):
        return self.refused(2, ['${ssm:/nowhere}', 'ParameterNotFound'], '${ssm:/nowhere}')

    def missing_file(self):
        return self.refused(2, ['/nowhere', 'No such file'], '${file:/nowhere}')

    def missing_key(self):
        return self.refused(2, ['it has no key passwort'], '${secretsmanager:db#passwort}')

    def null_key(self):
        return self.refused(2, ['its key none is null'], '${secretsmanager:db#none}')

    def key_of_a_text(self):
        return self.refused(2, ['not a JSON object'], '${secretsmanager:token#password}')

    def empty_secret(self):
        self.file('token', '\n')
        return self.refused(2, ['it is empty'], '${file:token}')

    def unknown_kind(self):
        return self.refused(2, ['did you mean `secretsmanager`?'], '${secretmanager:token}')

    # ---- what is wrong with who asks, and where --------------------------------------------------

    def with_refusal(self, *refusal):
        self.aws.refusal = refusal

    def denied(self):
        self.with_refusal(400, 'AccessDeniedException', 'User: me is not authorized')
        return self.refused(1, ['AccessDenied', 'allow it', '`plan --iam`'], '${ssm:/api/token}')

    def no_decryption(self):
        self.with_refusal(400, 'DecryptionFailure', 'The ciphertext is bad')
        return self.refused(1, ['kms:Decrypt'], '${secretsmanager:token}')

    def expired(self):
        self.with_refusal(400, 'ExpiredTokenException', 'The security token is expired')
        return self.refused(1, ['ExpiredToken', 'get new credentials'], '${secretsmanager:token}')

    def throttled(self):
        self.with_refusal(400, 'ThrottlingException', 'Rate exceeded')
        line = self.refused(1, ['ThrottlingException'], '${secretsmanager:token}')
        expect(len(self.aws.asked) > 3, 'it gave up early')
        return line

    def no_region(self):
        return self.refused(2, ['no region', 'AWS_REGION'], '${ssm:/api/token}',
                            environment={'AWS_REGION': None})

    def no_credentials(self):
        return self.refused(1, ['credentials'], '${ssm:/api/token}', environment={
            'AWS_ACCESS_KEY_ID': None, 'AWS_SECRET_ACCESS_KEY': None,
            'AWS_EC2_METADATA_DISABLED': 'true'})

    def nobody_there(self):
        return self.refused(1, ['127.0.0.1:1', 'refused'], '${ssm:/api/token}',
                            environment={'AWS_ENDPOINT_URL_SSM': 'http://127.0.0.1:1'})


PARTS = [BadInput.all_kinds, BadInput.without_network, BadInput.missing_secret,
         BadInput.missing_parameter, BadInput.missing_file, BadInput.missing_key,
         BadInput.null_key, BadInput.key_of_a_text, BadInput.empty_secret, BadInput.unknown_kind,
         BadInput.denied, BadInput.no_decryption, BadInput.expired, BadInput.throttled,
         BadInput.no_region, BadInput.no_credentials, BadInput.nobody_there]


def outcome_of(part, options):
    """Whether it passed; with a server and a folder of its own."""
    root = tempfile.mkdtemp(prefix='sluice-secrets-bad-')
    aws = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Aws)
    aws.asked, aws.refusal, aws.daemon_threads = [], None, True
    threading.Thread(target=aws.serve_forever, daemon=True).start()
    try:
        line = part(BadInput(options, root, aws))
    except Wrong as what:
        line = f'FAILED: {what}'
    aws.shutdown()
    aws.server_close()
    shutil.rmtree(root)
    print(f'{part.__name__.replace("_", " ")}: {line}', flush=True)
    return not line.startswith('FAILED')


def main():
    words = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    words.add_argument('--sluice', required=True, help='the program')
    words.add_argument('--only', default='', help='the parts with this word in their name')
    options = words.parse_args()
    outcomes = [outcome_of(part, options) for part in PARTS if options.only in part.__name__]
    failed = outcomes.count(False)
    print(f'{len(outcomes) - failed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
