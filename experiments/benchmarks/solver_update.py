"""What a solver costs beside its denoiser: one step of `sample` with a Python denoiser, and the update alone. One thread.

    OMP_NUM_THREADS=1 python -m buffon.experiments.benchmarks.solver_update [--repeats 15]

A step's overhead is the processor time of `sample` with a Python denoiser that returns the same array always, less that of the same
calls in a Python loop, over the steps. The update's time is the difference between two tables of a compiled denoiser that differ
by update rows only, beside the least time to read and write as many bytes (NumPy's out = a + b, which moves three numbers for one).
"""
import argparse
import statistics
import time

import numpy as np

from buffon import diffusion as bd

SHAPES = [(1, 16_384), (64, 3_072), (4096, 2), (256, 12_288)]
STEPS = 50


def clocked(run):
    """Seconds of processor time."""
    begin = time.process_time()
    run()
    return time.process_time() - begin


def per_step(n, d, repeats, dtype):
    """Microseconds of each turn: a step of `sample` beyond the denoiser's own call."""
    answer = np.zeros((n, d))
    model = bd.Denoiser(lambda x, sigma: answer, dim=d)
    tables = {steps: bd.dpmpp(bd.EDM(), steps=steps) for steps in (STEPS, 2 * STEPS)}
    start = np.ones((n, d))

    def run(steps):
        return clocked(lambda: bd.sample(model, tables[steps], x=start, threads=1, dtype=dtype))
    run(STEPS)
    return [1e6 * (run(2 * STEPS) - run(STEPS)) / STEPS for _ in range(repeats)]


def moved(n, d, repeats):
    """Microseconds of each turn: NumPy's out = a + b of as many float64 numbers."""
    a, b, out = (np.ones((n, d)) for _ in range(3))
    rounds = max(1, 2_000_000 // (n * d))

    def run():
        for _ in range(rounds):
            np.add(a, b, out=out)
    run()
    return [1e6 * clocked(run) / rounds for _ in range(repeats)]


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=15, help="counted turns (default: %(default)s)")
    arguments = parser.parse_args()
    print("state            bytes   step with a Python denoiser (us)   out = a + b (us)")
    for n, d in SHAPES:
        step, add = per_step(n, d, arguments.repeats, "float64"), moved(n, d, arguments.repeats)
        low, _, high = statistics.quantiles(step, n=4)
        print(f"({n}, {d})".ljust(15), f"{8 * n * d:8d}   {statistics.median(step):8.1f} ({low:.1f} ... {high:.1f})"
              f"           {statistics.median(add):8.1f}")


if __name__ == "__main__":
    main()
