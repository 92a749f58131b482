"""A river behind its dyke: how much does the answer hang on the law of the inputs?

The classical simplified flood model: water of flow Q (m3/s) in a river of width B, length L (m), Strickler coefficient Ks and
bed levels Zm upstream and Zv downstream rises by H = (Q / (B Ks sqrt((Zm - Zv) / L)))^0.6; over a dyke of height Hd on a bank
of level Cb it stands by S = Zv + H - Hd - Cb, which is negative as long as the dyke holds. A year costs C million euros: 1 when
the dyke is overflowed, else 0.2 + 0.8 (1 - exp(-1000 / S^4)); and max(Hd, 8) / 20 for the dyke. Q and Ks, the bed levels, L and
B are correlated. Under the published laws the dyke is never overflowed (S < -4 m), so the probability asked for is that the
river leaves its bed, Zv + H > Cb, and needs the dyke; the others are of coming within a metre of that, and the means of S, C.

`today` is the published law of the inputs; `what if` takes five others beside it: wetter years, a bed full of plants, a bed
raised by sediment, floods that the truncation excludes, no correlations. `joint` is one adaptive sample for all expectations
under all laws (bf.aiscv with laws=); the controls have as many model calls, an equal part for each law: scrambled Sobol' points
(bf.quasi) and plain Monte Carlo (bf.plain). The criterion sums squared relative errors: the rarest event decides. The price is
paid by the means of S and C, which the controls know better than `joint`; where no rare event is asked for, take bf.quasi.
References are runs of bf.quasi with the probabilities integrated over Q in closed form; their own errors are in the records.
Source: Iooss, Lemaitre, "A review on global sensitivity analysis methods", arXiv:1404.2405; correlations: Chastaing, Gamboa,
Prieur, "Generalized Hoeffding-Sobol decomposition for dependent variables", Electron. J. Stat. 6 (2012).
"""
import functools
from dataclasses import dataclass

import numpy as np

import buffon as bf
from buffon.experiments._claims import Claim
from buffon.experiments._comparison import Arm, Case, campaign, stack
from buffon.experiments._report import error_table, new_figure, save, value_table

EXPECTED = (
    *(Claim(f"joint beats {arm}", "joint", case, against=arm, at_least=1, sure=True)
      for case in ("today", "what if") for arm in ("quasi", "plain")),
    Claim("joint beats plain 50 times", "joint", "what if", against="plain", at_least=50, sure=True, small=False),
    Claim("joint: coverage", "joint", measure="coverage", at_least=0.92, at_most=0.98, small=False),
    Claim("share of the references' errors in the criterion", "joint", measure="reference_share", at_most=0.05,
          small=False),
)
OUTPUTS = {
    "S": lambda y: y[:, 0],
    "cost": lambda y: y[:, 1],
    "P(within 1 m)": lambda y: y[:, 2] > -1,
    "P(out of bed)": lambda y: y[:, 2] > 0,
}
ARMS = ["joint", "quasi", "plain"]


@dataclass(frozen=True)
class Scenario:
    """A law of the inputs; the defaults are the published one."""

    location: float = 1013    # of Q's Gumbel law, m3/s
    largest: float = 3000     # where Q is truncated, m3/s
    strickler: float = 30     # mode of Ks
    bed: float = 50           # mode of Zv, m
    correlated: bool = True

    def laws(self):
        """Name -> law of each input."""
        return {
            "Q": bf.Truncated(bf.Gumbel(self.location, 558), 500, self.largest),
            "Ks": bf.Truncated(bf.Normal(self.strickler, 8), 15, np.inf),
            "Zv": bf.Triangular(self.bed - 1, self.bed, self.bed + 1),
            "Zm": bf.Triangular(54, 55, 56),
            "Hd": bf.Uniform(7, 9),
            "Cb": bf.Triangular(55, 55.5, 56),
            "L": bf.Triangular(4990, 5000, 5010),
            "B": bf.Triangular(295, 300, 305),
        }

    def correlations(self):
        """Of the Gaussian copula."""
        pairs = {("Q", "Ks"): 0.5, ("Zv", "Zm"): 0.3, ("L", "B"): 0.3}
        return {pair: self.correlated * rho for pair, rho in pairs.items()}

    def inputs(self):
        """Their joint law."""
        return bf.Joint(self.laws(), copula=bf.GaussianCopula(self.correlations()))


SCENARIOS = {
    "published": Scenario(), "wetter": Scenario(location=1200), "plants": Scenario(strickler=25), "sediment": Scenario(bed=50.5),
    "larger floods": Scenario(largest=4000), "uncorrelated": Scenario(correlated=False),
}


@dataclass(frozen=True)
class Config:
    """``budget`` model calls a run and arm; ``reference`` those of the reference of each law."""

    budget: int = 20_000
    repetitions: int = 100
    reference: int = 2**19
    rng: int = 1
    threads: int = 1

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(repetitions=5, reference=2**15)


