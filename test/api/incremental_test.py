"""Jobs that ask only for what is new (`incremental`): run again and again over an API whose records
change meanwhile, each version of a record is in the lake once.

    incremental_test.py SLUICE FAKE_API [unittest's words]
"""
import gzip
import http.server
import json
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'fake_api'))
from answering import Answering  # noqa: E402
from api_job import Job  # noqa: E402
from counted import main as counted  # noqa: E402

SLUICE = sys.argv[1]
PAGE = 20


class Changing(http.server.ThreadingHTTPServer):
    """An API of records that grow in number and change: /changed?since=&page= in the order of their
    changes (`inclusive` or not, `blind` to since, `newest` first), each change at a later second."""
    daemon_threads = True

    def __init__(self, inclusive=True, blind=False, newest=False):
        super().__init__(('127.0.0.1', 0), Handler)
        self.rows, self.versions, self.asked = {}, [], []
        self.inclusive, self.blind, self.newest = inclusive, blind, newest
        self.second = self.delay = 0
        threading.Thread(target=self.serve_forever, args=[0.02], daemon=True).start()

    def change(self, number, second=None):
        """A record is made or changed, now or in a given second."""
        self.second += 0 if second is not None else 1
        at = self.second if second is None else second
        row = {'id': number, 'changed': f'2024-02-08T{at // 3600:02}:{at // 60 % 60:02}:{at % 60:02}Z',
               'version': len(self.versions)}
        self.rows[number] = row
        self.versions.append(json.dumps(row))
        return row

    def page(self, since, page):
        rows = sorted(self.rows.values(), key=lambda row: (row['changed'], row['id']),
                      reverse=self.newest)
        if not self.blind:
            rows = [row for row in rows
                    if row['changed'] > since or self.inclusive and row['changed'] == since]
        return rows[(page - 1) * PAGE:page * PAGE], len(rows)

    def handle_error(self, *_):
        """A run that is killed breaks its connections."""

    def end(self):
        self.shutdown()
        self.server_close()


class Handler(Answering):
    def do_GET(self):
        words = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        self.server.asked.append(words)
        time.sleep(self.server.delay)
        items, total = self.server.page(words.get('since', ''), int(words.get('page', 1)))
        self.answer(200, json.dumps({'items': items, 'total': total}).encode())


class Case(unittest.TestCase):
    def start(self, words='field: .changed, from: "2024-01-01"', decode='{ json: { records: .items } }',
              query='query: { since: "{since}" }', units='', **api):
        self.api = Changing(**api)
        self.addCleanup(self.api.end)
        self.job = Job(SLUICE, '')
        self.addCleanup(self.job.__exit__)
        self.write(words, decode, query, units)

    def write(self, words, decode='{ json: { records: .items } }', query='query: { since: "{since}" }',
              units=''):
        self.job.write(f'url: "http://127.0.0.1:{self.api.server_port}/changed"\n{query}\n'
                       f'incremental: {{ {words} }}\nnext: {{ page: page, total: .total }}',
                       decode, sink='{ lake: "%s/" }' % self.job.lake, units=units)

    def run_job(self, *words, code=0):
        ran = self.job.run(*words)
        self.assertEqual(ran.code, code, ran.err + ran.out)
        return ran

    def unit(self):
        return self.run_job('--json').report()['units'][0]

    def lake(self):
        return sorted(line.decode() for path in self.job.objects()
                      for line in gzip.decompress(path.read_bytes()).splitlines())

    def check_each_version_once(self):
        self.assertEqual(self.lake(), sorted(self.api.versions))


