"""start.py [--runs 50]: from exec to the first read, in a directory and over S3.

In a directory: user + system of a whole run over a one-object day into a fresh lake, an upper
bound, since it also decodes, writes and commits. Over S3: from before posix_spawn until the first
bytes of a request are there; the CPU is that of all threads by then.
"""
import argparse
import os
import pathlib
import signal
import socket
import statistics
import time

import common
from common import fold, logs, median, title, verdict

ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "AKIDBENCH", "AWS_SECRET_ACCESS_KEY": "hush+bench",
               "AWS_REGION": "us-east-1"}
FIRST_REQUEST_MS = 20
# What a machine says for all its programs would be measured, too.
os.environ.pop("AWS_CA_BUNDLE", None)


def cpu_ms(pid):
    """Of all threads that live."""
    tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6


def first_request(scheme):
    """Milliseconds of wall and CPU until its first bytes; the run is ended then."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = f"{scheme}://127.0.0.1:{server.getsockname()[1]}"
        command = [common.SLUICE, "run", str(common.JOB), "--var", "LOGS=s3://logs", "--var",
                   "LAKE=s3://lake/x", "--from", common.DAY, "--to", common.DAY, "--json"]
        silent = [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_WRONLY, 0) for fd in (1, 2)]
        begun = time.monotonic()
        pid = os.posix_spawn(command[0], command,
                             {**os.environ, **ENVIRONMENT, "AWS_ENDPOINT_URL": endpoint},
                             file_actions=silent)
        try:
            connection, _ = server.accept()
            with connection:
                connection.recv(1)
                return 1000 * (time.monotonic() - begun), cpu_ms(pid)
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def over_s3(runs_max):
    title(f"from exec to the first bytes of the first request over S3, {runs_max} runs")
    found = {scheme: [] for scheme in ("http", "https")}
    for _ in range(runs_max):
        for scheme, runs in found.items():
            runs.append(first_request(scheme))
    for scheme, runs in found.items():
        wall, cpu = ([run[which] for run in runs] for which in (0, 1))
        print(f"{scheme:6}wall: median {statistics.median(wall):.2f} ms, least {min(wall):.2f} ms; "
              f"CPU: median {statistics.median(cpu):.2f} ms, least {min(cpu):.2f} ms")
        print(f"target <= {FIRST_REQUEST_MS} ms: "
              f"{verdict(statistics.median(wall) <= FIRST_REQUEST_MS)}")


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
    over_s3(runs_max)


if __name__ == "__main__":
    main()
