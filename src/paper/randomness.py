"""Independent random streams: one for each purpose and seed."""

import hashlib

import torch


def stream(purpose: str, seed: int) -> torch.Generator:
    """A generator for `purpose` (a word such as "initialisation") under `seed`, independent of every other purpose's.

    Without this, the initialisation and the noise of seed 0 would be the same random bits. Raises ValueError for a
    negative seed.
    """
    if seed < 0:
        raise ValueError(f"a seed must be at least 0, got {seed}")
    digest = hashlib.sha256(f"{purpose}:{seed}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)
