# Two commands: `make app` opens the lab, `make test` proves it. `make` alone lists the rest.
#
#   make app PORT=8600                  on another port
#   make app ARGS="..."                 further options for `streamlit run`
#   make test BROWSER=0                 without the tests that drive a browser
#   make test ARGS="-k farneback"       further options for pytest
#   make setup PYTHON=python3.12        with a Python of your choice

VENV    := .venv
BIN     := $(VENV)/bin
PYTHON  ?= python3 python3.14 python3.13 python3.12 python3.11 python
PORT    ?=
BROWSER ?= 1
WORKERS ?= 2
ARGS    ?=

# What is installed is known by what it was made from: the two files that say so, and the folder
# (an editable installation remembers where it is). While that stays the same there is nothing to do.
KEY        := $(shell { pwd; cat requirements.txt pyproject.toml; } | cksum | tr ' ' '-')
APP_READY  := $(VENV)/ready-app-$(KEY)
TEST_READY := $(VENV)/ready-test-$(KEY)
LEFT_OUT   := $(if $(filter 0,$(BROWSER)),not browser and )not benchmark

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup app test check bench clean browser

help:  ## list these commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' Makefile | expand -t 16

setup: $(APP_READY)  ## install the lab into .venv (at once when nothing has changed)
	@echo "flowlab is installed in $(VENV)."

app: $(APP_READY)  ## open the lab in the browser; Ctrl-C ends it
	@exec $(BIN)/python -m streamlit run streamlit_app.py $(if $(PORT),--server.port $(PORT)) $(ARGS)

test: check browser  ## lint, types and every test; BROWSER=0 leaves out the browser tests
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "$(LEFT_OUT)" $(ARGS)
ifeq ($(BROWSER),0)
	@echo "BROWSER=0: the tests that drive a browser were left out."
endif

check: $(TEST_READY)  ## lint and types only
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy

bench: $(TEST_READY) browser  ## measure, and print the tables
	$(BIN)/python -m pytest -q -s -m benchmark -o timeout=1800 tests/benchmarks $(ARGS)

clean:  ## remove .venv and everything else that was made here (clips and results stay where they are)
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Without a browser the run goes on: its browser tests then fail, each with the remedy.
browser: $(TEST_READY)
ifeq ($(BROWSER),0)
	@echo "BROWSER=0: leaving out the tests that drive a browser."
else
	@$(BIN)/python tests/browser/browser.py --install || true
endif

$(APP_READY):
	@$(make_venv)
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements.txt -e .
	@rm -f $(VENV)/ready-*; touch "$@"

$(TEST_READY):
	@$(make_venv)
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements.txt -e ".[test]"
	@rm -f $(VENV)/ready-*; touch "$(APP_READY)" "$@"

# Makes .venv where there is none that works: one that was interrupted, or whose Python is gone or too old, is made anew.
CAN_MAKE  := import ensurepip, sys; sys.exit(sys.version_info < (3, 11))
IS_USABLE := import pip, sys; sys.exit(sys.version_info < (3, 11))
define make_venv
$(BIN)/python -c '$(IS_USABLE)' 2>/dev/null && exit 0; \
for python in $(PYTHON); do \
  if $$python -c '$(CAN_MAKE)' 2>/dev/null; then \
    echo "Making $(VENV) with $$($$python --version)."; \
    exec $$python -m venv --clear $(VENV); \
  fi; \
done; \
echo "flowlab needs Python 3.11 or newer, with venv, and found none among: $(PYTHON)." >&2; \
echo "Install it (Debian, Ubuntu: apt-get install python3 python3-venv; macOS: brew install python; Windows: see README.md)," >&2; \
echo "or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12" >&2; \
exit 1
endef
