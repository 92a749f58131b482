"""Buffon: what can be said about a function of uncertain inputs, with an honest error bar, from few evaluations.

>>> import buffon as bf
>>> problem = bf.Problem(lambda x: x[:, 0] ** 2, bf.Normal())
>>> bf.plain(problem, budget=100_000, rng=1).n
100000
"""
from buffon import _signatures, estimate, sample, testing  # noqa: F401  the first three complete the compiled classes
from buffon._buffon import (
    Estimate,
    GaussianCopula,
    Gumbel,
    Joint,
    LogNormal,
    Mixture,
    ModelError,
    MultivariateNormal,
    Normal,
    Problem,
    Sample,
    Triangular,
    Truncated,
    Uniform,
    __version__,
    cuda_status,
    exceedance,
)
from buffon.estimators import *  # noqa: F403  one function per registered word
from buffon.estimators import __all__ as _estimators

__all__ = [
    "Estimate", "GaussianCopula", "Gumbel", "Joint", "LogNormal", "Mixture", "ModelError", "MultivariateNormal", "Normal",
    "Problem", "Sample", "Triangular", "Truncated", "Uniform", "__version__", "cuda_status", "exceedance", "testing",
    *_estimators,
]
