"""A mixture fitted to data as the control of a dear denoiser's sampler: two levels from the same noise, beside plain Monte Carlo.

`ridges`: three bent ridges in eight dimensions, known by 10,000 points; the ideal denoiser of the points is asked for means
under DDIM with ten evaluations, and twelve Gaussians fitted to the points are the surrogate. `network`: the same, of a function
of Python in single precision that knows only a tenth of the points, as a network that is not perfect. `digits`: a thousand
handwritten digits behind such a function, 64 dimensions, forty Gaussians with independent coordinates.

Arms: `surrogate`, with coefficients; `differences`, without; `another law`, a surrogate fitted to the points after a rotation,
which tells little, and which must cost no more than the first look. Costs are those of the surrogate's runs in runs of the dear
sampler: 0.04 (measured: `measured_cost` in the records, on one thread) and 0.01, as of a network that takes half a millisecond
a row. Exact values are those of an independent run of `reference` times the budget.
"""
import functools
import time
from dataclasses import dataclass

import numpy as np

import buffon as bf
from buffon import diffusion as bd
from buffon.experiments import _digits
from buffon.experiments._claims import Claim
from buffon.experiments._comparison import Arm, Case, campaign, only, with_w
from buffon.experiments._report import Table, new_figure, save, short

DIM, RIDGES = 8, 3
CASES = ("ridges", "network", "digits")

EXPECTED = (
    Claim("the surrogate pays, its cost counted", "surrogate", against="plain", at_least=1),
    *(Claim("five times fewer runs", "surrogate", f"{case}, {output}", against="plain", at_least=5, small=False)
      for case in ("ridges", "network") for output in ("x1", "square", "product", "largest")),
    Claim("intervals cover", "surrogate", measure="coverage", at_least=0.93, small=False),
    Claim("a bad surrogate costs the first look at most", "another law", against="plain", at_least=0.9, small=False),
    Claim("its intervals cover", "another law", measure="coverage", at_least=0.93, small=False),
)


@dataclass(frozen=True)
class Config:
    """``budget`` runs of the dear sampler, or what costs as much, for each estimate; ``points`` of the ridges."""

    budget: int = 600
    repetitions: int = 200
    control_repetitions: int = 60
    reference: int = 30
    points: int = 10_000
    pictures: int = 1_000
    cases: str = ",".join(CASES)
    rng: int = 1
    threads: int = 1

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(repetitions=4, control_repetitions=2, reference=5, points=2_000, cases="ridges,network")


def ridges(n, rng):
    """Points (n, 8) about three arcs, each turned in its own way."""
    draw, shape = np.random.default_rng(rng), np.random.default_rng(7)
    along = draw.uniform(-1, 1, n)
    x = draw.standard_normal((n, DIM)) * np.linspace(0.1, 0.4, DIM)
    x[:, 0] += 2 * along
    x[:, 1] += 1.5 * (along**2 - 1 / 3)
    centres, turns = 2 * shape.standard_normal((RIDGES, DIM)), [turned(DIM, shape) for _ in range(RIDGES)]
    which = draw.integers(0, RIDGES, n)
    return centres[which] + np.einsum("ij,ijk->ik", x, np.array(turns)[which])


def turned(dim, rng):
    """A random orthogonal matrix."""
    return np.linalg.qr(rng.standard_normal((dim, dim)))[0]


def network(points):
    """A denoiser in single precision, a function of Python: all that is known of it is its answers."""
    points = points.astype(np.float32)
    half = (points**2).sum(axis=1) / 2

    def block(x, sigma):
        logits = (x.astype(np.float32) @ points.T - half) / np.square(sigma, dtype=np.float32).reshape(-1, 1)
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        return (weights / weights.sum(axis=1, keepdims=True)) @ points

    def denoise(x, sigma):
        at = range(0, len(x), 1_000)
        return np.concatenate([block(x[i:i + 1_000], sigma[i:i + 1_000]) for i in at]) if len(x) else x

    return bd.Denoiser(denoise, points.shape[1])


def functionals(case):
    """What means are asked for."""
    if case == "digits":
        return {"ink": lambda x: x.mean(axis=1), "square": lambda x: (x**2).mean(axis=1), "middle": lambda x: x[:, 28],
                "mirrored": lambda x: (x.reshape(-1, 8, 8) * x.reshape(-1, 8, 8)[:, :, ::-1]).mean(axis=(1, 2))}
    return {"x1": lambda x: x[:, 0], "square": lambda x: (x**2).sum(axis=1), "product": lambda x: x[:, 0] * x[:, 1],
            "largest": lambda x: x.max(axis=1)}


