"""The same promises where a problem has a score: estimators of rare events then search, climb and follow lines."""
import numpy as np
import pytest

import buffon as bf
from buffon import _buffon

INPUTS = bf.MultivariateNormal([1, 0], [[4, 0], [0, 1]])
TRUTH = 2.866515719e-07   # P(N(0, 1) > 5)
FOLLOWS_SCORES = {"aiscv", "amis", "cross_entropy", "form", "line_sampling", "subset"}


def rows(x):
    """Two levels of one function, 2 (standard deviations 1 and 5), and of its negative 3: row-wise to the last bit."""
    return ((x[:, 0] - 1) / 2 + x[:, 1]) / 2**0.5


def counting(x):
    counting.rows += len(x)
    return rows(x)


def scored(model=rows):
    def outputs(y):
        return np.stack([y > 1, y > 5, -y > 3], axis=1) * 1.0

    def score(y):
        return np.stack([y - 1, y - 5, -y - 3], axis=1)

    return bf.Problem(
        model,
        INPUTS,
        outputs={k: (lambda y, j=j: outputs(y)[:, j]) for j, k in enumerate(["one", "five", "minus"])},
        score=score,
    )


pytestmark = pytest.mark.means


@pytest.fixture
def run(word, arguments):
    """run(budget, model=..., **run) by the word at hand."""
    def call(budget, model=rows, **options):
        return getattr(_buffon, word)(scored(model), budget=budget, rng=1, **arguments, **options)
    return call


def test_threads_and_batches_change_no_bit(run):
    whole = run(20_000, keep="sample")
    for threads, batch in [(1, 1_000), (4, 777)]:
        other = run(20_000, threads=threads, batch=batch, keep="sample")
        assert repr(other._state()) == repr(whole._state())
        for key in ("x", "y", "log_density"):
            np.testing.assert_array_equal(getattr(other.sample, key), getattr(whole.sample, key))
    assert len(whole.sample) == whole.n and np.all(np.isfinite(whole.sample.log_density))


@pytest.mark.parametrize("budget", [32, 100, 1_000, 20_000])
def test_n_is_what_the_model_saw_and_within_the_budget(run, budget):
    counting.rows = 0
    e = run(budget, counting)
    assert e.n == counting.rows <= budget


def test_an_event_of_three_in_ten_million_is_known_where_scores_are_followed(run, word):
    e = run(20_000)
    if word in FOLLOWS_SCORES:
        assert abs(e["five"] / TRUTH - 1) < 0.5 and abs(e["five"] - TRUTH) < 5 * e.std_error[1] + 1e-8 * TRUTH
    elif e["five"] == 0:
        assert any("'five'" in text for text in e.warnings)
