"""Rare events beside OpenTURNS: relative errors and processor time of each method at equal numbers of calls, in one process.

    python -m buffon.experiments.benchmarks.rare_peers [--runs 41] [--inputs 10] [--probability 1e-4 1e-6] [--pairs NAME]
        [--threads 1] [--markdown]

OpenTURNS takes 2,000 points a level, as its users choose; the mean number of its evaluations so far is the budget of ours. Both
ask the same NumPy model, which clocks itself, so that "outside the model" is all the rest: what handing points to Python costs is
part of it. Pairs: SubsetSampling and subset; StandardSpaceCrossEntropyImportanceSampling and cross_entropy, NAIS and
cross_entropy (variant plain: levels by quantiles); FORM with importance sampling at its design point, and form; LineSampling
(direction fixed) and line_sampling. W is evaluations times mean squared relative error, with a 95 % interval on the logarithmic
scale; "at equal errors" is the ratio of seconds a run times W. Ratios of times are medians of turns, with the lower 90 % bound of
the median. A run of OpenTURNS that raises, or asks for more than 200,000 evaluations, is named. Needs `pip install openturns`.
"""
import argparse
import math
import statistics
import time
import warnings

import numpy as np

import buffon as bf
from buffon.experiments._page import show_benchmark
from buffon.experiments._report import Table, short
from buffon.experiments.benchmarks._ratio import lower_bound

LEVEL, BLOCK = 2_000, 200
MOST = 200_000
LOOKS = 5
EXACT = 1e-6   # W of what is known up to rounding


class Clocked:
    """|x1 + ... + xd| / sqrt(d) or the sum itself, with the number of its points and its processor time."""

    def __init__(self, dim, both_sides):
        self.scale, self.both_sides, self.n, self.seconds = 1 / math.sqrt(dim), both_sides, 0, 0.0

    def __call__(self, x):
        begin = time.process_time()
        self.n += len(x)
        if self.n > MOST:
            raise RuntimeError(f"more than {MOST:,} evaluations")
        s = x.sum(axis=1) * self.scale
        out = np.abs(s) if self.both_sides else s
        self.seconds += time.process_time() - begin
        return out


class Case:
    """A half-space, or two opposite ones, of this probability."""

    def __init__(self, dim, probability, both_sides):
        self.dim, self.probability, self.both_sides = dim, probability, both_sides
        self.beta = -float(bf.Normal().quantile(np.array([probability / (2 if both_sides else 1)]))[0])
        self.law = bf.Joint([bf.Normal()] * dim)

    def ours(self, estimator, key, budget, threads, **options):
        """(value, evaluations, seconds outside the model, whether it warned)."""
        model = Clocked(self.dim, self.both_sides)
        problem = bf.exceedance(model, self.law, [self.beta])
        begin = time.process_time()
        e = estimator(problem, budget=budget, rng=key, threads=threads, **options)
        return e.value[0], model.n, time.process_time() - begin - model.seconds, bool(e.warnings)

    def theirs(self, method, key):
        """The same of OpenTURNS; the event is made before the clock starts, as our law is."""
        import openturns as ot
        model = Clocked(self.dim, self.both_sides)
        function = ot.PythonFunction(self.dim, 1, func_sample=lambda x: model(np.asarray(x))[:, None])
        vector = ot.CompositeRandomVector(function, ot.RandomVector(ot.Normal(self.dim)))
        event = ot.ThresholdEvent(vector, ot.Greater(), self.beta)
        ot.RandomGenerator.SetSeed(key)
        begin = time.process_time()
        value, told = method(ot, event, self.dim)
        return value, model.n, time.process_time() - begin - model.seconds, told


