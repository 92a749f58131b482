"""Starts from optimal transport (DPM-OT): quality, mode mixture and copies of the data, beside plain solvers at equal cost.

Two mixtures whose denoiser is exact, and a mixture of Gaussians fitted to 1,400 handwritten digits, judged by the 397 others. N
points of the data are the targets of a map from the standard normal law; starts have noise of a level of their own, and go on by
Heun's method (5 evaluations); or, as published, the targets have the noise, a small one, and annealed Langevin steps follow (11).
"between two points" starts from the map's images between its two best cells. The same from data points drawn at random, no map at
all, has the law of the exact map's starts. Maps in the plane are exact, and end at ``planar`` targets; the others go on from a
map to an eighth of the targets (`_map`). Plain DDIM and Heun begin with noise.

`energy`: energy distance to fresh data, 0 where the laws are equal; `off`: the share beyond 99.9 % of every mode (about 0.001 of
exact samples); `mixed`: the share with two modes of posterior probability 0.1 or more at noise level 0.5; `memorised`: the share
nearer to a target than a third of the way to the second; `ahead`, `beyond_rival`, `beside_random`: energy distance of Heun's 5
evaluations less the arm's, the arm's less that of DDIM's 10, and less that of random points at the same level.

The control, expected to lose, is Heun's method from noise with 5 evaluations.

`over` is the error bound W2(samples, data) <= L (W2(start, noisy data) + mass) + solver + end over the measured distance, term by
term, as ``TransportStart.report`` has it: L the largest stretch of the exact flow, at a start or between a start and its partner
in the noisy data. `w2` is measured between as many samples and fresh data; `w2_floor` between two sets of fresh data.
"""
from dataclasses import dataclass

import numpy as np

from buffon import diffusion as bd
from buffon.experiments import _patches
from buffon.experiments._claims import Claim
from buffon.experiments._digits import images
from buffon.experiments._modes import gmm2d, gmm16, mode_shares
from buffon.experiments._report import Table, new_figure, save, short, with_error

SCHEDULE = bd.VE()
LAST, PUBLISHED_LEVEL = 0.01, 0.05
SMALL, MIDDLE, PUBLISHED, BETWEEN = (
    "transport, level 0.2",
    "transport, level 0.5",
    "transport, published",
    "between two points, level 0.5",
)
RANDOM = {
    SMALL: "random points, level 0.2",
    MIDDLE: "random points, level 0.5",
    PUBLISHED: "random points, published",
    BETWEEN: "random points, level 0.5",
}
LEVELS = {SMALL: 0.2, MIDDLE: 0.5}
PLAIN = {"DDIM, 5": ("ddim", 5), "DDIM, 10": ("ddim", 10), "Heun, 5": ("heun", 3), "Heun, 11": ("heun", 6)}
CONTROL, RIVAL = "Heun, 5", "DDIM, 10"
FEW, MANY = 256, 50_000
DATA = ("gmm2d", "gmm16", "digits")
TRAINING = 1400   # images
FEWEST = 512       # targets of a map that begins with nothing

EXPECTED = (
    *(
        Claim(
            "Heun's five evaluations from noise are too few, from a start they are not",
            MIDDLE,
            f"{data}, N = {FEW}",
            "ahead",
            at_least=0,
            sure=True,
        )
        for data in ("gmm2d", "gmm16")
    ),
    *(
        Claim(
            "at a small level of noise samples copy the targets",
            PUBLISHED,
            f"gmm16, N = {n}",
            "memorised",
            at_least=0.9,
        )
        for n in (FEW,)
    ),
    Claim("at a larger one they do not", MIDDLE, f"gmm16, N = {FEW}", "memorised", at_most=0.1),
    *(
        Claim(
            "a point drawn at random is as good a start",
            arm,
            f"{data}, N = {FEW}",
            "beside_random",
            at_least=0,
            at_most=0,
        )
        for arm in (SMALL, MIDDLE)
        for data in ("gmm2d", "gmm16")
    ),
    *(
        Claim("with many targets, near the modes", arm, f"gmm16, N = {n}", "off", at_most=0.005)
        for arm in (SMALL, RANDOM[SMALL])
        for n in (1024, MANY)
    ),
    *(
        Claim(
            "and no further from the data than DDIM's ten evaluations",
            arm,
            f"gmm16, N = {n}",
            "beyond_rival",
            at_most=0,
            sure=n == MANY,
            small=False,
        )
        for arm in (SMALL, RANDOM[SMALL])
        for n in (1024, MANY)
    ),
    *(Claim("a map to many is a map", SMALL, f"gmm16, N = {n}", "l1", at_most=0.1) for n in (1024, MANY)),
    *(
        Claim("copies end with the number of targets", SMALL, f"gmm16, N = {n}", "memorised", at_most=most)
        for n, most in ((1024, 0.03), (MANY, 0.001))
    ),
    *(
        Claim("the bound bounds", "bound", f"{data}, error bound", "over", at_least=1, small=data == "gmm16")
        for data in ("gmm2d", "gmm16")
    ),
)


