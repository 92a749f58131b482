"""Time-Shift and epsilon scaling after ten steps: what they repair, where they lose.

Three denoisers: the exact one of a Gaussian mixture in 16 dimensions, the ideal one of all 1,797 handwritten digits, and that of
300 of them, others in each run, judged by the 1,497 that it has not seen: an imperfect one. Two solvers of ten steps, `ddim` and
`fpndm`. All arms begin at the same noise, run by run. `energy`: energy distance to the data, 0 where the laws are equal; `gap`:
that of the arm less that of the plain solver; `ratio`: their ratio, with Fieller's interval, left out where the plain solver's
distance is not sure to be above 0; `frechet_ratio`: the same of Frechet distances; `variance`: of the samples' total variance to
the data's. Intervals are 95 %, of Student's t over the runs.

The controls are the plain solver and the paper's rule with a cutoff of 100, expected to lose: there a sample's variance is mostly
the data's, and labels are too high.
"""
from dataclasses import dataclass

import numpy as np

import buffon as bf
from buffon import diffusion as bd
from buffon.experiments._claims import Claim
from buffon.experiments._digits import distances, images
from buffon.experiments._report import Table, between, new_figure, save, short

PLAIN, LOSER, SCALED = "plain", "paper, cutoff 100", "noise / 1.02"
RULES = {
    "paper, cutoff 600": {"cutoff": 600},
    "paper, cutoff 300": {"cutoff": 300},
    LOSER: {"cutoff": 100},
    "released, cutoff 600": {"cutoff": 600, "rule": "released"},
    "released, cutoff 300": {"cutoff": 300, "rule": "released"},
    "calibrated": {"cutoff": 0, "rule": "calibrated"},
}
ARMS = (PLAIN, *RULES, SCALED)
SOLVERS = ("ddim", "fpndm")

EXPECTED = (
    Claim("calibrated labels repair what few steps of an exact denoiser do", "calibrated", "mixture, ddim", "ratio", at_most=0.9),
    Claim("in the first two moments, too", "calibrated", "mixture, ddim", "frechet_ratio", at_most=0.8),
    *(Claim("and elsewhere", "calibrated", case, "gap", at_most=0, sure=True, small=False)
      for case in ("mixture, fpndm", "all digits, ddim")),
    Claim("a smaller noise prediction repairs more", SCALED, "mixture, ddim", "ratio", at_most=0.7),
    Claim("in the first two moments, too", SCALED, "mixture, ddim", "frechet_ratio", at_most=0.75),
    Claim("and of an imperfect denoiser", SCALED, "300 digits, ddim", "gap", at_most=0, sure=True, small=False),
    Claim("a high cutoff leaves nothing to do", "paper, cutoff 600", "mixture, ddim", "ratio", at_least=0.95, at_most=1.05),
    *(Claim("a low cutoff harms", LOSER, case, "gap", at_least=0, sure=True, small=False)
      for case in ("mixture, ddim", "all digits, ddim", "all digits, fpndm", "300 digits, ddim")),
)


@dataclass(frozen=True)
class Config:
    """``runs`` of ``n`` samples each; ``window`` in labels."""

    n: int = 1000
    runs: int = 12
    window: int = 80
    rng: int = 301
    threads: int = 0

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(n=200, runs=4)


@dataclass(frozen=True)
class Law:
    """What samples are compared with: points y (m, d), all there are or a sample; mean, covariance and E|Y - Y'| of the law."""

    y: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray
    within: float

    @classmethod
    def of_points(cls, y, all_there_are=False):
        m = len(y)
        pairs = m**2 if all_there_are else m * (m - 1)
        return cls(y, y.mean(0), np.cov(y.T, ddof=0 if all_there_are else 1), distances(y, y).sum() / pairs)

    def energy(self, x):
        """Unbiased energy distance to the law of the rows of x."""
        n = len(x)
        return 2 * distances(x, self.y).mean() - distances(x, x).sum() / (n * (n - 1)) - self.within

    def frechet(self, x):
        """Frechet distance to the law of the rows of x: biased upwards by the noise of their moments."""
        root = _root(self.covariance)
        cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ np.cov(x.T) @ root), 0)).sum()
        return ((x.mean(0) - self.mean) ** 2).sum() + np.trace(np.cov(x.T)) + np.trace(self.covariance) - 2 * cross

    def variance(self, x):
        """Total variance of the rows of x to that of the law."""
        return x.var(0, ddof=1).sum() / np.trace(self.covariance)


def mixture():
    """Eight rotated modes in 16 dimensions."""
    rng, k = np.random.default_rng(7), np.arange(1, 9)
    means = 2 * rng.standard_normal((8, 16))
    turns = [np.linalg.qr(rng.standard_normal((16, 16)))[0] for _ in k]
    covariances = [q @ np.diag(np.linspace(0.1, 0.5, 16) ** 2) @ q.T for q in turns]
    return bd.GaussianMixture(k / 36, means / 4, np.array(covariances) / 16)


def run(config, progress=None):
    """One record per denoiser, solver and arm."""
    images("the experiment time_shift", config.rng)   # or say at once that they are missing
    records = []
    for i, data in enumerate(DATA):
        for solver in SOLVERS:
            records += _case(config, data, solver)
        if progress:
            progress(i + 1, len(DATA))
    return records


def tables(records):
    """What `buffon run` prints: a table per denoiser and solver."""
    cell = {(r["case"], r["arm"]): r for r in records}
    header = ["", "energy", "less that of plain", "ratio", "Frechet ratio", "variance"]
    return [Table(case, header, [_row(cell[case, arm]) for arm in ARMS]) for case in dict.fromkeys(r["case"] for r in records)]


