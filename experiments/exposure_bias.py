"""Exposure bias of ten steps: what states of samplers look like, node by node, and what corrections make of their samples.

Three denoisers: the exact one of eight modes in 16 dimensions, the ideal one of 1,797 handwritten digits, and that of 300 of
them, others in each run, judged by all. Levels 999, 899, ..., 99 and 0 of a thousand. Means over runs with fresh keys, 95 %
intervals of Student's t.

Profiles (`exposure_profile`): variance ratio, deltas, energy, noise ratio of each node, beside figures known beforehand; the
first node, before which nothing was left out, is the control.
Samples: energy distance, Frechet distance and total variance of the samples to those of the data, from common noise; `ratio` and
`frechet_ratio` to the plain solver's, with Fieller's interval. Controls: exact draws (the floor), the plain solver, twice its
steps; expected to lose: a noise prediction made larger, and Time-Shift by the paper's rule where data dominate the variance.
"""
from dataclasses import dataclass

import numpy as np

from buffon import diffusion as bd
from buffon.experiments._claims import Claim
from buffon.experiments._digits import images
from buffon.experiments._report import Table, between, new_figure, save, short
from buffon.experiments.time_shift import PLAIN, Law, fieller, mixture
from buffon.experiments.time_shift import _t as student

EXACT, MORE, WRONG, PERTURBED, EARLY = "exact draws", "20 steps", "noise / 0.98", "perturbed inputs", "shift, paper, cutoff 100"
SCALED = {f"noise / {factor}": factor for factor in (1.01, 1.02, 1.03, 1.04)} | {WRONG: 0.98}
SHIFTED = {
    "shift, calibrated, window 20": {"window": 20, "cutoff": 0, "rule": "calibrated"},
    "shift, calibrated, window 80": {"window": 80, "cutoff": 0, "rule": "calibrated"},
    "shift, paper, cutoff 600": {"window": 80, "cutoff": 600},
    "shift, paper, cutoff 300": {"window": 80, "cutoff": 300},
    EARLY: {"window": 80, "cutoff": 100},
}
ARMS = (EXACT, PLAIN, MORE, *SHIFTED, *SCALED, PERTURBED)
CONTROLS = (EXACT, PLAIN, MORE, WRONG, EARLY)
MEASURES = ("variance_ratio", "delta_single", "delta_multi", "energy", "noise_ratio")
MIXTURE, DIGITS, FEW = "mixture", "all digits", "300 digits"

# Figures known beforehand, from an independent implementation over 5 runs: (data, solver, level after the step) ->
# measure, lower and upper bound,
# four of its standard errors to both sides.
KNOWN = (
    (MIXTURE, "ddim", 199, "variance_ratio", 0.934, 0.966),
    (MIXTURE, "ddim", 99, "variance_ratio", 0.83, 0.91),
    (MIXTURE, "ddim", 0, "variance_ratio", 0.849, 0.913),
    (MIXTURE, "ddim", 99, "delta_single", 1.8e-3, 3.0e-3),
    (MIXTURE, "ddim", 0, "delta_single", 5.3e-3, 8.9e-3),
    (MIXTURE, "ddim", 99, "delta_multi", 0.06, 0.10),
    (MIXTURE, "ddim", 0, "delta_multi", 0.225, 0.375),
    (MIXTURE, "ddim", 0, "energy", 0.0054, 0.0214),
    (MIXTURE, "ddpm", 0, "variance_ratio", 0.812, 0.860),
    (MIXTURE, "ddpm", 99, "variance_ratio", 0.745, 0.825),
    (DIGITS, "ddim", 99, "variance_ratio", 0.845, 0.869),
    (DIGITS, "ddim", 0, "variance_ratio", 0.910, 0.958),
    (DIGITS, "ddim", 199, "delta_single", 1.2e-3, 2.0e-3),
    (DIGITS, "ddim", 99, "delta_multi", 0.111, 0.185),
    (DIGITS, "ddim", 99, "noise_ratio", 1.05, 1.11),
    (DIGITS, "ddim", 199, "noise_ratio", 0.98, 1.02),
    (DIGITS, "ddpm", 0, "variance_ratio", 0.886, 0.910),
    (DIGITS, "ddpm", 99, "variance_ratio", 0.777, 0.825),
    (FEW, "ddim", 99, "noise_ratio", 0.81, 0.87),
    (FEW, "ddim", 0, "delta_single", 0.053, 0.088),
    (FEW, "ddim", 0, "energy", 0.009, 0.033),
)
EXPECTED = (
    Claim("epsilon scaling repairs what few steps do", "noise / 1.02", f"{MIXTURE}: samples", "ratio", at_most=0.70),
    Claim("in the first two moments, too", "noise / 1.02", f"{MIXTURE}: samples", "frechet_ratio", at_most=0.75),
    Claim(
        "calibrated labels repair part of it",
        "shift, calibrated, window 80",
        f"{MIXTURE}: samples",
        "ratio",
        at_most=0.90,
    ),
    Claim(
        "in the first two moments, too",
        "shift, calibrated, window 80",
        f"{MIXTURE}: samples",
        "frechet_ratio",
        at_most=0.80,
    ),
    Claim(
        "epsilon scaling repairs the digits",
        "noise / 1.02",
        f"{DIGITS}: samples",
        "frechet_ratio",
        at_most=1.0,
        sure=True,
        small=False,
    ),
    Claim(
        "a high cutoff leaves nothing to do",
        "shift, paper, cutoff 600",
        f"{MIXTURE}: samples",
        "ratio",
        at_least=0.95,
        at_most=1.05,
    ),
    Claim("a larger noise prediction harms", WRONG, f"{MIXTURE}: samples", "ratio", at_least=1.0, sure=True),
    Claim("a low cutoff harms", EARLY, f"{DIGITS}: samples", "frechet_ratio", at_least=1.0, sure=True, small=False),
    Claim(
        "exact draws have the data's variance",
        EXACT,
        f"{MIXTURE}: samples",
        "variance",
        at_least=0.98,
        at_most=1.02,
        small=False,
    ),
    *(
        Claim(f"{measure} as known", f"level {level}", f"{data}: {solver}", measure, at_least=low, at_most=high)
        for data, solver, level, measure, low, high in KNOWN
    ),
)


