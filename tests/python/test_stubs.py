"""The type stubs are those of the built package, and a typed program passes mypy with them."""
import ast
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import buffon

ROOT = Path(__file__).resolve().parents[2]
INSTALLED = Path(buffon.__file__).parent

RIGHT = """
import numpy as np
import buffon as bf
from buffon import diffusion as bd

inputs = bf.Joint({"F": bf.LogNormal.from_moments(mean=556.8, cv=0.08), "w": bf.Normal(0.062, 0.0062)},
                  copula=bf.GaussianCopula({("F", "w"): -0.3}))
problem = bf.Problem(lambda x: x[:, 0], inputs, outputs={"mean": lambda y: y, "P": lambda y: y > 0.06})
e: bf.Estimate = bf.plain(problem, budget=20_000, rng=np.random.default_rng(1), on_error="discard", progress=True)
low, high = e.confidence_interval(0.95)
p: float = e["P"] + e[0] + float(low[0])
ratio: bf.Estimate = e.transform(lambda v: v[0] / v[1], names=["ratio"]).contrast("a", 1)
e.save("e.json")
n: int = bf.Estimate.load("e.json").n
if e.sample is not None:
    e.sample.save("s.npz")
bf.exceedance(np.sum, bf.Normal(), thresholds=np.linspace(0, 1, 3), below=True)
bf.Mixture(np.ones(2), [bf.Normal(), bf.Normal(2, 1)]).sample(3, rng=None).mean()
try:
    bf.plain(problem, progress=lambda n, budget: print(n / budget))
except bf.ModelError as error:
    print(error.index + 1, error.point.sum(), error.partial)
t: float = bd.VP(b1=10).t_end
known: bf.Problem = bf.testing.ishigami().problem
"""
WRONG = {
    "bf.plain(problem, budgt=1)": 'Unexpected keyword argument "budgt" for "plain"',
    "bf.plain(problem, on_error='ignore')": 'Argument "on_error" to "plain" has incompatible type',
    "bf.plain(problem, 100)": "Too many positional arguments",
    "bf.Problem(3, bf.Normal())": 'Argument 1 to "Problem" has incompatible type "int"',
    "bf.Problem(len, 3)": 'Argument 2 to "Problem" has incompatible type "int"',
    "bf.Normal(sigma=1)": 'Unexpected keyword argument "sigma" for "Normal"',
    "bf.plain(problem).valu": '"Estimate" has no attribute "valu"',
    "bf.plan": 'Module has no attribute "plan"',
}


def make_stubs():
    spec = importlib.util.spec_from_file_location("make_stubs", ROOT / "bindings" / "make_stubs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_stubs_are_those_of_the_built_package():
    wanted = make_stubs().stubs()
    folder = ROOT / "bindings" / "buffon"
    assert sorted(wanted) == sorted(path.name for path in folder.glob("*.pyi"))
    for name, text in wanted.items():
        assert (folder / name).read_text(encoding="utf-8") == text, f"{name} is old: run  python bindings/make_stubs.py"


def test_words_of_options_are_literals():
    for path in (ROOT / "bindings" / "buffon").glob("*.pyi"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Subscript) and getattr(node.value, "id", "") == "Literal":
                words = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
                assert all(isinstance(word, ast.Constant) for word in words), ast.unparse(node)


def test_the_package_says_that_it_is_typed():
    assert (INSTALLED / "py.typed").exists() and (INSTALLED / "__init__.pyi").exists()


@pytest.fixture(scope="module")
def mypy(tmp_path_factory):
    """mypy's complaints, line -> text, about a program of good lines followed by wrong ones."""
    pytest.importorskip("mypy")
    folder = tmp_path_factory.mktemp("typed")
    program = folder / "program.py"
    program.write_text(RIGHT + "\n".join(WRONG) + "\n")
    (folder / "mypy.ini").write_text("[mypy]\nstrict = true\nfollow_imports = silent\n")
    path = INSTALLED.parent.resolve()
    environment = {**os.environ, "MYPYPATH": "" if path.name in ("site-packages", "dist-packages") else str(path)}
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--hide-error-context", "--cache-dir", "cache", program.name]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.stderr == ""
    out = {}
    for line in done.stdout.splitlines():
        place, _, text = line.partition(": error: ")
        if text and place.startswith(program.name):   # not what mypy says of the stubs: they need pandas' own, say
            out.setdefault(int(place.rpartition(":")[2]), text)
    return out


def test_a_typed_program_passes(mypy):
    good = RIGHT.count("\n")
    assert {line: text for line, text in mypy.items() if line <= good} == {}


@pytest.mark.parametrize("line", range(len(WRONG)), ids=WRONG)
def test_a_wrong_line_is_found(mypy, line):
    assert list(WRONG.values())[line] in mypy.get(RIGHT.count("\n") + 1 + line, "nothing")
