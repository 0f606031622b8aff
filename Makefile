# make demo | test | lint | docs | lock | clean. The first call sets everything up in .venv; later calls find it done.

VENV := .venv
PY := $(VENV)/bin/python
# Needed by nothing here, and able to break a virtualenv:
unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH PIP_USER PIP_TARGET PIP_PREFIX PIP_REQUIRE_VIRTUALENV
export PIP_DISABLE_PIP_VERSION_CHECK = 1

USABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
# The interpreter for .venv: the first of these that is new enough; `make PYTHON=... test` decides otherwise.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3 python; do \
	$$python -c '$(USABLE)' >/dev/null 2>&1 && echo $$python && break; done)

# What .venv was made from. Another lock, another place on the disk or a vanished interpreter: it is made good.
STAMP := $(VENV)/.made-from
FINGERPRINT = $(shell cat requirements-dev.txt pyproject.toml | cksum | tr ' ' '-')-$(CURDIR)

.PHONY: help setup demo test coverage lint docs bench lock clean

help:
	@echo "make demo   see stale deals returned on a local Planfix sandbox (no account, no network)"
	@echo "make test   style, types, import rules and all tests"
	@echo "make coverage  the tests, and how much of the code they reach"
	@echo "make lint   style, types and import rules only; make docs: the documents into site/; make lock: new pins"
	@echo "make bench  measure crmkit beside its peers and write docs/reference/performance.md (about eight minutes)"

setup:
	@if [ "$$(cat $(STAMP) 2>/dev/null)" != "$(FINGERPRINT)" ] || ! $(PY) -c '' 2>/dev/null; then \
		$(MAKE) --no-print-directory $(STAMP); fi

.PHONY: $(STAMP)
$(STAMP):
	@$(PY) -c '' 2>/dev/null || { \
		[ -n "$(PYTHON)" ] && "$(PYTHON)" -c '$(USABLE)' 2>/dev/null || { \
			echo "crmkit needs Python 3.11 or newer with its venv module; found none: make PYTHON=/path/to/python3" >&2; exit 2; }; \
		echo "Setting up $(VENV) with $$("$(PYTHON)" -V) (once, a minute or two) ..."; \
		"$(PYTHON)" -m venv --clear $(VENV); }
	@$(PY) -m pip install -qq --require-hashes -r requirements-dev.txt
	@$(PY) -m pip install -qq --no-deps --no-build-isolation --editable .
	@echo "$(FINGERPRINT)" > $(STAMP)

demo: setup
	@$(PY) -m crmkit.cli demo $(ARGS)

lint: setup
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	$(PY) -c "from importlinter.cli import lint_imports_command as lint; lint()" --no-cache

test: lint
	$(PY) -m pytest -n 2 --doctest-modules tests crmkit recipes $(ARGS)

# Half as slow again, so not a part of `make test`.
coverage: setup
	$(PY) -m pytest -n 2 --doctest-modules --cov --cov-report= tests crmkit recipes $(ARGS)
	@$(PY) -m coverage report --skip-covered --skip-empty --format=total | sed 's/^/coverage: /; s/$$/ %/'

docs: setup
	NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict

# The peers want older libraries than we do, so they have a place of their own; `make clean` takes it away too.
PEERS := $(VENV)/peers
bench: setup
	@if [ "$$(cat $(PEERS)/.made-from 2>/dev/null)" != "$$(cksum < requirements-bench.txt)" ]; then \
		$(PY) -m venv --clear $(PEERS) && \
		$(PEERS)/bin/python -m pip install -qq --require-hashes -r requirements-bench.txt && \
		cksum < requirements-bench.txt > $(PEERS)/.made-from; fi
	$(PEERS)/bin/python -m tests.benchmarks $(ARGS)

lock: setup
	$(PY) -m piptools compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras --no-annotate \
		--extra serve --extra reports --extra dev --build-deps-for editable \
		--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options --no-header \
		--output-file requirements-dev.txt pyproject.toml
	@sed -n 's/^\([a-z][^ ]*==[^ ]*\).*/\1/p' requirements-dev.txt | grep -v '^tzdata==' > $(VENV)/constraints.txt
	$(PY) -m piptools compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-annotate \
		--extra bench --constraint $(VENV)/constraints.txt \
		--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options --no-header \
		--output-file requirements-bench.txt pyproject.toml

clean:
	rm -rf $(VENV) site htmlcov .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis
