"""What statistics of a model are worth to DPM-Solver-v3: few pairs, many pairs, and none.

The same solver (third order, corrector of the same order) with coefficients estimated from pairs (x0, eps) of the model, and with
(1, 0, 0), data prediction, the control. Error: median over the starts of each one's root mean square distance to the exact flow;
`gain`: control / arm, with a bootstrap interval over the starts. A second key for the pairs shows how much the estimate matters.
The cost of the statistics is paid once for a model, in evaluations.
"""
from dataclasses import dataclass

import numpy as np

from buffon import diffusion as bd
from buffon.experiments._claims import Claim
from buffon.experiments._exact_flows import errors, exact_end, g2, g16, median_interval, ratio_of_medians, starts
from buffon.experiments._report import Table, new_figure, save, short

PROBLEMS = {"five modes": g2, "eight modes": g16}
EVALUATIONS = (5, 6, 8, 10, 20, 40)
CONTROL = "(1, 0, 0)"
PAIRS = {"128 pairs": (128, 1), "1,024 pairs": (1024, 1), "1,024 pairs, another key": (1024, 2)}

EXPECTED = (
    *(
        Claim("statistics pay at few evaluations", "1,024 pairs", f"{problem}, {n}", "gain", at_least=2, sure=True)
        for problem in PROBLEMS
        for n in (5, 6, 8, 10)
    ),
    *(
        Claim("few pairs are enough at few evaluations", "128 pairs", f"{problem}, {n}", "gain", at_least=2, sure=True)
        for problem in PROBLEMS
        for n in (5, 6)
    ),
    *(
        Claim(
            "another key gives much the same",
            "1,024 pairs, another key",
            f"{problem}, {n}",
            "beside",
            at_least=0.75,
            at_most=1.33,
        )
        for problem in PROBLEMS
        for n in (5, 10)
    ),
)


@dataclass(frozen=True)
class Config:
    """``starts`` per problem; ``nodes`` of the statistics."""

    starts: int = 512
    nodes: int = 1200
    rng: int = 1
    threads: int = 0

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(starts=128, nodes=480)


def run(config, progress=None):
    """One record per arm, problem and number of evaluations."""
    records, schedule = [], bd.VP()
    for p, (problem, make) in enumerate(PROBLEMS.items()):
        model = make()
        x = starts(config.starts, model.dim)
        exact = exact_end(model, schedule, x)
        found = {arm: bd.ems(model, schedule, n=n, nodes=config.nodes, rng=config.rng + key, threads=config.threads)
                 for arm, (n, key) in PAIRS.items()}
        for n in EVALUATIONS:
            known = {
                arm: errors(model, _table(schedule, n, statistics), x, exact)
                for arm, statistics in {**found, CONTROL: None}.items()
            }
            for arm, each in known.items():
                error, low, high = median_interval(each)
                gain, gain_low, gain_high = ratio_of_medians(known[CONTROL], each)
                records.append(
                    {
                        "kind": "criterion",
                        "case": f"{problem}, {n}",
                        "arm": arm,
                        "role": "control" if arm == CONTROL else "method",
                        "error": error,
                        "error_low": low,
                        "error_high": high,
                        "gain": gain,
                        "gain_low": gain_low,
                        "gain_high": gain_high,
                        "beside": float(np.median(each) / np.median(known["1,024 pairs"])),
                        "cost": 0 if arm == CONTROL else found[arm].evaluations,
                    }
                )
        if progress:
            progress(p + 1, len(PROBLEMS))
    return records


def tables(records):
    """What `buffon run` prints: a table per problem."""
    cell = {(r["case"], r["arm"]): r for r in records}
    return [
        Table(
            f"{problem}: median error by evaluations",
            ["", *map(str, EVALUATIONS), "evaluations for the statistics"],
            [
                [
                    arm,
                    *(short(cell[f"{problem}, {n}", arm]["error"]) for n in EVALUATIONS),
                    f"{cell[f'{problem}, 5', arm]['cost']:,}",
                ]
                for arm in (*PAIRS, CONTROL)
            ],
        )
        for problem in PROBLEMS
    ]


def picture(records, path):
    """Error over evaluations, a picture per problem."""
    cell = {(r["case"], r["arm"]): r for r in records}
    figure, axes = new_figure(2, (7.5, 3.2))
    for ax, problem in zip(axes, PROBLEMS, strict=True):
        for i, arm in enumerate((*PAIRS, CONTROL)):
            ax.loglog(EVALUATIONS, [cell[f"{problem}, {n}", arm]["error"] for n in EVALUATIONS], marker="o", markersize=3, lw=0.9,
                      color=f"C{i}" if arm != CONTROL else "k", label=arm)
        ax.set_title(problem, fontsize=9)
        ax.set_xlabel("evaluations")
    axes[0].set_ylabel("median error")
    axes[0].legend(frameon=False, fontsize=7)
    save(figure, path)


def _table(schedule, evaluations, statistics):
    return bd.dpm_v3(schedule, steps=evaluations, statistics=statistics)
