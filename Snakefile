# The flow: notebooks/NAME -> executed by papermill: build/executed/NAME.ipynb -> the book: build/html.
# Every notebook is a page, except the one from which there is one made for each data set.
import itertools
import os
import sys
from contextlib import redirect_stdout
from importlib.metadata import version
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError

sys.path.insert(0, os.path.join(workflow.basedir, "src"))   # this folder's code, whatever is installed
from paper import digest, environment, names

environment.enter()


def discard_damaged():
    """What is damaged in build/ is made again: Snakemake would take it by its date."""
    if FLOW == "book":
        from paper.book import kept

        made = [*Path("build/executed").glob("*.ipynb"), Path("build/html"), *Path("build").glob(f"{Path(NAME).name}.*")]
        kept.discard_damaged(path for path in made if path.exists())
    else:
        from paper.results import provenance

        computed = [path for folder in ("reproduced", "sweep") for path in Path("build", folder).rglob("[!.]*.csv")]
        provenance.discard_damaged(sorted(computed))


# One run at a time in this folder, one of the book and one of the results: Snakemake's own locks outlive a killed run, and are
# off (profiles/default). Not for what a run starts itself: a job, or Sphinx, which asks for the pages.
FLOW = "reproduce" if "reproduce" in sys.argv else "book"
ONLY_SHOWS = {"-n", "--dry-run", "--dryrun"} & set(sys.argv)
NAME = f"build/pacbayes-curvature-{version('pacbayes-curvature')}"
if workflow.is_main_process and not ONLY_SHOWS and os.environ.get("PACBAYES_FLOW") != FLOW:
    environment.hold(Path(".snakemake", f"{FLOW}.lock"), f"Another run of the {FLOW} is at work in this folder; waiting for it.")
    os.environ["PACBAYES_FLOW"] = FLOW
    with redirect_stdout(sys.stderr):
        discard_damaged()

CHAPTERS = [path.stem for path in sorted(Path("notebooks").glob("*.md"))]
LIVE = [chapter for chapter in CHAPTERS if "[parameters]" in Path(f"notebooks/{chapter}.md").read_text()]
PAGES = [chapter for chapter in CHAPTERS if chapter != "appendix_dataset"] + [f"appendix_{name}" for name in names.FROZEN]

def source(notebook):
    return f"notebooks/{notebook}.{'md' if notebook in CHAPTERS else 'ipynb'}"


def smoke_options(chapter):
    from paper.book import notebooks   # here, since every job on a cluster reads this file

    return " ".join(f"-p {name} {value}" for name, value in notebooks.smoke_values(Path(source(chapter))).items())


def edition_label(wildcards):
    from paper.book.version import label

    return label()


def files(folder):
    found = (path for path in sorted(Path(folder).rglob("[!.]*")) if path.is_file() and "__pycache__" not in path.parts)
    return [str(path) for path in found]


CODE = ["pyproject.toml", *files("src/pacbayes_curvature"), *files("src/paper")]
ADDRESS = yaml.safe_load(Path("_config.yml").read_text())["repository"]["url"]
RERUN = [page for page in PAGES if page in LIVE or page not in CHAPTERS]   # what is measured: the pages with parameters
ABOUT_CHAPTERS = ["_toc.yml", "book/costs.json", *map(source, CHAPTERS)]
RESULTS = [*files("results"), "claims.yml", "benchmarks/results.json"]


localrules: book, pages, smoke, site, pdf, print, archive, pack, costs, cost   # on a cluster, these stay on this machine


rule book:
    input: "build/html"


rule pages:
    input: expand("build/executed/{page}.ipynb", page=PAGES)


# The chapters that have small parameters; the others are live as the book has them.
rule smoke:
    input: lambda w: expand("build/smoke/{chapter}.ipynb", chapter=filter(smoke_options, LIVE))


