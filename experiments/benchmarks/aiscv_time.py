"""Time of one run from Python on one core: aiscv beside quasi and plain on the three published problems.

    python -m buffon.experiments.benchmarks.aiscv_time [--repeats 25] [--budget 20000] [--markdown]

Arms take turns, so that a slow moment of the machine meets all of them; a figure is the median with the quartiles around it.
"""
import argparse
import statistics
import time

import buffon as bf
from buffon.cli import environment
from buffon.experiments._report import Table


def problems():
    """name -> (problem, options of aiscv): T1, T2a and T2b of the comparison of Demange-Chryst, Bachoc, Morio."""
    laws = bf.testing.cantilever_laws()
    return {
        "gaussian_moments (1 input, 10 expectations)": (bf.testing.gaussian_moments().problem, {}),
        "cantilever (12 inputs, 8 expectations)": (bf.testing.cantilever_sobol().problem, {}),
        "laws (6 inputs, 100 laws)": (laws.problem, {"laws": laws.laws}),
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
                begin = time.perf_counter()
                estimate(budget=budget, rng=r, threads=1)
                if r:
                    out[name][arm].append(time.perf_counter() - begin)
    return out


def table(times):
    """Milliseconds, median (quartiles)."""
    rows = [[name, *(_cell(seconds) for seconds in arms.values())] for name, arms in times.items()]
    return Table("Milliseconds a run, median (lower ... upper quartile); quasi and plain of `laws` have one law, not a hundred",
                 ["", "aiscv", "quasi", "plain"], rows)


def markdown(one):
    """The table as a page of documentation has it."""
    lines = [one.header, ["---"] + ["---:"] * (len(one.header) - 1), *one.rows]
    return "\n".join([one.title + "\n", *("| " + " | ".join(line) + " |" for line in lines)])


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=25, help="counted runs of each arm (default: %(default)s)")
    parser.add_argument("--budget", type=int, default=20_000, help="evaluations of a run (default: %(default)s)")
    parser.add_argument("--markdown", action="store_true", help="for docs/benchmarks.md")
    arguments = parser.parse_args()
    result = table(measure(arguments.repeats, arguments.budget))
    print(markdown(result) if arguments.markdown else result.text())
    print("\n" + ", ".join(f"{key} {value}" for key, value in environment().items() if value))


def _cell(seconds):
    low, middle, high = (1000 * q for q in statistics.quantiles(seconds, n=4))
    return f"{middle:.1f} ({low:.1f} ... {high:.1f})"


if __name__ == "__main__":
    main()
