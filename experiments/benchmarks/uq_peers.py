"""Sobol' indices beside SciPy, SALib and OpenTURNS: errors at equal numbers of evaluations, times, and memory.

    OMP_NUM_THREADS=1 python -m buffon.experiments.benchmarks.uq_peers
        [--repetitions 100] [--turns 11] [--only accuracy] [--markdown]

Needs SciPy; SALib and OpenTURNS where they are installed. All have one thread.

accuracy: root mean square error of all first and total orders over independent runs of the nine functions of `sobol_benchmarks`,
    and how often a 95 % interval holds the exact index. An estimator of N rows of d inputs spends (d + 2) N evaluations; N is the
    largest number below the budget that its package takes: a power of two, but for OpenTURNS. SALib's intervals are of 100
    resamples; SciPy's own bootstrap holds a table of N (N - 1) numbers and is left out.
times: N = 2^16 rows; "outside the model" is what design, indices and intervals take, by processor time, the arms taking turns.
memory: what the resident set of a fresh process grows by, at its peak, while the indices of the g-function of 16 inputs are
    computed; on Linux.
"""
import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np

import buffon as bf
from buffon.experiments._page import markdown, show_benchmark
from buffon.experiments._report import Table, short
from buffon.experiments._sobol_known import functions
from buffon.experiments.benchmarks._ratio import lower_bound
from buffon.experiments.sobol_benchmarks import SIZES

ROWS = 2**16


class Clock:
    """A model that counts its own processor time and evaluations."""

    def __init__(self, model):
        self.model, self.seconds, self.n = model, 0.0, 0

    def __call__(self, x):
        begin = time.process_time()
        y = self.model(x)
        self.seconds += time.process_time() - begin
        self.n += len(x)
        return y


def as_peers_call_it(known):
    """(model, (d, 2) bounds of uniform inputs): inputs of other laws are made from uniforms on the cube."""
    laws = list(known.problem.inputs.laws.values())
    if all(isinstance(law, bf.Uniform) for law in laws):
        return known.model, np.array([[law.lower, law.upper] for law in laws])

    def model(u):
        u = np.clip(u, 2.0**-53, 1 - 2.0**-53)
        return known.model(np.stack([law.quantile(np.ascontiguousarray(u[:, i])) for i, law in enumerate(laws)], axis=1))
    return model, np.array([[0.0, 1.0]] * len(laws))


def power_of_two(budget, dim):
    """N rows, (d + 2) N evaluations."""
    return 2 ** int(np.log2(budget / (dim + 2)))


def scipy_indices(model, box, rows, key):
    """(first, total, half-widths of both or None)."""
    from scipy import stats
    laws = [stats.uniform(loc=low, scale=high - low) for low, high in box]
    found = stats.sobol_indices(func=lambda x: model(np.ascontiguousarray(x.T))[None, :], n=rows, dists=laws, rng=key)
    return found.first_order.ravel(), found.total_order.ravel(), None


def salib_indices(model, box, rows, key):
    from SALib.analyze import sobol as analyze
    from SALib.sample import sobol as sample
    problem = {"num_vars": len(box), "names": [f"x{i}" for i in range(len(box))], "bounds": box.tolist()}
    x = sample.sample(problem, rows, calc_second_order=False, scramble=True, seed=key)
    found = analyze.analyze(problem, model(x), calc_second_order=False, num_resamples=100, conf_level=0.95, seed=key)
    return found["S1"], found["ST"], (found["S1_conf"], found["ST_conf"])


def openturns_indices(model, box, rows, key, algorithm, points="MonteCarlo"):
    import openturns as ot
    ot.RandomGenerator.SetSeed(key)
    ot.ResourceMap.SetAsString("SobolIndicesExperiment-SamplingMethod", points)
    law = ot.JointDistribution([ot.Uniform(low, high) for low, high in box])
    x = ot.SobolIndicesExperiment(law, rows, False).generate()
    y = ot.Sample(np.asarray(model(np.asarray(x))).reshape(-1, 1))
    found = getattr(ot, algorithm + "SensitivityAlgorithm")(x, y, rows)
    found.setUseAsymptoticDistribution(True)
    first, total = np.array(found.getFirstOrderIndices()), np.array(found.getTotalOrderIndices())
    widths = [(np.array(i.getUpperBound()) - np.array(i.getLowerBound())) / 2
              for i in (found.getFirstOrderIndicesInterval(), found.getTotalOrderIndicesInterval())]
    return first, total, widths


