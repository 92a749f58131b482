"""Rare events of the reliability literature: `form`, `cross_entropy`, `subset` and `line_sampling` beside `aiscv`.

Half-spaces and pairs of opposite ones (one region, two) in 10, 50 and 200 inputs with probabilities 1e-4 and 1e-6, where other
libraries' figures are known; the four-branch series system; a parabola whose two design points are nearly alike (Der Kiureghian
and Dakessian 1998), in 2 to 200 inputs; series and parallel systems of correlated components (Dunnett and Sobel 1955); a
non-linear oscillator of six normal inputs (Echard et al. 2013), 9e-6 and 1.5e-8. Known values are closed forms or quadratures. W
is evaluations times mean squared relative error; plain Monte Carlo has (1 - p) / p. OpenTURNS 1.27 on the first kind: FORM with
importance sampling 4.1 to 6.4, and half of the value of two regions; cross-entropy 19 to 105, and without an end on two regions;
subset simulation 355 to 2,241; line sampling by default 2,265 to 33,500.

Controls that are expected to lose: `one descent` (form with a single start) and `one Gaussian` (cross_entropy with one
component) where there are two regions; `plain` everywhere: its W is exact. A run has found all regions when its value is
above three quarters of the truth.
"""
from dataclasses import dataclass

import numpy as np

import buffon as bf
from buffon.experiments._claims import Claim
from buffon.experiments._comparison import Arm, Case, studied
from buffon.experiments._report import new_figure, save
from buffon.experiments.rare import tables

ONE = [f"one region, {d}, {p}" for d in (10, 50) for p in ("1e-4", "1e-6")]
TWO = [f"two regions, {d}, {p}" for d in (10, 50) for p in ("1e-4", "1e-6")]
SAMPLERS = ("form", "cross_entropy")
METHODS = ("form", "cross_entropy", "subset", "line_sampling", "aiscv")

EXPECTED = (
    *(Claim("W, one region", arm, case, "w", at_most=5, small=False) for arm in SAMPLERS for case in ONE),
    *(Claim("W, two regions", arm, case, "w", at_most=15, small=False) for arm in SAMPLERS for case in TWO),
    *(
        Claim("runs that found all regions", arm, case, "found", at_least=0.99, small=False)
        for arm in SAMPLERS
        for case in ONE + TWO
    ),
    *(
        Claim(
            "a single descent loses a region", "form", case, against="one descent", at_least=1, sure=True, small=False
        )
        for case in TWO
    ),
    *(
        Claim("one Gaussian loses", "cross_entropy", case, against="one Gaussian", at_least=1, small=False)
        for case in TWO
    ),
    *(
        Claim("line sampling is exact on flat surfaces", "line_sampling", case, "w", at_most=1e-3, small=False)
        for case in ONE + TWO
    ),
    *(Claim("plain is far behind", arm, case, against="plain", at_least=10) for arm in SAMPLERS for case in ONE + TWO),
    *(
        Claim(
            "subset simulation is far ahead of plain at 1e-6", "subset", case, against="plain", at_least=10, small=False
        )
        for case in ONE + TWO
        if case.endswith("6")
    ),
    *(
        Claim("coverage of runs without a warning", arm, measure="unwarned_coverage", at_least=0.88, small=False)
        for arm in METHODS[:4]
        if arm != "line_sampling"
    ),
)


@dataclass(frozen=True)
class Config:
    """``budget`` evaluations a run and arm; problems of at least ``least`` and at most ``inputs`` inputs; ``arms``: all, or some,
    with commas; problems on so many ``processes``."""

    budget: int = 20_000
    repetitions: int = 40
    inputs: int = 200
    least: int = 1
    rng: int = 1
    threads: int = 1
    processes: int = 1
    arms: str = "all"

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(repetitions=2, inputs=10)


