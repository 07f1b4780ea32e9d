# Every target sets up what it needs by itself, in .venv. Another Python: `make test PYTHON=python3.12`.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --no-input install
STANDINS := $(wildcard standins/*/pyproject.toml standins/*/*/*.py)

.DEFAULT_GOAL := help
.PHONY: help quickstart test test-slow matrix check clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' Makefile | expand -t 20

quickstart: $(VENV)/.installed  ## train on drawn people, evaluate, draw a picture: 5 minutes on a CPU
	$(PY) tools/quickstart.py

test: $(VENV)/.installed-dev  ## run the default tests
	OMP_NUM_THREADS=1 $(PY) -m pytest

test-slow: $(VENV)/.installed-dev  ## run the tests that take minutes or the network
	OMP_NUM_THREADS=1 $(PY) -m pytest -m slow

# What is deployed, without PyTorch: preprocessing, decoding, runners, evaluation, graphs. Left out is what compares with
# mmpose, and what runs onnx's own Resize, for which older versions take many minutes.
DEPLOYED := tests/test_prepostprocess tests/test_utils --ignore tests/test_prepostprocess/test_nms.py \
  --ignore tests/test_utils/onnx_graph/test_npu_cures.py \
  -k "not mmpose"
PYTHONS ?= python3.10 python3.11 python3.12 python3.13
matrix:  ## run the tests of what is deployed with oldest and newest packages, on each of PYTHONS
	for python in $(PYTHONS); do for pins in /dev/null requirements/oldest.txt; do \
	  command -v $$python >/dev/null || { echo "$$python: not here, left out"; continue 2; }; \
	  folder=$(VENV)-matrix/$$python-$$(basename $$pins .txt); \
	  $$python -m venv $$folder && $$folder/bin/python -m pip --disable-pip-version-check install -q \
	    -r requirements/deploy.txt -r requirements/dev.txt ./standins/xtcocotools "faster-coco-eval>=1.8,<2" -c $$pins && \
	  OMP_NUM_THREADS=1 $$folder/bin/python -m pytest -q $(DEPLOYED) || exit 1; \
	done; done

check: $(VENV)/.installed-lint  ## lint, verify the formatting, check the types
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

clean:  ## remove the virtual environment and the caches, never results
	rm -rf $(VENV) $(VENV)-matrix .pytest_cache .ruff_cache .mypy_cache .hypothesis
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
