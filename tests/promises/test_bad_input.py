"""Promise 5: what cannot be is refused on the first line, by function, argument, value and requirement; what fails is named."""
import re

import numpy as np
import pytest

import buffon as bf
from buffon import _buffon


@pytest.mark.parametrize("run, kind, message", [
    ({"budget": 0}, ValueError, "budget must be at least .*, got 0"),
    ({"budget": 2.5}, TypeError, "budget must be an integer, got float 2.5"),
    ({"batch": 0}, ValueError, "batch must be at least 1, got 0"),
    ({"threads": -1}, ValueError, "threads must not be negative, got -1"),
    ({"on_error": "ignore"}, ValueError, "on_error must be one of 'raise', 'discard', got 'ignore'"),
    ({"keep": "all"}, ValueError, "keep must be one of 'nothing', 'state', 'sample', got 'all'"),
    ({"progress": 3}, TypeError, "progress must be callable, got int 3"),
    ({"rng": -1}, ValueError, r"rng must be an integer in 0 \.\.\. 2\*\*64 - 1, got -1"),
    ({"rng": "x"}, TypeError, "rng must be an int, numpy Generator, SeedSequence or None, got str"),
    ({"treads": 2}, TypeError, "unknown keyword 'treads'; did you mean 'threads'?"),
], ids=lambda value: "-".join(value) if isinstance(value, dict) else "")
def test_what_cannot_be_is_refused_before_the_model_is_called(estimate, word, run, kind, message):
    def model(x):
        raise AssertionError("called")
    with pytest.raises(kind) as caught:
        estimate(**{"budget": 1_000, **run}, model=model)
    assert type(caught.value) is kind
    assert re.fullmatch(f"{word}: {message}".replace("?", r"\?"), str(caught.value).splitlines()[0])


def test_a_problem_is_needed(word):
    with pytest.raises(TypeError, match=f"^{word}: problem must be a Problem"):
        getattr(_buffon, word)(lambda x: x, budget=1_000)
    with pytest.raises(TypeError, match=f"^{word}: missing argument 'problem'"):
        getattr(_buffon, word)(budget=1_000)


@pytest.mark.parametrize("answer", [
    lambda x, y: y[:-1], lambda x, y: y[None], lambda x, y: "text", lambda x, y: None, lambda x, y: y * 1j,
    lambda x, y: 1 / 0,
], ids=["rows", "axes", "text", "nothing", "complex", "raises"])
def test_a_model_without_an_answer_is_named_with_its_batch(estimate, outputs, word, answer):
    message = rf"^{word}: the model failed in the batch of \d+ points that starts at point 0 \("
    with pytest.raises(bf.ModelError, match=message) as caught:
        estimate(2_000, model=lambda x: answer(x, outputs(x)))
    assert caught.value.index == 0 and caught.value.point.shape == (2,)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_the_first_point_without_a_number_is_named(estimate, outputs, word, bad):
    seen = []

    def model(x):
        y = outputs(x)
        y[x[:, 1] > 1.2, 1] = bad
        seen.extend(x)
        return y
    with pytest.raises(bf.ModelError, match=rf"^{word}: the model gave {bad} for output 'yb' at point \d+ \(") as caught:
        estimate(2_000, model=model)
    first = next(i for i, x in enumerate(seen) if x[1] > 1.2)
    assert caught.value.index == first
    np.testing.assert_array_equal(caught.value.point, seen[first])
    assert estimate(2_000, model=model, on_error="discard").n_failed > 0


def test_a_wrong_number_of_outputs_is_refused(estimate, word):
    with pytest.raises(ValueError, match=f"^{word}: the model gave 2 outputs, but 3 are named"):
        estimate(1_000, model=lambda x: x)
