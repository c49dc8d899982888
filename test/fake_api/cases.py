"""What the tests of the fake API share: a server a case, and records as they stood in the answer."""
import unittest
import urllib.parse

from fake_api import FakeApi


class Case(unittest.TestCase):
    program = None  # Whoever runs the tests says it.
    options = ('--records', '23', '--page-records', '5')

    def setUp(self):
        self.api = FakeApi(Case.program, *self.options)

    def tearDown(self):
        self.api.end()

    def start(self, *options):
        """Another one, instead."""
        self.api.end()
        self.api = FakeApi(Case.program, *options)

    def page(self, target, **request):
        answer = self.api.get(target, **request)
        self.assertEqual(answer.status, 200, answer.body[:300])
        return answer

    def indices(self, records):
        return [record['index'] for record in records]

    def walk(self, path, next_of, start='', pages_max=50):
        """All records' indices by following pages; next_of gives the next target or None."""
        target, found = path + start, []
        for _ in range(pages_max):
            answer = self.page(target)
            body = answer.json()
            found += self.indices(body if isinstance(body, list) else body['items'])
            target = next_of(answer)
            if not target:
                return found
        self.fail('it never ends')

    def by_token(self, path, start=''):
        def next_of(answer):
            token = answer.json().get('next_token')
            if not token:
                return None
            return f'{path}?{start[1:] + "&" if start else ""}token={urllib.parse.quote(token, "")}'
        return self.walk(path, next_of, start)


def here(url):
    """The target of a URL."""
    parts = urllib.parse.urlsplit(url)
    return parts.path + ('?' + parts.query if parts.query else '')


def lines_of(body):
    """The records of an envelope or an array, byte by byte: each stands on a line of its own."""
    inside = body.split(b'[\n', 1)[1].rsplit(b'\n]', 1)[0]
    return [json_line.rstrip(b',') for json_line in inside.split(b'\n')]
