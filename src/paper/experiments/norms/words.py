"""What chapter 10 says of the bounds from norms."""

import pandas as pd
from IPython.display import Markdown

from paper.results.records import Result
from paper.show.style import title

NAMES = {
    "bartlett": "Bartlett, Foster and Telgarsky (2017)",
    "neyshabur": "Neyshabur, Bhojanapalli and Srebro (2018)",
    "golowich": "Golowich, Rakhlin and Shamir (2018)",
}


def table(results: list[Result]) -> pd.DataFrame:
    """A row for each data set, a column for each bound."""
    rows = []
    for result in results:
        terms = dict(zip(result.table["bound"], result.table["term"]))
        margin = float(result.table["margin"].iloc[0])
        rows.append(
            {"data set": title(result.key.dataset), "median margin": margin}
            | {NAMES[bound]: f"{term:,.0f}" for bound, term in terms.items()}
        )
    return pd.DataFrame(rows)


def verdict(results: list[Result]) -> Markdown:
    """Between which numbers the terms are, beside what would prove something."""
    terms = pd.concat(result.table for result in results)["term"]
    if terms.min() <= 0.5:
        return Markdown("The smallest term is below 1/2: with its constants it might prove something.")
    return Markdown(
        f"A bound that proves something is below 1. These terms are between {terms.min():,.0f} and {terms.max():,.0f}, their constants and "
        "logarithms not counted."
    )
