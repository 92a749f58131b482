"""Tables and draws as files: JSON for the numbers of a table, npz for draws; never pickle.

Attached to the C++ classes on import.
"""

import ast
import json
import os
from pathlib import Path

import numpy as np

from buffon import _made_by, _npz
from buffon._buffon import diffusion as _native
from buffon.estimate import _number, _portable

_TABLE, _DRAWS, _VERSION = "buffon.diffusion.Table", "buffon.diffusion.Draws", 1


def save_table(self, path: "str | os.PathLike[str]") -> None:
    """Write rows, schedule, grid and options to ``path`` as JSON; not the ``record`` of a search.

    Raises
    ------
    ValueError
        For a table of ``time_shifted``, whose rows depend on the sample: save the one underneath.
    """
    words = _portable({"kind": _TABLE, "version": _VERSION, **_in_words(self._state())})
    text = json.dumps(words, allow_nan=False, ensure_ascii=False)
    Path(path).write_text(text + "\n", encoding="utf-8")


def load_table(path: "str | os.PathLike[str]") -> _native.Table:
    """Read what ``save`` wrote: the same rows, to the last bit.

    Where its solver makes the same rows from the options in the file, ``from_level``, ``reversed`` and
    ``order_report`` work, too.

    Raises
    ------
    ValueError
        If the file is something else, damaged, or of a version that this Buffon does not read.
    """
    try:
        words = json.loads(Path(path).read_text(encoding="utf-8"), object_hook=_number)
    except ValueError:
        words = None   # no JSON, no text
    if not isinstance(words, dict) or words.pop("kind", None) != _TABLE:
        raise ValueError(f"Table.load: {path} must be a file written by Table.save")
    _check_version(words.pop("version", None), f"Table.load: {path}")
    return _read(lambda: _table(words), f"Table.load: {path}")


def save_draws(self, path: "str | os.PathLike[str]") -> None:
    """Write samples, trajectory, counts and key to ``path``, which must end in .npz, as NumPy's npz."""
    _npz.check_suffix(path, "Draws.save")
    state = self._state()
    head = {key: state[key] for key in ("parts", "rng_key", "single")}
    trajectory = {"trajectory": np.stack(state["trajectory"])} if state["trajectory"] else {}
    _npz.write(path, _DRAWS, _VERSION, head, {"x": state["x"], "times": state["times"], **trajectory})


def load_draws(path: "str | os.PathLike[str]") -> _native.Draws:
    """Read what ``save`` wrote.

    Raises
    ------
    ValueError
        If the file is something else, damaged, or of a version that this Buffon does not read.
    """
    head, arrays = _archive(path, _DRAWS, "Draws")
    trajectory = list(arrays.pop("trajectory", ()))
    return _read(lambda: _native.Draws._from_state({**arrays, **head, "trajectory": trajectory}), f"Draws.load: {path}")


def _archive(path, kind, who):
    """Head and arrays of an npz file of this kind."""
    _npz.check_suffix(path, f"{who}.load")
    found, version, head, arrays = _npz.read(path, who)
    if found != kind:
        raise ValueError(f"{who}.load: {path} must be a file written by {who}.save")
    _check_version(version, f"{who}.load: {path}")
    return head, arrays


def _check_version(version, where):
    if version != _VERSION:
        raise ValueError(f"{where} must be of format version {_VERSION}, got {version!r}")


def _read(make, where):
    try:
        return make()
    except (AttributeError, IndexError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{where} is damaged: {error}") from error


def _in_words(state):
    """The schedule by its name and what makes it."""
    schedule = state["schedule"]
    return {**state, "schedule": [type(schedule).__name__, *schedule.__getstate__()]}


def _schedule(words):
    name, *numbers = words
    if name not in ("VP", "VE", "EDM", "Cosine", "SubVP", "Discrete", "MeanReverting"):
        raise ValueError(f"there is no schedule {name!r}")
    made = getattr(_native, name).__new__(getattr(_native, name))
    made.__setstate__(tuple(numbers))
    return made


def _table(words):
    """From its rows, or by its solver where this gives the same bits."""
    state = {**words, "schedule": _schedule(words["schedule"])}
    again = _made_again(state)
    if again is not None and _in_words(again._state()) == words:
        return again
    return _native.Table._from_state(state)


def _made_again(state):
    """By the solver's own function; None where options are no plain words, or it refuses them."""
    from buffon import _solvers

    if state["name"] not in _solvers.SOLVERS:
        return None
    try:
        keywords = ast.parse(f"f({state['options']})", mode="eval").body.keywords
        options = {word.arg: _value(word.value) for word in keywords}
        table = getattr(_native, state["name"])(state["schedule"], **state["grid"], **options)
        return table.reversed() if state["reversed"] else table
    except (SyntaxError, TypeError, ValueError):
        return None


def _value(node):
    """A literal, or inf, which is none in Python."""
    return float("inf") if isinstance(node, ast.Name) and node.id == "inf" else ast.literal_eval(node)


def _reduce(self):
    if hasattr(self, "_made_by"):   # of time_shifted: its rows depend on the sample
        return _made_by.reduced(self)
    return _recorded, (_in_words(self._state()), self.record)


def _recorded(words, record):
    table = _table(words)
    return table if record is None else table._with_record(record)


_native.Table.__reduce__ = _reduce
for _class, _save, _load in ((_native.Table, save_table, load_table), (_native.Draws, save_draws, load_draws)):
    _save.__name__, _save.__qualname__ = "save", f"{_class.__name__}.save"
    _load.__name__, _load.__qualname__ = "load", f"{_class.__name__}.load"
    _class.save, _class.load = _save, staticmethod(_load)
