"""What the quality of a sampler depends on: indices of its hyper-parameters with the noise of the seed taken out.

Sobol' indices and Shapley effects.

`closed form`: Ishigami's function of three inputs, a dummy, and normal noise as large as the rest whose size is that of the
second input; every index is known. Arms: `noise taken out`, `sobol(noise="seed")`; controls that are expected to lose: `seed as
an input`, indices of all inputs and the seed over the variance of one evaluation; `fresh noise`, Jansen's estimator of a model
that draws new noise at every evaluation.

`gmm2d`: eight Gaussians in the plane, Heun's method with 5 to 20 steps, the exponent of its grid, its lowest level, churn, a
factor of the predicted noise, and a dummy. Quality is the logarithm of the Frechet distance of 50 or 200 draws to the data: the
more draws, the less of its variance is the seed's.
"""
from dataclasses import dataclass

import numpy as np

import buffon as bf
from buffon import diffusion as bd
from buffon.experiments._claims import Claim
from buffon.experiments._comparison import Arm, Case, campaign
from buffon.experiments._report import Table, between, new_figure, save, short

OURS, INPUT, FRESH = "noise taken out", "seed as an input", "fresh noise"
NOISE = 2.04                      # sd of noise over the second input: half of the variance of an evaluation
DRAWS = (50, 200)
SHARES, SHARE, DUMMY, RATIO = (
    "closed form: shares",
    "closed form: share of noise",
    "closed form: dummy",
    "gmm2d: noise of 50 draws over that of 200",
)

EXPECTED = (
    Claim("closer than with the seed as one more input", OURS, SHARES, against=INPUT, at_least=1),
    Claim("closer than with fresh noise", OURS, SHARES, against=FRESH, at_least=1),
    Claim("clearly so", OURS, SHARES, against=FRESH, at_least=4, sure=True, small=False),
    Claim("a dummy has exactly no part", OURS, DUMMY, "dummy", at_least=0, at_most=0),
    Claim("fresh noise gives a dummy its share", FRESH, DUMMY, "dummy", at_least=0.5),
    *(Claim("intervals cover", OURS, case, "coverage", at_least=0.92, small=False) for case in (SHARES, SHARE)),
    Claim("intervals with fresh noise do not", FRESH, SHARES, "coverage", at_most=0.7, small=False),
    *(Claim("a dummy has exactly no part", OURS, f"gmm2d, {n} draws: dummy", "total", at_least=0, at_most=0) for n in DRAWS),
    *(Claim("steps matter", OURS, f"gmm2d, {n} draws: steps", "total", at_least=0.1, small=False) for n in DRAWS),
    Claim("more draws, less noise for each part of the variance of the mean", OURS, RATIO, "odds", at_least=2, small=False),
)


@dataclass(frozen=True)
class Config:
    """``budget`` evaluations of the closed form in each run, ``sampler_budget`` samplers for all indices of their quality."""

    budget: int = 2**13
    repetitions: int = 100
    sampler_budget: int = 2_048
    rng: int = 1
    threads: int = 1

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(budget=2**12, repetitions=3, sampler_budget=400)


def mixture():
    """Eight Gaussians on a circle of radius 4, weights 1 to 8, axes 0.3 and 0.1."""
    angles = 2 * np.pi * np.arange(8) / 8
    turns = [np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) for a in angles]
    means = 4 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return bd.GaussianMixture(np.arange(1, 9) / 36, means, [r @ np.diag([0.09, 0.01]) @ r.T for r in turns])


def quality(n):
    """The logarithm of the Frechet distance of n draws to data as a problem of hyper-parameters and the seed."""
    model = mixture()
    data = model.forward(10_000, 0.0, rng=0)

    def maker(steps, rho, log_low, churn, factor, dummy):
        schedule = bd.EDM(np.exp(log_low), 10)
        return bd.noise_scaled(model, factor), bd.heun(
            schedule, steps=int(steps), grid="rho", power=rho, to_zero=True, s_churn=churn
        )

    hyper = {
        "steps": bf.Uniform(5, 21),
        "rho": bf.Uniform(3, 11),
        "log_low": bf.Uniform(np.log(1e-3), np.log(0.1)),
        "churn": bf.Uniform(0, 80),
        "factor": bf.Uniform(0.98, 1.03),
        "dummy": bf.Uniform(0, 1),
    }
    return bd.quality_problem(model, maker, hyper, lambda x: np.log(bd.frechet(x, data, threads=1).value[0]), n=n)


def run(config, progress=None):
    """Records of the closed form and of the sampler; ``progress(n, total)`` counts evaluations of the first."""
    problem, exact, share = _closed_form()
    shares = Case(SHARES, list(exact), np.array(list(exact.values())), np.ones(len(exact)), lambda e: _only(e, exact))
    total = Case(SHARE, ["total order of seed"], np.array([share]), np.ones(1), lambda e: _only(e, ["total order of seed"]))

    def arm(name, control, f):
        return Arm(name, lambda rng: f(rng, config.budget), control)
    ours = arm(OURS, False, lambda rng, n: bf.sobol(problem, budget=n, noise="seed", rng=rng, threads=config.threads).joint)
    as_input = arm(INPUT, True, lambda rng, n: bf.sobol(problem, budget=n, rng=rng, threads=config.threads).joint)
    fresh = arm(FRESH, True, lambda rng, n: bf.sobol(_fresh(rng), budget=n, method="jansen", rng=rng, threads=1).joint)
    records = campaign([([ours, as_input, fresh], [shares], config), ([ours, as_input], [total], config)], progress)
    return records + [_dummy(arm, share, config) for arm in (ours, as_input, fresh)] + _samplers(config)


