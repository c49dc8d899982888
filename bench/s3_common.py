"""What the benches over S3 share: the fake S3 as a process of its own, and what lies in it.

The fake is not measured; it and sluice share the cores, so that wall times are upper bounds.
"""
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys

import common
from common import DATA

sys.path.insert(0, str(common.ROOT / "test" / "fake_s3"))
from s3_client import Client  # noqa: E402

KEY, SECRET = "AKIDBENCH", "hush+bench"
# What a machine says for all its programs would be measured, too.
os.environ.pop("AWS_CA_BUNDLE", None)


class FakeS3:
    """fake_s3 with the directories of `loads` in bucket "logs" and an empty bucket "lake".

    Ends with the `with` block.
    """

    def __init__(self, *options, loads=(), tls=None):
        command = [str(common.BUILD / "test" / "fake_s3" / "fake_s3"), "--bucket", "logs",
                   "--bucket", "lake", "--key", KEY, "--secret", SECRET, *options]
        for prefix, directory in loads:
            command += ["--load", f"logs/{prefix}" if prefix else "logs", str(directory)]
        if tls:
            command += ["--tls", *tls]
        self.tls = tls
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("listening on 127.0.0.1:"):
            raise SystemExit("fake_s3 does not start")
        self.port = int(line.rsplit(":", 1)[1])
        self.client = Client(self.port, KEY, SECRET, tls=bool(tls))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()
        self.process.terminate()
        self.process.wait()

    @property
    def endpoint(self):
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"

    def environment(self):
        trust = {"AWS_CA_BUNDLE": self.tls[0]} if self.tls else {}
        return {"AWS_ENDPOINT_URL": self.endpoint, "AWS_ACCESS_KEY_ID": KEY,
                "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1", **trust}

    def control(self, what, body=""):
        self.client.control("POST", what, body.encode())

    def reset(self):
        self.control("reset")

    def behave(self, latency="0", gets_per_second=0, faults=()):
        """From now on; counters at zero."""
        self.control(f"latency?ms={latency}")
        self.control(f"rate?gets={gets_per_second}&puts=0")
        self.control("faults", "\n".join(faults))
        self.reset()

    def counters(self):
        return json.loads(self.client.control("GET", "counters"))

    def keys(self, bucket, prefix=""):
        self.client.bucket = bucket
        found, query = [], {"list-type": "2", "prefix": prefix}
        while True:
            page = self.client.request("GET", "", query)
            found += page.elements("Key")
            after = page.element("NextContinuationToken")
            if not after:
                return found
            query = {**query, "continuation-token": after}

    def read(self, bucket, key):
        self.client.bucket = bucket
        return self.client.get(key).body

    def drop_lake(self, prefix):
        """Its memory is the machine's."""
        for key in self.keys("lake", prefix):
            self.client.request("DELETE", key)

    def lake_objects(self, prefix):
        """The visible objects below a lake's prefix: name -> bytes."""
        keys = self.keys("lake", prefix)
        names = {key[len(prefix):]: key for key in keys}
        return {name: self.read("lake", key) for name, key in names.items()
                if ".jsonl" in name and not any(part[0] in "._" for part in name.split("/"))}


class Lakes:
    """A prefix for each run, so that none finds another's."""
    count = 0

    @classmethod
    def next(cls):
        cls.count += 1
        return f"run-{cls.count}/"


def fold_command(lake, job=common.JOB, units=(common.DAY, common.DAY), logs="s3://logs"):
    command = [common.SLUICE, "run", str(job), "--var", f"LOGS={logs}",
               "--var", f"LAKE=s3://lake/{lake.rstrip('/')}", "--json"]
    return command + (["--from", units[0], "--to", units[1]] if units else [])


def fold_s3(fake, in_flight=256, memory=None, flags=(), kind=common.Measured, lake=None, **more):
    """One run of sluice from the fake to a lake of its own; its report is in .report."""
    lake = lake or Lakes.next()
    command = fold_command(lake, **more) + ["--in-flight", str(in_flight), *flags]
    run = kind(command + (["--memory", memory] if memory else []), fake.environment())
    run.lake = lake
    run.report = json.loads(run.output)
    return run


def digest_of(objects):
    """Of the records alone, whatever objects they lie in: how many, and the sum of their hashes."""
    lines, total = 0, 0
    for body in objects.values():
        for line in gzip.decompress(body).splitlines():
            lines += 1
            total += int.from_bytes(hashlib.blake2b(line, digest_size=8).digest(), "little")
    return lines, total % (1 << 64)


def digest_of_directory(source, **more):
    """What a run over directories writes of the same logs."""
    common.fold(source, lake="lake-of-directory", **more)
    found = {name: path.read_bytes() for name, path in common.objects("lake-of-directory").items()}
    shutil.rmtree(DATA / "lake-of-directory")
    return digest_of(found)


def have(program):
    return shutil.which(program) is not None


def certificate():
    """A self-signed certificate for 127.0.0.1 and its key."""
    cert, key = str(DATA / "bench.crt"), str(DATA / "bench.key")
    if not os.path.exists(cert):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-keyout", key, "-out",
                        cert, "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
                       check=True, capture_output=True)
    return cert, key
