"""Arrays on a device as functions meet them: what is wrong is said with the argument and the remedy.

Arrays that only claim to lie on one show that without a device, and whatever libraries are there.
"""
import contextlib
import sys
import types

import numpy as np
import pytest

import buffon as bf
from buffon import _device_arrays
from buffon import diffusion as bd

DEVICE = "cuda:0" in bf.cuda_status()


class Claim:
    """An array (n, d) of a library, at an address that nobody reads."""

    def __init__(self, shape=(10, 3), dtype="float64", strides=None, device=0, address=4096, refusal=None):
        self.shape, self.ndim, self.dtype, self.refusal = shape, len(shape), np.dtype(dtype), refusal
        self.device = types.SimpleNamespace(id=device, index=device)
        self.flags = types.SimpleNamespace(c_contiguous=strides is None)
        self.requires_grad = refusal is not None
        self.where = {"shape": shape, "typestr": self.dtype.str, "strides": strides, "data": (address, False), "version": 3}

    @property
    def __cuda_array_interface__(self):
        if self.refusal:
            raise self.refusal
        return self.where

    def is_contiguous(self):
        return self.flags.c_contiguous

    def __array__(self, *args, **options):
        raise TypeError("it lies on a device: call .get()")


class OfCuPy(Claim):
    __module__ = "cupy"


class OfTorch(Claim):
    __module__ = "torch"


class OfOthers(Claim):
    __module__ = "numba.cuda"


@pytest.fixture(autouse=True)
def libraries(monkeypatch):
    """A CuPy whose current device is 0 until somebody changes it, with a stream for each device; and a torch."""
    current = [0]

    @contextlib.contextmanager
    def device(number):
        before, current[0] = current[0], number
        yield
        current[0] = before

    cupy = types.SimpleNamespace(
        __name__="cupy",
        cuda=types.SimpleNamespace(
            Device=device, get_current_stream=lambda: types.SimpleNamespace(ptr=8 * current[0])
        ),
        empty_like=lambda x: OfCuPy(x.shape, x.dtype, device=current[0]),
        empty=lambda shape, dtype: OfCuPy(shape, dtype, device=current[0]),
    )
    stream = types.SimpleNamespace(current_stream=lambda device: types.SimpleNamespace(cuda_stream=8 * device.index))
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    monkeypatch.setitem(sys.modules, "torch", types.SimpleNamespace(__name__="torch", cuda=stream))
    return current


MIXTURE = bd.GaussianMixture([1, 2], [[0.0, 1.0, 0.0], [1.0, 0.0, 0.5]], [np.eye(3), 0.5 * np.eye(3)])
POINTS = bd.Empirical(np.random.default_rng(0).normal(size=(20, 3)))
LAW = bf.MultivariateNormal(np.zeros(3), np.eye(3))
OTHERS = np.zeros((10, 3))

# Who takes arrays on a device: what messages call the array, and the call.
TAKEN = {
    "energy": ("energy: x", lambda x: bd.energy(x, OfCuPy())),
    "kid": ("kid: x", lambda x: bd.kid(x, OfCuPy())),
    "mmd": ("mmd: x", lambda x: bd.mmd(x, OfCuPy(), bandwidth=1.0)),
    "sliced_w2": ("sliced_w2: x", lambda x: bd.sliced_w2(x, OfCuPy(), rng=1)),
    "energy, second": (r"energy: x\[b\]|energy: x\['b'\]", lambda x: bd.energy({"a": OfCuPy(), "b": x}, OfCuPy())),
    "energy, reference": ("energy: y", lambda y: bd.energy(OfCuPy(), y)),
    "mixture": ("GaussianMixture.denoise: x", lambda x: MIXTURE.denoise(x, 1.0)),
    "points": ("Empirical.denoise: x", lambda x: POINTS.denoise(x, 1.0)),
    "wrapper": ("thresholded .*: x", lambda x: bd.thresholded(MIXTURE).denoise(x, 1.0)),
    "normal": ("log_density: x", LAW.log_density),
    "laws": ("log_density: x", bf.Mixture([1.0, 2.0], [LAW, LAW]).log_density),
    "assign": ("assign: costs", bf.assign),
}


@pytest.mark.parametrize("name", TAKEN)
@pytest.mark.parametrize(
    "wrong, error, words",
    [
        (OfCuPy(dtype="int32"), TypeError, "must be float32 or float64 on a device, got int32"),
        (OfTorch(dtype="float16"), TypeError, "must be float32 or float64 on a device, got float16"),
        (OfCuPy(strides=(8, 80)), ValueError,
         r"must be C-contiguous on a device: call .contiguous\(\) or ascontiguousarray first"),
        (OfTorch(address=4100), ValueError, "must begin at a multiple of the 8 bytes of its numbers: copy it first"),
        (OfOthers(), TypeError, "arrays on a device must be of torch or CuPy here, got numba.cuda.OfOthers"),
        (OfTorch(refusal=RuntimeError("requires grad")), ValueError, r"has a gradient, .*: call .detach\(\) first"),
    ],
)
def test_the_argument_and_the_remedy_are_named(name, wrong, error, words):
    of, call = TAKEN[name]
    with pytest.raises(error, match=f"({of}).*{words}"):
        call(wrong)


@pytest.mark.parametrize("name", sorted(set(TAKEN) - {"assign"}))
@pytest.mark.parametrize("shape", [(10,), (2, 10, 3), (10, 4)])
def test_shapes_are_said(name, shape):
    of, call = TAKEN[name]
    if name == "energy, reference" and len(shape) == 2:
        of = "energy: x"   # which has other columns then
    with pytest.raises(ValueError, match=f"({of}).*must have (shape|the)"):
        call(OfCuPy(shape))


