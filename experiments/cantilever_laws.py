"""The mean tip displacement of a beam under a hundred input laws: what does not knowing the law do to the answer?

The laws form a Latin hypercube over six means and three correlations. `joint` answers for all of them from one adaptive
sample (bf.aiscv with laws=); `published` is the algorithm of the paper to the letter. The controls spend as many evaluations:
on each law separately (a hundredth each, by the same method, or by plain Monte Carlo), or on one sample of the equal mixture
of all laws, weighted for each of them, from scrambled Sobol' points (bf.quasi) or independent ones (`plain`).
The criterion is the sum of the squared errors over all laws; references are quadratures to 1e-11.
Source: Demange-Chryst, Bachoc, Morio, arXiv:2212.00568, section on the cantilever beam; here with other arms and laws.
"""
from dataclasses import dataclass

import numpy as np

import buffon as bf
from buffon.experiments._claims import Claim
from buffon.experiments._comparison import Arm, Case, compare, stack
from buffon.experiments._report import error_table, law_picture, value_table

EACH = "plain, each law"
EXPECTED = (
    Claim("joint: criterion", "joint", at_most=1.3e-6, small=False),
    Claim("joint beats published", "joint", against="published", at_least=1, sure=True),
    Claim("joint beats each separately", "joint", against="separately", at_least=1, sure=True),
    Claim("joint beats quasi of the mixture", "joint", against="quasi", at_least=1, sure=True),
    Claim("joint beats plain of the mixture", "joint", against="plain", at_least=1, sure=True),
    Claim("joint beats plain of the mixture 40 times", "joint", against="plain", at_least=40, sure=True, small=False),
    Claim("joint beats plain of each law", "joint", against=EACH, at_least=1, sure=True),
    Claim("published: criterion", "published", at_least=3.6e-6, at_most=6.3e-6, small=False),
    Claim("joint: coverage", "joint", measure="coverage", at_least=0.92, at_most=0.98, small=False),
)


@dataclass(frozen=True)
class Config:
    """``budget`` points a run and arm, shared by all laws; ``threads`` 1 so that CPU times are those of one core."""

    budget: int = 20_000
    repetitions: int = 40
    laws: int = 100
    rng: int = 1
    threads: int = 1

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(budget=5_000, repetitions=5, laws=50)


def run(config, progress=None):
    """Records of the mean displacement under every law; ``progress(n, total)`` counts points."""
    known = bf.testing.cantilever_laws(config.laws)
    problem, laws, one_core = known.problem, known.laws, {"threads": config.threads}
    all_laws, options = mixture(problem, laws), {"budget": config.budget, **one_core}
    joint = {"laws": laws, "weights": [1.0] * len(laws), **options}
    arms = [
        Arm("joint", lambda rng: bf.aiscv(problem, rng=rng, **joint), control=False),
        Arm("separately", lambda rng: each_law(bf.aiscv, problem, laws, rng, **options)),
        Arm("quasi", lambda rng: bf.quasi(all_laws, rng=rng, **options)),
        Arm("plain", lambda rng: bf.plain(all_laws, rng=rng, **options)),
        Arm(EACH, lambda rng: each_law(bf.plain, problem, laws, rng, **options)),
        Arm("published", lambda rng: bf.aiscv(problem, rng=rng, variant="published", **joint)),
    ]
    case = Case("laws", _names(laws), known.exact, np.ones(len(laws)), exact_error=known.exact_error)
    return compare(arms, [case], config, progress)


def each_law(estimate, problem, laws, rng, budget, **options):
    """The budget in equal parts, a run of its own for every law."""
    keys = rng.spawn(len(laws))
    return stack([estimate(bf.Problem(problem, law, outputs=[name]), budget=budget // len(laws), rng=key, **options)
                  for law, name, key in zip(laws, _names(laws), keys, strict=True)])


def mixture(problem, laws):
    """Points of the equal mixture of all laws, weighted for each: one more input chooses the law, the others are its normals."""
    def model(u):
        chosen = np.minimum((u[:, 0] * len(laws)).astype(int), len(laws) - 1)
        x = np.empty((len(u), problem.dim))
        for j in np.unique(chosen):
            x[chosen == j] = laws[j].from_normal(u[chosen == j, 1:])
        log_density = np.column_stack([law.log_density(x) for law in laws])
        relative = np.exp(log_density - log_density.max(axis=1, keepdims=True))
        return problem(x) * relative / relative.mean(axis=1, keepdims=True)

    inputs = bf.Joint({"law": bf.Uniform(), **{f"u{i + 1}": bf.Normal() for i in range(problem.dim)}})
    return bf.Problem(model, inputs, outputs=_names(laws))


def tables(records):
    """What `buffon run` prints."""
    arms = ["joint", "quasi", "plain", EACH]
    title = "Mean displacement in m, first run of each arm (± one standard error), some of the laws"
    note = "criterion: mean over the runs of the summed squared errors; intervals of ratios and coverage over all runs"
    return [value_table(records, "laws", arms, title, _some(records)),
            error_table(records, "laws", "Errors of the means under all laws, over all runs", note)]


def picture(records, path):
    """The impact of the law: means sorted, with their intervals, and what is wrong with them."""
    law_picture(records, "laws", ["joint", "quasi", EACH], "mean displacement in m", path)


def _some(records):
    """Seven laws from the smallest mean to the largest."""
    ordered = sorted((r for r in records if r["kind"] == "value" and r["arm"] == "joint"), key=lambda r: r["reference"])
    return list(dict.fromkeys(ordered[round(i)]["name"] for i in np.linspace(0, len(ordered) - 1, 7)))


def _names(laws):
    return [f"law {j + 1}" for j in range(len(laws))]
