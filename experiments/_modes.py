"""Two mixtures of eight modes, and what a sample is beside them: off every mode, or between several."""
import numpy as np

from buffon import diffusion as bd


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
    return bd.GaussianMixture(
        np.arange(1, 9) / 36, means, np.array([q @ np.diag(np.linspace(0.1, 0.5, 16) ** 2) @ q.T for q in turns])
    )


BLUR = 0.5   # noise level at which samples are attributed to modes


def modes(model, x):
    """The most probable mode of each row."""
    return model.responsibilities(x, BLUR).argmax(axis=1)


def mode_shares(model, x):
    """Shares off every mode (beyond 99.9 % of one mode's draws) and between modes (two of probability 0.1 or more), as a record
    has them."""
    found = {"off": bd.off_mode(x, model), "mixed": bd.mode_mixture(x, model, sigma=BLUR)}
    return {name + end: float(value[0]) for name, e in found.items()
            for end, value in zip(("", "_low", "_high"), (e.value, *e.confidence_interval()), strict=True)}
