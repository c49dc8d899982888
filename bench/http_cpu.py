"""http_cpu.py [--runs 3] [--requests 20000] [--connections 64,256,1000] [--ways plain,TLS]

CPU for each GET and PUT of 4 KiB (user + system of the client's process, all connections open
before): a bare epoll loop, the engine with each request signed, the store over it, and libcurl.
The server is test/fake_s3 in a process of its own. http_bench.cc has the clients.
"""
import argparse
import json
import statistics
import subprocess

import common
import s3_common
from common import title, verdict
from s3_common import FakeS3

CLIENTS = ["bare", "engine", "store", "curl"]
# What a request should cost at most with timers, parsing and SigV4, in us: GETs at 1,000.
GET_TARGETS = {"plain": 14, "TLS": 22}


def once(client, verb, fake, connections, requests, *more):
    command = [str(common.BUILD / "bench" / "http_bench"), client, verb, str(fake.port),
               "--connections", str(connections), "--requests", str(requests), *more]
    if fake.tls:
        command += ["--ca", fake.tls[0]]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    return json.loads(ran.stdout) if ran.returncode == 0 else {"skipped": "failed"}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--connections", default="64,256,1000")
    parser.add_argument("--ways", default="plain,TLS")
    arguments = parser.parse_args()
    title(f"us of CPU for each request of 4 KiB, {arguments.requests:,} requests, "
          f"{arguments.runs} runs, medians")
    print("engine and store: one shard; curl: a thread and a multi for each 128 connections")
    print(f"{'':24}" + "".join(f"{client:>9}{'to bare' if client != 'bare' else '':>9}"
                               for client in CLIENTS))
    ours = {}
    for way in arguments.ways.split(","):
        tls = s3_common.certificate() if way == "TLS" else None
        with FakeS3("--no-check-signature", "--fast-etag", tls=tls) as fake:
            once("bare", "put", fake, 64, 1000)  # What is read
            for verb in ("get", "put"):
                for connections in map(int, arguments.connections.split(",")):
                    costs = {client: [] for client in CLIENTS}
                    for _ in range(arguments.runs):
                        for client in CLIENTS:
                            done = once(client, verb, fake, connections, arguments.requests)
                            if "skipped" not in done:
                                costs[client].append(done["cpu_us_each"])
                    bare = statistics.median(costs["bare"])
                    row = f"{way:6}{verb.upper():4}{connections:6} open  "
                    for client, found in costs.items():
                        if not found:
                            row += f"{'-':>9}{'':9}"
                            continue
                        cost = statistics.median(found)
                        ours[way, verb, connections, client] = cost
                        row += f"{cost:9.1f}" + (f"{cost / bare:8.2f}x" if client != "bare" else
                                                 " " * 9)
                    print(row, flush=True)
    for way, most in GET_TARGETS.items():
        cost = ours.get((way, "get", 1000, "engine"))
        if cost:
            print(f"target of the engine's GETs at 1,000, {way} <= {most} us: "
                  f"{verdict(cost <= most)} ({cost:.1f})")


if __name__ == "__main__":
    main()
