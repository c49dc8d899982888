#!/usr/bin/env python3
"""Kills sluice at every store request and at random times, races it, stops it, fills its disk; and each
time runs the job once more and looks whether every record is there once and nothing else is.

    campaign.py --sluice build/sluice [--short] [--seed N] [--only WORD]

One line for each part, with its counts. What failed keeps its folder and says how to see it again.
"""
import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from lake import Lake, Wrong, expect

DAY = '2024-02-08'
LATE = '100000d'  # The made-up days are old; their inputs are to be looked at again all the same.
CLOUDTRAIL = '''name: {name}
units: {{ each: day, late: {late} }}
source:
  objects: "{logs}/AWSLogs/{{path.account}}/CloudTrail/{{path.region}}/{{unit:%Y/%m/%d}}/"
decode: {{ json: {{ records: .Records }} }}
sink:
  lake: "LAKE"
  partition: "{partition}"
  format: jsonl.gz
'''
BY_REGION = 'region={.awsRegion}/'
BY_DAY = 'dt={.eventTime:%F}/'
STREAM = '''name: stream
source:
  replay: { messages: 10, payload: 20B, keys: 3, rate: 20000 }
decode: { jsonl: {} }
sink:
  lake: "LAKE"
  partition: "key={.key}/"
  format: jsonl.gz
'''
DIED = 137  # What a process that was told to die at a request exits with
LOST = 'another run has claimed it'


class Skipped(Exception):
    pass


