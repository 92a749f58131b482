"""Problems beside those of `safety`, as a user might bring them: aiscv, plain Monte Carlo and scrambled Sobol' points.

Twenty-one problems, twenty-five values, equal budgets: options, product peaks, corners and shells, sums in 20 to 100 inputs,
heavy and bounded laws, a copula; probabilities with a score and without. Known answers: closed forms, else one-dimensional
quadrature. Each value counts by itself: aiscv must never be below 0.95 times plain Monte Carlo in mean squared error, nor
below half of quasi. Plain Monte Carlo is the control, and must lose clearly where an event is rare and the problem has no
score: there its error is known exactly.

Not all are fresh: the look further out without a score was tuned on the sum of exponentials and the largest of Gumbel variables,
and the log-normal product, the radius in 20 and the corner under a copula were looked at while it was built.
"""
from dataclasses import dataclass
from math import comb, cos, exp, expm1, factorial, pi, sin, sqrt

import numpy as np

import buffon as bf
from buffon.experiments._claims import Claim
from buffon.experiments._comparison import Arm, Case, best_known, campaign, only, ratio
from buffon.experiments._report import Table, between, new_figure, save, short

RARE = ("sum of 4 exponentials", "largest of 3 Gumbel", "radius in 20")   # without a score, 4e-4 to 1e-3

EXPECTED = (
    Claim("C(plain) / C(aiscv)", "aiscv", against="plain", at_least=0.95),
    Claim("C(quasi) / C(aiscv)", "aiscv", against="quasi", at_least=0.5),
    *(Claim("rare without a score", "aiscv", case, against="plain", at_least=2, sure=True, small=False) for case in RARE),
)


@dataclass(frozen=True)
class Config:
    """``budget`` evaluations a run and arm; ``rng`` names the keys of the campaign: take a fresh one to judge a change."""

    budget: int = 20_000
    repetitions: int = 60
    rng: int = 1
    threads: int = 1

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(budget=2_000, repetitions=5)


def run(config, progress=None):
    """Records of all problems; ``progress(n, total)`` counts evaluations."""
    return campaign([(_arms(problem, config), _cases(name, problem, exact, config), config)
                     for name, (problem, exact) in problems().items()], progress)


