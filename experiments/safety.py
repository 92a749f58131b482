"""Where adaptive importance sampling could hurt: aiscv beside scrambled Sobol' points and plain Monte Carlo at equal budget.

Ten awkward problems with known answers (bf.testing.safety_problems): flat, oscillating, odd, many narrow peaks, failure in
every direction, heavy tails, indicators with and without a score, 2 to 50 inputs. Adaptation costs budget; where there is
nothing to gain it must cost almost nothing: never below 0.95 times plain Monte Carlo, never below half of quasi.
The criterion is the sum of squared errors, each divided by its square value (by one where the value is zero).
"""
from dataclasses import dataclass

import numpy as np

import buffon as bf
from buffon.experiments._claims import Claim
from buffon.experiments._comparison import Arm, Case, best_known, campaign, ratio
from buffon.experiments._report import Table, between, new_figure, save, short

EXPECTED = (
    Claim("C(plain) / C(aiscv)", "aiscv", against="plain", at_least=0.95),
    Claim("C(quasi) / C(aiscv)", "aiscv", against="quasi", at_least=0.5),
    Claim("coverage", "aiscv", measure="coverage", at_least=0.92, at_most=0.98, small=False),
)


@dataclass(frozen=True)
class Config:
    """``budget`` evaluations a run and arm; ``rng`` names the keys of the campaign: take a fresh one to judge a change."""

    budget: int = 20_000
    repetitions: int = 100
    rng: int = 1
    threads: int = 1

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(budget=5_000, repetitions=5)


def run(config, progress=None):
    """Records of all problems; ``progress(n, total)`` counts evaluations."""
    return campaign([(_arms(p, config), [_case(p)], config) for p in bf.testing.safety_problems()], progress)


def tables(records):
    """What `buffon run` prints."""
    rows = [[case, short(c["aiscv"]["criterion"]), *(between(*_gain(c, other)) for other in ("plain", "quasi")),
             *(f"{c[arm]['coverage']:.1%}" for arm in ("aiscv", "quasi", "plain")), f"{c['aiscv']['doubtful']}"]
            for case, c in _by_case(records).items()]
    header = ["", "C(aiscv)", "C(plain) / C(aiscv), 95 %", "C(quasi) / C(aiscv), 95 %",
              "coverage", "of quasi", "of plain", "runs warned"]
    runs = records[-1]["repetitions"]
    return [Table(f"Criterion and coverage over {runs} runs of each arm", header, rows)]


def picture(records, path):
    """Both ratios with their intervals and bounds."""
    figure, axes = new_figure(2, (9.6, 3.8))
    cases = _by_case(records)
    for ax, other, bound in zip(axes, ("plain", "quasi"), (0.95, 0.5), strict=True):
        value, low, high = np.array([_gain(c, other) for c in cases.values()]).T
        ax.errorbar(value, range(len(cases)), xerr=[value - low, high - value], fmt="o", markersize=4, capsize=2)
        ax.axvline(bound, color="black", linewidth=0.8, linestyle="--")
        ax.set_yticks(range(len(cases)), list(cases))
        ax.invert_yaxis()
        ax.set_xscale("log")
        ax.set_xlabel(f"C({other}) / C(aiscv); bound {bound:g}")
    save(figure, path)


def _arms(known, config):
    options = {"budget": config.budget, "threads": config.threads}
    return [
        Arm("aiscv", lambda rng: bf.aiscv(known.problem, rng=rng, **options), control=False),
        Arm("quasi", lambda rng: bf.quasi(known.problem, rng=rng, **options)),
        Arm("plain", lambda rng: bf.plain(known.problem, rng=rng, **options)),
    ]


def _case(known):
    scale = np.where(known.exact == 0, 1.0, known.exact)
    return Case(known.name, known.problem.outputs, known.exact, scale ** -2)


def _by_case(records):
    """case -> arm -> record of its criterion."""
    cases = {}
    for r in records:
        if r["kind"] == "criterion":
            cases.setdefault(r["case"], {})[r["arm"]] = r
    return cases


def _gain(arms, other):
    return ratio(best_known(arms[other]), best_known(arms["aiscv"]))
