"""The sentence under the figure."""

import pandas as pd
from IPython.display import Markdown

from paper.theory.validity.trials import TRIALS


def summary(table: pd.DataFrame) -> Markdown:
    """How the right ways and the shortcuts of `rates.rates` fared against their delta."""
    right, shortcuts = table[table["right"]], table[~table["right"]]
    nearest = right.loc[(right["rate"] / right["delta"]).idxmax()]
    above, beyond = (right["low"] > right["delta"]).sum(), (shortcuts["low"] > shortcuts["delta"]).sum()
    return Markdown(
        f"Of {len(right)} ways that pay for every event, {above or 'none'} failed on a share of the data sets whose interval lies above "
        f"$\\delta$; the largest share for its $\\delta$ is {nearest['rate']:.1%} where {nearest['delta']:.0%} are allowed "
        f"({TRIALS[nearest['trial']].title.lower()}: {nearest['way']}). Of {len(shortcuts)} shortcuts, {beyond if 0 < beyond < len(shortcuts) else 'all' if beyond else 'none'} failed more often than $\\delta$ beyond the "
        f"interval, on {shortcuts['rate'].min():.1%} to {shortcuts['rate'].max():.1%} of the data sets."
    )
