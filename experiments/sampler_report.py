"""One page about samplers of a denoiser: quality and evaluations, exposure bias, modes, failures, hyper-parameters, samples.

Four denoisers: exact ones of eight modes in 2 and in 16 dimensions, the ideal one of handwritten digits, and a network, of which
nothing but data is known: a module of torch where torch is there, else the same arithmetic in NumPy. Classes of the digits are
the ten digits, those of the network's data six points, which the network does not weigh alike. `--set pages=DIR` keeps the pages;
`sampler_report` of `buffon.diffusion` writes one about any denoiser. Records are figures of the first section and of the modes;
the control of each case has five steps.
"""
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import buffon as bf
from buffon import diffusion as bd
from buffon.experiments._claims import Claim
from buffon.experiments._digits import SIDE, classes, images
from buffon.experiments._modes import gmm2d
from buffon.experiments._report import Table, between, new_figure, save
from buffon.experiments.failure_probability import mixture as gmm16

CASES = ("gmm2d", "gmm16", "network", "digits")
CONTROL, MORE = "ddim 5", "ddim 20"
MEASURES = ("energy", "gap", "frechet", "total_variation", "mixed", "off")

EXPECTED = (
    *(
        Claim(
            "the page holds every section, and nothing from elsewhere",
            CONTROL,
            case,
            "sections",
            at_least=6,
            at_most=6,
            sure=True,
        )
        for case in CASES
    ),
    *(
        Claim("more evaluations, nearer to the data", MORE, case, "gap", at_most=0, sure=True, small=False)
        for case in CASES
    ),
    *(
        Claim("few steps end off the modes", CONTROL, case, "off", at_least=0.02, sure=True)
        for case in ("gmm2d", "gmm16")
    ),
    *(Claim("more of them hardly do", MORE, case, "off", at_most=0.02) for case in ("gmm2d", "gmm16")),
    Claim(
        "a network whose weights are wrong has wrong masses at any number of steps",
        MORE,
        "network",
        "total_variation",
        at_least=0.01,
        sure=True,
        small=False,
    ),
    *(Claim("exact weights come out", MORE, case, "total_variation", at_most=0.03) for case in ("gmm2d", "gmm16")),
)


@dataclass(frozen=True)
class Config:
    """``n`` samples of each table, ``budget`` runs for its failures, ``hyper`` samplers for the indices; ``pages``: a folder, or
    none."""

    n: int = 1_000
    budget: int = 10_000
    hyper: int = 1_024
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
    header = [
        "",
        "evaluations",
        "energy distance",
        "less that of five steps",
        "Fréchet distance",
        "total variation of the masses",
        "between modes",
        "off",
    ]
    return [
        Table(
            case,
            header,
            [[r["arm"], str(r["evaluations"]), *(_cell(r, k) for k in MEASURES)] for r in records if r["case"] == case],
        )
        for case in CASES
    ]


def _cell(record, measure):
    return "-" if record.get(measure) is None else between(*(record[measure + end] for end in ("", "_low", "_high")))


def picture(records, path):
    """Energy distance against evaluations, a panel per denoiser."""
    figure, axes = new_figure(len(CASES), (10, 2.8))
    for ax, case in zip(axes, CASES, strict=True):
        for k, solver in enumerate(("ddim", "heun")):
            rows = sorted(
                (r for r in records if r["case"] == case and r["arm"].startswith(solver)),
                key=lambda r: r["evaluations"],
            )
            value, low, high = (np.array([r[f"energy{end}"] for r in rows]) for end in ("", "_low", "_high"))
            ax.errorbar(
                [r["evaluations"] for r in rows],
                value,
                yerr=np.maximum([value - low, high - value], 0),   # an unbiased square may be below 0, its interval is not
                fmt="os"[k] + "-",
                markersize=3,
                label=solver,
            )
        ax.axhline(0, color="k", lw=0.6)
        ax.set_xscale("log")
        ax.set_title(case, fontsize=9)
        ax.set_xlabel("evaluations", fontsize=8)
    axes[0].set_ylabel("energy distance", fontsize=8)
    axes[0].legend(frameon=False, fontsize=8)
    save(figure, path)


