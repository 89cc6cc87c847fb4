# The door to the house. Every verb bootstraps what it needs into .venv (uv where present, else pip).
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help demo test check interop figures simulate threats clean

VENV := .venv
BIN := $(VENV)/bin

help: ## what can be done here
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/.installed ## watch the whole job happen, without any account
	@$(BIN)/deskgate demo

test: $(VENV)/.installed-dev ## every test; needs no network and no account
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal $(PYTEST_ARGS)

check: $(VENV)/.installed-dev ## lint, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

interop: $(VENV)/.installed-dev ## other people's MCP clients, through every door (needs Node 20)
	interop/run

simulate: $(VENV)/.installed-dev ## many thousand days at a desk where everything fails (SEEDS=10000)
	$(BIN)/python tests/simulation/seeds.py --seeds $${SEEDS:-10000}

figures: $(VENV)/.installed-dev ## measure again what docs/figures.md publishes
	$(BIN)/python benchmarks/figures.py

threats: $(VENV)/.installed-dev ## take every control away and see its tests fail; writes docs/threats.md
	$(BIN)/python tests/threats/remove_controls.py

clean: ## remove .venv and caches
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis dist build

$(VENV)/.installed: pyproject.toml constraints.txt scripts/bootstrap
	@sh scripts/bootstrap $(VENV) .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt scripts/bootstrap
	@sh scripts/bootstrap $(VENV) '.[dev]'
	@touch $@ $(VENV)/.installed