def river(x):
    """Rows of Q, Ks, Zv, Zm, Hd, Cb, L, B -> overflow S (m), cost (million euros), level of the water above the bank (m)."""
    flow, strickler, downstream, upstream, dyke, bank, length, width = x.T
    height = (flow / (width * strickler * np.sqrt((upstream - downstream) / length))) ** 0.6
    above = downstream + height - bank
    overflow = above - dyke
    damage = np.where(overflow > 0, 1.0, 0.2 - 0.8 * np.expm1(-1000 / overflow**4))
    return np.stack([overflow, damage + np.maximum(dyke, 8) / 20, above], axis=1)


def run(config, progress=None):
    """Records of the four expectations today, and of all of them under six laws; ``progress(n, total)`` counts model calls."""
    studies = {"today": {"published": SCENARIOS["published"]}, "what if": SCENARIOS}
    return campaign([(_arms(scenarios, config), [_case(name, scenarios, config)], config) for name, scenarios in studies.items()],
                    progress)


@functools.cache
def reference(scenario, budget, key):
    """Estimate of the expectations with P(Q > what lifts the water to the level | all others) in place of the events."""
    law, (rho, *_) = scenario.laws(), scenario.correlations().values()

    def exceeded(x, level):
        _, strickler, downstream, upstream, _, bank, length, width = x.T
        needed = width * strickler * np.sqrt((upstream - downstream) / length) * (level + bank - downstream) ** (5 / 3)
        return bf.Normal().cdf((rho * law["Ks"].to_normal(strickler) - law["Q"].to_normal(needed)) / np.sqrt(1 - rho**2))

    def model(x):
        return np.column_stack([river(x)[:, :2], exceeded(x, -1), exceeded(x, 0)])
    return bf.quasi(bf.Problem(model, scenario.inputs(), outputs=list(OUTPUTS)), budget=budget, rng=key)


def tables(records):
    """What `buffon run` prints."""
    note = "criterion: mean over the runs of the summed squared relative errors; intervals of ratios and coverage over all runs"
    return [value_table(records, "today", ARMS, "Today, first run of each arm (± one standard error)"),
            error_table(records, "today", "Errors over all runs", note),
            value_table(records, "what if", ARMS, "What if: six laws, first run of each arm"),
            error_table(records, "what if", "Errors over all runs")]


def picture(records, path):
    """The impact of the law on probability and cost: first runs with 95 % intervals beside the references."""
    figure, axes = new_figure(2, (10.5, 3.9))
    for ax, output, title in zip(axes, ("P(out of bed)", "cost"), ("probability to leave the bed", "mean cost in million euros"),
                                 strict=True):
        for a, arm in enumerate(ARMS):
            rows = [r for r in records if r["kind"] == "value" and r["case"] == "what if" and r["arm"] == arm
                    and r["name"].endswith(f": {output}")]
            places = [i + 0.2 * (a - 1) for i in range(len(rows))]
            ax.vlines(places, [r["low"] for r in rows], [r["high"] for r in rows], f"C{a}", linewidth=2)
            ax.plot(places, [r["value"] for r in rows], "os^"[a], color=f"C{a}", markersize=4, label=arm)
        left, right = ([i + side for i in range(len(rows))] for side in (-0.4, 0.4))
        ax.hlines([r["reference"] for r in rows], left, right, "black", linewidth=0.8, label="reference")
        ax.set_xticks(range(len(SCENARIOS)), SCENARIOS, rotation=25)
        ax.set_title(title, fontsize=10)
    axes[0].set_yscale("log")
    axes[0].set_ylim(2e-5, 2e-2)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=4, frameon=False, fontsize=9)
    save(figure, path)


def _arms(scenarios, config):
    laws = [scenario.inputs() for scenario in scenarios.values()]
    problem = bf.Problem(river, laws[0], outputs=OUTPUTS)
    options = {"budget": config.budget, "threads": config.threads}
    return [
        Arm("joint", lambda rng: bf.aiscv(problem, laws=laws, rng=rng, **options), control=False),
        Arm("quasi", lambda rng: _each_law(bf.quasi, laws, rng, **options)),
        Arm("plain", lambda rng: _each_law(bf.plain, laws, rng, **options)),
    ]


def _each_law(estimate, laws, rng, budget, **options):
    return stack([estimate(bf.Problem(river, law, outputs=OUTPUTS), budget=budget // len(laws), rng=key, **options)
                  for law, key in zip(laws, rng.spawn(len(laws)), strict=True)])


def _case(name, scenarios, config):
    known = [reference(scenario, config.reference, config.rng) for scenario in scenarios.values()]
    exact = np.concatenate([e.value for e in known])
    names = list(OUTPUTS) if len(known) == 1 else [f"{scenario}: {output}" for scenario in scenarios for output in OUTPUTS]
    return Case(name, names, exact, exact**-2.0, exact_error=np.concatenate([e.std_error for e in known]))
