"""First-order indices from tables, as Python sees them; the mathematics is in tests/estimators/test_sobol_given_data.cpp."""

import os
import subprocess
import sys
import warnings

import numpy as np
import pytest

import buffon as bf

PROGRAM = """
import numpy as np, buffon as bf
x = np.random.default_rng(1).random((9_000, 3))
x[:, 2] = np.round(4 * x[:, 2])
print(repr(bf.sobol_given_data(bf.Sample(x, np.column_stack([x @ [1, 2, 0.5], np.exp(x[:, 0])])))._state()))
"""


def test_indices_are_named_by_input_and_output():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((4_000, 2))
    s = bf.sobol_given_data(bf.Sample({"a": x[:, 0], "b": x[:, 1]}, {"y": x[:, 0] + 2 * x[:, 1], "z": x[:, 0]}))
    assert s.names == ["a: y", "a: z", "b: y", "b: z"] and s.n == 4_000 and s.n_failed == 0
    for name, share in (("a: y", 0.2), ("a: z", 1.0), ("b: y", 0.8), ("b: z", 0.0)):
        assert abs(s[name] - share) < 4 * s.std_error[s.names.index(name)] + 1e-3


def test_instruction_sets_change_no_bit():
    said = set()
    for level in ("v2", "v3", "v4"):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=os.environ | {"BUFFON_ISA": level}, capture_output=True, text=True
        )
        said |= {done.stdout} - {""}
        assert done.returncode == 0 or "BUFFON_ISA" in done.stderr, done.stderr
    assert len(said) == 1


def test_holes_of_the_table_are_told_by_the_indices_once():
    rng = np.random.default_rng(1)
    x = rng.random((500, 2))
    y = x.sum(axis=1)
    x[3, 0], y[[5, 6]] = np.nan, np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        s = bf.sobol_given_data(bf.Sample(x, y))
    assert s.n == 499 and s.n_failed == 2 and len(s.warnings) == 2
    with pytest.warns(RuntimeWarning, match="2 of 499 runs failed"), pytest.warns(RuntimeWarning, match="1 of 500 rows"):
        s.confidence_interval()


def test_a_weighted_sample_is_refused_even_from_a_file(tmp_path):
    problem = bf.Problem(lambda x: x[:, 0], bf.Normal())
    sample = bf.importance(problem, proposal=bf.Normal(1, 1), budget=200, rng=1, keep="sample").sample
    sample.save(tmp_path / "s.npz")
    for s in (sample, bf.Sample.load(tmp_path / "s.npz")):
        with pytest.raises(ValueError, match="must have equal weights"):
            bf.sobol_given_data(s)
    plain = bf.plain(problem, budget=200, rng=1, keep="sample").sample
    assert bf.sobol_given_data(plain)["x1"] == pytest.approx(1, abs=0.03)   # gaps in the tails


def test_wrong_arguments_are_named():
    sample = bf.Sample(np.random.default_rng(1).random((50, 1)), np.arange(50.0))
    with pytest.raises(ValueError, match=r"^sobol_given_data: method must be one of 'ranks', 'polynomial_chaos', got 'chaos'"):
        bf.sobol_given_data(sample, method="chaos")
    with pytest.raises(TypeError, match=r"^sobol_given_data: sample must be a Sample"):
        bf.sobol_given_data(np.zeros(3))
