"""Networks trained on a share of the examples, for a number of epochs that is fixed beforehand: for bounds that keep the rest."""

import torch
from torch.nn.functional import pad
from tqdm import tqdm

from pacbayes_curvature.networks import Weights
from paper.networks.exact import Descent, one_cycle
from paper.networks.sources import Recipe
from paper.randomness import stream

SHIFT = 2  # pixels that an image may be moved by, in each direction


def split(n: int, share: float, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Indices of a random share of n examples, and of the rest: two sets without a common example.

    Raises ValueError unless both are nonempty.
    """
    first = round(share * n)
    if not 0 < first < n:
        raise ValueError(f"a share of {n} examples must leave some on both sides, got {share}")
    order = torch.randperm(n, generator=stream("share", seed))
    return order[:first], order[first:]


def train_on(
    x: torch.Tensor,
    y: torch.Tensor,
    initial: Weights,
    epochs: int,
    recipe: Recipe,
    seed: int,
    side: int = 0,
    label: str = "",
) -> Weights:
    """The network after `epochs` of SGD with momentum on the mean cross-entropy, the learning rate along one cycle to 0.

    side: of square images, whose every batch is moved by up to SHIFT pixels at random; 0 leaves them as they are.
    """
    descent = Descent(initial, recipe.batch_size, recipe.momentum)
    x, step, steps = descent.inputs(x), 0, epochs * -(-len(x) // recipe.batch_size)
    order, moves = stream("shuffling of a share", seed), stream("moved images", seed)
    for _ in tqdm(range(epochs), label, unit="epoch", disable=None):
        for batch in torch.randperm(len(x), generator=order).split(recipe.batch_size):
            z = moved(x[batch], side, moves) if side else x[batch]
            descent.step(z, y[batch], one_cycle(step, steps, recipe.learning_rate, 0.0))
            step += 1
    return descent.weights()


def moved(x: torch.Tensor, side: int, generator: torch.Generator) -> torch.Tensor:
    """The images x (n, side * side * channels), in C order of height, width, channel, all moved by one random step of at most SHIFT.

    What comes in at the edges repeats them.
    """
    images = x.view(len(x), side, side, -1).permute(0, 3, 1, 2)
    down, right = torch.randint(0, 2 * SHIFT + 1, (2,), generator=generator).tolist()
    wide = pad(images, (SHIFT,) * 4, mode="replicate")
    return wide[:, :, down : down + side, right : right + side].permute(0, 2, 3, 1).reshape(len(x), -1)
