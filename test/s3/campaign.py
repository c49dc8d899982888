#!/usr/bin/env python3
"""Kills sluice over S3 while answers are being lost, and looks whether the run that follows makes
it good: every record once, the very objects of an undisturbed run, no upload left on the server.

    campaign.py --sluice build/sluice --fake-s3 build/test/fake_s3/fake_s3 [--points N] [--seed N]
                [--only fake|versitygw]

Faults on the fake are refusals, errors, resets before and after the deed; before versitygw a proxy
cuts connections in the middle of answers. test/kill does the same over a directory.
"""
import argparse
import gzip
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import servers
from s3_lake import DAY, S3Lake, Wrong, expect, list_keys
from parts import run_parts  # test/kill's, as s3_lake.py has made it found
from trials import Skipped

# Of hundred requests, how many; at each point some of these are drawn.
FAULTS = ['verb=any,percent=3,do=503', 'verb=any,percent=3,do=503empty',
          'verb=any,percent=3,do=500', 'verb=any,percent=3,do=500empty',
          'verb=any,percent=5,do=reset_before', 'verb=any,percent=5,do=reset_after',
          'verb=complete,percent=30,do=error200', 'verb=complete,percent=30,do=reset_after',
          'verb=put,percent=30,do=reset_after', 'verb=put_part,percent=30,do=reset_after',
          'verb=get,percent=10,do=truncate=100', 'verb=any,percent=20,do=close',
          'verb=delete|abort,percent=40,do=reset_after', 'verb=put,percent=20,do=409']
TWINS = 'verb=create_upload,percent=30,do=reset_after'


