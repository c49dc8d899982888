"""day.py [--scales 1,10,30] [--runs 5]: a day of CloudTrail logs in a directory to jsonl.gz.

CPU is user + system of the whole process. The runs of all programs are interleaved; the page cache
is warm; sluice writes into a fresh lake each time.
"""
import argparse
import json
import shutil
import subprocess
import sys

import common
from common import DATA, Measured, fold, fresh, logs, median, title, verdict

OBJECTS = 3911
MEMORY = "48MiB"


def bare(directory):
    run = Measured([str(common.BUILD / "bench" / "bare_fold"), str(directory), str(DATA / "bare.gz")])
    run.peak_kib = json.loads(run.output)["peak_kib"]
    return run


def story(threads):
    def run(directory):
        out = fresh("story")
        return Measured([sys.executable, str(common.ROOT / "bench" / "story.py"), str(directory),
                         str(out), str(threads)])
    return run


def pipeline(directory):
    return Measured(["sh", "-c", f"find {directory} -name '*.json.gz' -print0 | sort -z | "
                     f"xargs -0 zcat | jq -c '.Records[]' | gzip > {DATA}/pipeline.gz"])


def duckdb():
    """DuckDB in an environment of its own, or nothing where it can't be installed."""
    venv = common.BUILD / "bench-venv"
    python = venv / "bin" / "python3"
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True, capture_output=True)
        if subprocess.run([str(python), "-c", "import duckdb"], capture_output=True).returncode:
            subprocess.run([str(python), "-m", "pip", "install", "-q", "duckdb"], check=True,
                           capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    query = ("import duckdb, sys; duckdb.sql(f\"COPY (SELECT unnest(Records) FROM read_json("
             "'{sys.argv[1]}/**/*.json.gz', columns={{Records: 'JSON[]'}})) TO '{sys.argv[2]}' "
             "(FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\\x01', "
             "COMPRESSION gzip)\")")
    return lambda directory: Measured([str(python), "-c", query, str(directory),
                                       str(DATA / "duckdb.gz")])


def line(name, runs, base):
    cpu = median(runs, "cpu")
    print(f"{name:34}{cpu:8.3f}{cpu / median(base, 'cpu'):9.2f}x{median(runs, 'wall'):9.3f}"
          f"{median(runs, 'peak_kib') / 1024:10.1f}", flush=True)


def measure(scale, runs, others):
    directory = logs(scale)
    title(f"a day of {OBJECTS * scale:,} objects to jsonl.gz, --memory {MEMORY}, {runs} runs, medians")
    programs = {"sluice": lambda at: fold(at, flags=["--memory", MEMORY]),
                "bare read-slice-compress": bare, **others}
    results = {name: [] for name in programs}
    for run in programs.values():  # Warms the page cache.
        run(directory)
    for _ in range(runs):
        for name, run in programs.items():
            results[name].append(run(directory))
    print(f"{'':34}{'CPU s':>8}{'to bare':>10}{'wall s':>9}{'peak MiB':>10}")
    for name in programs:
        line(name, results[name], results["bare read-slice-compress"])
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scales", default="1,10,30")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--alone", action="store_true", help="without the other programs")
    arguments = parser.parse_args()
    others = {}
    if not arguments.alone:
        others = {"the story's Python, serial": story(0), "the story's Python, 4 threads": story(4),
                  "the story's Python, 30 threads": story(30)}
        if shutil.which("jq"):
            others["zcat | jq -c | gzip"] = pipeline
        else:
            print("skipped: jq is not installed")
        duck = duckdb()
        if duck:
            others["DuckDB"] = duck
        else:
            print("skipped: DuckDB can't be installed here")
    peaks = {}
    for scale in map(int, arguments.scales.split(",")):
        # The others don't change with the scale; the bare program shows that it is linear.
        results = measure(scale, arguments.runs, others if scale == 1 else {})
        peaks[scale] = median(results["sluice"], "peak_kib") / 1024
        if scale == 1:
            cpu, base = (median(results[name], "cpu")
                         for name in ("sluice", "bare read-slice-compress"))
            print(f"target <= 0.20 s CPU: {verdict(cpu <= 0.20)} ({cpu:.3f}); "
                  f"<= 2x bare: {verdict(cpu <= 2 * base)} ({cpu / base:.2f}x)")
        print(f"target peak <= 64 MiB: {verdict(peaks[scale] <= 64)} ({peaks[scale]:.1f})")
    if 10 in peaks and 30 in peaks:
        apart = abs(peaks[10] - peaks[30])
        print(f"target x10 and x30 within 2 MiB: {verdict(apart <= 2)} ({apart:.1f} apart)")


if __name__ == "__main__":
    main()
