"""Functions whose Sobol' indices are known: nine of the literature, and six on which nothing was tuned."""
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from math import log, pi, prod, sqrt

import numpy as np

import buffon as bf


@dataclass(frozen=True)
class Known:
    """A problem of one output, its model as one writes it with NumPy, its indices and their standard errors."""

    problem: bf.Problem
    model: Callable[[np.ndarray], np.ndarray]
    first: np.ndarray
    total: np.ndarray
    errors: tuple[float, float] = (0.0, 0.0)


@cache
def functions():
    """Name -> problem and indices."""
    a = [0, 1, 4.5, 9, *[99] * 12]
    beam = Known(bf.testing.cantilever().problem, beam_tip, np.array([0.023543, 0.0002958, 0.016358, 0.42810, 0.07293, 0.40102]),
                 np.array([0.029056, 0.000425, 0.019883, 0.47520, 0.08445, 0.44958]), (4e-5, 8e-5))
    return {
        "ishigami": _ishigami(),
        "g6": _g_function([0, 0.5, 3, 9, 99, 99]),
        "g16": _g_function(a),
        "lin10": _linear(),
        "prodmean": _product(),
        "levitan20": _levitan(),
        "morris20": _morris(),
        "indic5": _event(),
        "beam": beam,
    }


def tails():
    """Outputs whose variance comes from a tail: exp of a normal sum, and events with and without a score."""
    known = {f"exp of a normal, sd {sd}": _lognormal(sd) for sd in (0.3, 0.7, 1.0, 1.5, 2.0)}
    known |= {
        f"event of {p:.0e}, {text}": _rare(p, score)
        for p in (1e-3, 1e-4)
        for text, score in (("score", True), ("no score", False))
    }
    return known | {"ishigami": _ishigami()}


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
    return _own(
        lambda u: np.exp((u * b).sum(1)),
        _cube(20),
        *_of_product(list(np.expm1(2 * b) / (2 * b) / (np.expm1(b) / b) ** 2)),
    )


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


def held_out():
    """Six functions of 3 to 10 inputs, bounded, truncated or signed; name -> problem and indices."""
    return {
        "friedman": _friedman(),
        "signed product": _signed_product(),
        "truncated": _truncated(),
        "kink": _kink(),
        "absolute": _absolute(),
        "cosine": _cosine(),
    }


def _by_quadrature(f, nodes, weights):
    """First and total orders of f on a grid of nodes, from the tensor rule with these weights; one array of each an input."""
    values = f(*np.meshgrid(*nodes, indexing="ij"))
    weights = [w.reshape([-1 if j == i else 1 for j in range(len(nodes))]) / w.sum() for i, w in enumerate(weights)]

    def mean(x, axes):
        for axis in axes:
            x = (x * weights[axis]).sum(axis=axis, keepdims=True)
        return x
    every = range(len(weights))
    centre = mean(values, every)
    variance = mean((values - centre) ** 2, every).item()
    first = [mean((mean(values, [j for j in every if j != i]) - centre) ** 2, [i]).item() / variance for i in every]
    total = [mean((values - mean(values, [i])) ** 2, every).item() / variance for i in every]
    return np.array(first), np.array(total)


def _gauss(low, high, count):
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return (low + high) / 2 + (high - low) / 2 * nodes, weights * (high - low) / 2


def _friedman():
    """10 sin(pi u1 u2) + 20 (u3 - 1/2)^2 + 10 u4 + 5 u5, and five inputs without effect. Friedman (1991)."""
    def model(u):
        return 10 * np.sin(pi * u[:, 0] * u[:, 1]) + 20 * (u[:, 2] - 0.5) ** 2 + 10 * u[:, 3] + 5 * u[:, 4]
    x, w = _gauss(0, 1, 60)
    pair = 10 * np.sin(pi * np.outer(x, x))
    mean = w @ pair @ w
    parts = np.array([w @ (pair @ w - mean) ** 2] * 2 + [400 / 180, 100 / 12, 25 / 12])
    together = w @ pair**2 @ w - mean**2 - 2 * parts[0]
    whole = parts.sum() + together
    first = np.concatenate([parts, np.zeros(5)]) / whole
    return _own(model, _cube(10), first, first + np.array([together / whole] * 2 + [0.0] * 8))


