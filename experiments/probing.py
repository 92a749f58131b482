"""Probes of frozen features: what covariances over the tokens of a picture add to their mean, for a linear classifier.

The 1,797 digits of scikit-learn through 64 random filters of 3 x 3 pixels that are never trained: 36 tokens with 64 channels
for each picture. A linear classifier (ridge regression on the ten classes, its penalty by generalised cross-validation) sees

`mean`: the mean of the tokens, as a linear probe does;
`four heads`: that, and the covariances of each 16 channels with the next 16 (`moment_features(heads=4)`), as in Moment
Probing, whose learned projection, layer norm and convolutions are left out;
`projected`: that, and the covariances of 24 random projections as sign(c) sqrt|c|;
`first token`: 64 channels of one token, which a probe should not look at.

`accuracy` on 797 other pictures, `beyond`: by how much it is above that of `mean`, paired by seed; a seed draws filters and
split.
"""
from dataclasses import dataclass

import numpy as np

from buffon import diffusion as bd
from buffon.experiments import _digits
from buffon.experiments._claims import Claim
from buffon.experiments._report import Table, new_figure, save

FILTERS, SIDE, PROJECTIONS, TEST = 64, 6, 24, 797
PENALTIES = 10.0 ** np.arange(-4, 5)

EXPECTED = (
    *(Claim("covariances add to the mean", arm, f"{labels} labels", "beyond", at_least=0.02, sure=True)
      for arm in ("four heads", "projected") for labels in (100, 1000)),
    Claim("one token is less than the mean of all", "first token", None, "beyond", at_most=0),
)


@dataclass(frozen=True)
class Config:
    """``seeds`` draws of filters and split; ``labels`` of the classifiers."""

    seeds: int = 10
    labels: tuple = (100, 1000)
    rng: int = 1

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(seeds=3)


def tokens(pictures, rng):
    """36 tokens of 64 channels, (n, 36, 64): rectified answers of random filters, of mean 0 and variance 1 each."""
    filters = rng.standard_normal((9, FILTERS)) / 3
    grid = pictures.reshape(-1, 8, 8)
    patches = np.stack([grid[:, i:i + SIDE, j:j + SIDE].reshape(-1, SIDE * SIDE) for i in range(3) for j in range(3)], axis=2)
    answers = np.maximum(patches @ filters, 0)
    return (answers - answers.mean(axis=(0, 1))) / answers.std(axis=(0, 1))


def features(x, rng):
    """Name -> rows of features."""
    projected = x @ (rng.standard_normal((FILTERS, PROJECTIONS)) / np.sqrt(FILTERS))
    return {
        "mean": x.mean(axis=1),
        "four heads": bd.moment_features(x, heads=4),
        "projected": np.hstack([x.mean(axis=1), bd.moment_features(projected, scale="root")[:, PROJECTIONS:]]),
        "first token": x[:, 0],
    }


def accuracy(train, classes, test, truth):
    """Of ridge regression on the classes, the penalty by generalised cross-validation."""
    centre, scale = train.mean(axis=0), train.std(axis=0) + 1e-9
    x, z = (train - centre) / scale, (test - centre) / scale
    y = np.eye(10)[classes] - np.eye(10)[classes].mean(axis=0)
    left, values, right = np.linalg.svd(x, full_matrices=False)
    along, best = left.T @ y, (np.inf, None)
    for penalty in PENALTIES * len(x):
        kept = values**2 / (values**2 + penalty)
        rest = ((y - left @ (kept[:, None] * along)) ** 2).sum() / (1 - (kept.sum() + 1) / len(x)) ** 2
        best = min(best, (rest, penalty), key=lambda found: found[0])
    weights = right.T @ ((values / (values**2 + best[1]))[:, None] * along)
    return float(((z @ weights + np.eye(10)[classes].mean(axis=0)).argmax(axis=1) == truth).mean())


def run(config, progress=None):
    """Records of each kind of features; ``progress(n, total)`` counts seeds."""
    who = "the experiment probing"
    pictures, classes = _digits.images(who, config.rng), _digits.classes(who, config.rng)
    found = {}
    for seed in range(config.seeds):
        rng = np.random.default_rng([config.rng, seed])
        order = rng.permutation(len(pictures))
        test, rest = order[:TEST], order[TEST:]
        for arm, rows in features(tokens(pictures, rng), rng).items():
            for labels in config.labels:
                train = rest[:labels]
                found.setdefault((labels, arm), []).append(accuracy(rows[train], classes[train], rows[test], classes[test]))
        if progress:
            progress(seed + 1, config.seeds)
    return [_record(labels, arm, np.array(values), np.array(found[labels, "mean"])) for (labels, arm), values in found.items()]


def _record(labels, arm, values, means):
    def figure(name, x):
        return {name: float(x.mean()), f"{name}_se": float(x.std(ddof=1) / np.sqrt(len(x)))}
    role = "method" if arm in ("four heads", "projected") else "control"
    return {"kind": "criterion", "case": f"{labels} labels", "arm": arm, "role": role, "seeds": len(values),
            **figure("accuracy", values), **figure("beyond", values - means)}


def tables(records):
    """What `buffon run` prints."""
    rows = [[r["case"], r["arm"], f"{r['accuracy']:.1%} ± {r['accuracy_se']:.1%}", f"{r['beyond']:+.1%} ± {r['beyond_se']:.1%}"]
            for r in records]
    return [Table("Accuracy on 797 other pictures", ["", "features", "accuracy", "beyond the mean"], rows)]


def picture(records, path):
    """Accuracy of each kind of features."""
    figure, axes = new_figure(1, (6, 3.2))
    for a, case in enumerate(dict.fromkeys(r["case"] for r in records)):
        at = [r for r in records if r["case"] == case]
        ends = [2 * r["accuracy_se"] for r in at]
        places, values = np.arange(len(at)) + 0.1 * a, [r["accuracy"] for r in at]
        axes[0].errorbar(places, values, yerr=ends, fmt="os"[a % 2], capsize=2, label=case)
        axes[0].set_xticks(range(len(at)), [r["arm"] for r in at])
    axes[0].set_ylabel("accuracy")
    axes[0].legend(frameon=False, fontsize=8)
    save(figure, path)


__all__ = ["Config", "EXPECTED", "picture", "run", "tables"]
