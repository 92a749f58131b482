"""Do the intervals keep their word? Every estimator on every problem with a known answer, a thousand runs of each.

A cell is one output of one problem (bf.testing.all_problems). It holds the share of runs whose 95 % interval covers the
answer, the mean of z^2 = (value - answer)^2 / standard error^2 beside what Student's law says it should be, and the share of
runs that warn of this output: heavy tails, an event never hit, a proposal that has not settled. Where theory applies, an
interval covers in 92 to 98 % of the runs and the mean over the cells is 94 to 96 %; where it does not, the run must say so:
what counts in every cell is the share of runs that miss without a warning. `control` takes the inputs for controls of plain
Monte Carlo. The control arm of the campaign shows that it sees an interval that is too short: four scrambled nets with the
normal law's 1.96 standard errors cover in 85.5 % of the runs.
Source: Student's law for means of few replicates (Gosset, Biometrika 6, 1908); here with the problems of bf.testing.
"""
import zlib
from dataclasses import dataclass

import numpy as np

import buffon as bf
from buffon import _buffon
from buffon.experiments._calibration import RARE, cells, interval, mean_record, record
from buffon.experiments._claims import Claim
from buffon.experiments._report import Table, new_figure, save, short

CONTROL = "quasi, 4 nets, normal"
MEAN = "mean of the cells"
# Proposals of importance: N(shift, scale^2 I), for problems with standard normal inputs.
PROPOSALS = {
    "gaussian_moments": (0, 3), "zero_variance": (0.3, 1.3), "linear_exceedance_2": (2, 1.3), "linear_exceedance_10": (0.9, 1.1),
    "four_branch": (0, 2), "cosines": (0, 1.1), "half_space_20": (0.1, 1.1), "half_space_50": (0.3, 1.0), "odd": (0, 1.4),
    "peaks": (0, 1.2), "shell": (0, 1.7), "maximum": (0, 1.1),
}


def _expected(arm):
    return (
        Claim(f"{arm}: misses without a warning", arm, measure="silent_misses", at_most=0.08, small=False),
        Claim(f"{arm}: coverage of a cell without warnings", arm, measure="unwarned_coverage", at_least=0.92, at_most=0.98,
              small=False),
        Claim(f"{arm}: mean coverage of these", arm, MEAN, "coverage", at_least=0.94, at_most=0.96),
    )


EXPECTED = (
    *(claim for arm in ("plain", "quasi", "importance", "control", "aiscv", "amis") for claim in _expected(arm)),
    Claim("four nets with the normal law: too short", CONTROL, MEAN, "coverage", at_most=0.9, sure=True),
)


@dataclass(frozen=True)
class Config:
    """``budget`` evaluations a run; ``estimators``: names with commas; ``laws`` of the beam where one run takes many."""

    budget: int = 10_000
    repetitions: int = 1000
    estimators: str = "plain, quasi, importance, control, aiscv, amis"
    laws: int = 10
    rng: int = 1
    threads: int = 1

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(budget=4_000, repetitions=12)


def run(config, progress=None):
    """A record for each cell and for the mean of each arm's cells; ``progress(n, total)`` counts evaluations."""
    studies = [(arm, known) for arm in _arms(config) for known in _problems(config) if _options(arm, known) is not None]
    cost = config.budget * config.repetitions
    found = {arm: [] for arm in _arms(config)}
    for i, (arm, known) in enumerate(studies):
        count = progress and (lambda runs, i=i: progress(i * cost + runs * config.budget, len(studies) * cost))
        found[arm] += _study(arm, known, config, count)
    return [{"kind": "coverage", **row, "budget": config.budget, "repetitions": config.repetitions}
            for arm in found for row in _records(arm, found[arm])]


def tables(records):
    """What `buffon run` prints: the means, the cells that stand out, then every cell."""
    return [
        mean_table(records),
        outside_table(records),
        *(cell_table(records, arm) for arm in dict.fromkeys(r["arm"] for r in records)),
    ]


def mean_table(records):
    """A row per arm."""
    rows = [[r["arm"], f"{r['n_cells']}", f"{r['n_unwarned']}", *_coverage_of(r), f"{r['worst_silent_misses']:.1%}"]
            for r in records if r["case"] == MEAN]
    header = ["", "cells", "without warnings", "mean coverage of these", "lowest ... highest", "most misses without a warning"]
    size = f"{records[0]['repetitions']:,} runs of {records[0]['budget']:,} evaluations"
    return Table(f"Coverage of 95 % intervals, {size} in each cell", header, rows)


