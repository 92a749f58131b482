"""Promise 2: n is the number of rows the model saw, and never more than the budget."""
import numpy as np
import pytest


def counting(model):
    def count(x):
        count.rows += len(x)
        count.most = max(count.most, len(x))
        return model(x)
    count.rows = count.most = 0
    return count


@pytest.mark.parametrize("on_error", ["raise", "discard"])
@pytest.mark.parametrize("budget", [1_000, 20_000, 100_001])
def test_n_is_what_the_model_saw_and_within_the_budget(estimate, outputs, budget, on_error):
    model = counting(outputs)
    e = estimate(budget, model=model, batch=3_000, on_error=on_error)
    assert e.n == model.rows <= budget
    assert model.most <= 3_000
    assert e.n > budget / 2


def test_failed_evaluations_are_counted(estimate, outputs):
    failed = 0

    def model(x):
        nonlocal failed
        y = outputs(x)
        y[x[:, 1] > 1.5] = np.inf
        failed += int(np.sum(x[:, 1] > 1.5))
        return y
    model = counting(model)
    e = estimate(20_000, model=model, on_error="discard")
    assert e.n == model.rows <= 20_000 and e.n_failed == failed > 0


@pytest.mark.parametrize("budget", range(1, 12))
def test_tiny_budgets_are_refused_or_kept(estimate, outputs, word, budget):
    model = counting(outputs)
    try:
        e = estimate(budget, model=model)
    except ValueError as error:
        assert str(error).startswith(f"{word}: budget must be ") and str(error).endswith(f", got {budget}") and model.rows == 0
    else:
        assert e.n == model.rows <= budget


def test_the_sample_holds_every_evaluation(estimate, outputs):
    e = estimate(5_000, keep="sample")
    assert len(e.sample) == e.n == len(e.sample.log_density)
    np.testing.assert_array_equal(outputs(e.sample.x), e.sample.y)
    assert np.all(np.isfinite(e.sample.log_density))
