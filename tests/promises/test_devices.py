"""Promise 1 on devices: every public function that takes `device` gives there what it gives on the processor, and the same bits
on any number of devices. Nobody is forgotten: the functions are found by their signatures.
"""
import inspect
import re
from pathlib import Path

import numpy as np
import pytest

import buffon as bf
from buffon import _buffon
from buffon import diffusion as bd

INPUTS = bf.MultivariateNormal([1, 0], [[4, 0], [0, 1]])
DEVICES = [word.split()[0] for word in bf.cuda_status().split(", ") if word.startswith("cuda:")]
needs_device = pytest.mark.skipif(not DEVICES, reason="no CUDA device")
needs_several = pytest.mark.skipif(len(DEVICES) < 2, reason="fewer than two CUDA devices")


def takes_device():
    """name -> public function with a keyword `device`."""
    found = {}
    for module in (bf, bd):
        for name, f in vars(module).items():
            if name.startswith("_") or not callable(f) or inspect.isclass(f):
                continue
            if "device" in inspect.signature(f).parameters:
                found[name] = f
    return found


FUNCTIONS = takes_device()
NOT_THERE = ["cuda:9", "cuda:-1", "gpu", "CUDA", "cpu:0", ""]
OF_SAMPLES = sorted(name for name, f in FUNCTIONS.items() if list(inspect.signature(f).parameters)[:2] == ["x", "y"])
OF_MODELS = sorted(name for name, f in FUNCTIONS.items() if list(inspect.signature(f).parameters)[:2] == ["model", "table"])


def row_wise(x):
    """Sums and products in steps of their own: the same bits on a device."""
    import torch
    y = x[:, 0] * x[:, 0] + 2 * x[:, 1]
    return torch.stack([y, y * x[:, 1]], 1)


def problem(scored):
    pytest.importorskip("torch")
    outputs = {"y": lambda y: y[:, 0], "yb": lambda y: y[:, 1], "P": lambda y: y[:, 0] > 4}
    if not scored:
        return bf.Problem(row_wise, INPUTS, outputs, arrays="torch")
    return bf.Problem(row_wise, INPUTS, {"P": lambda y: y[:, 0] > 12}, score=lambda y: y[:, 0] - 12, arrays="torch")


def whole(result):
    return getattr(result, "joint", result)


def samples():
    rng = np.random.default_rng(5)
    return [rng.normal(size=(700, 3)), rng.normal(0.3, 1.2, size=(700, 3))], rng.normal(size=(400, 3))


def numbers(result):
    """What is compared: values and errors of an estimate, the samples of draws."""
    result = whole(result)
    return (result.x,) if hasattr(result, "parts") else (np.asarray(result.value), np.asarray(result.std_error))


def same_bits(a, b):
    for one, other in zip(numbers(a), numbers(b), strict=True):
        np.testing.assert_array_equal(one, other)


def alike(there, here):
    """Values within 1e-6 of a standard error, errors to six digits; draws to rounding."""
    got, wanted = numbers(there), numbers(here)
    if len(wanted) == 1:
        np.testing.assert_allclose(got[0], wanted[0], rtol=0, atol=1e-9)
        return
    assert whole(there).n == whole(here).n
    gap, error = np.abs(got[0] - wanted[0]), wanted[1]
    assert (gap <= 1e-6 * np.nan_to_num(error) + 1e-13 * np.abs(wanted[0])).all(), gap / error
    np.testing.assert_allclose(got[1], wanted[1], rtol=1e-6)


def run(name, device):
    """A function of samples or of a model at work."""
    if name in OF_SAMPLES:
        key = {"rng": 3} if "rng" in inspect.signature(FUNCTIONS[name]).parameters else {}
        return FUNCTIONS[name](*samples(), device=device, **key)
    model = bd.GaussianMixture([1, 2], [[0.0, 1.0, 0.0], [1.0, 0.0, 0.5]], [np.eye(3), 0.5 * np.eye(3)])
    start = {"x": np.random.default_rng(2).normal(size=(500, 3))} if name == "invert" else {"n": 500, "rng": 3}
    return FUNCTIONS[name](model, bd.dpmpp(bd.VP(), steps=6), device=device, **start)


def test_all_functions_with_a_device_are_run_here():
    words = {word for word, (positional, _) in _buffon.registry.items() if positional == ["problem"]}
    assert words <= set(FUNCTIONS)
    to_the_bit = {"assign", "transport_map"}  # tests/python/test_cuda.py
    assert set(FUNCTIONS) - words == {"extend", "multilevel", *to_the_bit, *OF_SAMPLES, *OF_MODELS}, (
        "say in this file how the new function is run"
    )
    assert {"energy", "kid", "mmd"} <= set(OF_SAMPLES) and {"sample", "invert"} <= set(OF_MODELS)