def problems():
    """Name -> problem, its exact values."""
    weights = np.linspace(1, 2, 50)
    weights *= 1.5 / np.linalg.norm(weights)
    peak, centre = np.array([5.0, 3.0, 7.0, 2.0, 4.0]), np.array([0.2, 0.6, 0.5, 0.9, 0.3])
    root = sqrt(3)
    copula = bf.GaussianCopula({("a", "b"): 0.7})
    return {
        "call on a sum of 3": (
            bf.Problem(lambda x: np.maximum(x.sum(1) - 3, 0), _normal(3)),
            [root * (_density(root) - root * _tail(root))],
        ),
        "product peak in 5": (
            bf.Problem(lambda x: np.prod(1 / (peak**-2 + (x - centre) ** 2), 1), _same(bf.Uniform(0, 1), 5)),
            [np.prod(peak * (np.arctan(peak * (1 - centre)) + np.arctan(peak * centre)))],
        ),
        "sum of 4 exponentials": (_event(lambda x: x.sum(1) > 14, _same(bf.Exponential(1), 4)), [_poisson(14, 4)]),
        "log-normal product in 8": (
            _event(lambda x: np.log(x).sum(1) > 1.6 * sqrt(8), _same(bf.LogNormal(0, 0.5), 8)),
            [_tail(3.2)],
        ),
        "heavy tails in 2": (  # E (|x1| + |x2|)^1.5 of Student's t with 4 degrees: adaptive quadrature, to 1e-8
            bf.Problem(lambda x: np.abs(x).sum(1) ** 1.5, _same(bf.StudentT(4), 2)),
            [3.3004056055],
        ),
        "exponential of 6 Beta": (
            bf.Problem(lambda x: np.exp(-2 * x.sum(1)), _same(bf.Beta(2, 3), 6)),
            [_integral(lambda s: np.exp(-2 * s) * 12 * s * (1 - s) ** 2, 0, 1) ** 6],
        ),
        "largest of 3 Gumbel": (_event(lambda x: x.max(1) > 9, _same(bf.Gumbel(0, 1), 3)), [-expm1(-3 * exp(-9))]),
        "radius in 20": (_event(lambda x: (x**2).sum(1) > 45.3, _normal(20)), [_poisson(45.3 / 2, 10)]),
        "exponential in 50": (bf.Problem(lambda x: np.exp((x * weights).sum(1)), _normal(50)), [exp(1.125)]),
        "two sides, with a score": (
            bf.exceedance(lambda x: np.abs(x[:, 0]), _normal(10), thresholds=[3.0, 4.0]),
            [2 * _tail(3), 2 * _tail(4)],
        ),
        "cosine in 4": (
            bf.Problem(lambda x: np.cos(3 * x.sum(1)), _same(bf.Uniform(0, 1), 4)),
            [cos(6) * (sin(1.5) / 1.5) ** 4],
        ),
        "ball in 3": (_event(lambda x: (x**2).sum(1) < 1, _same(bf.Uniform(-1, 1), 3)), [pi / 6]),
        "odd and cubic in 3": (
            bf.Problem(
                lambda x: np.stack([x.prod(1) + np.sin(x[:, 0]), x.sum(1) ** 3], 1), _same(bf.Normal(0.2, 1), 3)
            ),
            [0.2**3 + sin(0.2) * exp(-0.5), 0.6**3 + 3 * 0.6 * 3],
        ),
        "corner under a copula": (
            _event(lambda x: (x > 2).all(1), bf.Joint({"a": bf.Normal(), "b": bf.Normal()}, copula=copula)),
            [_integral(lambda s: _density(s) * _tail((2 - 0.7 * s) / sqrt(0.51)), 2, 12)],
        ),
        "three thresholds": (
            bf.Problem(
                lambda x: x.sum(1) / 2,
                _normal(4),
                outputs={f"P{k}": (lambda y, k=k: (y > k).astype(float)) for k in (1, 2, 3)},
            ),
            [_tail(1), _tail(2), _tail(3)],
        ),
        "weakest of 5": (
            bf.Problem(lambda x: np.maximum(x.min(1) - 6, 0), _same(bf.Weibull(1.5, 8), 5)),
            [_integral(lambda s: np.exp(-5 * (s / 8) ** 1.5), 6, 40)],
        ),
        "corner peak in 8": (
            bf.Problem(lambda x: (1 + 0.5 * x.sum(1)) ** -9.0, _same(bf.Uniform(0, 1), 8)),
            [sum((-1) ** j * comb(8, j) / (1 + 0.5 * j) for j in range(9)) / (factorial(8) * 0.5**8)],
        ),
        "squared Gamma product": (
            bf.Problem(lambda x: x.prod(1) ** 2, _same(bf.Gamma(2.5, 3), 3)),
            [float(np.sum(bf.Gamma(2.5, 3).mean) ** 2 * 1.4) ** 3],
        ),
        "mean of 100": (bf.Problem(lambda x: x.mean(1) + x[:, 0] * x[:, 1], _same(bf.Normal(1, 0.5), 100)), [2.0]),
        "shell in 5": (
            bf.Problem(lambda x: np.exp(-((np.sqrt((x**2).sum(1)) - 4) ** 2) / 0.02), _normal(5)),
            [_integral(lambda r: np.exp(-((r - 4) ** 2) / 0.02) * sqrt(2 / pi) / 3 * r**4 * np.exp(-(r**2) / 2), 2, 6)],
        ),
        "exponential of 4 triangles": (
            bf.Problem(lambda x: np.exp(3 * x.sum(1)), _same(bf.Triangular(0, 0.3, 1), 4)),
            [
                (
                    _integral(lambda s: np.exp(3 * s) * 2 * s / 0.3, 0, 0.3)
                    + _integral(lambda s: np.exp(3 * s) * 2 * (1 - s) / 0.7, 0.3, 1)
                )
                ** 4
            ],
        ),
    }


