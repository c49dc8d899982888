"""What the parts of the kill campaign share: jobs, logs, and what a fault must not have done."""
import os
import random
import subprocess
import time

from lake import Lake, expect

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
LOST = 'another run has claimed it'


class Skipped(Exception):
    """A part that can't be done here; the message says why."""


class Trials:
    def __init__(self, options, root):
        self.sluice, self.short, self.root = os.path.abspath(options.sluice), options.short, root
        self.chance = random.Random(options.seed)
        self.trial = ''  # What is being done now, for the message of a failure

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

    def clean_run(self, lake, logs):
        """The objects that a run makes which nobody disturbs, and how long it takes."""
        lake.clear()
        started = time.monotonic()
        lake.run_to_end()
        seconds = time.monotonic() - started
        lake.check_verified()
        lake.check_no_upload()
        lake.check_records(logs)
        return lake.objects(), seconds

    def made_good(self, lake, objects):
        """The run after a fault makes it good: the same bytes, so the same records, each once."""
        lake.run_to_end()
        lake.check_no_upload()
        lake.check_objects(objects)
        lake.check_verified()

    def small_logs(self):
        """Two sets of six logs of one day; the second lacks one of the first's places."""
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
        return lake, *self.clean_run(lake, self.folder('day'))
