"""Do the intervals of rare events keep their word?

`form`, `cross_entropy`, `subset` and `line_sampling` on events with known probabilities.

A cell is one event: the share of runs whose 95 % interval covers, the mean of z^2 = (value - answer)^2 / standard error^2 beside
what Student's law says, the claimed variance over that of the values, the share of runs that warn, and of those that miss without
a warning. Half-spaces and pairs of them in 10 inputs (1e-4, 1e-6), four branches, a parabola with two design points, a non-linear
oscillator (9e-6), a series and a parallel system of correlated components in 10 inputs (4e-5 and 2e-5).

Controls that are expected to lose a region: `form` with a single descent and `cross_entropy` with one Gaussian. What they must
not do is lose it in silence.
"""
import zlib
from dataclasses import dataclass

import numpy as np

import buffon as bf
from buffon.experiments import coverage
from buffon.experiments._calibration import cells, interval, mean_record, record
from buffon.experiments._claims import Claim
from buffon.experiments._processes import mapped
from buffon.experiments._report import Table, short

MEAN = coverage.MEAN
ARMS = {
    "form": (bf.form, {}), "cross_entropy": (bf.cross_entropy, {}), "cross_entropy, vmfn": (bf.cross_entropy, {"family": "vmfn"}),
    "subset": (bf.subset, {}), "line_sampling": (bf.line_sampling, {}),
    "one descent": (bf.form, {"starts": 0}), "one Gaussian": (bf.cross_entropy, {"components": 1}),
}
TIMES = {"subset": 4}   # budgets: of 5,000 evaluations a few first points carry its value, and every run says so
CONTROLS = ("one descent", "one Gaussian")
METHODS = tuple(arm for arm in ARMS if arm not in CONTROLS)
SMOOTH = ("form", "cross_entropy", "cross_entropy, vmfn")

EXPECTED = (
    *(Claim(f"{arm}: misses without a warning", arm, measure="silent_misses", at_most=0.07) for arm in METHODS),
    *(
        Claim(
            f"{arm}: mean coverage of cells without warnings",
            arm,
            MEAN,
            "coverage",
            at_least=0.93,
            at_most=0.97,
            small=False,
        )
        for arm in METHODS
    ),
    *(
        Claim(
            f"{arm}: claimed variance over that of the values",
            arm,
            measure="variance_ratio",
            at_least=0.85,
            at_most=1.18,
            small=False,
        )
        for arm in (*SMOOTH, "subset")
    ),
    *(
        Claim(f"{arm}: a control misses without a warning", arm, measure="silent_misses", at_most=0.1)
        for arm in CONTROLS
    ),
)


@dataclass(frozen=True)
class Config:
    """``budget`` evaluations a run, four times as many of subset; ``estimators``: names of arms with semicolons, or all;
    cells on so many ``processes``."""

    budget: int = 5_000
    repetitions: int = 500
    estimators: str = "all"
    rng: int = 1
    threads: int = 1
    processes: int = 1

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(budget=4_000, repetitions=4)


def problems():
    """Case -> problem with a known answer."""
    testing = bf.testing
    known = {}
    for text, p in (("1e-4", 1e-4), ("1e-6", 1e-6)):
        known[f"one region, 10, {text}"] = testing.linear_exceedance(10, [_beta(p)])
        known[f"two regions, 10, {text}"] = testing.two_sided_exceedance(10, [_beta(p / 2)])
    known["four branches, 2, 6e-5"] = testing.four_branch([-1])
    known["parabola, 2, 3e-3"] = testing.parabolic()
    known["oscillator, 6, 9e-6"] = testing.oscillator()
    known["series system, 10, 4e-5"] = testing.component_system(10, [4.0, 4.2], 0.5)
    known["parallel system, 10, 2e-5"] = testing.component_system(10, [3.0, 3.5], 0.5, True)
    return known


