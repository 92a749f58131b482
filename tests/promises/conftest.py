"""Promises are kept by every registered word: `estimate` calls one of them, with what it needs beside a problem and a run."""
import numpy as np
import pytest

import buffon as bf
from buffon import _buffon

INPUTS = bf.MultivariateNormal([1, 0], [[4, 0], [0, 1]])
SHIFTED = bf.MultivariateNormal([1.5, 0.2], [[5, 0.3], [0.3, 1.2]])

# Arguments that a word needs; a word that needs none is not named here.
ARGUMENTS = {
    "importance": {"proposal": SHIFTED},
    "control": {"controls": {"a": (lambda x: x[:, 0], 1.0), "b": (lambda x: x[:, 1], 0.0)}},
}


def row_wise(x):
    """Row-wise to the last bit: sums and products only. Means 5, 2 and P(a^2 + 2 b > 4)."""
    y = x[:, 0] * x[:, 0] + 2 * x[:, 1]
    return np.stack([y, y * x[:, 1], (y > 4) * 1.0], axis=1)


@pytest.fixture(scope="session")
def outputs():
    return row_wise


# What words estimate that do not estimate the means of the outputs: of `row_wise`, all values in their order.
# Of a^2 + 2 b: variances 48 + 4. Of (a^2 + 2 b) b: 33 of b alone, 48 of both together. Of the event by quadrature.
# Of all outputs together: shares of the sum of their variances.
SHARES = np.array(
    [
        [48 / 52, 0, 0.6669196029],
        [4 / 52, 33 / 81, 0.1012787975],
        [48 / 52, 48 / 81, 0.8987212028],
        [4 / 52, 1, 0.3330803971],
    ]
)
VARIANCES = np.array([52, 81, 0.40928416131402 * (1 - 0.40928416131402)])
OTHERS = {
    "sobol": [*SHARES.ravel(), *(SHARES @ VARIANCES / VARIANCES.sum())],
    "shapley": [48 / 52, 24 / 81, (0.6669196029 + 0.8987212028) / 2, 4 / 52, 57 / 81, (0.1012787975 + 0.3330803971) / 2],
}

# Functions of a kept sample spend nothing and draw nothing: they have tests of their own.
WORDS = sorted(word for word, (positional, _) in _buffon.registry.items() if positional == ["problem"])
MEANS = [word for word in WORDS if word not in OTHERS]


def whole(result):
    """The one Estimate of all that a word found."""
    return getattr(result, "joint", result)


@pytest.fixture(scope="session")
def other_truths():
    return OTHERS


def pytest_generate_tests(metafunc):
    """`word`: every one, or with the mark `means` those that estimate the means of the outputs."""
    if "word" in metafunc.fixturenames:
        metafunc.parametrize("word", MEANS if metafunc.definition.get_closest_marker("means") else WORDS, scope="module")


@pytest.fixture
def arguments(word):
    return ARGUMENTS.get(word, {})


@pytest.fixture
def estimate(word):
    """estimate(budget, model=..., **run) by the word at hand: an Estimate."""
    function = getattr(_buffon, word)

    def call(budget, model=row_wise, rng=1, outputs=("y", "yb", "P"), **run):
        problem = bf.Problem(model, INPUTS, outputs=list(outputs))
        return whole(function(problem, budget=budget, rng=rng, **ARGUMENTS.get(word, {}), **run))
    return call
