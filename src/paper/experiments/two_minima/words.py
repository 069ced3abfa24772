"""What the introduction shows beside its figure: tables and sentences about the two minima, all from the results."""

import math

import pandas as pd
from IPython.display import Markdown

from paper import names
from paper.experiments.grid import best_bounds
from paper.experiments.two_minima.compute import NETWORKS, POSTERIORS, facts, path
from paper.results.records import Result
from paper.show.counts import few
from paper.show.style import STYLE, title

NAMES = {"initialisation": "initialisation", "original": "original minimum", "optimised": "optimised mean"}


def networks(result: Result) -> pd.DataFrame:
    """A column for each network without noise: loss, accuracies, squared distances, coordinates on the plane."""
    found = facts(result)
    columns = {
        NAMES[name]: {
            "training loss (nats)": found[f"mean_loss_{name}"],
            "training accuracy": found[f"mean_accuracy_{name}"],
            "test accuracy": found[f"mean_test_accuracy_{name}"],
            "squared distance from the initialisation": _distance(found, "initialisation", name) ** 2,
            "squared distance from the original minimum": _distance(found, "original", name) ** 2,
            "along": found[f"along_{name}"],
            "across": found[f"across_{name}"],
        }
        for name in NETWORKS
    }
    return pd.DataFrame(columns).rename_axis("quantity").reset_index()


def posteriors(result: Result) -> pd.DataFrame:
    """A column for each posterior: accuracies, the parts of the bound and of the objective, spread."""
    found = facts(result)
    rows = {
        "training accuracy with noise": "accuracy",
        "test accuracy with noise": "test_accuracy",
        "cross-entropy with noise (bits)": "bits",
        "KL (nats)": "kl",
        "of it, the mean's part": "mean_term",
        "complexity": "complexity",
        "bound: error plus complexity": "bound",
        "objective: bits plus complexity": "objective",
        "standard deviation along": "variance_along",
        "standard deviation across": "variance_across",
        "length of the noise": "noise",
    }
    columns = {"quantity": rows.keys()}
    for name in POSTERIORS:
        values = [found[f"{quantity}_{name}"] for quantity in rows.values()]
        columns[f"around the {NAMES[name]}"] = [
            math.sqrt(value) if "variance" in quantity else value for value, quantity in zip(values, rows.values())
        ]
    return pd.DataFrame(columns)


def bounds(result: Result, sweep: Result) -> pd.DataFrame:
    """The smallest bound of each method around the original minimum (`accuracy_vs_complexity`) and the optimised one."""
    found = facts(result)
    table = best_bounds([sweep])[["method", "lam", "accuracy", "complexity", "bound"]]
    table["method"] = [STYLE[method][0] for method in table["method"]]
    moved = {"method": "Optimised mean and variances", "lam": found["lam"]}
    moved |= {name: found[f"{name}_optimised"] for name in ("accuracy", "complexity", "bound")}
    table = pd.concat([table, pd.DataFrame([moved])], ignore_index=True)
    return table.assign(chance=1 - 1 / names.classes(result.key.dataset))