def run(config, progress=None):
    """A record for each cell and for the mean of each arm's cells; ``progress(n, total)`` counts evaluations."""
    arms = list(ARMS) if config.estimators == "all" else [word.strip() for word in config.estimators.split(";")]
    studies = [(arm, case) for arm in arms for case in problems()]
    cost = config.budget * config.repetitions
    found = {arm: [] for arm in arms}
    for i, ((arm, _), cell) in enumerate(
        zip(studies, mapped(_study, [(*study, config) for study in studies], config.processes), strict=True)
    ):
        found[arm].append(cell)
        if progress:
            progress((i + 1) * cost, len(studies) * cost)
    return [{"kind": "coverage", **row, "budget": config.budget, "repetitions": config.repetitions}
            for arm in arms for row in _records(arm, found[arm])]


def tables(records):
    """What `buffon run` prints: the means, then every cell."""
    return [coverage.mean_table(records), *(cell_table(records, arm) for arm in dict.fromkeys(r["arm"] for r in records))]


def cell_table(records, arm):
    """A row per event."""
    rows = [
        [
            r["case"],
            f"{r['coverage']:.1%} ({r['coverage_low']:.1%} ... {r['coverage_high']:.1%})",
            _with(r["variance_ratio"], r["variance_ratio_se"]),
            f"{short(r['z2'])} ± {short(r['z2_se'])}",
            short(r["z2_expected"]),
            f"{r['warned']:.1%}",
            f"{r['silent_misses']:.1%}",
        ]
        for r in records
        if r["arm"] == arm and r["case"] != MEAN
    ]
    header = [
        "",
        "coverage (95 %)",
        "claimed variance over that of the values",
        "mean z^2",
        "of Student's law",
        "runs warned",
        "misses without a warning",
    ]
    return Table(arm, header, rows)


def picture(records, path):
    """Coverage of every cell with its interval, hollow where runs warn."""
    coverage.picture(records, path)


def variance_ratio(values, errors):
    """Mean squared standard error over the variance of the values, and its standard error by the jackknife; None where nothing
    varies."""
    values, squares = np.asarray(values), np.asarray(errors) ** 2
    n, off = len(values), (values - np.mean(values)) ** 2
    if n < 3 or not off.sum() > 1e-18 * np.sum(values**2):
        return None, None
    left = (off.sum() - off * n / (n - 1)) / (n - 2)             # variance without each of them
    each = (squares.sum() - squares) / (n - 1) / left
    return float(squares.mean() / off.sum() * (n - 1)), float(np.sqrt((n - 1) / n * np.sum((each - each.mean()) ** 2)))


def _study(arm, case, config):
    """The cell, and the ratio of variances."""
    estimate, options = ARMS[arm]
    known = problems()[case]
    runs = []
    for r in range(config.repetitions):
        key = np.random.SeedSequence([config.rng, zlib.crc32(f"{arm} {case}".encode()), r])
        runs.append(
            interval(
                estimate(
                    known.problem, rng=key, budget=config.budget * TIMES.get(arm, 1), threads=config.threads, **options
                )
            )
        )
    (cell,) = cells(case, known.exact, [case], runs)
    return cell, variance_ratio([e.value[0] for e, _, _ in runs], [e.std_error[0] for e, _, _ in runs])


def _records(arm, found):
    head = {"arm": arm, "role": "control" if arm in CONTROLS else "method"}
    for cell, (ratio, error) in found:
        yield {"case": cell.problem, **head, **record(cell), "variance_ratio": ratio, "variance_ratio_se": error}
    yield {"case": MEAN, **head, **mean_record([cell for cell, _ in found])}


def _beta(p):
    return -float(bf.Normal().quantile(np.array([p]))[0])


def _with(value, error):
    return "-" if value is None else f"{value:.2f} ± {error:.2f}"


__all__ = ["Config", "EXPECTED", "cell_table", "picture", "problems", "run", "tables", "variance_ratio"]
