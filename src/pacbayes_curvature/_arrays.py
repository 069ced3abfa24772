"""The border of the pure modules: what may come in, and in which form a result goes out.

Numbers, lists, numpy arrays and torch tensors come in; inside, everything is a float64 tensor on one device, so that
one code serves all of them and autograd passes through; a result goes out as what came in.
"""

from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
import torch

ROUNDING = 2.0**-53  # the largest relative error of one operation in float64
_NARROW = ("float32", "float16", "bfloat16")


@dataclass(frozen=True)
class Form:
    """How a result is handed back.

    kind   "tensor" if any argument was a tensor, else "array" if any was an array or a list, else "number"
    dtype  float32 if all tensors (failing these, all arrays) have at most 32 bits, else float64. As in torch, those
           without a dimension count only if there are no others; python numbers and lists never count.
    """

    kind: str
    dtype: torch.dtype

    def __call__(self, result):
        if self.kind == "tensor":
            return result.to(self.dtype)
        if self.kind == "array":
            return result.detach().to(self.dtype).numpy()[()]
        return float(result)


def rounded_up(result, form):
    """form(result), but never below it where the dtype is narrower. No gradient passes."""
    result = result.detach()
    rounded = result.to(form.dtype)
    return form(torch.where(rounded < result, torch.nextafter(rounded, torch.full_like(rounded, torch.inf)), rounded))


def smallest(certain, low, high):
    """The smallest float64 in (low, high] at which `certain` holds, elementwise, for 0 <= low <= high; high where they are equal.

    certain: from tensors to booleans, true at high and, but for roundings, from some point on. Bisection over the numbers themselves, at
    most 62 steps.
    """
    # Nonnegative floats are ordered as their bits are. Invariant: `certain` at high, not at low.
    low, high = (end.contiguous().view(torch.int64) for end in (low, high))
    while bool((high - low > 1).any()):
        middle = low + (high - low) // 2
        holds = certain(middle.view(torch.float64))
        low, high = torch.where(holds, low, middle), torch.where(holds, middle, high)
    return high.view(torch.float64)


def border(**arguments):
    """The arguments as float64 tensors on one device, in their order, and the `Form` of a result."""
    tensors = [a for a in arguments.values() if isinstance(a, torch.Tensor)]
    arrays = [a for a in arguments.values() if isinstance(a, (np.ndarray, np.generic))]
    typed = tensors or arrays
    for name, a in arguments.items():
        if isinstance(a, torch.Tensor) and (a.layout != torch.strided or a.is_meta or a.is_quantized):
            raise ValueError(f"{name} must be a dense tensor with values, got {a.layout}, {a.dtype} on {a.device}")
    for a in typed:
        if "complex" in str(a.dtype):
            raise ValueError(f"arguments must be real, got {a.dtype}")
    deciding = [a for a in typed if a.ndim] or typed
    narrow = deciding and all(str(a.dtype).removeprefix("torch.") in _NARROW for a in deciding)
    plain = all(isinstance(a, Real) and not isinstance(a, np.generic) for a in arguments.values())
    kind = "tensor" if tensors else "number" if plain else "array"
    form = Form(kind, torch.float32 if narrow else torch.float64)
    device = tensors[0].device if tensors else None
    inside = [
        a.to(device, torch.float64) if isinstance(a, torch.Tensor) else torch.from_numpy(real(name, a)).to(device)
        for name, a in arguments.items()
    ]
    return inside, form


def real(name, values):
    """`values` as a float64 array. ValueError for what is no number, and for what numpy would take for one: text, dates, records,
    the real part of complex numbers, the data under a mask."""
    try:
        array = np.asarray(values)
        text = array.dtype == object and any(isinstance(each, (str, bytes)) for each in array.flat)
        if array.dtype.kind not in "biufO" or text or np.ma.is_masked(values):
            raise TypeError
        return array.astype(
            np.float64, order="C"
        )  # a copy, also of read-only and reversed arrays, which torch does not take
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        reason = f": {error}" if str(error) else ""
        raise ValueError(f"{name} must hold real numbers of float64's range, got {values!r:.100}{reason}") from error


def require(condition, rule, value):
    """ValueError "<rule>, got <first offending value>" unless the condition holds everywhere, which no NaN does."""
    if not bool(condition.all()):
        raise ValueError(f"{rule}, got {value[~condition].flatten()[0].item():.6g}")


def require_finite(**tensors):
    for name, tensor in tensors.items():
        require(tensor.isfinite(), f"{name} must be finite", tensor)


def require_positive(**tensors):
    for name, tensor in tensors.items():
        require((tensor > 0) & tensor.isfinite(), f"{name} must be positive and finite", tensor)


def require_scalar(**tensors):
    for name, tensor in tensors.items():
        if tensor.ndim:
            raise ValueError(f"{name} must be a single number, got shape {tuple(tensor.shape)}")


def require_same_shape(**tensors):
    """One shape for all, single numbers apart: broadcasting (k,) against (k, 1) would hide a mistake."""
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items() if tensor.ndim}
    if len(set(shapes.values())) > 1:
        raise ValueError(f"{', '.join(tensors)} must have one shape or be single numbers, got {shapes}")


def symmetric(name, matrix, form):
    """The matrix, freed of the asymmetry that roundings of its own dtype leave."""
    require_finite(**{name: matrix})
    if not matrix.numel():
        return matrix
    gap = (matrix - matrix.mT).abs().max()
    allowed = torch.finfo(form.dtype).eps ** 0.5 * matrix.abs().max()
    require(gap <= allowed, f"{name} must be symmetric; largest |A - A'|", gap)
    return matrix / 2 + matrix.mT / 2  # halves first: the sum may be beyond the largest number


def cholesky(matrix, rule):
    """Lower L with L L' = matrix, or ValueError "<rule>, got smallest eigenvalue ...", or "..., got an overflow"."""
    if not bool(matrix.isfinite().all()):
        raise ValueError(f"{rule}, got an overflow")
    factor, failed = torch.linalg.cholesky_ex(matrix)
    if failed:
        raise ValueError(f"{rule}, got smallest eigenvalue {torch.linalg.eigvalsh(matrix)[0].item():.6g}")
    return factor


def sample_size(n):
    """The number of examples as an int; Theorem 3.1 needs two."""
    if isinstance(n, bool) or not isinstance(n, Integral) or not 2 <= n < 2**63:
        raise ValueError(f"n must be an integer of at least 2 that int64 holds (take len() of the data set), got {n!r}")
    return int(n)