def test_tables_of_costs_have_two_axes():
    with pytest.raises(ValueError, match=r"assign: costs must have shape \(rows, columns\)"):
        bf.assign(OfCuPy((10,)))
    with pytest.raises(ValueError, match="assign: groups must divide the number of rows, 10, got 3"):
        bf.assign(OfCuPy(), groups=3)


METRICS = {
    "energy": bd.energy,
    "kid": bd.kid,
    "mmd": bd.mmd,
    "sliced_w2": lambda x, y, **k: bd.sliced_w2(x, y, rng=1, **k),
}


@pytest.mark.parametrize("name", METRICS)
def test_samples_lie_in_one_place(name):
    metric = METRICS[name]
    for x, y, words in (
        (OTHERS, OfCuPy(), "x and y must lie in one place, on the processor or on one device"),
        (OfCuPy(), OTHERS, "x and y must lie in one place, on the processor or on one device"),
        ([OfCuPy(), OTHERS], OfCuPy(), "x and y must lie in one place, on the processor or on one device"),
        (OfCuPy(device=1), OfTorch(), "x must lie on cuda:0 as float64 as y does, it lies on cuda:1 as float64"),
        ({"a": OfCuPy(), "b": OfCuPy(dtype="float32")}, OfCuPy(), r"x\[b\] must lie on cuda:0 as float64 as y does, .* float32"),
    ):
        with pytest.raises(ValueError, match=f"{name}: {words}"):
            metric(x, y)
    with pytest.raises(ValueError, match="device 'cuda:9' is not there"):
        metric(OfCuPy(), OfCuPy(), device="cuda:9")
    if DEVICE:
        with pytest.raises(ValueError, match=f"{name}: device = 'cuda:0', but x and y lie on cuda:5 as float64"):
            metric(OfCuPy(device=5), OfCuPy(device=5), device="cuda:0")


@pytest.mark.skipif(DEVICE, reason="the addresses are nobody's")
@pytest.mark.parametrize("name", TAKEN)
def test_where_no_device_is_that_is_said(name):
    with pytest.raises((ValueError, RuntimeError), match=r"CUDA: no CUDA library|cuda:0: .*CUDA driver"):
        TAKEN[name][1](OfCuPy((10, 10) if name == "assign" else (10, 3)))


@pytest.mark.skipif(DEVICE, reason="the addresses are nobody's")
def test_a_bandwidth_is_not_looked_for_where_no_device_is():
    with pytest.raises((ValueError, RuntimeError), match=r"CUDA: no CUDA library|cuda:0: .*CUDA driver"):
        bd.mmd(OfCuPy(), OfCuPy())


def test_assignments_and_maps_take_one_device():
    for device in ("cuda:all", "cuda:0,1"):
        with pytest.raises(ValueError, match=f"device '{device}' names several, one is needed here"):
            bf.assign(OTHERS, device=device)
        with pytest.raises(ValueError, match=f"device '{device}' names several, one is needed here"):
            bd.transport_map(np.random.default_rng(0).normal(size=(20, 2)), rng=1, device=device)
    with pytest.raises(ValueError, match="device 'cuda:9' is not there"):
        bf.assign(OfCuPy(), device="cuda:9")
    with pytest.raises(ValueError, match="the gap is found on the processor only, costs lie on a device"):
        bf.assign(OfCuPy(), gap=True)


@pytest.mark.parametrize(
    "of, call",
    [
        ("x", lambda there: bf.Normal().cdf(there)),
        ("assign: costs", lambda there: bf.assign([there, there])),
        ("GaussianMixture.denoise: sigma", lambda there: MIXTURE.denoise(OTHERS, there)),
        ("sample: x", lambda there: bd.sample(MIXTURE, bd.ddim(bd.VP(), steps=2), x=there)),
        ("Empirical: points", bd.Empirical),
        ("transport_map: points", lambda there: bd.transport_map(there, rng=1)),
        ("w2: computes on the CPU only, x", lambda there: bd.w2(there, OTHERS)),
    ],
)
def test_what_the_processor_reads_says_how_it_comes_here(of, call):
    with pytest.raises((TypeError, ValueError), match=rf"({of}).*\.get\(\)"):
        call(OfCuPy())


def test_new_arrays_and_streams_are_of_the_array_s_device_not_of_the_current_one(libraries):
    x = OfCuPy(device=1)
    assert _device_arrays.look(x, "x", 3) == (4096, 10, 3, 8, 1, 8)
    assert _device_arrays.look_at(x, "x")[3:] == (1, 8)
    assert _device_arrays.like(x, "x").device.id == 1
    assert _device_arrays.table(x, None, "x").device.id == 1
    assert libraries == [0]


def test_arrays_of_jax_lie_on_one_device():
    class OfJax(Claim):
        __module__ = "jaxlib._jax"

        def block_until_ready(self):
            return self

        def devices(self):
            return self.held_by

    x = OfJax()
    x.held_by = [types.SimpleNamespace(id=9, local_hardware_id=1)]
    assert _device_arrays.look(x, "x")[4:] == (1, 0)
    x.held_by.append(types.SimpleNamespace(id=10, local_hardware_id=2))
    with pytest.raises(ValueError, match="energy: x must lie on one device, it is spread over 2: gather it first"):
        bd.energy(x, OfCuPy())
    wanted = r"GaussianMixture.denoise: x: arrays on a device must be of torch or CuPy here, got jaxlib"
    with pytest.raises(TypeError, match=wanted):
        x.held_by.pop()
        _device_arrays.like(x, "GaussianMixture.denoise: x")
