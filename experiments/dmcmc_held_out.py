"""Denoising MCMC on mixtures that its settings were not found on, beside the best solvers alone at as many evaluations in total.

`gmm16` is where settings were searched, with keys of its own; the others are drawn: unequal weights, each mode's axes of 0.1 to
0.6 turned at random, 4 to 32 dimensions. Everything that has a length is a multiple of half the root mean square distance of two
points of different modes, settled on gmm16. `ddim, 13` is the solver that Denoising MCMC was recorded with; `dpmpp, 13` and
`unipc, 13` start from four times the highest level of the chains, as good a start as evaluations buy. `band` keeps the chain
where modes mix, around that half distance, and leaves the rest of the way to the solver: 8 samples of each chain, 3 uncorrected
steps before each. `band from one mode` has all chains begin in the lightest mode, and 24 steps of burn-in. `gmm16, settings`
varies what the band has: samples of each chain, corrected steps, all levels in place of the band with their weights learnt (in a
run of its own, whose evaluations are counted), the start. Figures are those of `dmcmc`; `..._ratio_SOLVER` and `..._gap_SOLVER`
are to that solver alone, with Fieller's and Student's 95 % intervals over the seeds, which share fresh reference draws.
"""
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

import buffon as bf
from buffon import diffusion as bd
from buffon.experiments._claims import Claim
from buffon.experiments._processes import mapped
from buffon.experiments._report import Table, between, new_figure, save
from buffon.experiments.dmcmc import CODE, MEASURES, SHOWN, Case, alone, chained, gmm16
from buffon.experiments.time_shift import fieller

CONTROLS = {"ddim": "ddim, 13", "dpmpp": "dpmpp, 13", "unipc": "unipc, 13"}
SETTINGS = "gmm16, settings"
MANY, BAND, BAND_DPMPP, ONE_MODE = "many chains + ddim", "band + unipc", "band + dpmpp", "band from one mode"
LOWEST, HIGHEST, FURTHEST = 0.002, 4.0, 16.0   # levels, in half distances of modes
NOISE, KERNEL, STEP = 0.1, 0.8, 0.02           # of starts near the data; the bandwidth; a constant step, squared half distances
LOW, AT, HIGH = 0.8, 1.2, 2.0                  # the band, and where its chains begin
ROUNDS, SKIP, FIRST, LAST = 8, 3, 4, 9         # samples of a chain, steps before each, evaluations of start and solver

DRAWN = {
    "4 in 6 modes": (4, 6, 31),
    "8 in 12 modes": (8, 12, 32),
    "16 in 20 modes": (16, 20, 33),
    "32 in 5 modes": (32, 5, 34),
}  # d, modes, key

EXPECTED = (
    Claim(
        "a band of levels beats the solver it was compared with, in MMD",
        BAND,
        "gmm16",
        "mmd_gap_ddim",
        at_most=0,
        sure=True,
        small=False,
    ),
    Claim(
        "and in the energy distance, at equal total",
        BAND,
        "gmm16",
        "energy_gap_ddim",
        at_most=0,
        sure=True,
        small=False,
    ),
    *(
        Claim("on mixtures that it was not settled on, too", BAND, name, "mmd_gap_ddim", at_most=0, small=False)
        for name in DRAWN
    ),
    *(
        Claim("and is not behind the best solver alone", BAND, name, "energy_gap_unipc", at_most=0, small=False)
        for name in ("gmm16", *DRAWN)
    ),
    Claim("chains near the data leave fewer samples between modes", MANY, None, "off_mode", at_most=0.01),
    Claim("from one mode the band finds the others", ONE_MODE, "gmm16", "mass", at_most=0.1, small=False),
)


@dataclass(frozen=True)
class Config:
    """``n`` samples of each of ``seeds`` runs; ``levels`` of sigma."""

    n: int = 8000
    seeds: int = 12
    levels: int = 60
    rng: int = 7001
    threads: int = 0
    processes: int = 1

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(n=400, seeds=3, levels=30)


def run(config, progress=None):
    """One record per case and arm."""
    jobs = [(config, name, arm) for name in ("gmm16", *DRAWN) for arm in _arms(config, *_case(name))]
    jobs += [(config, "gmm16", arm) for arm in _settings(config, *_case("gmm16"))]
    found = {}
    for i, (job, runs) in enumerate(zip(jobs, mapped(_runs, jobs, config.processes), strict=True)):
        found.setdefault(job[1], {})[job[2]] = runs
        if progress:
            progress(i + 1, len(jobs))
    varied = _settings(config, *_case("gmm16"))
    cases = {
        "gmm16": {arm: runs for arm, runs in found["gmm16"].items() if arm not in varied},
        SETTINGS: {
            arm: runs
            for arm, runs in found["gmm16"].items()
            if arm in varied or arm == BAND or arm in CONTROLS.values()
        },
        **{name: found[name] for name in DRAWN},
    }
    return [_record(name, arm, runs, arms) for name, arms in cases.items() for arm, runs in arms.items()]


