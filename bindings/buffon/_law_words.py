"""Laws as plain words and numbers, for files that hold no pickle: the name of the class and what its pickle is made of."""

import numpy as np

from buffon import _buffon


def in_words(value):
    """What JSON can say of a law, or of what laws are made of."""
    if isinstance(value, np.ndarray):
        return {"array": value.tolist()}
    if isinstance(value, dict):
        return {"dict": [[in_words(key), in_words(item)] for key, item in value.items()]}
    if isinstance(value, tuple):
        return {"tuple": [in_words(item) for item in value]}
    if isinstance(value, list):
        return [in_words(item) for item in value]
    if type(value) in _classes().values():
        return {"law": type(value).__name__, "state": in_words(value.__getstate__())}
    return value


def from_words(words):
    """The law again, to the last bit.

    Raises
    ------
    ValueError
        For a law that this Buffon does not have.
    """
    if isinstance(words, list):
        return [from_words(item) for item in words]
    if not isinstance(words, dict):
        return words
    if "array" in words:
        return np.array(words["array"], dtype=float)
    if "dict" in words:
        return {from_words(key): from_words(item) for key, item in words["dict"]}
    if "tuple" in words:
        return tuple(from_words(item) for item in words["tuple"])
    made = _classes().get(words["law"])
    if made is None:
        raise ValueError(f"there is no law {words['law']!r}")
    law = made.__new__(made)
    law.__setstate__(from_words(words["state"]))
    return law


def _classes():
    """Laws and copulas by name."""
    return {
        name: cls
        for name, cls in vars(_buffon).items()
        if isinstance(cls, type) and (hasattr(cls, "log_density") or name.endswith("Copula")) and cls is not _buffon.Sample
    }
