"""Plays exchanges with an API again, for tests of whole jobs. Standard library only.

    with RecordedApi(folder / 'slack_users.json') as api:
        job = api.moved(job)       # https://slack.com/... is then http://127.0.0.1:PORT/slack.com/...
        ...
        assert api.surprises() == [] and api.not_asked_for() == []

A file is a list of exchanges, in octokit/fixtures' form with two more words:

    {"scope": "https://slack.com", "method": "get", "path": "/api/users.list?limit=200",
     "body": {...},                            what was posted: JSON, or a form's text
     "needs": {"Authorization": "Bearer T"},   headers without which nobody is answered
     "status": 200, "headers": {...}, "response": {...}}

Of alike requests the first gets the first answer, the second the second. A request that wasn't
recorded is refused and remembered.
"""
import http.server
import json
import threading
import urllib.parse


def same_form(body):
    """What was posted (JSON as a value or as text, or a form) as a text to compare."""
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except ValueError:
            body = sorted(urllib.parse.parse_qsl(body))
    return json.dumps(body, sort_keys=True)


def parts_of(target):
    path, _, query = target.partition('?')
    return path, sorted(urllib.parse.parse_qsl(query, keep_blank_values=True))


class RecordedApi:
    def __init__(self, *files):
        self.left = [exchange for file in files for exchange in json.loads(file.read_text())]
        self.scopes = sorted({exchange['scope'] for exchange in self.left})
        self.refused = []
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_GET(self):
                body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
                api.answer(self, body.decode())

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def moved(self, text):
        """The text with URLs of what was recorded leading here."""
        for scope in self.scopes:
            host = scope.removeprefix('https://')
            text = text.replace(scope, f'http://127.0.0.1:{self.server.server_port}/{host}')
        return text

    def surprises(self):
        return self.refused

    def not_asked_for(self):
        return [exchange['path'] for exchange in self.left]

    def answer(self, handler, body):
        exchange = self.take(handler, body)
        if not exchange:
            self.refused.append(f'{handler.command} {handler.path} {body}')
        status = exchange['status'] if exchange else 404
        response = exchange['response'] if exchange else {'error': 'not recorded'}
        handler.send_response(status)
        said = exchange.get('headers', {}) if exchange else {}
        for name, value in {'Content-Type': 'application/json', **said}.items():
            handler.send_header(name, self.moved(value))
        out = self.moved(json.dumps(response)).encode()
        handler.send_header('Content-Length', str(len(out)))
        handler.end_headers()
        handler.wfile.write(out)

    def take(self, handler, body):
        for exchange in self.left:
            host = exchange['scope'].removeprefix('https://')
            wanted = parts_of(f'/{host}{exchange["path"]}')
            if (exchange['method'].upper() == handler.command
                    and parts_of(handler.path) == wanted
                    and same_form(body) == self.moved(same_form(exchange.get('body', '')))
                    and all(handler.headers.get(name) == value
                            for name, value in exchange.get('needs', {}).items())):
                self.left.remove(exchange)
                return exchange
        return None