@dataclass(frozen=True)
class Config:
    """``n`` samples of each arm, ``reference`` draws of the data; numbers of ``targets``; maps of ``budget`` draws, at least
    ``draws`` for each target, in the plane up to ``planar`` targets, on ``device``; ``flows`` starts of the error bound,
    ``stretched`` of its derivatives."""

    n: int = 3000
    reference: int = 6000
    targets: tuple = (256, 1024, 4096, 16_384, 50_000)
    planar: int = 1024
    budget: int = 2_000_000
    draws: int = 1000
    components: int = 10
    flows: int = 1000
    stretched: int = 200
    rng: int = 1
    threads: int = 0
    device: str = "cpu"

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(
            n=400,
            reference=1000,
            targets=(256, 1024),
            planar=256,
            budget=700_000,
            draws=500,
            components=3,
            flows=150,
            stretched=20,
        )


@dataclass(frozen=True)
class Problem:
    """A denoiser, fresh data to compare with, and data to send starts to."""

    model: object
    reference: np.ndarray
    points: np.ndarray


def run(config, progress=None):
    """A record per data, number of targets and arm."""
    cases = [(data, count) for data in DATA for count in config.targets if data != "digits" or count <= TRAINING]
    records, known = [], {}
    for i, (data, count) in enumerate(cases):
        problem = _problem(data, count, config)
        found = known[data, count] = _map(problem.points, config) if data != "gmm2d" or count <= config.planar else None
        records += _case(f"{data}, N = {count}", problem, found, config)
        if progress:
            progress(i + 1, len(cases) + 2)
    for i, data in enumerate(("gmm2d", "gmm16")):
        count = max(n for n in config.targets if n <= config.planar)
        records += _bound(f"{data}, error bound", _problem(data, count, config), known[data, count], config)
        if progress:
            progress(len(cases) + i + 1, len(cases) + 2)
    return records


def tables(records):
    """What `buffon run` prints: a table per data and number of targets, and the bound."""
    header = ["", "evaluations", "energy distance", "off the modes", "mixed", "memorised"]
    rows = {}
    for r in records:
        if r["arm"] not in ("bound", "measured"):
            rows.setdefault(r["case"], []).append([r["arm"], str(r["evaluations"]), with_error(r["energy"], r["energy_se"]),
                                                   *(short(r[k]) for k in ("off", "mixed", "memorised"))])
    terms = ["L", "start", "mass", "solver", "end", "over"]
    bound = [[r["case"], *(short(r[k]) for k in terms)] for r in records if r["arm"] == "bound"]
    return [
        *(Table(case, header, found) for case, found in rows.items()),
        Table(
            "Error bound, term by term",
            ["", "L", "W2(start, noisy data)", "mass", "solver", "end", "bound / measured"],
            bound,
        ),
    ]


