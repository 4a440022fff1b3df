# mailguard: `make` lists the targets. Needs git, make and python3; as root it installs what else is missing.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
STAMP := .venv/.installed
APT := DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends
# Real servers and a browser for the tests. dovecot and postgresql are never run as services of the machine.
TEST_PACKAGES := postfix dovecot-core dovecot-imapd dovecot-lmtpd postgresql chromium poppler-utils
PYTEST := $(BIN)/python -m pytest
# Two workers on two cores: arithmetic that starts threads of its own would only stand in its own way.
export OPENBLAS_NUM_THREADS := 1
export OMP_NUM_THREADS := 1

.DEFAULT_GOAL := help
.PHONY: help setup test-packages run test prove check bench evaluate screenshots lock clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

setup: $(STAMP) ## make .venv from requirements.lock (again only when the lock or pyproject.toml changed)

# flock: several `make` at once in one checkout must not install over each other.
$(STAMP): requirements.lock pyproject.toml hatch_build.py
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  [ "$$(id -u)" = 0 ] || { echo "python3-venv is missing: as root, apt-get install python3-venv" >&2; exit 1; }; \
	  $(APT) install python3-venv || { apt-get -q update && $(APT) install python3-venv; }; }
	@flock .setup.lock sh -ec '\
	  [ -e $@ ] && [ $@ -nt requirements.lock ] && [ $@ -nt pyproject.toml ] && [ $@ -nt hatch_build.py ] && exit 0; \
	  [ -x $(BIN)/python ] || $(PYTHON) -m venv .venv; \
	  echo "installing requirements.lock into .venv (about a minute)"; \
	  $(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.lock; \
	  $(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .; \
	  touch $@'

# policy-rc.d with status 101 keeps Debian's packages from starting services while they are installed.
test-packages: ## install the servers and the browser that the tests use (as root, only what is missing)
	@missing=; for package in $(TEST_PACKAGES); do \
	  dpkg-query -W -f '$${db:Status-Status}' $$package 2>/dev/null | grep -qx installed || missing="$$missing $$package"; done; \
	[ -n "$$missing" ] || exit 0; \
	[ "$$(id -u)" = 0 ] || { echo "the tests need$$missing: as root, make test-packages" >&2; exit 1; }; \
	echo "installing$$missing"; policy=/usr/sbin/policy-rc.d; \
	if [ ! -e $$policy ]; then printf '#!/bin/sh\nexit 101\n' >$$policy; chmod 755 $$policy; trap 'rm -f /usr/sbin/policy-rc.d' EXIT; fi; \
	$(APT) install $$missing >/dev/null || { apt-get -q update && $(APT) install $$missing >/dev/null; }

run: setup ## start the demo: a throw-away school with its own mail servers
	@$(BIN)/mailguard demo

test: setup test-packages check ## everything that must pass: check, then all tests
	$(PYTEST) -n 2 --ignore=tests/bench

# Forty times the examples of a quick run: a test may take longer than the quick run's two minutes.
prove: setup test-packages ## the tests over the whole tables instead of samples (slow)
	MAILGUARD_PROVE=1 $(PYTEST) -n 2 --timeout=900 --ignore=tests/bench

check: setup ## lint, format, types, layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup test-packages ## measure speed (tests/bench), and what the model costs
	@$(BIN)/python -m tests.bench.model
	$(PYTEST) tests/bench --benchmark-only --benchmark-columns=min,median,max,ops,rounds --dist=no -p no:randomly

evaluate: setup ## measure the decisions and the model on the evaluation mail
	@$(BIN)/python -m tests.evaluate

screenshots: setup test-packages ## take the pictures of every screen anew (docs/screenshots)
	@$(BIN)/python -m tests.screens

lock: setup ## write requirements.lock anew from pyproject.toml (hashes, no addresses)
	$(BIN)/uv pip compile --quiet --upgrade --all-extras --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --no-header --output-file requirements.lock pyproject.toml

clean: ## remove what was built and installed here
	rm -rf .venv .setup.lock .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .benchmarks build dist
