"""How far the quadratic model is from the network, and what it is good for all the same: numbers, tables and sentences."""

import pandas as pd
from IPython.display import Markdown

from paper import names
from paper.experiments.grid import LEVELS
from paper.results.records import Result
from paper.show.counts import how_many, span
from paper.show.style import STYLE, title

PREDICTED, MEASURED, USUAL = "predicted, over the baseline's", "measured, over the baseline's", "baseline's error"
MODELS = {"predicted": "the Hessian of the loss", "layerwise": "the layerwise $H_l$"}


def between_levels(result: Result) -> pd.DataFrame:
    """The points whose noisy network is between the first and the last of LEVELS on the way from guessing to perfect."""
    chance, error = 1 - 1 / names.classes(result.key.dataset), result.table["error"]
    return result.table[error.between((1 - LEVELS[-1]) * chance, (1 - LEVELS[0]) * chance)]


def off(result: Result, model: str = "predicted") -> float:
    """The measured increase of the loss over the one that a model of MODELS predicts: the median over `between_levels`."""
    return float(_ratios(result, model).median())


def gaps(results: list[Result]) -> pd.DataFrame:
    """The measured over the predicted increase, a row for each data set and model: median and range over `between_levels`, and the
    rank correlation of the two over the same points."""
    rows = []
    for result in results:
        points = between_levels(result)
        for model, name in MODELS.items():
            ratio = _ratios(result, model)
            rows.append(
                {
                    "data set": title(result.key.dataset),
                    "quadratic with": name,
                    "points": len(points),
                    "measured / predicted, median": ratio.median(),
                    "least": ratio.min(),
                    "largest": ratio.max(),
                    "rank correlation": points["measured"].corr(points[model], "spearman"),
                }
            )
    return pd.DataFrame(rows)


def choices(result: Result, model: str = "layerwise") -> pd.DataFrame:
    """What a model's choice is worth: a row for each method with a curvature and each baseline in `between_levels`.

    Of the method's points with no larger KL than that baseline the one is taken for which the model predicts least. PREDICTED and
    MEASURED: its increase of the loss over the baseline's; error and USUAL: the errors of the two noisy networks.
    """
    near, table = between_levels(result), result.table
    rows = []
    for usual in near[near["method"] == "baseline"].itertuples():
        for method, points in table[table["method"] != "baseline"].groupby("method", sort=False):
            affordable = points[points["kl"] <= usual.kl * (1 + 1e-9)]  # at beta = inf every method is the baseline
            best = affordable.loc[affordable[model].idxmin()]
            rows.append(
                {
                    "data set": title(result.key.dataset),
                    "method": STYLE[method][0],
                    "KL": usual.kl,
                    PREDICTED: best[model] / getattr(usual, model),
                    MEASURED: best["measured"] / usual.measured,
                    "error": best["error"],
                    USUAL: usual.error,
                }
            )
    return pd.DataFrame(rows)


def worth(result: Result, level: float = 0.75) -> pd.Series:
    """The row of `choices` with Full L at the baseline whose accuracy is nearest to `level` of the way from guessing to perfect."""
    table = _full(result)
    wanted = (1 - level) * (1 - 1 / names.classes(result.key.dataset))
    return table.loc[(table[USUAL] - wanted).abs().idxmin()]


def findings(results: list[Result]) -> Markdown:
    """How far the models are off, and how often the layerwise one's choice is better than the baseline: an item for each data set."""
    return Markdown("\n".join(map(_finding, results)))


def _finding(result: Result) -> str:
    if between_levels(result).empty:
        return (
            f"- **{title(result.key.dataset)}.** The grid has no point between a quarter and 95% of the way from guessing to perfect: "
            "a finer one is needed."
        )
    ratio = {model: _ratios(result, model) for model in MODELS}
    below, above = ratio["predicted"], 1 / ratio["layerwise"]
    return (
        f"- **{title(result.key.dataset)}.** Where the noisy network is between a quarter and 95% of the way from guessing to perfect, "
        f"its loss rises by {span(_times(below.min()), _times(below.max()))} times what the Hessian predicts, in the median "
        f"{_times(below.median())} times. The layerwise quadratic of the methods errs the other way: what it predicts is "
        f"{span(_times(above.min()), _times(above.max()))} times the measured rise, in the median {_times(above.median())} times. {_choice(result)}"
    )


def _choice(result: Result) -> str:
    table = _full(result)
    if table.empty:
        return "No baseline of the grid lies there, so the choice of a model cannot be held against one."
    at = worth(result)
    better = table[MEASURED] < 1
    if not better.any():
        return "At equal KL, the noise that Full L chooses by it is nowhere better than the baseline's."
    where = "at every KL" if better.all() else f"at {how_many(better, 'values of the KL')}"
    return (
        f"And yet the noise that Full L chooses by it, at no larger KL, is better than the baseline's {where}. Beside the baseline with "
        f"an error of {at[USUAL]:.3f}, the model promises {at[PREDICTED]:.2g} times its rise of the loss; measured are "
        f"{at[MEASURED]:.2g} times, and an error of {rate(at['error'])}."
    )


def rate(error: float) -> str:
    """An error to three digits behind the point; 0.000 would be more than few examples can say."""
    return "less than 0.001" if error < 0.001 else f"{error:.3f}"


def _full(result: Result) -> pd.DataFrame:
    table = choices(result)
    return table[table["method"] == STYLE["layerwise"][0]] if len(table) else table


def _ratios(result: Result, model: str) -> pd.Series:
    points = between_levels(result)
    return points["measured"] / points[model]


def _times(factor: float) -> str:
    """A factor to two digits, large ones with commas."""
    rounded = float(f"{factor:.2g}")
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:g}"
