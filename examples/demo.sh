#!/usr/bin/env bash
# The whole path on this machine, with AWS played by the sandbox: plan, apply, an empty plan, a change
# in place, destroy, and nothing left. `make demo` builds what this runs.
set -euo pipefail
cd "$(dirname "$0")/.."

infra="${CARGO_TARGET_DIR:-target}/debug/infra"
environment=sandbox

step() { printf '\n== %s\n' "$1"; }

# Ends the demo when a command does not end with the status that is expected of it.
expect() {
  local expected="$1" status=0
  shift
  "$@" || status=$?
  if [ "$status" -ne "$expected" ]; then
    printf 'demo: `%s` ended with %s, expected %s\n' "$*" "$status" "$expected" >&2
    exit 1
  fi
}

step "what an earlier demo left, if it was interrupted"
"$infra" destroy --env $environment --auto-approve

step "what the emulators hold before"
python=.infra/sandbox/venv/bin/python
endpoint="$("$python" -c 'import json; print(json.load(open(".infra/sandbox/sandbox.json"))["endpoint"])')"
"$python" examples/leftovers.py "$endpoint" us-west-2 >.infra/before.json

step "plan: everything is new"
expect 2 "$infra" plan --env $environment --detailed-exitcode

step "apply"
"$infra" apply --env $environment --auto-approve
"$infra" output --env $environment

step "plan: nothing to do"
expect 0 "$infra" plan --env $environment --detailed-exitcode

step "change a setting: logs are kept for 14 days"
expect 2 "$infra" plan --env $environment --var log_retention_days=14 --detailed-exitcode
"$infra" apply --env $environment --var log_retention_days=14 --auto-approve
expect 0 "$infra" plan --env $environment --var log_retention_days=14 --detailed-exitcode

step "destroy"
"$infra" destroy --env $environment --auto-approve

step "what the emulators still hold of it"
"$python" examples/leftovers.py "$endpoint" us-west-2 --without .infra/before.json

step "stop the sandbox"
"$infra" sandbox stop
