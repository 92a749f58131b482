"""Sobol' indices of six functions on which nothing was tuned: Buffon's default beside the centred estimator of Saltelli et al.

Bounded, truncated and signed functions of 3 to 10 inputs: smooth, with a kink, oscillating, additive and almost without first
orders. The error is the root mean square over all inputs and runs; evaluations are equal.
Source: Friedman (1991); Genz (1984); the others are written here. Indices are closed forms or by quadrature.
"""
from dataclasses import dataclass

from buffon.experiments._claims import Claim
from buffon.experiments._sobol_known import held_out
from buffon.experiments.sobol_benchmarks import MEAN, ORDERS, SIZES, case_name, compared, picture, tables

FUNCTIONS = ("friedman", "signed product", "truncated", "kink", "absolute", "cosine")
EXPECTED = tuple(   # ratios are of squared errors
    Claim("a third of Saltelli's error", "default", case_name(function, size, order), against="saltelli", at_least=9)
    for function in FUNCTIONS for size in SIZES for order in ORDERS
) + (Claim("intervals cover on average", "default", MEAN, "coverage", at_least=0.92, small=False),)


@dataclass(frozen=True)
class Config:
    """``repetitions`` runs of each function, arm and size up to ``budget``."""

    budget: int = SIZES[-1]
    repetitions: int = 50
    rng: int = 1
    threads: int = 1

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(budget=SIZES[0], repetitions=4)


def run(config, progress=None):
    """Records of all functions; ``progress(n, total)`` counts evaluations."""
    return compared(held_out(), [size for size in SIZES if size <= config.budget], config, progress)


__all__ = ["EXPECTED", "Config", "picture", "run", "tables"]
