"""peaks.py [--memory 48MiB] [--megabytes 60] [--workers 2] [--boxes] [NAME...]: peaks of memory
under bad input.

One run for each kind of input whose records cost more than they weigh, from a directory into a
directory. A peak is what the process has been resident at most (VmHWM). --boxes: the default budget
in cgroups of 128, 256 and 512 MiB, which needs the right to make them. What is made is deleted
again.
"""
import argparse
import gzip
import json
import os
import pathlib
import random
import resource
import shutil
import subprocess
import sys
import time
import zlib

from common import DATA, SLUICE

MIB = 1 << 20
TARGET_MIB = 64
BOXES_MIB = [128, 256, 512]
FOLDER = DATA / "peaks"


class Input:
    """How one is made, and what the job has besides."""

    def __init__(self, make, decode="jsonl", transform="", sink="", outside=False):
        self.make, self.decode, self.transform, self.sink = make, decode, transform, sink
        self.outside = outside  # The work is done in a process of its own


def write(folder, name, pieces):
    with open(folder / name, "wb") as file:
        for piece in pieces:
            file.write(piece)


def repeated(piece, size):
    """Of about `size` bytes, in pieces of less than a MiB or so."""
    many = piece * max(1, MIB // len(piece))
    for _ in range(max(1, size // len(many))):
        yield many


def lines(line):
    """One document that goes piece by piece, and some that come whole."""
    def make(folder, size):
        write(folder, "a.jsonl", repeated(line, size * 2 // 3))
        for n in range(max(1, size // 3 // (3 * MIB))):
            write(folder, f"b{n:03}.jsonl", repeated(line, 3 * MIB))
    return make


def array(element):
    def make(folder, size):
        write(folder, "a.json", [b"[", *repeated(element + b",", size * 2 // 3), element, b"]"])
        for n in range(max(1, size // 3 // (3 * MIB))):
            write(folder, f"b{n:03}.json", [b"[", *repeated(element + b",", 3 * MIB), element, b"]"])
    return make


def nested(folder, size):
    key = b"k" * 1000
    text = (b'{"' + key + b'":') * 500 + b"{" + b",".join(b'"%d":1' % n for n in range(2000))
    write(folder, "a.jsonl", repeated(text + b"}" * 501 + b"\n", size // 4))


def nested_deep(folder, size):
    """Each record's text becomes nearly record_max."""
    key = b"k" * 500
    text = (b'{"' + key + b'":') * 10 + b"{" + b",".join(b'"%d":1' % n for n in range(1500))
    write(folder, "a.jsonl", repeated(text + b"}" * 11 + b"\n", size // 8))


def wide(folder, size):
    text = b'{"o":{' + b",".join(b'"%d":1' % n for n in range(250_000)) + b"}}\n"
    write(folder, "a.jsonl", repeated(text, size))


def large_field(field_bytes):
    def make(folder, size):
        write(folder, "a.jsonl", repeated(b'{"big":"' + b"x" * field_bytes + b'"}\n', size // 4))
    return make


def control_characters(field_bytes):
    """In JSON, a byte of text takes six."""
    def make(folder, size):
        write(folder, "a.jsonl",
              repeated(b'{"big":"' + b"\\u0001" * (field_bytes // 6) + b'"}\n', size // 4))
    return make


def deep_field(steps, field_bytes):
    line = b'{"k":' * steps + b'"' + b"x" * field_bytes + b'"' + b"}" * steps + b"\n"

    def make(folder, size):
        write(folder, "a.jsonl", repeated(line, size // 4))
    return make


def places(count):
    def make(folder, size):
        chance = random.Random(1)
        with open(folder / "a.jsonl", "w", encoding="ascii") as file:
            for n in range(size // 40):
                file.write('{"t":%d,"p":"p%05d","v":"%06x"}\n'
                           % (n, chance.randrange(count), chance.randrange(1 << 24)))
    return make


def ascending_places(folder, size):
    with open(folder / "a.jsonl", "w", encoding="ascii") as file:
        for n in range(size // 30):
            file.write('{"p":"p%05d","v":%06d}\n' % (n // 100 % 40_000, n))


def near_record_max(folder, size):
    chance = random.Random(1)
    text = b'{"text":"' + chance.randbytes(4 * MIB - 100).hex().encode() + b'"}\n'
    write(folder, "a.jsonl", repeated(text, size))


def empty_columns(columns):
    def make(folder, size):
        head = ",".join(f"column_{n}" for n in range(columns)).encode() + b"\n"
        row = b"," * (columns - 1) + b"\n"
        write(folder, "a.csv", [head, *repeated(row, size // 10)])
        for n in range(3):
            write(folder, f"b{n}.csv", [head, *repeated(row, min(3 * MIB, size // 20))])
    return make


def gzip_bomb(line):
    def make(folder, size):
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        write(folder, "a.jsonl.gz", [*(packer.compress(piece) for piece in repeated(line, size * 2)),
                                     packer.flush()])
        for n in range(8):
            write(folder, f"b{n}.jsonl.gz", [gzip.compress(b"".join(repeated(line, size // 4)))])
    return make


def zstd(level, *words):
    def make(folder, size):
        chance = random.Random(1)
        block = b"".join(b'{"id":%d,"x":"%s"}\n' % (n, chance.randbytes(30).hex().encode())
                         for n in range(MIB // 80))
        for n in range(3):
            write(folder, f"{n}.jsonl", [block] * max(1, size // 3 // MIB))
            subprocess.run(["zstd", "-q", "--rm", f"-{level}", *words, folder / f"{n}.jsonl"],
                           check=True)
    return make


def zstd_many_frames(folder, size):
    subprocess.run(["zstd", "-q", "-o", folder / "frame"], input=b'{"a":1}\n', check=True)
    frame = (folder / "frame").read_bytes()
    (folder / "frame").unlink()
    write(folder, "a.jsonl.zst", repeated(frame, size // 8))


COPIES = "set: { " + ", ".join(f'c{n}: "{{.big}}"' for n in range(30)) + " }"
DEEP = ".k" * 40
DEEP_COPIES = "set: { " + ", ".join(f'.n{n}{DEEP}: "{{{DEEP}}}"' for n in range(29)) + " }"
SHORT = b'{"t":1700000000,"v":1}\n'
INPUTS = {
    "bad lines of two bytes": Input(lines(b"}\n")),
    "bad lines of two bytes, kept": Input(lines(b"}\n"), sink="keep_set_aside: true"),
    "empty lines": Input(lines(b"\n")),
    "lines of one digit": Input(lines(b"1\n")),
    "lines of 24 bytes": Input(lines(SHORT)),
    "lines of 24 bytes, dedupe": Input(
        lambda folder, size: places(5)(folder, size // 100), sink="dedupe: .t"),
    "lines of 24 bytes into jsonl.zst": Input(lines(SHORT), sink="format: jsonl.zst"),
    "lines of 24 bytes through set": Input(lines(SHORT), transform='set: { w: "x{.v}" }'),
    "lines of any text": Input(lines(b"1\n"), decode="lines"),
    "an array of tiny numbers": Input(array(b"1"), decode="{ json: { records: . } }"),
    "an array of empty objects": Input(array(b"{}"), decode="{ json: { records: . } }"),
    "a nested record through flatten": Input(nested, transform="flatten: {}"),
    "records that flatten makes large": Input(nested_deep, transform="flatten: {}"),
    "tiny members through flatten": Input(wide, transform="flatten: {}"),
    "wide records, a member dropped": Input(wide, transform="drop: [ .o.17, .o.99 ]"),
    "a large field copied thirty times": Input(large_field(MIB), transform=COPIES),
    "a field copied thirty times": Input(large_field(200_000), transform=COPIES),
    "29 copies of 260 KB": Input(
        large_field(260_000), transform=COPIES.replace('c29: "{.big}"', 'c29: "1"')),
    "29 texts of 260 KB": Input(
        large_field(260_000), transform=COPIES.replace('"{.big}"', '"x{.big}"', 29)),
    "a field of 260 KB, set along 40 steps": Input(
        deep_field(40, 260_000), transform=DEEP_COPIES),
    "control characters through set": Input(
        control_characters(MIB), transform='set: { a: "x{.big}" }'),
    "control characters through three sets": Input(
        control_characters(MIB), transform='set: { a: "x{.big}", b: "{.big}x", c: "y{.big}" }'),
    "5,000 places": Input(places(5_000), sink='partition: "p={.p}/"'),
    "50 places of jsonl.zst": Input(places(50), sink='partition: "p={.p}/", format: jsonl.zst'),
    "places, one after the other": Input(ascending_places, sink='partition: "p={.p}/"'),
    "records of nearly record_max": Input(near_record_max),
    "such records through set": Input(near_record_max, transform='set: { a: "1" }'),
    "CSV with 20 empty columns": Input(empty_columns(20), decode="csv"),
    "CSV with 20,000 empty columns": Input(empty_columns(20_000), decode="csv"),
    "bad rows of CSV": Input(
        lambda folder, size: write(folder, "a.csv", [b"a,b\n", *repeated(b"3\n", size)]),
        decode="csv"),
    "a gzip bomb of bad lines": Input(gzip_bomb(b"}\n")),
    "a gzip bomb of zeros": Input(gzip_bomb(b"0" * 1000)),
    "zstd with its usual window": Input(zstd(3)),
    "zstd with a window of 8 MiB": Input(zstd(19)),
    "zstd with a window of 128 MiB": Input(zstd(3, "--long=27")),
    "zstd of many frames": Input(zstd_many_frames),
    "jq that swells": Input(large_field(MIB), transform='jq: \'.big |= gsub("x"; "yy")\'',
                            outside=True),
}


def job_of(name, one):
    job = FOLDER / "job.yaml"
    transform = f"transform: [ {{ {one.transform} }} ]\n" if one.transform else ""
    sink = f", {one.sink}" if one.sink else ""
    job.write_text(f"""name: peaks
source: {{ objects: "{FOLDER}/in/" }}
decode: {one.decode}
{transform}sink: {{ lake: "{FOLDER}/lake/", fsync: false{sink} }}
""")
    return job


def run(job, memory, workers, before=()):
    shutil.rmtree(FOLDER / "lake", ignore_errors=True)
    command = [*before, SLUICE, "run", str(job), "--json", "--workers", str(workers)]
    if memory:
        command += ["--memory", memory]
    cpu = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    begun = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    cpu = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - cpu
    try:
        report = json.loads(done.stdout)
    except ValueError:
        report = {}
    return done, report, time.monotonic() - begun, cpu


def row(name, ran, target):
    done, report, wall, cpu = ran
    peak = report.get("resident_peak_bytes", 0) / MIB
    good = done.returncode in (0, 3) and 0 < peak <= target
    verdict = "met" if good else "MISSED"
    print(f"{name:48}{report.get('records', 0):11,}{report.get('objects', 0):8,}"
          f"{done.returncode:6}{wall:8.1f}{cpu:8.1f}{peak:9.1f}  {verdict}", flush=True)
    if done.returncode not in (0, 3):
        print("   " + (done.stderr.strip().splitlines() or ["killed"])[-1][:200])
    return good


def in_boxes(megabytes):
    good = True
    for mib in BOXES_MIB:
        folder = None
        for parent, limit in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
                              ("/sys/fs/cgroup", "memory.max")):
            box = pathlib.Path(parent) / f"sluice-peaks-{os.getpid()}"
            try:
                box.mkdir()
                (box / limit).write_text(str(mib * MIB))
                folder = box
                break
            except OSError:
                continue
        if folder is None:
            print("skipped: boxes need the right to make a cgroup")
            return True
        try:
            before = ("sh", "-c", f'echo $$ > {folder}/cgroup.procs; exec "$@"', "sh")
            good &= measure("lines of 24 bytes", None, megabytes, 2, before, mib,
                            f"lines of 24 bytes, a box of {mib} MiB")
        finally:
            folder.rmdir()
    return good


def measure(name, memory, megabytes, workers, before=(), target=TARGET_MIB, title=None):
    shutil.rmtree(FOLDER, ignore_errors=True)
    (FOLDER / "in").mkdir(parents=True)
    one = INPUTS[name]
    one.make(FOLDER / "in", megabytes * MIB)
    return row(title or name, run(job_of(name, one), memory, workers, before), target)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory", default="48MiB")
    parser.add_argument("--megabytes", type=int, default=60)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--boxes", action="store_true")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    print(f"{'--memory ' + arguments.memory:48}{'records':>11}{'objects':>8}{'exit':>6}{'wall s':>8}"
          f"{'CPU s':>8}{'peak MiB':>9}")
    good = True
    for name in INPUTS:
        if arguments.names and not any(word in name for word in arguments.names):
            continue
        if name.startswith("zstd") and not shutil.which("zstd"):
            print(f"skipped: {name}: no zstd to make it")
            continue
        good &= measure(name, arguments.memory, arguments.megabytes, arguments.workers)
    if arguments.boxes:
        good &= in_boxes(arguments.megabytes)
    shutil.rmtree(FOLDER, ignore_errors=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
