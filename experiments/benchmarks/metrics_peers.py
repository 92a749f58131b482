"""Distances between samples beside what one writes with torch, SciPy, prdc and POT: processor time of one thread, and values.

    OMP_NUM_THREADS=1 python -m buffon.experiments.benchmarks.metrics_peers
        [--repeats 7] [--rows 10000] [--only frechet] [--markdown]

energy, mmd, kid: two normal samples of 10,000 rows in 64 dimensions, all pairs. Ours are in double precision; torch in single
and in double, in blocks of 1,000 rows, with `cdist` or a matrix product. frechet: 5,000 rows in 2,048 dimensions, NumPy's
covariances and SciPy's `sqrtm` of their product. prdc: 5,000 rows in 64 dimensions, the package of this name, all with k = 5. w2:
four blocks of 1,000 rows in 16 dimensions, POT's `emd2` of each table of squared distances. sliced_w2: 10,000 rows in 64
dimensions and 128 directions, the same in both. The arms take turns. Needs torch, SciPy, prdc and POT for the rows of their
names.
"""
import argparse
import contextlib
import statistics
import time

import numpy as np

import buffon as bf
from buffon import diffusion as bd
from buffon.experiments._page import show_benchmark
from buffon.experiments._report import Table
from buffon.experiments.benchmarks._ratio import lower_bound

BANDWIDTH = 11.3


def kernels():
    """Name -> function of two torch tensors."""
    import torch
    return {"energy": lambda a, b: -torch.cdist(a, b),
            "mmd": lambda a, b: torch.exp(-torch.cdist(a, b) ** 2 / (2 * BANDWIDTH**2)),
            "kid": lambda a, b: (a @ b.T / a.shape[1] + 1) ** 3}


def theirs(kernel, x, y, block=1000):
    """The unbiased squared distance."""
    import torch

    def total(a, b):
        return sum(kernel(rows, b).double().sum().item() for rows in torch.split(a, block))

    def itself(a):
        return sum(kernel(rows, rows).diagonal().sum().item() for rows in torch.split(a, 50))
    n, m = len(x), len(y)
    own, other = (total(a, a) - itself(a) for a in (x, y))
    return own / (n * (n - 1)) + other / (m * (m - 1)) - 2 * total(x, y) / (n * m)


def distances(rows):
    """metric -> arm -> function that gives the value."""
    import torch
    torch.set_num_threads(1)
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(rows, 64)), rng.normal(0.05, 1, size=(rows, 64))
    single, double = ([torch.from_numpy(a).to(dtype) for a in (x, y)] for dtype in (torch.float32, torch.float64))
    ours = {
        "energy": lambda: bd.energy(x, y, threads=1),
        "mmd": lambda: bd.mmd(x, y, bandwidth=BANDWIDTH, threads=1),
        "kid": lambda: bd.kid(x, y, threads=1),
    }
    return {
        name: {
            "Buffon, double": lambda name=name: ours[name]().value[0],
            "torch, single": lambda kernel=kernel: theirs(kernel, *single),
            "torch, double": lambda kernel=kernel: theirs(kernel, *double),
        }
        for name, kernel in kernels().items()
    }


def frechet():
    """The same of the Frechet distance."""
    from scipy.linalg import sqrtm
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(5000, 2048)), rng.normal(0, 1.1, size=(5000, 2048))

    def by_roots():
        a, b = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
        return ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(a) + np.trace(b) - 2 * np.trace(sqrtm(a @ b)).real
    return {"frechet": {"Buffon": lambda: bd.frechet(x, y, threads=1).value[0], "SciPy": by_roots}}


def prdc():
    """The same of precision; all four values are computed."""
    from prdc import compute_prdc
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(5000, 64)), rng.normal(size=(5000, 64))

    def package():
        with contextlib.redirect_stdout(None):   # it prints its sizes
            return compute_prdc(y, x, 5)["precision"]
    return {"prdc": {"Buffon": lambda: bd.prdc(x, y, precision_k=5, threads=1).value[0], "prdc": package}}


def wasserstein(rows):
    """The same of W2, exact and sliced."""
    import ot
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(4000, 16)), rng.normal(0.1, 1, size=(4000, 16))
    wide, other = rng.normal(size=(rows, 64)), rng.normal(0.05, 1.1, size=(rows, 64))
    directions = bf.Stream(1).normal(128, 64)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)

    def blocks():
        return np.sqrt(np.mean([ot.emd2([], [], ot.dist(x[b::4], y[b::4])) for b in range(4)]))
    return {"w2": {"Buffon": lambda: bd.w2(x, y, blocks=4, threads=1).value[0], "POT": blocks},
            "sliced_w2": {"Buffon": lambda: bd.sliced_w2(wide, other, directions=128, rng=1, threads=1).value[0],
                          "POT": lambda: ot.sliced_wasserstein_distance(wide, other, projections=directions.T)}}


def measure(cases, repeats):
    """metric -> arm -> [(seconds, value)]."""
    out = {}
    for name, arms in cases.items():
        found = out[name] = {arm: [] for arm in arms}
        for turn in range(repeats + 1):
            for arm, run in arms.items():
                begin = time.process_time()
                value = run()
                if turn:   # the first round warms up
                    found[arm].append((time.process_time() - begin, value))
    return out


def table(found):
    """A row for each metric and arm."""
    rows = []
    for metric, arms in found.items():
        ours = np.array([s for s, _ in next(iter(arms.values()))])
        for arm, runs in arms.items():
            seconds = np.array([s for s, _ in runs])
            ratio = "" if arm.startswith("Buffon") else f"{np.median(seconds / ours):.2f} (≥ {lower_bound(seconds / ours):.2f})"
            rows.append(
                [
                    f"{metric}, {arm}",
                    f"{statistics.median(seconds):.2f} ({seconds.min():.2f})",
                    ratio,
                    f"{runs[0][1]:.9f}",
                ]
            )
    return Table("Seconds, median (least)", ["", "s", "times Buffon's", "value"], rows)


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7, help="counted runs of each arm (default: %(default)s)")
    parser.add_argument("--rows", type=int, default=10_000, help="rows of both samples (%(default)s)")
    parser.add_argument("--only", choices=["distances", "frechet", "prdc", "wasserstein"], help="these rows alone")
    parser.add_argument("--markdown", action="store_true", help="for docs/benchmarks.md")
    arguments = parser.parse_args()
    makers = {
        "distances": lambda: distances(arguments.rows),
        "frechet": frechet,
        "prdc": prdc,
        "wasserstein": lambda: wasserstein(arguments.rows),
    }
    cases = {}
    for name, make in makers.items():
        if arguments.only in (None, name):
            cases |= make()
    show_benchmark(table(measure(cases, arguments.repeats)), arguments.markdown)


if __name__ == "__main__":
    main()
