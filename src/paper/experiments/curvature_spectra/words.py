"""The data set and its layers, from the spectra."""

import pandas as pd
from IPython.display import Markdown

from paper import names
from paper.networks.sources import source_of
from paper.results.records import Result
from paper.show.style import title


def dataset_facts(name: str, spectra: Result) -> Markdown:
    """One sentence: the data set, the network's size and how far training moved it."""
    classes, layers = names.classes(name), layer_facts(spectra)
    weights = int((layers["inputs and bias"] * layers["neurons"]).sum())
    merged = "with its ten classes" if classes == 10 else f"with its ten classes merged in order into {classes}"
    images = source_of(name).title.partition(" (")[0]
    return Markdown(
        f"**{title(name)}**: {images} {merged}; seed {spectra.key.seed}; {weights:,} weights, biases included; "
        f"squared distance from the initialisation {layers['squared distance'].sum():.1f}."
    )


def layer_facts(spectra: Result) -> pd.DataFrame:
    """A row for each layer: size, trace and largest eigenvalue of H_l, effective rank tr(H)^2 / tr(H^2), distance."""
    rows = []
    for layer, values in spectra.table.groupby("layer"):
        g = values["eigenvalue"]
        rows.append(
            {
                "layer": layer,
                "inputs and bias": len(g),
                "neurons": values["neurons"].iloc[0],
                "trace": g.sum(),
                "largest eigenvalue": g.max(),
                "effective rank": g.sum() ** 2 / (g**2).sum(),
                "squared distance": values["squared_distance"].iloc[0],
            }
        )
    return pd.DataFrame(rows)
