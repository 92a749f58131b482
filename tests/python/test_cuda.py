"""The CUDA library: built where nvcc is, opened at run time, one name to be seen from outside."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import buffon as bf
from buffon import diffusion as bd

ROOT = Path(__file__).parents[2]
BUILD = Path(os.environ.get("BUFFON_BUILD", ROOT / "build"))
LIBRARY = BUILD / "libbuffon_cuda.so"


@pytest.fixture
def library():
    if not LIBRARY.is_file():
        pytest.skip("no nvcc here: libbuffon_cuda was not built")
    return LIBRARY


def test_status_says_whether_there_is_a_library():
    assert bf.cuda_status().startswith("no CUDA library") != LIBRARY.is_file()


def test_a_process_that_sees_no_device_says_so(library):
    code = "import buffon as bf; print(bf.cuda_status()); print(bf.plain(bf.testing.ishigami().problem, budget=100, rng=1).n)"
    hidden = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    status, n = subprocess.check_output([sys.executable, "-c", code], env=hidden, text=True).splitlines()
    assert "no CUDA driver" in status or "no device" in status
    assert n == "100"


@pytest.mark.skipif(not shutil.which("nm"), reason="no nm")
def test_the_library_shows_one_function(library):
    lines = subprocess.check_output(["nm", "-D", "--defined-only", library], text=True).splitlines()
    assert [line.split()[-1] for line in lines] == ["buffon_device_table"]


@pytest.mark.skipif(not shutil.which("readelf"), reason="no readelf")
def test_the_library_needs_no_cuda_library_of_the_system(library):
    needed = [line for line in subprocess.check_output(["readelf", "-d", library], text=True).splitlines() if "NEEDED" in line]
    assert needed and not [line for line in needed if "libcu" in line or "libnv" in line]


needs_device = pytest.mark.skipif("cuda:0" not in bf.cuda_status(), reason="no CUDA device")


def models():
    rng = np.random.default_rng(0)
    a = rng.normal(size=(3, 5, 5))
    labels = np.arange(200) % 3
    yield bd.GaussianMixture([1, 2, 3], rng.normal(size=(3, 5)), a @ a.transpose(0, 2, 1) + np.eye(5), labels=[0, 1, 2])
    yield bd.Empirical(rng.normal(size=(200, 5)), labels=labels)
    yield bd.Empirical(rng.normal(size=(200, 5)), labels=labels, bandwidth=0.2, dtype="float32")


@needs_device
@pytest.mark.parametrize("library", ["torch", "cupy"])
@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-11), ("float32", 2e-5)])
def test_denoisers_answer_in_the_kind_of_array_that_asks(library, dtype, tolerance):
    there = pytest.importorskip(library)
    x = np.random.default_rng(1).normal(size=(301, 5)).astype(dtype)
    on_device = there.tensor(x, device="cuda") if library == "torch" else there.asarray(x)
    for model in models():
        allowed = max(tolerance, 2e-5 if getattr(model, "dtype", "float64") == "float32" else 0)
        for sigma in (0.5, np.linspace(0.1, 3, 301)):
            for condition in (None, 1, np.arange(301) % 4 - 1):
                answer = model.denoise(on_device, sigma, condition)
                assert type(answer) is type(on_device) and str(answer.dtype).endswith(dtype)
                back = answer.cpu().numpy() if library == "torch" else answer.get()
                np.testing.assert_allclose(back, model.denoise(x, sigma, condition), rtol=0, atol=allowed * 10)


@needs_device
def test_the_caller_s_stream_is_used():
    torch = pytest.importorskip("torch")
    model = next(models())
    x = torch.ones(100, 5, device="cuda", dtype=torch.float64)
    stream = torch.cuda.Stream()
    model.denoise(x, 1.0)   # the first call waits for all that the device does
    with torch.cuda.stream(stream):
        torch.cuda._sleep(50_000_000)
        x.mul_(2)   # must come first
        answer = model.denoise(x, 1.0)
    stream.synchronize()
    np.testing.assert_allclose(answer.cpu().numpy(), model.denoise(np.full((100, 5), 2.0), 1.0), rtol=1e-11)


@needs_device
@pytest.mark.parametrize("sigma, condition", [(0.5, 1), (np.linspace(0.1, 3, 301), np.arange(301) % 4 - 1)])
def test_answers_are_captured_into_graphs(sigma, condition):
    torch = pytest.importorskip("torch")
    each = list(models())
    each += wrapped(each[0])
    law = bf.Mixture([1, 2], [bf.MultivariateNormal(np.full(5, m), np.eye(5)) for m in (-1.0, 2.0)])
    jobs = [lambda x, m=m: m.denoise(x, sigma, condition) for m in each] + [law.log_density]
    for job in jobs:
        x = torch.randn(301, 5, device="cuda", dtype=torch.float64)
        job(x)   # what a model keeps on the device is put there
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            answer = job(x)
        sizes = (5, 10, 301, 602, 903, 1204, 2000)
        junk = [np.full(n, np.nan) for n in sizes for _ in range(200)]   # where levels and labels lay
        for _ in range(2):
            x.normal_()
            graph.replay()
            np.testing.assert_array_equal(answer.cpu().numpy(), job(x).cpu().numpy())
        del junk


@needs_device
def test_a_model_that_is_not_on_the_device_yet_cannot_be_captured():
    torch = pytest.importorskip("torch")
    for model in models():
        x = torch.randn(301, 5, device="cuda", dtype=torch.float64)
        graph = torch.cuda.CUDAGraph()
        with pytest.raises(RuntimeError, match="call it once before a graph is captured"), torch.cuda.graph(graph):
            model.denoise(x, 1.0)
        assert torch.isfinite(model.denoise(x, 1.0)).all()


@needs_device
def test_streams_of_two_libraries_wait_for_each_other():
    torch, cupy = pytest.importorskip("torch"), pytest.importorskip("cupy")
    x, y = (np.random.default_rng(k).normal(size=(400, 3)) for k in (1, 2))
    late, there = torch.tensor(y / 2, device="cuda"), cupy.asarray(x)
    torch.cuda.synchronize()
    for metric in (bd.energy, bd.kid, lambda x, y: bd.sliced_w2(x, y, rng=1)):
        late.copy_(torch.tensor(y / 2))
        with torch.cuda.stream(torch.cuda.Stream()):
            torch.cuda._sleep(200_000_000)
            late.mul_(2)   # must come first
            answers = [metric([there, there], late), metric(late, there)]
        for answer, here in zip(answers, (metric([x, x], y), metric(y, x)), strict=True):
            np.testing.assert_allclose(answer.value, here.value, rtol=1e-9, atol=1e-14)


@pytest.mark.skipif("cuda:1" not in bf.cuda_status(), reason="fewer than two CUDA devices")
@pytest.mark.parametrize("library", ["torch", "cupy", "jax"])
def test_arrays_of_another_device_than_the_current_one_are_met_there(library):
    there, _ = of_arrays(library)
    x, y = np.random.default_rng(1).normal(size=(301, 5)), np.random.default_rng(2).normal(size=(200, 5))
    def put(a, number=1):
        if library == "torch":
            return there.tensor(a, device=f"cuda:{number}")
        if library == "jax":
            return there.device_put(a, there.devices("cuda")[number])
        with there.cuda.Device(number):
            return there.asarray(a)
    current = {
        "torch": lambda: there.cuda.current_device(), "cupy": lambda: there.cuda.Device().id, "jax": lambda: 0
    }[library]
    for metric in METRICS.values():
        np.testing.assert_allclose(metric(put(x), put(y)).value, metric(x, y).value, rtol=1e-9)
        with pytest.raises(ValueError, match="x must lie on cuda:0 as float64 as y does, it lies on cuda:1 as float64"):
            metric(put(x), put(y, 0))
        with pytest.raises(ValueError, match="device = 'cuda:0', but x and y lie on cuda:1"):
            metric(put(x), put(y), device="cuda:0")
        assert current() == 0
    if library == "jax":
        return
    law = bf.MultivariateNormal(np.zeros(5), np.eye(5))
    calls = [lambda x, model=model: model.denoise(x, 0.5) for model in models()]
    for call in (*calls, law.log_density, bf.Mixture([1, 1], [law, law]).log_density):
        answer = call(put(x))
        assert (answer.device.index if library == "torch" else answer.device.id) == 1
        back = answer.cpu().numpy() if library == "torch" else answer.get()
        np.testing.assert_allclose(back, call(x), rtol=1e-5, atol=1e-5)
        assert current() == 0
    np.testing.assert_array_equal(bf.assign(put(x)).columns, bf.assign(x).columns)
    with pytest.raises(ValueError, match="assign: device = 'cuda:0', but costs lie on cuda:1"):
        bf.assign(put(x), device="cuda:0")
    assert current() == 0


@needs_device
def test_what_a_device_cannot_take_is_said():
    torch = pytest.importorskip("torch")
    model = next(models())
    x = torch.zeros(10, 5, device="cuda")
    for wrong, error, words in (
        (x.half(), TypeError, "must be float32 or float64"),
        (x.int(), TypeError, "must be float32 or float64"),
        (torch.zeros(5, 10, device="cuda").T, ValueError, "C-contiguous"),
        (x[:, :4].contiguous(), ValueError, r"shape \(n, 5\)"),
        (x[0], ValueError, r"shape \(n, 5\)"),
    ):
        with pytest.raises(error, match=words):
            model.denoise(wrong, 1.0)
    for sigma, condition, words in ((-1.0, None, "sigma"), (1.0, 7, "condition"), (np.ones(3), None, "sigma")):
        with pytest.raises(ValueError, match=words):
            model.denoise(x, sigma, condition)
    with pytest.raises(ValueError, match="computes on the CPU only"):
        bd.noise_scaled(bd.Denoiser(lambda x, sigma: x, dim=5), 1.1).denoise(x, 1.0)


@needs_device
@pytest.mark.parametrize("solver", [bd.ddim, bd.dpmpp, bd.unipc, bd.heun, bd.euler_maruyama])
def test_samples_are_those_of_the_processor(solver):
    for model in models():
        single = getattr(model, "dtype", "float64") == "float32"
        table = solver(bd.VP(), steps=6)
        here, there = (bd.sample(model, table, n=500, rng=3, condition=1, device=device) for device in ("cpu", "cuda"))
        assert here.parts == there.parts
        np.testing.assert_allclose(there.x, here.x, rtol=0, atol=1e-3 if single else 1e-10)


def wrapped(model):
    yield bd.noise_scaled(model, 1.02)
    yield bd.guided(model, 2.0, rescale=0.5)
    yield bd.thresholded(model, max=1.0, ratio=0.9)
    yield bd.input_perturbed(model, 0.2)


@needs_device
@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-10), ("float32", 1e-4)])
def test_wrappers_answer_on_the_device(dtype, tolerance):
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(1).normal(size=(301, 5)).astype(dtype)
    for model in wrapped(next(models())):
        for sigma, condition in ((0.5, None), (np.linspace(0.1, 3, 301), np.arange(301) % 4 - 1)):
            answer = model.denoise(torch.tensor(x, device="cuda"), sigma, condition).cpu().numpy()
            np.testing.assert_allclose(answer, model.denoise(x, sigma, condition), rtol=0, atol=tolerance)


def network(kind, dtype, **options):
    """A smooth function of x and t in the words of a library."""
    there = pytest.importorskip(kind)
    if kind == "jax":
        there.config.update("jax_enable_x64", True)
    library = there.numpy if kind == "jax" else there
    calls = []

    def net(x, t, label=None):
        calls.append(x)
        y = library.tanh(x) * t.reshape(-1, 1, 1) + 0.1 * x
        return y if label is None else y + 0.01 * label.reshape(-1, 1, 1)

    return bd.Network(net, schedule=bd.VP(), shape=(2, 3), arrays=kind, dtype=dtype, **options), calls


@needs_device
@pytest.mark.parametrize("kind", ["torch", "cupy", "jax"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("classes", [None, 4])
def test_networks_sample_on_the_device(kind, dtype, classes):
    model, calls = network(kind, dtype, **({"classes": classes, "null": 9} if classes else {}))
    condition = np.arange(100) % 5 - 1 if classes else None
    for solver in (bd.dpmpp, bd.heun):
        for state in ("float64", "float32"):
            table = solver(bd.VP(), steps=5)
            here = bd.sample(model, table, n=100, rng=1, condition=condition)
            calls.clear()
            there = bd.sample(model, table, n=100, rng=1, condition=condition, device="cuda", dtype=state)
            assert all("cuda" in str(x.device).lower() for x in calls) and calls[0].shape == (100, 2, 3)
            np.testing.assert_allclose(
                there.x,
                here.x,
                rtol=0,
                atol=1e-9 if (dtype, state) == ("float64", "float64") else 2e-4 * np.abs(here.x).max(),
            )
            assert there.parts == here.parts


@needs_device
@pytest.mark.parametrize("probes", [0, 2])
def test_chains_of_a_network_are_those_of_the_processor(probes):
    torch = pytest.importorskip("torch")
    net = bd.Network(lambda x, t: torch.tanh(x) * t[:, None], schedule=bd.VP(), shape=2, arrays="torch", dtype="float64")
    table = bd.ddim(bd.VP(), steps=5)
    here, there = (
        bd.langevin_gibbs(net, table, n=300, chains=100, sigma="plug-in", probes=probes, burn_in=3, levels=50, rng=2,
                          device=device)
        for device in ("cpu", "cuda")
    )
    assert there.parts == here.parts
    np.testing.assert_array_equal(there.levels, here.levels)
    np.testing.assert_allclose(there.x, here.x, rtol=0, atol=1e-8)
    for name in here.traces:
        np.testing.assert_allclose(there.traces[name], here.traces[name], rtol=0, atol=1e-8)


@needs_device
def test_a_torch_module_that_lies_on_the_device_is_called_there_and_can_be_guided():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last, self.label = torch.nn.Linear(4, 32), torch.nn.Linear(32, 4), torch.nn.Embedding(3, 32)

        def forward(self, x, t, label):
            return self.last(torch.tanh(self.first(x) + self.label(label) + t[:, None]))

    net = Net().cuda().eval()
    model = bd.guided(bd.Network(net, schedule=bd.VP(), shape=4, classes=2, null=2), 1.5)
    table = bd.dpmpp(bd.VP(), steps=6)
    there, here = (bd.sample(model, table, n=64, rng=1, condition=1, device=device).x for device in ("cuda", "cpu"))
    np.testing.assert_allclose(there, here, rtol=0, atol=1e-4 * np.abs(here).max())
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        x = torch.randn(64, 4, device="cuda")
        answer = model.denoise(x, 0.5, 1)
    stream.synchronize()
    np.testing.assert_allclose(answer.cpu().numpy(), model.denoise(x.cpu().numpy(), 0.5, 1), rtol=0, atol=1e-4)


@needs_device
def test_what_networks_must_not_give_on_a_device_is_said():
    torch = pytest.importorskip("torch")
    table = bd.ddim(bd.VP(), steps=2)
    for net, error, words in (
        (lambda x, t: x.cpu(), TypeError, "the network must give a torch tensor on cuda:0, got torch.Tensor on cpu"),
        (lambda x, t: x[:, :1], ValueError, r"must return the shape of x, \(10, 2\), got \(10, 1\)"),
        (lambda x, t: {}[0], ValueError, r"the network failed when called with x \(10, 2\).*KeyError"),
        (lambda x, t: x * float("nan"), ValueError, "row 0 is not finite on the device"),
    ):
        with pytest.raises(error, match=words):
            bd.sample(bd.Network(net, schedule=bd.VP(), shape=2, arrays="torch"), table, n=10, rng=0, device="cuda")
    with pytest.raises(ValueError, match="computes on device='cpu' only"):
        bd.sample(bd.Network(lambda x, t: x, schedule=bd.VP(), shape=2), table, n=10, rng=0, device="cuda")
    assert torch.cuda.is_available()


@needs_device
def test_scores_of_arrays_lead_rare_events_on_the_device():
    pytest.importorskip("torch")
    inputs = bf.MultivariateNormal([0, 0], np.eye(2))
    event = bf.exceedance(lambda x: (x[:, 0] + x[:, 1]) * 0.5**0.5, inputs, thresholds=[4.0], arrays="torch")
    scored = bf.Problem(
        lambda x: (x[:, 0] + x[:, 1]) * 0.5**0.5, inputs, {"P": lambda y: y > 4}, score=lambda y: y - 4, arrays="torch"
    )
    for given in (event, scored):
        e = bf.subset(given, budget=50_000, rng=1, device="cuda")
        assert abs(np.log(e.value[0] / 3.167e-5)) < 1
        assert e.value[0] == bf.subset(given, budget=50_000, rng=1).value[0]


@needs_device
def test_a_model_that_is_not_a_number_stays_one_whatever_functions_make_of_it():
    torch = pytest.importorskip("torch")
    broken = bf.Problem(lambda x: torch.log(x[:, 0]), LAW, {"P": lambda y: y > 0}, arrays="torch")
    with pytest.raises(bf.ModelError, match="nan"):
        bf.plain(broken, budget=200_000, rng=1, device="cuda")
    e = bf.plain(broken, budget=200_000, rng=1, device="cuda", on_error="discard")
    assert e.n_failed == bf.plain(broken, budget=200_000, rng=1, on_error="discard").n_failed > 1000


def alike(there, here):
    assert there.n == here.n
    np.testing.assert_array_less(np.abs(np.asarray(there.value) - here.value), 1e-6 * np.asarray(here.std_error) + 1e-300)


@needs_device
@pytest.mark.parametrize(
    "run",
    [
        lambda p, **k: bf.plain(p, budget=300_000, rng=1, **k),
        lambda p, **k: bf.quasi(p, budget=300_000, rng=1, **k),
        lambda p, **k: bf.sobol(p, budget=400_000, rng=1, surrogate=False, **k).total_order,
        lambda p, **k: bf.aiscv(p, budget=20_000, rng=1, **k),
    ],
)
def test_estimators_of_compiled_models_answer_as_on_the_processor(run):
    for known in (bf.testing.ishigami(), bf.testing.cantilever()):
        alike(run(known.problem, device="cuda"), run(known.problem))


def test_a_model_that_is_not_made_for_devices_is_named():
    with pytest.raises(ValueError, match="plain: device = 'cuda' needs a model made for devices"):
        bf.plain(bf.Problem(lambda x: x[:, 0], bf.Normal()), budget=100, rng=1, device="cuda")
    with pytest.raises(ValueError, match="device 'gpu' is not there; CUDA: "):
        bf.plain(bf.testing.ishigami().problem, budget=100, rng=1, device="gpu")


@needs_device
@pytest.mark.parametrize("library", ["torch", "cupy"])
@pytest.mark.parametrize("k, d, n", [(1, 1, 1), (7, 3, 1000), (100, 6, 4099), (513, 20, 77)])
def test_log_densities_of_gaussians_are_those_of_the_processor(library, k, d, n):
    there = pytest.importorskip(library)
    rng = np.random.default_rng(k)
    a = rng.normal(size=(k, d, d))
    parts = [
        bf.MultivariateNormal(m, c)
        for m, c in zip(rng.normal(size=(k, d)), a @ a.transpose(0, 2, 1) + np.eye(d), strict=True)
    ]
    mixture, x = bf.Mixture(np.arange(1.0, k + 1), parts), rng.normal(size=(n, d)) * 3
    on_device = there.tensor(x, device="cuda") if library == "torch" else there.asarray(x)
    back = (lambda y: y.cpu().numpy()) if library == "torch" else (lambda y: y.get())
    np.testing.assert_allclose(back(mixture.log_density(on_device)), mixture.log_density(x), rtol=1e-12, atol=1e-12)
    each = back(bf._buffon._component_log_densities(mixture, on_device))
    np.testing.assert_allclose(each, np.stack([part.log_density(x) for part in parts], 1), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(back(parts[0].log_density(on_device)), each[:, 0], rtol=1e-14)


@needs_device
def test_log_densities_on_a_device_say_what_they_cannot_take():
    torch = pytest.importorskip("torch")
    law = bf.MultivariateNormal([0, 0], np.eye(2))
    for x, error, words in (
        (torch.zeros(3, 2, device="cuda"), TypeError, "must be float64"),
        (torch.zeros(3, 3, device="cuda", dtype=torch.float64), ValueError, r"shape \(n, 2\)"),
        (torch.zeros(2, 3, device="cuda", dtype=torch.float64).T, ValueError, "C-contiguous"),
    ):
        with pytest.raises(error, match=words):
            law.log_density(x)
    with pytest.raises(ValueError, match="only MultivariateNormal and Mixture"):
        bf.Joint([bf.Normal(), bf.Normal()]).log_density(torch.zeros(3, 2, device="cuda", dtype=torch.float64))


def of_arrays(kind, calls=None):
    """sin and products of three inputs, in the words of a library."""
    there = pytest.importorskip(kind)
    if kind == "jax":
        there.config.update("jax_enable_x64", True)
    sin = there.numpy.sin if kind == "jax" else there.sin

    def model(x):
        if calls is not None:
            calls.append((type(x), x.shape))
        return sin(x[:, 0]) + x[:, 1] * x[:, 2]

    return there, model


LAW = bf.Joint(
    {"a": bf.Normal(1, 0.5), "b": bf.Uniform(-1, 2), "c": bf.LogNormal(0, 0.3)},
    copula=bf.GaussianCopula({("a", "c"): 0.4}),
)


@needs_device
@pytest.mark.parametrize("kind", ["torch", "cupy", "jax"])
@pytest.mark.parametrize("batch", [1000, 65_536, 200_000])
def test_models_of_arrays_answer_on_the_device_as_on_the_processor(kind, batch):
    _, model = of_arrays(kind, calls := [])
    on_device = bf.Problem(model, LAW, {"mean": lambda y: y, "square": lambda y: y * y}, arrays=kind)
    on_processor = bf.Problem(
        lambda x: np.sin(x[:, 0]) + x[:, 1] * x[:, 2], LAW, {"mean": lambda y: y, "square": lambda y: y * y}
    )
    for run in (bf.plain, bf.quasi, bf.aiscv):
        calls.clear()
        e = run(on_device, budget=150_000, rng=3, batch=batch, device="cuda")
        alike(e, run(on_processor, budget=150_000, rng=3))
        assert max(shape[0] for _, shape in calls) <= batch
        assert all(where.__module__.split(".")[0] in (kind, "jaxlib") for where, _ in calls)
    alike(bf.plain(on_device, budget=3000, rng=3), bf.plain(on_processor, budget=3000, rng=3))


@needs_device
def test_what_models_of_arrays_must_not_give_is_said():
    torch = pytest.importorskip("torch")
    for wrong, error, words in (
        (lambda x: x[:, 0].cpu(), bf.ModelError, "must give a torch tensor on cuda:0, got torch.Tensor on cpu"),
        (lambda x: x[:-1, 0], bf.ModelError, "a row for each of"),
        (lambda x: 1.0, bf.ModelError, "must give a torch tensor on cuda:0, got builtins.float"),
        (lambda x: torch.log(x[:, 0] - 10), bf.ModelError, "the model gave nan"),
        (lambda x: {}[0], bf.ModelError, "KeyError"),
    ):
        with pytest.raises(error, match=words):
            bf.plain(bf.Problem(wrong, LAW, arrays="torch"), budget=1000, rng=1, device="cuda")


def test_arrays_are_of_a_known_library():
    with pytest.raises(ValueError, match="arrays must be one of 'torch', 'cupy', 'jax' or None, got 'numpy'"):
        bf.Problem(lambda x: x, LAW, arrays="numpy")
    with pytest.raises(ValueError, match="vectorized must be True"):
        bf.Problem(lambda x: x, LAW, arrays="torch", vectorized=False)


def test_a_model_of_torch_runs_on_the_processor_too():
    _, model = of_arrays("torch")
    alike(bf.plain(bf.Problem(model, LAW, arrays="torch"), budget=3000, rng=1),
          bf.plain(bf.Problem(lambda x: np.sin(x[:, 0]) + x[:, 1] * x[:, 2], LAW), budget=3000, rng=1))


FUNCTOR = """
#include <cmath>
#include <cstdio>
#include <buffon/device.cuh>
#include <buffon/device.hpp>
#include <buffon/plain.hpp>
#include <buffon/quasi.hpp>

