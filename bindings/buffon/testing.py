"""Problems with known answers, each with its source; their models are compiled.

>>> import buffon as bf
>>> known = bf.testing.ishigami()
>>> known.exact
array([3.5])
>>> bf.plain(known.problem, budget=1000, rng=1).n
1000
"""
import functools

from buffon import _made_by
from buffon._buffon import testing as _native

KnownProblem = _native.KnownProblem
_made_by.pickles(KnownProblem)
_problem = KnownProblem.problem.fget


def _problem_of(known):
    return _made_by.note(_problem(known), "buffon.testing._problem_of", known)


def _known(name):
    return _made_by.kept(getattr(_native, name), f"buffon.testing.{name}")


def _list_of(name):
    """The function of this name, whose problems note which of the list they are."""
    def call():
        return [_made_by.note(known, "buffon.testing._one_of", name, i) for i, known in enumerate(getattr(_native, name)())]
    return functools.wraps(getattr(_native, name))(call)


def _one_of(name, i):
    return _list_of(name)()[i]


KnownProblem.problem = property(_problem_of, doc=_problem.__doc__)
all_problems = _list_of("all_problems")
cantilever = _known("cantilever")
cantilever_laws = _known("cantilever_laws")
cantilever_laws_at = _known("cantilever_laws_at")
cantilever_sobol = _known("cantilever_sobol")
component_system = _known("component_system")
four_branch = _known("four_branch")
g_function = _known("g_function")
gaussian_moments = _known("gaussian_moments")
ishigami = _known("ishigami")
linear_exceedance = _known("linear_exceedance")
oscillator = _known("oscillator")
parabolic = _known("parabolic")
safety_problems = _list_of("safety_problems")
three_bumps = _known("three_bumps")
two_sided_exceedance = _known("two_sided_exceedance")
unequal_exceedance = _known("unequal_exceedance")
zero_variance = _known("zero_variance")

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