def problems(inputs, least=1):
    """Case -> problem with a known answer, of at most so many inputs and at least these."""
    known = {}
    for d in (10, 50, 200):
        for p in (1e-4, 1e-6) if d < 200 else (1e-6,):
            text = f"{d}, {'1e-4' if p == 1e-4 else '1e-6'}"
            known[f"one region, {text}"] = bf.testing.linear_exceedance(d, [_beta(p)])
            known[f"two regions, {text}"] = bf.testing.two_sided_exceedance(d, [_beta(p / 2)])
    known["four branches, 2, 6e-5"] = bf.testing.four_branch([-1])
    for d in (2, 50, 200):
        known[f"parabola, {d}, 3e-3"] = bf.testing.parabolic(d)
    known["series system, 10, 4e-5"] = bf.testing.component_system(10, [4.0, 4.2], 0.5)
    known["parallel system, 10, 2e-5"] = bf.testing.component_system(10, [3.0, 3.5], 0.5, True)
    known["oscillator, 6, 9e-6"] = bf.testing.oscillator()
    known["oscillator, 6, 1.5e-8"] = bf.testing.oscillator(0.45, 0.075)
    return {name: p for name, p in known.items() if least <= p.problem.dim <= inputs}


def run(config, progress=None):
    """Records of all problems; ``progress(n, total)`` counts evaluations."""
    return studied(_study, list(problems(config.inputs, config.least)), config, progress)


def picture(records, path):
    """W of all methods; plain Monte Carlo as a line."""
    figure, (ax,) = new_figure(1, (8, 5.6))
    criteria = {(r["case"], r["arm"]): r for r in records if r["kind"] == "criterion"}
    cases = list(dict.fromkeys(case for case, _ in criteria))
    for a, arm in enumerate(METHODS):
        at = [(i + 0.14 * (a - 2), criteria[case, arm]) for i, case in enumerate(cases) if (case, arm) in criteria]
        w = np.maximum([r["w"] for _, r in at], 1e-3)
        ends = [w - np.maximum([r["w_low"] for _, r in at], 1e-3), np.maximum([r["w_high"] for _, r in at], 1e-3) - w]
        ax.errorbar(
            w,
            [y for y, _ in at],
            xerr=np.maximum(ends, 0),
            fmt="osD^v"[a],
            color=f"C{a}",
            markersize=4,
            capsize=2,
            label=arm,
        )
    plain = [criteria[case, "plain"]["w"] if (case, "plain") in criteria else np.nan for case in cases]
    ax.plot(plain, range(len(cases)), "|", color="black", markersize=12, label="plain")
    ax.set_yticks(range(len(cases)), cases)
    ax.invert_yaxis()
    ax.set_xscale("log")
    ax.set_xlabel("W: evaluations x mean squared relative error (at least 1e-3 is drawn)")
    ax.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, 1.09), ncol=6)
    save(figure, path)


def _beta(p):
    return -float(bf.Normal().quantile(np.array([p]))[0])


def _study(name, config):
    known = problems(config.inputs)[name]
    return _arms(known, config), [_case(name, known, config)], config


def _arms(known, config):
    def arm(name, estimator, control=False, **options):
        return Arm(
            name,
            lambda rng: estimator(known.problem, rng=rng, budget=config.budget, threads=config.threads, **options),
            control,
        )

    arms = [*(arm(name, getattr(bf, name)) for name in METHODS), arm("one descent", bf.form, True, starts=0),
            arm("one Gaussian", bf.cross_entropy, True, components=1), arm("plain", bf.plain, True)]
    wanted = config.arms.split(",")
    slow = {"aiscv", "cross_entropy", "one Gaussian"}   # with Gaussians in 200 inputs seconds a run: docs/high_dimensions.md
    if known.problem.dim > 50:
        arms = [*(a for a in arms if a.name not in slow), arm("cross_entropy, vmfn", bf.cross_entropy, family="vmfn")]
    return [a for a in arms if (config.arms == "all" or a.name in wanted)]


def _case(name, known, config):
    p = known.exact[0]
    return Case(name, known.problem.outputs, known.exact, np.array([p**-2.0]), known={"plain": (1 - p) / p / config.budget})


__all__ = ["Config", "EXPECTED", "picture", "problems", "run", "tables"]
