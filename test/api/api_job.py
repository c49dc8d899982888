"""Jobs over the fake API, run by the real program: what they write, say and ask for. For the tests
beside; standard library only."""
import gzip
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import zlib


class Ran:
    def __init__(self, process, lake):
        self.code, self.out, self.err = process.returncode, process.stdout, process.stderr
        self.lake = lake

    def report(self):
        return json.loads(self.out.strip().splitlines()[-1])


class Job:
    """A folder with a job file and its lake. `source`: the lines below `http:`, without indent; or
    one line that begins with `exec:`."""

    def __init__(self, program, source, decode='{ json: { records: .items } }', sink='',
                 units='', transform='', name='api'):
        self.program = program
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='sluice-api-'))
        self.lake = self.folder / 'lake'
        self.file = self.folder / 'job.yaml'
        self.write(source, decode, sink, units, transform, name)

    def write(self, source, decode='{ json: { records: .items } }', sink='', units='',
              transform='', name='api'):
        indented = '\n'.join('    ' + line for line in source.strip().splitlines())
        sink = sink or '{ lake: "%s/", name: "all-{n}.jsonl.gz" }' % self.lake
        text = f'name: {name}\n'
        if units:
            text += f'units: {units}\n'
        if source.startswith('exec:'):
            text += f'source:\n  {source}\ndecode: {decode}\n'
        else:
            text += f'source:\n  http:\n{indented}\ndecode: {decode}\n'
        if transform:
            text += f'transform: {transform}\n'
        self.file.write_text(text + f'sink: {sink}\n')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self, *words, verb='run'):
        return [self.program, verb, str(self.file), *map(str, words)]

    def run(self, *words, verb='run', env=None, timeout=120, meanwhile=None):
        """`meanwhile` is called with the process as soon as it runs."""
        command = self.command(*words, verb=verb)
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env={**os.environ, **(env or {})}) as process:
            try:
                if meanwhile:
                    meanwhile(process)
                out, err = process.communicate(timeout=timeout)
            except BaseException:
                process.kill()
                raise
        return Ran(subprocess.CompletedProcess(command, process.returncode, out, err), self.lake)

    # What is in the lake.

    def objects(self):
        return sorted(path for path in self.lake.rglob('*')
                      if path.is_file() and '_sluice' not in path.parts
                      and not any(part.startswith('.') for part in path.parts))

    def lines(self):
        lines = []
        for path in self.objects():
            lines += gzip.decompress(path.read_bytes()).splitlines()
        return lines

    def crc32_sum(self):
        return sum(zlib.crc32(line) for line in self.lines())

    def open_uploads(self):
        """What nobody has completed or aborted. A folder without its `object` has ended: a run was
        killed while it cleared it away."""
        return [path.parent for path in (self.lake / '.sluice' / 'uploads').glob('*/object')]

    def record(self):
        """The unit's record, if there is one."""
        found = list((self.lake / '_sluice').rglob('*.json'))
        found = [path for path in found if path.name != 'owner.json']
        return json.loads(found[0].read_text()) if found else None