def picture(records, path):
    """Gaps with intervals, a panel per denoiser."""
    cell = {(r["case"], r["arm"]): r for r in records}
    figure, axes = new_figure(len(DATA), (9.5, 3.4))
    for ax, data in zip(axes, DATA, strict=True):
        for s, solver in enumerate(SOLVERS):
            rows = [cell[f"{data}, {solver}", arm] for arm in ARMS[1:]]
            gap, low, high = (1000 * np.array([r[key] for r in rows]) for key in ("gap", "gap_low", "gap_high"))
            ax.errorbar(gap, np.arange(len(rows)) + 0.2 * s, xerr=[gap - low, high - gap], fmt="os"[s], markersize=4, capsize=2,
                        label=solver)
        ax.axvline(0, color="k", lw=0.7)
        ax.set_yticks(range(len(ARMS) - 1), ARMS[1:] if ax is axes[0] else [""] * (len(ARMS) - 1), fontsize=8)
        ax.invert_yaxis()
        ax.set_title(data, fontsize=9)
        ax.set_xlabel("energy distance less that of plain, thousandths", fontsize=8)
    axes[0].legend(frameon=False, fontsize=8)
    save(figure, path)


def _mixture(config):
    """run -> denoiser, samples of the data, and the law that its samples should have."""
    model = mixture()
    seen, mean = model.forward(20_000, 0.0, rng=config.rng), model.weights @ model.means
    parts = zip(model.weights, model.means - mean, model.covariances, strict=True)
    covariance = sum(w * (c + np.outer(m, m)) for w, m, c in parts)

    def of_run(run):
        y = model.forward(2 * config.n, 0.0, rng=config.rng + 1000 + run)
        return model, seen, Law(y, mean, covariance, Law.of_points(y).within)

    return of_run


def _all_digits(config):
    pixels = images("the experiment time_shift", config.rng)
    found = bd.Empirical(pixels, dtype="float32"), pixels, Law.of_points(pixels, all_there_are=True)
    return lambda run: found


def _few_digits(config):
    def of_run(run):
        pixels = images("the experiment time_shift", config.rng + run)
        return bd.Empirical(pixels[:300], dtype="float32"), pixels[:300], Law.of_points(pixels[300:])

    return of_run


def _case(config, data, solver):
    schedule, of_run = bd.Discrete.linear(), DATA[data](config)
    table = getattr(bd, solver)(schedule, grid=np.arange(10, 0, -1) / 10, to_zero=True)   # levels 999, 899, ..., 99, and 0
    found = {arm: [] for arm in ARMS}
    for run in range(config.runs):
        model, seen, law = of_run(run)
        variance = seen.var(axis=1, ddof=1).mean()
        for arm in ARMS:
            asked = bd.noise_scaled(model, 1 / 1.02) if arm == SCALED else model
            shifted = _shifted(table, config.window, variance, **RULES[arm]) if arm in RULES else table
            x = bd.sample(asked, shifted, n=config.n, rng=config.rng + run, threads=config.threads).x
            found[arm].append((law.energy(x), law.frechet(x), law.variance(x)))
    known = {arm: np.array(each).T for arm, each in found.items()}
    return [_record(f"{data}, {solver}", arm, known[arm], known[PLAIN], table.evaluations) for arm in ARMS]


def _shifted(table, window, variance, cutoff, rule="paper"):
    return bd.time_shifted(table, window=window, cutoff=cutoff, rule=rule, variance=variance if rule == "calibrated" else None)


DATA = {"mixture": _mixture, "all digits": _all_digits, "300 digits": _few_digits}


def _record(case, arm, found, plain, evaluations):
    record = {"kind": "criterion", "case": case, "arm": arm, "role": "control" if arm in (PLAIN, LOSER) else "method",
              "evaluations": evaluations}
    for name, values in (("energy", found[0]), ("gap", found[0] - plain[0]), ("variance", found[2])):
        half = _t(len(values)) * values.std(ddof=1) / np.sqrt(len(values))
        mean = values.mean()
        record |= {name: float(mean), f"{name}_low": float(mean - half), f"{name}_high": float(mean + half)}
    for name, k in (("ratio", 0), ("frechet_ratio", 1)):
        record |= dict(zip((name, f"{name}_low", f"{name}_high"), fieller(found[k], plain[k]), strict=True))
    return record


def fieller(a, b):
    """mean(a) / mean(b) of paired values with a 95 % interval; None where mean(b) is not sure to differ from 0."""
    n, (aa, ab, _, bb) = len(a), np.cov(a, b).ravel() / len(a)
    t2, ma, mb = _t(n) ** 2, a.mean(), b.mean()
    square, linear, constant = mb**2 - t2 * bb, ma * mb - t2 * ab, ma**2 - t2 * aa   # of the ratio
    if square <= 0:
        return None, None, None
    half = np.sqrt(max(linear**2 - square * constant, 0.0)) / square
    return float(ma / mb), float(linear / square - half), float(linear / square + half)


def _t(n):
    return float(bf.StudentT(n - 1).quantile(0.975))


def _root(c):
    values, vectors = np.linalg.eigh(c)
    return vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T


def _row(r):
    beside = ("-" if r["arm"] == PLAIN or r[k] is None else between(r[k], r[f"{k}_low"], r[f"{k}_high"])
              for k in ("gap", "ratio", "frechet_ratio"))
    return [r["arm"], short(r["energy"]), *beside, f"{r['variance']:.3f}"]
