"""results/datapackage.json: what each frozen table holds, for readers and programs that know nothing of this project.

It is a Tabular Data Package (Frictionless Data, specification v1). Beyond the specification, each field has its `unit`
and each resource says how it was `produced`. A new experiment's columns are described here, its key in `tolerances.RULES`.
"""

import inspect
import json
from dataclasses import dataclass, field
from pathlib import Path

from pacbayes_curvature import __version__
from pacbayes_curvature.bounds import complexity
from pacbayes_curvature.posteriors import METHODS
from paper import experiments
from paper.experiments.lower_bound.compute import CURVES
from paper.experiments.sensitivity.compute import CHANGES
from paper.files import atomic, sha256
from paper.networks import data
from paper.results import records
from paper.results.table import RULES

NAME = "datapackage.json"
LICENCE = {  # LICENSE-text, which covers results/
    "name": "CC-BY-4.0",
    "title": "Creative Commons Attribution 4.0 International",
    "path": "https://creativecommons.org/licenses/by/4.0/legalcode",
}
SOURCES = {
    "mnist": ("MNIST (LeCun, Cortes and Burges)", "http://yann.lecun.com/exdb/mnist/"),
    "cifar10": ("CIFAR-10 (Krizhevsky 2009)", "https://www.cs.toronto.edu/~kriz/cifar.html"),
    "digits": ("scikit-learn's digits", "https://scikit-learn.org/stable/datasets/toy_dataset.html"),
}
DELTA = inspect.signature(complexity).parameters["delta"].default


# The columns ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Column:
    """A column of a table: type and constraints as in Table Schema; unit, "none" for shares and names."""

    type: str
    description: str
    unit: str = "none"
    constraints: dict = field(default_factory=dict)


def _number(description: str, unit: str = "none") -> Column:
    return Column("number", description, unit, {"minimum": 0})


def _share(of: str) -> Column:
    return Column("number", f"share of {of}", constraints={"minimum": 0, "maximum": 1})


def _count(description: str, unit: str = "none", minimum: int = 0) -> Column:
    return Column("integer", description, unit, {"minimum": minimum})


def _one_of(values: tuple[str, ...], description: str) -> Column:
    return Column("string", description, constraints={"enum": list(values)})


