#!/usr/bin/env python3
"""Secrets are nowhere: not in what is printed, not in a record, a manifest or a report, whatever an
API gives back of them; and they go to no other origin.

    hidden_test.py --sluice build/sluice [--only WORD]
"""
import argparse
import base64
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.parse

TOKEN = 't0ken/of+the job&more'
ENCODED = urllib.parse.quote(TOKEN, safe='')
JOB = '''name: items
source:
  http:
    url: "{origin}/items?page=1"
    next: {{ {pages} }}
    attempts: 1
    {more}
decode: {{ json: {{ records: .items }} }}
sink: {{ lake: "{lake}", partition: "dt={{.t:%F}}/", format: jsonl }}
'''


class Wrong(Exception):
    """What is told when a part fails."""


def expect(is_so, otherwise):
    if not is_so:
        raise Wrong(otherwise)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_GET(self):
        self.server.asked.append((self.command, self.path, dict(self.headers)))
        self.server.answer(self)

    do_POST = do_GET

    def say(self, status, body, **headers):
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header('Content-Length', str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


class Server:
    """An API of one function; `asked` has what came."""

    def __init__(self, answer):
        self.http = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.http.answer, self.http.asked = answer, []
        self.origin = 'http://127.0.0.1:%d' % self.http.server_port
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)
        self.thread.start()

    @property
    def asked(self):
        return self.http.asked

    def close(self):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


class Part:
    def __init__(self, sluice):
        self.sluice, self.servers = sluice, []
        self.folder = tempfile.mkdtemp(prefix='sluice-hidden-')
        self.lake = self.folder + '/lake/'
        self.printed = self.said = ''

    def server(self, answer):
        self.servers.append(Server(answer))
        return self.servers[-1]

    def run(self, origin, more, *words, verb='run', pages='url: .next', **environment):
        """The exit code; what it said is in `printed`, and the last time's in `said`."""
        with self.start(origin, more, verb, *words, pages=pages, **environment) as process:
            timer = threading.Timer(60, process.kill)
            timer.start()
            stdout, stderr = process.communicate()
            timer.cancel()
        self.said = stdout + stderr
        self.printed += self.said
        self.stdout = stdout
        return process.returncode

    def start(self, origin, more, verb, *words, pages='url: .next', **environment):
        job = self.folder + '/items.yaml'
        with open(job, 'w', encoding='utf-8') as file:
            file.write(JOB.format(origin=origin, more=more, pages=pages, lake=self.lake))
        plain = {k: v for k, v in os.environ.items() if 'proxy' not in k.lower()}
        return subprocess.Popen([self.sluice, verb, job, *words], cwd=self.folder, text=True,
                                errors='surrogateescape', stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE,
                                env={**plain, 'TOKEN': TOKEN, **environment})

    def state(self):
        return [os.path.join(at, name) for at, _, names in os.walk(self.lake + '_sluice')
                for name in names]

    def expect_hidden(self, *secrets):
        """In no form, neither printed nor in any file of the state."""
        texts = {'what is printed': self.printed}
        for path in self.state():
            with open(path, encoding='utf-8') as file:
                texts[path] = file.read()
            mode = os.stat(path).st_mode & 0o777
            expect(mode == 0o600, f'{path} has mode {mode:o}')
        for secret in secrets:
            forms = {secret, urllib.parse.quote(secret, safe=''), urllib.parse.quote_plus(secret),
                     json.dumps(secret)[1:-1], base64.b64encode(secret.encode()).decode(),
                     base64.b64encode(b'me:' + secret.encode()).decode()[4:]}
            for where, text in texts.items():
                for form in forms:
                    expect(form.rstrip('=') not in text, f'{form} is in {where}: {text}')

    def close(self):
        for server in self.servers:
            server.close()
        shutil.rmtree(self.folder)


def items(page, size=400):
    return [{'id': page * 100 + i, 't': '2024-02-08T00:00:00Z', 'x': 'x' * size} for i in range(10)]


