# Set-up, tests and checks of bordin. Needs make, and Python 3.11 or newer with its venv module.
# uv is used where it is found; `make UV= ...` does without it.

UV := $(shell command -v uv 2>/dev/null)
VENV := .venv
MODELS := .models
VOICES := .voices
# What is tested with real speech models: accuracy, engines, a sealed study, and the tutorial's commands.
REAL := tests/tapes/real tests/test_docs.py::test_the_tutorial_on_tapes_runs_as_written
PY := $(VENV)/bin/python
INSTALL := UV="$(UV)" PYTHON="$(PYTHON)" sh requirements/install.sh $(VENV)
OPTIONS ?=
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: help demo test tapes-real workbench-browser setup lint bench bench-tapes bench-workbench kills level docs lock \
	wheel clean
.DELETE_ON_ERROR:

help:  ## List these commands.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */  make \1\t/' | expand -t 26

demo: $(VENV)/.ready  ## Set up, run both example studies, say where their reports are.
	@$(VENV)/bin/bordin demo

test: $(VENV)/.ready-test  ## Set up and run the tests (OPTIONS="-k word" picks some).
	@$(PY) -m pytest $(OPTIONS)

tapes-real: $(VENV)/.ready-test  ## Fetch speech models and test tapes with them (minutes; needs a network the first time).
	@.ci/models.sh $(MODELS)
	@UV="$(UV)" PYTHON="$(PYTHON)" .ci/voices.sh $(VOICES)
	@BORDIN_MODELS="$(abspath $(MODELS))" BORDIN_TEST_MODELS="$(abspath $(MODELS))" \
		BORDIN_TEST_VOICES="$(abspath $(VOICES))" $(PY) -m pytest $(REAL) $(OPTIONS)

workbench-browser: $(VENV)/.ready-test  ## Test the workbench in a real browser and on PostgreSQL; says what is absent.
	@sh .ci/browser.sh absent
	@BORDIN_BROWSER=1 $(PY) -m pytest tests/workbench/browser $(OPTIONS)

setup: $(VENV)/.ready-test  ## Make the environment .venv and nothing else.
	@echo "The environment is ready: $(VENV)/bin/bordin --help"

lint: $(VENV)/.ready-lint  ## Set up and check style, types and import directions.
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

bench: $(VENV)/.ready  ## Measure the statistics against R; says what is missing.
	@$(PY) benchmarks/association.py
	@$(PY) benchmarks/reliability.py

bench-tapes: $(VENV)/.ready-test  ## Measure work on tapes: CPU time, sealing, memory, reads (OPTIONS="--parts add").
	@BORDIN_MODELS="$${BORDIN_MODELS:-$(abspath $(MODELS))}" $(PY) benchmarks/tapes.py $(OPTIONS)

bench-workbench: $(VENV)/.ready-test  ## Measure the workbench: saves, pages, start, a large study (OPTIONS="--part saves").
	@$(PY) benchmarks/workbench.py $(OPTIONS)

kills: $(VENV)/.ready-test  ## Kill runs on tapes 50 times and look whether anything is lost (many minutes).
	@$(PY) benchmarks/tape_kills.py $(OPTIONS)

level: $(VENV)/.ready  ## Simulate the error rate of maxT with missing cells (many minutes).
	@$(PY) benchmarks/maxt_level.py

docs: $(VENV)/.ready  ## Write docs/reference anew from the code.
	@$(PY) docs/make_reference.py

wheel: $(VENV)/.ready  ## Build the wheel into dist/.
	@$(PY) -m hatchling build -t wheel

lock:  ## Resolve the requirements anew (needs uv).
	@sh requirements/lock.sh "$(UV)"

clean:  ## Remove the environment, models and voices of tests, caches and written reports.
	rm -rf $(VENV) $(MODELS) $(VOICES) dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis examples/*/reports
	find src tests docs benchmarks examples -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.ready: requirements/bordin.txt requirements/install.sh pyproject.toml
	@$(INSTALL) bordin
	@touch $@

$(VENV)/.ready-tape: $(VENV)/.ready requirements/tape.txt
	@$(INSTALL) tape
	@touch $@

$(VENV)/.ready-workbench: $(VENV)/.ready-tape requirements/workbench.txt
	@$(INSTALL) workbench
	@touch $@

$(VENV)/.ready-test: $(VENV)/.ready-workbench requirements/test.txt
	@$(INSTALL) test
	@touch $@

$(VENV)/.ready-lint: $(VENV)/.ready-test requirements/lint.txt
	@$(INSTALL) lint
	@touch $@
