# Thin: the environment, then one line a target. The flow itself is in the Snakefile, the environment in src/paper/environment.py.
#
# Settings count on the command line only, since shells export a NAME or SEEDS of their own; an empty one is none. They are taken
# as they are typed, without make's own expansion, and reach a recipe by its environment, quoted: "$$NAME".
SETTINGS := PYTHON CORES NAME ARGS DATASETS SEEDS EXPERIMENTS
$(foreach name,$(SETTINGS),$(eval override $(name) := $$(if $$(filter command,$$(origin $(name))),$$(value $(name)))))
export $(SETTINGS)

STAMP  := .venv/.installed
START  := "$${PYTHON:-python3}" -I src/paper/environment.py
RUN    := $(START) run
SNAKE  := $(RUN) -m snakemake --cores "$${CORES:-$$($(START) cores)}"
PYTEST := $(RUN) -m pytest -n "$${CORES:-$$($(START) cores)}" --dist loadfile
BROWSE := $(PYTEST) tests/browser --ignore=tests/browser/test_pdf.py -k "not listing_of_code and not one_of_all_pages and not a_picture_of"

.NOTPARALLEL:
.PHONY: FORCE help book test test-thorough test-hostile mutants lint linkcheck notebook smoke live browser-test browser-thorough pdf-test cluster-test elsewhere screenshots accessibility pdf archive reproduce verify freeze bench costs lock advisories packages pair clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

book: $(STAMP)  ## the book, in build/html
	@$(SNAKE) book
	@echo "The book: build/html/index.html"

test: $(STAMP)  ## the tests that need neither data nor a browser
	$(PYTEST)

test-thorough: $(STAMP)  ## tests that take long or are one more of their kind, faults from a seed: PACBAYES_FAULTS=0 (in .ci/rest)
	$(PYTEST) -m thorough

test-hostile: $(STAMP)  ## the method's arguments by hypothesis, many and others each time (10 minutes or more; not in .ci/run). A part of it is in make test
	PACBAYES_HYPOTHESIS=thorough $(PYTEST) tests/method -k hypothesis

mutants: $(STAMP)-mutants  ## which changes of the bounds' code no test notices, in tests/mutants.yml (hours; not in .ci/weekly), one: NAME=gibbs.strata
	@rm -rf mutants && mkdir -p build
	PACBAYES_HYPOTHESIS=unshrunk $(RUN) .venv/bin/mutmut run --max-children "$${CORES:-$$($(START) cores)}" \
	  $(if $(NAME),"pacbayes_curvature.$$NAME.*") > build/mutants.log || { tail -c 2000 build/mutants.log; exit 1; }
	@$(RUN) tests/survivors.py

lint: $(STAMP)-dev  ## the hooks of .pre-commit-config.yaml on all files: ruff, the rooms' imports, the notebooks' pairs
	@$(RUN) -m pre_commit run --all-files --show-diff-on-failure

linkcheck: book  ## the book's external links (needs a network); the list is in build/linkcheck
	@rm -rf build/linkcheck && mkdir -p build/linkcheck
	$(RUN) -m jupyter_book.cli.main build . --builder linkcheck --path-output build/linkcheck -q

notebook: $(STAMP)  ## one chapter: NAME=07_accuracy_vs_complexity ARGS="-p dataset mnist2"
	@$(RUN) -m paper.book.chapters run "notebooks/$$NAME.md" --options="$$ARGS"

smoke: $(STAMP)  ## every chapter that takes a data set, live on the digits, in build/smoke
	@$(SNAKE) smoke

live: $(STAMP)  ## book and smoke at once: the chapters run on one core while Sphinx has the other
	@$(SNAKE) book smoke

browser-test: book $(STAMP)-browser  ## the built book in a browser without a network (needs Chromium)
	$(BROWSE)

browser-thorough: book $(STAMP)-browser  ## the same, more cases of each kind (in .ci/rest; needs Chromium)
	$(BROWSE) -m thorough