def tables(records):
    """What `buffon run` prints."""
    closed = [
        [r["case"], r["arm"], short(np.sqrt(r["criterion"])), f"{r['coverage']:.1%}"]
        for r in records
        if r["kind"] == "criterion" and "repetitions" in r
    ]
    samplers = [
        [
            r["case"].removeprefix("gmm2d, "),
            r["arm"],
            *(between(r[k], r[f"{k}_low"], r[f"{k}_high"]) if k in r else "-" for k in ("first", "total", "shapley")),
        ]
        for r in records
        if "total" in r
    ]
    return [
        Table(
            "Indices of a function that is known, with noise as large as the rest: root of the sum of squared errors",
            ["", "arm", "error", "coverage"],
            closed,
        ),
        Table(
            "Hyper-parameters of Heun's method: indices with 95 % intervals",
            ["", "arm", "first order", "total order", "Shapley effect"],
            samplers,
        ),
    ]


def picture(records, path):
    """Total orders of the hyper-parameters, by arm and number of draws."""
    figure, axes = new_figure(2, (9, 3.6))
    for ax, n in zip(axes, DRAWS, strict=True):
        for a, arm in enumerate((OURS, INPUT)):
            at = [r for r in records if r["arm"] == arm and r["case"].startswith(f"gmm2d, {n} draws")]
            value = np.array([r["total"] for r in at])
            ends = [value - [r["total_low"] for r in at], np.array([r["total_high"] for r in at]) - value]
            ax.errorbar(np.arange(len(at)) + 0.15 * a, value, yerr=ends, fmt="os"[a], capsize=2, label=arm)
            ax.set_xticks(range(len(at)), [r["case"].partition(": ")[2] for r in at], rotation=30)
        ax.set_title(f"{n} draws")
        ax.set_ylabel("total order")
    axes[0].legend(frameon=False, fontsize=8)
    save(figure, path)


def _closed_form():
    """The problem, its indices by name, and the share of noise in the variance of an evaluation."""
    side = bf.Uniform(-np.pi, np.pi)
    laws = {"x1": side, "x2": side, "x3": side, "dummy": bf.Uniform(0, 1), "seed": bf.Normal()}
    problem = bf.Problem(lambda x: _function(x) + NOISE * x[:, 1] * x[:, 4], bf.Joint(laws), outputs=["y"])
    variance, noise = 0.5 + 49 / 8 + np.pi**4 / 50 + np.pi**8 / 1800, NOISE**2 * np.pi**2 / 3
    first = [0.5 * (1 + np.pi**4 / 50) ** 2 / variance, 49 / 8 / variance, 0]
    total = [first[0] + 8 * np.pi**8 / 225 / 100 / variance, first[1], 8 * np.pi**8 / 225 / 100 / variance]
    names = [f"{order} order of {name}" for order in ("first", "total") for name in ("x1", "x2", "x3")]
    return problem, dict(zip(names, [*first, *total], strict=True)), noise / (variance + noise)


def _function(x):
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def _fresh(rng):
    """The same model, which takes no seed."""
    own, side = np.random.default_rng(rng.spawn(1)[0]), bf.Uniform(-np.pi, np.pi)
    return bf.Problem(lambda x: _function(x) + NOISE * x[:, 1] * own.standard_normal(len(x)),
                      bf.Joint({"x1": side, "x2": side, "x3": side, "dummy": bf.Uniform(0, 1)}), outputs=["y"])


def _only(estimate, names):
    return estimate.without([name for name in estimate.names if name not in names])


def _dummy(arm, share, config):
    """What one more run says of the dummy's total order, over the share of noise in that of an evaluation, which fresh noise adds
    to all."""
    value = float(arm.estimate(np.random.SeedSequence([config.rng, 99]))["total order of dummy"])
    return {
        "kind": "criterion",
        "case": DUMMY,
        "arm": arm.name,
        "role": "control" if arm.control else "method",
        "dummy": value / share,
    }


def _samplers(config):
    records, odds = [], {}
    for n in DRAWS:
        problem = quality(n)
        rng = np.random.SeedSequence([config.rng, n])
        keys = rng.spawn(3)
        ours = bf.sobol(problem, budget=config.sampler_budget, noise="seed", rng=keys[0])
        effects = bf.shapley(problem, budget=config.sampler_budget, noise="seed", rng=keys[1])
        control = bf.sobol(problem, budget=config.sampler_budget, surrogate=False, rng=keys[2])
        for arm, found in ((OURS, ours), (INPUT, control)):
            for name in found.groups:
                shapley = _end(effects, name, "shapley") if arm == OURS and name != "seed" else {}
                records.append(
                    {
                        "kind": "criterion",
                        "case": f"gmm2d, {n} draws: {name}",
                        "arm": arm,
                        "role": "method" if arm == OURS else "control",
                        **_end(found.first_order, name, "first"),
                        **_end(found.total_order, name, "total"),
                        **shapley,
                    }
                )
            share = found.total_order["seed"]
            odds.setdefault(arm, []).append(share / (1 - share))
    return records + [
        {
            "kind": "criterion",
            "case": RATIO,
            "arm": arm,
            "role": "method" if arm == OURS else "control",
            "odds": few / many,
        }
        for arm, (few, many) in odds.items()
    ]


def _end(estimate, name, what):
    low, high = estimate._interval()
    j = list(estimate.names).index(name)
    return {what: float(estimate.value[j]), f"{what}_low": float(low[j]), f"{what}_high": float(high[j])}
