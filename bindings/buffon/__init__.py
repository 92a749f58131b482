"""Buffon: what can be said about a function of uncertain inputs, with an honest error bar, from few evaluations.

>>> import buffon as bf
>>> problem = bf.Problem(lambda x: x[:, 0] ** 2, bf.Normal())
>>> bf.plain(problem, budget=100_000, rng=1).n
100000
"""
from buffon import _signatures, estimate, sample, testing  # noqa: F401  the first three complete the compiled classes
from buffon._buffon import (
    Beta,
    Constant,
    Discrete,
    Estimate,
    Exponential,
    Gamma,
    GaussianCopula,
    Gumbel,
    Histogram,
    Joint,
    Logistic,
    LogNormal,
    Mixture,
    ModelError,
    MultivariateNormal,
    MultivariateT,
    Normal,
    Problem,
    Sample,
    SobolSequence,
    Stream,
    StudentCopula,
    StudentT,
    Triangular,
    Truncated,
    Uniform,
    Weibull,
    __version__,
    cuda_status,
    exceedance,
)
from buffon._record import History
from buffon.estimators import *  # noqa: F403  one function per registered word
from buffon.estimators import __all__ as _estimators

__all__ = [
    "Beta", "Constant", "Discrete", "Estimate", "Exponential", "Gamma", "GaussianCopula", "Gumbel", "Histogram", "History",
    "Joint", "LogNormal",
    "Logistic", "Mixture", "ModelError", "MultivariateNormal", "MultivariateT", "Normal", "Problem", "Sample",
    "SobolSequence", "Stream", "StudentCopula", "StudentT", "Triangular", "Truncated", "Uniform", "Weibull", "__version__",
    "cuda_status", "exceedance", "testing",
    *_estimators,
]
