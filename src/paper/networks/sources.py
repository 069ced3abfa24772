"""Where the images come from, and what the paper does with each: a record a source.

A data set of `paper.names` is one of these with its ten classes merged.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from paper import names
from paper.networks import readers


@dataclass(frozen=True)
class Recipe:
    """Stochastic gradient descent with momentum on the mean cross-entropy, without weight decay.

    The learning rate follows one cycle (Smith and Topin 2017; PyTorch's OneCycleLR) over `cycle_epochs`: it rises from
    learning_rate / 25 to learning_rate, falls to final_rate, and stays there. Training stops after an epoch that leaves
    no training example misclassified, the first one or the first that comes at least `extra_epochs` after it, and fails
    when `most_epochs` were not enough. `width` multiplies the paper's hidden widths, `initial_scale` the first weights.
    """

    learning_rate: float
    final_rate: float
    batch_size: int
    cycle_epochs: int
    most_epochs: int
    momentum: float = 0.9
    width: float = 1.0
    initial_scale: float = 1.0
    extra_epochs: int = 0


@dataclass(frozen=True)
class Source:
    """Images of bytes with ten classes.

    name, title, url: for the code and for readers; read: the images from (name, folder), see `readers`; fingerprint: SHA-256
    of the training and of the test part, over the sorted rows: the pixels as bytes in C order (CIFAR: height, width,
    channel), then the label byte.
    inputs: pixels times channels; largest: of a pixel; mean, deviation: of a pixel, a channel, on the scale 0 to 1. They are
    the constants in common use: nothing is estimated from the examples at hand, so the prior of a PAC-Bayes bound does not
    depend on them.
    hidden: widths of the hidden layers (Appendix A; digits: ours); recipe: chosen for reaching 100% in few seconds, not by
    the bounds, which depend on it: see chapter 07.
    """

    name: str
    title: str
    url: str
    read: Callable[[str, Path], readers.Images]
    fingerprint: dict[str, str]
    inputs: int
    largest: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    hidden: tuple[int, ...]
    recipe: Recipe


MNIST = Source(
    name="mnist",
    title="MNIST (LeCun, Cortes and Burges)",
    url="http://yann.lecun.com/exdb/mnist/",
    read=readers.npz_or_original,
    fingerprint={
        "train": "386a0fff07efe9ae3f934853780556ca1fe630371d4964508a3e3256c2063b0e",
        "test": "292a2c8e9008782f6c6c94df46012a17c808c2666413d175e62502bbcf68dd61",
    },
    inputs=784,
    largest=255,
    mean=(0.1307,),
    deviation=(0.3081,),
    hidden=(300, 300),
    recipe=Recipe(learning_rate=0.1, final_rate=0.02, batch_size=512, cycle_epochs=20, most_epochs=60),
)
CIFAR10 = Source(
    name="cifar10",
    title="CIFAR-10 (Krizhevsky 2009)",
    url="https://www.cs.toronto.edu/~kriz/cifar.html",
    read=readers.npz_or_original,
    fingerprint={
        "train": "200308a5f8c3017ee366cf2f3acedc26a1b33338704354c30d771022abc591a9",
        "test": "92b1a0287b4e2d65edb94da97affa8c9c453b8ecaf35ae6c02901cb312d5a691",
    },
    inputs=3072,
    largest=255,
    mean=(0.4914, 0.4822, 0.4465),
    deviation=(0.2470, 0.2435, 0.2616),
    hidden=(200, 200),
    recipe=Recipe(learning_rate=0.05, final_rate=0.02, batch_size=512, cycle_epochs=40, most_epochs=150),
)
DIGITS = Source(
    name="digits",
    title="scikit-learn's digits",
    url="https://scikit-learn.org/stable/datasets/toy_dataset.html",
    read=readers.scikit_learn,
    fingerprint={
        "train": "5862449541cdfd240d66546b5f95c888a00b59e78a8f9ceea1cac4ac9f5a74a7",
        "test": "f52b1265a0aba4b4d33cafd527e8dac8cc8863bf963a61233c17c77c9bc4a142",
    },
    inputs=64,
    largest=16,
    mean=(0.5,),
    deviation=(0.5,),
    hidden=(100, 100),
    recipe=Recipe(learning_rate=0.1, final_rate=0.02, batch_size=64, cycle_epochs=20, most_epochs=200),
)
SOURCES = {source.name: source for source in (MNIST, CIFAR10, DIGITS)}


def source_of(dataset: str) -> Source:
    """The source of a data set of `names.DATASETS`: mnist2 -> MNIST. Raises ValueError for an unknown name."""
    return SOURCES[names.source(dataset)]


def widths(dataset: str, factor: float = 1.0) -> list[int]:
    """Layer widths for a data set, input to output: [784, 300, 300, 2] for mnist2 (section 6, Appendix A).

    The hidden layers have `factor` times the paper's neurons, rounded, at least one.
    """
    source = source_of(dataset)
    return [source.inputs, *(max(1, round(factor * width)) for width in source.hidden), names.classes(dataset)]