def moved(result: Result) -> Markdown:
    """How far the mean has moved, where to, and what the last epochs changed."""
    found, trail = facts(result), path(result)
    away, back = _distance(found, "original", "optimised"), _distance(found, "initialisation", "optimised")
    trained = _distance(found, "initialisation", "original")
    halfway, last = trail.iloc[(len(trail) - 1) // 2], trail.iloc[-1]
    along = found["along_optimised"] - trained
    return Markdown(
        f"**The mean moves.** On {title(result.key.dataset)} training had moved the weights by {trained:.2f}. The optimisation "
        f"moves them by another {away:.2f}, {away / trained:.2f} times as far: {abs(along):.2f} {'back' if along < 0 else 'on'} "
        f"along the line from the initialisation, and {found['across_optimised']:.2f} across it. It ends at a distance of {back:.2f} "
        f"from the initialisation, {'closer' if back < trained else 'farther'} than it began. After epoch {halfway['epoch']:.0f} of "
        f"{len(trail)} it had moved by {halfway['distance']:.2f}. The mean objective was {halfway['value']:.4f} in that epoch and "
        f"{last['value']:.4f} in the last, when the learning rate had fallen to 0. Where a longer descent would end we do not know."
    )


def another_minimum(result: Result) -> Markdown:
    """Whether the new mean is a minimum of the loss, and whether a barrier lies between the two."""
    found = facts(result)
    loss, was = found["mean_loss_optimised"], found["mean_loss_original"]
    error = 1 - found["mean_accuracy_optimised"]
    kind = (
        f"The loss there is {loss:.3g} nats, {loss / was:.3g} times that of the original minimum, and the network misclassifies "
        f"{error:.2%} of the training examples. It is a minimum of the objective, if of anything, and not of the loss."
        if loss > 1.5 * was
        else f"The loss there is {loss:.3g} nats, against {was:.3g} at the original minimum."
    )
    barrier = found["barrier_loss"]
    between = (
        "On the straight line between the two the loss never exceeds its larger end: no barrier separates them."
        if barrier <= 0.01 * max(loss, was)
        else f"On the straight line between the two the loss rises {barrier:.3g} nats above its larger end."
    )
    return Markdown(f"**Is it a minimum?** {kind} {between}")


def why_it_moves(result: Result) -> Markdown:
    """What the noise does at the two minima."""
    found = facts(result)
    clean, noisy = ([1 - found[f"{which}accuracy_{name}"] for name in POSTERIORS] for which in ("mean_", ""))
    better = "less" if noisy[1] < noisy[0] else "no less"
    return Markdown(
        f"**Why it moves.** Without noise the training error is {clean[0]:.2%} at the original minimum and {clean[1]:.2%} at the "
        f"optimised mean. With the noise of its posterior it is {noisy[0]:.2%} at the one and {noisy[1]:.2%} at the other. The "
        f"noise does {better} harm where the mean has gone, with {found['noise_optimised'] / found['noise_original']:.2f} times "
        "its length. The loss of the network alone does not show this: compare the panels with and without noise."
    )


def another_classifier(result: Result) -> Markdown:
    """On how many images the two networks disagree."""
    found = facts(result)
    counts = {part: (found[f"{part}_disagreement"], int(found[f"{part}_examples"])) for part in ("train", "test")}
    (a, n), (b, m) = counts["train"], counts["test"]
    was, is_now = (found[f"mean_test_accuracy_{name}"] for name in POSTERIORS)
    accuracy = (
        f"rises by {is_now - was:.2%} of the images, from {was:.4f} to {is_now:.4f}"
        if is_now > was
        else f"falls by {was - is_now:.2%} of the images, from {was:.4f} to {is_now:.4f}"
        if is_now < was
        else f"is {was:.4f} for both"
    )
    return Markdown(
        f"**Is it another classifier?** Without noise, the two networks disagree on {few(round(a * n))} of the {n:,} training "
        f"images ({a:.2%}) and on {few(round(b * m))} of the {m:,} test images ({b:.2%}). The test accuracy {accuracy}. The weights have moved "
        f"{_distance(found, 'original', 'optimised') / _distance(found, 'initialisation', 'original'):.0%} as far as training "
        f"moved them, and the answer is the same on {1 - b:.1%} of the test images."
    )


def spread(result: Result) -> Markdown:
    """How wide the posteriors are in the plane, and over all weights."""
    found = facts(result)
    sd = {name: math.sqrt(found[f"variance_along_{name}"]) for name in POSTERIORS}
    away = _distance(found, "original", "optimised")
    return Markdown(
        f"**The posteriors are points in the plane, and wide outside it.** Along the plane their standard deviations are "
        f"{sd['original']:.3f} and {sd['optimised']:.3f}. The two means are {away:.2f} apart, {away / max(sd.values()):.0f} "
        f"standard deviations. Yet the noise over all {found['weights']:,.0f} weights has the length "
        f"{found['noise_original']:.1f} around the one and {found['noise_optimised']:.1f} around the other, "
        f"{found['noise_original'] / _distance(found, 'initialisation', 'original'):.1f} times the distance that training had moved the "
        "weights: a draw from a posterior is farther from its own mean than the mean is from the initialisation."
        if found["noise_original"] > _distance(found, "initialisation", "original")
        else f"**The posteriors are narrow.** Their standard deviations along the plane are {sd['original']:.3f} and "
        f"{sd['optimised']:.3f}, and the two means are {away:.2f} apart."
    )


def what_it_buys(result: Result, sweep: Result) -> Markdown:
    """The bounds before and after, which part of the KL fell, and the share of the way that needs no optimisation."""
    found, table = facts(result), bounds(result, sweep)
    fall = found["kl_original"] - found["kl_optimised"]
    mean = found["mean_term_original"] - found["mean_term_optimised"]
    kl = (
        f"The KL falls by {fall:,.0f} nats: the mean's part falls by {mean:,.0f}, and the variances, which cost nothing as long as "
        f"they are the prior's, take {mean - fall:,.0f} of it back."
        if fall > 0
        else f"The KL rises by {-fall:,.0f} nats."
    )
    chance, optimised = table["chance"].iloc[0], found["bound_optimised"]
    around = table.iloc[:-1].set_index("method")["bound"]
    if optimised >= chance:
        way = f"The bound is still not below the error of guessing, {chance:.3g}."
    elif around.min() >= chance:
        way = f"Around the original minimum no method has a bound below the error of guessing, {chance:.3g}."
    else:
        ways = [
            f"{method} with {bound:.3f} covers {(chance - bound) / (chance - optimised):.0%}"
            for method, bound in around[around < chance].items()
        ]
        way = (
            f"Of the way from the error of guessing, {chance:.3g}, down to this bound, without moving the mean, "
            + ", ".join(ways)
            + "."
        )
    return Markdown(
        f"**What it buys.** The bound goes from {found['bound_original']:.3f} to {optimised:.3f}, and the accuracy of the noisy "
        f"network from {found['accuracy_original']:.3f} to {found['accuracy_optimised']:.3f}. {kl} {way}"
    )


def _distance(found: dict[str, float], a: str, b: str) -> float:
    return 0.0 if a == b else found.get(f"distance_{a}_{b}", found.get(f"distance_{b}_{a}"))
