"""What chapter 09 says of the certificates: tables and sentences, all from the results."""

import math

import pandas as pd
from IPython.display import Markdown

from pacbayes_curvature.certificates import certificate
from paper import names
from paper.experiments.certified import DELTA, DELTA_MC, DRAWS, PASSES
from paper.experiments.holdout.words import chosen
from paper.results.records import Result
from paper.show.counts import how_many, listed
from paper.show.style import STYLE, title


def table(results: list[Result]) -> pd.DataFrame:
    """A row for each data set, seed and method; the seed only where there are several."""
    rows = pd.concat(result.table for result in results)
    columns = {
        "data set": [title(name) for name in rows["dataset"]],
        "seed": rows["seed"].tolist(),
        "posterior": [STYLE[method][0] for method in rows["method"]],
        "**certificate**": [f"**{value:.3f}**" for value in rows["certificate"]],
        "Theorem 3.1": rows["theorem_31"].tolist(),
        "the paper's sum": rows["papers"].tolist(),
        f"from {DRAWS} draws": rows["drawn_certificate"].tolist(),
        "training error": (rows["errors"] / rows["outcomes"]).tolist(),
        "test error": rows["test_error"].tolist(),
        "of the network": rows["network_test_error"].tolist(),
        "gap": (rows["certificate"] - rows["test_error"]).tolist(),
    }
    if rows["seed"].nunique() == 1:
        del columns["seed"]
    return pd.DataFrame(columns)


def over_seeds(results: list[Result]) -> pd.DataFrame:
    """Certificate and test error over the networks of a data set, mean ± standard deviation (n - 1); a row for each data set and method."""
    rows = pd.concat(result.table for result in results)
    lines = [
        {
            "data set": title(dataset),
            "networks": len(each),
            "posterior": STYLE[method][0],
            "certificate": _spread(each["certificate"]),
            "largest": float(each["certificate"].max()),
            "test error": _spread(each["test_error"]),
        }
        for (dataset, method), each in rows.groupby(["dataset", "method"], sort=False)
    ]
    return pd.DataFrame(lines)


def _spread(values: pd.Series) -> str:
    """Mean ± standard deviation, to as many digits as the latter needs to be more than 0; the mean alone of a single value."""
    if len(values) == 1:
        return f"{values.mean():.3f}"
    digits = 3 if values.std() >= 0.0005 else 5
    return f"{values.mean():.{digits}f}\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{values.std():.{digits}f}"


def ledger(result: Result, method: str) -> Markdown:
    """Every event that the certificate of one posterior pays for, with its probability and what it costs."""
    row = result.table[result.table["method"] == method].iloc[0]
    n, m, priors = int(row["n"]), int(row["outcomes"]), int(row["priors"])
    lines = [
        "| event that fails with small probability | over | probability | what it costs |",
        "|---|---|---|---|",
        f"| Maurer's bound, for all posteriors at once | the sample of {n:,} | {DELTA} | "
        f"$\\ln(2\\sqrt N/\\delta) = {math.log(2 * math.sqrt(n) / DELTA):.2f}$ nats of {row['kl']:,.0f} |",
        f"| ... for each of {priors:,} values of $\\lambda$ that were fixed in advance | the sample | (the same, shared) | "
        f"$\\ln {priors:,} = {math.log(priors):.2f}$ nats |",
        "| the choice of $\\beta$, and of everything else about the posterior | | 0 | nothing: the bound holds for all posteriors |",
        f"| the error on the training set, from $m = {m:,}$ outcomes of fresh noise | the noise | {DELTA_MC} | "
        f"{_monte_carlo(row):.4f} of error |",
        f"| **all together** | both | **{DELTA + DELTA_MC:g}** | |",
    ]
    return Markdown("\n".join(lines))


def verdict(results: list[Result], holdouts: list[Result]) -> Markdown:
    """How many are better than guessing, and where the hold-out bound is."""
    best = {r.key.dataset: float(r.table["certificate"].min()) for r in results[::-1]}  # the first seed of each
    good = [title(name) for name, value in best.items() if value < 1 - 1 / names.classes(name)][::-1]
    rest = [title(name) for name in best if title(name) not in good][::-1]
    sentences = [_below_guessing(good, len(best))] if good else []
    if rest:
        sentences.append(f"On {listed(rest)} no posterior of the paper proves anything.")
    yardsticks = {r.key.dataset: chosen(r) for r in holdouts}
    beaten = [title(name) for name, value in best.items() if value < yardsticks[name]]
    sentences.append(
        f"The hold-out bound is beaten on {listed(beaten)}."
        if beaten
        else "The hold-out bound is lower everywhere, by a wide margin."
    )
    return Markdown(" ".join(sentences))


def _below_guessing(good: list[str], n: int) -> str:
    if n == 1:
        return f"On {good[0]} a certificate is below the error of guessing."
    some = how_many([place < len(good) for place in range(n)], "data sets")
    return f"A certificate is below the error of guessing on {some}: {listed(good)}."


def outcomes_against_draws(results: list[Result]) -> Markdown:
    """What m = N T outcomes are worth beside the paper's draws."""
    rows = pd.concat(result.table for result in results)
    ours, drawn = (rows["certificate"]).max(), rows["drawn_certificate"].min()
    return Markdown(
        f"Each certificate rests on {PASSES} outcomes for each training example. From {DRAWS} drawn networks, the paper's number, the "
        f"smallest certificate of the table is {drawn:.2f}; from outcomes the largest is {ours:.2f}."
    )


def _monte_carlo(row: pd.Series) -> float:
    known = dict(kl=row["kl"], n=int(row["n"]), priors=int(row["priors"]))
    exact = certificate(row["errors"] / row["outcomes"] * 10**15, 10**15, **known)
    return row["certificate"] - exact
