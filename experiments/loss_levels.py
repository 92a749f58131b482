"""The denoising loss of an exact model from levels drawn in four ways.

Independent and uniform in log sigma, as a shifted lattice, where squares of the loss are large, and both.

Eight Gaussians in 16 dimensions; the loss is |D(x) - x0|^2 / (d sigma^2), log sigma uniform between log 0.01 and log 20, batches
of 256. The criterion is the squared error of an estimate of 12,800 evaluations, those that teach the density counted; the known
value is that of 800 times as many. Reference figures for one batch of this mixture, learning not counted: lattice 3.9 times fewer
evaluations, importance 4.5, both 5.2 (each 12 %).
"""
from dataclasses import dataclass

import numpy as np

from buffon import diffusion as bd
from buffon.experiments._claims import Claim
from buffon.experiments._comparison import Arm, Case, campaign
from buffon.experiments._report import Table, new_figure, save, short
from buffon.experiments.failure_probability import mixture

KNOWN, KNOWN_ERROR = 0.449751, 6.3e-5   # denoising_loss(mixture(), budget=256 * 40_000, rng=20261126)
CASE = "noise's prediction, gmm16"
ARMS = {"uniform": (False, False), "lattice": (False, True), "importance": (True, False), "both": (True, True)}
GAINS = {"lattice": 3.9, "importance": 4.5, "both": 5.2}
WITHIN, LEARNING = 0.12, 0.1   # of the reference figures; the share of the budget that learning takes

EXPECTED = (
    Claim("fewer evaluations than uniform levels", "both", CASE, against="uniform", at_least=1),
    *(Claim(f"{gain:g} times fewer evaluations, learning aside", arm, CASE, against="uniform", small=False,
            at_least=gain * (1 - WITHIN) * (1 - LEARNING * (arm != "lattice"))) for arm, gain in GAINS.items()),
    *(Claim("intervals cover", arm, CASE, "coverage", at_least=0.92, small=False) for arm in ARMS),
)


@dataclass(frozen=True)
class Config:
    """``budget`` evaluations of the denoiser for each estimate."""

    budget: int = 12_800
    repetitions: int = 100
    rng: int = 1
    threads: int = 1

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(budget=2_560, repetitions=12)


def run(config, progress=None):
    """Records of the four arms; ``progress(n, total)`` counts evaluations."""
    model = mixture()

    def arm(name, importance, lattice):
        return Arm(
            name,
            lambda rng: bd.denoising_loss(
                model, budget=config.budget, importance=importance, lattice=lattice, rng=rng, threads=config.threads
            ),
            name == "uniform",
        )
    case = Case(CASE, ["loss"], np.array([KNOWN]), np.ones(1), exact_error=np.array([KNOWN_ERROR]))
    return campaign([([arm(name, *how) for name, how in ARMS.items()], [case], config)], progress)


def tables(records):
    """What `buffon run` prints."""
    criteria = [r for r in records if r["kind"] == "criterion"]
    uniform = next(r for r in criteria if r["arm"] == "uniform")
    rows = [
        [
            r["arm"],
            short(np.sqrt(r["criterion"])),
            short(uniform["criterion"] / r["criterion"]),
            short(GAINS.get(r["arm"], 1.0)),
            f"{r['coverage']:.1%}",
            f"{r['cpu_seconds'] * 1e3:.0f} ms",
        ]
        for r in criteria
    ]
    return [
        Table(
            "Levels of a denoising loss",
            [
                "",
                "error",
                "evaluations that uniform levels need, relative",
                "reference, of a batch",
                "coverage",
                "time",
            ],
            rows,
        )
    ]


def picture(records, path):
    """Gains beside the reference figures."""
    figure, (ax,) = new_figure(1, (5, 3.2))
    criteria = {r["arm"]: r["criterion"] for r in records if r["kind"] == "criterion"}
    ax.bar(range(len(GAINS)), [criteria["uniform"] / criteria[arm] for arm in GAINS], width=0.5)
    ax.plot(range(len(GAINS)), list(GAINS.values()), "_", color="black", markersize=30)
    ax.set_xticks(range(len(GAINS)), GAINS)
    ax.set_ylabel("gain over uniform levels")
    save(figure, path)
