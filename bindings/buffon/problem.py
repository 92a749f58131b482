"""Problems pickle where their model does: what made one is kept beside it."""
import functools

from buffon import _buffon
from buffon._buffon import Problem


def _kept(call, target):
    """`call`, noting on what it makes (`target` of its arguments and result) how to make it again."""
    @functools.wraps(call)
    def noting(*args, **options):
        result = call(*args, **options)
        made = target(args, result)
        made._made_by = (call.__name__, args[1:] if made is not result else args, options)
        return result
    return noting


def _again(maker, args, options):
    make = Problem if maker == "__init__" else getattr(_buffon, maker)
    return make(*args, **options)


def _reduce(self):
    if not hasattr(self, "_made_by"):
        raise TypeError("a Problem made by C++ does not pickle; pickle the one that it was made from")
    return _again, self._made_by


Problem.__init__ = _kept(Problem.__init__, lambda args, result: args[0])
Problem.__reduce__ = _reduce
_buffon.exceedance = _kept(_buffon.exceedance, lambda args, result: result)
