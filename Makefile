# The commands of this project; `make help` lists them.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench docs screenshots clean

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

# One stamp per set of dependencies: installing again only when setup.cfg changed.
$(VENV)/.installed: setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the service (about a minute the first time)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-tests: setup.cfg pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the service and what its tests need (about two minutes the first time)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --editable .[test]
	@touch $@ $(VENV)/.installed

demo: $(VENV)/.installed  ## everything on this machine with demo data: PORT=8123 make demo
	@PORT=$(PORT) exec $(BIN)/pro demo

test: $(VENV)/.installed-tests  ## every test, on throw-away PostgreSQL, Redis, SQLite and Chromium
	@$(BIN)/python -m tests.support.chromium
	@$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: $(VENV)/.installed-tests  ## style, types, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

bench: $(VENV)/.installed-tests  ## one JSON line per benchmark, each against a limit measured in the same run
	@$(BIN)/python -m tests.benchmarks

docs: $(VENV)/.installed-tests  ## write the reference pages that follow from code and data
	@$(BIN)/python docs/generate.py

screenshots: $(VENV)/.installed-tests  ## a picture of every patient screen in var/screenshots, to be looked at
	@$(BIN)/python -m tests.support.chromium
	@$(BIN)/python -m tests.screenshots

clean:  ## forget the virtual environment and caches; var/ with its data stays
	@rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
