"""Problems pickle where their model does. Attached to the C++ class on import."""
from buffon import _buffon
from buffon._buffon import Problem
from buffon._made_by import kept, pickles_by_constructor

pickles_by_constructor(Problem, "buffon.Problem")
_buffon.exceedance = kept(_buffon.exceedance, "buffon.exceedance")
