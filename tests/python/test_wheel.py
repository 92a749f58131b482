"""The wheel, as a stranger uses it: installed into a fresh environment, imported, asked by pkg-config for a C++ program."""
import math
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from contextlib import contextmanager
from pathlib import Path

import numpy
import pytest

pytestmark = pytest.mark.wheel

ROOT = Path(__file__).parents[2]
BUILD = Path(os.environ.get("BUFFON_BUILD", ROOT / "build"))
JOBS = os.environ.get("BUFFON_JOBS")


def run(*command, cwd=None, env=None):
    """Standard output of a command that sees neither the tree nor this environment's package."""
    hidden = {"PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH"}
    clean = {k: v for k, v in os.environ.items() if k not in hidden} | (env or {})
    words = [str(c) for c in command]
    result = subprocess.run(words, cwd=cwd, env=clean, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert result.returncode == 0, f"{command}:\n{result.stdout}\n{result.stderr}"
    return result.stdout


@contextmanager
def extension_kept():
    """meson-python writes the wheel's run path into the extension of the build folder, which this process has open."""
    (extension,) = (BUILD / "bindings").glob("_buffon.*.so")
    kept = extension.with_suffix(".kept")
    extension.rename(kept)
    shutil.copy2(kept, extension)
    try:
        yield
    finally:
        kept.replace(extension)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Made of what tests/run has compiled, by the options of pyproject.toml but for the tests, with the requirements here."""
    folder = tmp_path_factory.mktemp("wheel")
    settings = ["-C", f"build-dir={BUILD}", "-C", "setup-args=-Dtests=true"] + (["-C", f"compile-args=-j{JOBS}"] if JOBS else [])
    with extension_kept():
        offline = ["--no-build-isolation", "--no-deps", "--no-index"]
        run(sys.executable, "-m", "pip", "wheel", *offline, *settings, "-w", folder, ROOT)
    (file,) = folder.glob("buffon-*.whl")
    return file


@pytest.fixture(scope="module")
def outside(wheel, tmp_path_factory):
    """A fresh environment with the wheel and this environment's NumPy, and nothing from the network."""
    folder = tmp_path_factory.mktemp("outside")
    venv.create(folder / "venv", symlinks=True)
    python = folder / "venv" / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel)
    packages = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    for source in Path(numpy.__file__).parents[1].glob("numpy*"):
        (packages / source.name).symlink_to(source)
    return folder


def test_the_wheel_imports_and_estimates(wheel, outside):
    code = """
import buffon as bf
problem = bf.Problem(lambda x: x[:, 0] ** 2, bf.Normal())
e = bf.plain(problem, budget=100_000, rng=1)
print(bf.__file__, bf.__version__, e.value[0], e.std_error[0])
"""
    file, version, value, error = run(outside / "venv/bin/python", "-c", code, cwd=outside).split()
    assert Path(file).is_relative_to(outside)
    assert wheel.name.startswith(f"buffon-{version}-")
    assert abs(float(value) - 1.0) < 5 * float(error) < 0.05


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for name in ["buffon/__init__.py", "buffon/py.typed", "buffon/lib/libbuffon.so", "buffon/lib/pkgconfig/buffon.pc",
                 "buffon/include/buffon/estimate.hpp", "buffon/experiments/__init__.py"]:
        assert name in names
    assert [n for n in names if not n.startswith(("buffon/", "buffon-"))] == []
    assert [n for n in names if n.endswith((".a", ".cpp", ".pyc", "meson.build"))] == []


def test_the_wheel_holds_the_cuda_library_where_it_was_built_and_opens_it(wheel, outside):
    built = (BUILD / "libbuffon_cuda.so").is_file()
    assert ("buffon/lib/libbuffon_cuda.so" in zipfile.ZipFile(wheel).namelist()) == built
    status = run(outside / "venv/bin/python", "-c", "import buffon as bf; print(bf.cuda_status())", cwd=outside)
    assert status.strip() and status.startswith("no CUDA library") != built


def test_the_command_is_installed(outside):
    assert "run" in run(outside / "venv/bin/buffon", "--help", cwd=outside)
    assert "run" in run(outside / "venv/bin/python", "-m", "buffon", "--help", cwd=outside)


def test_a_foreign_program_compiles_by_pkg_config(outside):
    folder = run(outside / "venv/bin/python", "-m", "buffon", "--pkgconfigdir", cwd=outside).strip()
    flags = run("pkg-config", "--cflags", "--libs", "buffon", env={"PKG_CONFIG_PATH": folder}).split()
    program = outside / "needle"
    compiler = os.environ.get("CXX", "c++")
    run(compiler, "-std=c++20", "-Wall", "-Wextra", "-Werror", ROOT / "tests/foreign/main.cpp", "-o", program, *flags)
    text, interval = run(program, cwd=outside).splitlines()
    low, high = map(float, interval.split())
    assert "1,000,000 evaluations" in text
    assert low < 2 / math.pi < high and high - low < 0.01


def test_the_include_folder_is_the_one_pkg_config_names(outside):
    folder = Path(run(outside / "venv/bin/python", "-m", "buffon", "--includedir", cwd=outside).strip())
    assert (folder / "buffon" / "estimate.hpp").is_file()