def test_functions_without_a_device_are_named_on_the_page_with_the_reason():
    page = Path(__file__).parents[2] / "docs" / "gpu.md"
    named = set(re.findall(r"`(\w+)`", page.read_text().partition("## On the processor only")[2].partition("## Tested")[0]))
    without = {
        name
        for module in (bf, bd)
        for name, f in vars(module).items()
        if not name.startswith("_") and callable(f) and not inspect.isclass(f) and name not in FUNCTIONS
    }
    assert without - named == set()
    assert named - without <= {"device", "sample", "assign", "langevin_gibbs"}


@needs_device
@pytest.mark.parametrize("scored", [False, True])
def test_estimators_answer_as_on_the_processor(word, arguments, scored):
    if scored and word in ("sobol", "shapley"):
        pytest.skip("a score means nothing to it")
    estimate = getattr(_buffon, word)
    with np.errstate(all="ignore"):
        here, there = (estimate(problem(scored), budget=20_000, rng=1, device=device, **arguments) for device in ("cpu", "cuda"))
    alike(there, here)
    assert whole(there).warnings == whole(here).warnings


@needs_device
def test_a_run_goes_on_as_on_the_processor():
    results = []
    for device in ("cpu", "cuda"):
        first = bf.plain(problem(False), budget=20_000, rng=1, keep="state", device=device)
        results.append(bf.extend(first, problem(False), budget=50_000, device=device))
    alike(results[1], results[0])


def test_levels_that_are_not_made_for_devices_are_named():
    own = bf.Problem(lambda x: x[:, 0], bf.Normal())
    with pytest.raises(ValueError, match="multilevel: device = 'cuda' needs a model made for devices"):
        bf.multilevel([(own, 2.0), (own, 1.0)], budget=20_000, rng=1, device="cuda")


def samplers():
    """Denoisers that run on devices, each with a look at its draws."""
    torch = pytest.importorskip("torch")
    mixture = bd.GaussianMixture([1, 2], [[0.0, 1.0], [2.0, 0.0]], [0.2 * np.eye(2), 0.1 * np.eye(2)])
    points = bd.Empirical(np.random.default_rng(4).normal(size=(50, 2)))
    net = bd.Network(lambda x, t: torch.tanh(x) * t[:, None], schedule=bd.VP(), shape=2, arrays="torch", dtype="float64")
    return {
        "mixture": (mixture, mixture.off_mode, mixture.mode),
        "points": (points, lambda x: x[:, 0] - x[:, 1], lambda x: (x[:, 0] > 0).astype(float)),
        "network": (net, lambda x: x[:, 0], lambda x: (x[:, 1] > 0).astype(float)),
    }


@needs_device
@pytest.mark.parametrize("kind", ["mixture", "points", "network"])
@pytest.mark.parametrize("name", ["plain", "quasi", "aiscv", "arcs", "subset"])
def test_samplers_are_evaluated_on_the_device(kind, name):
    model, score, labels = samplers()[kind]
    shifted = bd.time_shifted(bd.ddim(bd.VP(), steps=5), window=40, cutoff=100)
    corrected = bd.reverse_diffusion(bd.VP(), steps=4, corrections=1)
    for table in (bd.ddim(bd.VP(), steps=5), bd.ancestral(bd.VP(), steps=4), shifted, corrected):
        if name == "arcs":
            problem, extra = bd.sampler_problem(model, table, score=score, labels=labels), {"thresholds": [1.5]}
        else:
            problem, extra = (
                bd.sampler_problem(
                    model, table, functionals={"x": lambda x: x[:, 0], "square": lambda x: (x**2).sum(1)}
                ),
                {},
            )
        here, there = (getattr(bf, name)(problem, budget=4_000, rng=2, device=device, **extra) for device in ("cpu", "cuda"))
        alike(there, here)


@needs_device
def test_levels_of_samplers_are_evaluated_on_the_device():
    model = samplers()["mixture"][0]
    levels = [
        (bd.sampler_problem(model, bd.ddim(bd.VP(), steps=n), functionals={"x": lambda x: x[:, 0]}), float(n))
        for n in (20, 5)
    ]
    here, there = (bf.multilevel(levels, budget=5_000, rng=3, device=device) for device in ("cpu", "cuda"))
    alike(there, here)


@needs_device
def test_samplers_that_no_device_runs_say_so():
    model = samplers()["mixture"][0]
    for table in (bd.rk45(bd.VP()), bd.dpm_adaptive(bd.VP())):
        with pytest.raises(ValueError, match=r"sampler_problem: .* chooses its steps and runs on device='cpu' only"):
            bf.plain(bd.sampler_problem(model, table, score=model.off_mode), budget=100, rng=1, device="cuda")
    own = bd.Denoiser(lambda x, sigma: x, dim=2)
    with pytest.raises(ValueError, match=r"sampler_problem: .* computes on device='cpu' only"):
        bf.plain(
            bd.sampler_problem(own, bd.ddim(bd.VP(), steps=2), functionals={"x": lambda x: x[:, 0]}),
            budget=100,
            rng=1,
            device="cuda",
        )


