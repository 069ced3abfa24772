"""A training in one sentence."""

from IPython.display import Markdown

from paper.results.records import Result
from paper.show.text import listed


def training_facts(training: Result) -> Markdown:
    """One sentence: the recipe, the epochs it took and where it ended."""
    last, recipe = training.table.iloc[-1], training.key.parameters["recipe"]
    return Markdown(
        f"Recipe: {listed(recipe)}. Training stopped after epoch {last['epoch']:.0f} with training accuracy "
        f"{last['train_accuracy']:.6g}, test accuracy {last['test_accuracy']:.4f} and mean cross-entropy {last['loss']:.2g} nats. The SHA-256 of its weights begins with `{last['network'][:12]}`."
    )