def models(case, config):
    """The dear denoiser, the points that a surrogate is fitted to, its options, and the cost of its runs."""
    if case not in CASES:
        raise ValueError(f"surrogate: cases must be among {', '.join(CASES)}, got {case!r}")
    if case == "digits":
        points = _digits.images("surrogate", config.rng)[:config.pictures]
        return network(points), points, {"components": config.pictures // 25, "diagonal": True}, 0.01
    points = ridges(config.points, config.rng)
    if case == "network":
        return network(points[:config.points // 10]), points, {"components": 12}, 0.01
    return bd.Empirical(points), points, {"components": 12}, 0.04


def run(config, progress=None):
    """Records of all cases; ``progress(n, total)`` counts runs of the dear sampler."""
    studies, costs = [], {}
    for case in config.cases.split(","):
        arms, cases, costs[case] = study(case, config)
        studies.append((arms, cases, config))
    records = campaign(studies, progress)
    return [{**with_w(r), "measured_cost": costs[r["case"].split(",")[0]]} if r["kind"] == "criterion" else r for r in records]


def study(case, config):
    """Arms, cases and the measured cost of a run of the surrogate's sampler."""
    model, points, options, cost = models(case, config)
    table = bd.ddim(bd.EDM(0.02, 20), steps=10, grid="rho", to_zero=True)
    middle = points.mean(axis=0)
    turn = turned(points.shape[1], np.random.default_rng(3))
    fit = functools.partial(bd.fit_mixture, rng=config.rng, **options)
    outputs = functionals(case)
    levels, others = (bd.surrogate_levels(model, table, fit(x), functionals=outputs, cost=cost)
                      for x in (points, middle + (points - middle) @ turn))

    def multilevel(name, hierarchy, control, coefficients=True):
        return Arm(name, lambda rng: bf.multilevel(hierarchy, coefficients=coefficients, budget=config.budget, rng=rng,
                                                   threads=config.threads), control,
                   config.control_repetitions if control else None)

    arms = [multilevel("surrogate", levels, False), multilevel("differences", levels, True, False),
            multilevel("another law", others, True),
            Arm("plain", lambda rng: bf.plain(levels[0][0], budget=config.budget, rng=rng, threads=config.threads), True, 2)]
    truth = bf.multilevel(levels, coefficients=True, budget=config.reference * config.budget,
                          rng=np.random.SeedSequence([config.rng, 99]), threads=config.threads)
    variances = spread(levels[0][0], config)
    cases = [Case(f"{case}, {name}", [name], truth.value[j:j + 1], np.array([1 / variances[j]]), only(name),
                  {"plain": 1 / config.budget}, truth.std_error[j:j + 1]) for j, name in enumerate(outputs)]
    return arms, cases, cost_of(levels, config)


def spread(problem, config):
    """Variance of one run of the sampler, for each output."""
    z = bf.Stream(config.rng, 1_000).normal(config.reference * config.budget // 4, problem.dim)
    return np.asarray(problem(z), float).var(axis=0, ddof=1)


def cost_of(levels, config):
    """Processor time of a run of the surrogate's sampler over one of the dear one's, on one thread."""
    seconds = []
    for problem, _ in levels:
        one = bf.plain(problem, budget=200, rng=1, threads=1)
        begin = time.process_time()
        bf.plain(problem, budget=one.n, rng=2, threads=1)
        seconds.append(time.process_time() - begin)
    return seconds[1] / seconds[0]


def tables(records):
    """What `buffon run` prints."""
    rows = [
        [r["case"], r["arm"], short(r["gain"]), f"{r['gain_low']:.3g} to {r['gain_high']:.3g}", f"{r['coverage']:.1%}",
         short(r["measured_cost"])]
        for r in records
        if r["kind"] == "criterion" and r["arm"] != "plain"
    ]
    header = ["", "arm", "gain", "95 %", "coverage", "cost measured"]
    return [Table("Runs of the dear sampler that plain Monte Carlo needs, relative", header, rows)]


def picture(records, path):
    """Gains of all arms over plain Monte Carlo."""
    figure, axes = new_figure(1, (9, 3.6))
    criteria = [r for r in records if r["kind"] == "criterion" and r["arm"] != "plain"]
    for a, arm in enumerate(dict.fromkeys(r["arm"] for r in criteria)):
        at = [r for r in criteria if r["arm"] == arm]
        gains = np.array([r["gain"] for r in at])
        ends = [gains - [r["gain_low"] for r in at], np.array([r["gain_high"] for r in at]) - gains]
        axes[0].errorbar(np.arange(len(at)) + 0.15 * (a - 1), gains, yerr=ends, fmt="osD"[a], capsize=2, label=arm)
        axes[0].set_xticks(range(len(at)), [r["case"].replace(", ", "\n") for r in at], fontsize=7)
    axes[0].axhline(1, color="black", linewidth=0.8)
    axes[0].set_yscale("log")
    axes[0].set_ylabel("gain over plain Monte Carlo")
    axes[0].legend(frameon=False, fontsize=8)
    save(figure, path)


__all__ = ["Config", "EXPECTED", "picture", "run", "study", "tables"]
