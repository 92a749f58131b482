"""Problems with known answers as Python sees them; the answers themselves are checked in C++."""
from pathlib import Path

import numpy as np
import pytest

import buffon as bf

DATA = Path(__file__).resolve().parents[1] / "data"


@pytest.mark.parametrize("known", bf.testing.all_problems(), ids=lambda known: known.name)
def test_shapes_and_words(known):
    count = known.n_outputs * max(len(known.laws), 1)
    assert known.exact.shape == known.exact_error.shape == (count,)
    assert known.n_outputs == len(known.problem.outputs)
    assert known.problem(np.full((2, known.problem.dim), 0.5)).shape == (2, known.n_outputs)
    assert known.name in repr(known) and known.source
    assert known.first_order.shape == known.total_order.shape


def test_plain_finds_the_mean_of_ishigami():
    known = bf.testing.ishigami(a=6.0)
    estimate = bf.plain(known.problem, budget=20_000, rng=3)
    assert abs(estimate.value[0] - 3.0) < 5 * estimate.std_error[0]


def test_laws_come_from_a_key_or_from_rows():
    table = np.loadtxt(DATA / "cantilever_laws.txt")
    drawn = bf.testing.cantilever_laws(100, rng=1)
    np.testing.assert_allclose([law.mean for law in drawn.laws], table[:, :6], rtol=1e-12)
    np.testing.assert_allclose(bf.testing.cantilever_laws_at(table[:, :9]).exact, drawn.exact, rtol=1e-12)
    np.testing.assert_array_equal(bf.testing.cantilever_laws().exact, drawn.exact)
    assert not np.array_equal(bf.testing.cantilever_laws(100, rng=2).exact, drawn.exact)


def test_every_function_is_documented():
    for name in bf.testing.__all__:
        assert getattr(bf.testing, name).__doc__


def test_refusals_name_the_function():
    with pytest.raises(ValueError, match=r"^cantilever_laws: count must be in 1"):
        bf.testing.cantilever_laws(0)
    with pytest.raises(ValueError, match=r"^cantilever_laws_at: rows must have shape \(J, 9\)"):
        bf.testing.cantilever_laws_at([[1.0, 2.0]])
    with pytest.raises(ValueError, match=r"^g_function: entries of a"):
        bf.testing.g_function([-1.0])
    with pytest.raises(ValueError, match=r"^four_branch: thresholds must be below 3"):
        bf.testing.four_branch([4.0])
