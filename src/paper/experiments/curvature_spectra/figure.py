"""Each layer's spectrum."""

import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.figure import Figure

from paper.results.records import Result
from paper.show.labels import SIZE
from paper.show.style import LAYER_COLOURS, SMALL


@SMALL
def spectra_of_layers(result: Result) -> Figure:
    """Eigenvalues of each H_l, and its diagonal sorted, over their rank, on log scales."""
    figure, axes = plt.subplots(3, figsize=(5.2, 8))
    for axis, (layer, rows), colour in zip(axes, result.table.groupby("layer"), LAYER_COLOURS):
        rank = rows["index"]
        axis.loglog(rank, rows["eigenvalue"], color=colour, linewidth=2, label="eigenvalues")
        axis.loglog(rank, rows["diagonal"], color="black", linestyle="--", linewidth=1, label="diagonal, sorted")
        least = max(1e-6, rows[["eigenvalue", "diagonal"]].min().min() / 2)
        axis.set(title=f"Layer {layer}", ylabel="$H_l$", ylim=(least, None))
    axes[0].legend(fontsize=SIZE, loc="lower left", frameon=False)
    axes[-1].set_xlabel("Rank")
    sns.despine(figure)
    return figure
