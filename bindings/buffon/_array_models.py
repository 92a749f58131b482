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


class _Rows:
    """Rows (n, d) of float64 at an address of a device: torch and CuPy look at them without a copy."""

    def __init__(self, address, rows, dim):
        self.__cuda_array_interface__ = {"shape": (rows, dim), "typestr": "<f8", "data": (address, False), "strides": None, "version": 3}


def evaluate(model, functionals, kind, address, rows, dim, device):
    """(array that holds the outputs, its address, outputs m) of the model, or of functions of its output, at rows of a device.

    Work is queued on the default stream of the device, where the rows were made.
    """
    there = {"torch": _Torch, "cupy": _CuPy, "jax": _JAX}[kind](device)
    with there.current():
        whole = model(there.take(_Rows(address, rows, dim)))
        answers = [f(whole) for f in functionals] or [whole]
        return there.joined([_table(y, rows, there) for y in answers])


def _table(y, rows, there):
    if not there.owns(y):
        raise TypeError(f"on a device the model must give {there.what}, got {type(y).__module__}.{type(y).__name__}"
                        + (f" on {y.device}" if hasattr(y, "device") else ""))
    if y.ndim < 1 or y.shape[0] != rows:
        raise ValueError(f"the model must give a row for each of {rows} points, got shape {tuple(y.shape)}")
    return y.reshape(rows, -1)


class _Torch:
    def __init__(self, device):
        self.torch, self.device = _library("torch"), device
        self.place = self.torch.device("cuda", device)
        self.what = f"a torch tensor on {self.place}"

    def current(self):
        stack = contextlib.ExitStack()
        for context in (self.torch.cuda.device(self.device), self.torch.cuda.stream(self.torch.cuda.default_stream(self.device)), self.torch.no_grad()):
            stack.enter_context(context)
        return stack

    def take(self, rows):
        return self.torch.as_tensor(rows, device=self.place)

    def owns(self, y):
        return isinstance(y, self.torch.Tensor) and y.device == self.place

    def joined(self, tables):
        y = self.torch.cat([t.to(self.torch.float64) for t in tables], 1) if len(tables) > 1 else tables[0].to(self.torch.float64).contiguous()
        return y, y.data_ptr(), y.shape[1]


class _CuPy:
    def __init__(self, device):
        self.cupy, self.device = _library("cupy"), device
        self.what = f"a CuPy array on device {device}"

    def current(self):
        stack = contextlib.ExitStack()
        stack.enter_context(self.cupy.cuda.Device(self.device))
        stack.enter_context(self.cupy.cuda.Stream.null)
        return stack

    def take(self, rows):
        return self.cupy.asarray(rows)

    def owns(self, y):
        return isinstance(y, self.cupy.ndarray) and y.device.id == self.device

    def joined(self, tables):
        y = self.cupy.ascontiguousarray(self.cupy.concatenate([t.astype(self.cupy.float64) for t in tables], 1))
        return y, y.data.ptr, y.shape[1]


class _JAX:
    """JAX has streams of its own: both sides wait."""

    def __init__(self, device):
        self.jax, self.device = _library("jax"), device
        if not self.jax.config.jax_enable_x64:
            raise TypeError("JAX must compute in float64: jax.config.update('jax_enable_x64', True)")
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

    def owns(self, y):
        return isinstance(y, self.jax.Array) and y.devices() == {self.place}

    def joined(self, tables):
        y = self.jax.block_until_ready(self.jax.numpy.concatenate([t.astype(np.float64) for t in tables], 1))
        return y, y.unsafe_buffer_pointer(), y.shape[1]
