"""A Gaussian mixture of 8 x 8 grey patches, and its exact law given a degraded patch.

Degraded data are mu = A x0 + b + tau n, n standard normal, with one of several (A, b) at random and unknown: x0 and mu are
jointly a Gaussian mixture, so x0 given mu is one in closed form, of a component for each pair of component and strength.
"""
from dataclasses import dataclass

import numpy as np

SIDE = 8


@dataclass(frozen=True)
class Mixture:
    """Weights (k,), means (k, d), covariances (k, d, d)."""

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    def log_densities(self, x):
        """log(weight times density) of each component, (n, k)."""
        return np.stack([np.log(w) + _log_normal(x - m, c)
                         for w, m, c in zip(self.weights, self.means, self.covariances, strict=True)], axis=1)


@dataclass(frozen=True)
class Degradation:
    """Strengths: pairs of matrix (d, d) and offset (d,), equally probable; ``noise`` is tau."""

    strengths: list
    noise: float

    def apply(self, x, strength, rng):
        """Rows of x degraded with the strength of this number."""
        matrix, offset = self.strengths[strength]
        return x @ matrix.T + offset + self.noise * rng.normal(size=x.shape)

    def posterior(self, prior, mu, least=1e-9):
        """x0 given one mu; components that hold less than ``least`` of the probability are left out."""
        parts = [part for matrix, offset in self.strengths for part in self._parts(prior, matrix, offset, mu)]
        log_weight = np.array([part[0] for part in parts])
        weights = np.exp(log_weight - log_weight.max())
        weights /= weights.sum()
        kept = np.flatnonzero(weights > least)
        return Mixture(weights[kept] / weights[kept].sum(), np.array([parts[k][1] for k in kept]),
                       np.array([parts[k][2] for k in kept]))

    def _parts(self, prior, matrix, offset, mu):
        """Log weight, mean and covariance of x0 given mu, component by component of the prior."""
        for weight, mean, covariance in zip(prior.weights, prior.means, prior.covariances, strict=True):
            cross = covariance @ matrix.T
            of_mu = matrix @ cross + self.noise**2 * np.eye(len(mu))
            surprise = mu - matrix @ mean - offset
            gain = np.linalg.solve(of_mu, cross.T).T
            left = (np.eye(len(mu)) - gain @ matrix) @ covariance
            yield np.log(weight) + _log_normal(surprise[None], of_mu)[0], mean + gain @ surprise, (left + left.T) / 2


def fit(x, components, iterations=30, floor=1e-5):
    """Maximum likelihood by EM from groups of equal contrast; ``floor`` is added to each variance."""
    order = np.argsort(x.std(axis=1), kind="stable")
    shares = np.zeros((len(x), components))
    shares[order, np.arange(len(x)) * components // len(x)] = 1
    for _ in range(iterations):
        model = _maximise(x, shares, floor)
        log_shares = model.log_densities(x)
        shares = np.exp(log_shares - log_shares.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
    return model


def tiles(picture):
    """The picture's patches side by side, (n, 64), row by row."""
    rows, columns = (size // SIDE for size in picture.shape)
    return picture.reshape(rows, SIDE, columns, SIDE).swapaxes(1, 2).reshape(-1, SIDE * SIDE)


def joined(patches, shape):
    """The picture of these patches."""
    rows, columns = (size // SIDE for size in shape)
    return patches.reshape(rows, columns, SIDE, SIDE).swapaxes(1, 2).reshape(shape)


def degradations():
    """The six tasks; grey values from 0 to 1."""
    d, identity = SIDE * SIDE, np.eye(SIDE * SIDE)
    even = np.zeros(d)
    distance = np.arange(SIDE)[:, None] - np.arange(SIDE)
    line = np.exp(-distance**2 / (2 * 1.2**2))
    line /= line.sum(axis=1, keepdims=True)
    half = np.kron(np.eye(SIDE // 2), np.full((2, 2), 0.5))   # means of two neighbours, written twice
    seen = np.diag((np.arange(d) * 37 % 64 % 5 < 2).astype(float))   # two pixels of five
    return {
        "noise": Degradation([(identity, even)], 25 / 255),
        "blur": Degradation([(np.kron(line, line), even)], 2 / 255),
        "inpainting": Degradation([(seen, 0.5 * (1 - np.diag(seen)))], 2 / 255),
        "super-resolution": Degradation([(np.kron(half, half), even)], 2 / 255),
        "veil": Degradation([(t * identity, 0.9 * (1 - t) + even) for t in (0.3, 0.4, 0.5, 0.6)], 4 / 255),
        "low light": Degradation([(gain * identity, even) for gain in (0.1, 0.15, 0.2, 0.25)], 4 / 255),
    }


def _maximise(x, shares, floor):
    weights, totals = shares.mean(axis=0), shares.sum(axis=0)
    means = shares.T @ x / totals[:, None]
    covariances = [((s[:, None] * (x - m)).T @ (x - m)) / t + floor * np.eye(x.shape[1])
                   for s, m, t in zip(shares.T, means, totals, strict=True)]
    return Mixture(weights, means, np.array(covariances))


def _log_normal(centred, covariance):
    factor = np.linalg.cholesky(covariance)
    whitened = np.linalg.inv(factor) @ centred.T
    return -0.5 * (whitened**2).sum(axis=0) - np.log(np.diag(factor)).sum() - 0.5 * len(factor) * np.log(2 * np.pi)
