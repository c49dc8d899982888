"""A stream: killed at random times, handed over, and owned by somebody who was paused."""
import signal
import subprocess
import time

from lake import Lake, expect
from trials import LOST, Trials

STREAM = '''name: stream
source:
  replay: { messages: 10, payload: 20B, keys: 3, rate: 20000 }
decode: { jsonl: {} }
sink:
  lake: "LAKE"
  partition: "key={.key}/"
  format: jsonl.gz
'''


class Streams(Trials):
    def stream(self, name):
        return Lake(self.sluice, self.folder(name), STREAM)

    def stream_env(self, until):
        return {'SLUICE_TEST_UNTIL': str(until), 'SLUICE_TEST_SPAN_DOCUMENTS': '2'}

    def stream_ends_at(self, lake, until):
        """A run that goes on to `until`; then every offset below is there once. Where it ends.

        That may be beyond `until`: what a dead run had begun to commit is committed by the next.
        """
        lake.run_to_end(env=self.stream_env(until))
        lake.check_no_upload()
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
            second = lake.start('--take-over', env=self.stream_env(until))
            codes = []
            for owner in (first, second):
                ended = lake.end(owner)
                codes.append(ended.code)
                expect(ended.code == 0 or ended.code == 1 and LOST in ended.text(),
                       f'an owner exits {ended.code}: {ended.text()}')
            expect(0 in codes, f'both owners gave up: {codes}')
            given_up += 1 in codes
            lake.check_no_upload()
            self.stream_ends_at(lake, until)
        return f'{times} hand-overs, {given_up} first owners said whose it is; each offset once'

    def zombies(self):
        lake = self.stream('zombie')
        times, lost, late, owners = 2 if self.short else 20, 0, 0, 0
        for i in range(times):
            lake.clear()
            delay = self.chance.uniform(0, self.chance.choice((0.03, 0.4)))
            self.trial = f'zombie {i + 1} stopped after {delay:.4f} s'
            zombie = lake.start(env=self.stream_env(10**9))
            time.sleep(delay)
            zombie.send_signal(signal.SIGSTOP)
            until = self.position(lake) + self.chance.randrange(50, 300)
            other = lake.start('--take-over', env=self.stream_env(until))
            try:
                other.wait(timeout=5)
            except subprocess.TimeoutExpired:
                late += 1  # It holds one of the directory's locks, for as long as it lives.
            epoch = lake.record('stream', 'once').get('epoch', 0)
            zombie.send_signal(signal.SIGCONT)
            ended = lake.end(other)
            expect(ended.code == 0 or ended.code == 1 and LOST in ended.text(),
                   f'the second owner exits {ended.code}: {ended.text()}')
            try:
                zombie.wait(timeout=5)
            except subprocess.TimeoutExpired:
                # Paused before it claimed, it has claimed since: the partition is its own.
                now = lake.record('stream', 'once').get('epoch', 0)
                expect(now > epoch, 'the paused owner goes on in an epoch that is not its own')
                zombie.send_signal(signal.SIGTERM)
                owners += 1
            ended = lake.end(zombie)
            expect(ended.code in (1, 4), f'the paused owner exits {ended.code}: {ended.text()}')
            expect(ended.code == 4 or LOST in ended.text(), f'no clear message: {ended.text()}')
            lost += ended.code == 1
            self.stream_ends_at(lake, self.position(lake) + 50)
        return (f'{times} paused owners: {lost} found another\'s, {owners} claimed it only '
                f'then, {late} held a lock meanwhile; each offset once')
