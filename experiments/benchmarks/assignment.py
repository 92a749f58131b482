"""Optimal assignment and entropic transport beside SciPy, lapx and POT, one thread.

    OMP_NUM_THREADS=1 python -m buffon.experiments.benchmarks.assignment [--repeats 7] [--markdown]

Arms take turns in one process; times are processor time, medians; a ratio is the median of the turns with the lower end of its
one-sided 90 % interval. Arms whose library is not installed are left out. Costs of all exact arms must agree to 1e-12.
"""
import argparse
import time

import numpy as np

import buffon as bf
from buffon.experiments._page import show_benchmark
from buffon.experiments._report import Table
from buffon.experiments.benchmarks._ratio import ratio


def clouds(n, d):
    rng = np.random.default_rng(0)
    return rng.standard_normal((n, d)), 1 + 0.5 * rng.standard_normal((n, d))


def squared(x, y):
    c = -2 * x @ y.T
    c += (x * x).sum(1)[:, None]
    c += (y * y).sum(1)
    return np.maximum(c, 0, out=c)


def detection(problems=64, queries=300, objects=20):
    """Costs of a detector: a class term and L1 distances of boxes, (problems, objects, queries)."""
    rng = np.random.default_rng(1)
    boxes, truth = rng.random((problems, 1, queries, 4)), rng.random((problems, objects, 1, 4))
    return 5 * np.abs(boxes - truth).sum(-1) - 2 * rng.beta(1, 4, (problems, objects, queries))


def exact_arms(c):
    """name -> function that returns the cost; ours first."""
    from scipy.optimize import linear_sum_assignment
    if c.ndim == 3:
        return {
            "Buffon": lambda: bf.assign(c, threads=1).cost.sum(),
            "SciPy": lambda: sum(p[linear_sum_assignment(p)].sum() for p in c),
        }
    arms = {"Buffon": lambda: bf.assign(c, threads=1).cost, "SciPy": lambda: c[linear_sum_assignment(c)].sum()}
    try:
        import lap
        arms["lapx lapjvs"] = lambda: c[lap.lapjvs(c, return_cost=False)].sum()
    except ImportError:
        pass
    return arms


def turns(arms, repeats):
    """name -> (seconds of each turn, last value); the first turn is not counted."""
    seconds, values = {name: [] for name in arms}, {}
    for turn in range(repeats + 1):
        for name, run in arms.items():
            begin = time.process_time()
            values[name] = run()
            if turn:
                seconds[name].append(time.process_time() - begin)
    return {name: (seconds[name], values[name]) for name in arms}


def exact_rows(repeats):
    """(problem, arm, ms, ratio text) of every arm."""
    problems = {"64 x (20 x 300), detector": detection(), "n = 2,000, d = 2": squared(*clouds(2000, 2)),
                "n = 2,000, d = 64": squared(*clouds(2000, 64)), "n = 5,000, d = 64": squared(*clouds(5000, 64)),
                "n = 2,000, uniform": np.random.default_rng(2).random((2000, 2000))}
    for name, c in problems.items():
        results = turns(exact_arms(c), repeats)
        ours, cost = results["Buffon"]
        for arm, (seconds, value) in results.items():
            assert abs(value - cost) <= 1e-12 * abs(cost), f"{name}: {arm} found {value}, Buffon {cost}"
            times, low, _ = ratio(ours, seconds)
            yield name, arm, f"{1e3 * np.median(seconds):.3g}", "" if arm == "Buffon" else f"{times:.1f} (≥ {low:.1f})"


def sinkhorn_rows():
    """(epsilon, arm, iterations, ms per iteration, marginal error): one run each at n = 2,000, d = 2."""
    x, y = clouds(2000, 2)
    c, a = squared(x, y), np.full(2000, 1 / 2000)
    for epsilon in (0.05, 0.005):
        begin = time.process_time()
        s = bf.sinkhorn(x, y, epsilon=epsilon, threads=1)
        spent = time.process_time() - begin
        yield f"{epsilon:g}", "Buffon", str(s.iterations), f"{1e3 * spent / s.iterations:.1f}", f"{s.marginal_error:.1e}"
        try:
            import ot
        except ImportError:
            continue
        for method, most in (("sinkhorn_stabilized", 1000), ("sinkhorn_log", 100)):
            begin = time.process_time()
            plan, log = ot.sinkhorn(
                a, a, c, epsilon * c.mean(), method=method, numItermax=most, stopThr=1e-6, log=True, warn=False
            )
            spent, count = time.process_time() - begin, log.get("niter", most)
            error = np.abs(plan.sum(0) - a).sum() + np.abs(plan.sum(1) - a).sum()
            yield f"{epsilon:g}", f"POT {method}", str(count), f"{1e3 * spent / max(count, 1):.1f}", f"{error:.1e}"


def tables(repeats):
    yield Table("optimal assignment", ["problem", "arm", "ms", "times slower than ours"], list(exact_rows(repeats)))
    yield Table(
        "Sinkhorn, n = 2,000, d = 2",
        ["epsilon / mean cost", "arm", "iterations", "ms an iteration", "marginal error"],
        list(sinkhorn_rows()),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    for table in tables(options.repeats):
        show_benchmark(table, options.markdown)


if __name__ == "__main__":
    main()
