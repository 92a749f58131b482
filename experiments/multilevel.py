"""Means of a diffusion sampler's draws from samplers with fewer evaluations.

`multilevel`, and an accurate solver as a control variate.

A mixture of eight Gaussians in 16 dimensions and its exact denoiser. `multilevel` is asked for means under DDIM with 320
evaluations, with Heun's method of 35 and 17 below it, all from the same noise; budgets are in runs of DDIM-320. `every step
count` has DDIM with 40 and 10 beside them, `same solver` only these. Exact values are those of an independent multilevel run of
25 times the budget. Plain Monte Carlo's criterion is the variance of one draw over the number of runs.

`controlled`: the bias of a few-step sampler, mean of f(sampler) less f(Heun-35) at the same noise plus the known mean of f under
the mixture (a statement against the fine solver). What it gains for each evaluation of a denoiser, that of the fine one counted,
over the mean of f alone: `multilevel`'s own two-level case.
"""
from dataclasses import dataclass

import numpy as np

import buffon as bf
from buffon import diffusion as bd
from buffon.experiments._claims import Claim
from buffon.experiments._comparison import Arm, Case, campaign, only, ratio, with_w
from buffon.experiments._report import Table, new_figure, save, short
from buffon.experiments.failure_probability import mixture

# mean under DDIM-320, its standard error, variance of one draw
KNOWN = {"x1": (-1.65808, 0.00129, 0.611), "square": (52.9890, 0.0301, 330.0), "mode 8": (0.204489, 0.000570, 0.1627)}
# gains for each evaluation with Heun-35 as the control: stated for this mixture
COUPLED = {"DDIM-10": (1.3, 1.6, 3.7, 2.3), "DDIM-20": (4.9, 5.9, 13.8, 8.9), "Heun-17": (19, 29, 74, 38)}
OUTPUTS = ("x1", "square", "mode 8", "largest")
WITHIN = 0.1

EXPECTED = (
    Claim(
        "a fine solver at the same noise pays, its evaluations counted",
        "controlled",
        "DDIM-20, x1",
        "per_evaluation",
        at_least=1,
    ),
    *(
        Claim("fewer evaluations than plain Monte Carlo", "multilevel", case, against="plain", at_least=5, small=False)
        for case in KNOWN
    ),
    *(Claim("intervals cover", "multilevel", case, "coverage", at_least=0.93, small=False) for case in KNOWN),
    *(
        Claim("never worse than plain", arm, case, against="plain", at_least=1, small=False)
        for arm in ("every step count", "same solver")
        for case in KNOWN
    ),
    *(
        Claim(
            "gain for each evaluation",
            "controlled",
            f"{sampler}, {output}",
            "per_evaluation",
            at_least=(1 - WITHIN) * gain,
            small=False,
        )
        for sampler, gains in COUPLED.items()
        for output, gain in zip(OUTPUTS, gains, strict=True)
    ),
)


@dataclass(frozen=True)
class Config:
    """``budget`` runs of DDIM-320, or what costs as much, for each estimate; ``draws`` of each sampler beside its control in each
    of ``blocks``."""

    budget: int = 2_000
    repetitions: int = 100
    control_repetitions: int = 10
    draws: int = 10_000
    blocks: int = 8
    rng: int = 1
    threads: int = 1

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(budget=500, repetitions=2, control_repetitions=2, draws=2_000, blocks=2)


def samplers():
    """Name -> table, from the noise of one grid."""
    schedule, grid = bd.EDM(0.01, 20), {"grid": "rho", "to_zero": True}
    return {**{f"DDIM-{n}": bd.ddim(schedule, steps=n, **grid) for n in (320, 40, 20, 10)},
            "Heun-35": bd.heun(schedule, steps=18, **grid), "Heun-17": bd.heun(schedule, steps=9, **grid)}


def problem(model, table):
    """Outputs of a sampler whose means are asked for."""
    return bd.sampler_problem(
        model,
        table,
        functionals={
            "x1": lambda x: x[:, 0],
            "square": lambda x: (x**2).sum(axis=1),
            "mode 8": lambda x: model.mode(x) == 7,
            "largest": lambda x: x.max(axis=1),
        },
    )


def run(config, progress=None):
    """Records of the levels and of the controls; ``progress(n, total)`` counts runs of DDIM-320."""
    model, tables = mixture(), samplers()
    problems = {name: problem(model, table) for name, table in tables.items()}
    records = campaign([(_arms(problems, config), [_case(name, config) for name in KNOWN], config)], progress)
    coupled = [r for sampler in COUPLED for r in _coupled(sampler, problems[sampler], problems["Heun-35"], config)]
    return [with_w(r) if r["kind"] == "criterion" else r for r in records] + coupled


