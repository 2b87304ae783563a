# The project's tasks. `make run` is all a newcomer needs: it makes .venv, installs the versions of constraints.txt and opens the explorer.
# Paths are relative and tools are started as `python -m …`, so that a clone may lie at a path with spaces, and may be moved.

PYTHON ?= python3
ARGS ?=

VENV := .venv/bin/python
PIP := $(VENV) -m pip --disable-pip-version-check

# A stamp holds the place of the installation, and its date the time. The environment is installed again after a change of
# pyproject.toml or constraints.txt, after a move of the clone, and if its Python does not start. Otherwise pip does not run.
STAMP := .venv/.installed
STAMP_DEV := .venv/.installed-dev
STALE := $(shell test "$$(cat $(STAMP) 2>/dev/null)" = "$$(pwd -P)" && $(VENV) -c '' 2>/dev/null || echo yes)

.PHONY: help run test monkey fuzz lint format bench checkpoints lab screenshot clean again
.DEFAULT_GOAL := help
.NOTPARALLEL:

help:
	@echo "make run          open the explorer (the first time this makes .venv)"
	@echo "make test         run the tests; make test ARGS='-k attend' runs some"
	@echo "make monkey       press 100,000 random keys on each screen; make monkey KEYS=1000 SEED=7 ARGS='--screen lab'"
	@echo "make fuzz         open 10,000 checkpoints, each damaged in another way, and kill a training 100 times; COPIES=500 KILLS=30"
	@echo "make lint         ruff, mypy --strict and the import contracts"
	@echo "make format       let ruff rewrite what it can"
	@echo "make bench        measure the budgets"
	@echo "make checkpoints  train the bundled checkpoints again, in runs/; continues if interrupted"
	@echo "make lab          train again the results that ship with the lab"
	@echo "make screenshot   draw the pictures of the README again"
	@echo "make clean        remove .venv and the caches"
	@echo
	@echo "make run PYTHON=python3.12   makes .venv with that Python (3.11 or newer)"

run: $(STAMP)
	@$(VENV) -m glasshead_tui $(ARGS)

# A few processes take a file at a time, so that the fixtures of a file are made once. Compiled code is kept whatever the
# environment says: each of them, and many a test's own process, would compile all of it again.
test: $(STAMP_DEV)
	@PYTHONDONTWRITEBYTECODE= $(VENV) -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder $(ARGS)

KEYS ?= 100000
SEED ?= 0

monkey: $(STAMP_DEV)
	@$(VENV) -m tests.tui.monkey --keys $(KEYS) --seed $(SEED) $(ARGS)

COPIES ?= 10000
KILLS ?= 100

fuzz: $(STAMP_DEV)
	@$(VENV) -m tests.core.checkpoints.fuzz --copies $(COPIES) --seed $(SEED) $(ARGS)
	@KILLS=$(KILLS) $(VENV) -m pytest tests/tui/commands/test_resume.py

lint: $(STAMP_DEV)
	@$(VENV) -m ruff format --check .
	@$(VENV) -m ruff check .
	@$(VENV) -m mypy
	@$(VENV) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'

format: $(STAMP_DEV)
	@$(VENV) -m ruff check --fix .
	@$(VENV) -m ruff format .

bench: $(STAMP_DEV)
	@$(VENV) -m pytest tests/benchmarks tests/benchmarks/training.py tests/benchmarks/learning.py $(ARGS)

checkpoints: $(STAMP)
	@set -e; for name in english-french dates; do \
	    $(VENV) -m glasshead_tui train $$name --out runs/$$name --resume; \
	    for file in config.json model.safetensors tokenizer.json README.md; do cp runs/$$name/$$file checkpoints/$$name/; done; \
	done

lab: $(STAMP)
	@$(VENV) -m glasshead.lab

screenshot: $(STAMP)
	@$(VENV) .github/screenshot.py

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis dist build
	find core tui tests -type d -name __pycache__ -prune -exec rm -rf {} +

# $(call install,WHAT): make the environment whole, then install WHAT into it. `.installing` stays behind only if an installation was
# killed half-way: such an environment is made again, and so is one without pip.
define install
set -e; \
if ! test -x $(VENV) || test -e .venv/.installing || ! $(PIP) --version >/dev/null 2>&1; then \
    "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
        echo "glasshead needs Python 3.11 or newer, and '$(PYTHON)' is $$("$(PYTHON)" --version 2>/dev/null || echo not there)." \
             "Name another one: make run PYTHON=python3.12" >&2; exit 1; }; \
    echo "Making .venv (once; PyTorch is a large download)"; \
    "$(PYTHON)" -m venv --clear .venv; \
fi; \
touch .venv/.installing; \
$(PIP) install --quiet --constraint constraints.txt hatchling editables && \
$(PIP) install --progress-bar on --constraint constraints.txt --no-build-isolation --editable '$(1)' && \
$(VENV) -m compileall -q core tui || { rm -f .venv/.installing; exit 1; }; \
rm -f .venv/.installing
endef

ifneq ($(STALE),)
$(STAMP) $(STAMP_DEV): again
endif

$(STAMP): pyproject.toml constraints.txt
	@$(call install,.)
	@pwd -P > $@

# The environment of the tests includes that of the explorer.
$(STAMP_DEV): pyproject.toml constraints.txt
	@$(call install,.[dev])
	@pwd -P > $(STAMP)
	@pwd -P > $@
