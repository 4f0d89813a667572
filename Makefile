# Two commands on a fresh machine: `make call` and `make test`. Both need only Python 3.11 or newer.
#
# .venv is prepared on first use and again whenever pyproject.toml changes. PYTHON names another
# interpreter, VENV another folder: make call PYTHON=python3.12 VENV=/tmp/venv

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
CALL := $(VENV)/.ready-call
TEST := $(VENV)/.ready-test
MIC := $(VENV)/.ready-mic

# A pinned torch goes in first: asked for on its own, pip takes the CPU build wherever one is offered.
TORCH := torch==2.13.0
# At a terminal pip shows its progress bars; in a log only the step lines remain.
QUIET := $(shell test -t 2 || echo --quiet)
PIP := $(BIN)/python -m pip --disable-pip-version-check install $(QUIET)

.DEFAULT_GOAL := help
.PHONY: help call serve mic test lint scripts clean

help:  ## this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

call: $(CALL)  ## a whole call on this machine, shown as it happens (about a minute)
	@$(BIN)/secousti call --out calls/latest

serve: $(CALL)  ## the server on ws://127.0.0.1:8765
	@$(BIN)/secousti serve

mic: $(MIC)  ## talk to it yourself, with microphone and headphones
	@$(BIN)/secousti mic

test: $(TEST)  ## every test
	@$(BIN)/python -m pytest

lint: $(TEST)  ## style and types
	@$(BIN)/ruff check .
	@$(BIN)/mypy

scripts: $(CALL)  ## render the crisis scripts again (after a change of words, voice or weights)
	@$(BIN)/python -m voice_agent.scripts

clean:  ## remove the environment and what calls and tests left behind
	rm -rf $(VENV) calls .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info

$(CALL): EXTRAS :=
$(TEST): EXTRAS := [dev,bench]
# pipecat's serialisers, which our vendor wires must equal: beside the environment, since pipecat
# wants older packages than ours, and without most of what it would bring.
$(TEST): PEERS := --no-deps --upgrade --target $(VENV)/pipecat -r tests/pipecat.txt
$(MIC): EXTRAS := [mic]
$(CALL) $(TEST) $(MIC): pyproject.toml
	@began=$$(date +%s); \
	step() { printf '[%s] %4ds  %s\n' "$$1" $$(( $$(date +%s) - began )) "$$2"; }; \
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo 'secousti needs Python 3.11 or newer: make $(MAKECMDGOALS) PYTHON=python3.12' >&2; \
	    exit 2; }; \
	step 1/4 'a virtual environment in $(VENV)'; \
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || exit; \
	step 2/4 '$(TORCH), about 200 MB'; \
	$(PIP) '$(TORCH)' || exit; \
	step 3/4 'secousti$(EXTRAS) and the voices and recogniser it stands on, about 400 MB'; \
	$(PIP) -e '.$(EXTRAS)' || exit; \
	$(if $(PEERS),$(PIP) $(PEERS) || step 3/4 'no pipecat for this Python: its tests are skipped';) \
	step 4/4 'ready: $(BIN)/secousti --help'; \
	touch $@
