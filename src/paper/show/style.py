"""The figures. Each function takes results and returns a matplotlib figure; none computes a number of its own.

Colours: Okabe and Ito's palette, which stays distinct for colour-blind readers; methods also differ by marker.
"""

import matplotlib
import seaborn as sns

from pacbayes_curvature.posteriors import POSTERIORS

# method: name in the figures, as in the paper; colour; marker
STYLE = {name: (method.title, method.colour, method.marker) for name, method in POSTERIORS.items()}
LAYER_COLOURS = ("#0072B2", "#E69F00", "#CC79A7")


def use_style() -> None:
    """Set the look of all figures, and make the SVG of a figure the same in every run."""
    sns.set_theme(context="notebook", style="ticks", font="DejaVu Sans")
    matplotlib.rcParams |= {
        "svg.hashsalt": "pacbayes-curvature",
        "svg.fonttype": "path",
        "figure.constrained_layout.use": True,
    }
    try:
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:  # outside a notebook
        return
    set_matplotlib_formats("svg", metadata={"Date": None})


def title(dataset: str) -> str:
    """A data set's name as the paper writes it: Mnist2, Cifar10."""
    return dataset.capitalize()
