"""What chapter 10 says of priors from a share: the bounds side by side, and what a nat of divergence must buy and has bought."""

import math

import pandas as pd
from IPython.display import Markdown
from scipy.optimize import brentq

from pacbayes_curvature.bounds import kl_bernoulli
from paper import names
from paper.experiments.certified import DELTA
from paper.experiments.holdout.words import chosen
from paper.results.records import Result
from paper.show.style import title

NAMES = {"prior": "the prior itself", "adam": "optimised by Adam", "natural": "optimised by natural steps"}
OPTIMISED = ("adam", "natural")


def tried_on(datasets: list[str]) -> list[str]:
    """Those of the data sets that priors from a share are frozen for, and digits."""
    return [name for name in datasets if name in names.EXPERIMENTS["data_prior"] or name not in names.FROZEN]


def affordable(bound: float, kl: float, n: int, priors: int = 1) -> float:
    """The error e <= bound with kl(e || bound) = (KL + ln(2 sqrt(n) priors / delta)) / n, at which the certificate is `bound` but for the
    Monte Carlo term; NaN where no error is small enough."""
    budget = (kl + math.log(2 * math.sqrt(n) * priors / DELTA)) / n
    if kl_bernoulli(0.0, bound) < budget:
        return math.nan
    return float(brentq(lambda e: kl_bernoulli(e, bound) - budget, 0.0, bound))


def exchange(result: Result) -> pd.DataFrame:
    """A row for each of OPTIMISED. bought: wrong answers, of the n examples, that each nat of its KL removed, beside the posterior that is the prior;
    due: that each would have had to remove for the same certificate, were nothing else paid for."""
    rows = result.table.set_index("method")
    error, n, bound = rows["errors"] / rows["outcomes"], int(rows.loc["prior", "n"]), rows.loc["prior", "certificate"]
    found = []
    for method in OPTIMISED:
        kl = float(rows.loc[method, "kl"])
        bought = n * (error["prior"] - error[method]) / kl
        due = n * (affordable(bound, 0.0, n) - affordable(bound, kl, n)) / kl
        found.append({"method": method, "bought": bought, "due": due})
    return pd.DataFrame(found).set_index("method")


def table(results: list[Result], yardsticks: list[Result]) -> pd.DataFrame:
    """A row for each data set and posterior. yardsticks: the hold-out bounds of each data set."""
    rows = []
    for result, yardstick in zip(results, yardsticks):
        nats = exchange(result)
        for row in result.table.itertuples():
            of = nats.loc[row.method] if row.method in nats.index else None
            rows.append(
                {
                    "data set": title(result.key.dataset),
                    "posterior": NAMES[row.method],
                    "certificate": row.certificate,
                    "Catoni": row.catoni,
                    "hold-out, the prior's mean": row.own_holdout,
                    "hold-out, four fifths": chosen(yardstick),
                    "error on the test set": row.test_error,
                    "KL (nats)": f"{row.kl:.2g}",
                    "errors a nat removed": "" if of is None else f"{of['bought']:.1f}",
                    "errors a nat costs": "" if of is None else f"{of['due']:.1f}",
                }
            )
    return pd.DataFrame(rows)


def verdict(results: list[Result], yardsticks: list[Result]) -> Markdown:
    """Whether any of them proves less than the hold-out bound of its own mean, whether the nats of the optimised ones paid, and where the
    yardstick at equal data is."""
    if not results:
        return Markdown("On none of these data sets has it been tried.")
    parts = (
        result.table.assign(where=title(result.key.dataset), holdout=chosen(yardstick))
        for result, yardstick in zip(results, yardsticks)
    )
    rows = pd.concat(parts, ignore_index=True)
    rows["smaller"] = rows[["certificate", "catoni"]].min(axis=1)
    below = rows[rows["smaller"] < rows["own_holdout"]]
    if below.empty:
        where = f"these {len(results)} data sets" if len(results) > 1 else rows["where"].iloc[0]
        first = (
            f"On {where}, no posterior is certified below the hold-out bound of its prior's own mean, by either bound."
        )
    else:
        named = ", ".join(f"{NAMES[row.method]} on {row.where}" for row in below.itertuples())
        first = f"Below the hold-out bound of its prior's own mean is: {named}. All others are above it."
    best = rows.loc[(rows["smaller"] / rows["own_holdout"]).idxmin()]
    sentences = [
        first,
        f"Nearest to it comes *{NAMES[best['method']]}* on {best['where']}, {best['smaller']:.4f} against {best['own_holdout']:.4f}.",
    ]
    nats = pd.concat(exchange(result) for result in results)
    if paid := int((nats["bought"] >= nats["due"]).sum()):
        sentences.append(f"Of the {len(nats)} optimised posteriors, {paid} earned their divergence.")
    else:
        sentences.append("No optimised posterior earned its divergence: each nat removed fewer errors than it costs.")
    line = rows.groupby("where", sort=False)[["smaller", "holdout"]].min()
    if under := line.index[line["smaller"] < line["holdout"]].tolist():
        sentences.append(
            f"The hold-out bound of a network that is trained on four fifths, without moved images and for half as many epochs, is above the smallest of "
            f"these on {', '.join(under)}. That is owed to the mean and not to PAC-Bayes, where the same mean's hold-out bound is lower still."
        )
    return Markdown(" ".join(sentences))
