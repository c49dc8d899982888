"""Jobs over a paged API at the end of a bad line: toxiproxy delays, chops, cuts, resets and swallows
what the API answers. Whatever it was, each record is there once, in the API's order; and where the
line stays dead, nothing is.

    toxics_test.py SLUICE FAKE_API [unittest's words]

Without toxiproxy (./dev servers brings it) all of it is skipped.
"""
import pathlib
import sys
import time
import unittest

for folder in ('fake_api', 's3'):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / folder))
import servers  # noqa: E402
from api_job import Job  # noqa: E402
from counted import main as counted  # noqa: E402
from fake_api import FakeApi  # noqa: E402

SLUICE, FAKE_API = sys.argv[1:3]
CURSOR = 'next: { cursor: .next_token, as: token }'
NUMBERS_AT_ONCE = 'next: { page: page, total: .total }\nparallel: 8'
PAGES = 10
SECONDS_MAX = 60
# From the fifth page on each is so late that a line can break in the middle of a run.
LATE = ('--fault', 'after=4 delay=400')


class Case(unittest.TestCase):
    """10 pages of some 20 KB, if a test doesn't say otherwise."""

    def line(self, path, words, *options, records=1000, record_bytes=300):
        """An API, the proxy before it, and a job that knows the proxy alone."""
        self.api = self.enter(FakeApi(FAKE_API, '--records', records,
                                      '--record-bytes', record_bytes, *options))
        try:
            self.proxy = self.enter(servers.Toxiproxy(self.api))
        except servers.Missing as why:
            if servers.is_required():
                raise
            self.skipTest(str(why))
        self.url = f'{self.proxy.endpoint()}{path}'
        self.job = self.enter(Job(SLUICE, f'url: "{self.url}"\n{words}'))

    def enter(self, context):
        entered = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return entered

    def break_in_the_middle(self, break_it):
        self.until_asked(5)
        break_it()
        self.api.faults()

    def until_asked(self, times):
        """Till so many requests have come to the API."""
        until = time.monotonic() + SECONDS_MAX
        while self.asked() < times:
            self.assertLess(time.monotonic(), until, f'{self.asked()} requests, not {times}')
            time.sleep(0.01)

    def asked(self):
        return sum(times for pages in self.api.counters()['pages'].values()
                   for times in pages.values())

    def check_all(self, ran):
        self.assertEqual(ran.code, 0, ran.out + ran.err)
        self.assertEqual(self.job.lines(), self.api.expected())
        self.assertEqual(self.job.open_uploads(), [])

    def check_nothing(self, ran, why):
        self.assertEqual(ran.code, 1, ran.out + ran.err)
        self.assertIn(self.url, ran.out)
        self.assertRegex(ran.out, why)
        self.assertEqual(self.job.objects(), [])
        self.assertEqual(self.job.open_uploads(), [])


class SlowLines(Case):
    """Nothing is lost on them, so nothing is asked for twice."""

    def check_asked_once(self, kind, words='', pages=PAGES, records=1000, **attributes):
        self.line('/cursor', f'{CURSOR}\n{words}', records=records)
        self.proxy.add(kind, 1, **attributes)
        began = time.monotonic()
        self.check_all(self.job.run())
        self.assertEqual(self.asked(), pages)
        return time.monotonic() - began

    def test_latency_that_varies(self):
        self.check_asked_once('latency', latency=40, jitter=30)

    def test_little_bandwidth(self):
        self.check_asked_once('bandwidth', rate=200)

    def test_slices_of_some_bytes(self):
        self.check_asked_once('slicer', average_size=60, size_variation=30, delay=20)

    def test_a_page_may_take_longer_than_the_timeout_as_long_as_bytes_come(self):
        seconds = self.check_asked_once('bandwidth', 'timeout: 1s', pages=1, records=100, rate=9)
        self.assertGreater(seconds, 1.5)


