"""Do intervals keep their word where `target_error=` decides when a run ends? Every estimator, on answers that are known.

A cell is one value of one problem under one target: the share of runs whose 95 % interval covers, the share whose value is
within the target, the share that stopped by reaching it, and mean evaluations. The budget is far above what a target asks for.

The control that is expected to lose is what a user writes without the option: draw a hundred points more until 1.96 standard
errors are below the target. It stops where an error came out small by chance; events that were not hit yet have an error of 0.
Source: Stein, "A two-sample test for a linear hypothesis whose power is independent of the variance", Ann. Math. Stat. 16 (1945);
Anscombe, "Large-sample theory of sequential estimation", Proc. Camb. Phil. Soc. 48 (1952).
"""
import zlib
from dataclasses import dataclass

import numpy as np

import buffon as bf
from buffon.experiments import coverage
from buffon.experiments._calibration import cells, interval, mean_record, record, share
from buffon.experiments._claims import Claim
from buffon.experiments._processes import mapped
from buffon.experiments._report import Table
from buffon.experiments._sobol_known import functions

MEAN = coverage.MEAN
CONTROL = "naive"
METHODS = (
    "plain",
    "quasi",
    "importance",
    "control",
    "aiscv",
    "amis",
    "cross_entropy",
    "form",
    "subset",
    "line_sampling",
    "sobol",
    "shapley",
)

EXPECTED = (
    *(
        Claim(
            f"{arm}: coverage of a cell without warnings", arm, measure="unwarned_coverage", at_least=0.92, small=False
        )
        for arm in METHODS
    ),
    *(
        Claim(f"{arm}: mean coverage of these", arm, MEAN, "coverage", at_least=0.93, at_most=0.985, small=False)
        for arm in METHODS
    ),
    *(Claim(f"{arm}: the value is within the target", arm, measure="within", at_least=0.93) for arm in METHODS),
    Claim("naive rule: misses events", CONTROL, "event of 1e-2, 10 %", "coverage", at_most=0.8, sure=True, small=False),
)


@dataclass(frozen=True)
class Config:
    """``budget`` evaluations a run at most; ``estimators``: names of arms with commas, or all; cells on so many ``processes``."""

    budget: int = 4_000_000
    repetitions: int = 500
    estimators: str = "all"
    rng: int = 1
    threads: int = 1
    processes: int = 1

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(budget=1_000_000, repetitions=3)


@dataclass(frozen=True)
class Stop:
    """A problem under a target: ``relative`` to the value, or absolute."""

    problem: bf.Problem
    exact: np.ndarray
    target: float
    relative: bool = False
    options: dict | None = None

    @property
    def asked(self):
        """What ``target_error`` is given."""
        return {"relative": self.target} if self.relative else self.target

    @property
    def width(self):
        """The target of each value, as an absolute one."""
        return self.target * np.abs(self.exact) if self.relative else np.full(len(self.exact), self.target)


def stops(arm):
    """Case -> Stop of this arm."""
    return {
        "importance": _shifted,
        "control": _controlled,
        "sobol": _indices,
        "shapley": _dependent,
        "line_sampling": _lines,
        "subset": _wide,
    }.get(arm, _normal if arm in (CONTROL, "plain", "quasi") else _adaptive if arm in ("aiscv", "amis") else _regions)()


def run(config, progress=None):
    """A record for each cell and for the mean of each arm's cells; ``progress(n, total)`` counts runs."""
    arms = [*METHODS, CONTROL] if config.estimators == "all" else [word.strip() for word in config.estimators.split(",")]
    studies = [(arm, case) for arm in arms for case in stops(arm)]
    found = {arm: [] for arm in arms}
    for i, ((arm, _), rows) in enumerate(
        zip(studies, mapped(_study, [(*study, config) for study in studies], config.processes), strict=True)
    ):
        found[arm].append(rows)
        if progress:
            progress((i + 1) * config.repetitions, len(studies) * config.repetitions)
    return [
        {"kind": "coverage", **row, "budget": config.budget, "repetitions": config.repetitions}
        for arm in arms
        for row in _records(arm, found[arm])
    ]


def tables(records):
    """What `buffon run` prints: the means, then every cell."""
    return [coverage.mean_table(records), *(cell_table(records, arm) for arm in dict.fromkeys(r["arm"] for r in records))]


def cell_table(records, arm):
    """A row per value."""
    rows = [
        [
            r["case"],
            f"{r['coverage']:.1%} ({r['coverage_low']:.1%} ... {r['coverage_high']:.1%})",
            f"{r['within']:.1%}",
            f"{r['reached']:.1%}",
            f"{r['evaluations']:,.0f}",
            f"{r['warned']:.1%}",
        ]
        for r in records
        if r["arm"] == arm and r["case"] != MEAN
    ]
    return Table(arm, ["", "coverage (95 %)", "within the target", "target reached", "evaluations", "runs warned"], rows)


def picture(records, path):
    """Coverage of every cell with its interval, hollow where runs warn."""
    coverage.picture(records, path)


def _of(model, exact, target, relative=False):
    return Stop(bf.Problem(model, bf.Normal()), np.array(exact, float), target, relative)


def _known(known, target):
    """Relative, but for Ishigami's mean, which is of order one."""
    return Stop(known.problem, known.exact, target, known.name != "ishigami")


