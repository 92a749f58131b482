"""How often a few-step diffusion sampler ends between the modes: `arcs` beside what is used for rare events elsewhere.

A mixture of eight Gaussians in 16 dimensions and its exact denoiser; DDIM with 10 evaluations, whose failures are thin slabs
along the borders between basins, and Heun with 35, whose failures are mostly the tail of the law itself. A failure is a draw
whose squared Mahalanobis distance to every mode exceeds a threshold; thresholds have probabilities 1e-3, 1e-4 and 1e-5. Known
values are those of 3.2e7 independent runs by plain Monte Carlo, the thresholds fixed beforehand (standard errors 0.6 %, 1.7 %,
5.6 %; Heun's 1.3 % and 4 %). W is runs of the sampler times mean squared relative error; plain Monte Carlo has (1 - p) / p.

Controls that are expected to lose on the slabs: `plain`, whose W is exact; `widened`, 20 % input law and 80 % of it with standard
deviation 1.3; `cross_entropy` with one Gaussian and with a mixture; `subset`; `aiscv`; `line_sampling`.
"""
from dataclasses import dataclass, replace

import numpy as np

import buffon as bf
from buffon import diffusion as bd
from buffon.experiments._claims import Claim
from buffon.experiments._comparison import Arm, Case, studied
from buffon.experiments._report import new_figure, save
from buffon.experiments.rare import tables

# threshold, probability, standard error
KNOWN = {
    "DDIM-10, 1e-3": ("ddim", 87.76445, 1.0035e-3, 5.6e-6),
    "DDIM-10, 1e-4": ("ddim", 158.19389, 9.73e-5, 1.7e-6),
    "DDIM-10, 1e-5": ("ddim", 238.44865, 1.009e-5, 5.6e-7),
    "Heun-35, 1e-3": ("heun", 42.0232, 1.00e-3, 1.3e-5),
    "Heun-35, 1e-4": ("heun", 49.9613, 1.00e-4, 4e-6),
}
SLABS = [case for case in KNOWN if case.startswith("DDIM")]
GAINS = {"DDIM-10, 1e-3": 3, "DDIM-10, 1e-4": 20, "DDIM-10, 1e-5": 30, "Heun-35, 1e-3": 3, "Heun-35, 1e-4": 12}
CONTROLS = ("widened", "one Gaussian", "cross_entropy", "subset", "aiscv", "line_sampling")

EXPECTED = (
    Claim("ahead of plain Monte Carlo even with few runs", "arcs", "DDIM-10, 1e-4", against="plain", at_least=1),
    *(
        Claim("fewer runs than plain Monte Carlo", "arcs", case, against="plain", at_least=gain, small=False)
        for case, gain in GAINS.items()
    ),
    *(Claim("intervals cover", "arcs", case, "coverage", at_least=0.93, small=False) for case in KNOWN),
    *(Claim("mean within 8 %", "arcs", case, "bias", at_least=-0.08, at_most=0.08, small=False) for case in KNOWN),
    *(
        Claim("warns on slabs", arm, case, "warned", at_least=1, small=False)
        for arm in ("aiscv", "cross_entropy")
        for case in SLABS
    ),
    *(
        Claim("loses on slabs", "arcs", case, against=control, at_least=1, sure=True, small=False)
        for case in SLABS
        for control in CONTROLS
    ),
)


@dataclass(frozen=True)
class Config:
    """``budget`` runs of the sampler for each estimate; ``cases`` and ``arms``: all, or some, with semicolons, on so many
    ``processes``. Fewer repetitions of the sampler with 35 evaluations, and of arms that are expected to lose."""

    budget: int = 20_000
    repetitions: int = 200
    heun_repetitions: int = 60
    control_repetitions: int = 12
    rng: int = 1
    threads: int = 1
    processes: int = 1
    cases: str = "all"
    arms: str = "all"

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(
            budget=4_000,
            repetitions=2,
            control_repetitions=2,
            cases="DDIM-10, 1e-4",
            arms="arcs;plain;widened;subset;aiscv",
        )


