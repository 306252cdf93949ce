# iwmo_gateway: everything that a developer types. Each target makes what it needs by itself and may be run twice.

PYTHON ?= python3
VENV   ?= .venv
PORT   ?= 8080
CAMPAIGN_SECONDS ?= 600
MINUTES ?= 10
SEED   ?= 1
BIN    := $(VENV)/bin
# Tests run side by side, two processes for each core: many of them wait for a database or a process.
AT_ONCE := --dist worksteal -n $(shell cores=$$(getconf _NPROCESSORS_ONLN); echo $$((cores > 4 ? 8 : 2 * cores)))

.DEFAULT_GOAL := help
.PHONY: help demo test check format bench campaign fuzz clean

help: ## show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(VENV)/.installed ## send a story over HTTP to a gateway of its own, and keep serving (PORT=8080, DEMO_EXIT=1 stops)
	$(BIN)/iwmo-gateway demo --port $(PORT)

test: $(VENV)/.installed-dev ## pass all tests, on SQLite and PostgreSQL
	$(BIN)/python -m pytest $(AT_ONCE)

check: $(VENV)/.installed-dev ## ruff, mypy --strict, import-linter and all tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pytest $(AT_ONCE)

format: $(VENV)/.installed-dev ## mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.installed-dev ## measure, as ratios in one run (bench/README.md)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	$(BIN)/python -m bench

campaign: $(VENV)/.installed-dev ## kill processes and PostgreSQL under traffic, then check the books (CAMPAIGN_SECONDS=600)
	$(BIN)/python -m tests.acceptance.campaign --seconds $(CAMPAIGN_SECONDS)

fuzz: $(VENV)/.installed-dev ## damage messages by chance for ten minutes, then schemathesis for long (MINUTES=60, SEED=2)
	$(BIN)/python -m tests.fuzz --minutes $(MINUTES) --seed $(SEED)
	SCHEMATHESIS_EXAMPLES=200 $(BIN)/python -m pytest tests/evil/test_schemathesis.py

clean: ## remove what the other targets made
	rm -rf $(VENV) var dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis

# A virtual environment is made anew when pyproject.toml asks for other packages.
$(VENV)/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, not " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@
