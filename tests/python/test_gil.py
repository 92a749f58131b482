"""Threads, signals and the GIL: it is released around C++ work and taken once per batch."""
import gc
import signal
import subprocess
import sys
import threading
import time
import weakref

import numpy as np
import pytest

import buffon as bf

LIMIT = 60   # seconds after which a thread that should have come back has not


def in_threads(*functions):
    """Results of functions that run at the same time; an exception is raised here."""
    results = [None] * len(functions)

    def call(i):
        try:
            results[i] = functions[i]()
        except BaseException as error:
            results[i] = error
    threads = [threading.Thread(target=call, args=(i,), daemon=True) for i in range(len(functions))]
    for t in threads:
        t.start()
    for t in threads:
        t.join(LIMIT)
        assert not t.is_alive(), "a thread hangs"
    for r in results:
        if isinstance(r, BaseException):
            raise r
    return results


def test_two_python_threads_run_two_estimators_at_the_same_time():
    both = threading.Barrier(2)   # passes only while both models are being called

    def estimate(key):
        calls = []

        def model(x):
            assert threading.current_thread() is not threading.main_thread()
            if len(calls) < 3:
                both.wait(LIMIT)
            calls.append(len(x))
            return x[:, 0] ** 2
        return bf.plain(bf.Problem(model, bf.Normal()), budget=200_000, rng=key)
    together = in_threads(lambda: estimate(1), lambda: estimate(2))
    for e, key in zip(together, (1, 2), strict=True):
        alone = bf.plain(bf.Problem(lambda x: x[:, 0] ** 2, bf.Normal()), budget=200_000, rng=key)
        assert e.value == alone.value and e.covariance == alone.covariance


def test_one_problem_serves_two_threads():
    problem = bf.Problem(lambda x: x[:, 0], bf.Normal())
    a, b = in_threads(*[lambda: bf.plain(problem, budget=300_000, batch=500, rng=3)] * 2)
    assert a.value == b.value


def test_models_are_called_in_the_thread_of_the_caller():
    seen = set()

    def model(x):
        seen.add(threading.get_ident())
        return x[:, 0]
    bf.plain(bf.Problem(model, bf.Normal()), budget=200_000, batch=1_000, threads=4, rng=1)
    assert seen == {threading.get_ident()}


def test_an_estimator_may_run_inside_a_model():
    inner = bf.Problem(lambda x: x[:, 0], bf.Normal())

    def model(p):
        return p[0] + bf.plain(inner, budget=100, rng=1)["y"]
    shift = bf.plain(inner, budget=100, rng=1)["y"]
    e = bf.plain(bf.Problem(model, bf.Normal(), vectorized=False), budget=50, rng=2)
    np.testing.assert_allclose(e["y"], bf.Normal().sample(50, rng=2).mean() + shift, rtol=1e-12)


@pytest.mark.parametrize("work", [
    lambda: bf.Joint([bf.LogNormal()] * 4).sample(2_000_000, rng=1),
    lambda: bf.plain(bf.testing.ishigami().problem, budget=20_000_000, rng=1),
], ids=["sample", "plain"])
def test_python_goes_on_while_cpp_works(work):
    ticks, stop = [], threading.Event()

    def tick():
        while not stop.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)
    thread = threading.Thread(target=tick)
    thread.start()
    time.sleep(0.01)
    begin = time.perf_counter()
    work()
    end = time.perf_counter()
    stop.set()
    thread.join()
    within = sum(begin + 0.1 * (end - begin) < t < end - 0.1 * (end - begin) for t in ticks)
    assert end - begin > 0.03, "the work is too small to tell"
    assert within >= 5   # with the GIL held it would be none


def interrupted(call, after=0.3):
    """The KeyboardInterrupt that Ctrl-C `after` seconds from now raises, and how long it took to come."""
    sent = []

    def press(*_):
        sent.append(time.perf_counter())
        signal.raise_signal(signal.SIGINT)
    before = signal.signal(signal.SIGALRM, press)
    keyboard = signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, after)
    try:
        with pytest.raises(KeyboardInterrupt) as caught:
            call()
        return caught.value, time.perf_counter() - sent[0]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        signal.signal(signal.SIGINT, keyboard)


needs_alarm = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no alarms here")


@needs_alarm
@pytest.mark.parametrize("problem, truth", [
    (lambda: bf.Problem(lambda x: x[:, 0] ** 2, bf.Normal()), 1.0),   # stops inside the model
    (lambda: bf.Problem(np.square, bf.Normal()), 1.0),                # no Python code runs: stops between batches
    (lambda: bf.testing.ishigami().problem, 3.5),
], ids=["python", "ufunc", "compiled"])
def test_ctrl_c_returns_within_a_batch_with_the_partial_estimate(problem, truth):
    problem = problem()
    error, delay = interrupted(lambda: bf.plain(problem, budget=10**12, rng=5))
    assert delay < 2
    partial = error.partial
    assert 0 < partial.n < 10**12 and partial.rng_key == 5
    assert abs(partial.value[0] - truth) < 5 * partial.std_error[0]
    assert 0 < len(error.sample) <= partial.n and error.sample.x.shape[1] == problem.dim
    again = bf.plain(problem, budget=int(partial.n), rng=5)
    assert again.value == partial.value and again.covariance == partial.covariance


@needs_alarm
def test_ctrl_c_in_a_slow_model_of_one_point_returns_at_once():
    def model(p):
        time.sleep(0.01)
        return p[0]
    error, delay = interrupted(lambda: bf.plain(bf.Problem(model, bf.Normal(), vectorized=False), budget=10_000, rng=5))
    assert delay < 1
    assert 10 < len(error.sample) < 100 and error.partial.n == len(error.sample)   # points, not batches
    np.testing.assert_allclose(error.partial.value, error.sample.y.mean(), rtol=1e-12)


@needs_alarm
def test_after_ctrl_c_everything_works_as_before():
    problem = bf.Problem(lambda x: x[:, 0], bf.Normal())
    before = bf.plain(problem, budget=1_000, rng=1)
    interrupted(lambda: bf.plain(problem, budget=10**12, rng=5), after=0.1)
    assert bf.plain(problem, budget=1_000, rng=1).value == before.value


def test_callbacks_end_with_their_owner_on_any_thread():
    class Model:
        def __call__(self, x):
            return x[:, 0]
    watched = []

    def work():
        model = Model()
        watched.append(weakref.ref(model))
        problem = bf.Problem(model, bf.Normal())
        bf.plain(problem, budget=200_000, rng=1, progress=lambda n, budget, m=model: None)
    in_threads(*[work] * 4)
    gc.collect()
    assert [r() for r in watched] == [None] * 4


def test_failures_let_their_callbacks_go():
    class Model:
        def __call__(self, x):
            raise RuntimeError("no")
    model = Model()
    watched = weakref.ref(model)
    with pytest.raises(bf.ModelError):
        bf.plain(bf.Problem(model, bf.Normal()), budget=10)
    count = sys.getrefcount(None)
    for _ in range(2_000):
        try:
            bf.plain(bf.Problem(model, bf.Normal()), budget=10, rng=1)
        except bf.ModelError:
            pass
    del model
    gc.collect()
    assert watched() is None and abs(sys.getrefcount(None) - count) < 1_000


def test_problems_live_through_the_end_of_the_interpreter():
    code = ("import sys, buffon as bf; problem = bf.Problem(lambda x: x[:, 0], bf.Normal()); "
            "sys.keep = (problem, bf.plain(problem, budget=10, keep='sample'))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT)
    assert (done.returncode, done.stderr) == (0, "")
