"""The weighted mean squared error C of aiscv on three published problems, for its default and two variants.

`gaussian_moments` (ten expectations, 1 input, relative errors), `cantilever` (eight, 12 inputs) and `laws` (the beam's mean
displacement under a hundred input laws from one sample, 6 inputs). `default` uses scrambled Sobol' points and the safeguards
of this library, `iid` independent points with the same safeguards, `published` is the algorithm of the paper to the letter
and the control arm. A threshold is met when C - 2 standard errors is within it.
Source: Demange-Chryst, Bachoc, Morio, arXiv:2212.00568.
"""
from dataclasses import dataclass, replace

import numpy as np

import buffon as bf
from buffon.experiments._claims import Claim
from buffon.experiments._comparison import Arm, Case, campaign
from buffon.experiments._report import Table, new_figure, save, short

NO_BOUND = -float("inf")
# case, arm -> (at least, at most)
THRESHOLDS = {
    ("gaussian_moments", "default"): (NO_BOUND, 4e-5),
    ("gaussian_moments", "iid"): (NO_BOUND, 3e-4),
    ("gaussian_moments", "published"): (1.2e-3, 2.5e-3),
    ("cantilever", "default"): (NO_BOUND, 5e-12),
    ("cantilever", "iid"): (NO_BOUND, 1.26e-9),
    ("cantilever", "published"): (1.8e-9, 2.9e-9),
    ("laws", "default"): (NO_BOUND, 1.3e-6),
    ("laws", "iid"): (NO_BOUND, 3e-6),
    ("laws", "published"): (3.6e-6, 6.3e-6),
}
EXPECTED = (
    *(Claim(f"C({arm})", arm, case, at_least=low, at_most=high, small=False) for (case, arm), (low, high) in THRESHOLDS.items()),
    Claim("largest / median criterion of a run", "default", "gaussian_moments", "max_over_median", at_most=100),
    Claim("C(published) / C(default)", "default", against="published", at_least=1),
    Claim("coverage of default", "default", measure="coverage", at_least=0.92, at_most=0.98, small=False),
    Claim("coverage of iid", "iid", measure="coverage", at_least=0.92, at_most=0.98, small=False),
)
VARIANTS = {"default": {}, "iid": {"points": "iid"}, "published": {"variant": "published"}}


@dataclass(frozen=True)
class Config:
    """``budget`` evaluations a run; a run of ``laws`` takes far longer than the others, hence its own repetitions."""

    budget: int = 20_000
    repetitions: int = 200
    repetitions_laws: int = 40
    laws: int = 100
    rng: int = 1
    threads: int = 1

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(budget=8_000, repetitions=6, repetitions_laws=3, laws=8)


def run(config, progress=None):
    """Records of C on the three problems; ``progress(n, total)`` counts evaluations."""
    records = campaign([_moments(config), _cantilever(config), _laws(config)], progress)
    return [record for record in records if record["kind"] == "criterion"]


def tables(records):
    """What `buffon run` prints."""
    rows = [_row(r) for r in records if r["kind"] == "criterion"]
    header = ["", "variant", "C", "threshold", "max / median", "coverage", "runs warned", "evaluations", "CPU per run"]
    return [Table("C over all runs (± one standard error)", header, rows)]


def picture(records, path):
    """C beside its threshold, variant by variant."""
    figure, axes = new_figure(3, (10.5, 3.4))
    for ax, case in zip(axes, dict.fromkeys(case for case, _ in THRESHOLDS), strict=True):
        chosen = [r for r in records if r["kind"] == "criterion" and r["case"] == case]
        ax.errorbar(range(len(chosen)), [r["criterion"] for r in chosen], yerr=[2 * r["criterion_se"] for r in chosen],
                    fmt="o", markersize=4, capsize=3, label="measured, ± 2 standard errors")
        ax.plot(range(len(chosen)), [THRESHOLDS[case, r["arm"]][1] for r in chosen], "k_", markersize=18, label="at most")
        ax.set_xticks(range(len(chosen)), [r["arm"] for r in chosen])
        ax.set_xlim(-0.5, len(chosen) - 0.5)
        ax.set_yscale("log")
        ax.set_title(case, fontsize=10)
    axes[0].set_ylabel("C")
    axes[0].legend(frameon=False, fontsize=8)
    save(figure, path)


def _moments(config):
    known = bf.testing.gaussian_moments()
    weights = known.exact ** -2
    return _arms(known, config), [Case("gaussian_moments", known.problem.outputs, known.exact, weights)], config


def _cantilever(config):
    known = bf.testing.cantilever_sobol()
    weights = np.ones(len(known.exact))
    case = Case("cantilever", known.problem.outputs, known.exact, weights)
    return _arms(known, config, weights=weights), [case], config


def _laws(config):
    known = bf.testing.cantilever_laws(config.laws)
    weights = np.ones(len(known.exact))
    case = Case("laws", [f"law {j + 1}" for j in range(len(weights))], known.exact, weights)
    return _arms(known, config, laws=known.laws, weights=weights), [case], replace(config, repetitions=config.repetitions_laws)


def _arms(known, config, **options):
    options = {"budget": config.budget, "threads": config.threads, **options}
    return [Arm(name, lambda rng, more=more: bf.aiscv(known.problem, rng=rng, **options, **more), control=name == "published")
            for name, more in VARIANTS.items()]


def _row(r):
    return [r["case"], r["arm"], f"{short(r['criterion'])} ± {short(r['criterion_se'])}", _threshold(r),
            short(r["max_over_median"]), f"{r['coverage']:.1%} ± {r['coverage_se']:.1%}",
            f"{r['doubtful']} of {r['repetitions']}", f"{r['n']:,}", f"{1000 * r['cpu_seconds']:.0f} ms"]


def _threshold(record):
    low, high = THRESHOLDS[record["case"], record["arm"]]
    return f"{short(low)} ... {short(high)}" if low > NO_BOUND else f"at most {short(high)}"
