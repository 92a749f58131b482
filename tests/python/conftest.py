"""Problems and small tools that the tests of Python's surface share."""
import os

os.environ.setdefault("MPLBACKEND", "Agg")

import numpy as np
import pytest

import buffon as bf


@pytest.fixture
def refused():
    """refused(kind, message, function): the call must raise exactly this kind with exactly this first line."""
    def check(kind, message, function):
        with pytest.raises(kind) as caught:
            function()
        assert type(caught.value) is kind
        assert str(caught.value).splitlines()[0] == message
        return caught.value
    return check


@pytest.fixture
def normal():
    """E x^2 = 1, E x = 0 for x standard normal."""
    return bf.Problem(lambda x: np.column_stack([x[:, 0] ** 2, x[:, 0]]), bf.Normal(), outputs=["square", "x"])


@pytest.fixture
def estimate(normal):
    return bf.plain(normal, budget=5_000, rng=11)
