"""Restoration by mean-reverting diffusion: evaluations that equal 100 steps of posterior sampling.

Six tasks (noise, blur, inpainting, super-resolution, veil, low light) on a picture of scikit-image in 8 x 8 patches. The law of
clean patches is a Gaussian mixture fitted to other pictures; given a degraded patch mu the law of x0 is a mixture in closed form
(`_patches`), so the denoiser E[x0 | x_t, mu] is exact, up to components of less than 1e-9, and so is the law that a
sampler should draw from. What is not exact is the patch model of the picture itself: PSNR shows it, and no claim is about it.

Distance: the errors of a sampler's first two moments against those of the exact law, along the axes of its covariance and in its
standard deviations: root of L + S, L the mean square of the errors of the mean, unbiased, over patches and axes; S the mean
square, over four bands of axes from narrow to wide, of a band's mean relative error of the variance over axes and patches. (An
energy distance sees a tenth of the variance as 6e-4 of its scale, less than its noise at these sizes. PSNR is no distance: the
posterior mean has the best, and too few steps fall towards it.)

`posterior sampling` runs on its published grid, equal steps in the time; the others on equal steps in lambda to the same last
time; all end with a step to sigma = 0. An arm needs the least number of evaluations from which on its distance is no larger
than that of posterior sampling with 100; 95 % intervals by the bootstrap over patches. `posterior sampling` with fewer steps
is the control.
"""
import base64
from dataclasses import dataclass

import numpy as np

from buffon import diffusion as bd
from buffon._extras import needed
from buffon.experiments import _patches
from buffon.experiments._claims import Claim
from buffon.experiments._report import Table, between, new_figure, save

ARMS = {
    "noise, order 1": {"order": 1, "prediction": "noise"},
    "noise, order 2": {"order": 2, "prediction": "noise"},
    "noise, order 3": {"order": 3, "prediction": "noise"},
    "data, order 2": {"order": 2},
    "data, order 3": {"order": 3},
    "velocity, order 2": {"order": 2, "prediction": "velocity"},
    "data, order 2, SDE": {"order": 2, "sde": True},
}
CONTROL = "posterior sampling"
SHOWN = 5         # patches along each side of the pictures
REFERENCE = 100   # steps of posterior sampling
METHOD = "noise, order 3"
TRAINING = ("astronaut", "chelsea", "coffee", "coins", "rocket")

EXPECTED = (
    Claim("tasks with a factor of 10 or more", METHOD, "all tasks", "tasks", at_least=4, sure=True, small=False),
    Claim("so do data and velocity", "data, order 2", "all tasks", "tasks", at_least=4, sure=True, small=False),
    Claim("first order never does", "noise, order 1", "all tasks", "tasks", at_most=0, sure=True, small=False),
    Claim("posterior sampling itself needs its steps", CONTROL, measure="factor", at_most=5),
    Claim("velocity is data", "velocity, order 2", measure="difference", at_most=0),
)


@dataclass(frozen=True)
class Config:
    """``draws`` of each sampler for each of ``patches`` patches; a mixture of ``components`` fitted to ``training`` patches."""

    patches: int = 36
    draws: int = 128
    components: int = 4
    training: int = 3000
    tasks: tuple = ("noise", "blur", "inpainting", "super-resolution", "veil", "low light")
    steps: tuple = (5, 8, 10)
    control_steps: tuple = (10, 20, 50)
    sinf: float = 50 / 255
    rng: int = 1
    threads: int = 0

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(patches=4, draws=48, components=3, training=1000, tasks=("noise", "veil"), steps=(5, 10), control_steps=(10,))


def run(config, progress=None):
    """Records per task and arm; ``progress(n, total)`` counts evaluations of a denoiser."""
    rng = np.random.default_rng(config.rng)
    windows = [np.lib.stride_tricks.sliding_window_view(_picture(name), (8, 8)).reshape(-1, 64) for name in TRAINING]
    training = np.concatenate(windows)
    prior = _patches.fit(training[rng.choice(len(training), config.training, replace=False)], config.components)
    clean = _patches.tiles(_picture("camera")[12:60, 36:84])
    clean = clean[np.linspace(0, len(clean) - 1, config.patches).round().astype(int)]
    records, spans = [], []
    each = config.draws * sum(table.evaluations for (arm, n), table in _tables(config).items() if arm == CONTROL or n < REFERENCE)
    spent = 0

    def follow():
        nonlocal spent
        spent += each
        if progress:
            progress(spent, each * len(clean) * len(config.tasks))
    for task in config.tasks:
        found, factors = _task(task, prior, clean, config, rng, follow)
        records += found
        spans.append(factors)
    return [*records, *_over_tasks(spans, config)]


