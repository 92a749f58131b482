"""Networks as denoisers: arrays of NumPy, torch, CuPy or JAX on the other side; what is computed is C++ (network.hpp)."""
import sys

import numpy

from buffon import _array_models
from buffon._buffon import diffusion as _native
from buffon._made_by import note

_KINDS = ("numpy", "torch", "jax", "cupy")


def Network(net, *, schedule, shape, prediction="noise", preconditioning="none", sigma_data=0.5, levels=1000, classes=None,
            null=None, arrays=None, dtype="float32"):
    """
    A denoiser from a trained network: any callable on NumPy, torch, JAX or CuPy arrays.

    The network is called as ``net(x, t)``, or ``net(x, t, condition)`` where it has classes: x (n, *shape), t (n,), and one
    condition per row. It sees x_t = alpha x0 + sigma eps and t as its schedule has them; Buffon keeps (n, d) and x0 + sigma eps.
    Arrays are handed over without a copy (torch.from_numpy, DLPack) where the network computes on the CPU in ``dtype``. torch
    networks run without gradients, on the device of their parameters. The GIL is held while the network runs, and by one
    thread at a time. Rows must not influence each other: call ``eval()`` first.

    Parameters
    ----------
    net : callable
    schedule : VP, EDM, Discrete, ...
        The one it was trained with. ``sample`` refuses a table that leaves its range t_end ... t_start.
    shape : int or tuple of int
        Of one sample as the network sees it, d its product.
    prediction : {"noise", "data", "velocity", "score"}
        What it returns, of x_t = alpha x0 + sigma eps: eps, x0, alpha eps - sigma x0, or the gradient of the log density, as in
        ``convert``.
    preconditioning : {"none", "edm", "discrete"}
        none: t is the schedule's time. discrete: t is the number of the level, 0 ... levels - 1, not rounded. edm: x and t are
        c_in x and log(sigma) / 4, the output is F of Karras et al., table 1, and ``prediction`` is not read.
    sigma_data : float
        Standard deviation of the data in edm.
    levels : int
        Number of levels of discrete, where the schedule is not ``Discrete``, which knows.
    classes : int, sequence or array, optional
        Number of classes, whose numbers the network gets; or what it gets for each label, as the rows of an array of embeddings.
        None: the network takes no condition.
    null : optional
        What the network gets for label -1, unconditional: a number, or an entry like those of ``classes``.
    arrays : {"numpy", "torch", "jax", "cupy"}, optional
        Kind of the network's arrays. None: torch for a ``torch.nn.Module``, else numpy.
    dtype : {"float32", "float64"}
        Of x and t.

    Returns
    -------
    Denoiser

    Raises
    ------
    ValueError
        If an option is outside its range; while sampling: if the network fails, returns another shape or a number that is not
        finite.
    TypeError
        If an argument has a wrong type; while sampling: if the network returns no array.

    Examples
    --------
    >>> from buffon import diffusion as bd
    >>> def noise(x, t):   # exact for x0 ~ N(0, 1)
    ...     return x * bd.VP().sigma(t)[:, None]
    >>> bd.Network(noise, schedule=bd.VP(), shape=1, dtype="float64").denoise([[2.0]], sigma=1.0)
    array([[1.]])
    """
    adapter = Adapter(net, shape, classes, null, arrays, dtype)
    denoiser = _native._network(
        adapter,
        adapter.dim,
        schedule,
        prediction,
        preconditioning,
        sigma_data,
        levels,
        adapter.classes,
        adapter.dtype == numpy.float32,
    )
    return note(denoiser, "buffon.diffusion.Network", net, schedule=schedule, shape=shape, prediction=prediction,
                preconditioning=preconditioning, sigma_data=sigma_data, levels=levels, classes=classes, null=null, arrays=arrays,
                dtype=dtype)


