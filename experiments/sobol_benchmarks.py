"""Sobol' indices of nine test functions with known answers: Buffon's default beside its plain estimator and Saltelli's.

First and total orders after 8,192 and 65,536 evaluations, three ways: `default` fits a sparse polynomial and estimates what it
leaves, `plain` is the same on the same nets without it, `saltelli` the centred estimator of Saltelli et al. (total orders:
Jansen's) on independent points, as most packages have it. The error is the root mean square over all inputs and runs.

Indices are exact: in closed form, by quadrature (an event of five normal inputs), or by multilinear expansion (Morris' function);
those of the beam are a long run's, to 4e-5 and 8e-5.
Source: Ishigami & Homma (1990); Saltelli & Sobol' (1995); Levitan et al. (2012); Morris (1991).
"""
from dataclasses import dataclass

import numpy as np

import buffon as bf
from buffon.experiments._claims import Claim
from buffon.experiments._comparison import Arm, Case, campaign
from buffon.experiments._report import Table, new_figure, save, short
from buffon.experiments._sobol_known import functions

# Root mean square errors of the default that must be met, first and total order, at both sizes.
THRESHOLDS = {
    "ishigami": ((1.2e-6, 1.5e-6), (2.2e-7, 2.7e-7)), "g6": ((1.6e-3, 1.7e-3), (2.2e-4, 2.3e-4)),
    "g16": ((7e-3, 7.5e-3), (1.4e-3, 9e-4)), "lin10": ((1e-10, 1e-10), (1e-10, 1e-10)),
    "prodmean": ((5e-9, 5e-9), (2e-9, 2e-9)), "levitan20": ((4.4e-3, 5.8e-3), (1.5e-3, 2.1e-3)),
    "morris20": ((7e-3, 1e-2), (1.7e-3, 2.9e-3)), "indic5": ((2.1e-2, 2.3e-2), (6e-3, 7e-3)),
    "beam": ((4.5e-4, 5e-4), (2.7e-4, 3.4e-4)),
}
SIZES = (2**13, 2**16)
ORDERS = ("first", "total")
MEAN = "all functions and sizes"


def case_name(function, size, order):
    """Of a record."""
    return f"{function}, {size:,}, {order} order"


EXPECTED = tuple(
    claim
    for function, thresholds in THRESHOLDS.items() for size, pair in zip(SIZES, thresholds, strict=True)
    for order, limit in zip(ORDERS, pair, strict=True)
    for claim in (
        Claim("error within its threshold", "default", case_name(function, size, order), "rmse", at_most=limit),
        Claim("intervals cover", "default", case_name(function, size, order), "coverage", at_least=0.88, small=False),
        Claim("smaller than Saltelli's", "default", case_name(function, size, order), against="saltelli", at_least=1),
    )
) + (Claim("intervals cover on average", "default", MEAN, "coverage", at_least=0.92),)


@dataclass(frozen=True)
class Config:
    """``repetitions`` runs of each function, arm and size; functions of at most ``inputs`` inputs, sizes up to ``budget``."""

    budget: int = SIZES[-1]
    repetitions: int = 100
    inputs: int = 20
    rng: int = 1
    threads: int = 1

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(budget=SIZES[0], repetitions=4, inputs=6)


def run(config, progress=None):
    """Records of all functions; ``progress(n, total)`` counts evaluations."""
    known = {name: k for name, k in functions().items() if k.problem.dim <= config.inputs}
    return compared(known, [size for size in SIZES if size <= config.budget], config, progress)


def compared(known, sizes, config, progress=None, arms=None):
    """Records of functions, name -> Known, at these sizes; ``arms(problem, size, config)`` other than those of this
    experiment."""
    studies = [
        (
            (arms or _arms)(k.problem, size, config),
            [_case(name, k, size, order) for order in ORDERS],
            _Size(size, config.repetitions, config.rng),
        )
        for name, k in known.items()
        for size in sizes
    ]
    records = [_with_rmse(r) for r in campaign(studies, progress) if r["kind"] == "criterion"]
    return [*records, *_on_average(records)]