def outside_table(records, low=0.93, high=0.97):
    """Cells of the methods that cover in fewer or more of the runs than that, those with most misses without a warning first."""
    found = [r for r in records if r["role"] == "method" and r["case"] != MEAN and not low <= r["coverage"] <= high]
    rows = [
        [
            r["arm"],
            r["case"],
            f"{r['coverage']:.1%} ({r['coverage_low']:.1%} ... {r['coverage_high']:.1%})",
            f"{r['warned']:.1%}",
            f"{r['silent_misses']:.1%}",
        ]
        for r in sorted(found, key=lambda r: -r["silent_misses"])
    ]
    header = ["", "cell", "coverage (95 %)", "runs warned", "misses without a warning"]
    return Table(f"Cells outside {low:.0%} ... {high:.0%}", header, rows)


def cell_table(records, arm):
    """A row per cell of this arm."""
    rows = [[r["case"], f"{r['coverage']:.1%} ({r['coverage_low']:.1%} ... {r['coverage_high']:.1%})",
             f"{short(r['z2'])} ± {short(r['z2_se'])}", short(r["z2_expected"]),
             f"{r['warned']:.1%}", f"{r['silent_misses']:.1%}"]
            for r in records if r["arm"] == arm and r["case"] != MEAN]
    return Table(arm, ["", "coverage (95 %)", "mean z^2", "of Student's law", "runs warned", "misses without a warning"], rows)


def picture(records, path):
    """Coverage of every cell with its interval, hollow where runs warn."""
    arms = list(dict.fromkeys(r["arm"] for r in records))
    figure, axes = new_figure(len(arms), (1.6 * len(arms) + 1.2, 4.0))
    for ax, arm in zip(axes, arms, strict=True):
        found = sorted((r for r in records if r["arm"] == arm and r["case"] != MEAN), key=lambda r: r["coverage"])
        ax.axvspan(0.92, 0.98, color="0.92")
        ax.axvline(0.95, color="black", linewidth=0.6)
        ax.hlines(range(len(found)), [r["coverage_low"] for r in found], [r["coverage_high"] for r in found], "C7", linewidth=0.8)
        faces = ["C0" if r["warned"] <= RARE else "white" for r in found]
        ax.scatter([r["coverage"] for r in found], range(len(found)), 12, faces, edgecolors="C0", linewidths=0.8, zorder=3)
        ax.set_xlim(min(0.8, *(r["coverage_low"] for r in found)) - 0.01, 1.01)
        ax.set_yticks([])
        ax.set_title(arm, fontsize=9)
    axes[0].set_ylabel("cells in the order of their coverage; hollow: warned")
    save(figure, path)


def _coverage_of(record):
    """Mean and range of the cells without warnings; where there are none nothing."""
    if record["coverage"] is None:
        return "-", "-"
    return f"{record['coverage']:.1%} ± {record['coverage_se']:.1%}", f"{record['lowest']:.1%} ... {record['highest']:.1%}"


def _arms(config):
    chosen = [word.strip() for word in config.estimators.split(",")]
    for word in chosen:
        known = [name for name, (positional, _) in _buffon.registry.items() if positional == ["problem"]]
        if word not in known:
            raise ValueError(f"coverage: estimators must be among {', '.join(known)}, got {word!r}")
    return [*chosen, CONTROL]


def _problems(config):
    """All of them, the beam's laws in moderate number."""
    return [bf.testing.cantilever_laws(config.laws) if known.laws else known for known in bf.testing.all_problems()]


def _options(arm, known):
    """What the arm needs beside a problem and a run; None where it has no use for this problem."""
    if known.laws:
        return {"laws": known.laws} if arm in ("aiscv", "amis") else None
    if arm == CONTROL:
        return {"replicates": 4}
    if arm == "control":   # of plain: the inputs themselves
        return {"controls": lambda x: x, "means": np.atleast_1d(known.problem.inputs.mean).tolist()}
    if arm != "importance":
        return {}
    shift, scale = PROPOSALS.get(known.name, (0, None))
    dim = known.problem.dim
    return scale and {"proposal": bf.MultivariateNormal(np.full(dim, shift), scale**2 * np.eye(dim))}


def _study(arm, known, config, count):
    """The cells of one problem."""
    estimate = bf.quasi if arm == CONTROL else getattr(bf, arm)
    budget = 1 << (config.budget.bit_length() - 1) if arm == CONTROL else config.budget   # a power of two: four nets, not more
    options = {"budget": budget, "threads": config.threads, **_options(arm, known)}
    runs = []
    for r in range(config.repetitions):
        key = np.random.SeedSequence([config.rng, zlib.crc32(f"{arm} {known.name}".encode()), r])
        e = estimate(known.problem, rng=key, **options)
        runs.append((e, e.value - 1.96 * e.std_error, e.value + 1.96 * e.std_error) if arm == CONTROL else interval(e))
        if count:
            count(r + 1)
    return cells(known.name, known.exact, e.names, runs)


def _records(arm, found):
    head = {"arm": arm, "role": "control" if arm == CONTROL else "method"}
    for cell in found:
        several = sum(other.problem == cell.problem for other in found) > 1
        yield {"case": f"{cell.problem}, {cell.name}" if several else cell.problem, **head, **record(cell)}
    yield {"case": MEAN, **head, **mean_record(found)}
