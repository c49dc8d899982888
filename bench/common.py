"""What the benches share: where things lie, making logs, and measuring one program's run.

Everything made lies in build/bench-data (or $SLUICE_BENCH_DATA); the programs measured are those of
build/ (or of $SLUICE_BUILD).
"""
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("SLUICE_BUILD", ROOT / "build"))
DATA = pathlib.Path(os.environ.get("SLUICE_BENCH_DATA", BUILD / "bench-data"))
SLUICE = str(BUILD / "sluice")
JOB = ROOT / "bench" / "day.yaml"
DAY = "2024-02-08"


class Measured:
    """Of one run, its children included: seconds of CPU and wall, peak memory in KiB, output.

    peak_kib is what wait4 tells: at least this interpreter's own (some 12 MiB), since exec keeps
    the peak of the process that was forked.
    """

    def __init__(self, command, environment=None, stdout=None):
        DATA.mkdir(parents=True, exist_ok=True)
        captured = DATA / "stdout"
        out = os.open(stdout or captured, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o644)
        err = os.open(DATA / "stderr", os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o644)
        actions = [(os.POSIX_SPAWN_DUP2, out, 1), (os.POSIX_SPAWN_DUP2, err, 2)]
        begun = time.monotonic()
        pid = os.posix_spawnp(command[0], command, {**os.environ, **(environment or {})},
                              file_actions=actions)
        self.threads = self.watch(pid)
        _, status, usage = os.wait4(pid, 0)
        self.wall = time.monotonic() - begun
        os.close(out)
        os.close(err)
        self.cpu = usage.ru_utime + usage.ru_stime
        self.peak_kib = usage.ru_maxrss
        self.output = "" if stdout else captured.read_text()
        if os.waitstatus_to_exitcode(status) != 0:
            raise SystemExit(f"{' '.join(command)}\nfailed:\n{(DATA / 'stderr').read_text()}")

    def watch(self, pid):
        return 0


class Watched(Measured):
    """Also the most threads that were seen."""

    def watch(self, pid):
        most = 0
        while True:
            # A zombie has no Threads line: the run is over.
            with open(f"/proc/{pid}/status") as status:
                lines = dict(line.split(":", 1) for line in status if ":" in line)
            if "Z" in lines["State"]:
                return most
            most = max(most, int(lines.get("Threads", "0")))
            time.sleep(0.003)


def logs(scale=1, days=1, **options):
    """A tree of made-up logs, made once."""
    name = "logs-" + "-".join(str(n) for n in [scale, days, *options.values()])
    directory = DATA / name
    made = DATA / f"{name}.made"
    if not made.exists():
        shutil.rmtree(directory, ignore_errors=True)
        command = [SLUICE, "generate", "cloudtrail", str(directory), "--scale", str(scale)]
        command += ["--days", str(days), "--day", DAY]
        for option, value in options.items():
            command += [f"--{option}", str(value)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        made.touch()
    return directory


def fresh(name):
    """An empty directory."""
    directory = DATA / name
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


def fold(source, lake="lake", job=JOB, environment=None, kind=Measured, units=(DAY, DAY), flags=()):
    """One run of sluice into a fresh lake; its report is in .report."""
    command = [SLUICE, "run", str(job), "--var", f"LOGS={source}"]
    command += ["--var", f"LAKE={fresh(lake)}", "--json"]
    if units:
        command += ["--from", units[0], "--to", units[1]]
    run = kind(command + list(flags), environment)
    run.report = json.loads(run.output)
    return run


def objects(lake):
    """The visible objects of a lake: name -> path."""
    root = DATA / lake
    found = {}
    for path in sorted(root.rglob("*.jsonl*")):
        parts = path.relative_to(root).parts
        if not any(part[0] in "._" for part in parts):
            found["/".join(parts)] = path
    return found


def median(runs, figure):
    return statistics.median(getattr(run, figure) for run in runs)


def verdict(good):
    return "met" if good else "MISSED"


def title(text, job=JOB):
    load = os.getloadavg()[0]
    print(f"\n== {text}\n   job file: {job.relative_to(ROOT)}; {os.cpu_count()} cores, "
          f"load {load:.1f}" + (" (crowded: wall times are worth little)" if load > 1.5 else ""),
          flush=True)
