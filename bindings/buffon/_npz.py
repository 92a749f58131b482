"""Files of arrays: NumPy's npz with a kind, a version and a head, all else as JSON; never pickle."""

import json
import os
from pathlib import Path

import numpy as np

from buffon.estimate import _number, _portable


def check_suffix(path, who):
    if Path(path).suffix != ".npz":
        raise ValueError(f"{who}: path must end in .npz, got {os.fspath(path)!r}")


def write(path, kind, version, head, arrays):
    """Arrays by name, beside a dict that JSON can hold."""
    words = json.dumps(_portable(head), allow_nan=False)
    with open(path, "wb") as file:   # NumPy would add a suffix to a name
        np.savez(file, kind=kind, version=version, head=words, **arrays)


def read(path, who):
    """Kind, version, head and arrays of a file: None, None, {} for what it does not have.

    Raises
    ------
    ValueError
        If the file is no npz, or damaged.
    """
    with open(path, "rb") as file:
        try:
            with np.load(file, allow_pickle=False) as archive:
                arrays = {key: archive[key] for key in archive.files}
        except Exception as error:   # NumPy, zipfile and zlib raise a dozen kinds
            raise ValueError(f"{who}.load: {path} must be a file written by {who}.save; {error}") from error
    kind, version, head = (arrays.pop(key, None) for key in ("kind", "version", "head"))
    try:
        words = {} if head is None else json.loads(str(head), object_hook=_number)
    except ValueError as error:
        raise ValueError(f"{who}.load: {path} is damaged: {error}") from error
    return None if kind is None else str(kind), None if version is None else int(version), words, arrays
