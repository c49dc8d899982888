"""story.py DIRECTORY OUTPUT [THREADS]: the daily aggregation as its story's Lambda function did it.

Written anew from the description, as a baseline: list accounts, regions, days, one after the other;
read each object, gunzip, json.loads, json.dumps of each record; gzip level 9 in one shot whenever
64 MiB are together. With THREADS a pool reads, and the whole day's records are held in a list.
"""
import concurrent.futures
import gzip
import json
import os
import sys

ROLL_CHARACTERS = 64 << 20
DAY = "2024/02/08"


def listed(directory):
    for account in sorted(os.listdir(f"{directory}/AWSLogs")):
        for region in sorted(os.listdir(f"{directory}/AWSLogs/{account}/CloudTrail")):
            day = f"{directory}/AWSLogs/{account}/CloudTrail/{region}/{DAY}"
            if os.path.isdir(day):
                yield from (f"{day}/{name}" for name in sorted(os.listdir(day)))


def read(path):
    with open(path, "rb") as file:
        body = file.read()
    if body[:2] == b"\x1f\x8b":
        body = gzip.decompress(body)
    return [json.dumps(record) for record in json.loads(body)["Records"]]


def write(output, n, lines):
    with open(f"{output}/{n:06}.ndjson.gz", "wb") as file:
        file.write(gzip.compress("".join(line + "\n" for line in lines).encode()))


def main(directory, output, threads=0):
    paths = listed(directory)
    if int(threads) > 0:
        with concurrent.futures.ThreadPoolExecutor(int(threads)) as pool:
            documents = list(pool.map(read, paths))
    else:
        documents = map(read, paths)
    lines, characters, n = [], 0, 0
    for document in documents:
        for line in document:
            lines.append(line)
            characters += len(line)
            if characters >= ROLL_CHARACTERS:
                write(output, n, lines)
                lines, characters, n = [], 0, n + 1
    if lines:
        write(output, n, lines)


if __name__ == "__main__":
    main(*sys.argv[1:])