@dataclass(frozen=True)
class Config:
    """``runs`` of ``n`` samples each."""

    n: int = 1000
    runs: int = 10
    rng: int = 9_300
    threads: int = 0

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(n=200, runs=4)


def run(config, progress=None):
    """One record per denoiser, solver and node, and one per denoiser and correction."""
    images("the experiment exposure_bias", config.rng)   # or say at once that they are missing
    records = []
    for i, (data, of_run) in enumerate(DATA.items()):
        models = [of_run(config.rng + r) for r in range(config.runs)]
        records += _profiles(config, data, models)
        if data != FEW:
            records += _samples(config, data, models)
        if progress:
            progress(i + 1, len(DATA))
    return records


def tables(records):
    """What `buffon run` prints: a table of nodes per denoiser and solver, one of corrections per denoiser."""
    out = []
    for case in dict.fromkeys(r["case"] for r in records):
        rows = [r for r in records if r["case"] == case]
        if case.endswith(": samples"):
            out.append(
                Table(
                    case,
                    ["", "energy", "Frechet", "variance", "energy ratio", "Frechet ratio"],
                    [_sample_row(r) for r in rows],
                )
            )
        else:
            header = ["", *(m.replace("_", " ") for m in MEASURES)]
            out.append(Table(case, header, [[r["arm"], *(_cell(r, m) for m in MEASURES)] for r in rows]))
    return out


def picture(records, path):
    """Variance ratios of the nodes, and energy ratios of the corrections."""
    figure, axes = new_figure(2, (9.5, 3.8))
    for k, case in enumerate(dict.fromkeys(r["case"] for r in records if not r["case"].endswith(": samples"))):
        rows = [r for r in records if r["case"] == case]
        value, low, high = (np.array([r[f"variance_ratio{end}"] for r in rows]) for end in ("", "_low", "_high"))
        axes[0].errorbar(
            range(len(rows)),
            value,
            yerr=[value - low, high - value],
            fmt="osD^v"[k % 5] + "-",
            markersize=3,
            lw=0.8,
            label=case,
        )
    axes[0].set_xticks(range(len(rows)), [r["arm"].removeprefix("level ") for r in rows], fontsize=8)
    axes[0].set_xlabel("level", fontsize=8)
    axes[0].set_ylabel("variance to that of noised data", fontsize=8)
    axes[0].legend(frameon=False, fontsize=7)
    for k, data in enumerate((MIXTURE, DIGITS)):
        rows = {r["arm"]: r for r in records if r["case"] == f"{data}: samples"}
        arms = [arm for arm in ARMS if arm not in (EXACT, PLAIN, EARLY)]
        gap = [(1000 * rows[a]["gap"], 1000 * rows[a]["gap_low"], 1000 * rows[a]["gap_high"]) for a in arms]
        value, low, high = np.array(gap).T
        axes[1].errorbar(
            value,
            np.arange(len(arms)) + 0.2 * k,
            xerr=[value - low, high - value],
            fmt="os"[k],
            markersize=3,
            capsize=2,
            label=data,
        )
    axes[1].axvline(0, color="k", lw=0.7)
    axes[1].set_yticks(range(len(arms)), arms, fontsize=7)
    axes[1].invert_yaxis()
    axes[1].set_xlabel("energy distance less that of plain, thousandths", fontsize=8)
    axes[1].legend(frameon=False, fontsize=7)
    save(figure, path)


@dataclass(frozen=True)
class Model:
    """A denoiser, the exact one, and the law of the data in the figures of samples."""

    denoiser: object
    exact: object
    law: Law
    variance: float   # mean of the unbiased variance of a draw's coordinates

    def draws(self, n, rng):
        return self.exact.forward(n, 0.0, rng=rng)


