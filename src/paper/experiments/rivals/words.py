"""What chapter 10 says of the rivals: names, the table, the findings, all from the results."""

import inspect
import string

import pandas as pd
from IPython.display import Markdown

from paper.experiments.rivals.rival import RIVALS
from paper.results.records import Result
from paper.show.counts import listed
from paper.show.style import title

GROUPS = {
    "initialisation": "prior mean at the initialisation, posterior optimised",
    "minimum": "around the trained network",
    "share": "prior from a share of the examples",
    "code": "compression",
}
NAMES = {
    "dziugaite_roy": "Dziugaite and Roy",
    "quadratic_bits": "quadratic bound",
    "evidence": "variational inference",
    "error_weights": "error, weights",
    "error_cosine": "error, cosines",
    "error_curvature": "error, curvature",
    "error_kronecker": "error, Kronecker",
    "few_neurons": "few free neurons",
    "laplace_kronecker": "Laplace, Kronecker",
    "ekfac": "EKFAC",
    "swag_diagonal": "SWAG, diagonal",
    "compressed": "compressed",
    "prior_mean": "prior mean from a share",
    "prior_mean_optimised": "the same, optimised",
    "prior_curvature": "prior mean and shape from a share",
}

LETTERS = dict(zip(NAMES, string.ascii_uppercase))  # in the figure


def name(method: str) -> str:
    """The rival's name in figures and tables."""
    return NAMES[method]


def _link(method: str) -> str:
    """The rival's name, leading to its code in the listing of the book's functions."""
    return f"{{py:func}}`{name(method)} <{RIVALS[method].__module__}.{method}>`"


def group(method: str) -> str:
    """The key of GROUPS, by the module that the rival is defined in."""
    room = RIVALS[method].__module__.rpartition(".")[2]
    return {"optimised": "initialisation", "around_minimum": "minimum", "shares": "share"}.get(room, room)


FORMULAS = {  # of the docstrings, as a page shows them
    "beta (H_l + beta/lam I)^-1": r"$\beta(H_l + \frac\beta\lambda I)^{-1}$",
    "of H_l": "of $H_l$",
    "weighted by beta": r"weighted by $\beta$",
}


def what_they_are() -> pd.DataFrame:
    """Each rival in a sentence: the first of its docstring."""
    sentences = [inspect.getdoc(make).split("\n\n")[0].replace("\n", " ") for make in RIVALS.values()]
    for written, shown in FORMULAS.items():
        sentences = [sentence.replace(written, shown) for sentence in sentences]
    return pd.DataFrame(
        {"": [LETTERS[m] for m in RIVALS], "rival": [name(m) for m in RIVALS], "what it is": sentences}
    ).sort_values("")


def table(result: Result) -> pd.DataFrame:
    """A row for each rival, the smallest certificate first."""
    rows = result.table.sort_values("certificate")
    return pd.DataFrame(
        {
            "rival": [_link(method) for method in rows["method"]],
            "**certificate**": [f"**{value:.4f}**" for value in rows["certificate"]],
            "error on the examples counted": (rows["errors"] / rows["outcomes"]).tolist(),
            "on the test set": rows["test_error"].tolist(),
            "KL (nats)": [f"{value:,.0f}" if value >= 100 else f"{value:.3g}" for value in rows["kl"]],
            "mean moved by": rows["moved"].tolist(),
            "share of the prior": rows["prior_share"].tolist(),
            "hold-out bound of the prior's mean": rows["own_holdout"].tolist(),
            "time (s)": [f"{{ref}}`{value:.0f} <run-rivals>`" for value in rows["seconds"]],
            "tried": rows["tried"].tolist(),
        }
    )


def whole(result: Result) -> bool:
    """Whether it has all rivals, and not the coordinates alone."""
    return set(RIVALS) <= set(result.table["method"])


