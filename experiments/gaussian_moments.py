"""Ten moments E[x^2], E[x^4] ... E[x^20] of a standard normal x, from one sample.

The twentieth lives around x = ±4.5, where one draw in 150,000 falls: no single importance density serves all ten. `joint`
mixes one for each (bf.aiscv). The controls spend as many evaluations in all on each moment separately (a tenth each, by the
same method and by the published one), on scrambled Sobol' points (bf.quasi) and on plain Monte Carlo (bf.plain). Errors are
relative: the criterion sums the ten squared ones. That of plain Monte Carlo is known exactly; runs of it seldom show it,
since its error hides in draws that never come.
Source: Demange-Chryst, Bachoc, Morio, arXiv:2212.00568, section on Gaussian moments; here with other arms.
"""
from dataclasses import dataclass
from math import factorial

import buffon as bf
from buffon.experiments._claims import Claim
from buffon.experiments._comparison import Arm, Case, compare, separately
from buffon.experiments._report import error_picture, error_table, value_table

PUBLISHED = "separately, published"
EXPECTED = (
    Claim("joint: criterion", "joint", at_most=4e-5, small=False),
    Claim("joint: largest / median criterion of a run", "joint", measure="max_over_median", at_most=100, small=False),
    Claim("joint beats each separately 20 times", "joint", against="separately", at_least=20, sure=True, small=False),
    Claim("joint beats each separately", "joint", against="separately", at_least=1, sure=True),
    Claim("joint beats each separately, published, 150 times", "joint", against=PUBLISHED, at_least=150, small=False),
    Claim("joint beats each separately, published", "joint", against=PUBLISHED, at_least=1, sure=True),
    Claim("joint beats quasi", "joint", against="quasi", at_least=1, sure=True),
    Claim("joint beats plain 100,000 times", "joint", against="plain", at_least=1e5, sure=True, small=False),
    Claim("joint beats plain", "joint", against="plain", at_least=1, sure=True),
    Claim("joint: coverage", "joint", measure="coverage", at_least=0.92, at_most=0.98, small=False),
)

ARMS = ["joint", "separately", "quasi", "plain"]   # in tables of values and the picture


@dataclass(frozen=True)
class Config:
    """``budget`` evaluations a run and arm; ``threads`` 1 so that CPU times are those of one core."""

    budget: int = 20_000
    repetitions: int = 200
    rng: int = 1
    threads: int = 1

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(budget=8_000, repetitions=10)


def run(config, progress=None):
    """Records of the ten moments; ``progress(n, total)`` counts evaluations."""
    known = bf.testing.gaussian_moments()
    problem, options = known.problem, {"budget": config.budget, "threads": config.threads}
    shares, one_core = [config.budget // 10] * 10, {"threads": config.threads}
    arms = [
        Arm("joint", lambda rng: bf.aiscv(problem, rng=rng, **options), control=False),
        Arm("separately", lambda rng: separately(problem, shares, rng, **one_core)),
        Arm("quasi", lambda rng: bf.quasi(problem, rng=rng, **options)),
        Arm("plain", lambda rng: bf.plain(problem, rng=rng, **options)),
        Arm(PUBLISHED, lambda rng: separately(problem, shares, rng, variant="published", **one_core)),
    ]
    case = Case("moments", problem.outputs, known.exact, known.exact ** -2, known={"plain": plain_criterion(config.budget)})
    return compare(arms, [case], config, progress)


def plain_criterion(n):
    """Exact criterion of n plain draws: (1/n) sum_j (E[x^4j] / E[x^2j]^2 - 1)."""
    def moment(k):   # E[x^2k] = (2k - 1)!!
        return factorial(2 * k) // (2**k * factorial(k))

    return sum(moment(2 * j) / moment(j) ** 2 - 1 for j in range(1, 11)) / n


def tables(records):
    """What `buffon run` prints."""
    note = "criterion: mean over the runs of the summed squared relative errors; intervals of ratios and coverage over all runs"
    return [value_table(records, "moments", ARMS, "Ten moments, first run of each arm (± one standard error)"),
            error_table(records, "moments", "Errors over all runs", note)]


def picture(records, path):
    """Relative errors of the moments by arm."""
    error_picture(records, [("moments", "moments of a standard normal variable", True)], ARMS, path)