def an_echo_of_a_secret_is_hidden_in_the_record_and_in_print(part):
    echo = {'you sent': TOKEN, 'basic': base64.b64encode(('me:' + TOKEN).encode()).decode(),
            'url': '/x?access_token=' + ENCODED, 'theirs': 'https://b/?X-Amz-Signature=51gnature'}
    api = part.server(lambda request: request.say(400, echo))
    for more in ('auth: { bearer: "${TOKEN}" }', 'auth: { basic: { user: me, password: "${TOKEN}" } }',
                 'headers: { X-Api-Key: "${TOKEN}" }', f'auth: {{ bearer: "{TOKEN}" }}'):
        expect(part.run(api.origin, more, '--json') == 1, part.printed)
        json.loads(part.stdout)
        expect(part.run(api.origin, more, '--json', verb='status') == 0, part.printed)
    expect('400' in part.printed and part.state(), part.printed)
    part.expect_hidden(TOKEN, '51gnature')


def a_cursor_is_kept_without_its_secret_and_gets_its_own_back(part):
    is_ready = []

    def answer(request):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(request.path).query)
        page = int(query['page'][0])
        if page > 1 and query.get('access_token') != [TOKEN]:
            request.say(401, {'error': 'who are you?'})
        elif page == 6 and not is_ready:
            request.say(503, {'error': 'later'})
        else:
            more = f'/items?page={page + 1}&access_token={ENCODED}' if page < 8 else None
            # Two pages fill a part, behind which a later run can go on.
            request.say(200, {'items': items(page, 300_000), 'next': more})

    api = part.server(answer)
    more = 'auth: { bearer: "${TOKEN}" }'
    expect(part.run(api.origin, more) == 1, part.printed)
    part.expect_hidden(TOKEN)
    is_ready.append(True)
    before = len(api.asked)
    expect(part.run(api.origin, more) == 0, part.printed)
    first = api.asked[before][1]
    expect('page=1' not in first and ENCODED in first, f'it went on at {first}')
    part.expect_hidden(TOKEN)
    count = 0
    for at, _, names in os.walk(part.lake):
        if '_sluice' not in at and '/.' not in at:
            for name in names:
                with open(os.path.join(at, name), encoding='utf-8') as file:
                    count += len(file.readlines())
    expect(count == 80, f'{count} records')


def a_copy_of_what_is_set_aside_tells_where_it_is_from_without_secrets(part):
    def answer(request):
        if request.path.startswith('/one'):
            return request.say(200, b'[1, 2]')
        request.say(200, {'items': [
            {'at': f'/one?id=7&shard={ENCODED}&X-Amz-Signature=51gnature&access_token=5ecret'}]})

    api = part.server(answer)
    more = 'headers: { X-Any: "${TOKEN}" }\n    detail: { url: "{.at}", records: .items }'
    part.run(api.origin, more, '--set-aside')
    found = [os.path.join(at, name) for at, _, names in os.walk(part.lake + '_sluice/set_aside')
             for name in names]
    expect(found, f'no copy: {part.printed}')
    for path in found:
        with open(path, encoding='utf-8') as file:
            text = path + file.read()
        for secret in (TOKEN, ENCODED, '51gnature', '5ecret'):
            expect(secret not in text, f'{secret} is in {text}')
        expect('/one?id=7' in text, text)


SECRETIVE = ('headers: { X-Any: "${TOKEN}", Cookie: "a=b", X-Plain: "1" }\n'
             '    auth: { bearer: "${TOKEN}" }')


def pointing_at(there, how):
    """An API whose first answer leads to `there`, and how the job says so."""
    one = [{'id': 1, 't': '2024-02-08T00:00:00Z', 'at': there}]
    says = {
        'a redirect': (302, {}, {'Location': there}),
        'a next URL': (200, {'items': one, 'next': there}, {}),
        'a Link header': (200, {'items': one}, {'Link': f'<{there}>; rel="next"'}),
        'a detail': (200, {'items': one}, {})}
    words = {'a detail': '\n    detail: { url: "{.at}", records: .items }'}
    pages = 'link: next' if how == 'a Link header' else 'url: .next'
    return says[how], words.get(how, ''), pages


WAYS = ('a redirect', 'a next URL', 'a Link header', 'a detail')


