"""How many threads the derivations use."""

import torch
from threadpoolctl import threadpool_limits


def one_thread() -> None:
    """Let numpy, scipy and torch use one thread from here on: on small matrices more threads wait for each other, and
    a chapter takes several times as long. Call it after the imports, which load the libraries that it limits."""
    torch.set_num_threads(1)
    threadpool_limits(1)
