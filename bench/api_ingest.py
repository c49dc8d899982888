"""api_ingest.py [--records 83688] [--record-bytes 19000,29000] [--page-records 250]
              [--only ours,concat,join,stream,dlt] [--dlt-records N] [--overlap] [--alone WHO]

The story of the API ingest that was killed by its memory: 83,688 records of 19,000 bytes, and the
day when they were 29,000, page by page from test/fake_api on the loopback into one jsonl.gz.

  ours     sluice run --memory 48MiB, into a directory
  concat   the story's Python: json.loads a page, json.dumps a record, all_data += ..., gzip at the end
  join     its first improvement: a list of lines, joined at the end, gzip at the end
  stream   its second: each page goes into the open gzip file
  dlt      from its registry: rest_api source, filesystem destination, jsonl

Each in a process of its own, one after the other, beside the same server. wall and CPU (children
included) of that process; its peak of resident memory, or its child's if that is larger. The rate is
of the records' JSON as the API gives it, so it is the same work for all. What wouldn't fit into this
machine's memory isn't tried. Build sluice and fake_api first.

--overlap instead: how much longer the whole takes than the slower of its halves, with servers that
take so long for each page. The halves: a bare loop that fetches the pages one after another and does
nothing with them, and sluice with the same pages as files.
"""
import argparse
import gzip
import http.client
import json
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import time
import urllib.parse
import urllib.request

import common

ROOT = common.ROOT
FAKE_API = common.BUILD / "test" / "fake_api" / "fake_api"
ALL = ["ours", "concat", "join", "stream", "dlt"]
STEADY_RECORDS = 20_000  # With fewer the budget isn't used up.
DATE, STAMP = "2026-11-21", "2026-11-21T05:42:32Z"

JOB = """
name: api-ingest
source:
  http:
    url: "{url}/cursor"
    next: {{ cursor: .next_token, as: token }}
    max_pages: 1000000
decode: {{ json: {{ records: .items }} }}
transform: [ {{ set: {{ ingest_date: "{date}", ingest_ts: "{stamp}" }} }} ]
sink:
  lake: "{lake}/"
  name: "variants.jsonl.gz"
"""


# ---- The story's three, in a process of their own -------------------------------------------------


def page_after(token):
    """Its path; without a token the first page's."""
    return "/cursor" + ("?" + urllib.parse.urlencode({"token": token}) if token else "")


def pages(url):
    token = None
    while True:
        with urllib.request.urlopen(url + page_after(token)) as answer:
            page = json.load(answer)
        for row in page["items"]:
            row["ingest_date"], row["ingest_ts"] = DATE, STAMP
        yield page["items"]
        token = page.get("next_token")
        if not token:
            return


def concat(url, target):
    all_data = ""
    for rows in pages(url):
        all_data += "\n".join(json.dumps(row) for row in rows) + "\n"
    with gzip.open(target, "w") as file:
        file.write(all_data.encode())


def join(url, target):
    json_lines = []
    for rows in pages(url):
        json_lines.extend(json.dumps(row) for row in rows)
    all_data = "\n".join(json_lines) + "\n"
    with gzip.open(target, "w") as file:
        file.write(all_data.encode())


def stream(url, target):
    with gzip.open(target, "w") as file:
        for rows in pages(url):
            for row in rows:
                file.write(json.dumps(row).encode() + b"\n")


def with_dlt(url, target):
    import dlt
    from dlt.sources.rest_api import rest_api_source

    source = rest_api_source({
        "client": {"base_url": url},
        "resources": [{
            "name": "variants",
            "endpoint": {"path": "cursor", "data_selector": "items",
                         "paginator": {"type": "cursor", "cursor_path": "next_token",
                                       "cursor_param": "token"}},
            # As the others do it: a record stays one line, whatever is nested in it.
            "max_table_nesting": 0,
        }],
    })
    source.resources["variants"].add_map(
        lambda row: {**row, "ingest_date": DATE, "ingest_ts": STAMP})
    folder = pathlib.Path(target).parent
    pipeline = dlt.pipeline("api_ingest", pipelines_dir=str(folder / "pipelines"),
                            destination=dlt.destinations.filesystem(bucket_url=str(folder)),
                            dataset_name="lake")
    pipeline.run(source, loader_file_format="jsonl")


