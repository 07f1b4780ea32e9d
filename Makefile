# Every target sets up what it needs by itself, in .venv. Another Python: `make test PYTHON=python3.12`.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --no-input install
STANDINS := $(wildcard standins/*/pyproject.toml standins/*/*/*.py)

.DEFAULT_GOAL := help
.PHONY: help quickstart test test-slow check clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' Makefile | expand -t 20

quickstart: $(VENV)/.installed  ## train on drawn people, evaluate, draw a picture: 5 minutes on a CPU
	$(PY) tools/quickstart.py

test: $(VENV)/.installed-dev  ## run the default tests
	OMP_NUM_THREADS=1 $(PY) -m pytest

test-slow: $(VENV)/.installed-dev  ## run the tests that take minutes or the network
	OMP_NUM_THREADS=1 $(PY) -m pytest -m slow

check: $(VENV)/.installed-lint  ## lint, verify the formatting, check the types
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

clean:  ## remove the virtual environment and the caches, never results
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: a target is set up again when one of its files is newer.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and \
	  f"PYTHON must be 3.10 or newer, got {sys.version.split()[0]}. Name another: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.installed: requirements.txt requirements/deploy.txt $(STANDINS) | $(VENV)/bin/python
	@echo "Installing requirements.txt into $(VENV), once: minutes and gigabytes, most of it PyTorch."
	$(PIP) -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements/dev.txt $(VENV)/.installed
	$(PIP) -r requirements/dev.txt
	@touch $@

$(VENV)/.installed-lint: requirements/lint.txt requirements/deploy.txt | $(VENV)/bin/python
	$(PIP) -r requirements/lint.txt
	@touch $@
