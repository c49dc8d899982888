"""s3_day.py [--runs 5] [--with-others] [PART...]: the day over S3; parts: latency others zero memory
refusals month.

The S3 is test/fake_s3 on the same cores: CPU is sluice's alone (user + system), wall times include
what the fake needs. Runs of what is compared are interleaved; each run has a lake of its own.
"""
import argparse
import json
import math
import os
import signal
import statistics
import subprocess
import sys
import time

import common
import s3_common
from common import DAY, Measured, logs, median, title, verdict
from s3_common import FakeS3, Lakes, digest_of, digest_of_directory, fold_command, fold_s3

OBJECTS = 3911
RECORDS = 17648
LATENCY_MS = 52
MEMORY = "48MiB"
WALL_TARGETS = {256: 1.25, 512: 0.95}
GETS_PER_SECOND = 5500
# Nothing is wrong with them: what the clients sign is tested elsewhere, and costs the fake CPU.
PLAIN = ["--no-check-signature"]

MONTH_DAYS = 31
MONTH = (DAY, "2024-03-09")
MONTH_LATENCY_MS = 50
MONTH_MEMORY = "256MiB"  # The default
MONTH_MEMORIES = ["48MiB", MONTH_MEMORY]

# Beside each other: get the owner, the record and the first lists; put owner and claim while lists
# go on; create the upload while objects are read.
BEFORE = ["list accounts", "list regions", "list the day"]
AFTER = ["put the last part", "put the intent", "complete", "put the manifest"]


def rounds(in_flight, objects=OBJECTS):
    return math.ceil(objects / in_flight)


def floor_of(in_flight, latency_ms=LATENCY_MS):
    return (len(BEFORE) + rounds(in_flight) + len(AFTER)) * latency_ms / 1000


def check_records(fake, run, expected):
    """What lies in the lake are the expected records, each once, and no upload is left."""
    same = digest_of(fake.lake_objects(run.lake)) == expected
    left = fake.counters()["open_uploads"]
    print(f"   {expected[0]:,} records in the lake, each once: {verdict(same)}; "
          f"uploads left: {left}: {verdict(left == 0)}", flush=True)


def walls(runs):
    return " ".join(f"{run.wall:.3f}" for run in runs)


def latency(arguments):
    directory = logs()
    title(f"the day over S3, first byte after {LATENCY_MS} ms, list and commit included, "
          f"{arguments.runs} runs")
    print("calls of which each waits for the one before: "
          + " -> ".join(BEFORE + ["get the objects (in rounds)"] + AFTER)
          + "; beside them: get owner and record, put owner and claim, create the upload")
    expected = digest_of_directory(directory)
    with FakeS3(*PLAIN, "--latency", str(LATENCY_MS), loads=[("", directory)]) as fake:
        results = {in_flight: [] for in_flight in WALL_TARGETS}
        for _ in range(arguments.runs):
            for in_flight, runs in results.items():
                fake.reset()
                runs.append(fold_s3(fake, in_flight))
                runs[-1].counters = fake.counters()
        print(f"{'in flight':>9}{'wall s':>9}{'least':>8}{'floor s':>9}{'to floor':>10}{'CPU s':>8}"
              f"{'requests':>10}{'connections':>13}{'read twice':>12}")
        for in_flight, runs in results.items():
            wall, floor, counters = median(runs, "wall"), floor_of(in_flight), runs[-1].counters
            print(f"{in_flight:9}{wall:9.3f}{min(run.wall for run in runs):8.3f}{floor:9.3f}"
                  f"{wall / floor:9.2f}x{median(runs, 'cpu'):8.3f}"
                  f"{counters['requests']:10,}"
                  f"{counters['connections_accepted']:13,}{counters['bodies_sent_twice']:12}")
        for in_flight, runs in results.items():
            target = WALL_TARGETS[in_flight]
            wall = median(runs, "wall")
            print(f"target {in_flight} in flight <= {target} s: {verdict(wall <= target)} "
                  f"({walls(runs)})")
        check_records(fake, results[512][-1], expected)
    depth()


def depth():
    """How many calls really wait for each other: what a ms more of latency adds to the wall."""
    directory = logs(1, 1, objects=1, records=3)
    took = []
    for latency_ms in (100, 300):
        with FakeS3(*PLAIN, "--latency", str(latency_ms), loads=[("", directory)]) as fake:
            took.append(min(fold_s3(fake).wall for _ in range(3)))
    print(f"calls of a one-object day that wait for each other, measured: "
          f"{(took[1] - took[0]) / 0.2:.2f}; above: {len(BEFORE) + 1 + len(AFTER)}, and creating the "
          "upload, which has nothing to hide behind here")


