"""The hot loops at their instruction sets: nothing that the linker could merge, and the same bits from Python."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILD = Path(os.environ.get("BUFFON_BUILD", ROOT / "build"))
LEVELS = ["v2", "v3", "v4"]

RUN = """
import buffon as bf
from buffon._buffon import aiscv
inputs = bf.Joint({"a": bf.Normal(3, 1), "b": bf.LogNormal(0, 0.5)})
e = aiscv(bf.Problem(lambda x: x[:, 0] * abs(x[:, 1]), inputs), budget=4000, rng=1)
print(e.value.tobytes().hex(), e.covariance.tobytes().hex())
"""


def objects(level):
    return list((BUILD / "lib" / f"libbuffon_{level}.a.p").glob("*.o"))


def defined(level):
    """(kind, name) of the symbols that the objects of a level define."""
    lines = subprocess.check_output(["nm", "--defined-only", *objects(level)], text=True).splitlines()
    words = [line.split() for line in lines]
    return [(w[1], w[2]) for w in words if len(w) == 3]


def run(level):
    return subprocess.run([sys.executable, "-c", RUN], env=os.environ | {"BUFFON_ISA": level}, capture_output=True, text=True)


@pytest.mark.parametrize("level", LEVELS)
def test_kernels_define_no_symbol_outside_the_namespace_of_their_level(level):
    if not shutil.which("nm") or not objects(level):
        pytest.skip("no nm, or not an x86-64 build")
    symbols = defined(level)
    assert any(f"2{level}6kernel12simplex_pass" in name for _, name in symbols)
    outside = [name for kind, name in symbols if kind in "TDBRWVu" and f"N6buffon2{level}" not in name]
    assert outside == []
    # shared by two objects of one level: harmless, but a sign of a template that should not be here
    assert [name for kind, name in symbols if kind in "Vu"] == []


def test_every_instruction_set_gives_the_same_estimate():
    results = {level: run(level) for level in LEVELS}
    assert all(r.returncode == 0 for r in results.values()), results
    assert len({r.stdout for r in results.values()}) == 1


def test_an_instruction_set_that_does_not_exist_is_refused():
    failed = run("v9")
    assert "ValueError: BUFFON_ISA must be v2, v3 or v4, got v9" in failed.stderr
