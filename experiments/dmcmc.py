"""Denoising MCMC beside the solver alone: six integrators, three budgets, two mixtures, and what the chains cost.

Two mixtures of eight modes with masses k / 36: on a circle in 2 dimensions, rotated in 16. `off_mode`: share of the samples
outside the 99.9 % ellipsoids of all modes; `mmd` and `energy`: squared distances to fresh draws; `frechet`: to the mixture's
moments; `mass`: total variation of the shares of the modes. A solver alone has `evaluations` of them; Denoising MCMC has as many
per sample in chain and solver together, and `total` with the chain's start and burn-in shared out. `..._ratio` is to the solver
alone at as many evaluations, `..._ratio_total` to the solver alone at as many in total, both with Fieller's 95 % interval over
the seeds. A sample's error has two parts: its own, which the chain makes smaller, and that of the masses of modes, for which 400
chains are 400 draws at best.

The control is the same chain started and kept in one mode's neighbourhood: its energy shows what chains that do not mix are
worth.
"""
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np

import buffon as bf
from buffon import diffusion as bd
from buffon.experiments._claims import Claim
from buffon.experiments._processes import mapped
from buffon.experiments._report import Table, between, new_figure, save, short
from buffon.experiments.time_shift import Law, fieller
from buffon.experiments.time_shift import mixture as scaled_gmm16

MEASURES = ("off_mode", "mmd", "energy", "frechet", "mass")
SHOWN = MEASURES[:4]
INTEGRATORS = ("heun", "heun with churn", "reverse_diffusion", "euler_maruyama", "probability_flow", "rk45")
BUDGETS = {10: 3, 20: 5, 50: 10}   # evaluations per sample: those of the chain among them
CODE = dict(sigma_rule="argmax", emit="min", step_scale="constant", step=0.5)   # the rules of the released code
NOISE = 0.5   # of the starts
FURTHER = 4    # times the highest noise level: a start there knows less of the mixture's mean and spread
CHAINS = "many chains + ddim"
LAWS = {"exact": {}, "plug-in": {"sigma": "plug-in"}, "plug-in, one probe": {"sigma": "plug-in", "probes": 1}, "classifier": {}}
OF_LAWS = {
    "exact": (10, 13),
    "plug-in": (13, 17),
    "plug-in, one probe": (16, 21),
    "classifier": (10, 13),
}  # evaluations, in total

EXPECTED = (
    Claim("fewer samples between modes: DDIM", "dmcmc + ddim", "gmm16", "off_mode_ratio", at_most=0.4, small=False),
    Claim("fewer samples between modes: Heun", "dmcmc + heun", "gmm16", "off_mode_ratio", at_most=0.4, small=False),
    Claim("and nearer to the law in 2 dimensions", "dmcmc + heun", "gmm2d", "mmd_ratio", at_most=0.45, small=False),
    Claim("in its moments, too", "dmcmc + heun", "gmm2d", "frechet_ratio", at_most=0.65, small=False),
    Claim("many short chains win at equal total cost, too", CHAINS, "gmm16", "mmd_gap_total", at_most=0, sure=True, small=False),
    Claim("in the energy distance", CHAINS, "gmm16", "energy_gap_total", at_most=0, sure=True, small=False),
    Claim("chains that stay in one mode are no sample", "one mode + ddim", "gmm16", "energy_ratio", at_least=10),
)


@dataclass(frozen=True)
class Config:
    """``n`` samples of each of ``seeds`` runs; ``race``: whether the six integrators run; ``levels`` of sigma."""

    n: int = 8000
    seeds: int = 8
    race: bool = True
    levels: int = 60
    rng: int = 1001
    threads: int = 0
    processes: int = 1

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(n=800, seeds=3, race=False, levels=40)


@dataclass(frozen=True)
class Case:
    """A mixture, its highest noise level, and the kernel's bandwidth."""

    model: object
    sigma_max: float
    bandwidth: float

    def grid(self, **options):
        return {"grid": "rho", "to_zero": True, **options}

    def schedule(self):
        return bd.EDM(0.01, self.sigma_max)

    @cached_property
    def moments(self):
        """Mean and covariance of the mixture."""
        mean = self.model.weights @ self.model.means
        parts = zip(self.model.weights, self.model.means - mean, self.model.covariances, strict=True)
        return mean, sum(w * (c + np.outer(m, m)) for w, m, c in parts)


def gmm2d():
    """Eight modes on a circle of radius 4, elongated outwards."""
    angle = 2 * np.pi * np.arange(8) / 8
    turns = np.array([[[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]] for a in angle])
    covariances = turns @ np.diag([0.3**2, 0.1**2]) @ turns.transpose(0, 2, 1)
    return bd.GaussianMixture(np.arange(1, 9) / 36, 4 * np.stack([np.cos(angle), np.sin(angle)], 1), covariances)


