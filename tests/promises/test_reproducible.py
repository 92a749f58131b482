"""Promise 1: same key, same bits, on any number of threads, in batches of any size and with any instruction set."""
import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import buffon as bf
from buffon import _buffon

BUDGET = 20_000
LEVELS = ["v2", "v3", "v4"]
PROGRAM = f"""
import json, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import buffon as bf
from buffon import _buffon
from conftest import ARGUMENTS, INPUTS, WORDS, row_wise, whole
states = {{}}
for word in WORDS:
    e = whole(getattr(_buffon, word)(bf.Problem(row_wise, INPUTS), budget=20_000, rng=1, **ARGUMENTS.get(word, {{}})))
    states[word] = repr(e._state())
print(json.dumps(states))
"""


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


@functools.cache
def states_of(level):
    """word -> its estimate in words, in a process with this instruction set; None where the processor has it not."""
    words = [sys.executable, "-W", "ignore", "-c", PROGRAM]
    done = subprocess.run(words, env=os.environ | {"BUFFON_ISA": level}, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 or "BUFFON_ISA" in done.stderr, done.stderr
    return json.loads(done.stdout) if done.returncode == 0 else None


def test_instruction_sets_change_no_bit(word):
    found = {level: states_of(level) for level in LEVELS}
    states = {level: states[word] for level, states in found.items() if states}
    assert "v2" in states and _buffon.isa_level() in states
    assert len(set(states.values())) == 1


def test_what_is_kept_changes_no_bit(estimate):
    kept, plain = estimate(BUDGET, keep="sample"), estimate(BUDGET)
    assert repr(kept._state()) == repr(plain._state()) and len(kept.sample) == kept.n


def test_another_key_gives_other_numbers(estimate):
    first, second = estimate(BUDGET, rng=1), estimate(BUDGET, rng=2)
    assert np.all((first.value != second.value) | (first.std_error < 1e-12))   # what is known exactly stays


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
    bf.MultivariateNormal([0, 1], [[1, 0.2], [0.2, 1]]), bf.MultivariateT([0, 1], [[1, 0.2], [0.2, 1]], 3),
    bf.Mixture([0.3, 0.7], [bf.Normal(), bf.Normal(5, 1)]),
], ids=lambda law: type(law).__name__)
def test_samples_are_prefixes_of_each_other(law):
    np.testing.assert_array_equal(law.sample(10_000, rng=3)[:777], law.sample(777, rng=3))
