"""Each layer's curvature at the minimum: the eigenvalues of H_l and the distance from the initialisation."""

import pandas as pd

from paper.networks.minimum import Minimum
from paper.results import records
from paper.results.records import key


def curvature_spectra(
    dataset: str, seed: int = 0, fresh: bool = False, minimum: Minimum | None = None
) -> records.Result:
    """The spectrum of every H_l, a row for each eigenvalue.

    Columns: layer (from 1), index (from 1, descending), eigenvalue, diagonal (the diagonal of H_l, descending too),
    neurons (n_out), squared_distance (|W_l - W_l^init|_F^2, the same in all rows of a layer).
    `minimum`: that of the network, where it is at hand.
    """

    def compute() -> pd.DataFrame:
        near = minimum or Minimum(dataset, seed)
        return pd.concat(
            pd.DataFrame(
                {
                    "layer": layer,
                    "index": range(1, len(moment) + 1),
                    "eigenvalue": eigenvalues,
                    "diagonal": sorted(moment.diagonal(), reverse=True),
                    "neurons": len(weight),
                    "squared_distance": distance,
                }
            )
            for layer, (moment, (eigenvalues, _), weight, distance) in enumerate(
                zip(near.moments, near.spectra, near.network.minimum, near.network.squared_distances()),
                start=1,
            )
        )

    return records.obtain(key("curvature_spectra", dataset, seed), compute, fresh=fresh)
