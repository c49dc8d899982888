"""Runs over a paged API that are killed at chance moments and begun again, till one has come to its
end: then each record must be in the lake once, in the API's order, and no upload open. Between two
runs a lifecycle rule may take an upload that was left open, or all.

    kills.py SLUICE FAKE_API [--points N] [--seed S] [--style cursor|page|link|exec] [--faults]

Prints a line for each point and, at the end, what was seen: how often a run went on where the one
before had got to, and how many pages were asked for again.
"""
import argparse
import pathlib
import random
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'fake_api'))
from api_job import Job  # noqa: E402
from fake_api import FakeApi  # noqa: E402

STYLES = {
    'cursor': ('/cursor', 'next: { cursor: .next_token, as: token }', '{ json: { records: .items } }'),
    'link': ('/link', 'next: { link: next }', '{ json: { records: . } }'),
    'page': ('/page', 'next: { page: page, total: .total }\nparallel: 4',
             '{ json: { records: .items } }'),
    'exec': ('/ndjson', '', 'jsonl'),
}
FETCH = pathlib.Path(__file__).resolve().parent / 'fetch.py'
FAULTS = ('percent=4 status=503 seed=7', 'percent=3 truncate=3000 seed=8',
          'percent=2 status=429 retry_after=0 seed=9')


class Point:
    """One job, killed again and again."""

    def __init__(self, words, number):
        self.words = words
        self.chance = random.Random(words.seed * 1_000_003 + number)
        self.kills = self.resumed = self.stopped = self.lapsed = 0

    def run(self):
        path, next_words, decode = STYLES[self.words.style]
        faults = [word for spec in FAULTS for word in ('--fault', spec)] if self.words.faults else []
        with FakeApi(self.words.fake_api, '--records', self.words.records, '--record-bytes', 4000,
                     '--page-records', 200, '--latency', 2, '--bodies', 4096, *faults) as api:
            source = f'url: "{api.url(path)}"\n{next_words}\ngive_up_after: 60s'
            if self.words.style == 'exec':
                source = f'exec: [{sys.executable}, {FETCH}, "{api.url(path, per_page=200)}"]'
            # Hardly compressed, so that there are many parts.
            with Job(self.words.sluice, source, decode) as job:
                job.write(source, decode, sink='{ lake: "%s/", name: "all-{n}.jsonl", roll: 24MiB }'
                                               % job.lake)
                self.until_done(job)
                return self.wrong(api, job), api.counters()

    def until_done(self, job):
        whole = self.words.seconds
        while True:
            process = subprocess.Popen(job.command(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                       text=True)
            try:
                kill_after = self.chance.random() * whole if self.kills < 6 else 60
                out, _ = process.communicate(timeout=kill_after)
                if process.returncode == 0:
                    self.resumed += 'went on where' in out
                    return
                if process.returncode != 4:
                    raise AssertionError(f'exits {process.returncode}: {out[-2000:]}')
                self.stopped += 1
            except subprocess.TimeoutExpired:
                if self.chance.random() < 0.25:
                    process.terminate()
                    process.communicate(timeout=60)
                else:
                    process.kill()
                    process.communicate()
                self.kills += 1
            self.lapse(job)
            record = job.record()
            self.resumed += bool(record and record.get('checkpoint'))

    def lapse(self, job):
        """A bucket's lifecycle rule aborts uploads that were begun long ago."""
        uploads = sorted(job.open_uploads())
        if not uploads or self.kills > 6 or self.chance.random() > 0.3:
            return
        gone = uploads if self.chance.random() < 0.5 else [self.chance.choice(uploads)]
        for upload in gone:
            shutil.rmtree(upload)
        self.lapsed += len(gone)

    def wrong(self, api, job):
        lines = [line for path in job.objects() for line in path.read_bytes().splitlines()]
        expected = list(api.expected())
        if lines != expected:
            return f'{len(lines)} records, {len(set(lines))} different, of {len(expected)}'
        if job.open_uploads():
            return f'open uploads: {job.open_uploads()}'
        return ''


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('sluice')
    parser.add_argument('fake_api')
    parser.add_argument('--points', type=int, default=10)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--style', choices=STYLES, default='cursor')
    parser.add_argument('--records', type=int, default=20000)
    parser.add_argument('--seconds', type=float, default=1.5, help='about as long as a run takes')
    parser.add_argument('--faults', action='store_true')
    words = parser.parse_args()
    began = time.monotonic()
    kills = resumed = lapsed = twice = bad = 0
    for number in range(words.points):
        point = Point(words, number)
        wrong, counters = point.run()
        kills += point.kills
        resumed += point.resumed
        lapsed += point.lapsed
        twice += counters['pages_asked_twice']
        bad += bool(wrong)
        print(f'point {number}: {point.kills} kills, checkpoint found {point.resumed} times, '
              f'{point.lapsed} uploads lapsed, '
              f'{counters["pages_asked_twice"]} pages asked for again: {wrong or "all there, once"}',
              flush=True)
    print(f'{words.points} points, {kills} kills, {resumed} times a checkpoint was left, '
          f'{lapsed} uploads lapsed, '
          f'{twice} pages asked for again, {bad} wrong, {time.monotonic() - began:.0f} s')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