def gmm16():
    """Eight rotated modes in 16 dimensions."""
    quarter = scaled_gmm16()
    return bd.GaussianMixture(quarter.weights, 4 * quarter.means, 16 * np.array(quarter.covariances))


CASES = {"gmm16": lambda: Case(gmm16(), 20.0, 4.0), "gmm2d": lambda: Case(gmm2d(), 10.0, 1.0)}


def run(config, progress=None):
    """One record per case and arm."""
    parts = [("gmm16", _pairs), ("gmm2d", _pairs), ("gmm16", _laws), *((name, _race) for name in INTEGRATORS if config.race)]
    jobs, records = [(function, config, name) for name, function in parts], []
    for i, part in enumerate(mapped(_part, jobs, config.processes)):
        records += part
        if progress:
            progress(i + 1, len(jobs))
    return records


def tables(records):
    """What `buffon run` prints: figures and ratios of each case, and a table of the race."""
    race = [r for r in records if r["case"].rpartition(", ")[0] in INTEGRATORS]
    out = []
    for case in dict.fromkeys(r["case"] for r in records if r not in race):
        out += of_case(case, [r for r in records if r["case"] == case])
    for end, words in (("ratio", "as many evaluations"), ("ratio_total", "as many in total")):
        rows = [
            [r["case"], f"{r['evaluations']:.1f}", f"{r['total']:.1f}", short(r["off_mode"]), *_ratios(r, end)]
            for r in race
            if r["arm"] == "dmcmc"
        ]
        if rows:
            out.append(
                Table(
                    f"Six integrators: ratio to the solver alone at {words}",
                    ["", "evaluations", "total", "off_mode", *(f"{m}, ratio" for m in SHOWN)],
                    rows,
                )
            )
    return out


def of_case(case, rows):
    """Figures of a case's arms, and their ratios."""
    out = [
        Table(
            case,
            ["", "evaluations", "total", *MEASURES],
            [
                [
                    r["arm"],
                    f"{r['evaluations']:.1f}",
                    f"{r['total']:.1f}",
                    *(f"{r[m]:.4f} ± {r[f'{m}_se']:.4f}" for m in MEASURES),
                ]
                for r in rows
            ],
        )
    ]
    for end, words in (("ratio", "as many evaluations"), ("ratio_total", "as many in total")):
        out.append(
            Table(
                f"{case}: ratio to the solver alone at {words}",
                ["", *SHOWN],
                [[r["arm"], *_ratios(r, end)] for r in rows if f"mmd_{end}" in r],
            )
        )
    return out


def picture(records, path):
    """Ratios of the race at equal total, or of the pairs."""
    race = [r for r in records if r["role"] == "method" and r.get("mmd_ratio_total") is not None]
    figure, axes = new_figure(2, (10, 0.24 * len(race) + 1.2))
    for ax, measure in zip(axes, ("off_mode", "mmd"), strict=True):
        shown = [
            (i, *(r[f"{measure}_ratio_total{end}"] for end in ("", "_low", "_high")))
            for i, r in enumerate(race)
            if r.get(f"{measure}_ratio_total") is not None
        ]
        i, value, low, high = np.array(shown).T if shown else np.zeros((4, 0))
        ax.errorbar(value, i, xerr=[np.maximum(value - low, 0), np.maximum(high - value, 0)], fmt="o", markersize=3, capsize=2)
        ax.axvline(1, color="k", lw=0.7)
        ax.set_yticks(range(len(race)), [f"{r['case']}: {r['arm']}" if ax is axes[0] else "" for r in race], fontsize=6)
        ax.set_xlabel(f"{measure}: ratio at equal total evaluations", fontsize=8)
    save(figure, path)


@cache
def _case(name):
    return CASES[name]()


