"""A solver searched for one model: evolution of the decisions of every step, beside fixed solvers and beside a random search.

Held-out errors of the exact probability flow at starts the search has not seen: median and 90 % quantile over the starts; the
middle one of several keys, and their range. The best fixed solver is chosen at the same held-out starts, on five grids, which
favours it; so is the best of DPM-Solver-v3, which knows statistics of the model, and beside which the evolution goes on to twice
as many candidates. The random search draws as many candidates as the evolution scores; it and the fixed solvers are the controls.
"""
import time
from dataclasses import dataclass

import numpy as np

from buffon import diffusion as bd
from buffon.experiments._claims import Claim
from buffon.experiments._exact_flows import errors, exact_end, g2, g16, made, starts
from buffon.experiments._report import Table, new_figure, save, short

PROBLEMS = {"five modes": g2, "eight modes": g16}
EVALUATIONS = (5, 10)
BOTH = ("True", "False")
FIXED = (
    "ddim()",
    "fpndm(warmup=multistep)",
    *(f"lms(order={order})" for order in (2, 3, 4)),
    *(f"deis(method={method},order={order})" for method in ("tab", "rhoab") for order in (1, 2, 3)),
    *(
        f"{solver}(order={order},lower_order_final={final})"
        for solver in ("dpm", "dpmpp")
        for order in (2, 3)
        for final in BOTH
    ),
    *(
        f"unipc(order={order},prediction={prediction},variant={variant},corrector={corrector},lower_order_final={final})"
        for order in (1, 2, 3)
        for prediction in ("data", "noise")
        for variant in ("bh1", "bh2")
        for corrector in BOTH
        for final in BOTH
    ),
)
V3 = tuple(f"dpm_v3(order={order},corrector={corrector},pseudo={pseudo},lower_order_final={final})"
           for order in (1, 2, 3) for corrector in ("none", "same", "pseudo") for pseudo in BOTH for final in BOTH)
WITH_STATISTICS = 5   # evaluations, where they pay most
GRIDS = ({"grid": "logsnr"}, {"grid": "time"}, {"grid": "quadratic"}, {"grid": "rho"}, {"grid": "rho", "power": 3})

EXPECTED = (
    *(
        Claim(
            "evolution halves the median of the best fixed solver",
            "evolution",
            f"{problem}, {n}",
            "gain",
            at_least=2,
            small=False,
        )
        for problem in PROBLEMS
        for n in EVALUATIONS
    ),
    *(
        Claim("it does not buy it with the tail", "evolution", f"{problem}, {n}", "tail", at_most=1.25, small=False)
        for problem in PROBLEMS
        for n in EVALUATIONS
    ),
    Claim("evolution is ahead of as many random candidates", "evolution", None, "beside_random", at_most=1),
    *(
        Claim(
            "twice as many candidates are ahead of the best DPM-Solver-v3",
            "longer evolution",
            f"{problem}, {WITH_STATISTICS}",
            "beside_v3",
            at_most=0.6,
            small=False,
        )
        for problem in PROBLEMS
    ),
    Claim("a search takes seconds of one core", "evolution", None, "seconds", at_most=10),
)


@dataclass(frozen=True)
class Config:
    """``budget`` candidates scored at ``points`` starts; ``keys`` searches of each kind; ``pairs`` and ``nodes`` of the
    statistics."""

    budget: int = 2000
    points: int = 200
    keys: int = 9
    pairs: int = 1024
    nodes: int = 1280
    rng: int = 101
    threads: int = 1

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(budget=300, points=60, keys=1, pairs=128, nodes=160)


