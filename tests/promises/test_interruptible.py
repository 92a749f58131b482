"""Promise 6: what stops a run finds the partial estimate in the exception."""
import numpy as np
import pytest

import buffon as bf


def stopping(outputs, after, error):
    def model(x):
        if model.rows >= after:
            raise error
        model.rows += len(x)
        return outputs(x)
    model.rows = 0
    return model


@pytest.mark.means
@pytest.mark.parametrize("stop, raised", [
    (KeyboardInterrupt("key"), KeyboardInterrupt), (ValueError("bad"), bf.ModelError),
], ids=["ctrl-c", "error"])
def test_a_stopped_run_leaves_what_it_had(estimate, outputs, stop, raised):
    model = stopping(outputs, 300_000, stop)
    with pytest.raises(raised) as caught:
        estimate(600_000, model=model, batch=5_000)
    error = caught.value
    assert 0 < len(error.sample) <= model.rows
    np.testing.assert_array_equal(outputs(error.sample.x), error.sample.y)
    if error.partial is not None:   # an adaptive estimator may have nothing to say yet
        assert error.partial.n <= model.rows and error.partial.rng_key == 1
        truth = np.array([5.0, 2.0])   # E a^2 = 1 + 4; E (a^2 + 2 b) b = 2
        assert np.all(np.abs(error.partial.value[:2] - truth) < 5 * error.partial.std_error[:2])


@pytest.mark.means
def test_a_run_that_is_stopped_late_always_has_a_partial_estimate(estimate, outputs):
    """Adaptation takes half of the budget at most: what comes later is an estimate, honest about its smaller sample."""
    model = stopping(outputs, 550_000, KeyboardInterrupt("key"))
    with pytest.raises(KeyboardInterrupt) as caught:
        estimate(600_000, model=model, batch=5_000)
    partial, whole = caught.value.partial, estimate(600_000, batch=5_000)
    assert partial.n <= model.rows and len(partial) == 3
    assert np.all(np.abs(partial.value[:2] - [5, 2]) < 5 * partial.std_error[:2])
    assert np.all(partial.std_error > 0.5 * whole.std_error)


def test_progress_may_stop_a_run(estimate):
    seen = []

    def progress(n, budget):
        seen.append(n)
        if n > 100_000:
            raise StopIteration("enough")
    with pytest.raises(StopIteration):
        estimate(600_000, batch=5_000, progress=progress)
    assert seen == sorted(seen) and seen[-1] < 300_000
    assert len(seen) == len(set(seen))


@pytest.mark.means
def test_what_progress_stops_is_estimated_from_all_that_counts(estimate):
    def progress(n, budget):
        if n > 300_000:
            raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt) as caught:
        estimate(600_000, progress=progress)
    partial = caught.value.partial
    if partial is not None:
        assert np.all(np.abs(partial.value[:2] - [5, 2]) < 5 * partial.std_error[:2])


def test_progress_ends_at_n(estimate):
    seen = []
    e = estimate(200_000, batch=3_000, progress=lambda n, budget: seen.append((n, budget)))
    assert seen[-1] == (e.n, 200_000) and len(seen) > 1
