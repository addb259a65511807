# The same few commands here and in CI. All set themselves up. `make` alone lists them.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
CORES ?= $(shell nproc 2> /dev/null || echo 2)
BIN := .venv/bin
DOCS := .venv-docs/bin
INSTALL := pip install --quiet --disable-pip-version-check --require-hashes

IS_PYTHON_3_11 := $(PYTHON) -c 'import sys; v = sys.version_info[:2]; v == (3, 11) or sys.exit("Python 3.11 is needed, but $(PYTHON) is %d.%d: say make PYTHON=/path/to/python3.11" % v)'

.DEFAULT_GOAL := help
.PHONY: help demo mnist test test-container setup lint format docs lock clean

help:  ## what can be made (this list)
	@awk '/^[a-z-]+:.*  ## / {name = $$1; sub(/:.*/, "", name); sub(/.*  ## /, ""); \
		printf "  make %-15s%s\n", name, $$0}' Makefile
	@echo "All cores are used unless you add, say, CORES=4. Single results: see README.md."

demo: setup  ## the whole workflow on 5,000 embedded MNIST images, in minutes
	$(BIN)/snakemake all --cores $(CORES) --configfile config/demo.yaml

mnist: setup  ## the paper's settings on the three MNIST benchmarks: 210 runs
	$(BIN)/snakemake all --cores $(CORES) --configfile config/mnist.yaml

test: setup  ## every test but that of the image
	$(BIN)/python scripts/tools/run_tests.py

test-container: setup  ## build the image of the Containerfile and run it (root, Debian, 20 minutes)
	$(BIN)/python -m pytest -m container

setup: .venv/installed  ## a virtual environment, .venv, by the lock

# What is downloaded hangs on the lock alone; another pyproject.toml is installed in a second.
.venv/installed: .venv/locked pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# One lock, exact versions and hashes. One package has no wheel: the lock's own setuptools builds it.
.venv/locked: envs/requirements.lock
	@$(IS_PYTHON_3_11)
	@echo "Installing into .venv, some 6 GB, once"
	$(PYTHON) -m venv --clear .venv
	sed -n '/^setuptools==/,/[^\\]$$/p' envs/requirements.lock > .venv/setuptools.lock
	$(BIN)/$(INSTALL) --only-binary :all: -r .venv/setuptools.lock
	$(BIN)/$(INSTALL) --only-binary :all: --no-binary connection-pool --no-build-isolation \
		-r envs/requirements.lock
	@touch $@

lint: setup  ## formatters and linters, changing nothing
	$(BIN)/ruff format --check . && $(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check workflow && $(BIN)/snakemake --lint

format: setup  ## rewrite the sources in the project's format
	$(BIN)/ruff format . && $(BIN)/ruff check --fix . && $(BIN)/snakefmt workflow

docs: .venv-docs/installed  ## the site of the documents, site/index.html, without a network
	NO_MKDOCS_2_WARNING=1 $(DOCS)/mkdocs build --strict --quiet
	@echo "The site: $(CURDIR)/site/index.html"

# What builds the site has an environment and a lock of its own, 160 MB; the workflow does without.
.venv-docs/installed: envs/docs.lock
	@$(IS_PYTHON_3_11)
	$(PYTHON) -m venv --clear .venv-docs
	$(DOCS)/$(INSTALL) --only-binary :all: -r envs/docs.lock
	@touch $@

lock:  ## pin envs/*.in anew (needs uv) and write the conda environments from it
	for name in requirements docs; do uv pip compile --generate-hashes --no-header --no-annotate \
		-p 3.11 envs/$$name.in -o envs/$$name.lock || exit 1; done
	$(BIN)/python scripts/tools/conda_envs.py

clean:  ## forget the environments; results stay
	rm -rf .venv .venv-docs
