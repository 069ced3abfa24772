"""README's example for a network of one's own, and what it needs before it. Run as a program, it prints both."""

import re
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"
EXAMPLE = re.search(r"```python\n(import pacbayes_curvature.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)[1]
BEFORE = """
import torch
from torch import nn

torch.manual_seed(0)
untrained, trained = (nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 2)) for _ in range(2))
x = torch.randn(200, 5)
y = trained(x).argmax(1)
"""
AFTER = """
import importlib, json, pkgutil
for module in pkgutil.walk_packages(pb.__path__, "pacbayes_curvature."):  # none of them needs what is not there
    importlib.import_module(module.name)
others = ["paper", "pandas", "matplotlib", "yaml", "IPython", "safetensors", "sklearn"]
print(json.dumps([pb.__file__, [name for name in others if importlib.util.find_spec(name)]]))
"""
CODE = BEFORE + EXAMPLE + AFTER


def check(output: str, site: Path) -> None:
    """Hold what CODE printed: a bound, and the method from `site`, beside which nothing of the book is."""
    import json

    *numbers, where = output.splitlines()
    assert len(numbers) == 3 and 0 < float(numbers[2]) <= 1, "the last is the certificate"
    found, others = json.loads(where)
    assert Path(found).resolve() == (site / "pacbayes_curvature" / "__init__.py").resolve(), found
    assert others == [], f"{', '.join(others)} came along"