def tables(records):
    """What `buffon run` prints."""
    rows = [[case, short(c["aiscv"]["criterion"] ** 0.5), *(between(*_gain(c, other)) for other in ("plain", "quasi")),
             f"{c['aiscv']['coverage']:.1%}", f"{c['aiscv']['doubtful']}"] for case, c in _by_case(records).items()]
    header = ["", "relative error", "C(plain) / C(aiscv), 95 %", "C(quasi) / C(aiscv), 95 %", "coverage", "runs warned"]
    return [Table(f"Each value over {records[-1]['repetitions']} runs of each arm", header, rows)]


def picture(records, path):
    """Both ratios with their intervals and bounds."""
    figure, axes = new_figure(2, (8.4, 4.8))
    cases = _by_case(records)
    for ax, other, bound in zip(axes, ("plain", "quasi"), (0.95, 0.5), strict=True):
        value, low, high = np.array([_gain(c, other) for c in cases.values()]).T
        ax.errorbar(value, range(len(cases)), xerr=[value - low, high - value], fmt="o", markersize=4, capsize=2)
        ax.axvline(bound, color="black", linewidth=0.8, linestyle="--")
        ax.set_yticks(range(len(cases)), list(cases) if other == "plain" else [], fontsize=7)
        ax.invert_yaxis()
        ax.set_xscale("log")
        ax.set_xlabel(f"C({other}) / C(aiscv); bound {bound:g}")
    save(figure, path)


def _arms(problem, config):
    options = {"budget": config.budget, "threads": config.threads}
    return [
        Arm("aiscv", lambda rng: bf.aiscv(problem, rng=rng, **options), control=False),
        Arm("quasi", lambda rng: bf.quasi(problem, rng=rng, **options)),
        Arm("plain", lambda rng: bf.plain(problem, rng=rng, **options)),
    ]


def _cases(name, problem, exact, config):
    """One for each value."""
    cases = []
    for j, value in enumerate(exact):
        known = {"plain": (1 - value) / value / config.budget} if name in RARE else None
        cases.append(Case(name if len(exact) == 1 else f"{name}: {j + 1}", [name], np.array([value]), np.array([value**-2.0]),
                          lambda e, j=j: only(e.names[j])(e), known))
    return cases


def _by_case(records):
    """case -> arm -> record of its criterion."""
    cases = {}
    for r in records:
        if r["kind"] == "criterion":
            cases.setdefault(r["case"], {})[r["arm"]] = r
    return cases


def _gain(arms, other):
    return ratio(best_known(arms[other]), best_known(arms["aiscv"]))


def _same(law, dim):
    return bf.Joint([law] * dim)


def _normal(dim):
    return _same(bf.Normal(), dim)


def _event(hit, law):
    return bf.Problem(lambda x: hit(x).astype(float), law)


def _density(x):
    return np.exp(-np.square(x) / 2) / sqrt(2 * pi)


def _tail(x):
    """P(X > x) of a standard normal X."""
    p = bf.Normal().cdf(-np.atleast_1d(np.asarray(x, dtype=float)))
    return p if np.ndim(x) else float(p[0])


def _poisson(mean, below):
    """P(Poisson < below): that a sum of so many exponentials exceeds the mean."""
    return exp(-mean) * sum(mean**k / factorial(k) for k in range(below))


def _integral(f, low, high):
    """Gauss-Legendre, 40 panels of 20 points."""
    x, w = np.polynomial.legendre.leggauss(20)
    edges = np.linspace(low, high, 41)
    half = np.diff(edges)[:, None] / 2
    return float((f((edges[:-1, None] + half + half * x).ravel()) * (half * w).ravel()).sum())