class OnlyWhatIsNew(Case):
    def test_each_run_asks_from_where_the_last_one_got_to(self):
        self.start()
        for number in range(50):
            self.api.change(number)
        first = self.unit()
        self.assertEqual((first['records'], first['reached']), (50, '2024-02-08T00:00:50Z'))
        self.assertEqual({words['since'] for words in self.api.asked}, {'2024-01-01T00:00:00Z'})
        self.api.asked.clear()
        for number in (3, 50, 7):
            self.api.change(number)
        second = self.unit()
        self.assertEqual((second['records'], second['duplicates']), (3, 1))
        self.assertEqual({words['since'] for words in self.api.asked}, {'2024-02-08T00:00:50Z'})
        self.check_each_version_once()
        self.assertEqual(self.job.run(verb='verify').code, 0)

    def test_a_run_that_finds_nothing_new_adds_nothing(self):
        self.start()
        self.api.change(1)
        self.run_job()
        before = self.job.objects()
        for _ in range(3):
            self.assertEqual(self.unit()['reached'], '2024-02-08T00:00:01Z')
        self.assertEqual(self.job.objects(), before)
        self.check_each_version_once()

    def test_an_api_without_a_record_yet_is_asked_from_the_beginning_again(self):
        self.start()
        self.assertEqual(self.unit()['records'], 0)
        self.api.change(1)
        self.assertEqual(self.unit()['records'], 1)
        self.check_each_version_once()

    def test_records_that_show_late_come_with_a_lookback(self):
        self.start('field: .changed, from: "2024-01-01", lookback: 10s')
        for number in range(30):
            self.api.change(number)
        self.run_job()
        self.api.change(99, second=22)  # Written long ago, seen only now
        self.api.change(30)
        second = self.unit()
        self.assertEqual((second['records'], second['duplicates']), (2, 11))
        self.assertEqual(self.api.asked[-1]['since'], '2024-02-08T00:00:20Z')
        self.assertEqual(self.unit()['records'], 0)
        self.check_each_version_once()

    def test_the_newest_may_come_first(self):
        self.start('field: .changed, from: "2024-01-01", lookback: 5s', newest=True)
        for number in range(70):
            self.api.change(number)
        self.run_job()
        for number in range(60, 80):
            self.api.change(number)
        self.run_job()
        self.check_each_version_once()

    def test_an_api_that_leaves_out_the_last_one_seen_is_as_good(self):
        self.start(inclusive=False)
        for times in range(3):
            self.api.change(times)
            self.run_job()
        self.check_each_version_once()

    def test_what_an_api_that_heeds_no_since_gives_again_is_left_out(self):
        self.start(blind=True)
        for number in range(45):
            self.api.change(number)
        self.run_job()
        self.api.change(45)
        self.assertEqual((self.unit()['records'], len(self.lake())), (1, 46))
        self.check_each_version_once()

    def test_numbers_count_as_well_as_times(self):
        self.start('field: .version, from: 0, lookback: 2', blind=True)
        for number in range(30):
            self.api.change(number)
        self.assertEqual(self.unit()['reached'], '29')
        self.api.change(30)
        self.run_job()
        self.assertEqual(self.api.asked[-1]['since'], '27')
        self.check_each_version_once()

    def test_a_format_of_time_stands_in_the_query(self):
        self.start(query='query: { since: "{since:%F}" }')
        self.api.change(1)
        self.run_job()
        self.run_job()
        self.assertEqual([words['since'] for words in self.api.asked], ['2024-01-01', '2024-02-08'])
        self.check_each_version_once()

    def test_each_value_of_a_list_has_got_somewhere_of_its_own(self):
        self.start(query='query: { since: "{since}", repo: "{unit}" }', units='{ each: list, values: [a, b] }')
        self.api.change(1)
        self.run_job('--units', 'a')
        self.api.change(2)
        self.run_job()
        asked = {(words['repo'], words['since']) for words in self.api.asked}
        self.assertEqual(asked, {('a', '2024-01-01T00:00:00Z'), ('a', '2024-02-08T00:00:01Z'),
                                 ('b', '2024-01-01T00:00:00Z')})

    def test_a_record_without_the_field_is_set_aside(self):
        self.start('field: .changed_at, from: "2024-01-01"')
        self.api.change(1)
        ran = self.run_job('--json', code=3)
        self.assertIn('no .changed_at', ran.out)


    def test_one_record_from_the_future_doesnt_silence_the_source(self):
        self.start()
        for number in range(5):
            self.api.change(number)
        wrong = self.api.change(99)
        wrong['changed'] = '2199-01-01T00:00:00Z'
        self.api.versions[-1] = json.dumps(wrong)
        first = self.unit()
        self.assertEqual((first['records'], first['reached']), (6, '2024-02-08T00:00:05Z'))
        self.assertIn('1 record has a .changed further beyond now', ' '.join(first['warnings']))
        for number in range(5, 8):
            self.api.change(number)
            self.assertEqual(self.unit()['records'], 1)
        self.check_each_version_once()

    def test_nor_does_it_where_it_is_the_only_one(self):
        self.start()
        wrong = self.api.change(99)
        wrong['changed'] = '2199-01-01T00:00:00Z'
        self.api.versions[-1] = json.dumps(wrong)
        self.assertEqual(self.unit()['records'], 1)
        self.api.change(1)
        self.assertEqual(self.unit()['records'], 1)
        self.assertEqual(self.unit()['records'], 0)
        self.check_each_version_once()

    def test_how_far_beyond_now_is_too_far_can_be_said(self):
        self.start('field: .changed, from: "2024-01-01", tolerance: 100000d')
        wrong = self.api.change(99)
        wrong['changed'] = '2199-01-01T00:00:00Z'
        self.assertEqual(self.unit()['reached'], '2199-01-01T00:00:00Z')

    def test_a_widened_lookback_doubles_nothing(self):
        self.start('field: .changed, from: "2024-01-01", lookback: 5s')
        for number in range(60):
            self.api.change(number)
        self.run_job()
        wider = 'field: .changed, from: "2024-01-01", lookback: 40s'
        self.write(wider)
        ran = self.run_job()
        self.assertIn('this one begins there', ran.out + ran.err)
        self.assertEqual(self.api.asked[-1]['since'], '2024-02-08T00:00:55Z')
        self.check_each_version_once()
        for number in range(60, 160):
            self.api.change(number)
        self.run_job()
        self.api.change(999, second=130)  # Late, but within the wider one
        self.assertEqual(self.unit()['records'], 1)
        self.assertEqual(self.api.asked[-1]['since'], '2024-02-08T00:02:00Z')
        self.check_each_version_once()

    def test_check_says_what_a_lookback_of_0_may_miss(self):
        self.start()
        self.assertIn('never shows a record that appears late', self.job.run(verb='check').out)
        self.write('field: .changed, from: "2024-01-01", lookback: 1s')
        self.assertNotIn('appears late', self.job.run(verb='check').out)