class LinesThatFail(Case):
    """What was under way is asked for again."""

    def check_asked_again(self, ran):
        self.check_all(ran)
        self.assertGreater(self.asked(), PAGES)

    def test_each_connection_is_cut_after_some_pages(self):
        self.line('/cursor', CURSOR)
        self.proxy.add('limit_data', 1, bytes=70_000)
        self.check_asked_again(self.job.run())

    def test_pages_asked_for_at_once_are_cut_and_keep_their_order(self):
        self.line('/page', NUMBERS_AT_ONCE)
        self.proxy.add('limit_data', 1, bytes=30_000)
        self.check_asked_again(self.job.run())

    def test_every_page_is_cut_for_a_while(self):
        self.line('/cursor', CURSOR)
        self.proxy.add('limit_data', 1, bytes=15_000)

        def meanwhile(_):
            self.until_asked(3)
            self.proxy.clear()
        self.check_asked_again(self.job.run(meanwhile=meanwhile))

    def test_a_page_that_is_too_large_to_be_held_back_goes_on_where_it_was_cut(self):
        self.line('/cursor', CURSOR, '--page-records', 400, records=600, record_bytes=19000)
        self.proxy.add('limit_data', 1, bytes=6_000_000)  # Of 7.6 MB; up to 4 MiB are held back.

        def meanwhile(_):
            self.until_asked(2)
            self.proxy.clear()
        ran = self.job.run(meanwhile=meanwhile)
        self.check_all(ran)
        self.assertGreater(self.asked(), 2)

    def check_broken_for_a_while(self, words, kind, **attributes):
        self.line('/cursor', f'{CURSOR}\n{words}', *LATE)

        def meanwhile(_):
            self.break_in_the_middle(lambda: self.proxy.add(kind, 1, **attributes))
            self.until_asked(self.asked() + 2)
            self.proxy.clear()
        self.check_asked_again(self.job.run(meanwhile=meanwhile))

    def test_connections_are_reset_for_a_while(self):
        self.check_broken_for_a_while('', 'reset_peer', timeout=0)

    def test_nothing_comes_for_a_while(self):
        self.check_broken_for_a_while('timeout: 500ms', 'timeout', timeout=0)

    def test_some_connections_are_always_bad(self):
        self.line('/page', f'{NUMBERS_AT_ONCE}\ntimeout: 500ms')
        self.proxy.add('reset_peer', 0.2, timeout=0)
        self.proxy.add('timeout', 0.1, timeout=0)
        self.check_all(self.job.run())


class LinesThatStayDead(Case):
    """An error that names the URL, what it met, and what to do; nothing to be seen."""

    def check_dead(self, why, break_it):
        self.line('/cursor', f'{CURSOR}\ntimeout: 500ms\nattempts: 3', *LATE)
        ran = self.job.run(meanwhile=lambda _: self.break_in_the_middle(break_it))
        self.check_nothing(ran, why)
        self.proxy.clear()
        self.proxy.let_in(True)
        self.check_all(self.job.run())
        return ran

    def test_nothing_comes_any_more(self):
        self.check_dead('no byte moved within 500 ms .after 3 attempts',
                        lambda: self.proxy.add('timeout', 1, timeout=0))

    def test_every_connection_is_reset(self):
        self.check_dead('reset by peer .after 3 attempts',
                        lambda: self.proxy.add('reset_peer', 1, timeout=0))

    def test_every_page_is_cut(self):
        self.check_dead('closed within the answer.s body, after .* bytes .after 3 attempts',
                        lambda: self.proxy.add('limit_data', 1, bytes=5000))

    def test_nobody_is_there(self):
        self.check_dead('Connection refused .after 3 attempts', lambda: self.proxy.let_in(False))

    def test_the_error_says_what_to_do(self):
        ran = self.check_dead('refused', lambda: self.proxy.let_in(False))
        self.assertRegex(ran.out, 'run again|raise `attempts')


if __name__ == '__main__':
    counted(sys.argv[3:])
