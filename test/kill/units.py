"""Bounded units: killed at each request and at random times, raced, and stopped by signals."""
import os
import signal
import subprocess
import time

from lake import expect
from trials import BY_DAY, BY_REGION, Trials

DIED = 137  # What a process that was told to die at a request exits with


class Units(Trials):
    def each_request(self, name, prepare, lake, before, objects):
        """Dies before and after each request to lake and state, and loses its answer."""
        faults = requests = failed = 0
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
                if how == 'after':
                    self.settled(lake, (before, objects))
                self.made_good(lake, objects)
        expect(requests > 10, f'only {requests} requests: are the faults on?')
        return (f'{faults} faults at {requests} requests, then a run: the same objects; '
                f'{failed} lost answers failed their run')

    def settled(self, lake, either):
        """Settle without a run: the objects of before or those of the unit, and nothing between."""
        ended = lake.run(verb='settle')
        expect(ended.code == 0, f'settle exits {ended.code}: {ended.text()}')
        lake.check_no_upload()
        expect(lake.objects() in either, f'after settle there are {sorted(lake.objects())}')

    def fresh_unit(self):
        first, _ = self.small_logs()
        lake = self.cloudtrail('fresh', first, BY_REGION)
        objects, _ = self.clean_run(lake, first)
        expect(len(objects) == 3, f'3 places were wanted, not {sorted(objects)}')
        return self.each_request('a fresh unit', lake.clear, lake, {}, objects)

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
        objects, _ = self.clean_run(lake, second)
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

        return self.each_request('a unit done before', prepare, lake, before, objects)

    def kills_on_the_day(self):
        lake, objects, seconds = self.day()
        wanted, kills, runs = 12 if self.short else 200, 0, 0
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
            self.made_good(lake, objects)
        return f'{kills} kills in {runs} runs, then a run: the same {len(objects)} objects'

    def races(self):
        first, _ = self.small_logs()
        lake = self.cloudtrail('race', first, BY_REGION)
        objects, seconds = self.clean_run(lake, first)
        times, waited, taken = 4 if self.short else 20, 0, 0
        for i in range(times):
            lake.clear()
            # With a slow lake the two are at it for longer.
            env = {'SLUICE_TEST_SLOW_LAKE_MS': str(self.chance.choice((1, 5, 20)))}
            delay = self.chance.uniform(0, seconds) if i % 2 else 0
            # The second waits for the first, or takes its claim: then the first waits for it.
            how = ('--take-over',) if i % 4 > 1 else ()
            self.trial = f'race {i + 1}, {env}, the second {delay:.4f} s later {how}'
            runs = [lake.start(env=env)]
            time.sleep(delay)
            runs.append(lake.start(*how, env=env))
            ended = [lake.end(run) for run in runs]
            for run in ended:
                expect(run.code == 0, f'one of two exits {run.code}: {run.text()}')
            waited += any('waiting for it' in run.text() for run in ended)
            taken += any('taken over' in run.text() for run in ended)
            lake.check_no_upload()
            lake.check_objects(objects)
            self.made_good(lake, objects)
        return f'{times} races: all found it done, {waited} waited, {taken} were overtaken'

    def signals(self):
        lake, objects, seconds = self.day()
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
            lake.check_no_upload()
            self.made_good(lake, objects)
        return (f'{times} signals: {stopped} exits 4 with nothing visible, {early} before it '
                f'listened, {times - stopped - early} found it done; then a run: the same objects')
