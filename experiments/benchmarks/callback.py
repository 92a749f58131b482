"""What calling a Python model costs on top of the model itself: one thread, processor time.

    python -m buffon.experiments.benchmarks.callback [--repeats 25] [--rows 1048576] [--points 32768] [--markdown]

Cost per row = (run with the Python model - run with a compiled model that does nothing - the model itself) / rows. A run is
bf.plain over uniform inputs; the compiled model takes away what drawing and averaging cost. A vectorised model clocks itself
inside the run: its points were written some milliseconds before, and reading them takes longer than in a loop over points
that stay in the cache, which is shown beside it. A scalar model is called at one point, over and over, in a Python loop. The
arms take turns; a figure is the median of the differences of one turn, with quartiles. With OpenTURNS installed, its
PythonFunction is measured at the same points, less the model in a loop. A C compiler (CC or cc) is needed.
"""
import argparse
import ctypes
import itertools
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

import buffon as bf
from buffon.experiments._page import show_benchmark
from buffon.experiments._report import Table

BATCH = 65_536
DIMENSIONS = (2, 8, 16)
NOTHING = "void nothing(long n, long d, const double *x, long m, double *y) { (void)n; (void)d; (void)x; (void)m; (void)y; }\n"


def product(x):
    """A vectorised model: one pass over two columns."""
    return x[:, 0] * x[:, 1]


def point_product(p):
    """The same at one point."""
    return p[0] * p[1]


class Clocked:
    """The vectorised model with the processor time that it took."""

    def __init__(self):
        self.seconds = 0.0

    def __call__(self, x):
        begin = time.process_time()
        y = product(x)
        self.seconds += time.process_time() - begin
        return y

    def taken(self):
        """The time since the last question."""
        taken, self.seconds = self.seconds, 0.0
        return taken


def nothing():
    """The compiled model that leaves y at zero."""
    compiler = os.environ.get("CC") or shutil.which("cc")
    if not compiler:
        raise SystemExit("callback: a C compiler is needed: set CC or install cc")
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder) / "nothing.c", Path(folder) / "nothing.so"
        source.write_text(NOTHING)
        subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, source], check=True)
        function = ctypes.CDLL(str(library)).nothing
    pointer, number = ctypes.POINTER(ctypes.c_double), ctypes.c_int64
    function.argtypes, function.restype = [number, number, pointer, number, pointer], None
    return function


def seconds(call):
    """Processor time of one call."""
    begin = time.process_time()
    call()
    return time.process_time() - begin


def cost(repeats, n, run, idle, loop, itself=None):
    """Nanoseconds a row, one figure a turn: (run - idle - itself, itself, loop); the first turn is not counted.

    ``loop`` and ``itself`` say their own times; without ``itself`` it is that of the loop.
    """
    turns = []
    for _ in range(repeats + 1):
        whole, nothing, looped = seconds(run), seconds(idle), loop()
        model = itself() if itself else looped
        turns.append([1e9 * t / n for t in (whole - nothing - model, model, looped)])
    return list(zip(*turns[1:], strict=True))


def measure(repeats, rows, points):
    """(name, inputs) -> (cost of the call, model itself, model in a loop), lists of nanoseconds a row."""
    out, idle_model = {}, nothing()
    for d in DIMENSIONS:
        law = bf.Joint([bf.Uniform()] * d)
        x = law.sample(BATCH, rng=1)
        options = {"batch": BATCH, "threads": 1, "rng": 1}

        def arms(problem, n, *others, law=law, options=options):
            idle = bf.Problem(idle_model, law)
            return cost(repeats, n, lambda: bf.plain(problem, budget=n, **options),
                        lambda: bf.plain(idle, budget=n, **options), *others)
        clocked = Clocked()
        vectorised, scalar = bf.Problem(clocked, law), bf.Problem(point_product, law, vectorized=False)
        out["vectorised", d] = arms(vectorised, rows, lambda x=x: _batches(x, rows // BATCH), clocked.taken)
        out["scalar", d] = arms(scalar, points, lambda x=x: _points(x[0].copy(), points))
        out.update(_openturns(repeats, x, rows, points))
    return out


def _batches(x, count):
    """Time of the vectorised model in a loop over the same points."""
    return seconds(lambda: [product(x) for _ in range(count)])


def _points(p, n):
    """Time of the scalar model in a loop at one point."""
    def calls():
        for _ in itertools.repeat(None, n):
            point_product(p)
    return seconds(calls)


def _openturns(repeats, x, rows, points):
    """Its functions at the same points; a Sample of its own, so that no conversion is counted but that for Python."""
    try:
        import openturns as ot
    except ImportError:
        return {}
    d = x.shape[1]
    batch, few = ot.Sample(x), ot.Sample(x[:points])
    vectorised = ot.PythonFunction(d, 1, func_sample=lambda s: product(np.asarray(s))[:, None])
    scalar = ot.PythonFunction(d, 1, func=lambda p: [point_product(p)])
    p = x[0].copy()
    calls = range(rows // BATCH)
    return {
        ("OpenTURNS, vectorised", d): cost(repeats, rows, lambda: [vectorised(batch) for _ in calls], lambda: None,
                                           lambda: _batches(x, len(calls))),
        ("OpenTURNS, scalar", d): cost(repeats, len(few), lambda: scalar(few), lambda: None,
                                       lambda: _points(p, len(few))),
    }


def table(results):
    """Nanoseconds a row, median (quartiles)."""
    rows = [[f"{name}, {d} inputs", *map(_cell, columns)] for (name, d), columns in sorted(results.items())]
    return Table("Nanoseconds a row, median (lower ... upper quartile)",
                 ["", "cost of the call", "model itself", "model in a loop"], rows)


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=25, help="counted turns (default: %(default)s)")
    parser.add_argument("--rows", type=int, default=16 * BATCH, help="rows of a vectorised run (default: %(default)s)")
    parser.add_argument("--points", type=int, default=BATCH // 2, help="points of a scalar run (default: %(default)s)")
    parser.add_argument("--markdown", action="store_true", help="for docs/benchmarks.md")
    arguments = parser.parse_args()
    result = table(measure(arguments.repeats, arguments.rows, arguments.points))
    show_benchmark(result, arguments.markdown)


def _cell(values):
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:.1f} ({low:.1f} ... {high:.1f})"


if __name__ == "__main__":
    main()
