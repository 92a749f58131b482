"""Problems with known answers, each with its source; their models are compiled.

>>> import buffon as bf
>>> known = bf.testing.ishigami()
>>> known.exact
array([3.5])
>>> bf.plain(known.problem, budget=1000, rng=1).n
1000
"""
from buffon._buffon import testing as _native

KnownProblem = _native.KnownProblem
all_problems = _native.all_problems
cantilever = _native.cantilever
cantilever_laws = _native.cantilever_laws
cantilever_laws_at = _native.cantilever_laws_at
cantilever_sobol = _native.cantilever_sobol
component_system = _native.component_system
four_branch = _native.four_branch
g_function = _native.g_function
gaussian_moments = _native.gaussian_moments
ishigami = _native.ishigami
linear_exceedance = _native.linear_exceedance
oscillator = _native.oscillator
parabolic = _native.parabolic
safety_problems = _native.safety_problems
three_bumps = _native.three_bumps
two_sided_exceedance = _native.two_sided_exceedance
unequal_exceedance = _native.unequal_exceedance
zero_variance = _native.zero_variance

__all__ = [
    "KnownProblem",
    "all_problems",
    "cantilever",
    "cantilever_laws",
    "cantilever_laws_at",
    "cantilever_sobol",
    "component_system",
    "four_branch",
    "g_function",
    "gaussian_moments",
    "ishigami",
    "linear_exceedance",
    "oscillator",
    "parabolic",
    "safety_problems",
    "three_bumps",
    "two_sided_exceedance",
    "unequal_exceedance",
    "zero_variance",
]
