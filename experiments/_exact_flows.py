"""Exact problems for solvers: mixtures whose probability flow is known to rounding, fixed starts, and errors with intervals."""
import re

import numpy as np

import buffon as bf
from buffon import diffusion as bd

PRIMES = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53]


def g1():
    """One Gaussian: mean 1.2, standard deviation 0.3."""
    return bd.GaussianMixture([1.0], [[1.2]], [[[0.09]]])


def g2():
    """Five modes on a circle."""
    k = np.arange(5)
    means = 2 * np.stack([np.cos(2 * np.pi * k / 5), np.sin(2 * np.pi * k / 5)], 1)
    return bd.GaussianMixture(1 + k, means, np.array([np.eye(2) * (0.15 + 0.05 * i) ** 2 for i in k]))


def g16():
    """Eight modes in 16 dimensions."""
    k, j = np.arange(8)[:, None], np.arange(16)[None, :]
    sds = 0.2 + 0.05 * ((k + j) % 4)
    means = 1.5 * np.sin(1.7 * (k + 1) + 0.9 * (j + 1) * (k + 2))
    return bd.GaussianMixture(1 + np.arange(8) % 3, means, np.array([np.diag(s**2) for s in sds]))


def starts(n, d, first=0):
    """Normal quantiles of the fractions of (i + 1) sqrt(prime_j): a fixed set like draws from N(0, I)."""
    index = first + np.arange(n)[:, None] + 1.0
    return bf.Normal().quantile(np.mod(index * np.sqrt(PRIMES[:d]), 1.0).ravel()).reshape(n, d)


def prior_scale(schedule):
    """Standard deviation of x where samplers start: 1 where the variance is preserved."""
    return 1.0 if schedule.alpha(schedule.t_start) < 1 else schedule.sigma(schedule.t_start)


def exact_end(model, schedule, x):
    """Where the probability flow takes x: Dormand-Prince with tolerances far below any error of a race."""
    return bd.sample(model, bd.rk45(schedule, rtol=1e-10, atol=1e-10), x=x).x


def errors(model, table, x, exact):
    """Root mean square over the coordinates of each row."""
    return np.sqrt(((bd.sample(model, table, x=x).x - exact) ** 2).mean(1))


def median_interval(values):
    """Median, and its 95 % interval from order statistics (binomial)."""
    values = np.sort(values)
    half = 0.98 * np.sqrt(len(values))
    low, high = int(max(0, np.floor(len(values) / 2 - half))), int(min(len(values) - 1, np.ceil(len(values) / 2 + half)))
    return float(np.median(values)), float(values[low]), float(values[high])


def ratio_of_medians(above, below):
    """Of errors at the same starts, with a 95 % bootstrap interval over them."""
    rows = np.random.default_rng(0).integers(len(below), size=(400, len(below)))
    ratios = np.median(above[rows], 1) / np.median(below[rows], 1)
    return float(np.median(above) / np.median(below)), *map(float, np.quantile(ratios, [0.025, 0.975]))


def made(text, schedule, **grid):
    """The table of a solver written as "unipc(order=3,prediction=noise)"."""
    name, words = re.fullmatch(r"(\w+)\((.*)\)", text).groups()
    options = dict(word.split("=") for word in words.split(",") if word)
    plain = {"True": True, "False": False}
    return getattr(bd, name)(schedule, **grid, **{k: int(v) if v.isdigit() else plain.get(v, v) for k, v in options.items()})
