"""Progress functions and the line of progress=True: what they are told, that the interval shrinks, that nothing changes by it."""
import io
import sys

import numpy as np
import pytest

import buffon as bf
from buffon import _progress

BUDGET = 400_000
ESTIMATORS = {
    "plain": bf.plain, "quasi": bf.quasi, "aiscv": bf.aiscv,
    "importance": lambda problem, **run: bf.importance(problem, proposal=bf.Normal(0.5, 1.5), **run),
}


def model(x):
    return np.stack([x[:, 0] * x[:, 0], x[:, 0] > 1], axis=1)


def problem():
    return bf.Problem(model, bf.Normal(), outputs=["square", "P"])


def same(a, b):
    np.testing.assert_array_equal(a.value, b.value)
    np.testing.assert_array_equal(a.covariance, b.covariance)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_estimate_so_far_narrows_and_asking_changes_no_bit(name):
    seen = []

    def progress(n, budget, partial):
        estimate = partial()
        if estimate is not None:
            assert 0 < estimate.n <= n <= budget == BUDGET
            seen.append((n, estimate.n, *estimate.value, *estimate.std_error))
    asked = ESTIMATORS[name](problem(), budget=BUDGET, batch=5_000, rng=3, progress=progress)
    alone = ESTIMATORS[name](problem(), budget=BUDGET, batch=5_000, rng=3)
    same(asked, alone)
    assert repr(asked.diagnostics) == repr(alone.diagnostics)   # NaN where a tail has no shape
    n, _, *values = np.array(seen).T
    assert len(seen) > 3 and np.all(np.diff(n) > 0)
    errors = np.array(values[2:])
    assert np.all(errors[:, -1] <= errors[:, :len(seen) // 2 + 1].mean(axis=1))
    assert tuple(seen[-1][2:4]) == tuple(asked.value) and seen[-1][1] == asked.n   # the last one is the result
    late = slice(len(seen) // 2, None)   # the first looks have two nets, say, and no degrees of freedom
    deviations = (np.array(values[:2])[:, late] - [[1.0], [0.15865525393145707]]) / errors[:, late]
    assert np.all(np.abs(deviations) < 6)


def test_plain_is_asked_after_every_batch_and_answers_with_all_that_was_done():
    seen = []
    bf.plain(problem(), budget=60_000, batch=10_000, rng=1, progress=lambda n, budget, partial: seen.append((n, partial().n)))
    assert seen == [(n, n) for n in range(10_000, 60_001, 10_000)]
    again = []

    def progress(n, budget, partial):
        again.append(partial())
    bf.plain(problem(), budget=100_000, batch=10_000, rng=1, progress=progress)
    for e in again[1:]:   # a part of a run is the run of that part
        alone = bf.plain(problem(), budget=e.n, rng=1)
        np.testing.assert_allclose(e.value, alone.value, rtol=1e-13)
        np.testing.assert_allclose(e.std_error, alone.std_error, rtol=1e-12)


def test_before_there_is_an_estimate_partial_gives_none():
    seen = []
    bf.quasi(problem(), budget=BUDGET, batch=5_000, rng=1, progress=lambda n, budget, partial: seen.append(partial()))
    assert seen[0] is None and seen[-1] is not None   # an interval needs two nets
    compiled = []
    ishigami = bf.testing.ishigami().problem
    bf.plain(ishigami, budget=200_000, rng=1, progress=lambda n, budget, partial: compiled.append(partial().n))
    assert compiled[-1] == 200_000 and len(compiled) > 1


def test_partial_ends_with_the_call_that_it_was_given_to():
    kept = []
    bf.plain(problem(), budget=1_000, rng=1, progress=lambda n, budget, partial: kept.append(partial))
    with pytest.raises(RuntimeError, match=r"progress: partial\(\) can be asked only before the function returns"):
        kept[0]()

    def fails(n, budget, partial):
        kept.append(partial)
        raise LookupError
    with pytest.raises(LookupError):
        bf.plain(problem(), budget=1_000, rng=1, progress=fails)
    with pytest.raises(RuntimeError):
        kept[-1]()


@pytest.mark.parametrize("stop", [KeyboardInterrupt, LookupError])
def test_what_is_raised_after_a_look_stops_the_run_with_the_same_estimate(stop):
    seen = []

    def progress(n, budget, partial):
        seen.append(partial())
        if n >= 100_000:
            raise stop
    with pytest.raises(stop) as caught:
        bf.plain(problem(), budget=BUDGET, batch=5_000, rng=1, progress=progress)
    assert caught.value.partial.n == seen[-1].n >= 100_000
    same(caught.value.partial, seen[-1])


@pytest.mark.parametrize(("function", "asks"), [
    (lambda n, budget: 0, False), (lambda n, budget, partial: 0, True), (lambda n, budget, third: 0, True),
    (lambda n, budget, m=3: 0, False), (lambda n, budget, partial=None: 0, True), (lambda *all: 0, False), (print, False),
    (_progress.Line("x"), True), (_progress.Line, False),
])
def test_a_third_argument_is_asked_for_by_its_name_or_by_having_no_default(function, asks):
    assert _progress.asks_for_partial(function) is asks


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_in_a_terminal_one_line_shows_the_interval_as_it_shrinks(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setitem(_progress._EVERY, True, 0.0)
    monkeypatch.setattr(_progress, "_SHARE", 1e9)
    estimate = bf.plain(problem(), budget=50_000, batch=5_000, rng=3, progress=True)
    text = screen.getvalue()
    lines = text.rstrip("\n").split("\r")[1:]
    assert text.count("\n") == 1 and text.endswith("\n") and len(lines) == 11   # the last one twice
    assert all(line.startswith("plain: ") and " P = 0." in line and line.endswith(")\x1b[K") for line in lines[1:])
    assert lines[-1].startswith("plain: 50,000 of 50,000 evaluations (100%), ")

    def shown(line):
        value, rest = line.partition(" P = ")[2].split(" (")
        return [float(number) for number in (value, *rest.partition(")")[0].split(" ... "))]
    widths = [high - low for _, low, high in map(shown, lines[1:])]
    assert widths[-1] < 0.5 * widths[0]
    low, high = estimate.confidence_interval()
    np.testing.assert_allclose(shown(lines[-1]), [estimate["P"], low[1], high[1]], rtol=0, atol=0.05 * (high[1] - low[1]))


def test_a_line_is_written_ten_times_a_second_at_most_and_estimates_take_a_small_share(monkeypatch):
    now, written, asked = [0.0], [], []
    monkeypatch.setattr(_progress.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr(_progress.Line, "_write", lambda self: written.append(now[0]))

    def partial():
        asked.append(now[0])
        now[0] += 0.01   # what it takes
        return None
    line = _progress.Line("x")
    while now[0] < 10:
        line(1, 2, partial)
        now[0] += 0.003
    assert 15 < len(written) < 25 and len(written) == len(asked)   # 0.01 s each half second
    assert np.diff(written).min() > 0.1


def test_a_log_gets_a_line_now_and_then(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(_progress.time, "monotonic", lambda: now[0])
    with _progress.Line("x") as line:
        for n in range(1, 1001):
            now[0] += 1 / 32
            line(n, 1000)
    assert capsys.readouterr().err.splitlines() == [
        "x: 320 of 1,000 evaluations (32%), 10.0 s", "x: 640 of 1,000 evaluations (64%), 20.0 s",
        "x: 960 of 1,000 evaluations (96%), 30.0 s", "x: 1,000 of 1,000 evaluations (100%), 31.2 s"]


@pytest.mark.parametrize(("value", "covariance", "shows"), [
    ([2.0, 1.0], [1e-4, 1e-4], "b = 1.000 (0.980 ... 1.020)"), ([0.0, 1.0], [1.0, 1.0], "a = 0.0 (-2.0 ... 2.0)"),
    ([3.0, 1.0], [0.0, 0.0], "a = 3 (3 ... 3)"), ([1e-9, 1.0], [1e-20, 1e-8], "a = 1.00e-09 (0.80e-09 ... 1.20e-09)"),
])
def test_the_line_shows_what_is_known_worst_with_two_digits_of_its_width(value, covariance, shows):
    state = bf.plain(problem(), budget=10, rng=1)._state()
    estimate = bf.Estimate._from_state({**state, "value": value, "names": ["a", "b"], "warnings": [],
                                        "covariance": [covariance[0], 0.0, 0.0, covariance[1]]})
    found, wanted = (text.replace("(", "").replace(")", "").split() for text in (_progress.interval(estimate), shows))
    assert found[:2] == wanted[:2]
    numbers = [[float(word) for word in words if word[-1].isdigit()] for words in (found, wanted)]
    np.testing.assert_allclose(numbers[0], numbers[1], rtol=0.02)
    assert max(map(len, found)) <= 9


def test_the_line_tells_how_far_the_target_is(capsys, monkeypatch):
    monkeypatch.setattr(_progress, "_EVERY", {True: 0.0, False: 0.0})
    bf.plain(problem(), budget=BUDGET, batch=100, target_error={"relative": 0.05}, rng=1, progress=True)
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1].startswith("plain: ") and " of 400,000 evaluations" in lines[-1]
    assert [line for line in lines if " times the target" in line] and float(lines[-1].rpartition(", error ")[2].split()[0]) <= 1
