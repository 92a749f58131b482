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
    with torch.cuda.stream(stream):
        torch.cuda._sleep(50_000_000)
        x.mul_(2)   # must come first
        answer = model.denoise(x, 1.0)
    stream.synchronize()
    np.testing.assert_allclose(answer.cpu().numpy(), model.denoise(np.full((100, 5), 2.0), 1.0), rtol=1e-11)


@needs_device
def test_what_a_device_cannot_take_is_said():
    torch = pytest.importorskip("torch")
    model = next(models())
    x = torch.zeros(10, 5, device="cuda")
    for wrong, error, words in ((x.half(), TypeError, "must be float32 or float64"), (x.int(), TypeError, "must be float32 or float64"),
                                (torch.zeros(5, 10, device="cuda").T, ValueError, "C-contiguous"), (x[:, :4].contiguous(), ValueError, r"shape \(n, 5\)"),
                                (x[0], ValueError, r"shape \(n, 5\)")):
        with pytest.raises(error, match=words):
            model.denoise(wrong, 1.0)
    for sigma, condition, words in ((-1.0, None, "sigma"), (1.0, 7, "condition"), (np.ones(3), None, "sigma")):
        with pytest.raises(ValueError, match=words):
            model.denoise(x, sigma, condition)
    with pytest.raises(ValueError, match="computes on the CPU only"):
        bd.noise_scaled(model, 1.1).denoise(x, 1.0)


@needs_device
@pytest.mark.parametrize("solver", [bd.ddim, bd.dpmpp, bd.unipc, bd.heun, bd.euler_maruyama])
def test_samples_are_those_of_the_processor(solver):
    for model in models():
        single = getattr(model, "dtype", "float64") == "float32"
        table = solver(bd.VP(), steps=6)
        here, there = (bd.sample(model, table, n=500, rng=3, condition=1, device=device) for device in ("cpu", "cuda"))
        assert here.parts == there.parts
        np.testing.assert_allclose(there.x, here.x, rtol=0, atol=1e-3 if single else 1e-10)


def test_a_device_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="device 'cuda:9' is not there; CUDA: "):
        bd.sample(next(models()), bd.ddim(bd.VP(), steps=3), n=3, rng=0, device="cuda:9")


@needs_device
def test_the_code_of_the_page_runs():
    pytest.importorskip("torch")
    page = (ROOT / "docs" / "gpu.md").read_text(encoding="utf-8")
    names = {}
    exec(page.split("```python\n")[1].split("```")[0], names)
    assert names["draws"].x.shape == (4096, 8) and names["answer"].is_cuda
