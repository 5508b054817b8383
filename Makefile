# What a person must remember: make up, make test. `make` alone lists the rest.

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

up: .venv/up.stamp ## install what is missing and start everything; ARGS=--detach returns when it is ready
	$(BIN)/signalengine up $(ARGS)

down: ## stop what `make up` started
	@if $(BIN)/signalengine --version >/dev/null 2>&1; then $(BIN)/signalengine down; fi

test: .venv/dev.stamp ## run the tests; ARGS=tests/domain runs some of them
	@$(BIN)/python -m operators.warm  # once, and not in each of the two workers
	$(BIN)/python -m pytest --numprocesses=2 --dist=worksteal $(ARGS)

check: .venv/dev.stamp ## format, lint, types and imports; changes nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: .venv/dev.stamp ## write the generated tables of the README
	$(BIN)/python -m tests.house.readme

bench: .venv/bench.stamp ## measure, with peers beside us, and write the figures of the README; ARGS=roll only that
	$(BIN)/python -m benchmarks $(ARGS)

bench-api: BENCH_NODE_MODULES ?= node_modules
bench-api: .venv/up.stamp ## measure the API beside bare sockets, Node ws, NATS and Mosquitto, as far as they are there
	BENCH_NODE_MODULES=$(BENCH_NODE_MODULES) $(BIN)/python -m benchmarks rest websocket connections

clean: down ## stop everything and remove the environment and all caches; the data of `up` stays
	rm -rf .venv *.egg-info build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp says that an installation came to its end. One that did not left `.venv/unfinished` behind, or
# no working pip; then we begin anew, since a half-written package can look whole to pip. The pip that
# comes with Python 3.11 takes no hashes from constraints; the newest does.
.venv/up.stamp: EXTRAS := embedded
.venv/dev.stamp: EXTRAS := embedded dev
.venv/bench.stamp: EXTRAS := embedded dev bench
.venv/up.stamp .venv/dev.stamp .venv/bench.stamp: $(INPUTS)
	@test -n '$(PYTHON)' || { echo >&2 'make: no Python 3.11 or 3.12 with venv found; install one, or give PYTHON=path'; exit 2; }
	@if test -e .venv/unfinished || ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
		echo 'creating .venv with $(PYTHON)'; $(PYTHON) -m venv --clear .venv; fi
	@touch .venv/unfinished
	@echo 'installing signalengine[$(EXTRAS)]; the first time takes some minutes'
	@$(PIP) install --upgrade pip
	@$(BIN)/python -c "$$WANTED" $(EXTRAS) > .venv/wanted.txt
	@$(PIP) install $(if $(wildcard requirements.lock),--require-hashes --constraint requirements.lock) \
		--requirement .venv/wanted.txt
	@PYTHONWARNINGS=ignore $(PIP) install --no-deps --editable .
	@rm .venv/unfinished
	@touch $(patsubst %,.venv/%.stamp,up $(filter-out embedded,$(EXTRAS)))

# Our requirements by their bare names: the lock says which version, and with which hash.
define WANTED
import re, sys, tomllib
project = tomllib.load(open('pyproject.toml', 'rb'))['project']
wanted = project['dependencies'] + [one for extra in sys.argv[1:] for one in project['optional-dependencies'][extra]]
print(*(re.match(r'[\w.-]+(\[.*?\])?', one)[0] for one in wanted), sep='\n')
endef
export WANTED
