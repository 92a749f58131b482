"""The CUDA library: built where nvcc is, opened at run time, one name to be seen from outside."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import buffon as bf

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