struct Loads {   // two outputs, dependent inputs, one of each kind of law
    static constexpr int inputs = 8, outputs = 2;
    double factor;
    __host__ __device__ void operator()(const double* x, double* y) const {
        y[0] = factor * x[0] * x[1];
        for (int j = 2; j < 8; ++j) y[0] += x[j];
        y[1] = sqrt(fabs(x[2])) + x[3] * x[7];
    }
};

int main() {
    using namespace buffon;
    Matrix r(8, 8);
    for (int i = 0; i < 8; ++i) r(i, i) = 1;
    r(0, 1) = r(1, 0) = 0.6;
    const std::vector<Univariate> laws{LogNormal(0, 0.3), Normal(1, 2), Uniform(-1, 2), Exponential(2), Weibull(1.5, 2), Gumbel(1,
    0.5), Logistic(0, 1), Triangular(0, 1, 3)}; for (const Joint& law : {Joint(laws), Joint(laws, {}, GaussianCopula(r))}) {
        const Problem problem = device_problem(Loads{1.5}, law, {"a", "b"});
        for (const std::string& device : available_devices()) {
            for (const Estimate& e : {plain(problem, {.budget = 200'000, .rng = 1, .device = device}), quasi(problem, {.budget =
            200'000, .rng = 1, .device = device})})
                std::printf("%.15g %.15g %.15g\\n", e.value[0], e.value[1], e.covariance(0, 1));
        }
    }
}
"""


@pytest.mark.slow
def test_a_functor_of_a_user_becomes_a_problem_for_devices(library, tmp_path):
    nvcc = shutil.which("nvcc") or "/usr/local/cuda/bin/nvcc"
    (tmp_path / "loads.cu").write_text(FUNCTOR)
    command = [
        nvcc,
        "-std=c++20",
        "--expt-relaxed-constexpr",
        "-O2",
        "-arch=sm_90",
        f"-I{ROOT / 'lib'}",
        f"-I{ROOT / 'estimators'}",
        "loads.cu",
        "-o",
        "loads",
        f"-L{BUILD}",
        "-lbuffon",
        f"-Xlinker=-rpath={BUILD}",
    ]
    subprocess.run(command, cwd=tmp_path, check=True)
    lines = subprocess.check_output([tmp_path / "loads"], text=True).splitlines()
    numbers = np.array([[float(v) for v in line.split()] for line in lines])
    assert numbers.shape == (4 * (1 + bf.cuda_status().count("cuda:")), 3)
    for law in np.split(numbers, 2):
        for device in np.split(law, len(law) // 2):   # the processor first
            np.testing.assert_allclose(device, law[:2], rtol=1e-9)


def test_a_device_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="device 'cuda:9' is not there; CUDA: "):
        bd.sample(next(models()), bd.ddim(bd.VP(), steps=3), n=3, rng=0, device="cuda:9")


METRICS = {"energy": bd.energy, "kid": bd.kid, "mmd": lambda x, y, **k: bd.mmd(x, y, bandwidth=2.0, **k)}


def samples(n=700, m=400, d=5):
    rng = np.random.default_rng(5)
    return {"near": rng.normal(size=(n, d)), "far": rng.normal(0.3, 1.2, size=(n, d))}, rng.normal(size=(m, d))


@needs_device
@pytest.mark.parametrize("metric", METRICS)
def test_distances_on_a_device_are_those_of_the_processor(metric):
    x, y = samples()
    here, there = METRICS[metric](x, y), METRICS[metric](x, y, device="cuda")
    assert there.names == here.names and there.n == here.n
    for a, b in (
        (there.value, here.value),
        (there.covariance, here.covariance),
        (there.diagnostics["floor"], here.diagnostics["floor"]),
        (there.confidence_interval(), here.confidence_interval()),
    ):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-14)


@needs_device
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("library", ["torch", "cupy", "jax"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_distances_of_arrays_are_met_where_these_lie(metric, library, dtype):
    there, _ = of_arrays(library)
    put = {
        "torch": lambda a: there.tensor(a, device="cuda"),
        "cupy": lambda a: there.asarray(a),
        "jax": lambda a: there.numpy.asarray(a),
    }[library]
    x, y = samples()
    x, y = {name: a.astype(dtype) for name, a in x.items()}, y.astype(dtype)
    here = METRICS[metric](x, y)
    moved = {name: put(a) for name, a in x.items()}
    for answer in (METRICS[metric](moved, put(y)), METRICS[metric](moved, put(y), device="cuda")):
        assert answer.names == ["near", "far"]
        error = np.abs(answer.value - here.value) / here.std_error
        assert error.max() < (1e-3 if dtype == "float32" else 1e-9)
        np.testing.assert_allclose(answer.std_error, here.std_error, rtol=1e-3 if dtype == "float32" else 1e-9)
        ends = np.abs(np.subtract(answer.confidence_interval(), here.confidence_interval())) / here.std_error
        assert ends.max() < (5e-3 if dtype == "float32" else 1e-7)
    lone = METRICS[metric]([moved["near"]], put(y))
    assert abs(lone.value[0] - here.value[0]) < 1e-3 * here.std_error[0]


@needs_device
def test_distances_say_what_they_cannot_take():
    torch = pytest.importorskip("torch")
    x, y = (torch.zeros(10, 3, device="cuda") for _ in range(2))
    for wrong_x, wrong_y, error, words in (
        (x.cpu(), y, ValueError, "x and y must lie in one place"),
        (x, y.cpu().numpy(), ValueError, "x and y must lie in one place"),
        (
            [x, x.double()],
            y,
            ValueError,
            r"x\[1\] must lie on cuda:0 as float32 as y does, it lies on cuda:0 as float64",
        ),
        (x[:, :2].contiguous(), y, ValueError, "x must have the 3 columns of the reference, got 2"),
        (x[:3], y, ValueError, "at least 4 rows, got 3"),
        (x.half(), y, TypeError, "x must be float32 or float64 on a device"),
        (x[:, ::2], y, ValueError, "C-contiguous"),
        (x[0], y, ValueError, r"shape \(n, d\)"),
        (x, torch.full_like(y, float("nan")), ValueError, "y must be finite, row 0 is not"),
        (
            {"a": x, "b": torch.log(x[:, :1] - 1).expand(10, 3).contiguous()},
            y,
            ValueError,
            r"x\[b\] must be finite, row 0 is not",
        ),
    ):
        with pytest.raises(error, match=words):
            bd.energy(wrong_x, wrong_y)
    with pytest.raises(ValueError, match="more than half of the reference points coincide"):
        bd.mmd(x, y)


def test_distances_name_a_device_that_is_not_there():
    x, y = samples()
    for metric in METRICS.values():
        with pytest.raises(ValueError, match="device 'cuda:9' is not there; CUDA: "):
            metric(x, y, device="cuda:9")


@needs_device
def test_the_code_of_the_page_runs():
    pytest.importorskip("torch")
    page = (ROOT / "docs" / "gpu.md").read_text(encoding="utf-8")
    names = {}
    for block in page.split("```python\n")[1:]:
        exec(block.split("```")[0], names)
    assert names["e"].n == 2**24
    assert names["draws"].x.shape == (4096, 8) and names["answer"].is_cuda


def clustered():
    rng = np.random.default_rng(2)
    return 3 * rng.normal(size=(12, 2))[rng.integers(12, size=150)] + 0.1 * rng.normal(size=(150, 2))


@needs_device
@pytest.mark.parametrize(
    "points, source, masses",
    [
        (np.random.default_rng(0).normal(size=(700, 16)), None, None),
        (
            np.random.default_rng(1).normal(size=(600, 5)) * [1, 2, 3, 4, 5],
            bf.MultivariateNormal(np.ones(5), np.eye(5) + 0.3),
            np.arange(1.0, 601),
        ),
        (np.random.default_rng(3).random((530, 2)), bf.Joint([bf.Uniform(0, 1)] * 2), None),
        (clustered(), None, None),
        (np.random.default_rng(4).normal(size=(520, 3)), bf.Joint([bf.Gamma(2, 1)] * 3), None),
    ],
)
def test_a_transport_map_is_that_of_the_processor(points, source, masses):
    found = [
        bd.transport_map(points, source=source, masses=masses, budget=900_000, target_error=0.05, rng=5, device=device)
        for device in ("cpu", "cuda")
    ]
    here, there = found
    assert (there.n, there.steps, there.draws, there.empty, there.converged) == (
        here.n,
        here.steps,
        here.draws,
        here.empty,
        here.converged,
    )
    np.testing.assert_array_equal(there.heights, here.heights)
    np.testing.assert_array_equal(there.masses, here.masses)
    assert there.w2_squared.value[0] == here.w2_squared.value[0]
    np.testing.assert_array_equal(there.check(50_000, rng=6, device="cuda").masses, here.check(50_000, rng=6).masses)


@needs_device
@pytest.mark.parametrize("n, d, epsilon", [(40, 2, 0.3), (600, 5, 1.0)])   # second derivatives whole, and their diagonal
def test_an_entropic_map_is_that_of_the_processor(n, d, epsilon):
    points = np.random.default_rng(n).normal(size=(n, d))
    here, there = (
        bd.transport_map(points, method="entropic", epsilon=epsilon, budget=700_000, target_error=0.02, rng=5, device=device)
        for device in ("cpu", "cuda")
    )
    assert (there.n, there.steps, there.draws, there.converged) == (here.n, here.steps, here.draws, here.converged)
    for name in ("heights", "masses", "mass_std_error"):
        np.testing.assert_array_equal(getattr(there, name), getattr(here, name))
    assert there.entropic_value.value == here.entropic_value.value
    np.testing.assert_array_equal(there.check(50_000, rng=6, device="cuda").masses, here.check(50_000, rng=6).masses)
    with pytest.raises(ValueError, match="method 'newton' runs on the processor only, got device 'cuda'"):
        bd.transport_map(points, method="newton", device="cuda")


def test_what_transport_cannot_do_on_a_device_is_said():
    with pytest.raises(ValueError, match="device 'gpu' is not there; CUDA: "):
        bd.transport_map([[0.0], [1.0]], device="gpu", rng=1)
    with pytest.raises(ValueError, match="device 'gpu' is not there; CUDA: "):
        bf.assign([[1.0, 2.0]], device="gpu")


@needs_device
@pytest.mark.parametrize("library", ["torch", "cupy"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_assignments_on_a_device_are_those_of_the_processor(library, dtype):
    module = pytest.importorskip(library)
    costs = np.random.default_rng(0).normal(size=(2, 7, 40, 90)).astype(dtype)
    there = module.tensor(costs, device="cuda") if library == "torch" else module.asarray(costs)
    for groups in (None, 4):
        here = bf.assign(costs, groups=groups)
        for other in (bf.assign(there, groups=groups), bf.assign(costs, groups=groups, device="cuda")):
            for name in ("columns", "rows", "cost", "u", "v"):
                np.testing.assert_array_equal(getattr(other, name), getattr(here, name))
    read = bf.assign(there)
    read.columns[:] = 5   # what is made when it is read does not come from this
    np.testing.assert_array_equal(read.rows, bf.assign(costs).rows)
    swapped = module.asarray(costs.swapaxes(2, 3).copy(), **({"device": "cuda"} if library == "torch" else {}))
    gains, tall = bf.assign(-there, maximize=True), bf.assign(swapped)
    for name in ("columns", "rows", "cost", "u", "v"):
        np.testing.assert_array_equal(getattr(gains, name), getattr(bf.assign(-costs, maximize=True), name))
        np.testing.assert_array_equal(getattr(tall, name), getattr(bf.assign(costs.swapaxes(2, 3)), name))
    large = np.random.default_rng(1).normal(size=(3, 600, 600)).astype(dtype)  # for the processor
    np.testing.assert_array_equal(
        bf.assign(module.tensor(large, device="cuda") if library == "torch" else module.asarray(large)).cost,
        bf.assign(large).cost,
    )
    with pytest.raises(ValueError, match="C-contiguous"):
        bf.assign(there[..., ::2])
    with pytest.raises(ValueError, match="on the processor only"):
        bf.assign(there, gap=True)
