"""The trained network of a data set and a seed, kept in build/networks, and what the experiments need to know around it."""

import json
from dataclasses import asdict
from functools import cached_property

import numpy as np
import torch

from pacbayes_curvature import posteriors
from pacbayes_curvature.curvature import second_moments
from pacbayes_curvature.gibbs import strata
from paper import digest, names
from paper.files import ROOT, made_again
from paper.networks import data, store
from paper.networks.store import TrainedNetwork
from paper.networks.training import recipe_for, train

NETWORKS = ROOT / "build" / "networks"


def network(dataset: data.Dataset, seed: int, fresh: bool = False) -> TrainedNetwork:
    """The network stored in build/networks/<dataset>-seed<k>.safetensors, trained first if it is not there.

    It is trained again when the stored one was made by other code, another recipe or other data, or for `fresh`. Raises ValueError for what is no seed.
    """
    names.seed(str(seed))
    path = NETWORKS / f"{dataset.name}-seed{seed}.safetensors"
    identity = {
        "classes": str(dataset.classes),
        "recipe": json.dumps(asdict(recipe_for(dataset.name))),
        "data": dataset.fingerprint["train"],
        "code": digest.digest("paper.networks.training.train"),
    }
    if path.exists() and not fresh:
        stored = store.load(path)
        if identity.items() <= stored.record.items():
            return stored
    trained = train(dataset, seed, recipe_for(dataset.name))
    trained.record.update(identity)
    store.save(trained, path)
    return store.load(path)


def discard_damaged(dataset: str) -> None:
    """Remove the stored networks of a data set, of any seed, that are damaged or of another data set or seed than their names say, and
    say so: `network` trains them again."""
    for path in sorted(NETWORKS.glob(f"{dataset}-seed*.safetensors")):
        try:
            record = store.load(path).record
            if path.stem == f"{record['dataset']}-seed{record['seed']}":
                continue
            why = f"it is that of {record['dataset']}, seed {record['seed']}"
        except (ValueError, KeyError) as error:
            why = str(error)
        made_again(path, why)
        path.unlink(missing_ok=True)


class Minimum:
    """The minimum that the posteriors are around: data, network and curvature, each made when it is first asked for."""

    def __init__(self, dataset: str, seed: int):
        self.dataset, self.seed = dataset, seed

    @cached_property
    def data(self) -> data.Dataset:
        """The data set, as `data.load` finds it."""
        return data.load(self.dataset)

    @property
    def x(self) -> torch.Tensor:
        """Training inputs (N, d)."""
        return torch.from_numpy(self.data.x_train)

    @property
    def y(self) -> torch.Tensor:
        """Training labels (N,)."""
        return torch.from_numpy(self.data.y_train)

    @property
    def x_test(self) -> torch.Tensor:
        """Test inputs."""
        return torch.from_numpy(self.data.x_test)

    @property
    def y_test(self) -> torch.Tensor:
        """Test labels."""
        return torch.from_numpy(self.data.y_test)

    @cached_property
    def network(self):
        """The trained network, by `network`."""
        return network(self.data, self.seed)

    @cached_property
    def moments(self) -> list[np.ndarray]:
        """H_l of each layer, (k, k): `second_moments.second_moments`."""
        return second_moments.second_moments(self.network.minimum, self.x)

    @cached_property
    def spectra(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Eigenvalues (k,) and eigenvectors (k, k) of each H_l: `second_moments.spectrum`."""
        return [second_moments.spectrum(moment) for moment in self.moments]

    @cached_property
    def margins(self) -> torch.Tensor:
        """Of the training examples, (N,): `strata.standardised_margins`."""
        return strata.standardised_margins(self.network.minimum, self.x, self.y)


def posterior(minimum: Minimum, method: str) -> list[posteriors.LayerPosterior]:
    """The posteriors of a method around the minimum, a layer each. Raises ValueError, listing the names, for an unknown one."""
    spectra = minimum.spectra if posteriors.entry(method).eigenvectors else [None] * len(minimum.moments)
    return [
        posteriors.layer_posterior(method, moment, spectrum, len(weight), distance)
        for moment, spectrum, weight, distance in zip(
            minimum.moments, spectra, minimum.network.minimum, minimum.network.squared_distances()
        )
    ]