def peers():
    """Name -> (indices(model, box, rows, key), rows(budget, dim))."""
    out = {}
    if importlib.util.find_spec("scipy"):
        out["SciPy"] = (scipy_indices, power_of_two)
    if importlib.util.find_spec("SALib"):
        out["SALib"] = (salib_indices, power_of_two)
    if importlib.util.find_spec("openturns"):
        def all_rows(budget, dim):
            return budget // (dim + 2)
        out["OpenTURNS Saltelli"] = (lambda *a: openturns_indices(*a, "Saltelli"), all_rows)
        out["OpenTURNS Martinez"] = (lambda *a: openturns_indices(*a, "Martinez"), all_rows)
        out["OpenTURNS Jansen, QMC"] = (lambda *a: openturns_indices(*a, "Jansen", "QMC"), power_of_two)
    return out


def ours(problem, budget, key, **options):
    """As a peer's: half-widths are of the two-sided interval."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        s = bf.sobol(problem, budget=budget, rng=key, threads=1, **options)
        found = []
        for e in (s.first_order, s.total_order):
            low, high = e.confidence_interval()
            found.append((e.value, (high - low) / 2))
    return found[0][0], found[1][0], (found[0][1], found[1][1])


def arms(known):
    """Name -> indices(budget, key)."""
    model, box = as_peers_call_it(known)
    out = {"Buffon": lambda budget, key: ours(known.problem, budget, key),
           "Buffon, surrogate=False": lambda budget, key: ours(known.problem, budget, key, surrogate=False)}
    for name, (indices, rows) in peers().items():
        out[name] = lambda budget, key, indices=indices, rows=rows: indices(model, box, rows(budget, len(box)), key)
    return out


def accuracy(repetitions, report):
    """Two tables: errors, coverage."""
    names, errors, covered = None, [], []
    for name, known in functions().items():
        for size in SIZES:
            row_error, row_cover = [], []
            for arm in arms(known).values():
                squares, hits = [], []
                for r in range(repetitions):
                    first, total, widths = arm(size, 1000 + r)
                    off = [np.abs(np.ravel(first) - known.first), np.abs(np.ravel(total) - known.total)]
                    squares.append([np.mean(o**2) for o in off])
                    if widths is not None:
                        hits.append(np.mean([o <= w + 1e-12 for o, w in zip(off, widths, strict=True)]))
                row_error.append(" / ".join(short(v) for v in np.sqrt(np.mean(squares, axis=0))))
                row_cover.append(f"{np.mean(hits):.0%}" if hits else "-")
            names = list(arms(known))
            errors.append([f"{name}, {size:,}", *row_error])
            covered.append([f"{name}, {size:,}", *row_cover])
            report(f"{name} {size} {row_error} {row_cover}")
    return [Table(f"Root mean square error of first / total orders, {repetitions} runs", ["", *names], errors),
            Table("Coverage of 95 % intervals, all orders", ["", *names], covered)]


def timed_arms():
    """Case -> arm -> run(key) -> (seconds in all, seconds outside the model)."""
    def of_peer(indices, model, box):
        def run(key):
            clock, begin = Clock(model), time.process_time()
            indices(clock, box, ROWS, key)
            whole = time.process_time() - begin
            return whole, whole - clock.seconds
        return run

    def of_ours(problem, model, dim, options, budget=None):
        def run(key):
            clock = Clock(model) if model else None
            used = bf.Problem(clock, problem.inputs) if model else problem
            begin = time.process_time()
            ours(used, budget or (dim + 2) * ROWS, key, **options)
            whole = time.process_time() - begin
            return whole, whole - (clock.seconds if clock else 0.0)
        return run

    cases = {}
    for name in ("ishigami", "g16"):
        known = functions()[name]
        model, box = as_peers_call_it(known)
        cases[name] = {
            "Buffon, compiled model": of_ours(known.problem, None, len(box), {"surrogate": False}),
            "Buffon, NumPy model": of_ours(known.problem, model, len(box), {"surrogate": False}),
            "Buffon, surrogate, compiled, 65,536 evaluations": of_ours(known.problem, None, len(box), {}, budget=2**16),
            **{peer: of_peer(indices, model, box) for peer, (indices, _) in peers().items()},
        }
    return cases


def times(turns, report):
    """One table a case: milliseconds in all and outside the model, and how many times ours that is."""
    tables = []
    for case, runs in timed_arms().items():
        seconds = {name: [] for name in runs}
        for turn in range(turns + 1):
            for name, run in runs.items():
                taken = run(turn)
                if turn:   # the first round warms up
                    seconds[name].append(taken)
            report(f"{case} turn {turn}")
        rows = []
        reference = np.array(seconds["Buffon, NumPy model"])[:, 1]
        for name, taken in seconds.items():
            whole, outside = np.array(taken).T
            ratios = outside / reference
            of_ours = "" if name.startswith("Buffon") else f"{np.median(ratios):.1f} (≥ {lower_bound(ratios):.1f})"
            rows.append(
                [
                    name,
                    f"{1e3 * statistics.median(whole):.1f} ({1e3 * whole.min():.1f})",
                    "" if "compiled" in name else f"{1e3 * statistics.median(outside):.1f} ({1e3 * outside.min():.1f})",
                    of_ours,
                ]
            )
        header = ["", "ms in all, median (least)", "outside the model", "times Buffon's, NumPy model"]
        tables.append(Table(f"{case}: first and total orders from N = 65,536 rows, {turns} turns", header, rows))
    return tables


def grown(arm):
    """MiB by which a fresh process grows."""
    words = [sys.executable, "-m", "buffon.experiments.benchmarks.uq_peers", "--grow", arm]
    return json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def grow(arm):
    """Run one arm on g16, after one on few rows that loads everything."""
    known = functions()["g16"]
    model, box = as_peers_call_it(known)

    def run(rows):
        if arm == "Buffon":
            ours(known.problem, 18 * rows, 1)
        elif arm == "Buffon, surrogate=False":
            ours(known.problem, 18 * rows, 1, surrogate=False)
        else:
            peers()[arm][0](model, box, rows, 1)
    run(64)
    Path("/proc/self/clear_refs").write_text("5")   # the peak starts again from here
    before = resident("VmRSS")
    run(ROWS)
    print(json.dumps(resident("VmHWM") - before))


def resident(field):
    """MiB of this process."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) / 1024


