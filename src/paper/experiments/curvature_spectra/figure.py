"""Each layer's spectrum."""

import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.figure import Figure

from paper.results.records import Result
from paper.show.style import LAYER_COLOURS


def spectra_of_layers(result: Result) -> Figure:
    """Eigenvalues of each H_l, and its diagonal sorted, over their rank, on log scales."""
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.4), sharey=True)
    for axis, (layer, rows), colour in zip(axes, result.table.groupby("layer"), LAYER_COLOURS):
        rank = rows["index"]
        axis.loglog(rank, rows["eigenvalue"], color=colour, linewidth=2, label="eigenvalues")
        axis.loglog(rank, rows["diagonal"], color="black", linestyle="--", linewidth=1, label="diagonal, sorted")
        axis.set(title=f"Layer {layer}", xlabel="Rank", ylim=(1e-6, None))
        axis.legend(fontsize="small", loc="lower left")
    axes[0].set_ylabel(r"Second moment of the layer's input, $H_l$")
    sns.despine(figure)
    return figure