def mixture():
    """Eight Gaussians in 16 dimensions, weights 1 to 8, means of size 8, covariances with axes between 0.1 and 0.5."""
    rng = np.random.default_rng(7)
    means = 2 * rng.standard_normal((8, 16))
    rotations = [np.linalg.qr(rng.standard_normal((16, 16)))[0] for _ in range(8)]
    covariances = [q @ np.diag(np.linspace(0.1, 0.5, 16) ** 2) @ q.T for q in rotations]
    return bd.GaussianMixture(np.arange(1, 9) / 36, means, [(c + c.T) / 2 for c in covariances])


def sampler(name):
    """The problem of one of the two samplers: one output, the distance to the modes."""
    model, schedule = mixture(), bd.EDM(0.01, 20)
    table = (
        bd.ddim(schedule, steps=10, grid="rho", to_zero=True)
        if name == "ddim"
        else bd.heun(schedule, steps=18, grid="rho", to_zero=True)
    )
    return bd.sampler_problem(model, table, score=model.off_mode, labels=model.mode)


def run(config, progress=None):
    """Records of all cases; ``progress(n, total)`` counts runs of the samplers."""
    wanted = [case for case in KNOWN if config.cases == "all" or case in config.cases.split(";")]
    return studied(_study, wanted, config, progress)


def picture(records, path):
    """W of all arms; plain Monte Carlo as a line."""
    figure, (ax,) = new_figure(1, (8, 4))
    criteria = {(r["case"], r["arm"]): r for r in records if r["kind"] == "criterion"}
    cases = list(dict.fromkeys(case for case, _ in criteria))
    for a, arm in enumerate(("arcs", *CONTROLS)):
        at = [(i + 0.1 * (a - 3), criteria[case, arm]["w"]) for i, case in enumerate(cases) if (case, arm) in criteria]
        ax.plot([w for _, w in at], [y for y, _ in at], "osD^v<>"[a], color=f"C{a}", markersize=5, label=arm)
    plain = [criteria[case, "plain"]["w"] if (case, "plain") in criteria else np.nan for case in cases]
    ax.plot(plain, range(len(cases)), "|", color="black", markersize=12, label="plain")
    ax.set_yticks(range(len(cases)), cases)
    ax.invert_yaxis()
    ax.set_xscale("log")
    ax.set_xlabel("W: runs of the sampler x mean squared relative error")
    ax.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, 1.18), ncol=4)
    save(figure, path)


def _study(case, config):
    if case.startswith("Heun"):
        config = replace(config, repetitions=config.heun_repetitions, control_repetitions=max(config.control_repetitions // 2, 2))
    return _arms(case, config), [_case(case, config)], config


def _arms(case, config):
    name, threshold, _, _ = KNOWN[case]
    problem = sampler(name)
    event = bf.exceedance(problem, thresholds=[threshold])
    law, d = bf.MultivariateNormal(np.zeros(16), np.eye(16)), problem.dim
    assert d == 16
    wide = bf.Mixture([0.2, 0.8], [law, bf.MultivariateNormal(np.zeros(16), 1.69 * np.eye(16))])

    def arm(label, estimator, control=True, of=event, **options):
        return Arm(label, lambda rng: estimator(of, rng=rng, budget=config.budget, threads=config.threads, **options), control,
                   config.control_repetitions if control else None)

    arms = [
        arm("arcs", bf.arcs, False, problem, thresholds=[threshold]),
        arm("plain", bf.plain),
        arm("widened", bf.importance, proposal=wide),
        arm("one Gaussian", bf.cross_entropy, components=1),
        arm("cross_entropy", bf.cross_entropy),
        arm("subset", bf.subset),
        arm("aiscv", bf.aiscv),
        arm("line_sampling", bf.line_sampling),
    ]
    return [a for a in arms if config.arms == "all" or a.name in config.arms.split(";")]


def _case(case, config):
    _, threshold, p, error = KNOWN[case]
    return Case(case, [f"P(y > {threshold:g})"], np.array([p]), np.array([p**-2.0]), known={"plain": (1 - p) / p / config.budget},
                exact_error=np.array([error]))


__all__ = ["Config", "EXPECTED", "mixture", "picture", "run", "sampler", "tables"]