# By the column's name, or by "experiment.name" where a name means something else than in the other experiments.
COLUMNS = {
    "dataset": _one_of(data.NAMES, "data set: the source and into how many classes its ten are merged"),
    "seed": _count("seed of the initialisation, of the order of training and of all noise"),
    # Networks
    "epoch": _count("epoch of the training, from 1", minimum=1),
    "epochs": _count("epochs of the training", "epochs", minimum=1),
    "learning_rate": _number("learning rate at the end of the epoch"),
    "loss": _number("mean cross-entropy of the epoch's examples, each taken just before the step that uses it", "nats"),
    "running_accuracy": _share("right answers to the epoch's examples, each taken just before the step that uses it"),
    "train_accuracy": _share("right answers of the network after the epoch on all training examples"),
    "test_accuracy": _share("right answers of the trained network on the test examples"),
    "training_run.test_accuracy": _share("right answers of the network after the epoch on the test examples"),
    # Curvature
    "layer": _count("layer, from 1, the one next to the inputs", minimum=1),
    "index": _count("place in the layer, from 1; eigenvalue and diagonal are each in descending order", minimum=1),
    "eigenvalue": _number("eigenvalue of H_l, the mean of (z, 1)(z, 1)' over the training examples, z the layer input"),
    "diagonal": _number("diagonal element of H_l, the matrix of eigenvalue"),
    "neurons": _count("neurons of the layer: H_l is the curvature of each of them", "neurons", minimum=1),
    "squared_distance": _number("|mu_0 - mu_1|^2, between trained and initial weights"),
    "curvature_spectra.squared_distance": _number("|W_l - W_l^init|_F^2, the layer's part of |mu_0 - mu_1|^2"),
    "trace": _number("sum over the layers of neurons times trace of H_l"),
    # Points
    "method": _one_of(METHODS, "posterior: the prior's covariance, the diagonal of H_l, or all of H_l (Full L)"),
    "lam": _number("variance of every weight under the prior N(mu_1, lam I)"),
    "beta": _number("weight of the KL: the posterior covariance is beta (H + (beta/lam) I)^-1; inf for the baseline"),
    "lower_bound.curve": _one_of(CURVES, "optimal pair: what Lemma 4.2 has for its curvature h, or blocks of neurons"),
    "lower_bound.relative_beta": _number("beta divided by the mean of the curve's h"),
    "lower_bound.beta": _number("weight of the KL in the objective that the pair minimises", "that of the curve's h"),
    "accuracy": _share("right answers of the stochastic network on training examples, by local reparametrisation"),
    "sensitivity.accuracy": _share(
        "right answers of the stochastic network on all training examples: by one pass of local reparametrisation, or "
        "where factor is draws by as many draws of the weights as value says"
    ),
    "accuracy_stderr": _number("standard error of accuracy"),
    "drawn_accuracy": _share("right answers of 5 networks drawn from the posterior, on the training set: the paper's estimator"),
    "drawn_accuracy_stderr": _number("standard error of drawn_accuracy, from the spread of the 5"),
    "kl": _number("KL(Q||P), of the posterior from the prior", "nats"),
    "examples": _count("N, the training examples of the data set", "examples", minimum=2),
    # pandas writes whole numbers beside empty cells as 1797.0.
    "sensitivity.examples": Column("number", "N, the training examples of the data set", "examples", {"minimum": 2}),
    "evaluated": _count("training examples that accuracy rests on", "examples", minimum=1),
    "complexity": _number(f"sqrt((KL + ln(2 (N - 1)/delta)) / (2 N)) of Theorem 3.1, delta = {DELTA}"),
    "bound": _number("1 - accuracy + complexity"),
    "pareto": Column("boolean", "on the method's Pareto front, among its points evaluated on all N examples"),
    # Optimal pairs
    "expected_loss": _number("E, the expected quadratic loss of the pair, with the curve's h", "that of the curve's h"),
    "layerwise_loss": _number("E, the expected quadratic loss of the pair, with the layerwise H_l for all curves"),
    "uncurved": _count("weights, of block_prior blocks, that moved in training and have h = 0", "weights or blocks"),
    "raised": _share("weights whose h was raised to a floor"),
    "effective_examples": _number("on how many h rests, by fisher_diagonals.effective_examples", "examples"),
    # Sensitivity
    "factor": _one_of(("default", "draws", *CHANGES), "what differs from the default network; draws: its evaluation"),
    "value": _number("value of the factor, in the factor's own unit; of default the seed"),
    # The two minima
    "part": _one_of(("fact", "path", "plane"), "what the row is: a fact, an epoch on the way, a point of the plane"),
    "quantity": Column("string", "name of a fact, as in the docstring of experiments.two_minima"),
    "two_minima.value": Column("number", "of a fact, in its own unit; on the way the mean objective during the epoch"),
    "two_minima.epoch": Column("number", "epoch of the optimisation, from 1", constraints={"minimum": 1}),
    "along": Column("number", "coordinate on the plane, from the initialisation towards the original minimum"),
    "across": Column("number", "coordinate on the plane, at right angles to the first"),
    "distance": _number("of the mean from the original minimum"),
    "two_minima.loss": _number("mean cross-entropy of the network at the point, on a part of the training set", "nats"),
    "error": _share("wrong answers of the network at the point, on a part of the training set"),
    "noisy_loss": _number("mean cross-entropy of the stochastic network with its mean at the point", "nats"),
    "noisy_error": _share("wrong answers of the stochastic network with its mean at the point"),
    "status": _one_of(("fitted", "not fitted"), "whether training reached 100% training accuracy"),
}  # fmt: skip

# Where a cell may be empty; in all other columns none may.
EMPTY = {
    "training_run": {"train_accuracy": "until nearly all examples are answered right"},
    "accuracy_vs_complexity": dict.fromkeys(("drawn_accuracy", "drawn_accuracy_stderr"), "at points that are not quoted"),
    "lower_bound": {"effective_examples": "where no labels enter h"},
    "two_minima": dict.fromkeys(
        ("quantity", "value", "epoch", "along", "across", "distance", "loss", "error", "noisy_loss", "noisy_error"),
        "where the part of the row has no such number",
    ),
    "sensitivity": dict.fromkeys(
        ("test_accuracy", "squared_distance", "trace", "lam", "beta", "accuracy", "accuracy_stderr", "kl", "examples",
         "complexity", "bound"),
        "where training missed 100%",
    ),
}  # fmt: skip


# The descriptor -------------------------------------------------------------------------------------------------------