def _runs(config, name, arm):
    unit, case = _case(name)
    return {**_arms(config, unit, case), **_settings(config, unit, case)}[arm]()


def drawn(d, modes, key):
    """A mixture with unequal weights and covariances."""
    rng = np.random.default_rng(key)
    weights, means = rng.dirichlet(np.full(modes, 2.0)), 2 * rng.standard_normal((modes, d))
    turns = [np.linalg.qr(rng.standard_normal((d, d)))[0] for _ in range(modes)]
    covariances = [q @ np.diag(np.exp(2 * rng.uniform(np.log(0.1), np.log(0.6), d))) @ q.T for q in turns]
    return bd.GaussianMixture(weights, means, np.array(covariances))


def half_distance(model):
    """Half the root mean square distance of the modes of two points that belong to different ones."""
    apart = ((model.means[:, None] - model.means) ** 2).sum(2)
    return np.sqrt(model.weights @ apart @ model.weights / (1 - (model.weights**2).sum())) / 2


@cache
def _case(name):
    model = gmm16() if name == "gmm16" else drawn(*DRAWN[name])
    unit = half_distance(model)
    return unit, Case(model, HIGHEST * unit, KERNEL * unit)


def _table(solver, steps, unit, highest=HIGHEST):
    return getattr(bd, solver)(bd.EDM(LOWEST * unit, highest * unit), steps=steps, grid="rho", to_zero=True)


def _arms(config, unit, case):
    """What each arm does, to be called: figures over the seeds."""
    further = {f"{solver}, 13": partial(alone, config, case, _table(solver, 13, unit, FURTHEST)) for solver in ("dpmpp", "unipc")}
    near = bd.heun(bd.EDM(NOISE * unit, FURTHEST * unit), steps=5, grid="rho")
    many = {
        **CODE,
        "step": STEP * unit**2,
        "skip": SKIP,
        "burn_in": 2,
        "chains": config.n // 4,
        "start": near,
        "start_noise": 0.0,
    }
    return {"ddim, 13": partial(alone, config, case, _table("ddim", 13, unit)), **further,
            MANY: partial(chained, config, case, _table("ddim", 7, unit), **many),
            BAND_DPMPP: partial(chained, config, case, _table("dpmpp", LAST, unit), **_band(config, unit)),
            BAND: partial(chained, config, case, _table("unipc", LAST, unit), **_band(config, unit)),
            ONE_MODE: partial(chained, config, case, _table("unipc", LAST, unit), **_from_one_mode(config, unit, case.model))}


def _band(config, unit, steps=FIRST, furthest=FURTHEST):
    begin = bd.unipc(bd.EDM(AT * unit, furthest * unit), steps=steps, grid="rho")
    return {
        "skip": SKIP,
        "burn_in": 2,
        "chains": config.n // ROUNDS,
        "sigma_min": LOW * unit,
        "sigma_max": HIGH * unit,
        "start": begin,
        "start_noise": 0.0,
    }


