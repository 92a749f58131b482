"""Sobol' indices of nine test functions with known answers: Buffon's default beside its plain estimator and Saltelli's.

First and total orders after 8,192 and 65,536 evaluations, three ways: `default` fits a sparse polynomial and estimates what it leaves,
`plain` is the same on the same nets without it, `saltelli` the centred estimator of Saltelli et al. (total orders: Jansen's) on
independent points, as most packages have it. The error is the root mean square over all inputs and runs.

Indices are exact: in closed form, by quadrature (an event of five normal inputs), or by multilinear expansion (Morris' function);
those of the beam are a long run's, to 4e-5 and 8e-5.
Source: Ishigami & Homma (1990); Saltelli & Sobol' (1995); Levitan et al. (2012); Morris (1991).
"""
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from math import log, pi, prod, sqrt

import numpy as np

import buffon as bf
from buffon.experiments._claims import Claim
from buffon.experiments._comparison import Arm, Case, campaign
from buffon.experiments._report import Table, new_figure, save, short

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


def _case_name(function, size, order):
    return f"{function}, {size:,}, {order} order"


EXPECTED = tuple(
    claim
    for function, thresholds in THRESHOLDS.items() for size, pair in zip(SIZES, thresholds, strict=True)
    for order, limit in zip(ORDERS, pair, strict=True)
    for claim in (
        Claim("error within its threshold", "default", _case_name(function, size, order), "rmse", at_most=limit),
        Claim("intervals cover", "default", _case_name(function, size, order), "coverage", at_least=0.88, small=False),
        Claim("smaller than Saltelli's", "default", _case_name(function, size, order), against="saltelli", at_least=1),
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
    studies = [
        (_arms(known.problem, size, config), [_case(name, known, size, order) for order in ORDERS], _Size(size, config.repetitions, config.rng))
        for name, known in functions().items() if known.problem.dim <= config.inputs for size in SIZES if size <= config.budget
    ]
    records = [_with_rmse(r) for r in campaign(studies, progress) if r["kind"] == "criterion"]
    return [*records, *_on_average(records)]


@dataclass(frozen=True)
class _Size:
    budget: int
    repetitions: int
    rng: int


@dataclass(frozen=True)
class Known:
    """A problem of one output, its model as one writes it with NumPy, its indices and their standard errors."""

    problem: bf.Problem
    model: Callable[[np.ndarray], np.ndarray]
    first: np.ndarray
    total: np.ndarray
    errors: tuple[float, float] = (0.0, 0.0)


def functions():
    """Name -> problem and indices."""
    a = [0, 1, 4.5, 9, *[99] * 12]
    beam = Known(bf.testing.cantilever().problem, beam_tip, np.array([0.023543, 0.0002958, 0.016358, 0.42810, 0.07293, 0.40102]),
                 np.array([0.029056, 0.000425, 0.019883, 0.47520, 0.08445, 0.44958]), (4e-5, 8e-5))
    return {"ishigami": _ishigami(), "g6": _g_function([0, 0.5, 3, 9, 99, 99]), "g16": _g_function(a), "lin10": _linear(), "prodmean": _product(),
            "levitan20": _levitan(), "morris20": _morris(), "indic5": _event(), "beam": beam}


def ishigami(x, a=7.0, b=0.1):
    """Of three inputs."""
    s = np.sin(x[:, 0])
    return s + a * np.sin(x[:, 1]) ** 2 + b * x[:, 2] ** 4 * s


def g_function(a):
    """Sobol's function with these parameters."""
    a = np.asarray(a, float)
    return lambda u: np.prod((np.abs(4 * u - 2) + a) / (1 + a), axis=1)


def beam_tip(x):
    """Displacement of the tip of the cantilever, in m."""
    fx, fy, e, w, t, length = x.T
    return 4e-9 * length**3 / (e * w * t) * np.hypot(fx / w**2, fy / t**2)


def _own(model, inputs, first, total):
    """Of a model that exists in NumPy only."""
    return Known(bf.Problem(model, inputs), model, first, total)


def _of_product(factors):
    """Indices of a product of independent factors from E f^2 / (E f)^2 of each."""
    whole = prod(factors) - 1
    return np.array([(q - 1) / whole for q in factors]), np.array([(q - 1) / q * (whole + 1) / whole for q in factors])


def _cube(dim):
    return bf.Joint([bf.Uniform()] * dim)


def _ishigami(a=7.0, b=0.1):
    v1, v2, v13 = (1 + b * pi**4 / 5) ** 2 / 2, a**2 / 8, b**2 * pi**8 * 8 / 225
    v = v1 + v2 + v13
    return Known(bf.testing.ishigami(a, b).problem, ishigami, np.array([v1, v2, 0]) / v, np.array([v1 + v13, v2, v13]) / v)


def _g_function(a):
    return Known(bf.testing.g_function(a).problem, g_function(a), *_of_product([1 + 1 / (3 * (1 + c) ** 2) for c in a]))


def _linear():
    weights = 2.0 ** -np.arange(1, 11)
    shares = weights**2 / (weights**2).sum()
    return _own(lambda u: (u * weights).sum(1), _cube(10), shares, shares)


def _product():
    c = np.array([0.05, 0.04, 0.03, 0.02, 0.01, 0.005])
    return _own(lambda u: 100 * np.prod(1 + c * sqrt(3) * (2 * u - 1), axis=1), _cube(6), *_of_product(list(1 + c**2)))


def _levitan():
    b = np.repeat([0.6, 0.4], 10)
    return _own(lambda u: np.exp((u * b).sum(1)), _cube(20), *_of_product(list(np.expm1(2 * b) / (2 * b) / (np.expm1(b) / b) ** 2)))


def morris_coefficients():
    """Set of inputs, from 0 -> coefficient of the product of their w."""
    large = {1: (range(10), 20.0), 2: (range(6), -15.0), 3: (range(5), -10.0), 4: (range(4), 5.0)}
    terms = {s: value for k, (inputs, value) in large.items() for s in combinations(inputs, k)}
    small = {s: (-1.0) ** (sum(s) + len(s)) for k in (1, 2) for s in combinations(range(20), k)}
    return small | terms


def morris(coefficients):
    """The function: w = 2 (u - 1/2), for the third, fifth and seventh 2 (1.1 u / (u + 0.1) - 1/2)."""
    linear, pairs = np.zeros(20), np.zeros((20, 20))
    for s, c in coefficients.items():
        if len(s) == 1:
            linear[s] = c
        elif len(s) == 2:
            pairs[s] = c
    more = [(list(s), c) for s, c in coefficients.items() if len(s) > 2]

    def model(u):
        w = 2 * (u - 0.5)
        w[:, [2, 4, 6]] = 2 * (1.1 * u[:, [2, 4, 6]] / (u[:, [2, 4, 6]] + 0.1) - 0.5)
        return w @ linear + (w @ pairs * w).sum(1) + sum(c * np.prod(w[:, s], axis=1) for s, c in more)
    return model


def _morris():
    coefficients = morris_coefficients()
    mean, square = 1.1 * (1 - 0.1 * log(11)), 1.21 * (1 - 0.2 * log(11) + 0.01 * (10 - 1 / 1.1))   # of 1.1 u / (u + 0.1)
    mu, variance = np.zeros(20), np.full(20, 1 / 3)
    mu[[2, 4, 6]], variance[[2, 4, 6]] = 2 * mean - 1, 4 * (square - mean**2)
    centred = {}   # coefficients of products of w - mu: each term gives one to each of its subsets
    for s, c in coefficients.items():
        for k in range(1, len(s) + 1):
            for subset in combinations(s, k):
                centred[subset] = centred.get(subset, 0.0) + c * prod(mu[i] for i in s if i not in subset)
    parts = {s: c**2 * prod(variance[list(s)]) for s, c in centred.items()}
    whole = sum(parts.values())
    first = np.array([parts[i,] for i in range(20)]) / whole
    total = np.array([sum(v for s, v in parts.items() if i in s) for i in range(20)]) / whole
    return _own(morris(coefficients), _cube(20), first, total)


def _event():
    """1{w . z > 0.5} of standard normal z, |w| = 1: V_i = P(both of a pair with correlation w_i^2) - p^2."""
    w = np.array([0.8, 0.5, 0.3, 0.1, 0.08])
    w /= np.linalg.norm(w)
    p = float(bf.Normal().cdf(np.array([-0.5]))[0])
    first = np.array([_both(-0.5, c) - p**2 for c in w**2]) / (p - p**2)
    total = 1 - np.array([_both(-0.5, 1 - c) - p**2 for c in w**2]) / (p - p**2)
    return _own(lambda z: ((z * w).sum(1) > 0.5) * 1.0, bf.Joint([bf.Normal()] * 5), first, total)


def _both(level, correlation):
    """P(X < level, Y < level) of normal X and Y: over their common part, by Gauss-Legendre quadrature on (-9, 9)."""
    nodes, weights = np.polynomial.legendre.leggauss(400)
    given = bf.Normal().cdf((level - sqrt(correlation) * 9 * nodes) / sqrt(1 - correlation))
    return float(9 * (weights * np.exp(-(9 * nodes) ** 2 / 2) / sqrt(2 * pi) * given**2).sum())


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
    return Case(_case_name(name, size, order), names, exact, np.full(len(exact), 1 / len(exact)), of=lambda e: e.without(others),
                exact_error=np.full(len(exact), error) if error else None)


def _with_rmse(record):
    """The criterion is the mean squared error over the inputs: its root, with its interval."""
    value, error = record["criterion"], record["criterion_se"]
    spread = np.exp(1.96 * error / (2 * value)) if value > 0 else 1.0
    return {**record, "rmse": float(np.sqrt(value)), "rmse_low": float(np.sqrt(value) / spread), "rmse_high": float(np.sqrt(value) * spread)}


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
        rows.append([case, *(short(arms[a]["rmse"]) for a in ("default", "plain", "saltelli")),
                     f"{arms['default']['coverage']:.0%}", f"{arms['plain']['coverage']:.0%}", f"{1e3 * arms['default']['cpu_seconds']:.0f} ms"])
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
            errors = [next(r["rmse"] for r in of_arm if r["arm"] == arm and r["case"] == f"{name}, {sizes[-1]}, {order} order") for name in names]
            ax.plot(errors, range(len(names)), "osD"[a], color=f"C{a}", label=arm)
        ax.set_yticks(range(len(names)), names)
        ax.invert_yaxis()
        ax.set_xscale("log")
        ax.set_xlabel(f"error of the {order} orders, {sizes[-1]} evaluations")
    axes[0].legend(frameon=False, fontsize=9)
    save(figure, path)
