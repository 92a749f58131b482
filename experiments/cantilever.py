"""A cantilever beam with six uncertain inputs: two forces, the stiffness of its steel, width, height and length.

How far does its tip move, and which input is to blame? First-order Sobol' indices follow from eight expectations over two
copies of the inputs (12 in all): E[Y Y_i], where Y_i shares input i with Y, then E[Y] and E[Y^2]. `joint` estimates all eight
from one adaptive sample (bf.aiscv); the controls spend as many points on each expectation separately (an eighth each), on
scrambled Sobol' points (bf.quasi) and on plain Monte Carlo (bf.plain). The indices are Estimate.transform of each estimate.
Budgets count points; a point costs seven calls of the beam, but one expectation by itself needs only one or two of them:
"separately, equal calls" has as many calls of the beam as `joint`, that is four times its points or more.
Source: Demange-Chryst, Bachoc, Morio, arXiv:2212.00568, section on the cantilever beam; here with other arms.
"""
from dataclasses import dataclass

import numpy as np

import buffon as bf
from buffon.experiments._claims import Claim
from buffon.experiments._comparison import Arm, Case, compare, separately
from buffon.experiments._report import error_picture, error_table, value_table

EXPECTED = (
    Claim("joint: criterion", "joint", "expectations", at_most=5e-12, small=False),
    Claim("joint beats each separately", "joint", "expectations", against="separately", at_least=1, sure=True),
    Claim("joint beats quasi", "joint", "expectations", against="quasi", at_least=1, sure=True),
    Claim("joint beats plain 1,000 times", "joint", "expectations", against="plain", at_least=1000, sure=True, small=False),
    Claim("joint beats plain", "joint", "expectations", against="plain", at_least=1, sure=True),
    Claim("joint: coverage", "joint", "expectations", "coverage", at_least=0.92, at_most=0.98, small=False),
    Claim("joint beats each separately", "joint", "indices", against="separately", at_least=1, sure=True),
    Claim("joint beats quasi", "joint", "indices", against="quasi", at_least=1, sure=True),
    Claim("joint beats plain", "joint", "indices", against="plain", at_least=1, sure=True),
)

ARMS = ["joint", "separately", "quasi", "plain"]   # in tables of values and the picture


@dataclass(frozen=True)
class Config:
    """``budget`` points a run and arm; ``threads`` 1 so that CPU times are those of one core."""

    budget: int = 20_000
    repetitions: int = 100
    rng: int = 1
    threads: int = 1

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(budget=8_000, repetitions=8)


def run(config, progress=None):
    """Records of the eight expectations and of the six indices; ``progress(n, total)`` counts points."""
    problem = bf.testing.cantilever_sobol().problem
    one_core = {"threads": config.threads}
    options = {"budget": config.budget, **one_core}
    equal_calls = [7 * config.budget // 16] * 6 + [7 * config.budget // 8] * 2   # of two calls a point, and of one
    arms = [
        Arm("joint", lambda rng: bf.aiscv(problem, rng=rng, weights=[1.0] * 8, **options), control=False),
        Arm("separately", lambda rng: separately(problem, [config.budget // 8] * 8, rng, **one_core)),
        Arm("quasi", lambda rng: bf.quasi(problem, rng=rng, **options)),
        Arm("plain", lambda rng: bf.plain(problem, rng=rng, **options)),
        Arm("separately, equal calls", lambda rng: separately(problem, equal_calls, rng, **one_core)),
    ]
    return compare(arms, _cases(), config, progress)


def first_order(estimate):
    """S_i = (E[Y Y_i] - E[Y]^2) / (E[Y^2] - E[Y]^2), with the delta method's covariance."""
    return estimate.transform(lambda m: (m[:6] - m[6] ** 2) / (m[7] - m[6] ** 2), _index_names())


def tables(records):
    """What `buffon run` prints."""
    note = "criterion: mean over the runs of the summed squared errors; intervals of ratios and coverage over all runs"
    return [
        value_table(records, "expectations", ARMS, "Eight expectations, first run of each arm (± one standard error)"),
        error_table(records, "expectations", "Errors of the eight expectations over all runs", note),
        value_table(records, "indices", ARMS, "First-order Sobol' indices, from the same runs"),
        error_table(records, "indices", "Errors of the six indices over all runs"),
    ]


def picture(records, path):
    """Relative errors of expectations and indices by arm."""
    panels = [("expectations", "eight expectations", True), ("indices", "first-order Sobol' indices", False)]
    error_picture(records, panels, ARMS, path)


def _cases():
    expectations, indices = bf.testing.cantilever_sobol(), bf.testing.cantilever()
    return [
        Case("expectations", expectations.problem.outputs, expectations.exact, np.ones(8)),
        Case("indices", _index_names(), indices.first_order, np.ones(6), of=first_order),
    ]


def _index_names():
    return [f"S({name})" for name in bf.testing.cantilever().problem.inputs.names]
