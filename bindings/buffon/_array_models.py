"""Models that take arrays of torch, CuPy or JAX: called where the numbers lie, without a copy. What is computed is theirs."""
import contextlib
import importlib

import numpy as np

KINDS = ("torch", "cupy", "jax")


def check(kind):
    if kind not in KINDS:
        raise ValueError(f"Problem: arrays must be one of {', '.join(map(repr, KINDS))} or None, got {kind!r}")


def _library(kind):
    try:
        return importlib.import_module(kind)
    except ImportError as error:
        raise ImportError(f"Problem: arrays={kind!r} needs {kind}: {error}") from error


def on_processor(model, kind):
    """The model for NumPy's arrays (n, d): it gets arrays of its kind in the memory of the processor; of CuPy on its device."""
    there = _library(kind)

    def call(x):
        if kind == "torch":
            with there.no_grad():
                return _as_numpy(model(there.from_numpy(np.array(x))))
        return _as_numpy(model(there.asarray(x) if kind == "cupy" else there.numpy.asarray(x)))

    return call


def _as_numpy(y):
    if hasattr(y, "detach"):
        return y.detach().cpu().numpy()
    return y.get() if hasattr(y, "get") else np.asarray(y)


class Rows:
    """Rows (n, d) at an address of a device: torch and CuPy look at them without a copy."""

    def __init__(self, address, rows, dim, dtype="float64"):
        self.__cuda_array_interface__ = {
            "shape": (rows, dim),
            "typestr": np.dtype(dtype).str,
            "data": (address, False),
            "strides": None,
            "version": 3,
        }


def evaluate(model, functionals, score, kind, address, rows, dim, device):
    """(what holds the outputs, their address, outputs m, address of the scores or 0) of the model, or of functions of its output,
    at rows of a device.

    Work is queued on the default stream of the device, where the rows were made.
    """
    there = place(kind, device)
    if kind == "jax" and not there.jax.config.jax_enable_x64:
        raise TypeError("JAX must compute in float64: jax.config.update('jax_enable_x64', True)")
    with there.current():
        whole = model(there.take(Rows(address, rows, dim)))
        y, where, m = there.joined(
            [_marked(_table(f(whole), rows, there), whole, there) for f in functionals] or [_table(whole, rows, there)],
            "float64",
        )
        if score is None:
            return y, where, m, 0
        scores = _table(score(whole), rows, there)
        if scores.shape[1] not in (1, m):
            raise ValueError(f"score must return shape (n,) or (n, m) with m = {m}, got {scores.shape[1]} columns")
        scores, of_scores, _ = there.joined([scores] * (m if scores.shape[1] == 1 else 1), "float64")
        return (y, scores), where, m, of_scores


def place(kind, device, stream=0):
    """A device in the words of a library; work is queued on this stream, 0 for the default one."""
    return {"torch": _Torch, "cupy": _CuPy, "jax": _JAX}[kind](device, stream)


def check_owner(y, there, who):
    if not there.owns(y):
        raise TypeError(f"on a device {who} must give {there.what}, got {type(y).__module__}.{type(y).__name__}"
                        + (f" on {y.device}" if hasattr(y, "device") else ""))


def _marked(column, whole, there):
    """A point whose output of the model is not finite has failed, whatever the functions make of it: nan > t is False."""
    whole = _table(whole, len(column), there)
    library = there.library
    return library.where(library.isfinite(whole).all(1)[:, None], column * 1.0, float("nan"))


def _table(y, rows, there):
    check_owner(y, there, "the model")
    if y.ndim < 1 or y.shape[0] != rows:
        raise ValueError(f"the model must give a row for each of {rows} points, got shape {tuple(y.shape)}")
    return y.reshape(rows, -1)


class _Torch:
    def __init__(self, device, stream):
        self.torch, self.device, self.stream = _library("torch"), device, stream
        self.library = self.torch
        self.place = self.torch.device("cuda", device)
        self.what = f"a torch tensor on {self.place}"

    def current(self):
        stack = contextlib.ExitStack()
        cuda = self.torch.cuda
        stream = cuda.ExternalStream(self.stream, self.place) if self.stream else cuda.default_stream(self.device)
        for context in (cuda.device(self.device), cuda.stream(stream), self.torch.no_grad()):
            stack.enter_context(context)
        return stack

    def take(self, rows):
        return self.torch.as_tensor(rows, device=self.place)

    def put(self, a):
        return self.torch.from_numpy(a).to(self.place)

    def owns(self, y):
        return isinstance(y, self.torch.Tensor) and y.device == self.place

    def joined(self, tables, dtype):
        kind = getattr(self.torch, dtype)
        y = self.torch.cat([t.to(kind) for t in tables], 1) if len(tables) > 1 else tables[0].to(kind).contiguous()
        return y, y.data_ptr(), y.shape[1]


class _CuPy:
    def __init__(self, device, stream):
        self.cupy, self.device, self.stream = _library("cupy"), device, stream
        self.library = self.cupy
        self.what = f"a CuPy array on device {device}"

    def current(self):
        stack = contextlib.ExitStack()
        stack.enter_context(self.cupy.cuda.Device(self.device))
        stack.enter_context(self.cupy.cuda.ExternalStream(self.stream) if self.stream else self.cupy.cuda.Stream.null)
        return stack

    def take(self, rows):
        return self.cupy.asarray(rows)

    def put(self, a):
        return self.cupy.asarray(a)

    def owns(self, y):
        return isinstance(y, self.cupy.ndarray) and y.device.id == self.device

    def joined(self, tables, dtype):
        y = self.cupy.ascontiguousarray(self.cupy.concatenate([t.astype(dtype) for t in tables], 1))
        return y, y.data.ptr, y.shape[1]


class _JAX:
    """JAX has streams of its own: both sides wait."""

    def __init__(self, device, stream):
        self.jax, self.device = _library("jax"), device
        self.library = self.jax.numpy
        self.place = self.jax.devices("cuda")[device]
        self.what = f"a JAX array on {self.place}"

    def current(self):
        return self.jax.default_device(self.place)

    def take(self, rows):
        try:
            cupy = importlib.import_module("cupy")
        except ImportError:
            torch = _library("torch")
            torch.cuda.synchronize(self.device)
            return self.jax.dlpack.from_dlpack(torch.as_tensor(rows, device=torch.device("cuda", self.device)))
        with cupy.cuda.Device(self.device):
            cupy.cuda.Device(self.device).synchronize()
            return self.jax.dlpack.from_dlpack(cupy.asarray(rows))

    def put(self, a):
        return self.jax.device_put(a, self.place)

    def owns(self, y):
        return isinstance(y, self.jax.Array) and y.devices() == {self.place}

    def joined(self, tables, dtype):
        y = self.jax.block_until_ready(self.jax.numpy.concatenate([t.astype(dtype) for t in tables], 1))
        return y, y.unsafe_buffer_pointer(), y.shape[1]
