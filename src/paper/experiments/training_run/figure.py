"""The course of a training."""

import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.figure import Figure

from paper.results.records import Result


def training_curve(result: Result) -> Figure:
    """Loss and misclassified share over the epochs, on log scales."""
    table = result.table
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4))
    left.semilogy(table["epoch"], table["loss"], color="black", marker="o", markersize=3)
    left.set(xlabel="Epoch", ylabel="Mean cross-entropy (nats)", title="Training loss")
    during = 1 - table["running_accuracy"]
    right.semilogy(
        table["epoch"][during > 0],
        during[during > 0],
        color="#0072B2",
        marker="o",
        markersize=3,
        label="training set, during the epoch",
    )
    right.semilogy(
        table["epoch"],
        1 - table["test_accuracy"],
        color="#D55E00",
        marker="s",
        markersize=3,
        label="test set, after it",
    )
    right.set(xlabel="Epoch", ylabel="Error of the deterministic network", title="Error")
    right.legend(fontsize="small")
    sns.despine(figure)
    return figure
