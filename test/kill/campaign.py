#!/usr/bin/env python3
"""Kills sluice at every store request and at random times, races it, stops it, fills its disk; and
each time runs the job once more and looks whether every record is there once and nothing else is.

    campaign.py --sluice build/sluice [--short] [--seed N] [--only WORD]

One line for each part, with its counts. What failed keeps its folder and says how to see it again.
"""
import argparse
import os
import random
import sys
import tempfile

from disks import Disks
from parts import run_parts
from streams import Streams
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
    return run_parts(campaign, parts_of(campaign), options, root)


if __name__ == '__main__':
    sys.exit(main())