def _measured(config, case, seed, x):
    """The five figures of one sample. Two blocks of rows, of all chains alike, meet fresh draws."""
    order = np.random.default_rng([config.rng, seed]).permutation(len(x))
    size = min(2500, len(x) // 2)
    blocks = [
        (x[order[b * size : (b + 1) * size]], case.model.forward(size, 0.0, rng=config.rng + 10_000 + 2 * seed + b))
        for b in range(2)
    ]
    law = Law(blocks[0][1], *case.moments, 0.0)
    options = {"threads": config.threads}
    return {
        "off_mode": float(bd.off_mode(x, case.model, **options).value[0]),
        "mmd": float(np.mean([bd.mmd(a, b, bandwidth=case.bandwidth, **options).value[0] for a, b in blocks])),
        "energy": float(np.mean([bd.energy(a, b, **options).value[0] for a, b in blocks])),
        "frechet": float(law.frechet(x)),
        "mass": float(bd.mode_masses(x, case.model, hard=True, **options)["total_variation"]),
    }


def alone(config, case, table):
    """A solver alone, over the seeds: figures, evaluations per sample."""
    found = []
    for seed in range(config.seeds):
        draws = bd.sample(case.model, table, n=config.n, rng=config.rng + seed, threads=config.threads)
        found.append(
            {
                **_measured(config, case, seed, draws.x),
                "evaluations": draws.evaluations / config.n,
                "total": draws.evaluations / config.n,
            }
        )
    return found


def chained(config, case, table, model=None, **options):
    """Denoising MCMC, over the seeds. A twentieth of the samples are chains unless told."""
    found = []
    for seed in range(config.seeds):
        draws = bd.langevin_gibbs(model or case.model, table, n=config.n, rng=config.rng + seed, threads=config.threads,
                                  **{"chains": config.n // 20, "levels": config.levels, "start_noise": NOISE, **options})
        start = draws.parts["start"] / config.n
        found.append(
            {
                **_measured(config, case, seed, draws.x),
                "evaluations": draws.evaluations / config.n - start,
                "total": draws.evaluations / config.n,
            }
        )
    return found


def compared(case, found, against):
    """`against`: method -> (the solver alone at as many evaluations, at as many in total)."""
    return [_record(case, arm, runs, *(found.get(b) for b in against.get(arm, ("", "")))) for arm, runs in found.items()]


def _record(case, arm, runs, plain, plain_total):
    record = {
        "kind": "criterion",
        "case": case,
        "arm": arm,
        "role": "control" if plain is None or arm.startswith("one mode") else "method",
    }
    record |= {key: float(np.mean([r[key] for r in runs])) for key in ("evaluations", "total")}
    for m in MEASURES:
        values = np.array([r[m] for r in runs])
        record |= {m: float(values.mean()), f"{m}_se": float(values.std(ddof=1) / np.sqrt(len(values)))}
        for end, other in (("ratio", plain), ("ratio_total", plain_total)):
            if other is not None:
                ratio = fieller(values, np.array([r[m] for r in other]))
                record |= dict(zip((f"{m}_{end}", f"{m}_{end}_low", f"{m}_{end}_high"), ratio, strict=True))
        if plain_total is not None:
            gap = values - np.array([r[m] for r in plain_total])
            half = float(bf.StudentT(len(gap) - 1).quantile(0.975)) * gap.std(ddof=1) / np.sqrt(len(gap))
            record |= {
                f"{m}_gap_total": float(gap.mean()),
                f"{m}_gap_total_low": float(gap.mean() - half),
                f"{m}_gap_total_high": float(gap.mean() + half),
            }
    return record


def _part(function, config, name):
    return function(config, name)


def _pairs(config, name):
    case = _case(name)

    def table(solver, steps, sigma_max=case.sigma_max):
        return getattr(bd, solver)(bd.EDM(0.01, sigma_max), steps=steps, grid="rho", to_zero=True)

    found = {f"ddim, {n}": alone(config, case, table("ddim", n)) for n in (10, 13, 17)}
    found |= {f"heun, {2 * n - 1}": alone(config, case, table("heun", n)) for n in (6, 7)}
    found["dpmpp, 13"] = alone(config, case, table("dpmpp", 13))
    found |= {
        f"{solver}, 13, from further": alone(config, case, table(solver, 13, FURTHER * case.sigma_max))
        for solver in ("ddim", "dpmpp")
    }
    chain = dict(skip=3, burn_in=20, **(CODE if name == "gmm16" else {"step": 0.5, "sigma_max": 3.0}))
    found["dmcmc + ddim"] = chained(config, case, table("ddim", 7), **chain)
    found["dmcmc + heun"] = chained(config, case, table("heun", 4), **chain)
    found["corrected + ddim"] = chained(
        config,
        case,
        table("ddim", 7),
        skip=3,
        burn_in=20,
        step=1.0,
        metropolis=True,
        sigma_max=6.0 if name == "gmm16" else 3.0,
    )
    start = bd.heun(bd.EDM(NOISE, FURTHER * case.sigma_max), steps=5, grid="rho")
    many = {"sigma_max": case.sigma_max, **chain, "chains": config.n // 4, "burn_in": 2, "start": start, "start_noise": 0.0}
    found[CHAINS] = chained(config, case, table("ddim", 7), **many)
    found["one mode + ddim"] = _one_mode(config, case, table("ddim", 7), chain)
    ddim, heun = ("ddim, 10", "ddim, 13"), ("heun, 11", "heun, 13")
    return compared(
        name,
        found,
        {
            "dmcmc + ddim": ddim,
            "dmcmc + heun": heun,
            "corrected + ddim": ("ddim, 13", "ddim, 17"),
            CHAINS: ddim,
            "one mode + ddim": ddim,
            "dpmpp, 13": ("ddim, 13", "ddim, 13"),
            **{f"{s}, 13, from further": ("ddim, 13", "ddim, 13") for s in ("ddim", "dpmpp")},
        },
    )


def _one_mode(config, case, table, chain):
    """Chains that begin in the lightest mode, at a level where they stay."""
    model, chains = case.model, config.n // 20
    x = np.random.default_rng(config.rng).multivariate_normal(
        model.means[0], model.covariances[0] + NOISE**2 * np.eye(model.dim), size=chains
    )
    return chained(config, case, table, **{**chain, "sigma_max": NOISE, "chains": chains, "burn_in": 0, "x": x, "level": NOISE})


def _laws(config, name):
    """Four laws of sigma given x, on a denoiser that tells no density."""
    case = _case(name)
    hidden = bd.thresholded(case.model, kind="static", max=1e6)   # the same denoiser, with nothing else known of it
    budgets = sorted({n for pair in OF_LAWS.values() for n in pair})
    found = {f"ddim, {n}": alone(config, case, bd.ddim(case.schedule(), **case.grid(steps=n))) for n in budgets}
    for law, options in LAWS.items():
        if law == "classifier":
            classifier = _classifier(config, case)
            if classifier is None:
                continue
            options = {"sigma": classifier}
        table = bd.ddim(case.schedule(), **case.grid(steps=7))
        found[law] = chained(
            config, case, table, case.model if law == "exact" else hidden, skip=3, burn_in=20, step=0.25, **options
        )
    return compared(f"{name}, sigma given x", found, {law: tuple(f"ddim, {n}" for n in pair) for law, pair in OF_LAWS.items()})


def _classifier(config, case):
    """Trained on samples; None without torch."""
    try:
        import torch  # noqa: F401
    except ImportError:
        return None
    data = case.model.forward(20_000, 0.0, rng=config.rng)
    return bd.noise_classifier(
        data,
        sigma_min=0.01,
        sigma_max=case.sigma_max,
        levels=config.levels,
        steps=4000 if config.race else 200,
        rng=config.rng,
    )


def _race(config, integrator):
    """Half of the samples, and of the chains."""
    name = "gmm16"
    case, half = _case(name), replace(config, n=config.n // 2)
    out = []
    for budget, skip in BUDGETS.items():
        plain, more, less = (
            _of_cost(config, case, integrator, evaluations) for evaluations in (budget, budget + 3, budget - skip)
        )
        found = {"alone": alone(half, case, plain), "alone, equal total": alone(half, case, more),
                 "dmcmc": chained(half, case, less, skip=skip, burn_in=20, **CODE)}
        out += compared(f"{integrator}, {budget}", found, {"dmcmc": ("alone", "alone, equal total")})
    return out


def _of_cost(config, case, integrator, evaluations):
    """The integrator with at most so many evaluations."""
    schedule = case.schedule()
    if integrator == "rk45":
        return _rk45(config, case, evaluations)
    if integrator == "euler_maruyama":   # its own time runs along log sigma
        return bd.euler_maruyama(bd.VE(0.01, case.sigma_max), steps=evaluations)
    solver = bd.heun if integrator.startswith("heun") else getattr(bd, integrator)
    churn = dict(s_churn=80.0, s_tmin=0.05, s_tmax=1.0, s_noise=1.007) if integrator.endswith("churn") else {}
    grid = case.grid(steps=(evaluations + 1) // 2) if solver is bd.heun else case.grid(steps=evaluations, grid="logsnr")
    return solver(schedule, **grid, **churn)


def _rk45(config, case, evaluations):
    """The smallest tolerance, to a tenth, that takes no more on average."""
    low, high = -5.0, 1.0
    while high - low > 0.05:
        middle = (low + high) / 2
        table = bd.rk45(case.schedule(), rtol=10**middle, atol=10**middle)
        spent = bd.sample(case.model, table, n=400, rng=config.rng, threads=config.threads).evaluations / 400
        low, high = (low, middle) if spent <= evaluations else (middle, high)
    return bd.rk45(case.schedule(), rtol=10**high, atol=10**high)


def _ratios(r, end):
    """A dash where the solver alone is not sure to differ from the truth."""
    return [
        "-" if r.get(f"{m}_{end}") is None else between(r[f"{m}_{end}"], r[f"{m}_{end}_low"], r[f"{m}_{end}_high"])
        for m in SHOWN
    ]