def others(arguments):
    """The story's Python and others at the same latency."""
    title(f"others' clients, first byte after {LATENCY_MS} ms")
    with FakeS3(*PLAIN, "--latency", str(LATENCY_MS), loads=[("", logs())]) as fake:
        run = fold_s3(fake)
        environment = {**os.environ, **fake.environment()}
        subprocess.run([sys.executable, str(common.ROOT / "bench" / "s3_story.py"), fake.endpoint,
                        "logs", "AWSLogs/", "--readers", arguments.readers], env=environment,
                       check=True)
        again = fold_s3(fake)
        for each in (run, again):
            print(f"{'sluice':14}{each.report['documents']:9}{each.report['records']:9}"
                  f"{each.wall:9.2f}{each.cpu:9.2f}{each.peak_kib / 1024:10.1f}")


def zero(arguments):
    directory = logs()
    title(f"the day over S3 without latency, {arguments.runs} runs, medians")
    ways = {"plain HTTP": None, "TLS": s3_common.certificate()}
    results = {way: [] for way in ways}
    fakes = {way: FakeS3(*PLAIN, loads=[("", directory)], tls=tls) for way, tls in ways.items()}
    results["a directory"] = []
    for _ in range(arguments.runs):
        for way, fake in fakes.items():
            results[way].append(fold_s3(fake))
        results["a directory"].append(common.fold(directory))
    print(f"{'':14}{'CPU s':>8}{'least':>8}{'wall s':>9}{'peak MiB':>10}")
    for way, runs in results.items():
        print(f"{way:14}{median(runs, 'cpu'):8.3f}{min(run.cpu for run in runs):8.3f}"
              f"{median(runs, 'wall'):9.3f}{median(runs, 'peak_kib') / 1024:10.1f}")
    cpu = median(results["plain HTTP"], "cpu")
    each = (cpu - median(results["a directory"], "cpu")) / OBJECTS * 1e6
    print(f"target <= 0.35 s CPU: {verdict(cpu <= 0.35)} ({cpu:.3f}); over S3 an object costs "
          f"{each:.0f} us more than in a directory")
    for fake in fakes.values():
        fake.__exit__()


def memory(arguments):
    title(f"peak memory of the day and of ten times as many objects, --memory {MEMORY}")
    peaks = {}
    for scale in (1, 10):
        for at in (256, 512):
            with FakeS3(*PLAIN, loads=[("", logs(scale))]) as fake:
                runs = [fold_s3(fake, at, MEMORY) for _ in range(min(arguments.runs, 3))]
            peaks[scale, at] = max(run.peak_kib for run in runs) / 1024
            print(f"{OBJECTS * scale:7,} objects, {at} in flight: peak {peaks[scale, at]:.1f} MiB, "
                  f"CPU {median(runs, 'cpu'):.3f} s, wall {median(runs, 'wall'):.3f} s", flush=True)
    for scale in (1, 10):
        most = max(peaks[scale, 256], peaks[scale, 512])
        print(f"target peak <= 64 MiB with {OBJECTS * scale:,} objects: {verdict(most <= 64)} "
              f"({most:.1f})")