def findings(result: Result, around: Result) -> Markdown:
    """How much is due to optimisation, to the coordinates, to the prior's mean; and the hold-out line. `around`: the certificates of the
    paper's posteriors on the same network."""
    if not whole(result):
        return Markdown(f"On {title(result.key.dataset)} only the coordinates are compared, below.")
    c = dict(zip(result.table["method"], result.table["certificate"]))
    paper = dict(zip(around.table["method"], around.table["certificate"]))
    line, where = float(result.table["holdout"].iloc[0]), title(result.key.dataset)
    own = dict(zip(result.table["method"], result.table["own_holdout"]))
    data_free = min((m for m in c if group(m) != "share"), key=c.get)
    seen = min((m for m in c if group(m) == "share"), key=c.get)
    sentences = [
        f"**Optimisation.** Around the trained network the best of the paper's posteriors is certified at {min(paper.values()):.3f} on {where}, "
        f"and the best posterior of any shape there (Laplace, EKFAC, SWAG) at {min(c[m] for m in c if group(m) == 'minimum'):.3f}. Moving "
        f"the mean as well, with all variances free, reaches {c['error_weights']:.3f} (*{name('error_weights')}*).",
        f"**Coordinates.** In the eigenbasis of the curvature the same optimisation, with as many steps, reaches {c['error_curvature']:.3f}; in "
        f"cosines, which have seen no data, {c['error_cosine']:.3f}; with the outputs rotated too, {c['error_kronecker']:.3f}. The prior does not mind the rotation, so "
        "nothing is paid for it.",
        f"**Fewer neurons.** A prior that holds most neurons at the initialisation, and pays for their number, brings it to "
        f"{c['few_neurons']:.4f}. Every neuron whose weights the posterior must know costs divergence, and few suffice.",
        f"**Without data for the prior** the smallest certificate is {c[data_free]:.4f} ({name(data_free)}). The hold-out bound at equal data "
        f"is {line:.4f}.",
        f"**With a share of the data for the prior** it is {c[seen]:.4f} ({name(seen)}); the hold-out bound of the very mean that this prior has, "
        f"on the very examples that the certificate counts, is {own[seen]:.4f}. "
        + (
            "The certificate is the smaller one: what PAC-Bayes adds is worth more than it costs."
            if c[seen] < own[seen]
            else "So this certificate is a hold-out bound with extra steps: leaving the noise and the divergence out would have proved more."
        ),
    ]
    return Markdown("\n\n".join(sentences))


def coordinates(results: list[Result]) -> pd.DataFrame:
    """The same optimisation in three coordinate systems, a row for each data set."""
    rows = []
    for result in results:
        c = dict(zip(result.table["method"], result.table["certificate"]))
        rows.append(
            {
                "data set": title(result.key.dataset),
                "weights": c["error_weights"],
                "cosines": c["error_cosine"],
                "eigenbasis of the curvature": c["error_curvature"],
                "curvature / weights": c["error_curvature"] / c["error_weights"],
                "hold-out bound": float(result.table["holdout"].iloc[0]),
            }
        )
    return pd.DataFrame(rows)


def coordinates_verdict(results: list[Result]) -> Markdown:
    """Which of the three coordinates give the smallest certificate on which data sets, and how much of the gain needs no data."""
    three = coordinates(results).set_index("data set")[["weights", "cosines", "eigenbasis of the curvature"]]
    best = three.idxmin(axis=1)
    where = {of: listed(list(best.index[best == of])) for of in three if (best == of).any()}
    sentences = [
        f"The smallest certificate of the three is that of the {of} on {names}." for of, names in where.items()
    ]
    if (three["cosines"] < three["weights"]).all():
        gained = (three["weights"] - three["cosines"]) / (three["weights"] - three.min(axis=1))
        least, most = f"{gained.min():.0%}", f"{gained.max():.0%}"
        share = least if least == most else f"between {least} and {most}"
        sentences.append(
            f"Cosines, which have seen no data, give {share} of what the best of the three gains over the weights."
        )
    return Markdown(" ".join(sentences))