def nothing_secret_goes_to_another_origin(part):
    other = part.server(lambda request: request.say(200, {'items': items(2)}))
    for how in WAYS:
        (status, body, headers), more, pages = pointing_at(
            f'{other.origin}/x?y=1&access_token={ENCODED}', how)
        api = part.server(lambda request: request.say(status, body, **headers))
        other.asked.clear()
        expect(part.run(api.origin, SECRETIVE + more, '--redo', pages=pages) == 0, part.said)
        expect(api.asked[0][2].get('Authorization') == 'Bearer ' + TOKEN, api.asked[0])
        expect(len(other.asked) == 1, f'{how}: {other.asked}')
        _, path, headers = other.asked[0]
        expect(path == '/x?y=1', f'{how}: {path}')
        expect(headers.get('X-Plain') == '1', f'{how}: {headers}')
        for name in ('Authorization', 'Cookie', 'X-Any'):
            expect(name not in headers, f'{how}: {name}: {headers.get(name)}')


def what_is_posted_goes_to_no_other_origin(part):
    other = part.server(lambda request: request.say(200, {'items': items(2)}))
    for how in ('a next URL', 'a Link header'):
        (status, body, headers), _, pages = pointing_at(other.origin + '/x', how)
        api = part.server(lambda request: request.say(status, body, **headers))
        expect(part.run(api.origin, "body: '{{\"who\": \"me\"}}'", pages=pages) == 1, part.said)
        expect(api.asked[0][0] == 'POST', api.asked)
        expect(f'{other.origin} is not asked: the job\'s body would go' in part.said, part.said)
        expect(not other.asked, f'{how}: {other.asked}')


def this_machine_is_asked_where_the_job_names_it(part):
    """For an API elsewhere, which a proxy brings."""
    local = part.server(lambda request: request.say(200, {'items': items(2)}))
    for how in WAYS:
        (status, body, headers), more, pages = pointing_at(local.origin + '/x', how)
        proxy = part.server(lambda request: request.say(status, body, **headers))
        run = lambda words: part.run('http://api.example', SECRETIVE + more + words, '--redo',
                                     pages=pages, http_proxy=proxy.origin)
        local.asked.clear()
        expect(run('') in (1, 3), f'{how}: {part.said}')
        expect(not local.asked, f'{how}: {local.asked}')
        line = f'also_from: ["{local.origin}"]'
        expect(f'say {line}' in part.said, f'{how}: {part.said}')
        # What it says is what the job then says.
        expect(run('\n    ' + line) == 0, f'{how}: {part.said}')
        expect([path for _, path, _ in local.asked] == ['/x'], f'{how}: {local.asked}')
        for name in ('Authorization', 'Cookie', 'X-Any'):
            expect(name not in local.asked[0][2], f'{how}: {name} was sent')


def a_proxys_password_is_hidden_when_it_comes_back(part):
    password = 'pr0xy/pw+1&2'
    who = urllib.parse.quote(password, safe='')
    got = []

    def answer(request):
        sent = request.headers['Proxy-Authorization']
        got.append(base64.b64decode(sent.split()[1]).decode())
        request.say(400, {'you sent': sent, 'you are': got[-1], 'by': f'http://me:{who}@proxy/'})

    proxy = part.server(answer)
    where = proxy.origin.replace('//', f'//me:{who}@')
    for name in ('http_proxy', 'all_proxy', 'ALL_PROXY'):
        expect(part.run('http://api.example', '', **{name: where}) == 1, part.said)
        expect('400' in part.said and part.state(), part.said)
    expect(got == ['me:' + password] * 3, got)
    part.expect_hidden(password)


