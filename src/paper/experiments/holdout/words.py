"""What the chapters say of the hold-out bounds."""

import pandas as pd

from paper.experiments.holdout.compute import CHOSEN
from paper.results.records import Result
from paper.show.style import title


def chosen(result: Result) -> float:
    """The yardstick: the bound of the share that was chosen in advance."""
    return float(result.table.loc[result.table["share"] == CHOSEN, "bound"].iloc[0])


def table(results: list[Result]) -> pd.DataFrame:
    """A row for each data set, seed and share."""
    rows = pd.concat(result.table for result in results)
    return pd.DataFrame(
        {
            "data set": [title(name) for name in rows["dataset"]],
            "seed": rows["seed"].tolist(),
            "share for training": rows["share"].tolist(),
            "wrong answers": [f"{errors:,} of {n:,}" for errors, n in zip(rows["errors"], rows["n"])],
            "bound": rows["bound"].tolist(),
            "test error": rows["test_error"].tolist(),
        }
    )
