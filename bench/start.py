"""start.py [--runs 50]: CPU from exec to the first read.

Measured is user + system of a whole run over a one-object day into a fresh lake: an upper bound,
since it also decodes, writes and commits.
"""
import argparse

import common
from common import fold, logs, median, title, verdict


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=50)
    runs_max = parser.parse_args().runs
    directory = logs(1, 1, objects=1, records=3)
    title(f"a whole run over a one-object day, {runs_max} runs")
    fold(directory)
    runs = [fold(directory) for _ in range(runs_max)]
    version = [common.Measured([common.SLUICE, "--version"]) for _ in range(runs_max)]
    cpu = 1000 * median(runs, "cpu")
    print(f"CPU: median {cpu:.2f} ms, least {1000 * min(run.cpu for run in runs):.2f} ms; "
          f"sluice --version: median {1000 * median(version, 'cpu'):.2f} ms; "
          f"wall: median {1000 * median(runs, 'wall'):.2f} ms")
    print(f"target from exec to the first read <= 10 ms CPU: {verdict(cpu <= 10)} (upper bound)")


if __name__ == "__main__":
    main()