def picture(records, path):
    """Energy distance, modes and copies over the number of targets, in 16 dimensions."""
    figure, axes = new_figure(3, (9.6, 3.2))
    cell = {(r["targets"], r["arm"]): r for r in records if r["case"].startswith("gmm16, N")}
    counts = sorted({n for n, _ in cell})
    for ax, (measure, title) in zip(
        axes,
        (
            ("energy", "energy distance to the data"),
            ("off", "off the modes (mixed: dotted)"),
            ("memorised", "memorised"),
        ),
        strict=True,
    ):
        for i, arm in enumerate((SMALL, MIDDLE, PUBLISHED, BETWEEN)):
            lines = [(RANDOM[arm], "-")] if arm != BETWEEN else []
            for name, style in (*lines, (arm, "o")):
                rows = [cell[n, name] for n in counts if (n, name) in cell]
                ax.plot(
                    [r["targets"] for r in rows],
                    [max(r[measure], 1e-4) for r in rows],
                    style,
                    markersize=4,
                    lw=0.9,
                    color=f"C{i}",
                    label=name,
                )
                if measure == "off":
                    ax.plot([r["targets"] for r in rows], [max(r["mixed"], 1e-4) for r in rows], ":", lw=0.9, color=f"C{i}")
        if measure != "memorised":
            for style, arm in (("--", RIVAL), ("-.", "Heun, 11")):
                ax.axhline(max(cell[counts[0], arm][measure], 1e-4), color="k", ls=style, lw=0.8, label=arm)
        ax.set_yscale("log")
        ax.set_xscale("log")
        ax.set_xlabel("targets")
        ax.set_title(title, fontsize=9)
    axes[1].legend(frameon=False, fontsize=5, ncols=2, loc="lower left", bbox_to_anchor=(0, 0.03))
    save(figure, path)


def _problem(data, count, config):
    if data == "digits":
        pixels = images("the experiment dpm_ot", config.rng)
        fitted = _patches.fit(pixels[:TRAINING], config.components)
        model = bd.GaussianMixture(fitted.weights, fitted.means, fitted.covariances)
        return Problem(model, pixels[TRAINING:], pixels[:count])
    model = gmm2d() if data == "gmm2d" else gmm16()
    return Problem(model, model.forward(config.reference, 0.0, rng=config.rng + 1), model.forward(count, 0.0, rng=config.rng + 2))


def _map(points, config):
    """Exact in the plane. Else from heights that a map to an eighth of the points suggests, its masses those of all points that
    are nearest: a search from nothing softens its cells where data lie in clusters, at a cost that grows with the square of their
    number."""
    where = {"rng": config.rng + 3, "threads": config.threads}
    if points.shape[1] == 2:
        return bd.transport_map(points, method="newton", **where)
    return _refined(points, np.full(len(points), 1 / len(points)), config, {**where, "device": config.device})