def what_a_terminal_would_obey_is_printed_harmless(part):
    wicked = 'gone \x1b[2J\x07\x9b31m\x7f \u20ac\u6c9b'
    login = part.server(lambda request: request.say(
        400, {'error': 'invalid_scope\x1b]0;owned\x07', 'error_description': wicked}))
    api = part.server(lambda request: request.say(400, wicked.encode() + b'\x00\x9b2J'))
    auth = (f'auth: {{ oauth2: {{ token_url: "{login.origin}/", client_id: me, '
            'client_secret: "${TOKEN}" } }')
    for words in ('', auth):
        for verb in ('run', 'status', 'preview'):
            part.run(api.origin, words, verb=verb)
            expect('gone' in part.said, f'{verb}: {part.said!r}')
            # What C1 shares its bytes with stays.
            expect('\u20ac\u6c9b' in part.said, f'{verb}: {part.said!r}')
            obeyed = [c for c in part.said if ord(c) < 0x20 and c != '\n'
                      or 0x7F <= ord(c) < 0xA0 or 0xDC80 <= ord(c) < 0xDCA0]
            expect(not obeyed, f'{verb}: {part.said!r}')


def what_a_run_says_while_it_waits_hides_secrets(part):
    is_asked, goes_on = threading.Event(), threading.Event()

    def answer(request):
        is_asked.set()
        goes_on.wait(60)
        request.say(200, {'items': items(1)})

    api = part.server(answer)
    job = (api.origin, 'parallel: 1\nunits: { each: list, values: ["${TENANT}"] }', 'run')
    with part.start(*job, TENANT='tenant-0f-the-job') as first:
        expect(is_asked.wait(60), 'the first run asks for nothing')
        with part.start(*job, TENANT='tenant-0f-the-job') as second:
            timer = threading.Timer(60, second.kill)
            timer.start()
            line = next((line for line in second.stderr if 'waiting for it' in line), '')
            timer.cancel()
            goes_on.set()
            said = line + ''.join(second.communicate()) + ''.join(first.communicate())
    expect('unit ${TENANT}: run ' in line, f'{line!r} of {said!r}')
    expect('tenant-0f-the-job' not in said, said)


def json_stays_json_whatever_a_variable_is(part):
    api = part.server(lambda request: request.say(200, {'items': items(1)}))
    expect(part.run(api.origin, 'query: { shard: "${SHARD}", of: "${OF}" }', '--json', SHARD='1',
                    OF='"') == 0, part.printed)
    expect(json.loads(part.stdout)['units'], part.stdout)
    expect('${SHARD}' not in part.stdout, part.stdout)


def a_401_elsewhere_does_not_cost_the_token(part):
    def token(request):
        request.say(200, {'access_token': 'g1ven-by-the-endpoint', 'expires_in': 3600})

    login = part.server(token)
    other = part.server(lambda request: request.say(401, {'error': 'g1ven-by-the-endpoint'}))
    api = part.server(lambda request: request.say(302, {}, Location=other.origin + '/x'))
    auth = (f'auth: {{ oauth2: {{ token_url: "{login.origin}/", client_id: me, '
            'client_secret: "${TOKEN}" } }')
    expect(part.run(api.origin, auth) == 1, part.printed)
    expect(len(login.asked) == 1, f'{len(login.asked)} tokens were asked for')
    expect(len(other.asked) == 1, f'asked {len(other.asked)} times')
    part.expect_hidden('g1ven-by-the-endpoint', TOKEN)


PARTS = [an_echo_of_a_secret_is_hidden_in_the_record_and_in_print,
         a_cursor_is_kept_without_its_secret_and_gets_its_own_back,
         a_copy_of_what_is_set_aside_tells_where_it_is_from_without_secrets,
         nothing_secret_goes_to_another_origin, what_is_posted_goes_to_no_other_origin,
         this_machine_is_asked_where_the_job_names_it,
         a_proxys_password_is_hidden_when_it_comes_back,
         what_a_terminal_would_obey_is_printed_harmless,
         what_a_run_says_while_it_waits_hides_secrets,
         json_stays_json_whatever_a_variable_is,
         a_401_elsewhere_does_not_cost_the_token]


def main():
    words = argparse.ArgumentParser()
    words.add_argument('--sluice', required=True)
    words.add_argument('--only', default='')
    words = words.parse_args()
    failed = 0
    wanted = [part for part in PARTS if words.only in part.__name__]
    for function in wanted:
        part = Part(os.path.abspath(words.sluice))
        try:
            function(part)
        except Wrong as why:
            failed += 1
            print(f'{function.__name__}: {why}')
        finally:
            part.close()
    print(f'{len(wanted) - failed} passed, {failed} failed, 0 skipped')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