def _signed_product():
    """u1 u2 u3 u4 of inputs between -1 and 2: E u^2 / (E u)^2 = 4."""
    return _own(lambda u: np.prod(u, axis=1), bf.Joint([bf.Uniform(-1, 2)] * 4), *_of_product([4.0] * 4))


def _truncated():
    """x1^2 + x1 x2 + x2 exp(x3 / 2) of truncated normal and exponential inputs."""
    def f(x1, x2, x3):
        return x1**2 + x1 * x2 + x2 * np.exp(x3 / 2)
    laws = [bf.Truncated(bf.Normal(), -1, 2), bf.Truncated(bf.Normal(0.5, 2), -1, 3), bf.Truncated(bf.Exponential(1), 0, 3)]
    rules = [_gauss(*ends, 48) for ends in ((-1, 2), (-1, 3), (0, 3))]
    density = [w * np.exp(law.log_density(x)) for law, (x, w) in zip(laws, rules, strict=True)]
    return _own(lambda x: f(*x.T), bf.Joint(laws), *_by_quadrature(f, [x for x, _ in rules], density))


def _kink():
    """max(u1 + u2, 2 u3) - u4: midpoints know the kink to 1e-5."""
    def f(u1, u2, u3):
        return np.maximum(u1 + u2, 2 * u3)
    x = (np.arange(240) + 0.5) / 240
    first, total = _by_quadrature(f, [x] * 3, [np.ones(240)] * 3)
    grid = f(*np.meshgrid(x, x, x, indexing="ij"))
    share = grid.var() / (grid.var() + 1 / 12)
    return _own(
        lambda u: f(*u.T[:3]) - u[:, 3],
        _cube(4),
        np.append(first * share, 1 - share),
        np.append(total * share, 1 - share),
    )


def _absolute():
    """z1 |z2| + z3 z4 + z5 of standard normal inputs: variances 1, 1, 1, that of z1 E|z2| is 2 / pi."""
    first, total = np.array([2 / pi, 0, 0, 0, 1]) / 3, np.array([1, 1 - 2 / pi, 1, 1, 1]) / 3
    return _own(lambda z: z[:, 0] * np.abs(z[:, 1]) + z[:, 2] * z[:, 3] + z[:, 4], bf.Joint([bf.Normal()] * 5), first, total)


def _cosine():
    """cos(w . u), the oscillatory function of Genz (1984): E[cos | some] and its variance in closed form."""
    w = np.array([3.0, 2.0, 1.5, 1.0, 0.5])

    def characteristic(w):
        return np.prod((np.exp(1j * w) - 1) / (1j * w))

    def closed(known):   # Var(E[cos | u_known])
        rest = characteristic(w[[i for i in range(len(w)) if i not in known]])
        return (abs(rest) ** 2 + (rest**2 * characteristic(2 * w[list(known)])).real) / 2 - characteristic(w).real ** 2
    every = list(range(len(w)))
    whole = closed(every)
    first = np.array([closed([i]) for i in every]) / whole
    total = 1 - np.array([closed([j for j in every if j != i]) for i in every]) / whole
    return _own(lambda u: np.cos(u @ w), _cube(5), first, total)


def _lognormal(sd):
    """exp(w . z) of three standard normal z, |w| = sd."""
    w = sd * np.array([0.8, 0.5, np.sqrt(0.11)])
    return _own(lambda z: np.exp(z @ w), bf.Joint([bf.Normal()] * 3), *_of_product(list(np.exp(w**2))))


def _rare(p, score):
    """1{w . z > b} of three standard normal z, |w| = 1; V_T is the whole less V of the others together."""
    w, b = np.array([0.8, 0.5, np.sqrt(0.11)]), -float(bf.Normal().quantile(np.array([p]))[0])
    inputs = bf.Joint([bf.Normal()] * 3)
    problem = bf.exceedance(lambda z: z @ w, inputs, [b]) if score else bf.Problem(lambda z: (z @ w > b).astype(float), inputs)
    first, rest = (np.array([_both(-b, c) - p**2 for c in shares]) / (p - p**2) for shares in (w**2, 1 - w**2))
    return Known(problem, lambda z: (z @ w > b).astype(float), first, 1 - rest)