class Campaign:
    def __init__(self, options, root):
        self.sluice, self.short, self.root = os.path.abspath(options.sluice), options.short, root
        self.chance = random.Random(options.seed)
        self.trial = ''  # What is being done now, for the message of a failure

    # ---- tools -----------------------------------------------------------------------------------

    def folder(self, name):
        return os.path.join(self.root, name)

    def generate(self, name, **options):
        folder = self.folder(name)
        words = [word for key, value in options.items() for word in ('--' + key, str(value))]
        subprocess.run([self.sluice, 'generate', 'cloudtrail', folder, *words], check=True,
                       stdout=subprocess.DEVNULL)
        return folder

    def cloudtrail(self, name, logs, partition):
        job = CLOUDTRAIL.format(name='trail', late=LATE, logs=logs, partition=partition)
        return Lake(self.sluice, self.folder(name), job, DAY)

    def stream(self, name):
        return Lake(self.sluice, self.folder(name), STREAM)

    def clean_run(self, lake):
        """What a run that nobody disturbs makes: its objects, its lines; and how long it takes."""
        lake.clear()
        started = time.monotonic()
        lake.run_to_end()
        seconds = time.monotonic() - started
        lake.check_verified()
        lake.check_no_upload(settle=False)
        return lake.objects(), lake.lines(), seconds

    def made_good(self, lake, objects, lines):
        """The run after a fault made it good. Whether settle was needed for an upload."""
        lake.run_to_end()
        settled = lake.check_no_upload()
        lake.check_objects(objects)
        expect(lake.lines() == lines, 'other records than the clean run')
        lake.check_verified()
        return settled

    def small_logs(self):
        """Two sets of six logs of one day; the second has no record for one of the first's places."""
        first, second = self.folder('logs-3'), self.folder('logs-2')
        if not os.path.isdir(first):
            self.generate('logs-3', objects=6, records=60, accounts=2, regions=3, seed=7)
            self.generate('logs-2', objects=6, records=50, accounts=2, regions=2, seed=8)
        return first, second

    def day(self):
        """The day that the random kills are done on: its lake, and what a clean run makes."""
        if not os.path.isdir(self.folder('day')):
            self.generate('day', **({'objects': 300, 'records': 1400} if self.short else {}))
        lake = self.cloudtrail('day-lake', self.folder('day'), BY_DAY)
        return lake, *self.clean_run(lake)

    # ---- 1: each request -------------------------------------------------------------------------

    def each_request(self, name, prepare, lake, objects, lines):
        """Dies before, after, and loses the answer of each request to the lake's and state's stores."""
        faults = requests = settled = failed = 0
        for how in ('before', 'after', 'lost'):
            for k in range(1, 10_000):
                if how == 'lost' and k > requests:
                    break
                self.trial = f'{name}, request {k}, {how}'
                prepare()
                env = {'SLUICE_TEST_DIE_AT': str(k), 'SLUICE_TEST_DIE_HOW': how}
                ended = lake.run(env=env)
                if how != 'lost' and ended.code != DIED:
                    expect(ended.code == 0, f'exits {ended.code}: {ended.text()}')
                    break
                expect(ended.code in (DIED, 0, 1), f'exits {ended.code}: {ended.text()}')
                requests, faults = max(requests, k), faults + 1
                failed += ended.code == 1
                settled += self.made_good(lake, objects, lines)
        expect(requests > 10, f'only {requests} requests: are the faults on?')
        return (f'{faults} faults at {requests} requests, then a run: the same objects; '
                f'{failed} lost answers failed their run, {settled} needed a settle')

    def fresh_unit(self):
        first, _ = self.small_logs()
        lake = self.cloudtrail('fresh', first, BY_REGION)
        objects, lines, _ = self.clean_run(lake)
        expect(len(objects) == 3, f'3 places were wanted, not {sorted(objects)}')
        return self.each_request('a fresh unit', lake.clear, lake, objects, lines)

    def done_before(self):
        first, second = self.small_logs()
        link = self.folder('logs')
        lake = self.cloudtrail('again', link, BY_REGION)
        kept = self.folder('kept')

        def show(logs):
            if os.path.lexists(link):
                os.unlink(link)
            os.symlink(logs, link)

        show(second)
        objects, lines, _ = self.clean_run(lake)
        lake.clear()
        show(first)
        lake.run_to_end()
        before = lake.objects()
        expect(len(before) > len(objects), 'nothing to retire')
        # With times and attributes: a directory's ETags and marks are made of them.
        subprocess.run(['cp', '-a', lake.lake, kept], check=True)
        show(second)

        def prepare():
            lake.clear()
            subprocess.run(['cp', '-a', kept, lake.lake], check=True)

        return self.each_request('a unit done before', prepare, lake, objects, lines)

    # ---- 2: kills at random times ----------------------------------------------------------------

    def kills_on_the_day(self):
        lake, objects, lines, seconds = self.day()
        wanted, kills, runs, settled = 12 if self.short else 200, 0, 0, 0
        while kills < wanted:
            lake.clear()
            # Often a run that goes on is killed as well.
            for _ in range(self.chance.choice((1, 1, 2, 3))):
                delay = self.chance.uniform(0, 1.1 * seconds)
                self.trial = f'kill {kills + 1} after {delay:.4f} s'
                killed, ended = lake.kill_after(delay, signal.SIGKILL)
                runs += 1
                kills += killed and ended.code == -signal.SIGKILL
                expect(ended.code in (-signal.SIGKILL, 0), f'exits {ended.code}: {ended.text()}')
            settled += self.made_good(lake, objects, lines)
        return (f'{kills} kills in {runs} runs of {sum(lines.values()):,} records, '
                f'then a run: the same objects; {settled} needed a settle')

    # ---- 3: streams ------------------------------------------------------------------------------

    def stream_env(self, until):
        return {'SLUICE_TEST_UNTIL': str(until), 'SLUICE_TEST_SPAN_DOCUMENTS': '2'}

    def stream_ends_at(self, lake, until):
        """A run that goes on to `until`; then every offset below is there once. Where it ends.

        That may be beyond `until`: what a dead run had begun to commit is committed by the next.
        """
        lake.run_to_end(env=self.stream_env(until))
        lake.check_no_upload(settle=False)
        end = self.position(lake)
        expect(end >= until, f'ends at {end}, before {until}')
        lake.check_offsets(end)
        lake.check_verified()
        return end

    def position(self, lake):
        return lake.record('stream', 'once').get('position', 0)

    def kills_on_a_stream(self):
        lake = self.stream('stream-kills')
        wanted, kills, runs, offsets = 6 if self.short else 100, 0, 0, 0
        while kills < wanted:
            lake.clear()
            for _ in range(10):
                delay = self.chance.uniform(0, 0.5)
                self.trial = f'stream, kill {kills + 1} after {delay:.4f} s'
                killed, ended = lake.kill_after(delay, signal.SIGKILL, env=self.stream_env(10**9))
                expect(killed, f'a stream without an end exits {ended.code}: {ended.text()}')
                kills, runs = kills + 1, runs + 1
                until = self.position(lake) + self.chance.randrange(1, 100)
                end = self.stream_ends_at(lake, until)
                if kills >= wanted:
                    break
            offsets += end
        return f'{kills} kills, each followed by a run that goes on: {offsets:,} offsets, each once'

    def hand_overs(self):
        lake = self.stream('hand-over')
        times, given_up = 2 if self.short else 20, 0
        for i in range(times):
            lake.clear()
            until = self.chance.randrange(500, 2000)
            delay = self.chance.uniform(0, 0.3)
            self.trial = f'hand-over {i + 1} after {delay:.4f} s, until {until}'
            first = lake.start(env=self.stream_env(until))
            time.sleep(delay)
            second = lake.start(env=self.stream_env(until))
            codes = []
            for owner in (first, second):
                ended = lake.end(owner)
                codes.append(ended.code)
                expect(ended.code == 0 or ended.code == 1 and LOST in ended.text(),
                       f'an owner exits {ended.code}: {ended.text()}')
            expect(0 in codes, f'both owners gave up: {codes}')
            given_up += 1 in codes
            lake.check_no_upload(settle=False)
            self.stream_ends_at(lake, until)
        return f'{times} hand-overs, {given_up} first owners said whose it is; each offset once'

    def zombies(self):
        lake = self.stream('zombie')
        times, lost, late = 2 if self.short else 20, 0, 0
        for i in range(times):
            lake.clear()
            delay = self.chance.uniform(0, 0.4)
            self.trial = f'zombie {i + 1} stopped after {delay:.4f} s'
            zombie = lake.start(env=self.stream_env(10**9))
            time.sleep(delay)
            zombie.send_signal(signal.SIGSTOP)
            until = self.position(lake) + self.chance.randrange(50, 300)
            other = lake.start(env=self.stream_env(until))
            try:
                other.wait(timeout=5)
            except subprocess.TimeoutExpired:
                late += 1  # It holds one of the directory's locks, for as long as it lives.
            zombie.send_signal(signal.SIGCONT)
            ended = lake.end(other)
            expect(ended.code == 0 or ended.code == 1 and LOST in ended.text(),
                   f'the second owner exits {ended.code}: {ended.text()}')
            if ended.code == 1:  # It was stopped before it claimed, so the partition is its own.
                zombie.send_signal(signal.SIGTERM)
            ended = lake.end(zombie)
            expect(ended.code in (1, 4), f'the paused owner exits {ended.code}: {ended.text()}')
            expect(ended.code == 4 or LOST in ended.text(), f'no clear message: {ended.text()}')
            lost += ended.code == 1
            self.stream_ends_at(lake, self.position(lake) + 50)
        return (f'{times} paused owners, {lost} woke to somebody else\'s partition, '
                f'{late} held a lock meanwhile; each offset once')

    # ---- 4, 5: races and signals -----------------------------------------------------------------

    def races(self):
        first, _ = self.small_logs()
        lake = self.cloudtrail('race', first, BY_REGION)
        objects, lines, seconds = self.clean_run(lake)
        times, both, lost = 3 if self.short else 20, 0, 0
        for i in range(times):
            lake.clear()
            # With a slow lake the two are at it for longer.
            env = {'SLUICE_TEST_SLOW_LAKE_MS': str(self.chance.choice((0, 1, 5)))}
            delay = self.chance.uniform(0, seconds) if i % 2 else 0
            self.trial = f'race {i + 1}, {env}, the second {delay:.4f} s later'
            runs = [lake.start(env=env)]
            time.sleep(delay)
            runs.append(lake.start(env=env))
            ended = [lake.end(run) for run in runs]
            for run in ended:
                expect(run.code == 0 or run.code == 1 and LOST in run.text(),
                       f'one of two exits {run.code}: {run.text()}')
            codes = [run.code for run in ended]
            expect(0 in codes, f'nobody won: {[run.text() for run in ended]}')
            both, lost = both + (codes == [0, 0]), lost + (1 in codes)
            lake.check_no_upload(settle=False)
            lake.check_objects(objects)
            self.made_good(lake, objects, lines)
        return f'{times} races: {lost} losers said so, {both} times both found it done'

    def signals(self):
        lake, objects, lines, seconds = self.day()
        times, stopped, early = 6 if self.short else 60, 0, 0
        for i in range(times):
            lake.clear()
            number = self.chance.choice((signal.SIGINT, signal.SIGTERM))
            delay = self.chance.uniform(0, seconds)
            self.trial = f'{number.name} after {delay:.4f} s'
            _, ended = lake.kill_after(delay, number)
            if ended.code == -number:  # Nobody listened yet.
                early += 1
                expect(not lake.objects(), 'killed by a signal that it should have heard')
            elif ended.code == 4:
                stopped += 1
                expect(not lake.objects(), f'stopped, yet there are {sorted(lake.objects())}')
            else:
                expect(ended.code == 0, f'exits {ended.code}: {ended.text()}')
                lake.check_objects(objects)
            lake.check_no_upload(settle=False)
            self.made_good(lake, objects, lines)
        return (f'{times} signals: {stopped} exits 4 with nothing visible, {early} before it listened, '
                f'{times - stopped - early} found it done; then a run: the same objects')

    # ---- 6: disks, folders, rights ---------------------------------------------------------------

    def expect_refused(self, lake, words, *more, **options):
        """One clear line, exit 1, and nothing to see."""
        ended = lake.run(*more, **options)
        expect(ended.code == 1, f'exits {ended.code}, not 1: {ended.text()}')
        said = [line for line in (ended.err + ended.out).splitlines()
                if any(word in line for word in words)]
        expect(len(said) == 1, f'one line with {" or ".join(words)}, not {len(said)}: {ended.text()}')
        expect(not lake.objects(), f'visible: {sorted(lake.objects())}')
        return said[0]

    def full_disk(self):
        if os.geteuid() != 0:
            raise Skipped('a full disk needs root, to mount a small one')
        first, _ = self.small_logs()
        clean = self.cloudtrail('full-clean', first, BY_REGION)
        objects, lines, _ = self.clean_run(clean)
        lake = self.cloudtrail('full', first, BY_REGION)
        os.makedirs(lake.lake)
        mount = ['mount', '-t', 'tmpfs', '-o', 'size=1M', 'tmpfs', lake.lake]
        if subprocess.run(mount, stderr=subprocess.DEVNULL, check=False).returncode != 0:
            raise Skipped('a full disk needs the right to mount a small one')
        try:
            return self.fill_disk(lake, objects, lines)
        finally:
            subprocess.run(['umount', lake.lake], check=True)

    def fill_disk(self, lake, objects, lines):
        refused = fitted = 0
        for free in (range(0, 40, 8) if self.short else range(0, 80, 4)):
            self.trial = f'a disk with {free} KiB free'
            for name in os.listdir(lake.lake):
                path = os.path.join(lake.lake, name)
                shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
            stone = os.path.join(lake.lake, '_stone')
            space = os.statvfs(lake.lake)
            with open(stone, 'wb') as file:
                file.write(bytes(space.f_bavail * space.f_bsize - free * 1024))
            ended = lake.run()
            if 'extended attributes' in ended.text() or 'user.' in ended.text():
                raise Skipped('a full disk: this tmpfs keeps no extended attributes')
            if ended.code == 0:
                fitted += 1
            else:
                refused += 1
                expect(ended.code == 1, f'exits {ended.code}, not 1: {ended.text()}')
                said = [line for line in ended.err.splitlines() + ended.out.splitlines()
                        if 'No space left' in line]
                expect(len(said) == 1, f'not one clear line: {ended.text()}')
                expect(not lake.objects(), f'visible: {sorted(lake.objects())}')
            os.unlink(stone)
            self.made_good(lake, objects, lines)
        expect(refused > 1, 'the disk was never full')
        return f'{refused} full disks said so, {fitted} fitted; with space a run makes it good'

    def missing_source(self):
        lake = self.cloudtrail('no-source', self.folder('not-there'), BY_REGION)
        return 'said: ' + self.expect_refused(lake, ['No such file', 'not there', 'no such', 'not_found'])

    def no_rights(self):
        if os.geteuid() != 0:
            raise Skipped('a folder without rights needs root, to be somebody else')
        first, _ = self.small_logs()
        os.chmod(self.root, 0o755)
        nobody = {'user': 65534, 'group': 65534, 'extra_groups': []}
        lake = self.cloudtrail('no-rights', first, BY_REGION)
        os.makedirs(lake.lake, mode=0o755)
        try:
            lake.run(verb='explain', **nobody)
        except PermissionError as error:
            raise Skipped(f'a folder without rights: nobody else may run {self.sluice}') from error
        written = self.expect_refused(lake, ['Permission denied', 'denied'], **nobody)
        closed = self.folder('closed')
        shutil.copytree(first, os.path.join(closed, 'logs'))
        os.chmod(closed, 0o700)
        lake = self.cloudtrail('no-rights-to-read', os.path.join(closed, 'logs'), BY_REGION)
        os.makedirs(lake.lake)
        os.chown(lake.lake, 65534, 65534)
        read = self.expect_refused(lake, ['Permission denied', 'denied'], **nobody)
        return f'said: {written} | {read}'