def memory(report):
    """One table."""
    rows = []
    for arm in ["Buffon", "Buffon, surrogate=False", *peers()]:
        rows.append([arm, f"{grown(arm):.1f}"])
        report(str(rows[-1]))
    return [Table("Growth of memory, g-function of 16 inputs, N = 65,536 rows", ["", "MiB"], rows)]


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=100, help="runs of each arm, function and size (default: %(default)s)")
    parser.add_argument("--turns", type=int, default=11, help="counted turns of the times (default: %(default)s)")
    parser.add_argument("--only", choices=["accuracy", "times", "memory"], help="one of the three parts")
    parser.add_argument("--markdown", action="store_true", help="for docs/benchmarks.md")
    parser.add_argument("--grow", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.grow:
        grow(arguments.grow)
        return
    os.environ.setdefault("OMP_NUM_THREADS", "1")

    def report(words):
        print(words, file=sys.stderr, flush=True)
    parts = {"accuracy": lambda: accuracy(arguments.repetitions, report), "times": lambda: times(arguments.turns, report),
             "memory": lambda: memory(report)}
    chosen = [table for name, part in parts.items() if arguments.only in (None, name) for table in part()]
    for table in chosen[:-1]:
        print((markdown(table, 0) if arguments.markdown else table.text()) + "\n")
    show_benchmark(chosen[-1], arguments.markdown)


if __name__ == "__main__":
    main()