def _refined(points, masses, config, where):
    heights = None
    if len(points) > FEWEST:
        few = points[:max(len(points) // 8, FEWEST)]
        near = np.concatenate(
            [
                ((few**2).sum(1) - 2 * rows @ few.T).argmin(1)
                for rows in np.array_split(points, 1 + len(points) * len(few) // 2**24)
            ]
        )
        coarse = _refined(few, np.bincount(near, masses, len(few)), config, where)
        heights = coarse.heights_at(points, max(50 * len(few), 50_000), config.rng + 8)
    return bd.transport_map(
        points,
        masses=masses,
        heights=heights,
        target_error=0,
        budget=max(config.budget, config.draws * len(points)),
        **where,
    )


def _centroids(found, draws, rng):
    """0 for a cell that no draw met."""
    centroids = found.centroids(draws, rng=rng)
    return np.where(np.isfinite(centroids), centroids, 0.0)


def _time(level):
    return SCHEDULE.t_of_lam(-np.log(level))


def _ends(first, steps):
    """Karras' levels from this one on, the last step to the data prediction."""
    return bd.heun(SCHEDULE, steps=steps, grid="rho", to_zero=True, t_start=_time(first), t_end=_time(LAST))


def _solved(problem, table, x, level, config):
    draws = bd.sample(problem.model, table, x=x, level=level, rng=config.rng + 4, threads=config.threads)
    return draws.x, draws.evaluations // len(x)


def _from_points(problem, chosen, config):
    """Samples from these points of the data (n,), and the evaluations of each, by arm."""
    rng, points = np.random.default_rng(config.rng + 6), problem.points
    noise = rng.standard_normal((len(chosen), points.shape[1]))
    out = {arm: _solved(problem, _ends(level, 3), points[chosen] + level * noise, level, config) for arm, level in LEVELS.items()}
    noisy = points + PUBLISHED_LEVEL * rng.standard_normal(points.shape)
    levels = {"t_start": _time(PUBLISHED_LEVEL), "t_end": _time(0.8 * PUBLISHED_LEVEL)}
    out[PUBLISHED] = _solved(
        problem, bd.annealed_langevin(SCHEDULE, steps=2, to_zero=True, **levels), noisy[chosen], PUBLISHED_LEVEL, config
    )
    return out


def _starts(problem, found, config):
    """Arm -> samples and evaluations of each."""
    n, key, points = config.n, config.rng + 5, problem.points
    random = _from_points(problem, np.random.default_rng(config.rng).integers(len(points), size=n), config)
    out = {RANDOM[arm]: samples for arm, samples in random.items()}
    if found is None:
        return out
    out |= _from_points(problem, bd.transport_start(found, n, LEVELS[MIDDLE], key).cell, config)
    centroids = _centroids(found, max(20 * len(points), 50_000), config.rng + 7)
    angle = float(np.quantile(found.angle(np.random.default_rng(config.rng).standard_normal((1000, points.shape[1]))), 0.5))
    x, level = bd.transport_start(found, n, LEVELS[MIDDLE], key, k=2, centroids=centroids, angle=angle)
    out[BETWEEN] = _solved(problem, _ends(level, 3), x, level, config)
    return out


def _plain(problem, config):
    first = 20.0
    noise = first * np.random.default_rng(config.rng + 9).standard_normal((config.n, problem.points.shape[1]))
    ends = {"grid": "rho", "to_zero": True, "t_start": _time(first), "t_end": _time(LAST)}
    return {
        arm: _solved(problem, getattr(bd, solver)(SCHEDULE, steps=steps, **ends), noise, first, config)
        for arm, (solver, steps) in PLAIN.items()
    }


def _case(case, problem, found, config):
    samples = {**_starts(problem, found, config), **_plain(problem, config)}
    energy = bd.energy({arm: x for arm, (x, _) in samples.items()}, problem.reference, threads=config.threads)
    copies = bd.memorised({arm: x for arm, (x, _) in samples.items()}, problem.points, threads=config.threads)
    low, high = copies.confidence_interval()
    arms, records = list(samples), []
    for i, (arm, (x, evaluations)) in enumerate(samples.items()):
        record = {
            "kind": "criterion",
            "case": case,
            "arm": arm,
            "role": "control" if arm in PLAIN else "method",
            "evaluations": evaluations,
            "targets": int(case.split("= ")[1]),
            "energy": float(energy.value[i]),
            "energy_se": float(energy.std_error[i]),
            **mode_shares(problem.model, x),
            "memorised": float(copies.value[i]),
            "memorised_low": float(low[i]),
            "memorised_high": float(high[i]),
            "l1": None if found is None else float(found.mass_error.value[0]),
        }
        for name, other, sign in (("ahead", CONTROL, -1), ("beyond_rival", RIVAL, 1), ("beside_random", RANDOM.get(arm), 1)):
            if other not in (arm, None):
                gap = energy.contrast(i, arms.index(other))
                record |= {name: sign * float(gap.value[0]), f"{name}_se": float(gap.std_error[0])}
        records.append(record)
    return records


def _bound(case, problem, found, config):
    start = bd.transport_start(found, config.flows, LEVELS[MIDDLE], config.rng + 5)
    found = start.report(problem.model, _ends(LEVELS[MIDDLE], 3), n=config.flows, stretched=config.stretched,
                         rng=config.rng + 10, threads=config.threads)
    terms = {"L": found.stretch, "start": found.start, "mass": found.mass, "solver": found.solver, "end": found.end}
    common = {"kind": "criterion", "case": case, "evaluations": round(found.evaluations), "targets": len(problem.points)}
    return [{**common, "arm": "bound", "role": "method", "bound": found.bound, **terms, "over": found.bound / found.measured},
            {**common, "arm": "measured", "role": "control", "w2": found.measured, "w2_floor": found.floor}]
