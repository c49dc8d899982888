#!/usr/bin/env bash
# run.sh [SECONDS] [NAME...]: each patch beside this undoes one mend, alone. The simulator must then find
# a seed that fails, within SECONDS (60). Works in a copy, build/undone.
#
# A patch that doesn't apply any more is a failure, too: either the mend has moved, and the patch follows
# it, or what it mended can't be written any more, and the patch goes.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
readonly here root copy=$root/build/undone

seconds=${1:-60}
[[ $# -eq 0 ]] || shift
names=("$@")
if [[ ${#names[@]} -eq 0 ]]; then
  for patch in "$here"/*.patch; do names+=("$(basename "$patch" .patch)"); done
fi

# Laid out like the original, so that ccache knows what is compiled. Everything gets a new time, so that
# nothing built of a patched source is taken for this one's.
fresh_copy() {
  mkdir -p "$copy"
  (cd "$copy" && rm -rf src test bench tools examples)
  (cd "$root" && cp -r CMakeLists.txt src test bench tools examples "$copy/")
}
fresh_copy
cmake -S "$copy" -B "$copy/build" -G Ninja >"$copy/configure.log" 2>&1 || {
  cat "$copy/configure.log"
  exit 1
}

found=0 missed=0
for name in "${names[@]}"; do
  patch=$here/$name.patch log=$copy/$name.log
  if ! patch -d "$copy" -p1 -s --no-backup-if-mismatch <"$patch" >"$log" 2>&1; then
    echo "$name: does not apply, see $log"
    missed=$((missed + 1))
    fresh_copy
    continue
  fi
  begun=$SECONDS
  if ! ninja -C "$copy/build" simulate >"$log" 2>&1; then
    echo "$name: does not build, see $log"
    missed=$((missed + 1))
  else
    begun=$SECONDS
    if "$copy/build/simulate" --seconds "$seconds" --until-failure >"$log" 2>/dev/null; then
      echo "$name: NOT FOUND in $seconds s: $(head -n 1 "$patch")"
      missed=$((missed + 1))
    else
      echo "$name: found after $((SECONDS - begun)) s: $(grep -m 1 -A 1 -E 'FAILS|ABORTS' "$log" | tr '\n' ' ')"
      found=$((found + 1))
    fi
  fi
  patch -d "$copy" -p1 -s -R --no-backup-if-mismatch <"$patch"
done
echo "$found undone mends found, $missed missed"
[[ $missed -eq 0 ]]