def alone(who, url, target):
    """What the process of one of them does; its figures go to stdout."""
    {"concat": concat, "join": join, "stream": stream, "dlt": with_dlt}[who](url, target)
    own, below = (resource.getrusage(whose) for whose in (resource.RUSAGE_SELF,
                                                          resource.RUSAGE_CHILDREN))
    print(json.dumps({"peak_kib": max(own.ru_maxrss, below.ru_maxrss)}))


# ---- Measuring ------------------------------------------------------------------------------------


class Api:
    def __init__(self, records, record_bytes, page_records, latency=0):
        self.process = subprocess.Popen(
            [FAKE_API, "--records", str(records), "--record-bytes", str(record_bytes),
             "--page-records", str(page_records), "--latency", str(latency)],
            stdout=subprocess.PIPE, text=True)
        self.url = "http://127.0.0.1:" + self.process.stdout.readline().rsplit(":", 1)[1].strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def lines_in(folder):
    """Records in what was written."""
    records = 0
    for path in sorted(folder.rglob("*.gz")):
        if any(part[0] in "._" for part in path.relative_to(folder).parts):
            continue
        if path.parent.name.startswith("_dlt"):
            continue
        with gzip.open(path) as file:
            records += sum(1 for _ in file)
    return records


def bytes_of_one(records, record_bytes):
    """What a record is on average, as the API gives it."""
    some = min(records, 1000)
    said = subprocess.run([FAKE_API, "--records", str(records), "--record-bytes", str(record_bytes),
                           "--expect", "digest", "--from", "0", "--to", str(some)],
                          capture_output=True, text=True, check=True).stdout
    return json.loads(said)["bytes"] / some


def python_of(who):
    if who != "dlt":
        return sys.executable
    made = subprocess.run([ROOT / "bench" / "venv.sh", "dlt"], capture_output=True, text=True)
    return made.stdout.strip() if made.returncode == 0 else None


def memory_available():
    with open("/proc/meminfo") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("MemAvailable")) << 10


def measure(who, url, plain_bytes):
    """One run: its figures, or why there is none."""
    folder = common.fresh("api-" + who)
    if who == "ours":
        job = folder / "job.yaml"
        job.write_text(JOB.format(url=url, lake=folder / "lake", date=DATE, stamp=STAMP))
        command = [common.SLUICE, "run", str(job), "--memory", "48MiB", "--json"]
        environment = {}
    else:
        python = python_of(who)
        if python is None:
            return "not brought: bench/venv.sh dlt says why"
        # The text and its copy in UTF-8 at once; join has the lines besides.
        copies = {"concat": 2, "join": 3}.get(who, 0)
        if copies * plain_bytes > memory_available() * 0.9:
            return f"not tried: it needs some {copies * plain_bytes / 2**30:.1f} GiB of memory"
        command = [python, __file__, "--alone", who, "--url", url,
                   "--target", str(folder / "variants.jsonl.gz")]
        environment = {"RUNTIME__DLTHUB_TELEMETRY": "false", "DLT_DATA_DIR": str(folder),
                       "HOME": str(folder)}
    run = common.Measured(command, environment)
    if who == "dlt":
        shutil.rmtree(folder / "pipelines", ignore_errors=True)
    if who != "ours":
        told = json.loads(run.output.strip().splitlines()[-1])
        run.peak_kib = max(run.peak_kib, told["peak_kib"])
    run.lines = lines_in(folder)
    run.stored = sum(path.stat().st_size for path in folder.rglob("*.gz")) / 2**20
    shutil.rmtree(folder)
    return run


def table(only, records, record_bytes, page_records, dlt_records):
    print(f"\n{records:,} records of about {record_bytes:,} bytes, {page_records} a page")
    print(f"{'':8}{'records':>9}{'JSON MB':>10}{'wall s':>9}{'CPU s':>8}{'MB/s':>8}"
          f"{'peak MiB':>10}{'gz MiB':>9}")
    runs = {}
    each = bytes_of_one(records, record_bytes)
    for who in only:
        count = min(records, dlt_records or records) if who == "dlt" else records
        with Api(count, record_bytes, page_records) as api:
            run = measure(who, api.url, count * record_bytes)
        if isinstance(run, str):
            print(f"{who:8}{run}", flush=True)
            continue
        runs[who] = run
        came, total = run.lines, each * count
        note = "" if came == count else f"   NOT {count:,}!"
        if who == "dlt" and count < records:
            note += f"   of {count:,} records only"
        print(f"{who:8}{came:>9,}{total / 1e6:>10.1f}{run.wall:>9.2f}{run.cpu:>8.2f}"
              f"{total / 1e6 / run.wall:>8.1f}{run.peak_kib / 1024:>10.1f}{run.stored:>9.1f}{note}",
              flush=True)
    return runs


