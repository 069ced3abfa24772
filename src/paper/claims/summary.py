"""The box on top of a chapter: what the paper claims, what we find, where the two differ; its numbers from the results."""

import math

from IPython.display import Markdown

from pacbayes_curvature.posteriors import METHODS
from paper import names
from paper.claims import schema
from paper.claims.verdicts import Judgement, judge
from paper.claims.words import WORDS
from paper.experiments.accuracy_vs_complexity.words import best_bounds, complexity_at, verdicts
from paper.experiments.curvature_spectra.words import dataset_facts
from paper.experiments.two_minima.compute import POSTERIORS, facts
from paper.results.records import Result
from paper.show.counts import how_many, listed, of_them
from paper.show.style import title

FIGURE_3 = (
    "All Mnist bounds are non-vacuous, all Cifar bounds are vacuous. The diagonal Hessian tightens them, the full layerwise "
    "Hessian tightens them more, and most on Cifar."
)
FIGURE_4 = (
    "The results of Figure 3 are consistent across data sets, and the Hessian improves more on the more difficult ones."
)
CAPTIONS = {"mnist": "All Mnist bounds are non-vacuous", "cifar10": "All Cifar bounds are vacuous"}
OTHER_DATA = "It has other data than these: the bounds on Mnist are non-vacuous, those on Cifar vacuous"
HARDER = "improvement-grows-with-difficulty"  # the claim of Figure 4 that no single data set settles


def boxed(content: Markdown | str) -> Markdown:
    """`content` as a chapter's summary; the class is what the style sheet knows."""
    text = content if isinstance(content, str) else content.data
    return Markdown(f":::{{admonition}} Summary\n:class: summary\n\n{text}\n:::")


def summary(paper: str, find: str, differ: str) -> Markdown:
    """A box of three parts, the same in every chapter of results; each is Markdown, a list begins on a line of its own."""
    parts = {"The paper": paper, "What we find": find, "Where the two differ": differ}
    return boxed("\n\n".join(f"**{name}.** {text}" for name, text in parts.items()))


def of_sweep(results: list[Result]) -> Markdown:
    """Figure 3: the smallest sums, and on which data sets the paper's order of the methods holds."""
    return summary(FIGURE_3, "\n" + verdicts(results).data, differences(results))


def of_all(results: list[Result], harder: Judgement) -> Markdown:
    """Figure 4: the same, and how the claim about harder data sets is judged (`on_harder_data`)."""
    judged = f"That harder data sets gain more is judged *{WORDS[harder.verdict][1]}*. {harder.sentence}"
    return summary(FIGURE_4, "\n" + verdicts(results).data, f"{differences(results)} {judged}")


def on_harder_data() -> Judgement:
    """The verdict of the frozen results on the claim that harder data sets gain more."""
    return judge(next(claim for claim in schema.read() if claim.id == HARDER))


def of_dataset(dataset: str, spectra: Result, sweep: Result) -> Markdown:
    """One data set: the network and its bounds, beside what the paper says of this kind of data."""
    caption = CAPTIONS.get(names.source(dataset), OTHER_DATA)
    return summary(
        f"{caption}; the diagonal Hessian tightens them, the full layerwise Hessian more (captions of Figures 3 and 4).",
        f"\n- {dataset_facts(dataset, spectra).data}\n{verdicts([sweep]).data}",
        differences([sweep]),
    )


def differences(results: list[Result]) -> str:
    """How many bounds are below each line of vacuity, and on how many data sets each refinement helps.

    The sums are compared only where all methods are below the error of guessing: above it a sum says nothing.
    """
    best = best_bounds(results)
    comparable = {
        title(dataset): ordered(rows.set_index("method")["bound"])
        for dataset, rows in best.groupby("dataset", sort=False)
        if (rows["bound"] < rows["chance"]).all()
    }
    at_accuracy = [all(ordered(row.dropna()) for _, row in complexity_at([result]).iterrows()) for result in results]
    return (
        "The paper does not say against which error a bound is vacuous. The smallest sums of error and complexity are below 1 for "
        f"{how_many(best['bound'] < 1, 'methods' if len(results) == 1 else 'pairs of a method and a data set')}, and below the error of guessing for "
        f"{of_them(best['bound'] < best['chance'])}. {_by_sum(comparable, len(results), bool((best['bound'] < best['chance']).any()))} {_by_complexity(at_accuracy)}"
    )


def ordered(values) -> bool:
    """Whether the methods that are there, from the plainest to the finest, have ever smaller values."""
    found = [values[method] for method in METHODS if method in values]
    return all(finer < plainer for plainer, finer in zip(found, found[1:]))


def of_two_minima(result: Result, sweep: Result) -> Markdown:
    """Figure 1: how far the optimised mean is, what it buys, and what the drawing shows otherwise."""
    found, name = facts(result), title(result.key.dataset)
    away, trained = found["distance_original_optimised"], found["distance_initialisation_original"]
    widest = math.sqrt(max(found[f"variance_along_{posterior}"] for posterior in POSTERIORS))
    ends = max(found["mean_loss_original"], found["mean_loss_optimised"])
    barrier = "no barrier of the loss" if found["barrier_loss"] <= 0.01 * ends else "a barrier of the loss"
    best = best_bounds([sweep])["bound"].min()
    return summary(
        "Bounds that optimise the posterior find another minimum, and are about another network. The paper stays at the "
        "minimum that training has found, and takes the posterior's covariance from the curvature there.",
        f"On {name} optimisation moves the mean {away / trained:.2f} times as far as training did. The two networks disagree "
        f"on {found['test_disagreement']:.2%} of the test images. The bound goes from {found['bound_original']:.3f} to "
        f"{found['bound_optimised']:.3f}; the best method that does not move the mean has {best:.3f}.",
        f"The paper draws two minima with wide posteriors. To scale, the posteriors are dots, {away / widest:.0f} standard "
        f"deviations apart, with {barrier} on the straight line between them.",
    )


def _by_sum(comparable: dict[str, bool], results: int, some: bool) -> str:
    """Of the data sets where all methods are below guessing, on which each refinement has the smaller sum. some: whether any is below."""
    good, rest = ([name for name, holds in comparable.items() if holds is wanted] for wanted in (True, False))
    if not comparable:
        return (
            f"{'Not all sums are' if some else 'No sum is'} below it, so their order says nothing."
            if results == 1
            else "On none of the data sets are all methods below it, so the order of the sums says nothing."
        )
    if good and rest:
        return f"Where all methods are below it, each refinement has the smaller sum on {listed(good)}, but not on {listed(rest)}."
    where = "" if results == 1 else f"On {listed(good or rest)}, where all methods are below it, "
    sentence = "each refinement has the smaller sum." if good else "not every refinement has the smaller sum."
    return where + (sentence if where else sentence.capitalize())


def _by_complexity(cases: list[bool]) -> str:
    """On how many data sets each refinement has the smaller complexity at equal accuracy."""
    if len(cases) > 1:
        where = how_many(cases, "data sets")
        return f"At each of the accuracies compared, each refinement of the curvature has the smaller complexity on {where}."
    return (
        "At each of the accuracies compared, each refinement of the curvature has the smaller complexity."
        if cases[0]
        else "Not at each of the accuracies compared has each refinement of the curvature the smaller complexity."
    )
