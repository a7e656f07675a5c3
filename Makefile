# `make run` and `make test` need Python 3.11 or newer and install everything else into .venv and .cache.

PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11, \
	$(shell $(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))))
PY = .venv/bin/python
INSTALL = $(PY) -m pip install -qq --disable-pip-version-check --require-hashes

.PHONY: run test trials check format lock bench

# Demo data goes only into a database without customers, and an administrator only into one without users. The server and
# the process that works on imports stop together; when only the latter ends, pages say so.
run: .venv/runtime $(if $(filter postgresql:%,$(DATABASE_URL)),.venv/postgres)
	@$(PY) -m flask setup
	@$(PY) -m flask jobs & jobs=$$!; $(PY) -m gunicorn wsgi:app & server=$$!; \
	trap 'kill $$server $$jobs 2>/dev/null; wait' EXIT; trap 'exit 0' INT TERM; wait $$server

# Without bytecode, which some environments forbid, each process of a test would compile all modules.
test: export PYTHONDONTWRITEBYTECODE =
test: check
	@$(PY) -m tests.provision
	@$(PY) -m pytest -n auto --maxprocesses 3 --dist worksteal

# Tries to break what is promised, with full numbers, and writes docs/reliability.md; then runs the slow tests of the other
# folders, and random ones with more examples. SEED=123 repeats one run. ALL_PAIRS=1 tries all pairs of steps in a browser
# at all latencies, which takes two hours. As root on Debian it installs nginx for the trials that need a proxy.
trials: .venv/dev
	@$(PY) -m pytest tests/trials --trials $(if $(SEED),--seed=$(SEED)) $(if $(ALL_PAIRS),--all-pairs)
	@$(PY) -m tests.provision
	@$(PY) -m pytest tests --ignore tests/trials --trials -m "slow_trial or hypothesis"

check: .venv/dev
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy

format: .venv/dev
	$(PY) -m ruff check --fix
	$(PY) -m ruff format

# Measures pages, exports and imports, and writes docs/benchmarks.md. SIZES="10000 1000000 10000000" sets the numbers of
# transactions. The databases are created once and kept in .cache.
bench: .venv/dev
	@$(PY) -m bench $(SIZES)

# Add or bump a dependency in pyproject.toml, then make lock. UPGRADE=--upgrade takes the newest of all.
lock: .cache/uv
	.cache/uv/bin/uv pip compile $(LOCK) pyproject.toml -o requirements.txt
	.cache/uv/bin/uv pip compile $(LOCK) --extra postgres pyproject.toml -c requirements.txt -o requirements-postgres.txt
	.cache/uv/bin/uv pip compile $(LOCK) --group dev -c requirements-postgres.txt -o requirements-dev.txt

LOCK = -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links $(UPGRADE)

.cache/uv: | .venv/runtime
	$(PY) -m venv $@
	$@/bin/pip install -qq uv

# The empty files .venv/runtime, .venv/postgres and .venv/dev record which requirements are installed.
.venv/postgres: .venv/runtime requirements-postgres.txt
	@echo "Installing what PostgreSQL needs (requirements-postgres.txt) ..."
	@$(INSTALL) -r requirements-postgres.txt || { echo "make: the packages of requirements-postgres.txt can't be installed" >&2; exit 1; }
	@touch $@

.venv/dev: .venv/runtime requirements-dev.txt
	@echo "Installing what the tests need (requirements-dev.txt) ..."
	@$(INSTALL) -r requirements-dev.txt || { echo "make: the packages of requirements-dev.txt can't be installed" >&2; exit 1; }
	@touch $@

.venv/runtime: .venv/bin/python requirements.txt
	@echo "Installing what the server needs (requirements.txt) ..."
	@$(INSTALL) -r requirements.txt || { echo "make: the packages of requirements.txt can't be installed" >&2; exit 1; }
	@touch $@

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "make: Python 3.11 or newer is missing" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
		{ echo "make: Python's venv module is missing (on Debian and Ubuntu: the package python3-venv)" >&2; exit 1; }
	@$(PYTHON) -m venv --clear .venv
