"""Handwritten digits from ideal denoisers: what a few evaluations change, and what is memorised.

The 1,797 digits of scikit-learn, 397 of them held out. Three denoisers: the ideal one of the 1,400 others and that of 300 of
them, which networks of unlimited capacity would learn, and a Gaussian mixture fitted to the 300, which cannot memorise. EDM
levels, equal steps in lambda. All solvers begin at the same noise, and the exact flow too (`rk45`), so that

`error`: the root mean square distance of a pixel to the exact end, median over the starts with its interval, in the range
-1 to 1;
`same`: the share of starts that end nearest to the training image to which the exact flow takes them;
`memorised`: the share that end within `radius` of a training image, root mean square of a pixel; held-out images show what is
chance;
`energy`: the energy distance to the held-out images, whose law no denoiser knows; 0 where the laws are equal.

The control is Euler's method with equal steps in sigma, which spends all but its last step where there is nothing but noise.
At a small number of evaluations an ideal denoiser ends on training images all the same, on others than the flow's:
`memorised` says nothing of a solver, `same` and `energy` do.
"""
import base64
from dataclasses import dataclass

import numpy as np

from buffon import diffusion as bd
from buffon.experiments import _patches
from buffon.experiments._calibration import wilson
from buffon.experiments._claims import Claim
from buffon.experiments._digits import SIDE, Energy, distances, images
from buffon.experiments._exact_flows import made, median_interval
from buffon.experiments._report import Table, between, new_figure, save, short, with_error

SOLVERS = ("ddim()", "heun()", "dpmpp(order=2)", "dpmpp(order=3)", "unipc(order=3)", "deis(method=tab,order=3)",
           "fpndm(warmup=multistep)")
CONTROL, FLOW, UNSEEN = "euler(), equal steps in sigma", "exact flow", "held-out images"
IDEAL, FEW, MIXTURE = "1,400 images", "300 images", "mixture of the 300"
EVALUATIONS = (5, 10, 20, 50)
SHOWN = 8   # samples of a sheet

EXPECTED = (
    *(Claim("the exact flow ends on training images", FLOW, f"{model}, end of the flow", "memorised", at_least=0.99)
      for model in (IDEAL, FEW)),
    Claim("but not that of a mixture", FLOW, f"{MIXTURE}, end of the flow", "memorised", at_most=0.01),
    Claim("held-out images are not near training images by chance", UNSEEN, measure="memorised", at_most=0.01),
    *(Claim("the control is further from held-out images", solver, f"{model}, {n} evaluations", "ahead", at_least=0, sure=True)
      for model in (IDEAL, FEW, MIXTURE) for n in (5, 20) for solver in SOLVERS if (solver, n) != ("heun()", 5)),
    *(Claim("two steps of Heun's end elsewhere than five of first order", "heun()", f"{model}, 5 evaluations", "more", at_most=0,
            sure=True) for model in (IDEAL, FEW)),
    *(Claim("five evaluations end on training images", "ddim()", f"{model}, 5 evaluations", "memorised", at_least=0.9)
      for model in (IDEAL, FEW)),
    *(Claim("on others than the exact flow", "ddim()", f"{model}, 5 evaluations", "same", at_most=0.75, sure=True)
      for model in (IDEAL, FEW)),
    *(Claim("third order ends on the flow's image more often than first", "unipc(order=3)", f"{model}, {n} evaluations", "more",
            at_least=0, sure=True) for model in (IDEAL, FEW) for n in (5, 20)),
    Claim("and on it, mostly, after 20", "unipc(order=3)", f"{IDEAL}, 20 evaluations", "same", at_least=0.9),
    Claim("300 images are further from held-out ones than 1,400", FLOW, f"{FEW}, end of the flow", "beyond", at_least=0,
          small=False),
)


@dataclass(frozen=True)
class Config:
    """``starts`` of each solver; ``components`` of the mixture."""

    starts: int = 1024
    evaluations: tuple = EVALUATIONS
    components: int = 10
    radius: float = 0.05
    sheet: int = 5       # evaluations of the samples shown
    rng: int = 1
    threads: int = 0

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(starts=192, evaluations=(5, 20), components=3)


