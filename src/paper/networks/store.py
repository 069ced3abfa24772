"""A trained network, and the file that it is kept in."""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from pacbayes_curvature.networks import Weights
from paper.files import atomic, sha256


@dataclass(frozen=True)
class TrainedNetwork:
    """The weights at the initialisation (the prior mean mu_1) and at the minimum (the posterior mean mu_0).

    initial, minimum: one (n_out, n_in + 1) float32 matrix a layer; record: what the training wrote down, as text.
    """

    initial: Weights
    minimum: Weights
    record: dict[str, str]

    def squared_distances(self) -> list[float]:
        """|W_l - W_l^init|_F^2 of each layer, summed in float64."""
        return [(w.double() - w0.double()).square().sum().item() for w, w0 in zip(self.minimum, self.initial)]


def save(network: TrainedNetwork, path: Path | str) -> None:
    """Write tensors `initial.<layer>.weight|bias` and `minimum.<layer>.weight|bias` (layers from 1), atomically."""
    tensors = {}
    for name, weights in (("initial", network.initial), ("minimum", network.minimum)):
        for layer, weight in enumerate(weights, start=1):
            tensors[f"{name}.{layer}.weight"] = weight[:, :-1].contiguous()
            tensors[f"{name}.{layer}.bias"] = weight[:, -1].contiguous()
    with atomic(path) as part:
        save_file(tensors, part, {**network.record, "sha256": _checksum(tensors, network.record)})


def load(path: Path | str) -> TrainedNetwork:
    """Read what `save` wrote; raises ValueError when the file is damaged, FileNotFoundError when it is not there."""
    try:
        with safe_open(path, "pt") as file:
            record = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, it is no dictionary
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged ({error}); delete it and it will be made again") from error
    if record.pop("sha256", None) != _checksum(tensors, record):
        raise ValueError(f"{path} is damaged (its checksum does not match); delete it and it will be made again")
    layers = range(1, len(tensors) // 4 + 1)
    initial, minimum = (
        [torch.cat([tensors[f"{name}.{l}.weight"], tensors[f"{name}.{l}.bias"][:, None]], dim=1) for l in layers]
        for name in ("initial", "minimum")
    )
    return TrainedNetwork(initial, minimum, record)


def _checksum(tensors: dict[str, torch.Tensor], record: dict[str, str]) -> str:
    parts = (part for name in sorted(tensors) for part in (name.encode(), tensors[name].numpy().tobytes()))
    return sha256(repr(sorted(record.items())).encode(), *parts)
