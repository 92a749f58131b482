"""Guidance at few evaluations: where solvers in the noise prediction leave the data, and what keeps to them.

A mixture of eight modes in 16 dimensions with four classes; classifier-free guidance 1, 2, 4, 8 of the exact conditional
denoiser. The truth is the exact flow of the guided denoiser from the same starts. `error`: median over the starts of the root
mean square distance; `extent`: 99 % quantile of a sample's largest coordinate, in units of the largest of the data: above 1.3
samples are not data. Controls are solvers of second and third order in the noise prediction, single steps and multistep. Dynamic
thresholding keeps the extent by changing the denoiser: it does not follow the guided flow, which its error says.
"""
from dataclasses import dataclass

import numpy as np

from buffon import diffusion as bd
from buffon.experiments._claims import Claim
from buffon.experiments._exact_flows import g16, made, median_interval, starts
from buffon.experiments._report import Table, new_figure, save, short

GUIDANCE = (1, 2, 4, 8)
EVALUATIONS = (10, 15, 20)
NOISE = (
    "dpm(method=singlestep,order=2)",
    "dpm(method=singlestep,order=3)",
    "unipc(order=3,prediction=noise)",
    "deis(method=tab,order=3)",
)
DATA = ("ddim()", "dpmpp(order=2)", "unipc(order=2)")
THRESHOLDED = "dpmpp(order=2), thresholded"

EXPECTED = (
    *(
        Claim(
            "single steps of third order in the noise leave the data",
            NOISE[1],
            f"guidance {w}, 10 evaluations",
            "extent",
            at_least=1.5,
        )
        for w in (4, 8)
    ),
    Claim(
        "so do multistep solvers in the noise",
        "unipc(order=3,prediction=noise)",
        "guidance 8, 10 evaluations",
        "extent",
        at_least=1.5,
    ),
    Claim("and in the time", "deis(method=tab,order=3)", "guidance 8, 10 evaluations", "extent", at_least=1.5),
    *(
        Claim(
            "second order in the data keeps to them",
            "dpmpp(order=2)",
            f"guidance {w}, {n} evaluations",
            "extent",
            at_most=1.1,
        )
        for w in GUIDANCE
        for n in EVALUATIONS
    ),
    *(
        Claim("thresholded samples keep to them", THRESHOLDED, f"guidance {w}, {n} evaluations", "extent", at_most=1.05)
        for w in GUIDANCE
        for n in EVALUATIONS
    ),
    Claim(
        "without guidance third order in the noise is ahead",
        "unipc(order=3,prediction=noise)",
        "guidance 1, 20 evaluations",
        "gain",
        at_least=10,
    ),
    Claim(
        "with much of it second order in the data is",
        "dpmpp(order=2)",
        "guidance 8, 10 evaluations",
        "ahead",
        at_least=2,
    ),
)


@dataclass(frozen=True)
class Config:
    """``starts`` per case."""

    starts: int = 1024
    rng: int = 1

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(starts=128)


def run(config, progress=None):
    """One record per solver, guidance and number of evaluations."""
    base, schedule = g16(), bd.VP()
    model = bd.GaussianMixture(base.weights, base.means, base.covariances, labels=np.arange(8) % 4)
    x, labels = starts(config.starts, model.dim), np.arange(config.starts) % 4
    largest = float(np.abs(model.forward(10_000, 0.0, rng=config.rng)).max())
    records = []
    for i, w in enumerate(GUIDANCE):
        guided = bd.guided(model, float(w))
        kept = bd.thresholded(guided, kind="dynamic", max=largest)
        exact = bd.sample(guided, bd.rk45(schedule, rtol=1e-9, atol=1e-9), x=x, condition=labels).x
        for n in EVALUATIONS:
            rows = [_record(w, n, solver, guided, x, labels, exact, largest) for solver in (*NOISE, *DATA)]
            rows.append(_record(w, n, THRESHOLDED, kept, x, labels, exact, largest))
            best_noise = min(r["error"] for r in rows if r["arm"] in NOISE[:3])
            ddim = next(r["error"] for r in rows if r["arm"] == "ddim()")
            records += [{**r, "gain": ddim / r["error"], "ahead": best_noise / r["error"]} for r in rows]
        if progress:
            progress(i + 1, len(GUIDANCE))
    return records


def tables(records):
    """What `buffon run` prints: a table per guidance."""
    cell = {(r["case"], r["arm"]): r for r in records}
    arms = (*NOISE, *DATA, THRESHOLDED)
    header = ["", *(f"error, {n}" for n in EVALUATIONS), *(f"extent, {n}" for n in EVALUATIONS)]
    return [Table(f"Guidance {w}", header,
                  [[arm, *(short(cell[_case(w, n), arm]["error"]) for n in EVALUATIONS),
                    *(f"{cell[_case(w, n), arm]['extent']:.2f}" for n in EVALUATIONS)] for arm in arms]) for w in GUIDANCE]


def picture(records, path):
    """Extent over guidance at 10 evaluations."""
    cell = {(r["case"], r["arm"]): r for r in records}
    figure, (ax,) = new_figure(1, (6, 4))
    for i, arm in enumerate((*NOISE, *DATA, THRESHOLDED)):
        ax.loglog(
            GUIDANCE,
            [cell[_case(w, 10), arm]["extent"] for w in GUIDANCE],
            marker="o",
            markersize=3,
            lw=0.9,
            color=f"C{i}",
            ls="--" if arm in NOISE else "-",
            label=arm,
        )
    ax.set_xlabel("guidance")
    ax.set_ylabel("extent, 10 evaluations")
    ax.legend(frameon=False, fontsize=7)
    save(figure, path)


def _case(w, n):
    return f"guidance {w}, {n} evaluations"


def _record(w, n, solver, model, x, labels, exact, largest):
    text = solver.removesuffix(", thresholded")
    stages = 3 if "singlestep,order=3" in text else 2 if "singlestep" in text else 1
    table = made(text, bd.VP(), steps=max(1, n // stages))
    y = bd.sample(model, table, x=x, condition=labels).x
    error, error_low, error_high = median_interval(np.sqrt(((y - exact) ** 2).mean(1)))
    reach = np.abs(y).max(1) / largest
    again = np.random.default_rng(0).integers(len(reach), size=(200, len(reach)))   # bootstrap
    low, high = np.quantile(np.quantile(reach[again], 0.99, axis=1), [0.025, 0.975])
    return {"kind": "criterion", "case": _case(w, n), "arm": solver, "role": "control" if solver in NOISE else "method",
            "error": error, "error_low": error_low, "error_high": error_high, "extent": float(np.quantile(reach, 0.99)),
            "extent_low": float(low), "extent_high": float(high), "evaluations": table.evaluations}