class WhateverHappens(Case):
    def test_killed_and_run_again_each_version_is_there_once(self):
        chance = random.Random(5)
        self.start('field: .changed, from: "2024-01-01", lookback: 30s')
        self.api.delay = 0.003
        kills = 0
        for times in range(12):
            for _ in range(60):
                self.api.change(len(self.api.versions))
            process = subprocess.Popen(self.job.command(), stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT)
            try:
                process.communicate(timeout=chance.random() * 0.06)
            except subprocess.TimeoutExpired:
                process.send_signal(chance.choice((signal.SIGKILL, signal.SIGTERM)))
                process.communicate()
                kills += 1
        self.run_job()
        self.assertGreater(kills, 2)
        self.check_each_version_once()
        self.assertEqual(self.job.open_uploads(), [])

    def test_of_two_runs_at_once_one_wins_and_nothing_doubles(self):
        self.start()
        self.api.delay = 0.01
        for number in range(300):
            self.api.change(number)
        runs = [subprocess.Popen(self.job.command(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                for _ in range(3)]
        for run in runs:
            run.communicate()
        self.run_job()
        self.check_each_version_once()
        self.assertEqual(self.job.open_uploads(), [])

    def test_a_run_that_fails_moves_nothing(self):
        self.start()
        for number in range(30):
            self.api.change(number)
        self.write('field: .changed, from: "2024-01-01"', decode='{ json: { records: .nothing } }')
        self.assertEqual(self.job.run().code, 1)
        self.assertEqual(self.job.objects(), [])
        self.write('field: .changed, from: "2024-01-01"')
        self.run_job()
        self.check_each_version_once()


class Refused(Case):
    def refused(self, *words, verb='run', run=()):
        ran = self.job.run(*run, verb=verb)
        self.assertNotEqual(ran.code, 0)
        for word in words:
            self.assertIn(word, ran.err + ran.out)

    def test_a_job_that_goes_on_by_another_field_is_told_so(self):
        self.start()
        self.api.change(1)
        self.run_job()
        self.write('field: .version, from: 0')
        self.refused('.changed 2024-02-08T00:00:01Z', 'goes by .version')

    def test_days_as_units_go_another_way(self):
        self.start(units='{ each: day, default: yesterday }')
        self.refused('take one of them', verb='check')

    def test_since_needs_to_know_by_which_field(self):
        self.start()
        self.job.write(f'url: "http://127.0.0.1:{self.api.server_port}/?since={{since}}"')
        self.refused('{since} needs `incremental`', verb='check')

    def test_a_from_that_is_neither_time_nor_number_is_a_mistake(self):
        self.start('field: .changed, from: soon')
        self.refused('a time', 'not `soon`', verb='check')

    def test_a_part_of_a_pass_or_a_pass_once_more_would_lose_or_double(self):
        self.start()
        for words in (('--limit', 1), ('--redo',)):
            self.refused('passes follow one upon another', run=words)


if __name__ == '__main__':
    counted(sys.argv[3:])
