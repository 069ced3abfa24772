"""What a page that is no notebook says about the results, computed when the book is built: {num}, and the headline figure."""

from functools import cache
from pathlib import Path

import matplotlib.pyplot as plt
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

from paper import names
from paper.book import numbers
from paper.experiments.accuracy_vs_complexity.figure import fronts_over_seeds
from paper.show import style

LOG = logging.getLogger(__name__)
named, frozen, stale = cache(numbers.named), cache(numbers.frozen), cache(numbers.stale)


class Number(SphinxRole):
    """{num}`key:.3f` quotes paper.book.numbers; an unknown key is a warning, and so an error of the build."""

    def run(self):
        key, _, form = self.text.partition(":")
        try:
            text = format(named()[key], form)
        except (KeyError, ValueError) as error:
            LOG.warning("no number %r: %r", self.text, error, location=self.get_location())
            text = "??"
        return [nodes.inline(text, text, classes=["number"])], []


class Headline(SphinxDirective):
    """```{headline} mnist2 cifar2```: Figure 3's fronts of every frozen seed, a figure for each data set, and a caption.

    On top, a warning if the results are stale. Two figures and not one with two panels: they stand side by side where there
    is room, and below each other on a phone.
    """

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self):
        panels = nodes.container(classes=["headline"])
        for dataset in self.arguments[0].split():
            panels += nodes.image(uri=f"/{self._draw(dataset)}", alt=_description(dataset))
        text, messages = self.state.inline_text(" ".join(self.content), self.lineno)
        warned = [nodes.warning("", nodes.paragraph("", f"Stale results. {stale()}."))] if stale() else []
        # No figure of docutils: the headline is not one of the book's numbered figures.
        return [*warned, panels, nodes.paragraph("", "", *text, classes=["headline-caption"]), *messages]

    def _draw(self, dataset: str) -> Path:
        path = Path("book", "_drawn", f"headline-{dataset}.svg")
        target = Path(self.env.srcdir, path)
        target.parent.mkdir(exist_ok=True)
        with plt.rc_context():
            style.use_style()
            figure = fronts_over_seeds({dataset: frozen(dataset)}, [names.classes(dataset)])
            figure.axes[0].set_ylim(0, 1.05)  # above 1 no bound says anything; the same axis for all
            figure.axes[0].legend(loc="best", fontsize="small")
            figure.savefig(target, metadata={"Date": None})
            plt.close(figure)
        return path


def _description(dataset: str) -> str:
    about, name = named(), style.title(dataset)
    bounds = ", ".join(f"{look[0]} {about[f'{dataset}.{method}.bound']:.3f}" for method, look in style.STYLE.items())
    return (
        f"{name}: complexity over training accuracy of the noisy network, a rising curve for each method and each of "
        f"{about[f'{dataset}.seeds']} seeds, and two straight lines where a bound becomes vacuous. Mean of the smallest "
        f"bounds: {bounds}; the error of guessing is {about[f'{dataset}.chance']:.3g}."
    )


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_role("num", Number())
    app.add_directive("headline", Headline)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
