"""s3_put.py [--runs 5]: 1,000 small objects put one by one at 73.57 ms to the first byte, by the
store's own Put with 256 in flight, beside the story's ThreadPoolExecutor (boto3, 30 threads).
"""
import argparse
import json
import math
import os
import statistics
import subprocess

import common
from common import title, verdict
from s3_common import FakeS3

OBJECTS = 1000
IN_FLIGHT = 256
LATENCY_MS = 73.57
TARGET_S = 0.35

# Its client is made before the clock starts, and its connections after it, as for the others.
STORY = """
import concurrent.futures, json, resource, sys, time
import boto3
from botocore.config import Config
port, objects, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
s3 = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", config=Config(
    s3={"addressing_style": "path"}, max_pool_connections=threads))
body = b"x" * 4096
def put(n):
    s3.put_object(Bucket="lake", Key=f"story/{n}", Body=body)
begun, cpu = time.monotonic(), time.process_time()
with concurrent.futures.ThreadPoolExecutor(threads) as pool:
    list(pool.map(put, range(objects)))
print(json.dumps({"wall_seconds": time.monotonic() - begun,
                  "cpu_seconds": time.process_time() - cpu}))
"""


def by_store(fake, client="store"):
    command = [str(common.BUILD / "bench" / "http_bench"), client, "put", str(fake.port), "--cold",
               "--connections", str(IN_FLIGHT), "--requests", str(OBJECTS), "--keys", str(OBJECTS)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def by_story(fake, python, threads):
    ran = subprocess.run([python, "-c", STORY, str(fake.port), str(OBJECTS), str(threads)],
                         check=True, stdout=subprocess.PIPE,
                         env={**os.environ, **fake.environment()})
    return json.loads(ran.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    title(f"{OBJECTS:,} objects of 4 KiB put, first byte after {LATENCY_MS} ms, {runs} runs, medians")
    venv = subprocess.run([str(common.ROOT / "bench" / "venv.sh"), "boto3"], stdout=subprocess.PIPE,
                          text=True)
    with FakeS3("--no-check-signature", "--latency", str(LATENCY_MS)) as fake:
        ways = {f"the store, {IN_FLIGHT} in flight": lambda: by_store(fake),
                f"bare epoll, {IN_FLIGHT} in flight": lambda: by_store(fake, "bare")}
        if venv.returncode == 0:
            python = venv.stdout.strip()
            ways["boto3, ThreadPoolExecutor(30)"] = lambda: by_story(fake, python, 30)
            ways["boto3, ThreadPoolExecutor(256)"] = lambda: by_story(fake, python, 256)
        else:
            print("skipped: boto3 can't be installed here")
        results = {name: [] for name in ways}
        for _ in range(runs):
            for name, way in ways.items():
                results[name].append(way())
        there = len(fake.keys("lake", "bench/"))
    floor = math.ceil(OBJECTS / IN_FLIGHT) * LATENCY_MS / 1000
    print(f"{'':34}{'wall s':>8}{'least':>8}{'CPU s':>8}")
    for name, found in results.items():
        wall, cpu = (statistics.median(one[what] for one in found)
                     for what in ("wall_seconds", "cpu_seconds"))
        print(f"{name:34}{wall:8.3f}{min(one['wall_seconds'] for one in found):8.3f}{cpu:8.3f}")
    wall = statistics.median(one["wall_seconds"] for one in results[next(iter(ways))])
    print(f"floor, {math.ceil(OBJECTS / IN_FLIGHT)} rounds: {floor:.3f} s; "
          f"{there:,} objects there: {verdict(there == OBJECTS)}")
    print(f"target <= {TARGET_S} s: {verdict(wall <= TARGET_S)} ({wall:.3f})")


if __name__ == "__main__":
    main()
