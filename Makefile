# Every task is one word. `make run` and `make test` need Python 3.11+, make and a package index.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
NPM_FLAGS := --no-audit --no-fund
NODE_CLIENTS := tests/clients/node tests/clients/node_graphql tests/clients/node_web

# The first interpreter on the PATH that is new enough; `make PYTHON=/path/to/python` overrides.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links

.PHONY: install run test check fix bench lock test-clients clean

install: $(VENV)/installed $(VENV)/assets

# Two stamps: a change of the lock file installs packages, one of pyproject.toml only Daybook itself.
$(VENV)/locked: requirements/dev.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and none is on the PATH" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes --requirement requirements/dev.txt
	@touch $@

$(VENV)/installed: $(VENV)/locked pyproject.toml
	$(PIP) install --no-deps --no-build-isolation --no-index --editable .
	@touch $@

# What browsers are served and others made. Without npm the pages do without it, and say so.
$(VENV)/assets: assets/package-lock.json assets/collect.py $(VENV)/locked
	@if ! command -v npm >/dev/null; then \
		echo "npm is not here: web pages come without charts, live search and GraphiQL" >&2; \
	elif ( cd assets && npm ci --ignore-scripts $(NPM_FLAGS) ) && $(BIN)/python assets/collect.py; then \
		touch $@; \
	else echo "npm failed: web pages come without charts, live search and GraphiQL" >&2; fi

run: install
	$(BIN)/python -m daybook serve --demo $(ARGS)

test: install
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile $(ARGS)

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest --quiet tests/docs

fix: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: install
	$(BIN)/python -m bench $(ARGS)

lock: install
	$(COMPILE) --upgrade --output-file requirements/dev.txt requirements/dev.in
	$(COMPILE) --upgrade --constraint requirements/dev.txt \
		--output-file requirements/runtime.txt requirements/runtime.in
	for packages in assets $(NODE_CLIENTS); do ( cd $$packages && \
		npm install --package-lock-only --omit-lockfile-registry-resolved $(NPM_FLAGS) ) || exit 1; done

# What tests drive and pip cannot bring. Debian packages are installed by root alone.
CLIENT_PACKAGES := postgresql-client odbc-postgresql unixodbc libpostgresql-jdbc-java \
	default-jdk-headless chromium

test-clients:
	for clients in $(NODE_CLIENTS); do ( cd $$clients && npm ci $(NPM_FLAGS) ) || exit 1; done
	@if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		apt-get install --quiet=2 --yes --no-install-recommends $(CLIENT_PACKAGES); \
	else echo "as root, for SQL clients and a browser: apt-get install $(CLIENT_PACKAGES)"; fi

clean:
	rm -rf $(VENV) var assets/node_modules $(NODE_CLIENTS:=/node_modules) build dist
	rm -rf src/daybook/assets/collected
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