def parts_of(campaign):
    return [
        ('kills at each request of a fresh unit', campaign.fresh_unit),
        ('kills at each request of a unit done before', campaign.done_before),
        ('kills at random times of a day', campaign.kills_on_the_day),
        ('kills at random times of a stream', campaign.kills_on_a_stream),
        ('hand-over of a stream', campaign.hand_overs),
        ('paused owners of a stream', campaign.zombies),
        ('two runs of one unit', campaign.races),
        ('SIGINT and SIGTERM', campaign.signals),
        ('a full disk', campaign.full_disk),
        ('a source that is not there', campaign.missing_source),
        ('folders without rights', campaign.no_rights),
    ]


def main():
    words = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    words.add_argument('--sluice', required=True, help='the program')
    words.add_argument('--short', action='store_true', help='below a minute')
    words.add_argument('--seed', type=int, default=random.SystemRandom().randrange(10**9))
    words.add_argument('--only', default='', help='the parts with this word in their line')
    options = words.parse_args()
    root = tempfile.mkdtemp(prefix='sluice-kill-')
    campaign = Campaign(options, root)
    print(f'seed {options.seed}, in {root}', flush=True)
    passed = failed = skipped = 0
    for name, part in parts_of(campaign):
        if options.only not in name:
            continue
        started = time.monotonic()
        campaign.trial = name
        try:
            print(f'{name}: {part()} ({time.monotonic() - started:.1f} s)', flush=True)
            passed += 1
        except Skipped as why:
            print(f'skipped: {why}', flush=True)
            skipped += 1
        except Wrong as what:
            print(f'{name}: FAILED at {campaign.trial} (seed {options.seed}, kept in {root}): {what}',
                  flush=True)
            failed += 1
    if failed == 0:
        shutil.rmtree(root)
    print(f'{passed} passed, {failed} failed, {skipped} skipped', flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
