#!/usr/bin/env bash
# bench/run.sh [NAME [ARGUMENT...]]: everything, or one: day, latency, large, start; over test/fake_s3
# http_cpu, s3_day, s3_put, s3_large; json_bench, codec_bench, store_bench, sign_bench; and, by their
# names alone, peaks, which makes its inputs, s3_story, which wants an S3 server, and api_ingest, which
# takes most of an hour.
# Builds what it measures. Each prints a table and what it was compared to.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build=${SLUICE_BUILD:-build}
# Beside the story's Python some tables show these; without them they say so.
for command in jq igzip taskset; do
  command -v "$command" >/dev/null || echo "not installed: $command (Debian: jq isal util-linux)"
done
ninja -C "$build" --quiet sluice fake_s3 fake_api benches

one() {
  local name=$1
  shift
  case $name in
    day | latency | large | peaks | start | http_cpu | s3_day | s3_put | s3_large | s3_story | api_ingest)
      python3 "bench/$name.py" "$@"
      ;;
    json_bench | codec_bench | sign_bench) "$build/bench/$name" "$@" ;;
    store_bench) "$build/bench/$name" "${1:-$build/bench-data/store}" "${@:2}" ;;
    *)
      echo "no bench is called \"$name\": day latency large peaks start http_cpu s3_day s3_put s3_large" \
        "json_bench codec_bench store_bench sign_bench s3_story api_ingest" >&2
      exit 2
      ;;
  esac
}

if [[ $# -gt 0 ]]; then
  one "$@"
else
  for name in day latency large start http_cpu s3_day s3_put s3_large json_bench codec_bench \
    store_bench sign_bench; do
    one "$name"
  done
fi
