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


# Functions of a kept sample spend nothing and draw nothing: they have tests of their own.
WORDS = sorted(word for word, (positional, _) in _buffon.registry.items() if positional == ["problem"])


@pytest.fixture(params=WORDS)
def word(request):
    return request.param


@pytest.fixture
def arguments(word):
    return ARGUMENTS.get(word, {})


@pytest.fixture
def estimate(word):
    """estimate(budget, model=..., **run) by the word at hand."""
    function = getattr(_buffon, word)

    def call(budget, model=row_wise, rng=1, outputs=("y", "yb", "P"), **run):
        problem = bf.Problem(model, INPUTS, outputs=list(outputs))
        return function(problem, budget=budget, rng=rng, **ARGUMENTS.get(word, {}), **run)
    return call