def run(config, progress=None):
    """Records per model, solver and number of evaluations."""
    pixels = images("the experiment digits", config.rng)
    seen, unseen = pixels[:1400], pixels[1400:]
    schedule = bd.EDM()
    x = schedule.t_start * np.random.default_rng(config.rng).standard_normal((config.starts, SIDE**2))
    records, ends = [], {}
    for i, (name, (model, training)) in enumerate(_models(seen, config).items()):
        ends[name] = _solved(model, bd.rk45(schedule, rtol=1e-7, atol=1e-7), x, training, unseen, config)
        records += _flow(name, ends, training, unseen, config)
        solved = {}
        for n in config.evaluations:
            tables = _tables(schedule, n)
            solved[n] = {arm: _solved(model, table, x, training, unseen, config) for arm, table in tables.items()}
            records += [_record(f"{name}, {n} evaluations", arm, found, solved[n], ends[name])
                        for arm, found in solved[n].items()]
        shown = {FLOW: ends[name], **solved[config.sheet]}
        records += [{"kind": "pictures", "case": name, "arm": arm, "role": _role(arm), "evaluations": config.sheet,
                     "pictures": _bytes(found.x[:SHOWN])} for arm, found in shown.items()]
        if progress:
            progress(i + 1, 3)
    return records


def tables(records):
    """What `buffon run` prints: ends of the flow, then two tables per model."""
    cell = {(r["case"], r["arm"]): r for r in records if r["kind"] == "criterion"}
    evaluations = sorted({r["evaluations_asked"] for r in cell.values() if "evaluations_asked" in r})
    flow = [[case.removesuffix(", end of the flow"), arm, _share(r, "memorised"),
             with_error(r["energy"], r["energy_se"]) if "energy" in r else "-"] for (case, arm), r in cell.items()
            if arm in (FLOW, UNSEEN)]
    return [Table("Ends of the exact flow", ["denoiser", "", "memorised (95 %)", "energy distance to held-out images"], flow),
            *(table for model in (IDEAL, FEW, MIXTURE) for table in _model_tables(model, cell, evaluations))]