def _normal():
    return {
        "normal mean, 0.05": _of(lambda x: x[:, 0], [0], 0.05),
        "exp of a normal, 5 %": _of(lambda x: np.exp(x[:, 0]), [np.exp(0.5)], 0.05, True),
        "square of a normal, 10 %": _of(lambda x: x[:, 0] ** 2, [1], 0.1, True),
        "event of 1e-2, 10 %": _of(lambda x: x[:, 0] > _beta(0.01), [0.01], 0.1, True),
        "Ishigami, 0.1": _known(bf.testing.ishigami(), 0.1),
    }


def _half_spaces(target, text):
    return {
        f"half-space of {p:.0e} in 10, {text}": _known(bf.testing.linear_exceedance(10, [_beta(p)]), target)
        for p in (1e-4, 1e-6)
    }


def _adaptive():
    curved = _of(lambda x: np.exp(x[:, 0]), [np.exp(0.5)], 0.01, True)
    return {
        **_half_spaces(0.02, "2 %"),
        "exp of a normal, 1 %": curved,
        "four branches, 2 %": _known(bf.testing.four_branch([-1]), 0.02),
    }


def _regions():
    return {**_half_spaces(0.02, "2 %"), "parabola, 2 %": _known(bf.testing.parabolic(), 0.02)}


def _wide():
    return _half_spaces(0.2, "20 %")


def _lines():
    return {"parabola, 5 %": _known(bf.testing.parabolic(), 0.05), "oscillator, 10 %": _known(bf.testing.oscillator(), 0.1)}


def _shifted():
    known, law = bf.testing.linear_exceedance(2, [_beta(0.01)]), bf.MultivariateNormal(np.full(2, 1.6), np.eye(2))
    return {
        f"half-space of 1e-2 in 2, {text}": Stop(known.problem, known.exact, target, True, {"proposal": law})
        for text, target in (("5 %", 0.05), ("1 %", 0.01))
    }


def _controlled():
    problem, options = bf.Problem(lambda x: np.exp(x[:, 0]), bf.Normal()), {"controls": lambda x: x, "means": [0.0]}
    return {
        f"exp of a normal with its input, {text}": Stop(problem, np.array([np.exp(0.5)]), target, True, options)
        for text, target in (("2 %", 0.02), ("0.5 %", 0.005))
    }


def _indices():
    known = functions()
    cases = (
        ("ishigami", 0.05, {"surrogate": False}),
        ("g6", 0.03, {"surrogate": False}),
        ("lin10", 0.05, {"method": "saltelli"}),
        ("ishigami", 1e-3, {}),
        ("indic5", 0.03, {}),
    )
    return {
        f"{name}, {' '.join(f'{key}={value}' for key, value in options.items()) or 'default'}, {target}": Stop(
            known[name].problem, np.concatenate([known[name].first, known[name].total]), target, False, options
        )
        for name, target, options in cases
    }


def _dependent():
    """f = x1 + x2 + x3 of standard normals, x1 and x2 with correlation 0.6: Owen and Prieur, SIAM/ASA JUQ 5 (2017), section 4."""
    inputs = bf.Joint(
        {"x1": bf.Normal(), "x2": bf.Normal(), "x3": bf.Normal()},
        copula=bf.GaussianCopula([[1, 0.6, 0], [0.6, 1, 0], [0, 0, 1]]),
    )
    problem, exact = bf.Problem(lambda x: x.sum(axis=1), inputs), np.array([1.6, 1.6, 1.0]) / 4.2
    return {f"three normal inputs, correlation 0.6, {target}": Stop(problem, exact, target) for target in (0.05, 0.02)}


def _beta(p):
    return -float(bf.Normal().quantile(np.array([p]))[0])


def _study(arm, case, config):
    """The cells, and what is told of each beside coverage."""
    stop = stops(arm)[case]
    runs, reached = [], []
    for r in range(config.repetitions):
        key = np.random.SeedSequence([config.rng, zlib.crc32(f"{arm} {case}".encode()), r])
        e = _naive(stop, key, config) if arm == CONTROL else _estimate(arm, stop, key, config)
        reached.append(e.diagnostics["stop"] == "target" if arm != CONTROL else e.n < config.budget)
        runs.append((e, e.value - 1.96 * e.std_error, e.value + 1.96 * e.std_error) if arm == CONTROL else interval(e))
    within = np.abs(np.array([e.value for e, _, _ in runs]) - stop.exact) <= stop.width
    n = float(np.mean([e.n for e, _, _ in runs]))
    found = cells(case, stop.exact, runs[0][0].names, runs)
    return found, [
        {**share("within", within[:, j]), "reached": float(np.mean(reached)), "evaluations": n}
        for j in range(len(found))
    ]


def _estimate(arm, stop, key, config):
    e = getattr(bf, arm)(
        stop.problem,
        target_error=stop.asked,
        budget=config.budget,
        rng=key,
        threads=config.threads,
        **(stop.options or {}),
    )
    return e.joint if arm == "sobol" else e


def _naive(stop, key, config):
    """A hundred more until 1.96 standard errors are below the target."""
    e = bf.plain(stop.problem, budget=100, rng=key.spawn(1)[0], threads=1)
    while e.n < config.budget and (1.96 * e.std_error > (stop.target * np.abs(e.value) if stop.relative else stop.target)).any():
        e = e.merge(bf.plain(stop.problem, budget=100, rng=key.spawn(1)[0], threads=1))
    return e


def _records(arm, found):
    head = {"arm": arm, "role": "control" if arm == CONTROL else "method"}
    for several, told in found:
        for cell, more in zip(several, told, strict=True):
            yield {"case": cell.problem if len(several) == 1 else f"{cell.problem}: {cell.name}", **head, **record(cell), **more}
    yield {"case": MEAN, **head, **mean_record([cell for several, _ in found for cell in several])}
