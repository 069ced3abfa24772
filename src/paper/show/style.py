"""The figures. Each function takes results and returns a matplotlib figure; none computes a number of its own.

Colours: Okabe and Ito's palette, which stays distinct for colour-blind readers; methods also differ by marker.
"""

import matplotlib
import seaborn as sns
from IPython import get_ipython
from matplotlib_inline.backend_inline import set_matplotlib_formats
from matplotlib_inline.config import InlineBackend

from pacbayes_curvature.posteriors import POSTERIORS

# method: name in the figures, as in the paper; colour; marker
STYLE = {name: (method.title, method.colour, method.marker) for name, method in POSTERIORS.items()}
SMALL = sns.plotting_context(
    "paper"
)  # letters of figures that are one column wide, on a phone, too; decorates what draws one
LAYER_COLOURS = ("#0072B2", "#E69F00", "#CC79A7")


def use_style() -> None:
    """Set the look of all figures, whatever the user's matplotlibrc and backend are, and make the SVG of a figure the same in
    every run."""
    shell = get_ipython()
    in_notebook = hasattr(shell, "kernel")
    if in_notebook:  # under MPLBACKEND=Agg, the kernel leaves figures out
        shell.enable_matplotlib("inline")
    matplotlib.rcdefaults()
    sns.set_theme(context="notebook", style="ticks", font="DejaVu Sans")
    matplotlib.rcParams |= {
        "svg.hashsalt": "pacbayes-curvature",
        "svg.fonttype": "path",
        "figure.constrained_layout.use": True,
        "figure.constrained_layout.hspace": 0.06,  # or a title reads as the label of the axis above it
    }
    if in_notebook:
        InlineBackend.instance(parent=shell).print_figure_kwargs = {"bbox_inches": "tight"}
        set_matplotlib_formats("svg", metadata={"Date": None})


def title(dataset: str) -> str:
    """A data set's name as the paper writes it: Mnist2, Cifar10."""
    return dataset.capitalize()