# ---- Fetching beside compressing --------------------------------------------------------------------

FILES_JOB = """
name: api-files
source: {{ objects: "{pages}/" }}
decode: {{ json: {{ records: .items }} }}
transform: [ {{ set: {{ ingest_date: "{date}", ingest_ts: "{stamp}" }} }} ]
sink: {{ lake: "{lake}/", name: "variants.jsonl.gz" }}
"""


def fetch_alone(url, folder=None):
    """Seconds for all pages over one connection; kept as files in a folder, if there is one."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    token, number, began = "", 0, time.monotonic()
    while True:
        connection.request("GET", page_after(token))
        body = connection.getresponse().read()
        if folder:
            (folder / f"{number:05}.json").write_bytes(body)
        number += 1
        found = re.search(rb'"next_token": ?"([^"]+)"', body[-300:])
        if not found:
            return time.monotonic() - began
        token = found[1].decode()


def files_alone(pages):
    lake = common.DATA / "api-files"
    shutil.rmtree(lake, ignore_errors=True)
    job = common.DATA / "api-files.yaml"
    job.write_text(FILES_JOB.format(pages=pages, lake=lake, date=DATE, stamp=STAMP))
    run = common.Measured([common.SLUICE, "run", str(job), "--memory", "48MiB"])
    shutil.rmtree(lake)
    return run.wall


def overlap(records, record_bytes, page_records):
    pages = common.DATA / "api-pages"
    shutil.rmtree(pages, ignore_errors=True)
    pages.mkdir(parents=True)
    with Api(records, record_bytes, page_records) as api:
        fetch_alone(api.url, pages)
    print(f"\n{records:,} records of about {record_bytes:,} bytes, {page_records} a page; "
          f"medians of 3, s")
    print(f"{'a page takes':>12}{'fetch alone':>13}{'files alone':>13}{'ours':>8}{'to the slower':>15}")
    for latency in (5, 10, 15, 20, 40):
        times = []
        for _ in range(3):
            with Api(records, record_bytes, page_records, latency) as api:
                times.append((fetch_alone(api.url), files_alone(pages),
                              measure("ours", api.url, records * record_bytes).wall))
        fetched, compressed, whole = (statistics.median(column) for column in zip(*times))
        ratio = whole / max(fetched, compressed)
        print(f"{latency:>9} ms{fetched:>13.2f}{compressed:>13.2f}{whole:>8.2f}{ratio:>11.2f} x"
              f"   {common.verdict(ratio <= 1.1)}", flush=True)
    shutil.rmtree(pages)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=83_688)
    parser.add_argument("--record-bytes", default="19000,29000")
    parser.add_argument("--page-records", type=int, default=250)
    parser.add_argument("--only", default=",".join(ALL))
    parser.add_argument("--dlt-records", type=int, help="fewer for dlt alone")
    parser.add_argument("--overlap", action="store_true")
    parser.add_argument("--alone", choices=ALL[1:], help="one of the Pythons, here: --url, --target")
    parser.add_argument("--url")
    parser.add_argument("--target")
    words = parser.parse_args()
    if words.alone:
        return alone(words.alone, words.url, words.target)
    only = words.only.split(",")
    if unknown := set(only) - set(ALL):
        parser.error(f"--only: {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    load = os.getloadavg()[0]
    print(f"== an API into one jsonl.gz; {os.cpu_count()} cores, load {load:.1f}"
          + (" (crowded: wall times are worth little)" if load > 1.5 else ""))
    began = time.monotonic()
    if words.overlap:
        return overlap(words.records, int(words.record_bytes.split(",")[0]), words.page_records)
    peaks = []
    for record_bytes in map(int, words.record_bytes.split(",")):
        runs = table(only, words.records, record_bytes, words.page_records, words.dlt_records)
        if "ours" in runs:
            peaks.append(runs["ours"].peak_kib / 1024)
    if peaks:
        apart = (max(peaks) - min(peaks)) / min(peaks) * 100
        print(f"\nours: peak {max(peaks):.1f} MiB ({common.verdict(max(peaks) <= 64)}: at most 64), "
              + (f"{apart:.1f} % apart ({common.verdict(apart <= 5)}: at most 5)"
                 if words.records >= STEADY_RECORDS else
                 f"{apart:.1f} % apart (too few records to say)"))
    print(f"{time.monotonic() - began:.0f} s in all")
    return None


if __name__ == "__main__":
    main()
