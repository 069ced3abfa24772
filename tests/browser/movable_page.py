"""A page with the figures that a reader moves, set as the book sets them: what a cell prints, and the still with its caption."""

import importlib.util
import io
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import torch
from IPython.display import HTML

from pacbayes_curvature.networks import initialise
from paper.book import points
from paper.networks import data
from paper.randomness import stream
from paper.results import records
from paper.show.movable import movable
from paper.theory import along, pythagoras

from .pages import ROOT, SITE

HESSIAN, MEAN, PRIOR_MEAN = [[5.0, 4.0], [4.0, 5.0]], [2.0, 1.0], [0.0, 0.0]
H, DISPLACEMENT = 5.0, 2.0
THEME = ("theme", "bootstrap", "pydata-sphinx-theme", "sphinx-book-theme")
DATASETS = ("mnist2", "cifar2")


def lines():
    """The loss of a network before its training, along the directions from another one."""
    digits = data.load("digits")
    x, y = torch.from_numpy(digits.x_train[:200]), torch.from_numpy(digits.y_train[:200])
    one, other = (initialise([x.shape[1], 8, 10], stream("a movable figure", seed)) for seed in (0, 1))
    found = along.directions(one, other, x, y, 1.0, 0.1, stream("a movable figure", 2))
    return {name: along.losses(other, direction, x, y) for name, direction in found.items()}


def frozen(experiment):
    return [records.read(ROOT / "results" / experiment / f"{name}.csv", 0) for name in DATASETS]


def write(folder: Path) -> tuple[Path, dict]:
    """The page in `folder`, and the lines that it shows."""
    shown = lines()
    figures = [
        lambda: _with_still(movable("ellipse", hessian=HESSIAN, mean=MEAN, prior_mean=PRIOR_MEAN, lam=1, beta=1)),
        lambda: pythagoras.figure(H, DISPLACEMENT),
        lambda: along.figure(shown),
        lambda: _with_still(points.fronts(frozen("accuracy_vs_complexity"))),
        lambda: _with_still(points.fronts(frozen("accuracy_vs_complexity"), frozen("lower_bound"))),
    ]
    cells = [_cell(folder, number, make) for number, make in enumerate(figures)]
    spec = importlib.util.spec_from_file_location("movable_extension", ROOT / "book" / "_ext" / "movable.py")
    extension = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(extension)
    static = ROOT / "book" / "_static"
    styles = [SITE / "_static" / "styles" / f"{name}.css" for name in THEME] + [static / "paper.css"]
    head = "".join(
        f'<link rel="stylesheet" href="{path.as_uri()}">' for path in [*styles, *(static / s for s in extension.STYLES)]
    )
    head += "".join(f'<script defer src="{(static / name).as_uri()}"></script>' for name in extension.SCRIPTS)
    page = folder / "page.html"
    page.write_text(
        '<!DOCTYPE html><html lang="en" data-theme="light"><head><meta charset="utf-8"><title>Movable</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{head}</head>'
        f'<body><main><h1>Movable</h1><article class="bd-article">{"".join(cells)}</article></main></body></html>',
        encoding="utf-8",
    )
    return page, shown


def _with_still(place: HTML) -> HTML:
    plt.figure()
    return place


def _cell(folder: Path, number: int, make) -> str:
    with matplotlib.rc_context({"backend": "agg"}):
        place, still = make(), io.StringIO()
        plt.gcf().savefig(still, format="svg")
        plt.close("all")
    (folder / f"{number}.svg").write_text(still.getvalue(), encoding="utf-8")
    return (
        f'<div class="cell"><div class="cell_output docutils container"><figure class="align-default" id="fig-{number}">'
        f'<img alt="The still of a figure" src="{number}.svg"><figcaption><p>Caption {number}.</p></figcaption></figure></div></div>'
        f'<div class="cell tag_remove-input"><div class="cell_output docutils container">'
        f'<div class="output text_html">{place.data}</div></div></div>'
    )
