"""Two mixtures of eight modes, and what a sample is beside them: off every mode, or between several."""
from dataclasses import dataclass

import numpy as np

import buffon as bf
from buffon import diffusion as bd
from buffon.experiments._calibration import wilson


def gmm2d():
    """Eight narrow modes on a circle of radius 4, the k-th with weight k / 36."""
    angles = np.arange(8) * np.pi / 4
    turns = [np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) for a in angles]
    return bd.GaussianMixture(np.arange(1, 9) / 36, 4 * np.stack([np.cos(angles), np.sin(angles)], axis=1),
                              np.array([q @ np.diag([0.09, 0.01]) @ q.T for q in turns]))


def gmm16():
    """Eight rotated modes in 16 dimensions, the k-th with weight k / 36."""
    rng = np.random.default_rng(7)
    means = 2 * rng.standard_normal((8, 16))
    turns = [np.linalg.qr(rng.standard_normal((16, 16)))[0] for _ in range(8)]
    return bd.GaussianMixture(np.arange(1, 9) / 36, means, np.array([q @ np.diag(np.linspace(0.1, 0.5, 16) ** 2) @ q.T for q in turns]))


@dataclass(frozen=True)
class Modes:
    """A mixture as the judge of samples: ``blur`` is the noise level at which they are attributed to modes."""

    model: object
    blur: float = 0.5

    def off(self, x):
        """Whether each row is off every mode: the smallest squared Mahalanobis distance is beyond 99.9 % of one mode's."""
        return self.model.off_mode(x) > bf.Gamma(self.model.dim / 2, 2.0).quantile([0.999])[0]

    def mixed(self, x, share=0.1):
        """Whether two modes or more have this posterior probability each, at the level ``blur``."""
        return (self.shares(x) >= share).sum(axis=1) >= 2

    def of(self, x):
        """The most probable mode of each row."""
        return self.shares(x).argmax(axis=1)

    def shares(self, x):
        """Posterior probabilities of the modes, (n, k)."""
        found = []
        for w, m, c in zip(self.model.weights, self.model.means, self.model.covariances, strict=True):
            factor = np.linalg.cholesky(c + self.blur**2 * np.eye(len(m)))
            z = np.linalg.solve(factor, (x - m).T)
            found.append(np.log(w) - (z**2).sum(axis=0) / 2 - np.log(np.diag(factor)).sum())
        log = np.array(found).T
        weights = np.exp(log - log.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True)


def share(name, hits):
    """A share with its 95 % interval, as a record has it."""
    value = float(np.mean(hits))
    low, high = wilson(value, len(hits))
    return {name: value, f"{name}_low": low, f"{name}_high": high}
