"""A device that is not the processor, for machines that have none: it computes on the processor, and refuses to compute with
tensors that nobody has moved to it."""

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

FAKE = torch.device("meta")  # whose tensors may not be mixed with the processor's; as a wrapper it has values


class OnDevice(torch.Tensor):
    """A tensor that says that it is on FAKE; its values lie in `values`, on the processor."""

    @staticmethod
    def __new__(cls, values):
        return torch.Tensor._make_wrapper_subclass(
            cls,
            values.shape,
            strides=values.stride(),
            dtype=values.dtype,
            device=FAKE,
            storage_offset=values.storage_offset(),
        )

    def __init__(self, values):
        self.values = values

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        return _on_device(function, args, kwargs or {})


class FakeDevice(TorchDispatchMode):
    """Within it, tensors that are made with device=FAKE are on it. bytes: of the largest tensor that an operation made."""

    def __init__(self, record_only=False):
        super().__init__()
        self.record_only, self.bytes = record_only, 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {})) if self.record_only else _on_device(function, args, kwargs or {})
        for tensor in result if isinstance(result, (list, tuple)) else [result]:
            if isinstance(tensor, torch.Tensor) and not any(tensor is a or _view(tensor, a) for a in args):
                self.bytes = max(self.bytes, tensor.numel() * tensor.element_size())
        return result


def moved(tensor):
    return OnDevice(tensor)


def _view(tensor, other):
    return isinstance(other, torch.Tensor) and tensor.untyped_storage()._cdata == other.untyped_storage()._cdata


def _on_device(function, args, kwargs):
    tensors = []
    tree_map(lambda a: tensors.append(a) if isinstance(a, torch.Tensor) else None, (args, kwargs))
    there = [t for t in tensors if isinstance(t, OnDevice)]
    device, name = kwargs.get("device"), function.__name__
    moving = name.startswith(("_to_copy", "copy_"))
    if there and not moving:
        # A single number of the processor's may enter, as everywhere in torch; so may indices.
        strangers = [t for t in tensors if not isinstance(t, OnDevice) and t.ndim and not name.startswith("index")]
        if strangers:
            raise RuntimeError(f"{name}: a tensor of shape {tuple(strangers[0].shape)} is not on {FAKE}")
    wanted = torch.device(device) == FAKE if device is not None else bool(there)
    if name.startswith("copy_"):
        wanted = isinstance(args[0], OnDevice)
    if device is not None:
        kwargs = {**kwargs, "device": torch.device("cpu")}
    plain = tree_map(lambda a: a.values if isinstance(a, OnDevice) else a, (args, kwargs))
    result = function(*plain[0], **plain[1])
    for given in there:  # what was changed in place, or handed back
        if result is given.values:
            return given
    return tree_map(lambda r: OnDevice(r) if wanted and isinstance(r, torch.Tensor) else r, result)
