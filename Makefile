# What people run. Everything below works in a fresh clone with Rust and Python 3 only.

CARGO ?= cargo

.PHONY: demo test lint bench reliability

## demo: the whole path against AWS on this machine: plan, apply, empty plan, change, destroy
demo:
	$(CARGO) build --locked --workspace
	examples/demo.sh

## test: every test, the emulators included
test:
	$(CARGO) test --locked --workspace

## lint: formatting, clippy, rustdoc
lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps

## bench: how long the stacks crate takes to build; the README's figures
bench:
	$(CARGO) xtask bench

## reliability: all kills, faults, interrupts and full disks, for an hour or two; docs/reliability.md
reliability:
	$(CARGO) xtask reliability
