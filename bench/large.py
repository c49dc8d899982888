"""large.py [--megabytes 2048] [--runs 3]: one large gzip object, a document and JSON Lines.

The text is a made-up day's records again and again (20 MB a round: beyond any window of gzip's),
compressed with gzip -1; it is deleted afterwards. MB/s are of text. igzip -d alone is the floor.
"""
import argparse
import gzip
import itertools
import json
import multiprocessing
import shutil
import subprocess
import zlib

import common
from common import DATA, Measured, fold, logs, median, objects, title, verdict

MEMORY = "48MiB"
SMALL_MEGABYTES = 200


def records():
    lines = []
    for path in sorted(logs().rglob("*.gz")):
        with gzip.open(path, "rb") as file:
            # Between the records of made-up logs there is a comma and no blank.
            text = file.read()
            lines.append(text[text.index(b"[") + 1:text.rindex(b"]")])
    return [text for text in lines if text]


def apart(function, *arguments):
    """In a process of its own: this one stays small, since its children's peaks contain its own."""
    with multiprocessing.Pool(1) as pool:
        return pool.apply(function, arguments)


def as_document(pieces):
    yield b'{"Records":['
    for n, piece in enumerate(pieces):
        yield piece if n == 0 else b"," + piece
    yield b"]}"


def as_lines(pieces):
    for piece in pieces:
        yield b"".join(json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
                       for record in json.loads(b"[" + piece + b"]"))


def make(name, megabytes):
    """A directory with one gzip -1 object of at least so many MB of text; how many bytes they are."""
    pieces = records()
    if name == "lines":
        pieces = [b"".join(as_lines(pieces))]
    directory = common.fresh(f"large-{name}")
    text_bytes = 0
    with open(directory / f"{name}.gz", "wb") as out:
        packer = subprocess.Popen(["gzip", "-1"], stdin=subprocess.PIPE, stdout=out)

        def enough():
            made = 0
            for piece in itertools.cycle(pieces):
                yield piece
                made += len(piece)
                if made >= megabytes * 1_000_000:
                    return
        for text in enough() if name == "lines" else as_document(enough()):
            packer.stdin.write(text)
            text_bytes += len(text)
        packer.stdin.close()
        if packer.wait() != 0:
            raise SystemExit("gzip -1 failed")
    return directory, text_bytes


def read_to_the_end(name):
    """Python's zlib, one decompressobj for each object: records, and that nothing follows."""
    lines = 0
    for path in objects(name).values():
        one = zlib.decompressobj(wbits=31)
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                lines += one.decompress(block).count(b"\n")
        lines += one.flush().count(b"\n")
        if not one.eof or one.unused_data:
            return None
    return lines


def line(name, runs, text_bytes):
    wall, cpu = median(runs, "wall"), median(runs, "cpu")
    print(f"{name:34}{text_bytes / wall / 1e6:8.0f}{wall:9.2f}{cpu:9.2f}{cpu / text_bytes * 1e9:9.2f}"
          f"{median(runs, 'peak_kib') / 1024:10.1f}", flush=True)


def head():
    print(f"{'':34}{'MB/s':>8}{'wall s':>9}{'CPU s':>9}{'CPU s/GB':>9}{'peak MiB':>10}")


def measure(kind, directory, text_bytes, runs):
    job = common.ROOT / "bench" / f"large_{kind}.yaml"
    source = next(directory.glob("*.gz"))
    title(f"{text_bytes / 1e9:.2f} GB as {kind} in one object of {source.stat().st_size / 1e6:.0f} MB, "
          f"--memory {MEMORY}, {runs} runs, medians", job)

    def sluice(workers, prefix=()):
        class Pinned(Measured):
            def __init__(self, command, environment):
                super().__init__([*prefix, *command], environment)
        return lambda: fold(directory, f"lake-{workers}", job, kind=Pinned, units=None,
                            flags=["--memory", MEMORY, "--workers", str(workers)])
    programs = {"sluice, two cores": sluice(2, ("taskset", "-c", "0,1")),
                "sluice, one core": sluice(1, ("taskset", "-c", "0")),
                "igzip -d -c > /dev/null": lambda: Measured(["igzip", "-d", "-c", str(source)],
                                                            stdout="/dev/null")}
    if not shutil.which("igzip"):
        print("skipped: igzip is not installed (Debian: isal)")
        programs.popitem()
    results = {name: [] for name in programs}
    for _ in range(runs):
        for name, run in programs.items():
            results[name].append(run())
    head()
    for name, of in results.items():
        line(name, of, text_bytes)
    one, two = (median(results[f"sluice, {n} core{s}"], "wall") for n, s in (("one", ""), ("two", "s")))
    print(f"target two cores >= 1.6x one: {verdict(one >= 1.6 * two)} ({one / two:.2f}x)")
    peaks = [run.peak_kib / 1024 for run in results["sluice, two cores"]]
    print(f"target peak <= 64 MiB: {verdict(max(peaks) <= 64)} ({max(peaks):.1f})")
    report = results["sluice, two cores"][-1].report
    found = apart(read_to_the_end, "lake-2")
    print(f"Python's zlib, one decompressobj for each of {len(objects('lake-2'))} objects, reads "
          f"{found:,} records of {report['records']:,}: {verdict(found == report['records'])}"
          if found is not None else "Python's zlib finds an object with more than one member: MISSED")


def beside_jq(directory, text_bytes):
    job = common.ROOT / "bench" / "large_document.yaml"
    source = next(directory.glob("*.gz"))
    title(f"{text_bytes / 1e6:.0f} MB as one document, beside zcat | jq -c | gzip, one run each", job)
    head()
    line("sluice", [fold(directory, job=job, units=None, flags=["--memory", MEMORY])], text_bytes)
    line("zcat | jq -c '.Records[]' | gzip",
         [Measured(["sh", "-c", f"zcat {source} | jq -c '.Records[]' | gzip > {DATA}/jq.gz"])],
         text_bytes)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    made = apart(make, "document", SMALL_MEGABYTES)
    beside_jq(*made)
    shutil.rmtree(made[0])
    for kind in ("document", "lines"):
        made = apart(make, kind, arguments.megabytes)
        measure(kind, *made, arguments.runs)
        shutil.rmtree(made[0])
    for name in ("lake-1", "lake-2"):
        shutil.rmtree(DATA / name)


if __name__ == "__main__":
    main()
