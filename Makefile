# The main targets are `make up` and `make test`; `make` without a target lists all of them.

PYTHON ?= $(shell for python in python3.11 python3.12 python3; do \
	$$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' \
	2>/dev/null && command -v $$python && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
INPUTS := pyproject.toml $(wildcard requirements.lock)

.DEFAULT_GOAL := help
.PHONY: help up down test check docs bench bench-api clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: .venv/up.stamp ## install missing dependencies and start all services; ARGS=--detach returns when they are ready
	$(BIN)/signalengine up $(ARGS)

down: ## stop the services that `make up` started
	@if $(BIN)/signalengine --version >/dev/null 2>&1; then $(BIN)/signalengine down; fi

test: .venv/dev.stamp ## run the tests; ARGS=tests/domain selects some of them
	@$(BIN)/python -m operators.warm  # compile the kernels once instead of in both workers
	$(BIN)/python -m pytest --numprocesses=2 --dist=worksteal $(ARGS)

check: .venv/dev.stamp ## check format, lint, types and imports, without changing files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: .venv/dev.stamp ## update the generated tables of the README
	$(BIN)/python -m tests.house.readme

bench: .venv/bench.stamp ## run the benchmarks and their peers, and update the README; ARGS=roll runs one of them
	$(BIN)/python -m benchmarks $(ARGS)

bench-api: BENCH_NODE_MODULES ?= node_modules
bench-api: .venv/up.stamp ## compare the API with bare sockets, Node ws, NATS and Mosquitto, if installed
	BENCH_NODE_MODULES=$(BENCH_NODE_MODULES) $(BIN)/python -m benchmarks rest websocket connections

clean: down ## stop all services, remove the environment and all caches; keep the data of `make up`
	rm -rf .venv *.egg-info build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp marks a complete installation. An interrupted one leaves `.venv/unfinished` behind, or a broken pip; then .venv
# is created anew, since pip may take a partly written package for an installed one. pip is upgraded because the version
# bundled with Python 3.11 does not accept hashes from constraints.
.venv/up.stamp: EXTRAS := embedded
.venv/dev.stamp: EXTRAS := embedded dev
.venv/bench.stamp: EXTRAS := embedded dev bench
.venv/up.stamp .venv/dev.stamp .venv/bench.stamp: $(INPUTS)
	@test -n '$(PYTHON)' || { echo >&2 'make: no Python 3.11 or 3.12 with venv found; install one, or set PYTHON=path'; exit 2; }
	@if test -e .venv/unfinished || ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
		echo 'creating .venv with $(PYTHON)'; $(PYTHON) -m venv --clear .venv; fi
	@touch .venv/unfinished
	@echo 'installing signalengine[$(EXTRAS)]; the first time takes a few minutes'
	@$(PIP) install --upgrade pip
	@$(BIN)/python -c "$$BARE_REQUIREMENTS" $(EXTRAS) > .venv/requirements.txt
	@$(PIP) install $(if $(wildcard requirements.lock),--require-hashes --constraint requirements.lock) \
		--requirement .venv/requirements.txt
	@PYTHONWARNINGS=ignore $(PIP) install --no-deps --editable .
	@rm .venv/unfinished
	@touch $(patsubst %,.venv/%.stamp,up $(filter-out embedded,$(EXTRAS)))

# Prints the names of the required packages without versions: the lock file pins versions and hashes.
define BARE_REQUIREMENTS
import re, sys, tomllib
project = tomllib.load(open('pyproject.toml', 'rb'))['project']
lines = project['dependencies'] + [line for extra in sys.argv[1:] for line in project['optional-dependencies'][extra]]
print(*(re.match(r'[\w.-]+(\[.*?\])?', line)[0] for line in lines), sep='\n')
endef
export BARE_REQUIREMENTS