def _mixture(key):
    model = mixture()
    mean = model.weights @ model.means
    covariance = sum(
        w * (c + np.outer(m, m)) for w, m, c in zip(model.weights, model.means - mean, model.covariances, strict=True)
    )
    y = model.forward(2000, 0.0, rng=key + 100_000)
    ones = np.ones(len(mean)) / len(mean)
    within = (np.trace(covariance) + mean @ mean - len(mean) * (ones @ covariance @ ones + mean.mean() ** 2)) / (len(mean) - 1)
    return Model(model, model, Law(y, mean, covariance, Law.of_points(y).within), within)


def _digits(key, kept=None):
    pixels = images("the experiment exposure_bias", key)
    whole = bd.Empirical(pixels, dtype="float32")
    model = whole if kept is None else bd.Empirical(pixels[:kept], dtype="float32")
    return Model(model, whole, Law.of_points(pixels, all_there_are=True), pixels.var(axis=1, ddof=1).mean())


DATA = {MIXTURE: _mixture, DIGITS: _digits, FEW: lambda key: _digits(key, 300)}


def table(solver="ddim", steps=10):
    """Levels 999, ... in equal steps, and 0."""
    return getattr(bd, solver)(bd.Discrete.linear(), grid=np.arange(steps, 0, -1) / steps, to_zero=True)


def _profiles(config, data, models):
    solvers = ["ddim"] if data == FEW else ["ddim", "ddpm"]
    found = {}
    for r, model in enumerate(models):
        profile = bd.exposure_profile(
            model.denoiser,
            {s: table(s) for s in solvers},
            exact=model.exact,
            n=config.n,
            quantities=MEASURES,
            rng=config.rng + r,
            threads=config.threads,
        )
        for solver in solvers:
            for measure in MEASURES:
                for k, value in enumerate(profile.of(measure, solver).value):
                    found.setdefault((solver, k), {}).setdefault(measure, []).append(value)
    levels = [*(1000 - 100 * (k + 1) - 1 for k in range(9)), 0]
    return [
        {
            "kind": "criterion",
            "case": f"{data}: {solver}",
            "arm": f"level {levels[k]}",
            "role": "control" if k == 0 else "method",
            "evaluations": k + 1,
        }
        | {key: value for measure in MEASURES for key, value in _mean(measure, values.get(measure)).items()}
        for (solver, k), values in found.items()
    ]


def _samples(config, data, models):
    found = {arm: [] for arm in ARMS}
    for r, model in enumerate(models):
        for arm in ARMS:
            x = model.draws(config.n, config.rng + r + 200_000) if arm == EXACT else _draw(config, model, arm, config.rng + r)
            found[arm].append((model.law.energy(x), model.law.frechet(x), model.law.variance(x)))
    known = {arm: np.array(each).T for arm, each in found.items()}
    return [_sample_record(f"{data}: samples", arm, known[arm], known[PLAIN]) for arm in ARMS]


def _draw(config, model, arm, key):
    asked, steps = model.denoiser, table(steps=20 if arm == MORE else 10)
    if arm in SCALED:
        asked = bd.noise_scaled(asked, 1 / SCALED[arm])
    if arm == PERTURBED:
        asked = bd.input_perturbed(asked, 0.1)
    if arm in SHIFTED:
        rule = SHIFTED[arm]
        steps = bd.time_shifted(steps, **rule, variance=model.variance if rule.get("rule") == "calibrated" else None)
    return bd.sample(asked, steps, n=config.n, rng=key, threads=config.threads).x


def _mean(name, values):
    if values is None:   # there is no noise prediction at the data
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    values = np.asarray(values)
    half = student(len(values)) * values.std(ddof=1) / np.sqrt(len(values))
    return {name: float(values.mean()), f"{name}_low": float(values.mean() - half), f"{name}_high": float(values.mean() + half)}


def _sample_record(case, arm, found, plain):
    record = {"kind": "criterion", "case": case, "arm": arm, "role": "control" if arm in CONTROLS else "method",
              "evaluations": {EXACT: 0, MORE: 20}.get(arm, 10)}
    for name, values in (("energy", found[0]), ("frechet", found[1]), ("variance", found[2]), ("gap", found[0] - plain[0])):
        record |= _mean(name, values)
    for name, k in (("ratio", 0), ("frechet_ratio", 1)):
        record |= dict(zip((name, f"{name}_low", f"{name}_high"), fieller(found[k], plain[k]), strict=True))
    return record


def _cell(record, name):
    return "-" if record[name] is None else between(record[name], record[f"{name}_low"], record[f"{name}_high"])


def _sample_row(r):
    ratios = ["-" if r["arm"] == PLAIN else _cell(r, name) for name in ("ratio", "frechet_ratio")]
    return [
        r["arm"],
        between(1000 * r["energy"], 1000 * r["energy_low"], 1000 * r["energy_high"]),
        short(r["frechet"]),
        short(r["variance"]),
        *ratios,
    ]
