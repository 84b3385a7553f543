# Every target sets itself up: Python 3.11 or newer, pip and make are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test test-all bare-root versions axe lint types contracts bench fixtures lock clean

demo: $(READY)
	$(BIN)/mmscheck demo

# Compiled once: the tests start hundreds of processes, whatever the environment says of keeping bytecode.
# Whoever has nothing left to do takes half of what another has, so that every core is busy to the end.
PYTEST = $(COMPILE) && env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n auto --dist worksteal
COMPILE = env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m compileall -q mmscheck

# All that needs neither servers nor a browser, builds no package and is not long (pyproject.toml: markers).
test: $(READY)
	$(PYTEST) -m "not (servers or browser or packaging or long)"

# Everything.
test-all: $(READY)
	$(PYTEST)

# The Dockerfile's steps in a bare Debian, and the service that comes of them; part of test-all. Needs root and debootstrap.
bare-root: $(READY)
	$(BIN)/python -m pytest tests/test_bare_root.py

# What depends on libraries, on each Python from 3.11 to 3.14 that is here, with newest and with pinned dependencies.
versions:
	PIP_PYTHON=$(PYTHON) tools/versions

# Finds what is hard to read or to use in HTML reports; without it those tests are skipped. Needs npm.
axe: tests/browser/node_modules/axe-core/axe.min.js

tests/browser/node_modules/axe-core/axe.min.js: tests/browser/package-lock.json
	cd tests/browser && npm ci --silent
	@touch $@

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy --strict

contracts: $(READY)
	$(BIN)/lint-imports

# Compiled first, as an installed package is: start-up counts, and is not to be compared with a first run.
bench: $(READY)
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --no-deps \
	  --require-hashes -r tests/bench/requirements.txt
	$(COMPILE)
	for file in tests/bench/bench_*.py; do $(BIN)/python $$file || exit 1; done

fixtures: $(READY)
	$(BIN)/python fixtures/scripts/make_media.py
	$(BIN)/python fixtures/scripts/make_odd_media.py

# Needs uv; run it after changing the dependencies in pyproject.toml.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --upgrade \
	  --extra dev pyproject.toml -o constraints.txt
	echo 'setuptools>=77' | uv pip compile --universal --python-version 3.11 --generate-hashes --no-header \
	  --extra postgresql --extra serve --extra otel --constraints constraints.txt pyproject.toml - -o constraints-runtime.txt

# --without-pip and pip's --python: some systems ship venv without ensurepip.
$(READY): constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "mmscheck needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv --without-pip --clear $(VENV)
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check \
	  --require-hashes -r constraints.txt
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check \
	  --no-deps --no-build-isolation --editable .
	@touch $(READY)

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
