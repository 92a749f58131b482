"""Buffon: what can be said about a function of uncertain inputs, with an honest error bar, from few evaluations.

>>> import buffon as bf
>>> problem = bf.Problem(lambda x: x[:, 0] ** 2, bf.Normal())
>>> bf.plain(problem, budget=100_000, rng=1).n
100000
"""
from buffon import _signatures, estimate, indices, problem, sample, testing  # noqa: F401  all but the last complete the compiled classes
from buffon._buffon import (
    Assignment,
    Beta,
    ClaytonCopula,
    Constant,
    CopulaFit,
    Discrete,
    Estimate,
    Exponential,
    FrankCopula,
    Gamma,
    GaussianCopula,
    Gumbel,
    GumbelCopula,
    Histogram,
    Indices,
    Joint,
    JointFit,
    KernelDensity,
    LawFit,
    Logistic,
    LogNormal,
    Mixture,
    ModelError,
    MultivariateNormal,
    MultivariateT,
    Normal,
    Problem,
    Sample,
    Sinkhorn,
    SinkhornDivergence,
    SobolSequence,
    Stream,
    StudentCopula,
    StudentT,
    Triangular,
    Truncated,
    Uniform,
    Wasserstein,
    Weibull,
    __version__,
    assign,
    compare_copulas,
    cuda_status,
    exceedance,
    fit_copula,
    fit_joint,
    fit_law,
    sinkhorn,
    sinkhorn_divergence,
    wasserstein,
)
from buffon._record import History
from buffon.estimators import *  # noqa: F403  one function per registered word
from buffon.estimators import __all__ as _estimators

__all__ = [
    "Assignment", "Beta", "ClaytonCopula", "Constant", "CopulaFit", "Discrete", "Estimate", "Exponential", "FrankCopula", "Gamma",
    "GaussianCopula", "Gumbel", "GumbelCopula", "Histogram", "History", "Indices", "Joint", "JointFit", "KernelDensity", "LawFit",
    "LogNormal", "Logistic", "Mixture", "ModelError", "MultivariateNormal", "MultivariateT", "Normal", "Problem", "Sample",
    "Sinkhorn", "SinkhornDivergence", "SobolSequence", "Stream", "StudentCopula", "StudentT", "Triangular", "Truncated", "Uniform", "Wasserstein", "Weibull", "__version__",
    "assign", "compare_copulas", "cuda_status", "exceedance", "fit_copula", "fit_joint", "fit_law", "sinkhorn", "sinkhorn_divergence", "wasserstein", "testing",
    *_estimators,
]
