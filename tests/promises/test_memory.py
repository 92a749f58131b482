"""Promise 4: memory is bounded by the batch, not by the budget."""
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = f"""
import resource, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import buffon as bf
from conftest import ARGUMENTS, INPUTS
budget, kind, word = int(sys.argv[1]), sys.argv[2], sys.argv[3]
compiled = bf.testing.zero_variance([0.3, 0.2]).problem   # two inputs, as INPUTS
problem = bf.Problem((lambda x: x[:, 0]) if kind == "python" else compiled, INPUTS)

def run(budget):
    return getattr(bf, word)(problem, budget=budget, rng=1, **ARGUMENTS.get(word, {{}})).n

run(100_000)    # libraries, threads, first batch
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert budget / 2 < run(budget) <= budget
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


def growth(budget, kind, word):
    """MB by which the peak of a process grows in a run."""
    words = [sys.executable, "-W", "ignore", "-c", PROGRAM, str(budget), kind, word]
    done = subprocess.run(words, capture_output=True, text=True, timeout=900)
    assert done.stderr == ""
    return float(done.stdout)


@pytest.mark.parametrize("kind", ["python", "compiled"])
def test_memory_does_not_grow_with_the_budget(word, kind):
    pytest.importorskip("resource")
    assert growth(6_000_000, kind, word) < 90   # 32 MB are kept for a run that stops early; held, the points would be 96 MB


@pytest.mark.slow
def test_a_hundred_million_samples_take_less_than_half_a_gigabyte(word):
    pytest.importorskip("resource")
    assert growth(100_000_000, "python", word) < 500
