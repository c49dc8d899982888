#!/usr/bin/env python3
"""Kills sluice at every store request and at random times, races it, stops it, fills its disk; and
each time runs the job once more and looks whether every record is there once and nothing else is.

    campaign.py --sluice build/sluice [--short] [--seed N] [--only WORD]

One line for each part, with its counts. What failed keeps its folder and says how to see it again.
"""
import argparse
import os
import random
import shutil
import sys
import tempfile
import time

from disks import Disks
from lake import Wrong
from streams import Streams
from trials import Skipped
from units import Units


class Campaign(Units, Streams, Disks):
    pass


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
            print(f'{name}: FAILED at {campaign.trial} (seed {options.seed}, kept in {root}): '
                  f'{what}', flush=True)
            failed += 1
    if failed == 0:
        shutil.rmtree(root)
    print(f'{passed} passed, {failed} failed, {skipped} skipped', flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
