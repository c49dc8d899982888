"""Disks that are full, folders that are not there, and folders without rights."""
import os
import shutil
import subprocess

from lake import expect
from trials import BY_REGION, Skipped, Trials


class Disks(Trials):
    def expect_refused(self, lake, words, *more, **options):
        """One clear line, exit 1, and nothing to see."""
        ended = lake.run(*more, **options)
        expect(ended.code == 1, f'exits {ended.code}, not 1: {ended.text()}')
        said = [line for line in (ended.err + ended.out).splitlines()
                if any(word in line for word in words)]
        expect(len(said) == 1,
               f'one line with {" or ".join(words)}, not {len(said)}: {ended.text()}')
        expect(not lake.objects(), f'visible: {sorted(lake.objects())}')
        return said[0]

    def full_disk(self):
        if os.geteuid() != 0:
            raise Skipped('a full disk needs root, to mount a small one')
        first, _ = self.small_logs()
        clean = self.cloudtrail('full-clean', first, BY_REGION)
        objects, _ = self.clean_run(clean, first)
        lake = self.cloudtrail('full', first, BY_REGION)
        os.makedirs(lake.lake)
        mount = ['mount', '-t', 'tmpfs', '-o', 'size=1M', 'tmpfs', lake.lake]
        if subprocess.run(mount, stderr=subprocess.DEVNULL, check=False).returncode != 0:
            raise Skipped('a full disk needs the right to mount a small one')
        try:
            return self.fill_disk(lake, objects)
        finally:
            subprocess.run(['umount', lake.lake], check=True)

    def fill_disk(self, lake, objects):
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
                # All of them where the disk had room for the completions and none for the manifest:
                # the intent names them, and the next run finds them there.
                visible = lake.objects()
                expect(visible in ({}, objects), f'visible: {sorted(visible)}')
            os.unlink(stone)
            self.made_good(lake, objects)
        expect(refused > 1, 'the disk was never full')
        return f'{refused} full disks said so, {fitted} fitted; with space a run makes it good'

    def missing_source(self):
        lake = self.cloudtrail('no-source', self.folder('not-there'), BY_REGION)
        return 'said: ' + self.expect_refused(lake, ['No such file'])

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
