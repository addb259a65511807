# The same few commands here and in CI. `make demo` and `make test` set themselves up.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
CORES ?= 2
BIN := .venv/bin

.PHONY: demo test setup lint format lock clean

demo: setup  ## the whole workflow on 5,000 embedded MNIST images, in minutes
	$(BIN)/snakemake all --cores $(CORES) --configfile config/demo.yaml
	@echo "Report: results/demo/report.html"

test: setup  ## every test
	$(BIN)/python -m pytest

setup: .venv/installed

# One lock, exact versions and hashes; pyproject only matters for the editable install.
.venv/installed: envs/requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; v == (3, 11) or sys.exit("Python 3.11 is needed, but $(PYTHON) is %d.%d: say make PYTHON=/path/to/python3.11" % v)'
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r envs/requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

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
