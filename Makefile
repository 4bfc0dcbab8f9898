# The whole of Concert from here: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
SERVER := .venv-label-studio
PIP := --quiet --disable-pip-version-check
BIN := $(VENV)/bin

export HF_HUB_OFFLINE := 1
export BENTOML_DO_NOT_TRACK := True

.PHONY: help setup run test check lint types contracts audit bench clean
.DEFAULT_GOAL := help

help:
	@echo "make run     set up what is missing, then run the whole of Concert in the foreground"
	@echo "make test    all that CI runs: lint, types, import contracts, all tests"
	@echo "make check   the same without the tests that start servers"
	@echo "make setup   both environments, nothing running"
	@echo "make audit   known holes in what is installed (asks the network)"
	@echo "make bench   measure against peers and limits"
	@echo "make clean   remove both environments and caches (never your data)"

# A stamp in each environment, so that a second run installs nothing.
$(VENV)/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(v != (3, 11) and f"Concert needs Python 3.11, but {sys.executable} is {v[0]}.{v[1]}: make PYTHON=python3.11")'
	@echo "Setting up Concert's environment (about two minutes the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install $(PIP) --upgrade -c constraints.txt pip
	@$(BIN)/pip install $(PIP) -c constraints.txt torch
	@$(BIN)/pip install $(PIP) -c constraints.txt --editable '.[dev]'
	@touch $@

$(SERVER)/.ready: labeling/server/requirements.txt labeling/server/constraints.txt
	@echo "Setting up Label Studio's environment (about two minutes the first time)"
	@test -x $(SERVER)/bin/python || $(PYTHON) -m venv $(SERVER)
	@$(SERVER)/bin/pip install $(PIP) -c labeling/server/constraints.txt -r labeling/server/requirements.txt
	@touch $@

setup: $(VENV)/.ready $(SERVER)/.ready

# `exec` hands Ctrl-C to Concert alone, which stops all it started.
run: setup
	@exec $(BIN)/concert up

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/deptry .

types: $(VENV)/.ready
	$(BIN)/mypy

contracts: $(VENV)/.ready
	$(BIN)/lint-imports

# Two processes at once: most of the time goes in waiting for servers to start.
test: setup lint types contracts
	$(BIN)/pytest -n 2 --no-loadscope-reorder

check: $(VENV)/.ready lint types contracts
	$(BIN)/pytest -m "not server"

audit: $(VENV)/.ready
	$(BIN)/pip-audit --skip-editable

bench: setup
	$(BIN)/python -m bench

clean:
	rm -rf $(VENV) $(SERVER) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist *.egg-info