def greedy(fake, in_flight):
    """GETs of the whole day by a client that repeats every refused request at once: seconds."""
    targets = common.DATA / "targets"
    if not targets.exists() or targets.read_text().count("\n") != OBJECTS:
        # %-encoding isn't needed: CloudTrail's keys are plain.
        targets.write_text("".join(f"/logs/{key}\n" for key in fake.keys("logs")))
    ran = subprocess.run([str(common.BUILD / "bench" / "http_bench"), "bare", "get", str(fake.port),
                          "--targets", str(targets), "--connections", str(in_flight), "--cold"],
                         stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(ran.stdout)["wall_seconds"]


def refusals(arguments):
    directory = logs()
    expected = digest_of_directory(directory)
    title(f"refusals, first byte after {LATENCY_MS} ms, {arguments.runs} runs")
    worlds = [("10 % of all are 503", 256, 10, 0), ("10 % of all are 503", 512, 10, 0),
              ("5,500 GET/s", 512, 0, GETS_PER_SECOND), ("both", 512, 10, GETS_PER_SECOND),
              ("1,500 GET/s", 512, 0, 1500)]
    rest = (len(BEFORE) + len(AFTER)) * LATENCY_MS / 1000
    print(f"allowed: 1.3x a greedy client's GETs of all objects and {rest:.3f} s for the calls "
          "before and after them, more by those that are refused; other faults in each run")
    print(f"{'':22}{'open':>5}{'wall s':>8}{'greedy':>8}{'to it':>8}{'CPU s':>8}{'requests':>10}"
          f"{'refused':>9}{'its':>8}")
    with FakeS3(*PLAIN, loads=[("", directory)]) as fake:
        for name, in_flight, percent, cap in worlds:
            runs, base = [], []
            for seed in range(1, arguments.runs + 1):
                faults = [f"verb=any,percent={percent},seed={seed},do=503"] if percent else []
                world = {"faults": faults, "gets_per_second": cap}
                fake.behave(str(LATENCY_MS), **world)
                base.append(greedy(fake, in_flight) + rest / (1 - percent / 100))
                its = refused(fake)
                fake.behave(str(LATENCY_MS), **world)
                try:
                    runs.append(fold_s3(fake, in_flight, flags=["--deadline", "60s"]))
                except SystemExit:
                    print(f"{name:22}{in_flight:5}  not done within 60 s: MISSED", flush=True)
                    break
            else:
                ours, requests = refused(fake), fake.counters()["requests"]
                fake.behave()
                wall, least = median(runs, "wall"), statistics.median(base)
                print(f"{name:22}{in_flight:5}{wall:8.3f}{least:8.3f}{wall / least:7.2f}x"
                      f"{median(runs, 'cpu'):8.3f}{requests:10,}{ours:9,}{its:8,}")
                print(f"   target <= 1.3x: {verdict(wall <= 1.3 * least)} ({walls(runs)})")
                check_records(fake, runs[-1], expected)


def refused(fake):
    return fake.counters()["by_status"].get("503", 0)


def month(_):
    directory = logs(1, MONTH_DAYS)
    title(f"a month, {MONTH_DAYS} x {OBJECTS:,} objects, first byte after {MONTH_LATENCY_MS} ms, "
          "512 in flight")
    floor = (MONTH_DAYS * OBJECTS / 512 + 7) * MONTH_LATENCY_MS / 1000
    with FakeS3(*PLAIN, "--latency", str(MONTH_LATENCY_MS), loads=[("", directory)]) as fake:
        print(f"{'':18}{'wall s':>8}{'CPU s':>8}{'peak MiB':>10}{'documents':>11}{'records':>10}")
        for memory in MONTH_MEMORIES:
            one = fold_s3(fake, 512, memory)
            line_of("a day, " + memory, one)
            try:
                run = fold_s3(fake, 512, memory, units=MONTH, flags=["--deadline", "60s"])
            except SystemExit:
                print(f"a month, {memory}: not done within 60 s: MISSED", flush=True)
                continue
            line_of("a month, " + memory, run)
            apart = (run.peak_kib - one.peak_kib) / 1024
            print(f"   target <= 30 s: {verdict(run.wall <= 30)} (512 always open: {floor:.1f}); "
                  f"memory flat, within 16 MiB of a day's: {verdict(apart <= 16)} ({apart:+.1f})")
        interrupted(fake, run)


def line_of(name, run):
    print(f"{name:18}{run.wall:8.2f}{run.cpu:8.2f}{run.peak_kib / 1024:10.1f}"
          f"{run.report['documents']:11,}{run.report['records']:10,}", flush=True)


def interrupted(fake, whole):
    """Killed after half of the time, then run again."""
    lake = Lakes.next()
    with open(common.DATA / "stdout", "w") as out:
        process = subprocess.Popen(fold_command(lake, units=MONTH) + ["--in-flight", "512", "--memory",
                                                                      MONTH_MEMORY],
                                   env={**os.environ, **fake.environment()}, stdout=out,
                                   stderr=subprocess.DEVNULL)
        time.sleep(whole.wall / 2)
        process.send_signal(signal.SIGKILL)
        process.wait()
    records = [json.loads(fake.read("lake", key))
               for key in fake.keys("lake", lake + "_sluice/bench-day/") if key.endswith(".json")]
    finished = sum(bool(one.get("manifest")) for one in records)
    fake.reset()
    rest = fold_s3(fake, 512, MONTH_MEMORY, lake=lake, units=MONTH)
    counters = fake.counters()
    gets = counters["by_verb"].get("get", 0)
    print(f"killed after {whole.wall / 2:.1f} s with {finished} days finished; resumed: "
          f"{rest.wall:.2f} s, {rest.report['documents']:,} documents, {gets:,} GETs")
    most = (MONTH_DAYS - finished) * (OBJECTS + 10) + 4 * MONTH_DAYS
    print(f"target finished days are not done again: {verdict(gets <= most)} "
          f"(at most {most:,} GETs)")
    expected = digest_of(fake.lake_objects(whole.lake))
    print(f"records of the whole run: {expected[0]:,}: {verdict(expected[0] == whole.report['records'])}")
    check_records(fake, rest, expected)


PARTS = [latency, zero, memory, refusals, month]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--with-others", action="store_true",
                        help="also the story's Python, aiobotocore, awscrt, s5cmd (minutes)")
    parser.add_argument("--readers", default="boto3,boto3-4,boto3-30,aiobotocore,awscrt,s5cmd")
    arguments = parser.parse_args()
    known = {part.__name__: part for part in [*PARTS, others]}
    if len(arguments.parts) == 1:
        return known[arguments.parts[0]](arguments)
    wanted = arguments.parts or [part.__name__ for part in PARTS]
    if arguments.with_others and "others" not in wanted:
        wanted.insert(1, "others")
    for name in wanted:
        # Each in an interpreter of its own: a measured peak is at least that of who forked it.
        subprocess.run([sys.executable, __file__, name, "--runs", str(arguments.runs),
                        "--readers", arguments.readers], check=True)
    return None


if __name__ == "__main__":
    main()