rule page:
    priority: 1   # before the smoke runs, which can go on beside Sphinx
    output: "build/executed/{page}.ipynb", "build/sums/executed/{page}.ipynb.json"
    input: lambda w: source(w.page), CODE, RESULTS, lambda w: ABOUT_CHAPTERS if w.page == "rerun" else []
    params: address=ADDRESS   # which the notebook's first cell names
    shell: "python -m paper.book.chapters run {input[0]} {output[0]} && python -m paper.book.kept {output[0]}"


rule smoke_run:
    output: "build/smoke/{chapter}.ipynb"
    input: lambda w: source(w.chapter), CODE, RESULTS
    params: lambda w: smoke_options(w.chapter)
    shell: "python -m paper.book.chapters run {input[0]} {output} {params}"


def asked(name, valid, usual=()):
    """The words of --config NAME="...", each once; WorkflowError, with the valid ones, for another."""
    words = list(dict.fromkeys(str(config.get(name, "")).split())) or list(usual)
    for word in words:
        if word not in valid:
            raise WorkflowError(f"{name} must be some of {', '.join(valid)}, got {word}")
    return words


# What a run costs: each chapter by itself, for book/costs.json. One at a time: make costs.
COSTS = asked("page", sorted({*RERUN, *LIVE}), sorted({*RERUN, *LIVE}))


rule costs:
    input:
        expand("build/costs/book/{page}.json", page=[page for page in RERUN if page in COSTS]),
        expand("build/costs/smoke/{chapter}.json", chapter=[chapter for chapter in LIVE if chapter in COSTS])


rule cost:
    output: "build/costs/{profile}/{page}.json"
    input: lambda w: source(w.page), CODE, RESULTS
    params: lambda w: "" if w.profile == "book" else smoke_options(w.page)
    shell: "python -m paper.book.costs measure {input[0]} {output} {params}"


# The same as `jupyter-book build .`, but always from nothing: after a failed run Sphinx would pass over pages with warnings,
# and removed pages would stay.
rule site:
    priority: 1
    output: directory("build/html"), "build/sums/html.json"
    input:
        "_config.yml", "_toc.yml", "CITATION.cff", files("book"), files("notebooks"), RESULTS, CODE,
        rules.pages.input
    params: edition=edition_label   # every page names the commit
    shell:
        """
        rm -rf build/site
        jupyter-book build . --path-output build/site -W --keep-going -q > /dev/null
        mv build/site/_build/html {output[0]}
        rm -rf build/site
        python -m paper.book.kept {output[0]}
        """


# The book on paper, and all of it in one archive. See release/.
SUMS = NAME.replace("build/", "build/sums/")


rule pdf:
    input: f"{NAME}.pdf"


rule print:
    output: f"{NAME}.pdf", f"{SUMS}.pdf.json"
    input: "build/html", "_toc.yml", "_config.yml", files("release")
    shell: "python -m release.pdf {input[0]} {output[0]} && python -m paper.book.kept {output[0]}"


rule archive:
    input: f"{NAME}.zip"


rule pack:
    output: f"{NAME}.zip", f"{SUMS}.zip.json"
    input: f"{NAME}.pdf", "build/html", RESULTS, "LICENSE", "LICENSE-text", "README.md", files("release")
    shell: "python -m release.archive {output[0]} && python -m paper.book.kept {output[0]}"


# The results, afresh from the data: all that is frozen, or make reproduce DATASETS="mnist2 cifar2" SEEDS="0"
def wanted():
    """The results that are asked for: experiment, dataset and seed."""
    if not {"datasets", "seeds", "experiments"} & set(config):
        return list(names.frozen())
    experiments = asked("experiments", names.EXPERIMENTS, names.USUAL)
    datasets = asked("datasets", names.DATASETS, ["mnist2", "cifar2"])
    try:
        seeds = [str(names.seed(word)) for word in str(config.get("seeds", "")).split()] or ["0"]
    except ValueError as error:
        raise WorkflowError(f"seeds: {error}") from None
    return list(itertools.product(experiments, datasets, dict.fromkeys(seeds)))


def of_wanted(path):
    return [path.format(experiment=experiment, dataset=dataset, seed=seed) for experiment, dataset, seed in wanted()]


