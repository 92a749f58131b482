"""Objects whose parts are functions pickle where these do: the call that made one is kept beside it, and made again.

Problems, denoisers and what is made of them; all else pickles by its numbers (bindings/pickled.hpp).
"""
import functools
import importlib


def kept(call, path):
    """`call`, noting on what it returns how to make it again: by the public name ``path``, with the same arguments."""
    @functools.wraps(call)
    def noting(*args, **options):
        return note(call(*args, **options), path, *args, **options)
    return noting


def pickles(cls):
    """Let objects of `cls` pickle by what made them, where this was noted."""
    cls.__reduce__ = reduced


def pickles_by_constructor(cls, path):
    """The same, noting it in the constructor, too."""
    pickles(cls)
    init = cls.__init__

    @functools.wraps(init)
    def noting(self, *args, **options):
        init(self, *args, **options)
        note(self, path, *args, **options)

    cls.__init__ = noting


def note(made, path, *args, **options):
    """`made`, which pickles as the call of ``path`` with these arguments."""
    made._made_by = (path, args, options)
    return made


def reduced(self):
    if not hasattr(self, "_made_by"):
        name = type(self).__name__
        raise TypeError(f"a {name} made by C++ does not pickle; pickle what it was made from, and make it again")
    return _again, self._made_by


def _again(path, args, options):
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)(*args, **options)
