"""Whether a stored result is what the present code would compute."""

from dataclasses import asdict

from . import data, provenance
from .records import Result
from .training import recipe_for


def why_stale(result: Result) -> str:
    """Why the result is not the present code's, "" if it is: it was made by other code, from other data or on networks
    that were trained otherwise."""
    key = result.key
    try:
        code = provenance.code_digest(f"experiments.{key.experiment}")
    except FileNotFoundError:
        return f"the package has no experiment {key.experiment}"
    reasons = []
    if key.code != code:
        reasons.append(f"its code digest is {key.code}, the present code's is {code}")
    if key.data != data.fingerprint(key.dataset):
        reasons.append("it was made from other data")
    if key.parameters.get("recipe") != asdict(recipe_for(key.dataset)):
        reasons.append("the training recipe recorded with it is not the present one")
    return "; ".join(reasons)
