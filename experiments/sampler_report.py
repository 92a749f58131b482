"""One page about samplers of a denoiser: quality against evaluations, exposure bias, modes, rare failures, hyper-parameters, samples.

Four denoisers: exact ones of eight modes in 2 and in 16 dimensions, the ideal one of handwritten digits, and a network, of which nothing but
data is known: a module of torch where torch is there, else the same arithmetic in NumPy. `--set pages=DIR` keeps the pages; `sampler_report` of
`buffon.diffusion` writes one about any denoiser. Records are the figures of the first section; the control of each case has five steps.
"""
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import buffon as bf
from buffon import diffusion as bd
from buffon.experiments._claims import Claim
from buffon.experiments._digits import SIDE, images
from buffon.experiments._modes import gmm2d
from buffon.experiments._report import Table, between, new_figure, save
from buffon.experiments.failure_probability import mixture as gmm16

CASES = ("gmm2d", "gmm16", "network", "digits")
CONTROL, MORE = "ddim 5", "ddim 20"

EXPECTED = (
    *(Claim("the page holds every section, and nothing from elsewhere", CONTROL, case, "sections", at_least=6, at_most=6, sure=True) for case in CASES),
    *(Claim("more evaluations, nearer to the data", MORE, case, "gap", at_most=0, sure=True, small=False) for case in CASES),
)


@dataclass(frozen=True)
class Config:
    """``n`` samples of each table, ``budget`` runs for its failures, ``hyper`` samplers for the indices; ``pages``: a folder, or none."""

    n: int = 1_000
    budget: int = 10_000
    hyper: int = 512
    rng: int = 1
    threads: int = 0
    pages: str = ""

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(n=150, budget=1_500, hyper=256)


