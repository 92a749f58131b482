"""Promise 4: memory is bounded by the batch, not by the budget."""
import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
import buffon as bf
budget = int(sys.argv[1])
problem = bf.Problem(lambda x: x[:, 0], bf.Normal()) if sys.argv[2] == "python" else bf.testing.ishigami().problem
bf.plain(problem, budget=100_000, rng=1)    # libraries, threads, first batch
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert bf.plain(problem, budget=budget, rng=1).n == budget
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


def growth(budget, kind):
    """MB by which the peak of a process grows in a run."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(budget), kind], capture_output=True, text=True, timeout=900)
    assert done.stderr == ""
    return float(done.stdout)


@pytest.mark.parametrize("kind", ["python", "compiled"])
def test_memory_does_not_grow_with_the_budget(kind):
    pytest.importorskip("resource")
    assert growth(12_000_000, kind) < 90   # 32 MB are kept for a run that stops early; held, the points would be 96 MB or more


@pytest.mark.slow
def test_a_hundred_million_samples_take_less_than_half_a_gigabyte():
    pytest.importorskip("resource")
    assert growth(100_000_000, "python") < 500