@dataclass(frozen=True)
class _Size:
    budget: int
    repetitions: int
    rng: int


def _arms(problem, size, config):
    options = {"budget": size, "threads": config.threads}
    return [
        Arm("default", lambda rng: bf.sobol(problem, rng=rng, **options).joint, control=False),
        Arm("plain", lambda rng: bf.sobol(problem, rng=rng, surrogate=False, **options).joint),
        Arm("saltelli", lambda rng: bf.sobol(problem, rng=rng, method="saltelli", points="iid", **options).joint),
    ]


def _case(name, known, size, order):
    exact = getattr(known, order)
    names = [f"{order} order of {n}" for n in known.problem.inputs.names]
    others = [f"{o} order of {n}" for o in ORDERS if o != order for n in known.problem.inputs.names]
    error = known.errors[ORDERS.index(order)]
    return Case(case_name(name, size, order), names, exact, np.full(len(exact), 1 / len(exact)), of=lambda e: e.without(others),
                exact_error=np.full(len(exact), error) if error else None)


def _with_rmse(record):
    """The criterion is the mean squared error over the inputs: its root, with its interval."""
    value, error = record["criterion"], record["criterion_se"]
    spread = np.exp(1.96 * error / (2 * value)) if value > 0 else 1.0
    return {
        **record,
        "rmse": float(np.sqrt(value)),
        "rmse_low": float(np.sqrt(value) / spread),
        "rmse_high": float(np.sqrt(value) * spread),
    }


def _on_average(records):
    """Coverage over all functions, of each arm."""
    for arm in dict.fromkeys(r["arm"] for r in records):
        of_arm = [r for r in records if r["arm"] == arm]
        covered, errors = [r["coverage"] for r in of_arm], [r["coverage_se"] for r in of_arm]
        yield {"kind": "coverage", "case": MEAN, "arm": arm, "role": of_arm[0]["role"], "coverage": float(np.mean(covered)),
               "coverage_se": float(np.linalg.norm(errors) / len(errors))}


def tables(records):
    """What `buffon run` prints."""
    rows = []
    cases = {r["case"]: {} for r in records if r["kind"] == "criterion"}
    for r in records:
        if r["kind"] == "criterion":
            cases[r["case"]][r["arm"]] = r
    for case, arms in cases.items():
        rows.append(
            [
                case,
                *(short(arms[a]["rmse"]) for a in ("default", "plain", "saltelli")),
                f"{arms['default']['coverage']:.0%}",
                f"{arms['plain']['coverage']:.0%}",
                f"{1e3 * arms['default']['cpu_seconds']:.0f} ms",
            ]
        )
    runs = next(r["repetitions"] for r in records if r["kind"] == "criterion")
    header = ["", "default", "plain", "saltelli", "coverage", "of plain", "time"]
    return [Table(f"Root mean square error of the indices over {runs} runs", header, rows)]


def picture(records, path):
    """Errors of the three arms, first and total order, at the largest size."""
    of_arm = [r for r in records if r["kind"] == "criterion"]
    sizes = list(dict.fromkeys(r["case"].split(", ")[1] for r in of_arm))
    names = list(dict.fromkeys(r["case"].split(", ")[0] for r in of_arm))
    figure, axes = new_figure(2, (9.5, 4.6))
    for ax, order in zip(axes, ORDERS, strict=True):
        for a, arm in enumerate(("default", "plain", "saltelli")):
            errors = [
                next(
                    r["rmse"] for r in of_arm if r["arm"] == arm and r["case"] == f"{name}, {sizes[-1]}, {order} order"
                )
                for name in names
            ]
            ax.plot(errors, range(len(names)), "osD"[a], color=f"C{a}", label=arm)
        ax.set_yticks(range(len(names)), names)
        ax.invert_yaxis()
        ax.set_xscale("log")
        ax.set_xlabel(f"error of the {order} orders, {sizes[-1]} evaluations")
    axes[0].legend(frameon=False, fontsize=9)
    save(figure, path)