class Adapter:
    """The network as C++ calls it: (x (n, d), t (n,), labels (n,) or None), NumPy arrays, in; an array of n rows out."""

    def __init__(self, net, shape, classes, null, arrays, dtype):
        if not callable(net):
            raise TypeError(f"Network: net must be callable, got {type(net).__name__}")
        self.net = net
        self.shape = (shape,) if isinstance(shape, int) else tuple(shape)
        if not self.shape or any(not isinstance(k, int) or k < 1 for k in self.shape):
            raise ValueError(f"Network: shape must hold positive integers, got {shape!r}")
        self.dim = int(numpy.prod(self.shape))
        if arrays is not None and arrays not in _KINDS:
            raise ValueError(f"Network: arrays must be one of {', '.join(_KINDS)} or None, got {arrays!r}")
        if dtype not in ("float32", "float64"):
            raise ValueError(f"Network: dtype must be float32 or float64, got {dtype!r}")
        self.dtype = numpy.dtype(dtype)
        torch = sys.modules.get("torch")
        self.arrays = arrays or ("torch" if torch is not None and isinstance(net, torch.nn.Module) else "numpy")
        self.give, self.take, self.guard = getattr(self, f"_{self.arrays}")()
        self.entries = None if classes is None or isinstance(classes, int) else classes
        self.null = null
        self.classes = 0 if classes is None else classes if isinstance(classes, int) else len(classes)

    def __call__(self, x, t, labels):
        n = len(x)
        if self.shape != (self.dim,):
            x = x.reshape(n, *self.shape)
        given = (self.give(x), self.give(t))
        if self.classes:
            given += (self._conditions(labels, n),)
        with self.guard():
            y = self._answer(given, t)
        y = self.take(y)
        self._check_shape(x, y)
        return y

    def on_device(self, address, n, t, labels, device, stream):
        """The same for rows that lie on a device: (array that holds the answer there, its address)."""
        there = _array_models.place(self.arrays, device, stream)
        with there.current():
            x = there.take(_array_models.Rows(address, n, self.dim, self.dtype))
            if self.shape != (self.dim,):
                x = x.reshape(n, *self.shape)
            given = (x, there.put(t))
            if self.classes:
                given += (self._conditions(labels, n, there.put),)
            y = self._answer(given, t)
            _array_models.check_owner(y, there, "the network")
            self._check_shape(x, y)
            return there.joined([y.reshape(n, self.dim)], self.dtype.name)[:2]

    def _answer(self, given, t):
        try:
            return self.net(*given)
        except Exception as error:
            raise ValueError(
                f"Network: the network failed when called with x {tuple(given[0].shape)}, t from {t.min():g} to {t.max():g}"
                f"{', and a condition' if self.classes else ''}: {type(error).__name__}: {error}"
            ) from error

    def _check_shape(self, x, y):
        if y.shape != x.shape:
            raise ValueError(f"Network: the network must return the shape of x, {tuple(x.shape)}, got {tuple(y.shape)}")

    def _conditions(self, labels, n, give=None):
        give = give or self.give
        if labels is None:
            labels = numpy.full(n, -1)
        if (labels < 0).any() and self.null is None:
            raise ValueError("Network: a row without a class (condition None or -1) needs null, what the network gets for it")
        if self.entries is None:
            return give(labels if self.null is None else numpy.where(labels < 0, self.null, labels))
        rows = [self.null if label < 0 else self.entries[label] for label in labels]
        return give(numpy.stack(rows)) if isinstance(self.entries, numpy.ndarray) else self._stacked(rows)

    def _stacked(self, rows):
        torch = sys.modules.get("torch")
        return torch.stack(rows) if torch is not None and all(isinstance(row, torch.Tensor) for row in rows) else rows

    # For each kind: NumPy to the network's arrays, back, and the context in which the network runs.

    def _numpy(self):
        return (lambda a: a), _from_any, _nothing

    def _torch(self):
        import torch

        parameter = next(self.net.parameters(), None) if isinstance(self.net, torch.nn.Module) else None
        device = None if parameter is None or parameter.device.type == "cpu" else parameter.device

        def give(a):
            tensor = torch.from_numpy(a)
            return tensor if device is None else tensor.to(device)

        def take(y):
            if not isinstance(y, torch.Tensor):
                raise TypeError(f"Network: the network must return a torch.Tensor, got {type(y).__name__}")
            if y.requires_grad:
                raise ValueError("Network: the network's output requires a gradient; return y.detach()")
            if y.dtype not in (torch.float32, torch.float64):
                y = y.float()
            return y.cpu().numpy() if y.device.type != "cpu" else y.numpy()

        return give, take, torch.no_grad

    def _jax(self):
        import jax.numpy

        return jax.numpy.asarray, numpy.asarray, _nothing

    def _cupy(self):
        import cupy

        return cupy.asarray, cupy.asnumpy, _nothing


def _from_any(y):
    """Without a copy where the array is on the CPU."""
    if isinstance(y, numpy.ndarray):
        return y
    if getattr(y, "requires_grad", False):
        raise ValueError("Network: the network's output requires a gradient; return y.detach()")
    if hasattr(y, "__dlpack__"):
        return numpy.from_dlpack(y)
    raise TypeError(f"Network: the network must return an array, got {type(y).__name__}")


class _nothing:
    def __enter__(self):
        return None

    def __exit__(self, *_):
        return False
