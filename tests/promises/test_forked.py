"""Promise 7: in a forked child Buffon uses one thread, and ends; the GIL is free for other threads meanwhile."""
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import buffon as bf

PROGRAM = f"""
import os, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import buffon as bf
from buffon import _buffon
from conftest import ARGUMENTS, INPUTS, whole
compiled = bf.Problem(bf.testing.zero_variance([0.3, 0.2]).problem, INPUTS)   # two inputs, as INPUTS
python = bf.Problem(lambda x: x[:, 0] * x[:, 1] + x[:, 0], INPUTS)
word = sys.argv[1]

def run(problem):
    return whole(getattr(_buffon, word)(problem, budget=20_000, rng=1, threads=4, **ARGUMENTS.get(word, {{}}))).value.tolist()

before = [run(compiled), run(python)]          # OpenMP's threads exist now
child = os.fork()
if child == 0:
    os._exit(0 if [run(compiled), run(python)] == before else 3)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_ends_with_the_same_bits(word):
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", PROGRAM, word], capture_output=True, text=True, timeout=100)
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_two_threads_run_the_word_at_once(estimate):
    alone = estimate(30_000)
    results = []
    threads = [threading.Thread(target=lambda: results.append(estimate(30_000)), daemon=True) for _ in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(100)
    assert len(results) == 2
    for e in results:
        np.testing.assert_array_equal(e.value, alone.value)
        np.testing.assert_array_equal(e.covariance, alone.covariance)


def test_python_goes_on_while_a_compiled_model_is_sampled(estimate):
    compiled, ticks, stop = bf.testing.zero_variance([0.3, 0.2]).problem, [], threading.Event()

    def tick():
        while not stop.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)
    estimate(10_000, model=compiled, outputs=["y"])
    thread = threading.Thread(target=tick)
    thread.start()
    time.sleep(0.01)
    begin = time.perf_counter()
    estimate(6_000_000, model=compiled, outputs=["y"])
    end = time.perf_counter()
    stop.set()
    thread.join()
    assert end - begin > 0.03, "the work is too small to tell"
    assert sum(begin + 0.1 * (end - begin) < t < end - 0.1 * (end - begin) for t in ticks) >= 5   # with the GIL held: none


def test_a_python_model_is_called_once_for_each_batch_in_the_thread_of_the_caller(estimate, outputs):
    sizes, seen = [], set()

    def model(x):
        seen.add(threading.get_ident())
        sizes.append(len(x))
        return outputs(x)
    e = estimate(200_000, model=model, threads=4)
    assert seen == {threading.get_ident()} and sum(sizes) == e.n
    assert len(sizes) < 40   # not once for each point, nor for each block of 4,096