def picture(records, path):
    """Sample sheets, a column per denoiser and a row per solver, from the same noise; below, shares of the flow's own image."""
    sheets = [r for r in records if r["kind"] == "pictures"]
    arms = list(dict.fromkeys(r["arm"] for r in sheets))
    models = list(dict.fromkeys(r["case"] for r in sheets))
    figure = new_figure(1, (7.6, 0.3 * len(arms) + 2.4))[0]
    figure.clear()
    axes = figure.subplots(len(arms) + 1, len(models), squeeze=False, height_ratios=[1] * len(arms) + [4])
    for column, model in enumerate(models):
        for row, arm in enumerate(arms):
            data = next(r["pictures"] for r in sheets if (r["case"], r["arm"]) == (model, arm))
            pixels = np.frombuffer(base64.b64decode(data), np.uint8).reshape(SIDE, SHOWN * SIDE)
            ax = axes[row, column]
            ax.imshow(pixels // 32 * 32, cmap="gray_r", vmin=0, vmax=255, interpolation="nearest")
            ax.set_xticks([])
            ax.set_yticks([])
            if column == 0:
                ax.set_ylabel(_brief(arm), fontsize=6, rotation=0, ha="right", va="center")
        axes[0, column].set_title(f"{model}, {sheets[0]['evaluations']} evaluations", fontsize=8)
        _curves(axes[-1, column], [r for r in records if r["kind"] == "criterion" and r["case"].startswith(f"{model}, ")])
    axes[-1, 0].set_ylabel("ends at the\nflow's image", fontsize=7)
    figure.legend(*axes[-1, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False, fontsize=6)
    save(figure, path)


@dataclass(frozen=True)
class _Solved:
    """Samples, their nearest training images, distances to these, energy distance to the held-out images, cost of a sample."""

    x: np.ndarray
    nearest: np.ndarray
    memorised: np.ndarray
    energy: Energy
    evaluations: int


def _models(seen, config):
    few = seen[:300]
    fitted = _patches.fit(few, config.components)
    return {IDEAL: (bd.Empirical(seen), seen), FEW: (bd.Empirical(few), few),
            MIXTURE: (bd.GaussianMixture(fitted.weights, fitted.means, fitted.covariances), few)}


def _tables(schedule, n):
    tables = {solver: made(solver, schedule, steps=n // 2 if solver == "heun()" else n) for solver in SOLVERS}
    return {**tables, CONTROL: bd.euler(schedule, steps=n, grid="time")}   # EDM's time is sigma


def _solved(model, table, x, training, unseen, config):
    draws = bd.sample(model, table, x=x, threads=config.threads)
    apart = distances(draws.x, training)
    nearest = apart.argmin(axis=1)
    memorised = apart.min(axis=1) <= config.radius * SIDE   # a root mean square over SIDE^2 pixels
    return _Solved(draws.x, nearest, memorised, Energy(draws.x, unseen), round(draws.evaluations / len(x)))


def _flow(name, ends, training, held_out, config):
    """The end of the flow, and held-out images in its place."""
    found, chance = ends[name], distances(held_out, training).min(axis=1) <= config.radius * SIDE
    record = {"kind": "criterion", "case": f"{name}, end of the flow", "arm": FLOW, "role": "method", **_of_energy(found.energy),
              "evaluations": found.evaluations, **_interval("memorised", found.memorised)}
    if name != IDEAL:
        record["beyond"], record["beyond_se"] = found.energy.beyond(ends[IDEAL].energy)
    unseen = {"kind": "criterion", "case": record["case"], "arm": UNSEEN, "role": "control", **_interval("memorised", chance)}
    return [record, unseen]


def _record(case, arm, found, others, end):
    error, low, high = median_interval(np.sqrt(((found.x - end.x)**2).mean(axis=1)))
    same = found.nearest == end.nearest
    more = same.astype(float) - (others["ddim()"].nearest == end.nearest)
    record = {"kind": "criterion", "case": case, "arm": arm, "role": _role(arm), "evaluations": found.evaluations,
              "evaluations_asked": int(case.split(", ")[-1].split()[0]), "error": error, "error_low": low, "error_high": high,
              **_interval("same", same), **_interval("memorised", found.memorised), **_of_energy(found.energy),
              "more": float(more.mean()), "more_se": float(more.std(ddof=1) / np.sqrt(len(more)))}
    if arm != CONTROL:
        record["ahead"], record["ahead_se"] = others[CONTROL].energy.beyond(found.energy)
    return record


def _interval(measure, hits):
    share = float(hits.mean())
    low, high = wilson(share, len(hits))
    return {measure: share, f"{measure}_low": float(low), f"{measure}_high": float(high)}


def _of_energy(energy):
    return {"energy": energy.value, "energy_se": energy.error}


def _role(arm):
    return "control" if arm == CONTROL else "method"


def _bytes(x):
    """Samples side by side, a byte per pixel."""
    rows = x.reshape(len(x), SIDE, SIDE).transpose(1, 0, 2).reshape(SIDE, -1)
    return base64.b64encode((127.5 * (np.clip(rows, -1, 1) + 1)).round().astype(np.uint8).tobytes()).decode()


def _share(record, measure):
    return between(*(record[f"{measure}{end}"] for end in ("", "_low", "_high")))


def _model_tables(model, cell, evaluations):
    """Of a solver beside the flow, and of its samples beside images."""
    for title, measures in (("beside the exact flow", ("error", "same")), ("beside images", ("memorised", "energy"))):
        rows = [[arm, *(_cell(cell[f"{model}, {n} evaluations", arm], measure) for measure in measures for n in evaluations)]
                for arm in (*SOLVERS, CONTROL)]
        yield Table(f"{model}, {title}", ["", *(f"{measure}, {n}" for measure in measures for n in evaluations)], rows)


def _cell(record, measure):
    if measure == "energy":
        return with_error(record["energy"], record["energy_se"])
    return short(record["error"]) if measure == "error" else f"{record[measure]:.1%}"


def _brief(arm):
    return arm.replace("method=", "").replace("order=", "").replace("warmup=", "")


def _curves(ax, records):
    for i, arm in enumerate((*SOLVERS, CONTROL)):
        rows = [r for r in records if r["arm"] == arm]
        ax.plot([r["evaluations"] for r in rows], [r["same"] for r in rows], ".-", markersize=3, linewidth=0.8,
                color="black" if arm == CONTROL else f"C{i}", label=_brief(arm))
    ax.set_xscale("log")
    ax.set_xticks(sorted({r["evaluations_asked"] for r in records if "evaluations_asked" in r}))
    ax.get_xaxis().set_major_formatter("{x:.0f}")
    ax.minorticks_off()
    ax.set_xlabel("evaluations", fontsize=7)
    ax.tick_params(which="both", labelsize=5)