def network(schedule):
    """A module that predicts noise, data like those that it was made for, a mixture of points with noise 0.1, its weights
    slightly off, and probabilities of the points.
    """
    points = np.random.default_rng(5).normal(size=(6, 4))

    def noise(x, alpha, sigma, softmax):
        v, variance = x / alpha, (sigma / alpha) ** 2
        shares = softmax((v @ points.T - 0.5 * (points**2).sum(1)) / (variance + 0.01) + 0.2 * np.arange(6))
        data = (variance * (shares @ points) + 0.01 * v) / (variance + 0.01)
        return (x - alpha * data) / sigma

    def softmax(logits):
        e = np.exp(logits - logits.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def net(x, t):
        alpha, sigma = (np.array([getattr(schedule, name)(time) for time in t])[:, None] for name in ("alpha", "sigma"))
        return noise(np.asarray(x, dtype=float), alpha, sigma, softmax).astype(np.float32)

    def nearest(x):
        return softmax((x @ points.T - 0.5 * (points**2).sum(1)) / 0.1)

    rng = np.random.default_rng(6)
    data = points[rng.integers(6, size=4000)] + 0.1 * rng.normal(size=(4000, 4))
    return bd.Network(_module(net), schedule=schedule, prediction="noise", shape=4), data, nearest


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
        model, data, nearest = network(schedule)
        return model, schedule, {"data": data[:2 * config.n], "classifier": nearest, "weights": np.ones(6)}
    asked = "the experiment sampler_report", config.rng
    model, shown = bd.Empirical(images(*asked), dtype="float32"), np.eye(10)[classes(*asked)]

    def digit(x):
        return np.minimum(model.responsibilities(x, 1.0) @ shown, 1.0)
    return model, bd.EDM(0.02, 80), {"shape": (SIDE, SIDE), "classifier": digit, "weights": shown.mean(axis=0)}


def samplers(schedule):
    """DDIM and Heun with 5 to 20 evaluations."""
    grid = {"grid": "rho", "to_zero": True} if isinstance(schedule, bd.EDM) else {"grid": "logsnr"}
    return {f"ddim {k}": bd.ddim(schedule, steps=k, **grid) for k in (5, 10, 20)} | {
        f"heun {k}": bd.heun(schedule, steps=k, **grid) for k in (5, 10)
    }


def _records(config, case, path):
    model, schedule, told = subject(case, config)
    grid = {"grid": "rho", "to_zero": True} if isinstance(schedule, bd.EDM) else {"grid": "logsnr"}

    def maker(**values):
        return bd.noise_scaled(model, values["noise factor"]), bd.ddim(
            schedule, steps=8, power=values["power"], **grid | {"grid": "rho"}
        )

    page = bd.sampler_report(
        model,
        samplers(schedule),
        path,
        n=config.n,
        budget=config.budget,
        hyper_budget=config.hyper,
        rng=config.rng,
        threads=config.threads,
        hyper={"noise factor": bf.Uniform(0.95, 1.02), "power": bf.Uniform(3, 11)},
        maker=maker,
        **told,
    )
    text = page.read_text(encoding="utf-8")
    elsewhere = sum(text.count(word) for word in ("<script", "<link", 'src="http', "@import"))
    draws = {
        name: bd.sample(model, table, n=config.n, rng=config.rng, threads=config.threads)
        for name, table in samplers(schedule).items()
    }
    reference = told.get("data", None)
    reference = model.forward(2 * config.n, 0.0, rng=config.rng) if reference is None else reference
    found = _figures(config, case, model, told, {name: d.x for name, d in draws.items()}, reference)
    return [
        {
            "kind": "criterion",
            "case": case,
            "arm": name,
            "role": "control" if name == CONTROL else "method",
            "evaluations": draws[name].evaluations // config.n,
            **found[name],
            "sections": float(text.count("<section") - elsewhere),
            "bytes": len(text),
        }
        for name in draws
    ]


def _figures(config, case, model, told, x, reference):
    """Name -> energy and Frechet distances, masses, shares between and off the modes, with their intervals."""
    energy, judge = bd.energy(x, reference, threads=config.threads), told.get("classifier", model)
    weights = {"weights": told["weights"]} if "classifier" in told else {}
    masses = bd.mode_masses(x, judge, threads=config.threads, **weights)
    found = {
        "energy": energy,
        "frechet": bd.frechet(x, reference, threads=config.threads),
        "mixed": bd.mode_mixture(x, judge, threads=config.threads),
    }
    if case.startswith("gmm"):
        found["off"] = bd.off_mode(x, model, threads=config.threads)
    out = {}
    for i, name in enumerate(x):
        out[name] = _ends("gap", energy.contrast(i, 0), 0) | _ends(
            "total_variation", masses, masses.names.index(f"{name}.total_variation")
        )
        for measure, e in found.items():
            out[name] |= _ends(measure, e, i)
    return out


def _ends(name, e, i):
    low, high = e.confidence_interval()
    return {name: float(e.value[i]), f"{name}_low": float(low[i]), f"{name}_high": float(high[i])}
