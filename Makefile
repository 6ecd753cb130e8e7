# Two commands are all there is to know: `make demo` and `make test`. Both install what is missing (Debian's packages,
# Python's into .build/venv), on a machine with a Swift 6.3 toolchain.
SHELL := /bin/bash
VERSION := 0.1.0
LIBRARY := .build/release/libpenstock.so
PYTHON := .build/venv/bin/python
PREFIX ?= /usr/local
SWIFT_SOURCES := $(shell find Sources include Package.swift -type f)

export PENSTOCK_LIBRARY ?= $(CURDIR)/$(LIBRARY)

.PHONY: all demo test test-swift test-sanitizers test-c test-python test-servers lint bench dist install examples \
	fuzz crash simulate setup library clean

all: library

setup:
	@scripts/setup-debian.sh
	@scripts/setup-python.sh

library: $(LIBRARY)

$(LIBRARY): $(SWIFT_SOURCES)
	@# A change of the export map alone makes SwiftPM see no reason to link again.
	@rm -f $(LIBRARY)
	swift build -c release --product penstock
	@touch $(LIBRARY)

demo: setup library
	scripts/demo.sh

# Everything; what CI runs.
test: setup library
	scripts/test.sh

test-swift: setup
	swift test

test-sanitizers: setup
	scripts/test-sanitizers.sh

test-c: setup library
	scripts/test.sh c-plain c-valgrind c-asan examples-c

test-python: setup library
	scripts/test.sh $$(scripts/test.sh --list | grep ^python:)

test-servers: setup library
	scripts/test.sh python:Tests/real_servers_tests

lint: setup library
	Tests/lint/run.sh
	scripts/lint-python.sh

bench: setup library
	swift build -c release --product ScannerBench
	Tests/bench/run.sh

# At length; `make test` runs each of them briefly.
fuzz: setup
	Tests/fuzz/run $(or $(SECONDS_EACH),600)

# kill -9 at random instants, every system call failing and every one the last, power cuts; with proof by checksums.
crash: setup library
	cd Tests && PENSTOCK_CRASH_STEP=$(or $(STEP),1) PENSTOCK_CRASH_ITERATIONS=$(or $(ITERATIONS),1000) \
		../$(PYTHON) -m pytest -q -s -p no:cacheprovider crash
	cd Tests && PENSTOCK_CRASH_ITERATIONS=$(or $(shell expr $(or $(ITERATIONS),1000) / 10),1) \
		../$(PYTHON) -m pytest -q -p no:cacheprovider e2e/test_durable.py -k killed

simulate: setup
	PENSTOCK_SIMULATION_SEEDS=$(or $(SEEDS),20000) swift test -c release --filter Simulation

examples: library
	mkdir -p .build/prefix .build/examples
	scripts/install.sh PREFIX=$(CURDIR)/.build/prefix
	PKG_CONFIG_PATH=$(CURDIR)/.build/prefix/lib/pkgconfig $(MAKE) -C examples/c BUILD=$(CURDIR)/.build/examples

install: library
	scripts/install.sh PREFIX=$(PREFIX) $(if $(DESTDIR),DESTDIR=$(DESTDIR))

dist: setup library
	scripts/dist.sh $(VERSION)

clean:
	rm -rf .build .build-tsan .build-asan dist
