"""Points per second on one core: ours beside NumPy's PCG64 Generator and SciPy's scrambled Sobol' sequence.

    OMP_NUM_THREADS=1 python -m buffon.experiments.benchmarks.sampling [--repeats 21] [--points 1048576] [--dim 16] [--markdown]

Arms take turns in one process; a figure is the median of the processor time, a ratio that of the turns with the lower end of
its one-sided 90 % interval. The table is printed for the best instruction set of the
processor and, in a process of its own, for AVX2 (BUFFON_ISA=v3). NumPy and SciPy choose their instructions themselves.
"""
import argparse
import json
import os
import subprocess
import sys
import time

import numpy as np

import buffon as bf
from buffon import _buffon
from buffon.experiments._page import show_benchmark
from buffon.experiments._report import Table
from buffon.experiments.benchmarks._ratio import ratio

# name -> what a ratio must reach on AVX-512 and on AVX2; the last one in million coordinates a second, on both
TARGETS = {"uniform": (1.2, 0.8), "normal": (2.0, 1.0), "Sobol', scrambled": (1.3, 1.3), "Sobol', Owen's hash": (100, 100)}


def arms(n, d):
    """name -> (ours, theirs): functions of the repeat that return a new (n, d) table."""
    from scipy.stats import qmc
    generator = np.random.Generator(np.random.PCG64(1))
    theirs = lambda r: qmc.Sobol(d, scramble=True, rng=r).random(n)
    return {
        "uniform": (lambda r: bf.Stream(r).uniform(n, d), lambda r: generator.random((n, d))),
        "normal": (lambda r: bf.Stream(r).normal(n, d), lambda r: generator.standard_normal((n, d))),
        "Sobol', scrambled": (lambda r: bf.SobolSequence(d, rng=r).uniform(n), theirs),
        "Sobol', Owen's hash": (lambda r: bf.SobolSequence(d, "owen", rng=r).uniform(n), theirs),
    }


def measure(repeats, n, d):
    """name -> (our seconds, their seconds) of processor time; the first turn is not counted."""
    out = {}
    for name, pair in arms(n, d).items():
        seconds = ([], [])
        for r in range(repeats + 1):
            for list_, draw in zip(seconds, pair, strict=True):
                begin = time.process_time()
                draw(r)
                if r:
                    list_.append(time.process_time() - begin)
        out[name] = seconds
    return out


def rows(times, n, d, level):
    """One row for each kind of points."""
    million = n * d / 1e6
    for name, (ours, theirs) in times.items():
        times_faster, bound, _ = ratio(ours, theirs)
        rate = million / np.median(ours)
        target = TARGETS[name][level != "v4"]
        met = rate >= target if target >= 100 else bound >= target
        yield [name, level, f"{rate:.0f}", f"{million / np.median(theirs):.0f}", f"{times_faster:.2f}", f"{bound:.2f}",
               f"{target} M/s" if target >= 100 else f"{target}", "yes" if met else "no"]


HEADER = ["points", "level", "ours, M/s", "theirs, M/s", "ratio", "lower 90 %", "target", "met"]


def main():
    """Measure at two levels and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=21, help="counted turns (default: %(default)s)")
    parser.add_argument("--points", type=int, default=2**20, help="rows of a table, a power of two (default: %(default)s)")
    parser.add_argument("--dim", type=int, default=16, help="columns of a table (default: %(default)s)")
    parser.add_argument("--markdown", action="store_true", help="for docs/benchmarks.md")
    parser.add_argument("--json", action="store_true", help=argparse.SUPPRESS)   # the rows of one level, for the caller
    arguments = parser.parse_args()
    level = _buffon.isa_level()
    table = list(rows(measure(arguments.repeats, arguments.points, arguments.dim), arguments.points, arguments.dim, level))
    if arguments.json:
        print(json.dumps(table))
        return
    if level == "v4":
        command = [sys.executable, "-m", "buffon.experiments.benchmarks.sampling", "--json", f"--repeats={arguments.repeats}",
                   f"--points={arguments.points}", f"--dim={arguments.dim}"]
        table += json.loads(subprocess.check_output(command, env=os.environ | {"BUFFON_ISA": "v3"}, text=True))
    show_benchmark(Table("Million coordinates a second, and the lower end of the ratio's 90 % interval", HEADER, table),
                   arguments.markdown)


if __name__ == "__main__":
    main()
