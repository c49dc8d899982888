"""A job and its lake, for the kill campaign: runs sluice on it and looks at what lies there.

Nothing here decides what is right; campaign.py does. Only the standard library is used.
"""
import collections
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import time

SECONDS_MAX = 120  # A run that takes longer hangs.


class Wrong(Exception):
    """What a trial found; the message says what differed."""


def expect(is_right, what):
    if not is_right:
        raise Wrong(what)


class Ended:
    """An ended process: its exit code (negative: by that signal) and what it printed."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def text(self):
        return (self.err.strip() + '\n' + self.out.strip())[-1500:]


class Lake:
    """A folder with job.yaml and lake/."""

    def __init__(self, sluice, folder, job, units=None):
        self.sluice, self.folder = sluice, folder
        self.units = ['--units', units] if units else []
        self.lake = os.path.join(folder, 'lake')
        self.job = os.path.join(folder, 'job.yaml')
        os.makedirs(folder, exist_ok=True)
        with open(self.job, 'w', encoding='utf-8') as file:
            file.write(job.replace('LAKE', self.lake + '/'))

    # ---- sluice on it ----------------------------------------------------------------------------

    def start(self, *more, verb='run', env=None, **popen):
        return subprocess.Popen([self.sluice, verb, self.job, *self.units, *more],
                                env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **popen)

    def run(self, *more, **options):
        return self.end(self.start(*more, **options))

    @staticmethod
    def end(process):
        try:
            out, err = process.communicate(timeout=SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            said = err.decode(errors='replace')[-1500:]
            raise Wrong(f'hangs: not ended after {SECONDS_MAX} s\n{said}') from None
        return Ended(process.returncode, out.decode(errors='replace'),
                     err.decode(errors='replace'))

    def run_to_end(self, *more, **options):
        ended = self.run(*more, **options)
        expect(ended.code == 0, f'the run that follows exits {ended.code}: {ended.text()}')
        return ended

    def kill_after(self, seconds, number, *more, **options):
        """Whether it was still at work when the signal came, and how it ended."""
        process = self.start(*more, **options)
        time.sleep(seconds)
        was_at_work = process.poll() is None
        if was_at_work:
            process.send_signal(number)
        return was_at_work, self.end(process)

    def clear(self):
        shutil.rmtree(self.lake, ignore_errors=True)

    # ---- what lies there -------------------------------------------------------------------------

    def objects(self):
        """Path to SHA-256 of all that readers of the lake see."""
        found = {}
        for path in self._data():
            with open(path, 'rb') as file:
                found[os.path.relpath(path, self.lake)] = hashlib.sha256(file.read()).hexdigest()
        return found

    def lines(self):
        """How often each line is there."""
        lines = collections.Counter()
        for path in self._data():
            opener = gzip.open if path.endswith('.gz') else open
            with opener(path, 'rb') as file:
                lines.update(file.read().splitlines())
        return lines

    def _data(self):
        for folder, folders, files in os.walk(self.lake):
            folders[:] = [name for name in folders if not name.startswith(('_', '.'))]
            for name in files:
                if not name.startswith(('_', '.')):
                    yield os.path.join(folder, name)

    def open_uploads(self):
        """An upload is open as long as its file `object` is there (src/store/directory_root.h)."""
        uploads = os.path.join(self.lake, '.sluice', 'uploads')
        if not os.path.isdir(uploads):
            return []
        return [name for name in os.listdir(uploads)
                if os.path.lexists(os.path.join(uploads, name, 'object'))]

    def record(self, job, unit):
        path = os.path.join(self.lake, '_sluice', job, unit + '.json')
        if not os.path.exists(path):
            return {}
        with open(path, encoding='utf-8') as file:
            return json.load(file)

    def check_verified(self):
        ended = self.run('--json', verb='verify')
        expect(ended.code == 0, f'verify exits {ended.code}: {ended.text()}')

    def check_no_upload(self):
        left = self.open_uploads()
        expect(not left, f'uploads are open: {left}')

    def check_records(self, logs):
        """Each record of the CloudTrail-like logs is there once."""
        wanted = collections.Counter()
        for folder, _, files in os.walk(logs):
            for name in files:
                with gzip.open(os.path.join(folder, name), 'rb') as file:
                    for record in json.load(file)['Records']:
                        wanted[json.dumps(record)] += 1
        found = collections.Counter()
        for line, times in self.lines().items():
            found[json.dumps(json.loads(line))] += times
        expect(found == wanted, f'records lost: {(wanted - found).total()}, '
                                f'doubled or others: {(found - wanted).total()}')

    def check_objects(self, wanted):
        """Byte by byte those of the clean run, and no other."""
        found = self.objects()
        missing = sorted(wanted.keys() - found.keys())
        extra = sorted(found.keys() - wanted.keys())
        other = sorted(key for key in wanted.keys() & found.keys() if wanted[key] != found[key])
        expect(not (missing or extra or other),
               f'objects missing: {missing}, not of this unit: {extra}, with other bytes: {other}')

    def check_offsets(self, end):
        """A stream: each offset below `end` once, and none beyond."""
        seen = collections.Counter()
        for line, times in self.lines().items():
            seen[json.loads(line)['offset']] += times
        lost = [offset for offset in range(end) if seen[offset] == 0]
        doubled = [offset for offset, times in seen.items() if times > 1]
        beyond = [offset for offset in seen if offset >= end]
        expect(not (lost or doubled or beyond),
               f'of {end} offsets lost: {len(lost)} {lost[:10]}, doubled: {len(doubled)} '
               f'{sorted(doubled)[:10]}, beyond the end: {len(beyond)} {sorted(beyond)[:10]}')