def _from_one_mode(config, unit, model):
    """All chains begin in the lightest mode, with the noise of the band's middle."""
    k = model.weights.argmin()
    covariance = model.covariances[k] + (AT * unit) ** 2 * np.eye(model.dim)
    x = np.random.default_rng(config.rng).multivariate_normal(model.means[k], covariance, size=config.n // ROUNDS)
    band = _band(config, unit)
    return {**{key: band[key] for key in ("skip", "chains", "sigma_min", "sigma_max")}, "burn_in": 24, "x": x, "level": AT * unit}


def _settings(config, unit, case):
    """The band with one thing after the other done in another way, at 13 evaluations at most."""
    def arm(last=LAST, steps=FIRST, furthest=FURTHEST, **options):
        return partial(chained, config, case, _table("unipc", last, unit), **{**_band(config, unit, steps, furthest), **options})

    return {
        "1 sample a chain": arm(chains=config.n, skip=1, burn_in=0, steps=3),
        "4 samples a chain": arm(chains=config.n // 4, skip=2),
        "20 samples a chain": arm(chains=config.n // 20),
        "corrected steps": arm(8, skip=2, burn_in=1, metropolis=True),
        "steps twice as long": arm(step=2 / case.model.dim**0.5),
        "nearer start": arm(furthest=HIGHEST),
        "all levels, prior adapted": partial(_all_levels, config, unit, case),
    }


def _all_levels(config, unit, case):
    """Down to the data, with weights of the levels that a first run of 50 chains learns."""
    table = _table("unipc", 8, unit)
    near = bd.unipc(bd.EDM(NOISE * unit, FURTHEST * unit), steps=9, grid="rho")
    options = {"sigma_min": 0.01 * unit, "sigma_max": HIGHEST * unit, "levels": config.levels, "start": near, "start_noise": 0.0}
    first = bd.langevin_gibbs(
        case.model,
        table,
        n=50,
        chains=50,
        skip=1,
        burn_in=150,
        adapt="flat",
        rng=config.rng,
        threads=config.threads,
        **options,
    )
    learnt = (first.parts["start"] + first.parts["chain"]) / config.n
    runs = chained(config, case, table, skip=SKIP, burn_in=2, prior=list(first.prior), **options)
    return [{**r, "total": r["total"] + learnt} for r in runs]


def _record(case, arm, runs, found):
    record = {"kind": "criterion", "case": case, "arm": arm, "role": "control" if arm in CONTROLS.values() else "method"}
    record |= {key: float(np.mean([r[key] for r in runs])) for key in ("evaluations", "total")}
    for m in MEASURES:
        values = np.array([r[m] for r in runs])
        record |= {m: float(values.mean()), f"{m}_se": float(values.std(ddof=1) / np.sqrt(len(values)))}
        for solver, control in CONTROLS.items():
            if control != arm:
                record |= _beside(f"{m}_{{}}_{solver}", values, np.array([r[m] for r in found[control]]))
    return record


def _beside(name, a, b):
    """Ratio and difference of the means of paired values, with intervals."""
    gap = a - b
    half = float(bf.StudentT(len(gap) - 1).quantile(0.975)) * gap.std(ddof=1) / np.sqrt(len(gap))
    ends = ("", "_low", "_high")
    return {**{name.format("ratio") + end: value for end, value in zip(ends, fieller(a, b), strict=True)},
            **{name.format("gap") + end: float(gap.mean() + side * half) for end, side in zip(ends, (0, -1, 1), strict=True)}}


def tables(records):
    """Figures of each case; ratios to DDIM, differences from the better solvers, which may be as near to the law as a sample can
    show."""
    out = []
    for case in dict.fromkeys(r["case"] for r in records):
        rows = [r for r in records if r["case"] == case]
        out.append(
            Table(
                case,
                ["", "total", *MEASURES],
                [
                    [r["arm"], f"{r['total']:.1f}", *(f"{r[m]:.4f} ± {r[f'{m}_se']:.4f}" for m in MEASURES)]
                    for r in rows
                ],
            )
        )
    methods = [r for r in records if r["role"] == "method"]
    out.append(
        Table(
            f"Ratio to {CONTROLS['ddim']}",
            ["", *SHOWN],
            [[f"{r['case']}: {r['arm']}", *(_cell(r, f"{m}_ratio_ddim") for m in SHOWN)] for r in methods],
        )
    )
    beside = [(solver, m) for solver in ("dpmpp", "unipc") for m in ("mmd", "energy")]
    out.append(
        Table(
            "Thousand times the difference from better solvers alone",
            ["", *(f"{m}, {CONTROLS[solver]}" for solver, m in beside)],
            [
                [f"{r['case']}: {r['arm']}", *(_cell(r, f"{m}_gap_{solver}", 1000) for solver, m in beside)]
                for r in methods
            ],
        )
    )
    return out


def _cell(r, name, scale=1):
    return "-" if r[name] is None else between(*(scale * r[name + end] for end in ("", "_low", "_high")))


def picture(records, path):
    """Energy distance less that of the better solvers alone."""
    methods = [r for r in records if r["role"] == "method"]
    figure, axes = new_figure(2, (10, 0.24 * len(methods) + 1.2))
    for ax, solver in zip(axes, ("dpmpp", "unipc"), strict=True):
        value, low, high = (np.array([r[f"energy_gap_{solver}{end}"] for r in methods]) for end in ("", "_low", "_high"))
        ax.errorbar(value, range(len(methods)), xerr=[value - low, high - value], fmt="o", markersize=3, capsize=2)
        ax.axvline(0, color="k", lw=0.7)
        ax.set_yticks(range(len(methods)), [f"{r['case']}: {r['arm']}" if ax is axes[0] else "" for r in methods], fontsize=6)
        ax.set_xlabel(f"energy distance less that of {CONTROLS[solver]}", fontsize=8)
    save(figure, path)
