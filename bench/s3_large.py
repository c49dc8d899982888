"""s3_large.py [--megabytes 5000] [--runs 3]: one large gzip object of JSON Lines re-encoded from S3
to S3, and one object read in parallel ranges.

"The codec alone" is the same job over a directory: it decodes, slices and encodes in one process,
and no byte goes through a socket. igzip -d | igzip -1, two processes, is what ISA-L does with no
records in between. MB/s of text, where nothing else is said.
"""
import argparse
import json
import shutil
import subprocess

import common
import large
from common import DATA, Measured, fold, median, title, verdict
from s3_common import FakeS3, fold_s3, have

MEMORY = "48MiB"
JOB = common.ROOT / "bench" / "large_lines.yaml"
CHUNK_BYTES = 8 << 20
# Of each connection: about what S3 gives one.
CONNECTION_BYTES_PER_SECOND = 90_000_000
# So slow that one connection could not feed the job.
SLOW_BYTES_PER_SECOND = 10_000_000
PLAIN = ["--no-check-signature", "--fast-etag"]


def reencode(directory, text_bytes, runs):
    source = next(directory.glob("*.gz"))
    title(f"{text_bytes / 1e9:.2f} GB as JSON Lines in one object of "
          f"{source.stat().st_size / 1e6:.0f} MB, --memory {MEMORY}, {runs} runs, medians", JOB)
    with FakeS3("--no-check-signature", loads=[("", directory)]) as fake:
        def over_s3():
            run = fold_s3(fake, memory=MEMORY, job=JOB, units=None)
            fake.drop_lake(run.lake)
            return run
        programs = {"sluice, S3 to S3": over_s3,
                    "sluice, directory to directory": lambda: fold(
                        directory, "lake-large", JOB, units=None, flags=["--memory", MEMORY])}
        if have("igzip"):
            programs["igzip -d | igzip -1"] = lambda: Measured(
                ["sh", "-c", f"igzip -d -c {source} | igzip -1 -c > {DATA}/igzip.gz"])
        else:
            print("skipped: igzip is not installed (Debian: isal)")
        results = {name: [] for name in programs}
        for _ in range(runs):
            for name, run in programs.items():
                results[name].append(run())
        large.head()
        for name, of in results.items():
            large.line(name, of, text_bytes)
        s3, alone = (median(results[name], "wall") for name in list(programs)[:2])
        s3_cpu, alone_cpu = (median(results[name], "cpu") for name in list(programs)[:2])
        print(f"target >= 80 % of the codec alone: {verdict(alone / s3 >= 0.8)} "
              f"({alone / s3:.0%} by wall, {alone_cpu / s3_cpu:.0%} by CPU; the fake runs on the same "
              "cores)")
        same = results["sluice, S3 to S3"][-1].report["records"] == \
            results["sluice, directory to directory"][-1].report["records"]
        print(f"the same number of records: {verdict(same)}; peak over S3 <= 64 MiB: "
              f"{verdict(max(run.peak_kib for run in results['sluice, S3 to S3']) <= 64 << 10)}")
    with FakeS3("--no-check-signature", "--bandwidth", str(SLOW_BYTES_PER_SECOND),
                loads=[("", directory)]) as fake:
        for memory in (MEMORY, "256MiB"):
            run = fold_s3(fake, memory=memory, job=JOB, units=None)
            fake.drop_lake(run.lake)
            speed = source.stat().st_size / run.wall
            print(f"each connection {SLOW_BYTES_PER_SECOND / 1e6:.0f} MB/s, --memory {memory}: "
                  f"{run.wall:.2f} s, {speed / 1e6:.0f} MB/s of gzip, as "
                  f"{speed / SLOW_BYTES_PER_SECOND:.1f} connections")
    (DATA / "igzip.gz").unlink(missing_ok=True)
    shutil.rmtree(DATA / "lake-large", ignore_errors=True)


def ranged(directory, runs):
    source = next(directory.glob("*.gz"))
    size = source.stat().st_size
    targets = DATA / "one-target"
    targets.write_text(f"/logs/{source.name}\n")
    title(f"one object of {size / 1e6:.0f} MB read by ranges of {CHUNK_BYTES >> 20} MiB, "
          f"{runs} runs, best", JOB)
    print(f"{'':44}{'MB/s':>8}{'CPU s/GB':>10}")

    def read(fake, name, client, *more):
        command = [str(common.BUILD / "bench" / "http_bench"), client, "get", str(fake.port),
                   "--targets", str(targets), "--cold", *more]
        best = None
        for _ in range(runs):
            done = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
            if best is None or done["wall_seconds"] < best["wall_seconds"]:
                best = done
        print(f"{name:44}{best['bytes'] / best['wall_seconds'] / 1e6:8.0f}"
              f"{best['cpu_seconds'] / best['bytes'] * 1e9:10.2f}", flush=True)
        return best["bytes"] / best["wall_seconds"]
    for name, limit in (("", []), (f" ({CONNECTION_BYTES_PER_SECOND / 1e6:.0f} MB/s each)",
                                   ["--bandwidth", str(CONNECTION_BYTES_PER_SECOND)])):
        with FakeS3(*PLAIN, *limit, loads=[("", directory)]) as fake:
            one = read(fake, "one GET, bare" + name, "bare", "--connections", "1")
            many = {at: read(fake, f"the store, {at} ranges in flight" + name, "store",
                             "--connections", str(at), "--range", str(CHUNK_BYTES), str(size))
                    for at in (1, 4, 16)}
        print(f"   16 ranges beside one GET: {many[16] / one:.1f}x")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=5000)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    directory, text_bytes = large.apart(large.make, "lines", arguments.megabytes)
    ranged(directory, arguments.runs)
    reencode(directory, text_bytes, arguments.runs)
    shutil.rmtree(directory)


if __name__ == "__main__":
    main()
