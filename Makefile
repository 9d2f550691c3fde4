# The two commands of the README: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One spinning OpenMP thread too many on a busy machine costs far more than it brings.
export OMP_WAIT_POLICY = PASSIVE

.PHONY: setup demo test check docs bench clean

setup: $(VENV)/.ready

# torch is pinned here, for this environment alone: 2.13.0 is what the tests were run with.
$(VENV)/.ready: pyproject.toml constraints.txt tests/requirements.txt tests/parity/requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "gansmith needs Python 3.11 or later; set PYTHON=python3.x")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0 -c constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]' -c constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r tests/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $(VENV)/peers -r tests/parity/requirements.txt
	touch $@

demo: setup
	$(BIN)/gansmith train digits --out runs/digits --minutes 3.5
	$(BIN)/gansmith sample runs/digits -n 100 --out runs/digits-sheet.png --overwrite

test: setup
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

# The scripts of the page have their types in comments; only this check needs Node, and no user does.
NPM_READY := tests/typescript/node_modules/.ready
$(NPM_READY): tests/typescript/package-lock.json
	@command -v npm >/dev/null || { echo 'make check looks at the scripts of the studio too, with Node 20 or later and npm, and there is no npm here.' >&2; \
		echo '  fix:   Install them (Debian: apt-get install nodejs npm).' >&2; exit 1; }
	npm ci --prefix tests/typescript --no-audit --no-fund --loglevel=error
	touch $@

check: setup $(NPM_READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	npm run --prefix tests/typescript --silent check
	$(MAKE) --no-print-directory docs

docs: setup
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/docs

bench: setup
	$(BIN)/python -m pytest -n 2 --dist loadfile -m slow
	$(BIN)/python -m benchmarks

clean:
	rm -rf build dist .mypy_cache .pytest_cache .ruff_cache
