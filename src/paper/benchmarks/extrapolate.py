"""What the method would cost on networks up to ImageNet scale: sizes from the papers' tables, times from fitted exponents.

A convolution is a fully connected layer on the patches of its input: kernel x kernel x channels entries and a 1 for the bias
make the k inputs of every neuron, and an image has as many patches as the output has positions. So H_l is a mean over all
patches of all images, k x k, whatever the image's size.

Legend: N examples, P positions (patches an image), k inputs of a neuron with its bias, n_out neurons (output channels).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

IMAGENET = 1_281_167  # training images of ILSVRC 2012
FLOAT64 = 8  # bytes


@dataclass(frozen=True)
class Layer:
    """One layer: `inputs` k, bias included; `neurons` n_out; `positions` P, 1 for a fully connected layer; `name`."""

    name: str
    inputs: int
    neurons: int
    positions: int = 1


@dataclass(frozen=True)
class Law:
    """value ~ size^exponent, with the exponent's standard error: an item of the `scaling` of benchmarks/results.json.

    The largest size that was measured took `value`; the other sizes were those of `base`.
    """

    size: float
    value: float
    exponent: float
    stderr: float
    base: dict[str, float]


def fully_connected(widths: list[int]) -> list[Layer]:
    """The layers of a fully connected network with these widths, input to output."""
    return [Layer(f"fc{i}", n_in + 1, n_out) for i, (n_in, n_out) in enumerate(zip(widths, widths[1:]), start=1)]


def vgg16(image: int = 224, classes: int = 1000) -> list[Layer]:
    """Simonyan and Zisserman 2015, Table 1, configuration D: 3 x 3 convolutions in five blocks, each halved by pooling."""
    layers, channels, side = [], 3, image
    for block, (repeats, width) in enumerate([(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)], start=1):
        for i in range(1, repeats + 1):
            layers.append(_convolution(f"conv{block}_{i}", 3, channels, width, side))
            channels = width
        side //= 2
    return layers + fully_connected([side * side * channels, 4096, 4096, classes])


def resnet50(image: int = 224, classes: int = 1000) -> list[Layer]:
    """He, Zhang, Ren and Sun 2016, Table 1: bottlenecks of 1 x 1, 3 x 3, 1 x 1; the first 1 x 1 of conv3 to conv5 halves.

    Convolutions have no bias there, but a batch normalisation with a shift: the 1 is counted for it. Its scale is not.
    """
    side = image // 2
    layers, channels, side = [_convolution("conv1", 7, 3, 64, side)], 64, side // 2
    for block, (repeats, width) in enumerate([(3, 64), (4, 128), (6, 256), (3, 512)], start=2):
        side = side if block == 2 else side // 2
        for i in range(1, repeats + 1):
            name = f"conv{block}_{i}"
            if i == 1:
                layers.append(_convolution(f"{name} shortcut", 1, channels, 4 * width, side))
            for part, kernel, n_in, n_out in (
                ("a", 1, channels, width),
                ("b", 3, width, width),
                ("c", 1, width, 4 * width),
            ):
                layers.append(_convolution(name + part, kernel, n_in, n_out, side))
            channels = 4 * width
    return layers + fully_connected([channels, classes])


def _convolution(name: str, kernel: int, channels: int, neurons: int, side: int) -> Layer:
    return Layer(name, kernel * kernel * channels + 1, neurons, side * side)


def weights(layers: list[Layer]) -> int:
    """How many weights there are, a bias for each neuron included."""
    return sum(layer.inputs * layer.neurons for layer in layers)


def multiplications(layers: list[Layer]) -> int:
    """Multiply-adds of one forward pass of one example, biases apart."""
    return sum(layer.positions * (layer.inputs - 1) * layer.neurons for layer in layers)


def moment_bytes(layers: list[Layer]) -> int:
    """Bytes of all H_l in double precision: sum_l 8 k_l^2."""
    return sum(FLOAT64 * layer.inputs**2 for layer in layers)


def low_rank_bytes(layers: list[Layer], rank: int) -> int:
    """Bytes of the sketch and the test matrix of `curvature.low_rank`: sum_l 16 k_l min(k_l, rank + 20)."""
    return sum(2 * FLOAT64 * layer.inputs * min(layer.inputs, rank + 20) for layer in layers)


def law(scaling: list[dict], task: str, against: str, measure: str = "seconds") -> Law:
    """The fit of `task` against a size. Raises ValueError when the benchmarks have none."""
    for item in scaling:
        if (item["task"], item["against"], item["measure"]) == (task, against, measure):
            size, value = max(map(tuple, item["points"]))
            return Law(size, value, item["exponent"], item["stderr"], item["base"])
    raise ValueError(f"the benchmarks have no {measure} of {task} against {against}; run `make bench`")


def extrapolate(reference: float, exponents: Sequence[float], stderrs: Sequence[float], ratios: np.ndarray):
    """sum_l reference prod_i ratios_li^e_i, and its standard error from those of the exponents.

    ratios (layers, sizes): each layer's sizes over those of the reference. The sizes were varied one at a time, so that the
    exponents' errors are independent of each other; they are the same for all layers. To first order the error is
    sqrt( sum_i (stderr_i sum_l value_l ln ratios_li)^2 ). It does not know of a law that ends beyond the sizes measured.
    """
    logs = np.log(ratios)
    values = reference * np.exp(logs @ np.asarray(exponents))
    return float(values.sum()), float(np.linalg.norm(np.asarray(stderrs) * (values @ logs)))


def curvature_seconds(layers: list[Layer], examples: int, scaling: list[dict]) -> tuple[float, float]:
    """Seconds of one pass for all H_l and their standard error, on the machine of the benchmark.

    A layer's second moment is over N P rows of k entries. The law was fitted on networks with depth + 1 layers of one
    width, of which a layer has its share.
    """
    rows, width = law(scaling, "layerwise", "N"), law(scaling, "layerwise", "width")
    ratios = [[examples * l.positions / width.base["N"], l.inputs / width.size] for l in layers]
    return extrapolate(
        width.value / (width.base["depth"] + 1),
        [rows.exponent, width.exponent],
        [rows.stderr, width.stderr],
        np.array(ratios),
    )


def eigendecomposition_seconds(layers: list[Layer], scaling: list[dict]) -> tuple[float, float]:
    """Seconds of the eigendecompositions of all H_l and their standard error, on the machine of the benchmark."""
    width = law(scaling, "eigendecomposition", "width")
    ratios = np.array([[l.inputs / width.size] for l in layers])
    return extrapolate(width.value, [width.exponent], [width.stderr], ratios)


def sweep_seconds(width: int, depth: int, examples: int, grid: int, scaling: list[dict]) -> tuple[float, float]:
    """Seconds of our sweep, and their standard error, for `depth` hidden layers as wide as the input, on that machine.

    The four laws of `sweep` times each other: against the width, the depth, N and the number of grid points.
    """
    laws = {axis: law(scaling, "sweep", axis) for axis in ("width", "depth", "N", "grid")}
    reference = laws["width"]
    sizes = {"width": width, "depth": depth, "N": examples, "grid": grid}
    at = reference.base | {"width": reference.size}
    ratios = np.array([[sizes[axis] / at[axis] for axis in laws]])
    return extrapolate(reference.value, [l.exponent for l in laws.values()], [l.stderr for l in laws.values()], ratios)


def weight_draw_seconds(layers: list[Layer], examples: int, grid: int, draws: int, rate: float) -> float:
    """Seconds of the paper's procedure: grid draws N forward passes, two operations a multiply-add, `rate` a second."""
    return 2 * multiplications(layers) * examples * grid * draws / rate