@needs_device
@pytest.mark.parametrize("dtype, unit", [("float16", 2.0**-11), ("bfloat16", 2.0**-8)])
def test_half_states_are_rounded_as_on_the_processor(dtype, unit):
    model = samplers()["mixture"][0]
    for table in (bd.dpmpp(bd.VP(), steps=6), bd.ancestral(bd.VP(), steps=6)):
        here, there = (bd.sample(model, table, n=500, rng=3, dtype=dtype, device=device).x for device in ("cpu", "cuda"))
        assert here.dtype == there.dtype == np.float32
        assert np.sqrt(np.mean((there - here) ** 2)) < unit * np.abs(here).max()
        assert np.mean(there == here) > 0.9          # denoisers compute in float there: few roundings differ


@needs_device
@pytest.mark.parametrize("name", OF_SAMPLES + OF_MODELS)
def test_other_functions_answer_as_on_the_processor(name):
    alike(run(name, "cuda"), run(name, "cpu"))


@needs_device
@pytest.mark.parametrize(
    "of", [lambda p: bf.exceedance(p, thresholds=[6.0, 9.0]), lambda p: bf.exceedance(p, thresholds=[-2.0], below=True)]
)
@pytest.mark.parametrize("run", [bf.plain, bf.subset, bf.cross_entropy, bf.form])
def test_events_of_a_compiled_model_answer_as_on_the_processor(of, run):
    events = of(bf.testing.ishigami().problem)
    here, there = (run(events, budget=20_000, rng=2, device=device) for device in ("cpu", "cuda"))
    assert here.names == there.names
    np.testing.assert_allclose(there.value, here.value, rtol=1e-6)


@needs_several
def test_estimators_give_the_same_bits_on_several_devices(word, arguments):
    estimate = getattr(_buffon, word)
    given = bf.testing.ishigami().problem if word in ("plain", "quasi", "sobol") else problem(False)   # drawn there, too
    budget = 2_000_000 if word in ("plain", "quasi", "sobol") else 20_000
    extra = {"surrogate": False} if word == "sobol" else arguments
    one, all_of_them = (estimate(given, budget=budget, rng=1, device=device, **extra) for device in ("cuda", "cuda:all"))
    same_bits(all_of_them, one)


@needs_several
@pytest.mark.parametrize("name", OF_SAMPLES + OF_MODELS)
def test_other_functions_give_the_same_bits_on_several_devices(name):
    same_bits(run(name, "cuda:all"), run(name, "cuda"))
    same_bits(run(name, "cuda:1,0"), run(name, "cuda:1"))


def of_word(word, arguments, device):
    """A short run of a registered word."""
    known = bf.testing.ishigami().problem
    extra = {"proposal": known.inputs} if word == "importance" else arguments
    return getattr(_buffon, word)(known, budget=1000, rng=1, device=device, **extra)


OTHERS = ["assign", "extend", "multilevel", "transport_map", *OF_SAMPLES, *OF_MODELS]


def other(name, device):
    """A short run of a function that is no registered word."""
    known = bf.testing.ishigami().problem
    if name == "assign":
        return bf.assign(np.eye(3), device=device)
    if name == "transport_map":
        return bd.transport_map(np.random.default_rng(0).normal(size=(20, 2)), rng=1, device=device)
    if name == "multilevel":
        return bf.multilevel([(known, 2.0), (known, 1.0)], budget=1000, rng=1, device=device)
    if name == "extend":
        return bf.extend(bf.plain(known, budget=100, rng=1, keep="state"), known, budget=200, device=device)
    return run(name, device)


@pytest.mark.parametrize("device", NOT_THERE)
def test_every_function_names_a_device_that_is_not_there(word, arguments, device):
    with pytest.raises(ValueError, match=f"device '{device}' is not there; CUDA: "):
        of_word(word, arguments, device)


@pytest.mark.parametrize("device", NOT_THERE)
@pytest.mark.parametrize("name", OTHERS)
def test_other_functions_name_a_device_that_is_not_there(name, device):
    with pytest.raises(ValueError, match=f"device '{device}' is not there; CUDA: "):
        other(name, device)


NO_WORDS = [None, 0, ["cuda"]]


@pytest.mark.parametrize("device", NO_WORDS)
def test_every_function_wants_a_word_for_a_device(word, arguments, device):
    with pytest.raises(TypeError, match="device must be a str"):
        of_word(word, arguments, device)


@pytest.mark.parametrize("device", NO_WORDS)
@pytest.mark.parametrize("name", OTHERS)
def test_other_functions_want_a_word_for_a_device(name, device):
    with pytest.raises(TypeError, match="device"):
        other(name, device)


@needs_device
@pytest.mark.parametrize(
    "device, words",
    [("gpu", "is not there"), ("cuda:0,0", "names one twice"), ("cuda:", "is not there"), ("cuda:0,", "is not there")],
)
def test_what_names_no_device_is_said(device, words):
    with pytest.raises(ValueError, match=words):
        bf.plain(bf.testing.ishigami().problem, budget=1000, rng=1, device=device)
