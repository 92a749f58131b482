"""Rare events with a score, in one region of failure and in two: several thresholds from one sample.

Standard normal inputs, thresholds whose probabilities are 1e-2, 1e-4 and 1e-6. `one region` is x1 + ... + xd > sqrt(d) beta,
`two regions` the same of |x1 + ... + xd|, in 2, 20 and 50 inputs; `four branches` is a series system in two inputs whose
limit state has four; `moderate` are the same with 1e-4 alone, in 10 and 50 inputs, where other libraries' figures are known.
W is evaluations times mean squared relative error of the rarest event: plain Monte Carlo has (1 - p) / p, a million; sampling
about the design point has five for one region, and half of the answer for two.

`aiscv` chooses the number of its components; the control `one Gaussian` (components=1) is expected to lose where there are
two regions, `plain` everywhere: its W is exact. A run has found all regions when its value is above three quarters of the truth.
"""
from dataclasses import dataclass

import numpy as np

import buffon as bf
from buffon.experiments._claims import Claim
from buffon.experiments._comparison import Arm, Case, campaign, only, with_w
from buffon.experiments._report import Table, new_figure, save, short

EXPECTED = (
    *(Claim("W, one region", "aiscv", case, "w", at_most=5, small=False)
      for case in ("one region, 2", "one region, 20", "one region, 50", "moderate one, 10", "moderate one, 50")),
    *(Claim("W, several regions", "aiscv", case, "w", at_most=15, small=False)
      for case in ("two regions, 2", "two regions, 20", "two regions, 50", "moderate two, 10", "moderate two, 50",
                   "four branches, 2")),
    Claim("runs that found all regions", "aiscv", measure="found", at_least=0.99),
    *(Claim("several components beat one", "aiscv", f"two regions, {d}", against="one Gaussian", at_least=1, sure=True,
            small=False)
      for d in (2, 20, 50)),
    Claim("plain is far behind", "aiscv", against="plain", at_least=10),
    Claim("coverage of runs without a warning", "aiscv", measure="unwarned_coverage", at_least=0.9, small=False),
)


@dataclass(frozen=True)
class Config:
    """``budget`` evaluations a run and arm; problems of at most ``inputs`` inputs."""

    budget: int = 20_000
    repetitions: int = 40
    inputs: int = 50
    rng: int = 1
    threads: int = 1

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(repetitions=2, inputs=20)


def problems(inputs):
    """Case -> problem with known answers, of at most so many inputs."""
    tenths = (1e-2, 1e-4, 1e-6)
    one = [_beta(p) for p in tenths]
    two = [_beta(p / 2) for p in tenths]
    known = {}
    for d in (2, 20, 50):
        known[f"one region, {d}"] = bf.testing.linear_exceedance(d, one)
        known[f"two regions, {d}"] = bf.testing.two_sided_exceedance(d, two)
    known["four branches, 2"] = bf.testing.four_branch([0, -1, -1.6])
    for d in (10, 50):
        known[f"moderate one, {d}"] = bf.testing.linear_exceedance(d, one[1:2])
        known[f"moderate two, {d}"] = bf.testing.two_sided_exceedance(d, two[1:2])
    return {name: p for name, p in known.items() if p.problem.dim <= inputs}


def run(config, progress=None):
    """Records of all problems; ``progress(n, total)`` counts evaluations."""
    studies = [(_arms(known, config), [_case(name, known, config)], config) for name, known in problems(config.inputs).items()]
    return [with_w(r) if r["kind"] == "criterion" else r for r in campaign(studies, progress)]


def tables(records):
    """What `buffon run` prints."""
    rows = [[r["case"], r["arm"], f"{r['n']:,}", short(r["w"]), f"{r['w_low']:.2g} to {r['w_high']:.2g}",
             _percent(r["found"]), _percent(r["unwarned_coverage"]), str(r["doubtful"]), f"{1e3 * r['cpu_seconds']:.0f} ms"]
            for r in records if r["kind"] == "criterion" and r["arm"] != "plain"]
    header = ["", "arm", "evaluations", "W", "95 %", "all regions found", "coverage unwarned", "runs warned", "time"]
    runs = next(r["repetitions"] for r in records if r["kind"] == "criterion")
    return [Table(f"The rarest event of each problem over {runs} runs", header, rows)]


def picture(records, path):
    """W of both arms with their intervals and bounds."""
    figure, (ax,) = new_figure(1, (7.5, 4.2))
    cases = list(dict.fromkeys(r["case"] for r in records))
    for a, arm in enumerate(("aiscv", "one Gaussian")):
        rows = [next(r for r in records if r["kind"] == "criterion" and (r["case"], r["arm"]) == (case, arm)) for case in cases]
        w = np.array([r["w"] for r in rows])
        spans = [w - np.maximum([r["w_low"] for r in rows], 1e-3), np.array([r["w_high"] for r in rows]) - w]
        ax.errorbar(w, [i + 0.2 * a for i in range(len(cases))], xerr=np.maximum(spans, 0), fmt="os"[a], color=f"C{a}",
                    markersize=4, capsize=2, label=arm)
    for i, case in enumerate(cases):
        bound = 5 if "one" in case else 15
        ax.plot([bound, bound], [i - 0.3, i + 0.5], color="black", linewidth=0.8, label="bound" if i == 0 else None)
    ax.set_yticks(range(len(cases)), cases)
    ax.invert_yaxis()
    ax.set_xscale("log")
    ax.set_xlabel("W: evaluations x mean squared relative error of the rarest event")
    ax.legend(frameon=False, fontsize=9)
    save(figure, path)


def _beta(p):
    return -float(bf.Normal().quantile(np.array([p]))[0])


def _arms(known, config):
    options = {"budget": config.budget, "threads": config.threads}
    return [
        Arm("aiscv", lambda rng: bf.aiscv(known.problem, rng=rng, **options), control=False),
        Arm("one Gaussian", lambda rng: bf.aiscv(known.problem, rng=rng, components=1, **options)),
        Arm("plain", lambda rng: bf.plain(known.problem, rng=rng, **options)),
    ]


def _case(name, known, config):
    """The rarest event alone; the others have been asked for with it."""
    p = known.exact[-1]
    names = known.problem.outputs[-1:]
    return Case(name, names, known.exact[-1:], np.array([p**-2.0]), only(names[0]), {"plain": (1 - p) / p / config.budget})


def _percent(share):
    return "-" if share is None else f"{share:.1%}"
