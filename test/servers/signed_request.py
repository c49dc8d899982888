"""signed_request.py METHOD URL [HEADER:VALUE ...]: one request signed as AWS asks, to a server here.

The body comes from standard input, the answer's goes to standard output, its status line to standard
error; the exit code is 0 if the status is 2xx. The keys are AWS_ACCESS_KEY_ID and
AWS_SECRET_ACCESS_KEY, the region AWS_REGION. Nothing but the standard library, and nothing of
Sluice: what it says of a server doesn't depend on Sluice's own signing.
"""
import datetime
import hashlib
import hmac
import http.client
import os
import sys
import urllib.parse


def digest(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signed_headers(method, url, body, extra):
    """SigV4 over the host, the time, the body's hash and `extra` (names in lower case)."""
    moment = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    region = os.environ["AWS_REGION"]
    headers = {**extra, "host": url.netloc, "x-amz-date": moment,
               "x-amz-content-sha256": hashlib.sha256(body).hexdigest()}
    names = sorted(headers)
    query = sorted(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
    canonical = "\n".join([
        method, url.path or "/",
        "&".join("=".join(urllib.parse.quote(word, safe="-_.~") for word in pair) for pair in query),
        *(f"{name}:{headers[name].strip()}" for name in names), "",
        ";".join(names), headers["x-amz-content-sha256"]])
    scope = f"{moment[:8]}/{region}/s3/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", moment, scope,
                         hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
    for word in scope.split("/"):
        key = digest(key, word)
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope}, "
        f"SignedHeaders={';'.join(names)}, Signature={digest(key, to_sign).hex()}")
    return headers


def main(method, address, *pairs):
    url = urllib.parse.urlsplit(address)
    body = sys.stdin.buffer.read()
    extra = {name.lower(): value for name, value in (pair.split(":", 1) for pair in pairs)}
    connection = http.client.HTTPConnection(url.netloc, timeout=30)
    target = url.path + ("?" + url.query if url.query else "")
    connection.request(method, target, body, signed_headers(method, url, body, extra))
    answer = connection.getresponse()
    print(answer.status, answer.reason, file=sys.stderr)
    sys.stdout.buffer.write(answer.read())
    return 0 if 200 <= answer.status < 300 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
