# Thin: the environment, then one line a target. The flow itself is in the Snakefile.
PYTHON ?= python3
CORES  ?= $(shell $(PYTHON) -c 'import os; print(os.cpu_count())' 2>/dev/null || echo 1)
BIN    := .venv/bin
STAMP  := .venv/.installed
SNAKE  := $(BIN)/snakemake --cores $(CORES)
PYTEST := $(BIN)/python -m pytest -n $(CORES) --dist loadfile
# One set-up at a time, where flock exists; the lock is pyproject.toml itself, so that it leaves no file behind.
LOCK   := $(if $(shell command -v flock),flock pyproject.toml)

.PHONY: help book test lint linkcheck notebook smoke browser-test screenshots accessibility pdf archive reproduce verify freeze bench costs lock pair clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

book: $(STAMP)  ## the book, in build/html
	@$(SNAKE) book
	@echo "The book: build/html/index.html"

test: $(STAMP)  ## the tests that need neither data nor a browser
	$(PYTEST)

lint: $(STAMP)-dev  ## the hooks of .pre-commit-config.yaml on all files: ruff, the rooms' imports, the notebooks' pairs
	@$(BIN)/pre-commit run --all-files --show-diff-on-failure

linkcheck: book  ## the book's external links (needs a network); the list is in build/linkcheck
	@rm -rf build/linkcheck && mkdir -p build/linkcheck
	$(BIN)/jupyter-book build . --builder linkcheck --path-output build/linkcheck -q

notebook: $(STAMP)  ## one chapter: NAME=07_accuracy_vs_complexity ARGS="-p dataset mnist2"
	@$(BIN)/python -m paper.book.chapters run notebooks/$(NAME).md $(ARGS)

smoke: $(STAMP)  ## every chapter live on the digits data set, in build/smoke
	@$(SNAKE) smoke

browser-test: book pdf  ## the built book in a browser without a network, and its PDF (needs Chromium)
	$(PYTEST) tests/browser -k "not listing_of_code and not one_of_all_pages and not a_picture_of"

screenshots: book $(STAMP)-browser  ## pictures of the main pages, in build/screenshots (3 minutes or more; not in .ci/run)
	$(PYTEST) tests/browser/test_screenshots.py

accessibility: book $(STAMP)-browser  ## all pages by axe-core, the listings of code too (10 minutes or more; not in .ci/run)
	$(PYTEST) tests/browser -k "accessibility or listing_of_code"

pdf: $(STAMP)-browser  ## the whole book as one PDF, in build (needs Chromium)
	@$(BIN)/python -m release.pdf --check
	@$(SNAKE) pdf

archive: $(STAMP)-browser  ## PDF, site, executed notebooks, results and sources in one zip, in build (needs Chromium)
	@$(BIN)/python -m release.archive --check
	@$(BIN)/python -m release.pdf --check
	@$(SNAKE) archive

costs: $(STAMP)  ## time and memory of each chapter by itself, in book/costs.json (10 minutes; one: NAME=02_pac_bayes_bound)
	@$(BIN)/snakemake --cores 1 --forceall $(if $(NAME),$(foreach kind,book smoke,build/costs/$(kind)/$(NAME).json),costs)
	@$(if $(NAME),,rm -f book/costs.json)
	@$(BIN)/python -m paper.book.costs freeze build/costs

reproduce: $(STAMP)  ## all results from the data, or DATASETS="mnist2 cifar2" SEEDS="0 1" EXPERIMENTS="sensitivity"
	@$(SNAKE) reproduce --config $(if $(DATASETS),datasets="$(DATASETS)") $(if $(SEEDS),seeds="$(SEEDS)") \
	  $(if $(EXPERIMENTS),experiments="$(EXPERIMENTS)")

verify: $(STAMP)  ## hold what `make reproduce` computed against results/
	@$(BIN)/python -m paper verify build/reproduced/*/*.csv

bench: $(STAMP)-bench  ## time and memory against other codes, in benchmarks/results.json (12 to 60 minutes)
	$(BIN)/python -m benchmarks

freeze: $(STAMP)  ## write what `make reproduce` computed into results/
	$(BIN)/python -m paper freeze build/reproduced/*/*.csv

lock: $(STAMP)-lock  ## write requirements.lock: exact versions with hashes, Linux on x86-64, Python 3.11
	$(BIN)/uv pip compile -q pyproject.toml --extra book --extra test --python-version 3.11 \
	  --python-platform x86_64-manylinux_2_28 --generate-hashes --no-header -o requirements.lock

pair: $(STAMP)  ## write notebooks/*.ipynb from notebooks/*.md
	$(BIN)/python -m paper.book.chapters pair

clean:  ## remove all that was generated, the environment apart
	rm -rf build .snakemake

# The stamp comes last. Without it the environment is made anew, since a killed pip leaves packages that look installed;
# with an old one it is brought up to date.
$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null || \
	  { echo "Python 3.11, 3.12 or 3.13 is needed, got: $$($(PYTHON) --version 2>&1 | tail -n 1). Name another: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "$(PYTHON) lacks the module venv or ensurepip. On Debian and Ubuntu install the package python3-venv." >&2; exit 1; }
	@$(LOCK) sh -ec 'test $@ -nt pyproject.toml && exit; \
	  echo "Setting up .venv: a few minutes, once."; \
	  test -e $@ || $(PYTHON) -m venv --clear .venv; \
	  rm -f $@; \
	  $(BIN)/python -m pip install -q --disable-pip-version-check -e ".[book,test]"; \
	  touch $@'

# Together with the others, so that pip finds versions that suit all of them.
$(STAMP)-%: $(STAMP)
	@$(LOCK) sh -ec '$(BIN)/python -m pip install -q --disable-pip-version-check -e ".[book,test,$*]"; touch $@'
