"""A solver searched for one model: evolution of the decisions of every step, beside fixed solvers and beside a random search.

Held-out errors of the exact probability flow at starts the search has not seen: median and 90 % quantile over the starts; the middle one
of several keys, and their range. The best fixed solver is chosen at the same held-out starts, on five grids, which favours it. The random
search draws as many candidates as the evolution scores; it and the fixed solvers are the controls.
"""
from dataclasses import dataclass

import numpy as np

from buffon import diffusion as bd
from buffon.experiments._claims import Claim
from buffon.experiments._exact_flows import errors, exact_end, g2, g16, made, starts
from buffon.experiments._report import Table, new_figure, save, short

PROBLEMS = {"five modes": g2, "eight modes": g16}
EVALUATIONS = (5, 10)
FIXED = ("ddim()", *(f"{solver}(order={order},lower_order_final={final})" for solver in ("dpm", "dpmpp", "unipc") for order in (2, 3)
                     for final in ("True", "False")), *(f"unipc(order={order},prediction=noise,lower_order_final={final})" for order in (2, 3) for final in ("True", "False")),
         *(f"deis(method={method},order={order})" for method in ("tab", "rhoab") for order in (1, 2, 3)), "fpndm(warmup=multistep)")
GRIDS = ({"grid": "logsnr"}, {"grid": "time"}, {"grid": "quadratic"}, {"grid": "rho"}, {"grid": "rho", "power": 3})

EXPECTED = (
    *(Claim("evolution halves the median of the best fixed solver", "evolution", f"{problem}, {n}", "gain", at_least=2, small=False)
      for problem in PROBLEMS for n in EVALUATIONS),
    *(Claim("it does not buy it with the tail", "evolution", f"{problem}, {n}", "tail", at_most=1.25, small=False)
      for problem in PROBLEMS for n in EVALUATIONS),
    Claim("evolution is ahead of as many random candidates", "evolution", None, "beside_random", at_most=1),
)


@dataclass(frozen=True)
class Config:
    """``budget`` candidates scored at ``points`` starts; ``keys`` searches of each kind."""

    budget: int = 2000
    points: int = 200
    keys: int = 3
    rng: int = 41
    threads: int = 0

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(budget=300, points=60, keys=1)


def run(config, progress=None):
    """One record per arm, problem and number of evaluations."""
    records, schedule, done = [], bd.VP(), 0
    for problem, make in PROBLEMS.items():
        model = make()
        x = starts(200, model.dim, first=200)
        exact = exact_end(model, schedule, x)
        for n in EVALUATIONS:
            fixed = min(_known(model, schedule, n, x, exact), key=lambda found: found[0])
            arms = {"evolution": [], "random search": []}
            for arm, found in arms.items():
                for key in range(config.keys):
                    table = bd.solver_search(model, schedule, evaluations=n, budget=config.budget, points=config.points,
                                             rng=config.rng + key, random=arm != "evolution", threads=config.threads)
                    found.append(_quantiles(errors(model, table, x, exact)))
            records += _records(f"{problem}, {n}", fixed, arms)
            done += 1
            if progress:
                progress(done, len(PROBLEMS) * len(EVALUATIONS))
    return records


def tables(records):
    """What `buffon run` prints."""
    rows = [[r["case"], r["arm"], short(r["error"]), f"{short(r['error_low'])} to {short(r['error_high'])}", short(r["q90"]), r["solver"]]
            for r in records]
    return [Table("Held-out error", ["", "", "median", "over the keys", "90 % quantile", "solver"], rows)]


def picture(records, path):
    """Medians of all arms."""
    figure, (ax,) = new_figure(1, (5.5, 3.5))
    cases = list(dict.fromkeys(r["case"] for r in records))
    for a, arm in enumerate(dict.fromkeys(r["arm"] for r in records)):
        rows = [r for r in records if r["arm"] == arm]
        y = np.array([[r["error"], r["error_low"], r["error_high"]] for r in rows])
        ax.errorbar([cases.index(r["case"]) + 0.15 * a for r in rows], y[:, 0], yerr=[y[:, 0] - y[:, 1], y[:, 2] - y[:, 0]], fmt="osv"[a],
                    markersize=4, capsize=2, label=arm)
    ax.set_xticks(range(len(cases)), cases, fontsize=8)
    ax.set_yscale("log")
    ax.set_ylabel("held-out median error")
    ax.legend(frameon=False, fontsize=8)
    save(figure, path)


def _known(model, schedule, evaluations, x, exact):
    """(median, 90 % quantile, solver) of every fixed solver on every grid."""
    for solver in FIXED:
        for grid in GRIDS:
            table = made(solver, schedule, steps=evaluations, **grid)
            yield *_quantiles(errors(model, table, x, exact)), f"{solver} on {grid['grid']}"


def _quantiles(each):
    return float(np.median(each)), float(np.quantile(each, 0.9))


def _records(case, fixed, arms):
    out = [{"kind": "criterion", "case": case, "arm": "best fixed", "role": "control", "error": fixed[0], "error_low": fixed[0],
            "error_high": fixed[0], "q90": fixed[1], "solver": fixed[2]}]
    middle = {arm: float(np.median([median for median, _ in found])) for arm, found in arms.items()}
    for arm, found in arms.items():
        medians, tails = (np.array([f[k] for f in found]) for k in (0, 1))
        out.append({"kind": "criterion", "case": case, "arm": arm, "role": "method" if arm == "evolution" else "control",
                    "error": middle[arm], "error_low": float(medians.min()), "error_high": float(medians.max()),
                    "q90": float(np.median(tails)), "solver": "searched", "gain": fixed[0] / middle[arm],
                    "gain_low": float(fixed[0] / medians.max()), "gain_high": float(fixed[0] / medians.min()),
                    "tail": float(np.median(tails) / fixed[1]), "tail_low": float(tails.min() / fixed[1]),
                    "tail_high": float(tails.max() / fixed[1]), "beside_random": middle[arm] / middle["random search"]})
    return out
