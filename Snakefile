# The flow: notebooks/NAME.md -> executed by papermill: build/source/notebooks/PAGE.ipynb -> the book: build/html.
# Every notebooks/*.md is a page by itself, except the one that is executed once for each data set.
import os
import sys
from pathlib import Path

from pacbayes_curvature import chapters

APPENDICES = ["mnist2", "cifar2"]

# The smoke profile: a chapter takes those of these parameters that it declares.
SMOKE = {"dataset": "digits", "grid_size": 5}

CHAPTERS = [path.stem for path in sorted(Path("notebooks").glob("*.md"))]
# page -> chapter and the options it is run with
PAGES = {chapter: (chapter, "") for chapter in CHAPTERS if chapter != "appendix_dataset"}
PAGES |= {
    f"appendix_{dataset}": ("appendix_dataset", f"-p dataset {dataset} --title {dataset.capitalize()}")
    for dataset in APPENDICES
}

os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # this environment's programs


def source(chapter):
    return f"notebooks/{chapter}.md"


def smoke_options(chapter):
    known = chapters.declared(chapters.read(Path(source(chapter))))
    return " ".join(f"-p {name} {value}" for name, value in SMOKE.items() if name in known)


def files(folder):
    return [str(path) for path in sorted(Path(folder).rglob("*")) if path.is_file() and "__pycache__" not in path.parts]


CODE = ["pyproject.toml", *files("src/pacbayes_curvature")]
RESULTS = files("results")


localrules: book, smoke, site   # on a cluster, these stay on this machine


rule book:
    input: "build/html"


rule smoke:
    input: expand("build/smoke/{chapter}.ipynb", chapter=CHAPTERS)


rule page:
    output: "build/source/notebooks/{page}.ipynb"
    input: lambda w: source(PAGES[w.page][0]), CODE, RESULTS
    params: lambda w: PAGES[w.page][1]
    shell: "python -m pacbayes_curvature.chapters run {input[0]} {output} {params}"


rule smoke_run:
    output: "build/smoke/{chapter}.ipynb"
    input: lambda w: source(w.chapter), CODE, RESULTS
    params: lambda w: smoke_options(w.chapter)
    shell: "python -m pacbayes_curvature.chapters run {input[0]} {output} {params}"


# The book is built in build/source, where every page has the path that its source has in the repository, and always from
# nothing: after a failed run Sphinx would pass over pages with warnings, and removed pages would stay.
rule site:
    output: directory("build/html")
    input: "_config.yml", "_toc.yml", files("book"), RESULTS, CODE, expand("build/source/notebooks/{page}.ipynb", page=PAGES)
    shell:
        """
        rm -rf build/source/book build/source/results build/site-*
        cp -R _config.yml _toc.yml book results build/source/
        site=$(mktemp -d build/site-XXXXXX)
        jupyter-book build build/source --path-output $site -W --keep-going -q > /dev/null
        mv $site/_build/html {output}
        rm -rf $site
        """


# The results, afresh from the data: make reproduce DATASETS="mnist2 cifar2" SEEDS="0"
DATASETS = str(config.get("datasets", "mnist2 cifar2")).split()
SEEDS = str(config.get("seeds", "0")).split()
# Every experiment, and what it needs beside the data.
EXPERIMENTS = ["training_run", "curvature_spectra", "accuracy_vs_complexity"]
REPRODUCED = "build/reproduced/{experiment}/{dataset}-seed{seed}.csv"


rule reproduce:
    input: expand(REPRODUCED, experiment=EXPERIMENTS, dataset=DATASETS, seed=SEEDS)


rule train:
    output: "build/reproduced/training_run/{dataset}-seed{seed}.csv", "build/networks/{dataset}-seed{seed}.safetensors"
    input: CODE
    threads: 2
    shell: "OMP_NUM_THREADS={threads} python -m pacbayes_curvature.reproduce compute training_run {wildcards.dataset} {wildcards.seed} {output[0]}"


# The sweep in parts, one file each. On one machine the whole computes them in one process; with `spread`, which the
# profiles for clusters set, every part is a job of its own.
METHODS = ["baseline", "diag", "layerwise"]
PART = "build/sweep/{dataset}-seed{seed}-{method}-grid20-passes1-{part}.csv"


rule explore:
    output: PART.replace("{part}", "explored")
    input: "build/networks/{dataset}-seed{seed}.safetensors", CODE
    threads: 2
    shell: "OMP_NUM_THREADS={threads} python -m pacbayes_curvature.reproduce part {wildcards.dataset} {wildcards.seed} {wildcards.method} explored"


rule chunk:
    output: PART
    input: rules.explore.output
    wildcard_constraints: part="chunk[0-9]+"
    threads: 2
    shell: "OMP_NUM_THREADS={threads} python -m pacbayes_curvature.reproduce part {wildcards.dataset} {wildcards.seed} {wildcards.method} {wildcards.part}"


def parts(wildcards):
    if not config.get("spread") or wildcards.experiment != "accuracy_vs_complexity":
        return []
    of = {"dataset": wildcards.dataset, "seed": wildcards.seed, "method": METHODS}
    return expand(PART, part=["explored", *(f"chunk{chunk}" for chunk in range(4))], **of)


rule compute:
    output: REPRODUCED
    input: "build/networks/{dataset}-seed{seed}.safetensors", CODE, parts
    wildcard_constraints: experiment="|".join(EXPERIMENTS[1:])
    threads: 2
    shell: "OMP_NUM_THREADS={threads} python -m pacbayes_curvature.reproduce compute {wildcards.experiment} {wildcards.dataset} {wildcards.seed} {output}"
