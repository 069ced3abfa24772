"""What the page of one's own data shows beside its figures: tables and sentences, all from what was computed."""

import pandas as pd
from IPython.display import Markdown

from paper.experiments.own_data.compute import NOISE, PRIORS, Plan
from paper.experiments.own_data.examples import Examples
from paper.experiments.own_data.figure import STYLES
from paper.experiments.own_data.network import Trained


def data(examples: Examples) -> pd.DataFrame:
    """What the examples are, with what a reader should look at before trusting a bound."""
    counts, rows = examples.y.bincount(minlength=examples.classes), {x.tobytes() for x in examples.x.numpy()}
    facts = {
        "from": examples.origin,
        "examples": f"{len(examples.y):,}",
        "numbers each": f"{examples.x.shape[1]:,}",
        "scale": examples.scale,
        "range": f"{examples.x.min():.4g} to {examples.x.max():.4g}",
        "classes": str(examples.classes),
        "examples of a class": f"{counts.min():,} to {counts.max():,}",
        "inputs that repeat an earlier one": f"{len(examples.y) - len(rows):,}",
    }
    return pd.DataFrame({"": facts.keys(), "value": facts.values()})


def trained(network: Trained, plan: Plan) -> Markdown:
    """Whether the network fits its training examples, and after how many epochs."""
    last = network.history.iloc[-1]
    if last["error"] == 0:
        return Markdown(f"After epoch {last['epoch']:.0f} no training example is answered wrong.")
    return Markdown(
        f"After {last['epoch']:.0f} epochs the network still answers {last['error']:.4f} of the training examples wrong; more than "
        f"`epochs = {plan.epochs}` may mend that. The certificates hold all the same."
    )


def posteriors(chosen: dict, found: pd.DataFrame) -> pd.DataFrame:
    """The best point of each method, and the optimised posterior's lam."""
    best = found.loc[found.groupby("method", sort=False)["expected"].idxmin()].set_index("method")
    rows = [
        {
            "posterior": STYLES[name][0],
            **{f"lam, layer {l}": value for l, value in enumerate(lam, start=1)},
            "beta": float(best["beta"].get(name, float("nan"))),
            "expected certificate": float(best["expected"].get(name, float("nan"))),
        }
        for name, (_, lam) in chosen.items()
    ]
    return pd.DataFrame(rows)


def certificates(rows: pd.DataFrame, hold: dict[str, float]) -> pd.DataFrame:
    """A row for each posterior and one for the hold-out network: measured error, what the bound is made of, the bound."""
    table = pd.DataFrame(
        {
            "": [STYLES[name][0] for name in rows["posterior"]],
            "KL (nats)": rows["kl"],
            "errors": [f"{value:,.1f}" for value in rows["errors"]],
            "outcomes": [f"{value:,}" for value in rows["outcomes"]],
            "examples": [f"{value:,}" for value in rows["n"]],
            "error": rows["error"],
            "certificate": rows["certificate"],
        }
    )
    tested = f"{hold['n']:,}"
    table.loc[len(table)] = [
        "Hold-out",
        float("nan"),
        f"{hold['errors']:,}",
        tested,
        tested,
        hold["error"],
        hold["bound"],
    ]
    return table


def events(plan: Plan) -> pd.DataFrame:
    """What may fail, how probable that is at most, and which lines it is about."""
    return pd.DataFrame(
        [
            [
                f"the sample: the bound fails for one of {PRIORS:,} priors",
                "the posteriors together",
                (1 - NOISE) * plan.delta,
            ],
            ["the noise: an error is larger than its outcomes say", "the posteriors together", NOISE * plan.delta],
            ["the held-out sample: the binomial tail", "hold-out", plan.delta],
        ],
        columns=["event", "lines", "probability at most"],
    )


def verdict(rows: pd.DataFrame, hold: dict[str, float], plan: Plan, chance: float) -> Markdown:
    """The smallest certificate, against guessing and against the hold-out bound."""
    best = rows.loc[rows["certificate"].idxmin()]
    name, least, bound = STYLES[best["posterior"]][0], best["certificate"], hold["bound"]
    said = (
        f"The smallest certificate is {least:.4f}, of the posterior *{name}*. With confidence {1 - plan.delta:.6g}, networks drawn from it, "
        "a new one for each answer, err on new examples of the same kind with at most this probability."
        if least < chance
        else f"No posterior is certified as better than guessing, which errs on {chance:.4f}: the smallest certificate is {least:.4f} (*{name}*)."
    )
    order = "smaller" if bound < least else "larger"
    return Markdown(
        f"{said} The hold-out bound, of a network trained on {hold['trained']:,} of the examples and tested on {hold['n']:,}, is "
        f"{bound:.4f}: {order} by {abs(bound - least):.4f}."
    )