def run(config, progress=None):
    """Write the pages; one record per denoiser and table."""
    images("the experiment sampler_report", config.rng)   # or say at once that they are missing
    records = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(config.pages or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for i, case in enumerate(CASES):
            records += _records(config, case, folder / f"{case}.html")
            if progress:
                progress(i + 1, len(CASES))
    return records


def tables(records):
    """What `buffon run` prints: a table per denoiser."""
    return [Table(case, ["", "evaluations", "energy distance", "less that of five steps"],
                  [[r["arm"], str(r["evaluations"]), *(between(r[k], r[f"{k}_low"], r[f"{k}_high"]) for k in ("energy", "gap"))]
                   for r in records if r["case"] == case]) for case in CASES]


def picture(records, path):
    """Energy distance against evaluations, a panel per denoiser."""
    figure, axes = new_figure(len(CASES), (10, 2.8))
    for ax, case in zip(axes, CASES, strict=True):
        for k, solver in enumerate(("ddim", "heun")):
            rows = sorted((r for r in records if r["case"] == case and r["arm"].startswith(solver)), key=lambda r: r["evaluations"])
            value, low, high = (np.array([r[f"energy{end}"] for r in rows]) for end in ("", "_low", "_high"))
            ax.errorbar([r["evaluations"] for r in rows], value, yerr=[value - low, high - value], fmt="os"[k] + "-", markersize=3, label=solver)
        ax.axhline(0, color="k", lw=0.6)
        ax.set_xscale("log")
        ax.set_title(case, fontsize=9)
        ax.set_xlabel("evaluations", fontsize=8)
    axes[0].set_ylabel("energy distance", fontsize=8)
    axes[0].legend(frameon=False, fontsize=8)
    save(figure, path)


def network(schedule):
    """A module that predicts noise, and data like those that it was made for: a mixture of points with noise 0.1, its weights slightly off."""
    points = np.random.default_rng(5).normal(size=(6, 4))

    def noise(x, alpha, sigma, softmax):
        v, variance = x / alpha, (sigma / alpha) ** 2
        shares = softmax((v @ points.T - 0.5 * (points**2).sum(1)) / (variance + 0.01) + 0.1 * np.arange(6))
        data = (variance * (shares @ points) + 0.01 * v) / (variance + 0.01)
        return (x - alpha * data) / sigma

    def softmax(logits):
        e = np.exp(logits - logits.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def net(x, t):
        alpha, sigma = (np.array([getattr(schedule, name)(time) for time in t])[:, None] for name in ("alpha", "sigma"))
        return noise(np.asarray(x, dtype=float), alpha, sigma, softmax).astype(np.float32)

    rng = np.random.default_rng(6)
    data = points[rng.integers(6, size=4000)] + 0.1 * rng.normal(size=(4000, 4))
    return bd.Network(_module(net), schedule=schedule, prediction="noise", shape=4), data


def _module(net):
    """The function as a module of torch, where torch is there."""
    try:
        import torch
    except ImportError:
        return net

    class Module(torch.nn.Module):
        def forward(self, x, t):
            return torch.from_numpy(net(x.numpy(), t.numpy()))

    return Module().eval()


def subject(case, config):
    """Denoiser, schedule, and what else the report is told."""
    if case == "gmm2d":
        return gmm2d(), bd.EDM(0.01, 10), {}
    if case == "gmm16":
        return gmm16(), bd.EDM(0.01, 20), {"thresholds": [87.76445]}
    if case == "network":
        schedule = bd.VP()
        model, data = network(schedule)
        return model, schedule, {"data": data[:2 * config.n]}
    pixels = images("the experiment sampler_report", config.rng)
    return bd.Empirical(pixels, dtype="float32"), bd.EDM(0.02, 80), {"shape": (SIDE, SIDE)}


def samplers(schedule):
    """DDIM and Heun with 5 to 20 evaluations."""
    grid = {"grid": "rho", "to_zero": True} if isinstance(schedule, bd.EDM) else {"grid": "logsnr"}
    return {f"ddim {k}": bd.ddim(schedule, steps=k, **grid) for k in (5, 10, 20)} | {f"heun {k}": bd.heun(schedule, steps=k, **grid) for k in (5, 10)}


def _records(config, case, path):
    model, schedule, told = subject(case, config)
    grid = {"grid": "rho", "to_zero": True} if isinstance(schedule, bd.EDM) else {"grid": "logsnr"}

    def maker(**values):
        return bd.noise_scaled(model, values["noise factor"]), bd.ddim(schedule, steps=8, power=values["power"], **grid | {"grid": "rho"})

    page = bd.sampler_report(model, samplers(schedule), path, n=config.n, budget=config.budget, hyper_budget=config.hyper, rng=config.rng,
                             threads=config.threads, hyper={"noise factor": bf.Uniform(0.95, 1.02), "power": bf.Uniform(3, 11)}, maker=maker, **told)
    text = page.read_text(encoding="utf-8")
    elsewhere = sum(text.count(word) for word in ("<script", "<link", 'src="http', "@import"))
    draws = {name: bd.sample(model, table, n=config.n, rng=config.rng, threads=config.threads) for name, table in samplers(schedule).items()}
    reference = told.get("data", None)
    reference = model.forward(2 * config.n, 0.0, rng=config.rng) if reference is None else reference
    e = bd.energy({name: d.x for name, d in draws.items()}, reference, threads=config.threads)
    low, high = e.confidence_interval()
    records = []
    for i, name in enumerate(e.names):
        gap = e.contrast(i, 0)
        ends = gap.confidence_interval()
        records.append({"kind": "criterion", "case": case, "arm": name, "role": "control" if name == CONTROL else "method",
                        "evaluations": draws[name].evaluations // config.n, "energy": float(e.value[i]), "energy_low": float(low[i]),
                        "energy_high": float(high[i]), "gap": float(gap.value[0]), "gap_low": float(ends[0][0]), "gap_high": float(ends[1][0]),
                        "sections": float(text.count("<section") - elsewhere), "bytes": len(text)})
    return records
