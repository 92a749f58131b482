"""Rare events in many inputs: two families of components, where each is at its best and where it is not.

Standard normal inputs and one threshold with its score. `one region` is x1 + ... + xd > sqrt(d) beta, `two regions` the same of
|x1 + ... + xd|: the event lies in a direction or two, where the Gaussians of the default need few numbers. `every direction` is
x1^2 + ... + xd^2 > t: no direction is better than another, and a von Mises-Fisher-Nakagami component (`vmfn`) knows all of it by
its radius. W is evaluations times mean squared relative error: plain Monte Carlo, the control, has (1 - p) / p.

`vmfn` has two components where there are two regions, one elsewhere; the default chooses their number. A run has missed a region
when its value is below three quarters of the truth.
"""
from dataclasses import dataclass
from math import exp, factorial

import numpy as np

import buffon as bf
from buffon.experiments._claims import Claim
from buffon.experiments._comparison import Arm, Case, campaign, with_w
from buffon.experiments._report import Table, new_figure, save, short

PROBABILITIES = (1e-4, 1e-6)
SHELL = "every direction, 20 inputs, 0.0001"

EXPECTED = (
    *(
        Claim("W of vmfn, one region", "vmfn", f"one region, {d} inputs, {p:g}", "w", at_most=20)
        for d in (20, 50)
        for p in PROBABILITIES
    ),
    *(
        Claim("W of the default, one region", "gaussian", f"one region, {d} inputs, {p:g}", "w", at_most=5)
        for d in (20, 50)
        for p in PROBABILITIES
    ),
    *(
        Claim("all regions found by vmfn", "vmfn", f"two regions, {d} inputs, {p:g}", "found", at_least=0.99)
        for d in (20, 50)
        for p in PROBABILITIES
    ),
    Claim("an event in every direction: W of vmfn", "vmfn", SHELL, "w", at_most=5),
    Claim("an event in every direction: the default is behind", "vmfn", SHELL, against="gaussian", at_least=5),
    Claim("plain is far behind", "vmfn", against="plain", at_least=10),
)


@dataclass(frozen=True)
class Config:
    """``budget`` evaluations a run and arm; problems of at most ``inputs`` inputs, ``gaussian_inputs`` by the default family."""

    budget: int = 10_000
    repetitions: int = 50
    inputs: int = 200
    gaussian_inputs: int = 50
    rng: int = 1
    threads: int = 1

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(repetitions=4, inputs=20)


def problems(inputs):
    """Case -> problem, its exact probability, options of vmfn."""
    known = {}
    for d in (20, 50, 100, 200):
        for p in PROBABILITIES:
            known[f"one region, {d} inputs, {p:g}"] = (bf.testing.linear_exceedance(d, [_beta(p)]).problem, p, {})
            known[f"two regions, {d} inputs, {p:g}"] = (
                bf.testing.two_sided_exceedance(d, [_beta(p / 2)]).problem, p, {"components": 2})
    half = 52.386 / 2   # of the squared radius: P(radius^2 > 2 half) = P(Poisson(half) < 10), 1e-4
    known[SHELL] = (bf.exceedance(lambda x: (x**2).sum(1), bf.Joint([bf.Normal()] * 20), [2 * half]),
                    exp(-half) * sum(half**k / factorial(k) for k in range(10)), {})
    return {name: parts for name, parts in known.items() if parts[0].dim <= inputs}


def run(config, progress=None):
    """Records of all problems; ``progress(n, total)`` counts evaluations."""
    studies = [(_arms(name, problem, options, config), [_case(name, problem, exact, config)], config)
               for name, (problem, exact, options) in problems(config.inputs).items()]
    return [with_w(r) if r["kind"] == "criterion" else r for r in campaign(studies, progress)]


def tables(records):
    """What `buffon run` prints."""
    rows = [
        [
            r["case"],
            r["arm"],
            short(r["w"]),
            f"{r['w_low']:.2g} to {r['w_high']:.2g}",
            f"{r['found']:.0%}",
            f"{r['coverage']:.0%}",
            str(r["doubtful"]),
            f"{1e3 * r['cpu_seconds']:.0f} ms",
        ]
        for r in records
        if r["kind"] == "criterion" and r["arm"] != "plain"
    ]
    header = ["", "family", "W", "95 %", "nothing missed", "coverage", "runs warned", "time"]
    runs = next(r["repetitions"] for r in records if r["kind"] == "criterion")
    return [Table(f"Each probability over {runs} runs", header, rows)]


def picture(records, path):
    """W of both families with their intervals."""
    figure, (ax,) = new_figure(1, (7.5, 5.2))
    cases = list(dict.fromkeys(r["case"] for r in records))
    for a, arm in enumerate(("vmfn", "gaussian")):
        rows = [r for r in records if r["kind"] == "criterion" and r["arm"] == arm]
        w, low, high = np.array([[r["w"], r["w_low"], r["w_high"]] for r in rows]).T
        ax.errorbar(w, [cases.index(r["case"]) + 0.2 * a for r in rows], xerr=[w - low, high - w], fmt="os"[a], color=f"C{a}",
                    markersize=4, capsize=2, label=arm)
    ax.set_yticks(range(len(cases)), cases, fontsize=8)
    ax.invert_yaxis()
    ax.set_xscale("log")
    ax.set_xlabel("W: evaluations x mean squared relative error")
    ax.legend(frameon=False, fontsize=9)
    save(figure, path)


def _beta(p):
    return -float(bf.Normal().quantile(np.array([p]))[0])


def _arms(name, problem, vmfn, config):
    options = {"budget": config.budget, "threads": config.threads}
    arms = [Arm("vmfn", lambda rng: bf.aiscv(problem, rng=rng, family="vmfn", **vmfn, **options), control=False),
            Arm("plain", lambda rng: bf.plain(problem, rng=rng, **options))]
    if problem.dim <= config.gaussian_inputs and "two" not in name:
        arms.append(Arm("gaussian", lambda rng: bf.aiscv(problem, rng=rng, **options), control=name == SHELL))
    return arms


def _case(name, problem, exact, config):
    return Case(
        name,
        problem.outputs,
        np.array([exact]),
        np.array([exact**-2.0]),
        known={"plain": (1 - exact) / exact / config.budget},
    )
