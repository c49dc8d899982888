"""The parts of a campaign, one after the other: a line for each, and the line of sums that ./dev
adds up. What failed keeps its folder and says how to see it again."""
import shutil
import time

from lake import Wrong
from trials import Skipped


def run_parts(campaign, parts, options, root):
    """`parts`: names and what to call; `options` with `seed` and `only`. The exit code."""
    print(f'seed {options.seed}, in {root}', flush=True)
    passed = failed = skipped = 0
    for name, part in parts:
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
