"""Promise 1: same key, same bits, on any number of threads and in batches of any size."""
import numpy as np
import pytest

import buffon as bf

BUDGET = 20_000


def same(a, b):
    for key, value in a._state().items():
        assert repr(b._state()[key]) == repr(value), key
    assert (a.sample is None) == (b.sample is None)
    if a.sample is not None:
        for key in ("x", "y", "log_density"):
            np.testing.assert_array_equal(getattr(a.sample, key), getattr(b.sample, key))


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("batch", [1_000, 7_777])
def test_threads_and_batches_change_no_bit(estimate, threads, batch):
    same(estimate(BUDGET, threads=threads, batch=batch, keep="sample"), estimate(BUDGET, keep="sample"))


def test_what_is_kept_changes_no_bit(estimate):
    kept, plain = estimate(BUDGET, keep="sample"), estimate(BUDGET)
    assert repr(kept._state()) == repr(plain._state()) and len(kept.sample) == kept.n


def test_another_key_gives_other_numbers(estimate):
    assert np.all(estimate(BUDGET, rng=1).value != estimate(BUDGET, rng=2).value)


def test_the_kept_key_replays_the_run(estimate):
    first = estimate(BUDGET, rng=None)
    same(estimate(BUDGET, rng=first.rng_key), first)


def test_discarding_is_reproducible_too(estimate):
    def failing(x):
        y = x[:, [0, 1, 0]].copy()
        y[x[:, 1] > 1] = np.nan
        return y
    run = {"model": failing, "on_error": "discard"}
    first = estimate(BUDGET, **run)
    assert first.n_failed > 0
    same(estimate(BUDGET, threads=1, batch=999, **run), first)


@pytest.mark.parametrize("law", [
    bf.Normal(), bf.Joint({"a": bf.LogNormal(), "b": bf.Uniform()}, copula=bf.GaussianCopula([[1, 0.5], [0.5, 1]])),
    bf.MultivariateNormal([0, 1], [[1, 0.2], [0.2, 1]]), bf.Mixture([0.3, 0.7], [bf.Normal(), bf.Normal(5, 1)]),
], ids=lambda law: type(law).__name__)
def test_samples_are_prefixes_of_each_other(law):
    np.testing.assert_array_equal(law.sample(10_000, rng=3)[:777], law.sample(777, rng=3))
