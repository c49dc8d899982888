"""A program as a source, for the tests beside: reads a numbered API page by page and prints its lines
as they are, with a checkpoint behind each page. Goes on where SLUICE_CURSOR says."""
import http.client
import os
import sys
import time
import urllib.error
import urllib.request


def page(url, number):
    while True:
        try:
            with urllib.request.urlopen(f'{url}&page={number}', timeout=10) as answer:
                return answer.read(), int(answer.headers['X-Total-Pages'])
        except (urllib.error.HTTPError, http.client.HTTPException, OSError):
            time.sleep(0.01)


def main():
    number = int(os.environ.get('SLUICE_CURSOR') or 1)
    while True:
        lines, pages = page(sys.argv[1], number)
        sys.stdout.buffer.write(lines)
        number += 1
        if number > pages:
            return
        sys.stdout.buffer.write(b'{"sluice": {"checkpoint": "%d"}}\n' % number)


main()
