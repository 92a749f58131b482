"""Which solver is nearest to the exact flow after 5 to 80 evaluations, on three schedules and two mixtures.

Error: median over the starts of each one's root mean square over the coordinates, with the interval of a median. `dpm_v3` takes
statistics of the model (`ems`, whose cost is not counted), the others know nothing of it. The control is DDIM. Multistage solvers
get as many steps as their evaluations allow.
"""
from dataclasses import dataclass

from buffon import diffusion as bd
from buffon.experiments._claims import Claim
from buffon.experiments._exact_flows import (
    errors,
    exact_end,
    g2,
    g16,
    made,
    median_interval,
    prior_scale,
    ratio_of_medians,
    starts,
)
from buffon.experiments._report import Table, new_figure, save, short

SOLVERS = (
    "ddim()",
    "dpm(order=3)",
    "dpmpp(order=2)",
    "dpmpp(order=3)",
    "unipc(order=2)",
    "unipc(order=3)",
    "deis(method=tab,order=3)",
    "fpndm(warmup=multistep)",
    "heun()",
    "dpm_v3()",
)
CONTROL, STATISTICS = "ddim()", "dpm_v3()"
SHOWN = ("ddim()", "dpmpp(order=2)", "unipc(order=3)", "deis(method=tab,order=3)", "heun()", "dpm_v3()")   # in the picture
SCHEDULES = {"VP": bd.VP(), "cosine": bd.Cosine(), "EDM": bd.EDM()}
EVALUATIONS = (5, 10, 20, 40, 80)
PROBLEMS = {"five modes": g2, "eight modes": g16}

EXPECTED = (
    *(
        Claim(
            "statistics of the model pay at few evaluations",
            STATISTICS,
            f"{problem}, VP, {n}",
            "gain",
            at_least=2,
            sure=True,
        )
        for problem in PROBLEMS
        for n in (5, 10)
    ),
    *(
        Claim(
            "third order pays at many evaluations",
            "unipc(order=3)",
            f"{problem}, VP, 80",
            "gain",
            at_least=50,
            sure=True,
        )
        for problem in PROBLEMS
    ),
    *(
        Claim(
            "second order is ahead of DDIM from 20 evaluations on",
            "dpmpp(order=2)",
            f"{problem}, {schedule}, {n}",
            "gain",
            at_least=1,
            sure=True,
        )
        for problem in PROBLEMS
        for schedule in SCHEDULES
        for n in (20, 40, 80)
    ),
)


@dataclass(frozen=True)
class Config:
    """``starts`` per problem; ``pairs`` and ``nodes`` of the statistics."""

    starts: int = 512
    pairs: int = 1024
    nodes: int = 1280
    rng: int = 1

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(starts=64, pairs=128, nodes=160)


def run(config, progress=None):
    """One record per solver and case."""
    records = []
    for p, (problem, make) in enumerate(PROBLEMS.items()):
        for s, (name, schedule) in enumerate(SCHEDULES.items()):
            model = make()
            x = prior_scale(schedule) * starts(config.starts, model.dim)
            exact = exact_end(model, schedule, x)
            statistics = bd.ems(model, schedule, n=config.pairs, nodes=config.nodes, rng=config.rng)
            for evaluations in EVALUATIONS:
                known = {solver: errors(model, _table(solver, schedule, evaluations, statistics), x, exact) for solver in SOLVERS}
                records += [
                    _record(f"{problem}, {name}, {evaluations}", solver, each, known[CONTROL])
                    for solver, each in known.items()
                ]
            if progress:
                progress(p * len(SCHEDULES) + s + 1, len(PROBLEMS) * len(SCHEDULES))
    return records


def tables(records):
    """What `buffon run` prints: a table per problem and schedule."""
    cell = {(r["case"], r["arm"]): r for r in records}
    return [
        Table(
            f"{problem}, {schedule}: median error by evaluations",
            ["", *map(str, EVALUATIONS)],
            [
                [solver, *(short(cell[f"{problem}, {schedule}, {n}", solver]["error"]) for n in EVALUATIONS)]
                for solver in SOLVERS
            ],
        )
        for problem in PROBLEMS
        for schedule in SCHEDULES
    ]


def picture(records, path):
    """Eight modes: error over evaluations, one picture per schedule."""
    cell = {(r["case"], r["arm"]): r for r in records}
    figure, axes = new_figure(len(SCHEDULES), (7.8, 2.9))
    for ax, schedule in zip(axes, SCHEDULES, strict=True):
        for i, solver in enumerate(SHOWN):
            ax.loglog(EVALUATIONS, [cell[f"eight modes, {schedule}, {n}", solver]["error"] for n in EVALUATIONS],
                      marker="o", markersize=3, lw=0.9, label=solver, color="k" if solver == CONTROL else f"C{i - 1}")
        ax.set_title(schedule, fontsize=9)
        ax.set_xlabel("evaluations")
    axes[0].set_ylabel("median error")
    axes[0].legend(frameon=False, fontsize=6)
    save(figure, path)


def _table(solver, schedule, evaluations, statistics):
    if solver == STATISTICS:
        return bd.dpm_v3(schedule, steps=evaluations, statistics=statistics)
    return made(solver, schedule, steps=(evaluations + 1) // 2 if solver == "heun()" else evaluations)


def _record(case, solver, each, control):
    error, low, high = median_interval(each)
    gain, gain_low, gain_high = ratio_of_medians(control, each)
    return {
        "kind": "criterion",
        "case": case,
        "arm": solver,
        "role": "control" if solver == CONTROL else "method",
        "error": error,
        "error_low": low,
        "error_high": high,
        "gain": gain,
        "gain_low": gain_low,
        "gain_high": gain_high,
    }