class Campaign:
    def __init__(self, options, root):
        self.options, self.root = options, root
        self.sluice = os.path.abspath(options.sluice)
        self.chance = random.Random(options.seed)
        self.logs = os.path.join(root, 'logs')
        self.trial = ''
        self.lakes = 0
        self.settled = 0  # Points whose twin only settle found
        subprocess.run([self.sluice, 'generate', 'cloudtrail', self.logs, '--objects', '60',
                        '--records', '600', '--accounts', '2', '--regions', '3', '--seed', '7'],
                       check=True, stdout=subprocess.DEVNULL)

    def lake(self, server, through=None, logs='logs'):
        """A fresh one; what is on the server of those before it stays."""
        self.lakes += 1
        return S3Lake(self.sluice, os.path.join(self.root, f'job-{self.lakes}'), server,
                      f'lake-{self.lakes}/', logs=f's3://{servers.BUCKET}/{logs}', through=through)

    def put_logs(self, client):
        for folder, _, files in os.walk(self.logs):
            for name in files:
                path = os.path.join(folder, name)
                with open(path, 'rb') as file:
                    answer = client.put('logs/' + os.path.relpath(path, self.logs), file.read())
                expect(answer.status == 200, f'put a log: {answer.status}')

    def done_before(self, server):
        """A lake filled when there were logs of a place more, whose object must go again."""
        client = server.client()
        prefix = f'logs-{self.lakes + 1}/'
        for key in list_keys(client, 'logs/'):
            body = client.get(key).body
            client.put(prefix + key[len('logs/'):], body)
        some = list(list_keys(client, prefix))[:3]
        more = [(key, self.elsewhere(client.get(key).body)) for key in some]
        for key, body in more:
            client.put(key.replace('.json.gz', '-more.json.gz'), body)
        lake = self.lake(server, logs=prefix[:-1])
        lake.run_to_end()
        expect(len(lake.objects()) == 4, f'4 objects were wanted, not {sorted(lake.objects())}')
        for key, _ in more:
            client.request('DELETE', key.replace('.json.gz', '-more.json.gz'))
        client.close()
        return lake

    @staticmethod
    def elsewhere(body):
        """The same records, of a region that no other log has."""
        document = json.loads(gzip.decompress(body))
        for record in document['Records']:
            record['awsRegion'] = 'sa-east-1'
        return gzip.compress(json.dumps(document).encode())

    def clean_run(self, server, through=None):
        lake = self.lake(server, through)
        started = time.monotonic()
        lake.run_to_end()
        seconds = time.monotonic() - started
        self.check(lake, lake.objects())
        expect(len(lake.objects()) == 3, f'3 objects were wanted, not {sorted(lake.objects())}')
        return lake.objects(), seconds

    def check(self, lake, objects):
        lake.check_no_upload()
        lake.check_objects(objects)
        lake.check_records(self.logs)
        lake.check_verified()

    def point(self, lake, objects, seconds, calm):
        """Killed once or twice, a run to the end with the faults still on; then all is looked at."""
        kills = 0
        for _ in range(self.chance.choice((1, 1, 2))):
            delay = self.chance.uniform(0, 1.3 * seconds)
            killed, ended = lake.kill_after(delay, signal.SIGKILL)
            kills += killed and ended.code == -signal.SIGKILL
            expect(ended.code in (-signal.SIGKILL, 0), f'exits {ended.code}: {ended.text()}')
        epoch = lake.record('trail', DAY).get('epoch')
        lake.run_to_end()
        calm()
        if lake.open_uploads() and lake.record('trail', DAY).get('epoch') == epoch:
            # Killed between its intent and its sweep of the twin of a creation whose answer was
            # lost: the last run found the intent or the manifest and did not claim anew, so that it
            # had no reason to look. `settle` looks.
            ended = lake.run(verb='settle')
            expect(ended.code == 0, f'settle exits {ended.code}: {ended.text()}')
            self.settled += 1
        self.check(lake, objects)
        shutil.rmtree(lake.folder)
        return kills

    def on_the_fake(self, points):
        program = os.path.abspath(self.options.fake_s3)
        with servers.fake_s3(program, '--latency', '5', '--load', servers.BUCKET + '/logs',
                             self.logs) as fake:
            client = fake.client()
            objects, seconds = self.clean_run(fake)
            kills = faults = twins = again = 0
            for i in range(points):
                plan = self.chance.sample(FAULTS, self.chance.randrange(1, 6))
                if i % 4 == 3:
                    plan.append(TWINS)
                plan = [f'{rule},seed={self.chance.randrange(10**6)}' for rule in plan]
                self.trial = f'fake, point {i + 1}, with ' + ' '.join(plan)
                # Every third has been done before, with an object that must not stay.
                lake = self.done_before(fake) if i % 3 == 2 else self.lake(fake)
                again += i % 3 == 2
                client.control('POST', 'reset')
                client.control('POST', 'faults', '\n'.join(plan).encode())

                def calm():
                    nonlocal faults
                    counters = client.control('GET', 'counters')
                    faults += int(counters.split('"faults_done": ')[1].split(',')[0])
                    client.control('POST', 'faults', b'')

                kills += self.point(lake, objects, seconds, calm)
                twins += i % 4 == 3
            return (f'{points} points ({again} of a unit done before), {kills} kills, {faults} '
                    f'faults ({twins} points with lost answers of CreateUpload, {self.settled} '
                    f'needed settle); each followed by a run: the same objects')

    def on_versitygw(self, points):
        with servers.versitygw() as server, servers.Toxiproxy(server) as proxy:
            self.put_logs(server.client())
            objects, seconds = self.clean_run(server, proxy)
            kills = 0
            for i in range(points):
                below = self.chance.randrange
                toxics = self.chance.sample((('limit_data', {'bytes': below(8000)}),
                                             ('reset_peer', {'timeout': below(40)}),
                                             ('timeout', {'timeout': below(1, 60)})),
                                            self.chance.choice((1, 2)))
                self.trial = f'versitygw, point {i + 1}, with {toxics}'
                for kind, attributes in toxics:
                    proxy.add(kind, self.chance.choice((0.1, 0.25, 0.4)), **attributes)
                kills += self.point(self.lake(server, proxy), objects, seconds, proxy.clear)
            return (f'{points} points, {kills} kills, through a proxy that cuts answers; each '
                    f'followed by a run: the same objects')


def where_it_is_here(part):
    """A server that isn't here skips its part, unless it must be here."""
    def run():
        try:
            return part()
        except servers.Missing as why:
            raise (Wrong if servers.is_required() else Skipped)(str(why)) from why
    return run


def parts_of(campaign, options):
    most = options.points
    return [('fake', where_it_is_here(lambda: campaign.on_the_fake(most - most * 3 // 10))),
            ('versitygw', where_it_is_here(lambda: campaign.on_versitygw(most * 3 // 10)))]


def main():
    words = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    words.add_argument('--sluice', required=True, help='the program')
    words.add_argument('--fake-s3', required=True, help='the fake')
    words.add_argument('--points', type=int, default=100, help='kills, on all servers together')
    words.add_argument('--seed', type=int, default=random.SystemRandom().randrange(10**9))
    words.add_argument('--only', default='', help='this server alone')
    options = words.parse_args()
    root = tempfile.mkdtemp(prefix='sluice-s3-kill-')
    campaign = Campaign(options, root)
    return run_parts(campaign, parts_of(campaign, options), options, root)


if __name__ == '__main__':
    sys.exit(main())