def run(config, progress=None):
    """One record per arm, problem and number of evaluations."""
    records, schedule, done = [], bd.VP(), 0
    for problem, make in PROBLEMS.items():
        model = make()
        x = starts(200, model.dim, first=200)
        exact = exact_end(model, schedule, x)
        statistics = bd.ems(model, schedule, n=config.pairs, nodes=config.nodes, rng=config.rng)
        for n in EVALUATIONS:
            best = {"best fixed": min(_known(FIXED, model, schedule, n, x, exact), key=lambda found: found[0])}
            arms = {"evolution": [], "random search": []}
            if n == WITH_STATISTICS:
                best["best with statistics"] = min(
                    _known(V3, model, schedule, n, x, exact, statistics=statistics), key=lambda found: found[0]
                )
                arms["longer evolution"] = []
            seconds = []
            for key in range(config.rng, config.rng + config.keys):
                options = {"evaluations": n, "points": config.points, "rng": key, "threads": config.threads}
                start = time.process_time()
                searched = bd.solver_search(model, schedule, budget=config.budget, **options)
                seconds.append(time.process_time() - start)
                tables = {
                    "evolution": searched,
                    "random search": bd.solver_search(model, schedule, budget=config.budget, random=True, **options),
                }
                if "longer evolution" in arms:
                    tables["longer evolution"] = bd.solver_search(
                        model, schedule, budget=2 * config.budget, resume=searched.record, **options
                    )
                for arm, table in tables.items():
                    arms[arm].append(_quantiles(errors(model, table, x, exact)))
            records += _records(f"{problem}, {n}", best, arms, max(seconds))
            done += 1
            if progress:
                progress(done, len(PROBLEMS) * len(EVALUATIONS))
    return records


def tables(records):
    """What `buffon run` prints."""
    rows = [[r["case"], r["arm"], short(r["error"]), f"{short(r['error_low'])} to {short(r['error_high'])}", short(r["q90"]),
             f"{short(r['q90_low'])} to {short(r['q90_high'])}", r["solver"]] for r in records]
    return [Table("Held-out error", ["", "", "median", "over the keys", "90 % quantile", "over the keys", "solver"], rows)]


def picture(records, path):
    """Medians of all arms."""
    figure, (ax,) = new_figure(1, (5.5, 3.5))
    cases = list(dict.fromkeys(r["case"] for r in records))
    for a, arm in enumerate(dict.fromkeys(r["arm"] for r in records)):
        rows = [r for r in records if r["arm"] == arm]
        y = np.array([[r["error"], r["error_low"], r["error_high"]] for r in rows])
        ax.errorbar(
            [cases.index(r["case"]) + 0.15 * a for r in rows],
            y[:, 0],
            yerr=[y[:, 0] - y[:, 1], y[:, 2] - y[:, 0]],
            fmt="osvD^"[a],
            markersize=4,
            capsize=2,
            label=arm,
        )
    ax.set_xticks(range(len(cases)), cases, fontsize=8)
    ax.set_yscale("log")
    ax.set_ylabel("held-out median error")
    ax.legend(frameon=False, fontsize=8)
    save(figure, path)


def _known(solvers, model, schedule, evaluations, x, exact, **options):
    """(median, 90 % quantile, solver) of every solver on every grid."""
    for solver in solvers:
        for grid in GRIDS:
            table = made(solver, schedule, steps=evaluations, **grid, **options)
            yield *_quantiles(errors(model, table, x, exact)), f"{solver} on {' '.join(map(str, grid.values()))}"


def _quantiles(each):
    return float(np.median(each)), float(np.quantile(each, 0.9))


def _records(case, best, arms, seconds):
    out = [
        {
            "kind": "criterion",
            "case": case,
            "arm": arm,
            "role": "control",
            "solver": solver,
            **_spread("error", [median]),
            **_spread("q90", [tail]),
        }
        for arm, (median, tail, solver) in best.items()
    ]
    fixed, tail = best["best fixed"][:2]
    random = np.median([median for median, _ in arms["random search"]])
    for arm, found in arms.items():
        medians, tails = np.array(found).T
        record = {
            "kind": "criterion",
            "case": case,
            "arm": arm,
            "role": "control" if arm == "random search" else "method",
            "solver": "searched",
            **_spread("error", medians),
            **_spread("q90", tails),
            "gain": float(fixed / np.median(medians)),
            "tail": float(np.median(tails) / tail),
            "beside_random": float(np.median(medians) / random),
        }
        if arm == "evolution":
            record["seconds"] = seconds
        if arm == "longer evolution":
            record["beside_v3"] = float(np.median(medians) / best["best with statistics"][0])
        out.append(record)
    return out


def _spread(name, values):
    """The middle one of the keys, and their range."""
    return {name: float(np.median(values)), f"{name}_low": float(np.min(values)), f"{name}_high": float(np.max(values))}
