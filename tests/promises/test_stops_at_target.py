"""A target error is reached, or it is said that it was not; the budget is the ceiling, and nothing else changes by it."""
import numpy as np
import pytest

TARGET = {"absolute": 0.03, "relative": 0.15}


def counting(model):
    def count(x):
        count.rows += len(x)
        return model(x)
    count.rows = 0
    return count


def half_widths(e):
    low, high = e._interval()
    return (high - low) / 2


@pytest.fixture
def aimed(estimate):
    """estimate(budget, ...) with a target that all words can reach."""
    return lambda budget=400_000, **run: estimate(budget, target_error=TARGET, **run)


def test_the_target_is_reached_within_the_budget(aimed, outputs):
    model = counting(outputs)
    e = aimed(model=model)
    assert e.diagnostics["stop"] == "target"
    assert e.n == model.rows <= 400_000
    wanted = np.maximum(TARGET["absolute"], TARGET["relative"] * np.abs(e.value))
    assert np.all(half_widths(e) <= wanted)
    np.testing.assert_allclose(e.diagnostics["target_ratio"], np.where(e.std_error > 0, half_widths(e) / wanted, 0), rtol=1e-12)
    assert e.diagnostics["stages"][-1] == e.n and np.all(np.diff(e.diagnostics["stages"]) > 0)


def test_a_target_out_of_reach_ends_with_the_budget_and_a_warning(estimate, outputs):
    model = counting(outputs)
    e = estimate(10_000, model=model, target_error={"relative": 1e-9, "absolute": 1e-12})
    assert e.n == model.rows <= 10_000
    assert e.diagnostics["stop"] == "budget" and any("the target error was not reached" in text for text in e.warnings)


@pytest.mark.parametrize("threads, batch", [(1, 999), (4, 7_777)])
def test_threads_and_batches_change_no_bit(aimed, threads, batch):
    first, again = aimed(), aimed(threads=threads, batch=batch)
    assert repr(first._state()) == repr(again._state())


def test_what_is_kept_changes_no_bit_and_holds_every_evaluation(aimed, outputs):
    first, kept = aimed(), aimed(keep="sample")
    assert repr(first._state()) == repr(kept._state())
    assert len(kept.sample) == kept.n == len(kept.sample.log_density)
    np.testing.assert_array_equal(outputs(kept.sample.x), kept.sample.y)


def test_the_kept_key_replays_the_run(aimed):
    first = aimed(rng=None)
    assert repr(aimed(rng=first.rng_key)._state()) == repr(first._state())


def test_progress_counts_on_to_the_budget(aimed):
    seen = []
    e = aimed(progress=lambda n, budget, partial: seen.append((n, budget, partial())), batch=2_000)
    n = [n for n, _, _ in seen]
    assert n == sorted(n) and n[-1] == e.n and {budget for _, budget, _ in seen} == {400_000}
    assert all(partial is None or partial.n <= n for n, _, partial in seen)


@pytest.mark.means
def test_one_output_alone_costs_less(estimate):
    alone, all_of_them = (estimate(400_000, target_error=target) for target in ({"P": 0.02}, 0.02))
    assert alone.diagnostics["stop"] == "target" and half_widths(alone)[2] <= 0.02 and alone.n < all_of_them.n


@pytest.mark.parametrize("target, message", [
    (-1.0, "target_error must be positive and finite, got -1"),
    ({"relative": 2}, "target_error: relative must lie between 0 and 1, got 2"),
    (0.0, "target_error must be positive for some value"),
])
def test_targets_that_cannot_be_are_refused_before_the_model_is_called(estimate, outputs, word, target, message):
    model = counting(outputs)
    with pytest.raises(ValueError, match=f"^{word}: {message}"):
        estimate(10_000, model=model, target_error=target)
    assert model.rows == 0