pdf-test: book pdf  ## the PDF against the built book (2 minutes or more; not in .ci/run; needs Chromium)
	$(PYTEST) tests/browser/test_pdf.py

cluster-test: $(STAMP)  ## the flow through a cluster's queue, with jobs and itself killed (3 minutes; not in .ci/run)
	$(RUN) -m pytest tests/cluster

elsewhere: $(STAMP)  ## clones that were moved, copied or meet a hostile shell (15 minutes or more, 20 GB; not in .ci/run)
	$(RUN) -m pytest tests/elsewhere

screenshots: book $(STAMP)-browser  ## pictures of the main pages, in build/screenshots (3 minutes or more; not in .ci/run)
	$(PYTEST) tests/browser/test_screenshots.py

accessibility: book $(STAMP)-browser  ## all pages by axe-core, the listings of code too (10 minutes or more; not in .ci/run)
	$(PYTEST) tests/browser -m "" -k "accessibility or listing_of_code"

pdf: $(STAMP)-browser  ## the whole book as one PDF, in build (needs Chromium)
	@$(RUN) -m release.pdf --check
	@$(SNAKE) pdf

archive: $(STAMP)-browser  ## PDF, site, executed notebooks, results and sources in one zip, in build (needs Chromium)
	@$(RUN) -m release.archive --check
	@$(RUN) -m release.pdf --check
	@$(SNAKE) archive

costs: $(STAMP)  ## time and memory of each chapter by itself, in book/costs.json (10 minutes; one: NAME=02_pac_bayes_bound)
	@$(RUN) -m snakemake --cores 1 --forceall costs $(if $(NAME),--config page="'$$NAME'",&& rm -f book/costs.json)
	@$(RUN) -m paper.book.costs freeze build/costs

reproduce: $(STAMP)  ## all results from the data, or DATASETS="mnist2 cifar2" SEEDS="0 1" EXPERIMENTS="sensitivity"
	@$(SNAKE) reproduce --config $(if $(DATASETS),datasets="'$$DATASETS'") $(if $(SEEDS),seeds="'$$SEEDS'") \
	  $(if $(EXPERIMENTS),experiments="'$$EXPERIMENTS'")

verify: $(STAMP)  ## hold what `make reproduce` computed against results/
	@$(RUN) -m paper verify build/reproduced/*/*.csv

bench: $(STAMP)-bench  ## time and memory against other codes, in benchmarks/results.json (12 to 60 minutes)
	$(RUN) -m benchmarks

freeze: $(STAMP)  ## write what `make reproduce` computed into results/
	$(RUN) -m paper freeze build/reproduced/*/*.csv

lock: $(STAMP)-lock  ## write requirements.lock: exact versions with hashes, for Python 3.11 to 3.13 on all systems
	$(RUN) -m uv pip compile -q pyproject.toml --extra book --extra test --python-version 3.11 --universal \
	  --generate-hashes --no-header -o requirements.lock

advisories: $(STAMP)-audit  ## hold requirements.lock against the known advisories (needs a network)
	$(RUN) -m pip_audit --requirement requirements.lock --require-hashes --disable-pip --progress-spinner off

packages: $(STAMP)-build  ## wheel and sdist of the method, tried in environments with nothing else (needs a network)
	$(RUN) tests/packages.py

pair: $(STAMP)  ## write notebooks/*.ipynb from notebooks/*.md
	$(RUN) -m paper.book.chapters pair

clean:  ## remove all that was generated, the environment apart
	rm -rf build mutants .snakemake .hypothesis

# Looked at each time: whether .venv is this folder's, and as pyproject.toml has it.
define set_up
	@"$${PYTHON:-python3}" -I -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null || { \
	  echo "Python 3.11, 3.12 or 3.13 is needed, got: $$("$${PYTHON:-python3}" --version 2>&1 | tail -n 1)." \
	    "Name another: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(START) set-up $(1) $(if $(PYTHON),--this-python)
endef

$(STAMP): FORCE
	$(set_up)

$(STAMP)-%: FORCE
	$(call set_up,$*)
