"""Where a result comes from: the digest of the code that made it, the versions and the machine."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("torch", "numpy", "scipy", "pandas")


def versions() -> dict[str, str]:
    """Versions of Python, of this package and of the libraries that a number can depend on."""
    return {"python": platform.python_version()} | {name: version(name) for name in ("pacbayes-curvature", *LIBRARIES)}


def machine() -> dict[str, str | int]:
    """The kind of machine: the processor's architecture and model, the operating system, the number of cores.

    With another model sums may be rounded otherwise, which training turns into another network.
    """
    return {
        "processor": platform.machine(),
        "processor_model": _model(),
        "system": platform.system(),
        "cores": os.cpu_count(),
    }


def _model() -> str:
    """The processor's name and widest vectors where the system tells, else what Python knows."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    fields = dict(
        map(str.strip, line.split(":", 1)) for line in reversed(lines) if ":" in line
    )  # the first processor's
    vectors = [name.upper() for name in ("avx512f", "avx2") if name in fields.get("flags", "").split()]
    return ", ".join([fields.get("model name", platform.processor()), *vectors[:1]])
