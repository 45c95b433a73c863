.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory

VENV := .venv
BUILD := $(VENV)/build
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check -qq
UV := VIRTUAL_ENV=$(VENV) UV_LINK_MODE=copy $(BUILD)/bin/uv --quiet
INSTALLED := $(VENV)/.installed
ASSETS := $(VENV)/.assets
LANGUAGES = $(wildcard webapp/translations/*/LC_MESSAGES/messages.po)

PORT ?= 8000
N ?= auto
T ?=

##@ Everyday

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(INSTALLED) $(ASSETS) ## Install everything into .venv: the programs of the locks, with every extra

.PHONY: run
run: setup ## Start Arauto with the sandbox mail server on http://127.0.0.1:8000 (PORT=8080 for another port)
	@$(PY) -c 'import socket; s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("127.0.0.1", $(PORT)))' \
	  2>/dev/null || { echo "Port $(PORT) is taken by another program. Stop it, or choose another port: make run PORT=8080" >&2; exit 1; }
	@export ARAUTO_BASE_URL="$${ARAUTO_BASE_URL:-http://127.0.0.1:$(PORT)}"; \
	  $(VENV)/bin/arauto migrate && exec $(VENV)/bin/arauto serve --sandbox --port $(PORT)

.PHONY: test
test: setup ## Run the tests in parallel (T=tests/mail for some of them, N=0 for one process)
	@$(PY) -m pytest -n $(N) $(T)

##@ Quality

.PHONY: check
check: setup ## Check format, lint and types
	@$(VENV)/bin/ruff format --check --quiet || { echo "Some files are not formatted: make format" >&2; exit 1; }
	@$(VENV)/bin/ruff check
	@$(VENV)/bin/mypy

.PHONY: format
format: setup ## Format the code and apply the safe fixes of the linter
	@$(VENV)/bin/ruff check --fix-only --quiet
	@$(VENV)/bin/ruff format

.PHONY: bench
bench: setup ## Measure against peers and targets (T=accept for one of them)
	@$(PY) -m benchmarks $(T)

##@ Now and then

.PHONY: assets
assets: $(INSTALLED) ## Make static/vendor and the compiled translations again
	@PYTHONPATH=$(BUILD) $(PY) hatch_build.py
	@touch $(ASSETS)

.PHONY: translations
translations: setup ## Collect the texts of code and templates into the translations
	@$(VENV)/bin/pybabel -q extract -F babel.cfg -k lazy_gettext -k _l -c Translators: --no-location --sort-output \
	  --project Arauto --version '' -o $(VENV)/messages.pot .
	@for file in $(LANGUAGES); do \
	  language=$${file#webapp/translations/}; \
	  $(VENV)/bin/pybabel -q update -i $(VENV)/messages.pot -d webapp/translations -l "$${language%%/*}" \
	    --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date; \
	done
	@$(MAKE) assets

.PHONY: lock
lock: $(INSTALLED) ## Lock the dependencies again after a change in pyproject.toml (UPGRADE=1 for newer ones)
	@compile() { $(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-annotate \
	    --custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade) "$$@" > /dev/null; }; \
	  compile pyproject.toml --extra postgres --group dev -o requirements/dev.lock; \
	  compile pyproject.toml --extra postgres -c requirements/dev.lock -o requirements/runtime.lock; \
	  compile requirements/build.in --no-deps -o requirements/build.lock
	@$(MAKE) setup

.PHONY: clean
clean: ## Remove what was made or installed; the data in var/ stays
	@rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis static/vendor
	@find webapp/translations -name '*.mo' -delete 2>/dev/null || true
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- how .venv is made -----------------------------------------------------------------------------------------

$(PY):
	@for python in $(PYTHON) python3.13 python3.12 python3.11 python3; do \
	  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  "$$python" -c 'import venv, ensurepip' 2>/dev/null || { no_venv="$$python"; continue; }; \
	  echo "Making .venv with $$("$$python" --version)"; \
	  exec "$$python" -m venv --clear $(VENV); \
	done; \
	if [ -n "$${no_venv:-}" ]; then \
	  echo "$$no_venv has no venv module. On Debian: apt install python3-venv" >&2; \
	else \
	  echo "Arauto needs Python 3.11 or newer, and none was found. Name one: make setup PYTHON=/path/to/python3" >&2; \
	fi; \
	exit 1

# uv does in seconds what takes pip half a minute, but it does not read pip's configuration: where that matters, pip does it.
$(INSTALLED): requirements/dev.lock requirements/build.lock pyproject.toml hatch_build.py | $(PY)
	@echo "Installing the dependencies"
	@rm -rf $(BUILD)
	@$(PIP) install --require-hashes --no-deps --no-compile --target $(BUILD) -r requirements/build.lock
	@$(UV) pip sync --compile-bytecode --require-hashes requirements/dev.lock || { \
	  echo "uv could not install them: trying pip, which is slower" >&2; \
	  $(PIP) install --require-hashes --no-deps -r requirements/dev.lock; }
	@PYTHONPATH=$(BUILD) $(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@ $(ASSETS)

$(ASSETS): static/icons.txt $(LANGUAGES) | $(INSTALLED)
	@$(MAKE) assets
