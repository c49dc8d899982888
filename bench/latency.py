"""latency.py [one] [both] [depth] [threads] [same] [many]: stores that answer after 52 ms each.

The latency is a timer in front of every call (SLUICE_TEST_SLOW_SOURCE_MS, ..._LAKE_MS): no thread
sleeps for it. A fresh lake each time.
"""
import hashlib
import math
import sys

import common
from common import Measured, Watched, fold, logs, median, objects, title, verdict

LATENCY_MS = 52
IN_FLIGHT = 512
OBJECTS = 3911
THREADS_MORE = 6
MANY_DAYS = 31
MANY_MEMORY = "2GiB"  # 31 units of at least 24 MiB each for the sink, and what they read
RUNS = 5

SOURCE = {"SLUICE_TEST_SLOW_SOURCE_MS": str(LATENCY_MS)}
BOTH = {**SOURCE, "SLUICE_TEST_SLOW_LAKE_MS": str(LATENCY_MS)}

# The calls of which each needs the answer of the one before; all others run beside them.
SOURCE_CALLS = [
    ("list accounts", 1), ("list regions", 1), ("list the day", 1),
    (f"get, {OBJECTS:,} objects by {IN_FLIGHT}", math.ceil(OBJECTS / IN_FLIGHT))]
# The lake's owner is looked up beside the record; listing goes on while owner and claim are put.
BEFORE_LISTING = [("get the unit's record", 1)]
LAKE_BEFORE = BEFORE_LISTING + [("put the lake's owner", 1), ("put the claim", 1)]
LAKE_AFTER = [("put the last part", 1), ("put the intent", 1), ("complete", 1),
              ("put the manifest", 1)]


def fold_slowly(source, environment, in_flight=IN_FLIGHT, kind=Measured, memory="256MiB", flags=(),
                **more):
    flags = ["--memory", memory, "--in-flight", str(in_flight), *flags]
    return fold(source, environment=environment, kind=kind, flags=flags, **more)


def floor_of(calls):
    return sum(count for _, count in calls) * LATENCY_MS / 1000


def one():
    directory = logs()
    title(f"the day with {LATENCY_MS} ms in front of every source call, {IN_FLIGHT} in flight")
    runs = [fold_slowly(directory, SOURCE) for _ in range(RUNS)]
    wall = median(runs, "wall")
    print(f"wall {wall:.3f} s (median of {RUNS}: " + " ".join(f"{run.wall:.3f}" for run in runs) +
          f"), CPU {median(runs, 'cpu'):.3f} s; the calls' own depth: {floor_of(SOURCE_CALLS):.3f} s")
    print(f"target <= 0.8 s: {verdict(wall <= 0.8)}")


def both():
    directory = logs()
    title(f"the day with {LATENCY_MS} ms in front of every call to both stores")
    chain = BEFORE_LISTING + SOURCE_CALLS + LAKE_AFTER
    print("the chain of calls of which each waits for the one before, in the protocol:")
    print("   " + " -> ".join(f"{name}" + (f" ({n} rounds)" if n > 1 else "") for name, n in chain))
    floor = floor_of(chain)
    runs = [fold_slowly(directory, BOTH) for _ in range(RUNS)]
    wall = median(runs, "wall")
    print(f"{sum(n for _, n in chain)} x {LATENCY_MS} ms: floor {floor:.3f} s; wall {wall:.3f} s "
          f"(median of {RUNS}: " + " ".join(f"{run.wall:.3f}" for run in runs) +
          f"), {wall / floor:.2f}x, {wall - floor:+.3f} s")
    print(f"target <= 1.05x + 0.2 s ({1.05 * floor + 0.2:.3f} s): "
          f"{verdict(wall <= 1.05 * floor + 0.2)}")


def depth():
    """How many calls really wait for each other: what a ms more of latency adds to the wall."""
    directory = logs(1, 1, objects=1, records=3)
    title("how many calls of a one-object day wait for each other, measured")
    for name, stores in [("source", [0]), ("lake and state", [1])]:
        walls = []
        for latency in (100, 300):
            names = ["SLUICE_TEST_SLOW_SOURCE_MS", "SLUICE_TEST_SLOW_LAKE_MS"]
            slow = {names[i]: str(latency) for i in stores}
            walls.append(min(fold_slowly(directory, slow).wall for _ in range(3)))
        print(f"{name}: {(walls[1] - walls[0]) / 0.2:.2f} calls deep")
    source, lake = (sum(n for _, n in calls) for calls in (SOURCE_CALLS[:3], LAKE_BEFORE + LAKE_AFTER))
    print(f"the protocol's own: source {source + 1}, lake and state {lake} and creating the upload, "
          "which has nothing to hide behind here")


def threads():
    directory = logs()
    cores = common.os.cpu_count()
    title(f"threads while the day is read with {LATENCY_MS} ms in front of every source call")
    for in_flight in (1, 16, 512):
        # One in flight would take 3.5 minutes for the whole day.
        flags = ["--limit", "200"] if in_flight == 1 else []
        most = fold_slowly(directory, SOURCE, in_flight, Watched, flags=flags).threads
        print(f"{in_flight:4} in flight: {most} threads; "
              f"target <= cores + {THREADS_MORE} = {cores + THREADS_MORE}: "
              f"{verdict(most <= cores + THREADS_MORE)}")


def same():
    directory = logs()
    title("objects of the day at 1, 16 and 512 in flight, byte for byte")
    seen = []
    for in_flight in (1, 16, 512):
        fold_slowly(directory, {} if in_flight == 1 else {"SLUICE_TEST_SLOW_SOURCE_MS": "5"}, in_flight)
        seen.append({name: hashlib.sha256(path.read_bytes()).hexdigest()
                     for name, path in objects("lake").items()})
        print(f"{in_flight:4} in flight: " +
              ", ".join(f"{name} {digest[:12]}" for name, digest in seen[-1].items()))
    print(f"target identical: {verdict(seen[0] and all(one == seen[0] for one in seen))}")


def many():
    directory = logs(1, MANY_DAYS)
    title(f"{MANY_DAYS} such units at once, --memory {MANY_MEMORY}, {LATENCY_MS} ms in front of every "
          f"source call, {IN_FLIGHT} in flight")
    run = fold_slowly(directory, SOURCE, kind=Watched, memory=MANY_MEMORY,
                      units=(common.DAY, "2024-03-09"))
    slow = run.report["test"]["source"]
    share = slow["open_ms"]["450"] / slow["open_ms"]["1"]
    print(f"wall {run.wall:.2f} s, CPU {run.cpu:.2f} s, peak {run.peak_kib / 1024:.0f} MiB, "
          f"{run.report['documents']:,} documents, {slow['calls']:,} source calls, "
          f"at most {slow['open_max']} open, {run.threads} threads")
    print("ms with at least so many open: " +
          ", ".join(f"{least}: {ms}" for least, ms in slow["open_ms"].items()))
    print(f"floor {slow['calls'] / IN_FLIGHT * LATENCY_MS / 1000:.2f} s; "
          f"target >= 450 open for >= 90 % of the reading time: {share:.1%}: {verdict(share >= 0.9)}")


if __name__ == "__main__":
    for name in sys.argv[1:] or ["one", "both", "depth", "threads", "same", "many"]:
        globals()[name]()
