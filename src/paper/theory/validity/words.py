"""The sentence under the figure."""

import pandas as pd
from IPython.display import Markdown

from paper.show.counts import how_many, span
from paper.theory.validity.trials import TRIALS


def summary(table: pd.DataFrame) -> Markdown:
    """How the right ways and the shortcuts of `rates.rates` fared against their delta."""
    right, shortcuts = table[table["right"]], table[~table["right"]]
    nearest = right.loc[(right["rate"] / right["delta"]).idxmax()]
    above = how_many(right["low"] > right["delta"], "ways that pay for every event")
    beyond = how_many(shortcuts["low"] > shortcuts["delta"], "shortcuts")
    shares = span(f"{shortcuts['rate'].min():.1%}", f"{shortcuts['rate'].max():.1%}")
    return Markdown(
        f"{above[0].upper()}{above[1:]} failed on a share of the data sets whose interval lies above $\\delta$; the largest share for "
        f"its $\\delta$ is {nearest['rate']:.1%} where {nearest['delta']:.0%} are allowed "
        f"({TRIALS[nearest['trial']].title.lower()}: {nearest['way']}). {beyond[0].upper()}{beyond[1:]} failed more often than $\\delta$ "
        f"beyond the interval, on {shares} of the data sets."
    )