NETWORK = "build/networks/{dataset}-seed{seed}.safetensors"
RESULT = "build/reproduced/{experiment}/{dataset}-seed{seed}"
PART = f"build/sweep/{{dataset}}-seed{{seed}}-{{method}}-grid{names.GRID_SIZE}-passes{names.PASSES}-{{part}}"
RUN = "PACBAYES_ROOT={params.root} OMP_NUM_THREADS={threads} python -m paper"


def table(path):
    """A table and its provenance."""
    return [f"{path}.csv", f"{path}.json"]


def root(wildcards, output):
    """The folder with the build/ of a job: without a shared file system, a copy of the files that its rule declares."""
    return output[0].rpartition("build/")[0] or "."


def code(experiment, method=None, function=""):
    """What a result's own key holds of the code: unlike the files' dates, it is the same after a changed comment."""
    return lambda wildcards: digest.of_experiment(
        experiment.format(**wildcards), method and method.format(**wildcards), function
    )


onstart:
    if "reproduce" in sys.argv:
        plan = Path("build/reproduced/plan.txt")   # from which every job tells how much is left
        plan.parent.mkdir(parents=True, exist_ok=True)
        plan.write_text("".join(of_wanted("{experiment} {dataset} {seed}\n")))


rule reproduce:
    input: [path for result in table(RESULT) for path in of_wanted(result)]


rule train:
    priority: 2   # first, since all else waits for a network, and the shorter jobs then fill both cores to the end
    output: table(RESULT.replace("{experiment}", "training_run")), NETWORK
    params: root=root, code=code("training_run")
    shell: RUN + " compute training_run {wildcards.dataset} {wildcards.seed} {output[0]}"


# The sweep in parts, one table each. On one machine the whole computes them in one process; with `spread`, which the
# profiles for clusters set, every part is a job of its own.
rule explore:
    output: table(PART.replace("{part}", "explored"))
    input: NETWORK
    params: root=root, code=code("accuracy_vs_complexity", "{method}", "parts.counted")
    shell: RUN + " part {wildcards.dataset} {wildcards.seed} {wildcards.method} explored"


rule chunk:
    output: table(PART)
    input: NETWORK, rules.explore.output
    params: root=root, code=code("accuracy_vs_complexity", "{method}", "parts.counted")
    wildcard_constraints: part="chunk[0-9]+|test"
    shell: RUN + " part {wildcards.dataset} {wildcards.seed} {wildcards.method} {wildcards.part}"


def parts(wildcards):
    if not config.get("spread") or wildcards.experiment != "accuracy_vs_complexity":
        return []
    from pacbayes_curvature.posteriors import METHODS   # here, since it imports torch: two seconds for every job

    return expand(table(PART), method=METHODS, part=names.PARTS, dataset=wildcards.dataset, seed=wildcards.seed)


# Results around one network share the data and the curvature: on one machine, one process for all of them.
SHARING = set() if config.get("spread") else set(names.USUAL) - {"training_run"}

for (dataset, seed), results in itertools.groupby(sorted(wanted(), key=lambda each: each[1:3]), key=lambda each: each[1:3]):
    if sharing := [experiment for experiment, *_ in results if experiment in SHARING]:
        rule:
            name: f"around_{dataset}_{seed}"
            priority: 1 if names.source(dataset) == "cifar10" else 0   # the longer ones first
            output: [path for name in sharing for path in table(RESULT.format(experiment=name, dataset=dataset, seed=seed))]
            input: NETWORK.format(dataset=dataset, seed=seed)
            params: root=".", code=[digest.of_experiment(name) for name in sharing], of=f"{dataset} {seed} build/reproduced {' '.join(sharing)}"
            shell: RUN + " together {params.of}"


rule compute:
    output: table(RESULT)
    input: NETWORK, parts
    params: root=root, code=code("{experiment}")
    wildcard_constraints: experiment="|".join(set(names.EXPERIMENTS) - SHARING - {"training_run"})
    shell: RUN + " compute {wildcards.experiment} {wildcards.dataset} {wildcards.seed} {output[0]}"