def _simulated(algorithm, blocks=LEVEL // BLOCK, size=BLOCK):
    algorithm.setMaximumOuterSampling(blocks)
    algorithm.setBlockSize(size)
    algorithm.run()
    return algorithm.getResult().getProbabilityEstimate(), False


def _design_point(ot, event, dim):
    search = ot.AbdoRackwitz()
    search.setStartingPoint(ot.Point(dim, 0.1))
    search.setCheckStatus(False)
    form = ot.FORM(search, event)
    form.run()
    return form.getResult().getStandardSpaceDesignPoint()


def _form(ot, event, dim):
    normal = ot.Normal(_design_point(ot, event, dim), ot.CovarianceMatrix(dim))
    sampling = ot.ProbabilitySimulationAlgorithm(ot.StandardEvent(event), ot.ImportanceSamplingExperiment(normal))
    sampling.setMaximumCoefficientOfVariation(0.0)
    return _simulated(sampling)


def _lines(ot, event, dim):
    import openturns.experimental as experimental
    sampling = experimental.LineSampling(event, _design_point(ot, event, dim), ot.RootStrategy(ot.MediumSafe()))
    sampling.setAdaptiveImportantDirection(False)
    sampling.setMaximumCoefficientOfVariation(0.0)
    return _simulated(sampling, 100, 1)


# Theirs; ours with its options. Points a level: 2,000.
PAIRS = {
    ("SubsetSampling", "subset"): (lambda ot, e, d: _simulated(ot.SubsetSampling(e), LEVEL // 20, 20), bf.subset, {}),
    ("StandardSpaceCrossEntropyIS", "cross_entropy"): (
        lambda ot, e, d: _simulated(ot.StandardSpaceCrossEntropyImportanceSampling(e, 0.3)), bf.cross_entropy, {}),
    ("NAIS", "cross_entropy, plain"): (lambda ot, e, d: _simulated(ot.NAIS(e, 0.1)), bf.cross_entropy, {"variant": "plain"}),
    ("FORM + IS", "form"): (_form, bf.form, {}),
    ("LineSampling, fixed direction", "line_sampling"): (_lines, bf.line_sampling, {}),
}


def measure(case, pair, runs, threads):
    """Ours at as many evaluations: {"theirs": [...], "ours": [...]} of (value, n, seconds, warned), or the words of a failure."""
    method, estimator, options = PAIRS[pair]
    found = {"theirs": [], "ours": [], "failure": ""}
    counts = []
    for r in range(-LOOKS, runs):   # before the first turn a few runs say how many evaluations theirs take
        if not found["failure"]:
            try:
                row = case.theirs(method, 1_000 + r)
                counts.append(row[1])
                found["theirs"] += [row] * (r >= 0)
            except Exception as error:  # whatever it raises is its result
                found["failure"] = next(
                    (line for line in str(error).splitlines() if "evaluations" in line), str(error).splitlines()[0]
                )[:60]
        if r < 0:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found["ours"].append(case.ours(estimator, 1_000 + r, int(np.mean(counts or [10_000])), threads, **options))
    return found


def _w(rows, probability):
    """(W, low, high, mean of value / probability)."""
    relative = np.array([value for value, *_ in rows]) / probability
    squares, n = (relative - 1) ** 2, np.mean([n for _, n, *_ in rows])
    w = n * squares.mean()
    spread = math.exp(1.96 * squares.std(ddof=1) / math.sqrt(len(squares)) / squares.mean()) if w > 0 and len(rows) > 1 else 1.0
    return w, w / spread, w * spread, relative.mean()


def table(results):
    """A row per case and pair."""
    rows = []
    for (case, (their_name, _)), found in results.items():
        ours = _w(found["ours"], case.probability)
        name = f"{'two' if case.both_sides else 'one'}, {case.dim}, {case.probability:.0e}".replace("e-0", "e-")
        n = f"{np.mean([n for _, n, *_ in found['ours']]):,.0f}"
        if not found["theirs"]:
            rows.append([f"{name}: {their_name}", n, f"fails: {found['failure']}", _spread(ours), "", "", ""])
            continue
        theirs = _w(found["theirs"], case.probability)
        ratios = [t[2] / o[2] for t, o in zip(found["theirs"], found["ours"], strict=False)][1:]   # the first turn is not counted
        middle = [statistics.median(row[2] for row in found[side]) for side in ("theirs", "ours")]
        rows.append(
            [
                f"{name}: {their_name}",
                n,
                _spread(theirs),
                _spread(ours),
                f"{1e3 * middle[0]:.1f} / {1e3 * middle[1]:.1f}",
                f"{statistics.median(ratios):.1f} (≥ {lower_bound(ratios):.1f})",
                _at_equal_errors(theirs[0] * middle[0], ours[0] * middle[1]),
            ]
        )
    header = [
        "regions, inputs, probability: OpenTURNS",
        "evaluations",
        "W",
        "W of ours",
        "ms outside the model, theirs / ours",
        "ratio (≥ lower 90 % bound)",
        "ratio at equal errors",
    ]
    return Table(
        "OpenTURNS, and ours of as many evaluations",
        header,
        rows,
        "Ours: " + ", ".join(f"{o} beside {t}" for t, o in PAIRS),
    )


def _at_equal_errors(theirs, ours):
    """Seconds a run times its squared error, for as many evaluations."""
    exact = EXACT * 1e-3
    return (
        "both exact"
        if max(theirs, ours) < exact
        else "exact"
        if ours < exact
        else "theirs exact"
        if theirs < exact
        else short(theirs / ours)
    )


def _spread(w):
    return f"exact, {w[3]:.2f} p" if w[0] < EXACT else f"{short(w[0])} ({short(w[1])} ... {short(w[2])}), mean {w[3]:.2f} p"


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=41, help="runs of each method (default: %(default)s)")
    parser.add_argument("--inputs", type=int, nargs="*", default=[10], help="numbers of inputs (default: 10)")
    parser.add_argument("--probability", type=float, nargs="*", default=[1e-4, 1e-6], help="probabilities (default: 1e-4 1e-6)")
    parser.add_argument("--pairs", default="", help="only those whose names hold this (default: all)")
    parser.add_argument("--threads", type=int, default=1, help="of ours (default: %(default)s)")
    parser.add_argument("--markdown", action="store_true", help="for docs/benchmarks.md")
    arguments = parser.parse_args()
    try:
        import openturns as ot
    except ImportError:
        raise SystemExit("rare_peers: pip install openturns") from None
    ot.Log.Show(ot.Log.NONE)
    ot.TBB.SetThreadsNumber(1)
    results = {}
    for both_sides in (False, True):
        for dim in arguments.inputs:
            for probability in arguments.probability:
                case = Case(dim, probability, both_sides)
                for pair in (pair for pair in PAIRS if arguments.pairs in " ".join(pair)):
                    results[case, pair] = measure(case, pair, arguments.runs, arguments.threads)
    print(f"OpenTURNS {ot.__version__}, {arguments.runs} runs\n")
    show_benchmark(table(results), arguments.markdown)


if __name__ == "__main__":
    main()