def tables(records):
    """What `buffon run` prints."""
    levels = [
        [
            r["case"],
            r["arm"],
            short(r["gain"]),
            f"{r['gain_low']:.2g} to {r['gain_high']:.2g}",
            f"{r['coverage']:.1%}",
            f"{r['cpu_seconds']:.2f} s",
        ]
        for r in records
        if r["kind"] == "criterion" and "gain" in r and r["arm"] != "plain"
    ]
    controls = [
        [
            r["case"],
            short(r["per_draw"]),
            short(r["per_evaluation"]),
            f"{r['per_evaluation_low']:.3g} to {r['per_evaluation_high']:.3g}",
        ]
        for r in records
        if r["arm"] == "controlled"
    ]
    return [
        Table(
            "Levels below DDIM-320: evaluations that plain Monte Carlo needs, relative",
            ["", "arm", "gain", "95 %", "coverage", "time"],
            levels,
        ),
        Table("Heun-35 as a control", ["", "gain for each draw", "for each evaluation", "95 %"], controls),
    ]


def picture(records, path):
    """Gains of all arms over plain Monte Carlo."""
    figure, axes = new_figure(2, (9, 3.6))
    criteria = [r for r in records if r["kind"] == "criterion" and "gain" in r and r["arm"] != "plain"]
    for a, arm in enumerate(dict.fromkeys(r["arm"] for r in criteria)):
        at = [r for r in criteria if r["arm"] == arm]
        gains = np.array([r["gain"] for r in at])
        ends = [gains - [r["gain_low"] for r in at], np.array([r["gain_high"] for r in at]) - gains]
        axes[0].errorbar(np.arange(len(at)) + 0.15 * (a - 1), gains, yerr=ends, fmt="osD"[a], capsize=2, label=arm)
        axes[0].set_xticks(range(len(at)), [r["case"] for r in at])
    axes[0].axhline(1, color="black", linewidth=0.8)
    axes[0].set_ylabel("gain over plain Monte Carlo")
    axes[0].legend(frameon=False, fontsize=8)
    for a, sampler in enumerate(COUPLED):
        at = [r for r in records if r["arm"] == "controlled" and r["case"].startswith(sampler)]
        axes[1].plot(range(len(at)), [r["per_evaluation"] for r in at], "osD"[a], label=sampler)
        axes[1].plot(range(len(at)), COUPLED[sampler], "_", color="black", markersize=14)
    axes[1].set_xticks(range(len(OUTPUTS)), OUTPUTS)
    axes[1].set_yscale("log")
    axes[1].set_ylabel("gain for each evaluation")
    axes[1].legend(frameon=False, fontsize=8)
    save(figure, path)


def _arms(problems, config):
    def levels(*names):
        return [(problems[name], problems[name].denoiser_evaluations) for name in names]

    def arm(label, hierarchy, control):
        return Arm(label, lambda rng: bf.multilevel(hierarchy, budget=config.budget, rng=rng, threads=config.threads), control,
                   config.control_repetitions if control else None)

    plain = Arm(
        "plain",
        lambda rng: bf.plain(problems["DDIM-320"], budget=config.budget, rng=rng, threads=config.threads),
        True,
        2,
    )
    return [arm("multilevel", levels("DDIM-320", "Heun-35", "Heun-17"), False),
            arm("every step count", levels("DDIM-320", "DDIM-40", "Heun-35", "Heun-17", "DDIM-10"), True),
            arm("same solver", levels("DDIM-320", "DDIM-40", "DDIM-10"), True), plain]


def _case(name, config):
    mean, error, variance = KNOWN[name]
    return Case(
        name,
        [name],
        np.array([mean]),
        np.array([1 / variance]),
        only(name),
        {"plain": 1 / config.budget},
        np.array([error]),
    )


def _coupled(name, sampler, fine, config):
    """Gains of f(sampler) - f(fine) over f(sampler): ratios of variances, pooled over blocks of draws with keys of their own."""
    alone, together = [], []
    for b in range(config.blocks):
        z = bf.Stream(config.rng, 1_000 + b).normal(config.draws, sampler.dim)
        few, many = np.asarray(sampler(z), float), np.asarray(fine(z), float)
        alone.append(few.var(axis=0, ddof=1))
        together.append((few - many).var(axis=0, ddof=1))
    share = sampler.denoiser_evaluations / (sampler.denoiser_evaluations + fine.denoiser_evaluations)
    return [
        r
        for j, output in enumerate(OUTPUTS)
        for r in _gain(name, output, share, _pooled(alone, j), _pooled(together, j), config)
    ]


def _pooled(variances, j):
    """Mean over the blocks and its standard error."""
    of_blocks = np.array(variances)[:, j]
    return of_blocks.mean(), of_blocks.std(ddof=1) / np.sqrt(len(of_blocks))


def _gain(name, output, share, alone, together, config):
    """Records of the sampler with its control and of the sampler alone, which gains nothing."""
    gain, low, high = ratio(alone, together)
    head = {"kind": "criterion", "case": f"{name}, {output}", "blocks": config.blocks, "draws": config.draws}
    return [
        {
            **head,
            "arm": "controlled",
            "role": "method",
            "per_draw": gain,
            "per_evaluation": share * gain,
            "per_evaluation_low": share * low,
            "per_evaluation_high": share * high,
            "stated": COUPLED[name][OUTPUTS.index(output)],
        },
        {
            **head,
            "arm": "alone",
            "role": "control",
            "per_draw": 1.0,
            "per_evaluation": 1.0,
            "per_evaluation_low": 1.0,
            "per_evaluation_high": 1.0,
        },
    ]


__all__ = ["Config", "EXPECTED", "picture", "problem", "run", "samplers", "tables"]
