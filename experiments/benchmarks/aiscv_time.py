"""Time of one run from Python on one core: aiscv beside quasi and plain on the three published problems, and on a thousand laws.

    python -m buffon.experiments.benchmarks.aiscv_time [--repeats 25] [--budget 20000] [--markdown]

Processor time of a compiled model; arms take turns, so that a slow moment of the machine meets all of them. A figure is the
median with its 90 % interval from order statistics, and the least of all: the median holds what other
work on the machine costs through the caches they share.
"""
import argparse
import math
import statistics
import time

import buffon as bf
from buffon.experiments._page import show_benchmark
from buffon.experiments._report import Table

AT_MOST = {"T1": 10, "T2a": 30, "T2b": 100, "T2c": 1000}   # milliseconds of aiscv


def problems():
    """name -> (problem, options of aiscv): T1, T2a, T2b of Demange-Chryst, Bachoc, Morio; T2c is T2b with more laws."""
    laws, more_laws = bf.testing.cantilever_laws(), bf.testing.cantilever_laws(1000)
    return {
        "T1: gaussian_moments (1 input, 10 expectations)": (bf.testing.gaussian_moments().problem, {}),
        "T2a: cantilever_sobol (12 inputs, 8 expectations)": (bf.testing.cantilever_sobol().problem, {}),
        "T2b: cantilever_laws (6 inputs, 100 laws)": (laws.problem, {"laws": laws.laws}),
        "T2c: cantilever_laws (6 inputs, 1,000 laws)": (more_laws.problem, {"laws": more_laws.laws}),
    }


def measure(repeats, budget):
    """name -> arm -> seconds of each run; the first run of each arm is not counted."""
    out = {}
    for name, (problem, options) in problems().items():
        arms = {"aiscv": lambda **run: bf.aiscv(problem, **options, **run),   # noqa: B023  called in this turn of the loop
                "quasi": lambda **run: bf.quasi(problem, **run),              # noqa: B023
                "plain": lambda **run: bf.plain(problem, **run)}              # noqa: B023
        out[name] = {arm: [] for arm in arms}
        for r in range(repeats + 1):
            for arm, estimate in arms.items():
                begin = time.process_time()
                estimate(budget=budget, rng=r, threads=1)
                if r:
                    out[name][arm].append(time.process_time() - begin)
    return out


def table(times):
    """Milliseconds, median (90 % interval; least)."""
    rows = [[name, str(AT_MOST[name.split(":")[0]]), *(_cell(seconds) for seconds in arms.values())]
            for name, arms in times.items()]
    return Table("Milliseconds a run, median (its 90 % interval; least); quasi and plain of T2b and T2c have one law, not all",
                 ["", "aiscv at most", "aiscv", "quasi", "plain"], rows)


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=25, help="counted runs of each arm (default: %(default)s)")
    parser.add_argument("--budget", type=int, default=20_000, help="evaluations of a run (default: %(default)s)")
    parser.add_argument("--markdown", action="store_true", help="for docs/benchmarks.md")
    arguments = parser.parse_args()
    result = table(measure(arguments.repeats, arguments.budget))
    show_benchmark(result, arguments.markdown)


def _cell(seconds):
    low, high = _median_interval(seconds)
    return f"{1000 * statistics.median(seconds):.1f} ({1000 * low:.1f} ... {1000 * high:.1f}; {1000 * min(seconds):.1f})"


def _median_interval(values, level=0.9):
    """Order statistics around the median whose interval covers it with this probability at least, whatever the law."""
    n, below = len(values), 0.0
    for skipped in range(n // 2):
        below += math.comb(n, skipped) / 2**n   # P(at most `skipped` values lie below the median)
        if 2 * below > 1 - level:
            break
    else:
        skipped = 0
    ordered = sorted(values)
    return ordered[max(skipped - 1, 0)], ordered[n - max(skipped, 1)]


if __name__ == "__main__":
    main()
