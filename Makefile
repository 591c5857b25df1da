# What people run. Everything below works in a fresh clone with Rust and Python 3; `make test` needs Go too,
# for the readers of plan JSON that are written in it.

CARGO ?= cargo

MDBOOK ?= mdbook

.PHONY: demo test systems lint book audit package bench reliability

## demo: the whole path against AWS on this machine: plan, apply, empty plan, change, destroy
demo:
	$(CARGO) build --locked --workspace
	examples/demo.sh

## test: every test, the emulators included
test:
	$(CARGO) test --locked --workspace

## systems: the four systems in all their environments: apply, changes, drift, destroy; minutes
systems:
	$(CARGO) test --locked --workspace --test systems -- --ignored --test-threads 2

## lint: formatting, clippy, rustdoc
lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps

## book: the book, in target/book; `cargo install mdbook --locked --version 0.5.4` has what makes it
book:
	$(MDBOOK) build

## audit: licences, sources and advisories of the lock file, the container file; under a minute
audit:
	packaging/audit.sh

## package: a Debian package of the optimised command, in target/debian; half an hour
package:
	$(CARGO) build --locked --release --package infra
	$(CARGO) xtask package --binary "$${CARGO_TARGET_DIR:-target}/release/infra"

## bench: all benchmarks, for an hour; docs/benchmarks.md and the README's figures
bench:
	$(CARGO) xtask bench

## reliability: all kills, faults, interrupts and full disks, for an hour or two; docs/reliability.md
reliability:
	$(CARGO) xtask reliability
