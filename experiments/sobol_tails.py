"""Sobol' indices of outputs whose variance comes from a tail or a rare event: `method="aiscv"` beside the default.

`sobol(method="aiscv")` draws pairs of inputs where the products of outputs are large. The default fits a polynomial, which
cannot follow an exponential of unbounded inputs into its tail, and replicates that met no far point do not know what they
miss: its errors are larger there, and from a logarithmic sd of about 1 its intervals are too short; most of these runs warn.
Errors are root mean squares over inputs and runs; coverage is that of 95 % intervals.

Controls: the centred estimator of Saltelli et al. on independent points, expected to lose in every tail; and Ishigami's
function, where `aiscv` itself is expected to lose: half of its budget is adaptation, and nets do not help products.
Source: Demange-Chryst, Bachoc, Morio, arXiv:2212.00568. Indices are closed forms and integrals of the bivariate normal law.
"""
from dataclasses import dataclass

import numpy as np

import buffon as bf
from buffon.experiments._claims import Claim
from buffon.experiments._comparison import Arm
from buffon.experiments._report import Table, new_figure, save, short
from buffon.experiments._sobol_known import tails
from buffon.experiments.sobol_benchmarks import ORDERS, case_name, compared

SIZE = 2**15
EXPONENTIALS = tuple(f"exp of a normal, sd {sd}" for sd in (0.3, 0.7, 1.0, 1.5, 2.0))
# Of an event of 1e-4 without a score nothing leads to it: aiscv warns in every run.
COVERED = (*EXPONENTIALS, "event of 1e-03, score", "event of 1e-03, no score", "event of 1e-04, score", "ishigami")
HEAVY = (*EXPONENTIALS[2:], "event of 1e-03, score")
EXPECTED = tuple(
    claim
    for order in ORDERS
    for claim in (
        *(
            Claim(
                "intervals of aiscv cover", "aiscv", case_name(f, SIZE, order), "coverage", at_least=0.92, small=False
            )
            for f in COVERED
        ),
        *(
            Claim(
                "a tenth of Saltelli's squared error",
                "aiscv",
                case_name(f, SIZE, order),
                against="saltelli",
                at_least=10,
            )
            for f in HEAVY
        ),
        *(
            Claim("a tenth of the default's", "aiscv", case_name(f, SIZE, order), against="default", at_least=10)
            for f in HEAVY
        ),
        Claim(
            "the default is better on an ordinary function",
            "default",
            case_name("ishigami", SIZE, order),
            against="aiscv",
            at_least=100,
            sure=True,
        ),
        Claim(
            "intervals of the default cover where the tail is light",
            "default",
            case_name(EXPONENTIALS[0], SIZE, order),
            "coverage",
            at_least=0.9,
            small=False,
        ),
    )
)


@dataclass(frozen=True)
class Config:
    """``repetitions`` runs of each function and arm, of ``budget`` evaluations each."""

    budget: int = SIZE
    repetitions: int = 500
    rng: int = 1
    threads: int = 1

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(repetitions=2)


def run(config, progress=None):
    """Records of all functions; ``progress(n, total)`` counts evaluations."""
    return [r for r in compared(tails(), [config.budget], config, progress, _arms) if r["kind"] == "criterion"]


def tables(records):
    """What `buffon run` prints."""
    cases = {}
    for r in records:
        cases.setdefault(r["case"], {})[r["arm"]] = r
    rows = [
        [
            case,
            *(short(arms[a]["rmse"]) for a in arms),
            *(f"{arms[a]['coverage']:.1%}" for a in arms),
            *(f"{arms[a]['doubtful'] / arms[a]['repetitions']:.0%}" for a in arms),
        ]
        for case, arms in cases.items()
    ]
    names = list(next(iter(cases.values())))
    header = ["", *names, *(f"coverage of {a}" for a in names), *(f"runs of {a} that warn" for a in names)]
    return [Table(f"Root mean square error of the indices over {records[0]['repetitions']} runs", header, rows)]


def picture(records, path):
    """Errors of the arms in every case."""
    figure, (ax,) = new_figure(1, (8, 5))
    cases = list(dict.fromkeys(r["case"] for r in records))
    for a, arm in enumerate(dict.fromkeys(r["arm"] for r in records)):
        of_arm = [r for r in records if r["arm"] == arm]
        value, low, high = (np.array([r[k] for r in of_arm]) for k in ("rmse", "rmse_low", "rmse_high"))
        ax.errorbar(
            value,
            np.arange(len(cases)) + 0.2 * (a - 1),
            xerr=[value - low, high - value],
            fmt="osD"[a],
            markersize=4,
            label=arm,
        )
    ax.set_yticks(range(len(cases)), cases, fontsize=7)
    ax.invert_yaxis()
    ax.set_xscale("log")
    ax.set_xlabel("root mean square error")
    ax.legend(frameon=False, fontsize=8)
    save(figure, path)


def _arms(problem, size, config):
    options = {"budget": size, "threads": config.threads}
    return [
        Arm("aiscv", lambda rng: bf.sobol(problem, rng=rng, method="aiscv", **options).joint, control=False),
        Arm("default", lambda rng: bf.sobol(problem, rng=rng, **options).joint, control=False),
        Arm("saltelli", lambda rng: bf.sobol(problem, rng=rng, method="saltelli", points="iid", **options).joint),
    ]
