"""Promise 7: in a forked child Buffon uses one thread, and ends; the GIL is free for other threads meanwhile."""
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

PROGRAM = """
import os, sys
import buffon as bf
from buffon import _buffon
law = bf.MultivariateNormal([1, 0], [[4, 0], [0, 1]])
arguments = {"importance": {"proposal": bf.MultivariateNormal([1.5, 0.2], [[5, 0.3], [0.3, 1.2]])}}
known = bf.testing.gaussian_moments().problem
python = bf.Problem(lambda x: x[:, 0] * x[:, 1] + x[:, 0], law)
word = sys.argv[1]

def run(problem):
    options = dict(arguments.get(word, {}))
    if problem is known and options:
        options["proposal"] = known.inputs
    return getattr(_buffon, word)(problem, budget=20_000, rng=1, threads=4, **options).value.tolist()

before = [run(known), run(python)]          # OpenMP's threads exist now
child = os.fork()
if child == 0:
    os._exit(0 if [run(known), run(python)] == before else 3)
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