def tables(records):
    """What `buffon run` prints."""
    rows = [[r["case"], r["arm"], f"{r['needed']}", between(r["factor"], r["factor_low"], r["factor_high"]),
             f"{r['psnr']:.1f}", f"{r['psnr_reference']:.1f}", f"{r['psnr_mean']:.1f}"]
            for r in records if r["kind"] == "criterion" and r["case"] != "all tasks"]
    header = ["", "arm", "evaluations", "factor (95 %)", "PSNR", "at 100", "posterior mean"]
    count = [[r["arm"], f"{r['tasks']} ({r['tasks_low']} ... {r['tasks_high']})"] for r in records if r["case"] == "all tasks"]
    return [Table(f"Evaluations that equal {REFERENCE} steps of posterior sampling", header, rows,
                  "PSNR of one draw, in dB; an arm that never equals it needs 100."),
            Table("Tasks with a factor of 10 or more", ["arm", "tasks (95 %)"], count)]


def picture(records, path):
    """Before and after, a row per task, and the distances over the evaluations."""
    sheets = [r for r in records if r["kind"] == "pictures"]
    titles = list(sheets[0]["pictures"])
    figure = new_figure(1, (6.4, 0.85 * len(sheets) + 0.6))[0]
    figure.clear()
    axes = figure.subplots(len(sheets), len(titles) + 1, squeeze=False, width_ratios=[1] * len(titles) + [2])
    for sheet, row in zip(sheets, axes, strict=True):
        for title, ax in zip(titles, row, strict=False):
            pixels = np.frombuffer(base64.b64decode(sheet["pictures"][title]), np.uint8).reshape(sheet["shape"])
            ax.imshow(pixels // 32 * 32, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            ax.set_xticks([])
            ax.set_yticks([])
            if sheet is sheets[0]:
                ax.set_title(title, fontsize=7)
        row[0].set_ylabel(sheet["case"], fontsize=8)
        _curves(row[-1], [r for r in records if r["kind"] == "distances" and r["case"] == sheet["case"]])
    figure.legend(*axes[0, -1].get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False, fontsize=6)
    axes[-1, -1].set_xlabel("evaluations", fontsize=8)
    save(figure, path)


def _picture(name):
    """Grey values from 0 to 1, means of 4 x 4 pixels."""
    data, color = (needed(f"skimage.{part}", "the experiment restoration", "pictures") for part in ("data", "color"))
    pixels = getattr(data, name)()
    grey = color.rgb2gray(pixels) if pixels.ndim == 3 else pixels / 255
    rows, columns = (size // 4 for size in grey.shape)
    return grey[:4 * rows, :4 * columns].reshape(rows, 4, columns, 4).mean(axis=(1, 3))


def _task(task, prior, clean, config, rng, follow):
    """Records of one task, and factors of the arms over resampled patches."""
    degradation = _patches.degradations()[task]
    mu = degradation.apply(clean, int(rng.integers(len(degradation.strengths))), rng)
    posteriors = [degradation.posterior(prior, m) for m in mu]
    arms = _tables(config)
    results = []
    for i, posterior in enumerate(posteriors):
        results.append(_patch(i, mu[i], posterior, arms, config))
        follow()
    distances = {key: np.array([r[0][key] for r in results]) for key in arms}
    first = {key: np.array([r[1][key] for r in results]) for key in arms}
    mean = np.array([p.weights @ p.means for p in posteriors])
    reference = distances[CONTROL, REFERENCE]
    everyone = np.arange(len(mu))[None]
    chosen = np.random.default_rng(config.rng).integers(len(mu), size=(2000, len(mu)))
    records, factors = [_sheet(task, clean, mu, mean, first, config)], {}
    for arm in [*ARMS, CONTROL]:
        steps = [n for name, n in arms if name == arm and n < REFERENCE]
        excess = {rows is chosen: np.array([_distance(distances[arm, n], rows) - _distance(reference, rows) for n in steps])
                  for rows in (everyone, chosen)}
        factor = REFERENCE / _needed(excess[False][:, 0], steps)
        factors[arm] = REFERENCE / _needed(excess[True], steps)
        low, high = np.quantile(factors[arm], [0.025, 0.975])
        needed_now = round(REFERENCE / float(factor))
        record = {"kind": "criterion", "case": task, "arm": arm, "role": "control" if arm == CONTROL else "method",
                  "needed": needed_now, "factor": float(factor), "factor_low": float(low), "factor_high": float(high),
                  "criterion": float(_distance(distances[arm, steps[-1]], everyone)[0]), "criterion_exact": None,
                  "criterion_se": float(_distance(distances[arm, steps[-1]], chosen).std()),
                  "psnr": _psnr(first[arm, needed_now], clean), "psnr_reference": _psnr(first[CONTROL, REFERENCE], clean),
                  "psnr_mean": _psnr(mean, clean)}
        if arm == "velocity, order 2":
            record["difference"] = float(max(np.abs(first[arm, n] - first["data, order 2", n]).max() for n in steps))
        records.append(record)
        records += [{"kind": "distances", "case": task, "arm": arm, "role": record["role"], "evaluations": n,
                     "distance": float(_distance(distances[arm, n], everyone)[0]),
                     "distance_se": float(_distance(distances[arm, n], chosen).std())}
                    for name, n in arms if name == arm and (arm == CONTROL or n < REFERENCE)]
    return records, factors


def _tables(config):
    """(arm, evaluations) -> table; all end at the time where 100 equal steps have their last level, then at sigma = 0."""
    schedule = bd.MeanReverting(config.sinf)
    last = {"grid": "logsnr", "t_end": 1 / REFERENCE, "to_zero": True}
    tables = {(arm, n): bd.mrs(schedule, steps=n, **last, **options) for arm, options in ARMS.items() for n in config.steps}
    for n in (*config.control_steps, REFERENCE):
        tables[CONTROL, n] = bd.posterior_mr(schedule, grid=np.arange(n, 0, -1) / n, to_zero=True)
    for arm in ARMS:   # what is shown of an arm that never equals the reference
        tables[arm, REFERENCE] = tables[CONTROL, REFERENCE]
    return tables


def _patch(number, mu, posterior, arms, config):
    """Of each arm: squared error of the mean and relative errors of the variances in four bands, (5,); and the first draw."""
    model = bd.GaussianMixture(posterior.weights, posterior.means, posterior.covariances)
    key = 1000 * config.rng + number
    mean = posterior.weights @ posterior.means
    apart = posterior.means - mean
    covariance = np.tensordot(posterior.weights, posterior.covariances, 1) + (posterior.weights * apart.T) @ apart
    variances, axes = np.linalg.eigh(covariance)
    distances, first = {}, {}
    for (arm, n), table in arms.items():
        if arm != CONTROL and n == REFERENCE:
            distances[arm, n], first[arm, n] = distances[CONTROL, n], first[CONTROL, n]
            continue
        x = bd.sample(model, table, n=config.draws, rng=key, mean=mu[None], threads=config.threads).x
        z = (x - mean) @ axes / np.sqrt(variances)
        spread = (z**2).mean(axis=0) - 1
        location = (z.mean(axis=0)**2 - z.var(axis=0, ddof=1) / len(z)).mean()
        distances[arm, n], first[arm, n] = np.array([location, *spread.reshape(4, -1).mean(axis=1)]), x[0]
    return distances, first


def _distance(parts, rows):
    """Over the patches of each of these rows of indices."""
    means = parts[rows].mean(axis=1)
    return np.sqrt(np.maximum(means[:, 0], 0) + (means[:, 1:]**2).mean(axis=1))


def _needed(excess, steps):
    """Least number from which on there is no excess, along the first axis; REFERENCE where there is none."""
    worse = np.asarray(excess) > 0
    least = np.full(worse.shape[1:], float(REFERENCE))
    for k in reversed(range(len(steps))):
        least = np.where(worse[k:].any(axis=0), least, steps[k])
    return least


def _over_tasks(spans, config):
    """How many tasks have a factor of 10, arm by arm."""
    for arm in [*ARMS, CONTROL]:
        counts = sum((factors[arm] >= 10).astype(int) for factors in spans)
        low, high = np.quantile(counts, [0.025, 0.975])
        yield {"kind": "criterion", "case": "all tasks", "arm": arm, "role": "control" if arm == CONTROL else "method",
               "criterion": float(counts.mean()), "criterion_se": float(counts.std()), "criterion_exact": None,
               "tasks": int(np.median(counts)), "tasks_low": int(low), "tasks_high": int(high)}


def _psnr(x, clean):
    return float(-10 * np.log10(((np.clip(x, 0, 1) - clean)**2).mean()))


def _sheet(task, clean, mu, mean, first, config):
    """The pictures as bytes, each row by row: SHOWN x SHOWN patches, or all where there are fewer."""
    side = int(np.sqrt(len(clean)))
    shown_side = min(side, SHOWN)
    chosen = (side * np.arange(shown_side)[:, None] + np.arange(shown_side)).ravel()
    shape = (_patches.SIDE * shown_side, _patches.SIDE * shown_side)
    few = config.steps[-2]
    shown = {"clean": clean, "degraded": mu, "posterior mean": mean, f"MRS, {few}": first[METHOD, few],
             f"posterior\nsampling, {config.control_steps[min(1, len(config.control_steps) - 1)]}":
                 first[CONTROL, config.control_steps[min(1, len(config.control_steps) - 1)]],
             f"posterior\nsampling, {REFERENCE}": first[CONTROL, REFERENCE]}
    pixels = {title: (255 * np.clip(_patches.joined(x[chosen], shape), 0, 1)).round().astype(np.uint8)
              for title, x in shown.items()}
    return {"kind": "pictures", "case": task, "arm": METHOD, "role": "method", "shape": list(shape),
            "pictures": {title: base64.b64encode(p.tobytes()).decode() for title, p in pixels.items()}}


def _curves(ax, records):
    for arm in (METHOD, "noise, order 2", "data, order 2", "data, order 2, SDE", CONTROL):
        points = [r for r in records if r["arm"] == arm and (arm == CONTROL or r["evaluations"] < REFERENCE)]
        points.sort(key=lambda r: r["evaluations"])
        ax.plot([r["evaluations"] for r in points], [max(r["distance"], 1e-6) for r in points], ".-", markersize=3,
                linewidth=0.8, label=arm)
    ax.axhline(next(r["distance"] for r in records if r["arm"] == CONTROL and r["evaluations"] == REFERENCE), color="black",
               linewidth=0.5)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.tick_params(which="both", labelsize=5)
    ax.get_yaxis().set_minor_formatter("")