def descriptor(folder: Path) -> dict:
    """The data package of the results in `folder`: a function of its files and this package's version only.

    One resource a table: fields with type, unit, meaning and constraints, the primary key, SHA-256 and size, source
    and its fingerprints, and how it was produced: command, function, code digest, parameters, and for each seed the
    day, the wall time in seconds, the versions and the machine.

    Raises ValueError for an experiment or a column that is not described and for a table that does not match its
    checksum, FileNotFoundError where there are no tables or one has no provenance beside it.

    Source: Frictionless Data, specification v1: Data Package, Tabular Data Resource, Table Schema.
    """
    paths = sorted(folder.glob("*/*.csv"))
    if not paths:
        raise FileNotFoundError(f"no results in {folder}; run `make reproduce` and `make freeze`")
    resources = [_resource(path) for path in paths]
    days = [made["date"] for resource in resources for made in resource["produced"]["seeds"]]
    sources = [source for resource in resources for source in resource["sources"]]
    return {
        "profile": "tabular-data-package",
        "name": "pacbayes-curvature-results",
        "title": "Results of the reproducible edition of "
        "'On PAC-Bayes Bounds for Deep Neural Networks using the Loss Curvature'",
        "description": "One table for each experiment and data set, as the book shows them. A source's fingerprint is "
        "the SHA-256 of its examples, sorted by content. Beside <name>.csv, <name>.json says how it was produced.",
        "version": __version__,
        "created": f"{max(days)}T00:00:00Z",
        "licenses": [LICENCE],
        "sources": [source for i, source in enumerate(sources) if source not in sources[:i]],
        "resources": resources,
    }


def write() -> Path:
    """Write results/datapackage.json, the descriptor of what is frozen there."""
    text = json.dumps(descriptor(records.FROZEN), indent=1) + "\n"
    with atomic(records.FROZEN / NAME) as part:
        part.write_text(text, encoding="utf-8")
    return records.FROZEN / NAME


def column(experiment: str, name: str) -> Column:
    """What column `name` of an experiment means; ValueError if nobody has said so."""
    if found := COLUMNS.get(f"{experiment}.{name}", COLUMNS.get(name)):
        return found
    raise ValueError(f"column {name!r} of {experiment} is unknown: describe it in datapackage.py")


def _resource(path: Path) -> dict:
    results = records.read_all(path)
    if not results:
        raise FileNotFoundError(f"{path} has no provenance: {path.stem}.json is missing beside it")
    key, text = results[0].key, path.read_bytes()
    if key.experiment not in experiments.NAMES:
        raise ValueError(f"{path}: unknown experiment {key.experiment!r}; valid: {', '.join(experiments.NAMES)}")
    if key.experiment not in RULES:
        raise ValueError(f"tolerances.RULES has no keys for {key.experiment}")
    rule, source = RULES[key.experiment], data.split_name(key.dataset)[0]
    title, url = SOURCES[source]
    seeds = " ".join(str(result.key.seed) for result in results)
    return {
        "profile": "tabular-data-resource",
        "name": f"{key.experiment}-{key.dataset}",
        "title": f"{rule.figure[0].upper()}{rule.figure[1:]}, {key.dataset.capitalize()}",
        "description": inspect.getdoc(experiments.find(key.experiment)).splitlines()[0],
        "path": f"{path.parent.name}/{path.name}",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "hash": f"sha256:{sha256(text)}",
        "bytes": len(text),
        "sources": [{"title": title, "path": url, "fingerprint": key.data}],
        "produced": {
            "command": f'make reproduce DATASETS="{key.dataset}" SEEDS="{seeds}" EXPERIMENTS="{key.experiment}"',
            "function": f"paper.experiments.{key.experiment}.compute.{key.experiment}",
            "code": key.code,
            "parameters": key.parameters,
            "seeds": [{"seed": result.key.seed, **result.made} for result in results],
        },
        "schema": {
            "fields": [_field(key.experiment, name) for name in results[0].table],
            "missingValues": [""],
        }
        # Rows that have no name but their order have no key either.
        | ({} if rule.numbered else {"primaryKey": ["dataset", "seed", *rule.keys]}),
    }


def _field(experiment: str, name: str) -> dict:
    of, empty = column(experiment, name), EMPTY.get(experiment, {}).get(name)
    words = of.description + (f"; empty {empty}" if empty else "")
    return {
        "name": name,
        "type": of.type,
        "unit": of.unit,
        "description": words if of.unit == "none" else f"{words} [{of.unit}]",
        "constraints": of.constraints if empty else {"required": True} | of.constraints,
    }
