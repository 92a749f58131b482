"""Transport maps as files: npz, never pickle. Attached to the C++ class on import."""

import os

from buffon import _law_words, _npz
from buffon._buffon import Estimate
from buffon._buffon import diffusion as _native
from buffon._stored import _VERSION, _archive, _read
from buffon.estimate import _record_of

_KIND = "buffon.diffusion.TransportMap"
_ARRAYS = ("points", "wanted", "heights", "masses", "mass_std_error")
_ESTIMATES = ("mass_error", "w2_squared", "entropic_value")


def save(self, path: "str | os.PathLike[str]") -> None:
    """Write the map, its source and what was measured of it to ``path``, which must end in .npz, as NumPy's npz."""
    _npz.check_suffix(path, "TransportMap.save")
    state = self._state()
    head = {key: value for key, value in state.items() if key not in (*_ARRAYS, *_ESTIMATES, "source")}
    head |= {"source": _law_words.in_words(state["source"]), **{key: _record_of(state[key]) for key in _ESTIMATES}}
    _npz.write(path, _KIND, _VERSION, head, {key: state[key] for key in _ARRAYS})


def load(path: "str | os.PathLike[str]") -> _native.TransportMap:
    """Read what ``save`` wrote: the same map, to the last bit.

    Raises
    ------
    ValueError
        If the file is something else, damaged, or of a version that this Buffon does not read.
    """
    head, arrays = _archive(path, _KIND, "TransportMap")
    return _read(lambda: _map(head, arrays), f"TransportMap.load: {path}")


def _map(head, arrays):
    estimates = {key: Estimate._from_state(head[key]) for key in _ESTIMATES}
    return _native.TransportMap._from_state({**arrays, **head, **estimates, "source": _law_words.from_words(head["source"])})


for _function in (save, load):
    _function.__qualname__ = f"TransportMap.{_function.__name__}"
_native.TransportMap.save, _native.TransportMap.load = save, staticmethod(load)
