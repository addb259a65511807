# The same few commands here and in CI. All set themselves up. `make` alone lists them.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
CORES ?= $(shell nproc 2> /dev/null || echo 2)
BIN := .venv/bin
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes

.DEFAULT_GOAL := help
.PHONY: help demo mnist test setup lint format lock clean

help:  ## what can be made (this list)
	@awk '/^[a-z]+:.*  ## / {name = $$1; sub(/:.*/, "", name); sub(/.*  ## /, ""); \
		printf "  make %-8s%s\n", name, $$0}' Makefile
	@echo "All cores are used unless you add, say, CORES=4. Single results: see README.md."

demo: setup  ## the whole workflow on 5,000 embedded MNIST images, in minutes
	$(BIN)/snakemake all --cores $(CORES) --configfile config/demo.yaml

mnist: setup  ## the paper's settings on the three MNIST benchmarks: 210 runs
	$(BIN)/snakemake all --cores $(CORES) --configfile config/mnist.yaml

test: setup  ## every test
	$(BIN)/python scripts/tools/run_tests.py

setup: .venv/installed  ## a virtual environment, .venv, by the lock

# What is downloaded hangs on the lock alone; another pyproject.toml is installed in a second.
.venv/installed: .venv/locked pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# One lock, exact versions and hashes. One package has no wheel: the lock's own setuptools builds it.
.venv/locked: envs/requirements.lock
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; v == (3, 11) or sys.exit("Python 3.11 is needed, but $(PYTHON) is %d.%d: say make PYTHON=/path/to/python3.11" % v)'
	@echo "Installing into .venv, some 3 GB, once"
	$(PYTHON) -m venv --clear .venv
	sed -n '/^setuptools==/,/[^\\]$$/p' envs/requirements.lock > .venv/setuptools.lock
	$(INSTALL) --only-binary :all: -r .venv/setuptools.lock
	$(INSTALL) --only-binary :all: --no-binary connection-pool --no-build-isolation \
		-r envs/requirements.lock
	@touch $@

lint: setup  ## formatters and linters, changing nothing
	$(BIN)/ruff format --check . && $(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check workflow && $(BIN)/snakemake --lint

format: setup  ## rewrite the sources in the project's format
	$(BIN)/ruff format . && $(BIN)/ruff check --fix . && $(BIN)/snakefmt workflow

lock:  ## pin envs/requirements.in anew (needs uv) and write the conda environments from it
	uv pip compile --generate-hashes --no-header --no-annotate -p 3.11 envs/requirements.in -o envs/requirements.lock
	$(BIN)/python scripts/tools/conda_envs.py

clean:  ## forget the environment; results stay
	rm -rf .venv
