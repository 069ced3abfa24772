"""The course of a training."""

import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.figure import Figure

from paper.results.records import Result
from paper.show.labels import SIZE
from paper.show.style import SMALL


@SMALL
def training_curve(result: Result) -> Figure:
    """Loss and misclassified share over the epochs, on log scales."""
    table = result.table
    figure, (upper, lower) = plt.subplots(2, figsize=(5.2, 5.6), sharex=True)
    upper.semilogy(table["epoch"], table["loss"], color="black", marker="o", markersize=3)
    upper.set(ylabel="Mean cross-entropy (nats)", title="Training loss")
    during = 1 - table["running_accuracy"]
    lower.semilogy(
        table["epoch"][during > 0],
        during[during > 0],
        color="#0072B2",
        marker="o",
        markersize=3,
        label="training set, during the epoch",
    )
    lower.semilogy(
        table["epoch"],
        1 - table["test_accuracy"],
        color="#D55E00",
        marker="s",
        markersize=3,
        label="test set, after it",
    )
    lower.set(xlabel="Epoch", ylabel="Error of the deterministic network", title="Error")
    lower.legend(fontsize=SIZE, frameon=False)
    sns.despine(figure)
    return figure
