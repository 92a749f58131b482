"""Samples as files: npz, or Parquet where the path says so; never pickle. Attached to the C++ class on import."""
import json
import os
from pathlib import Path

import numpy as np

from buffon import _npz
from buffon._buffon import Sample
from buffon._extras import needed

_KIND, _VERSION = "buffon.Sample", 2
_READ = (1, 2)
_TABLES = ("x", "y")   # their columns have names; all other arrays have a number or a row of numbers for each point


def save(self, path: "str | os.PathLike[str]") -> None:
    """Write to ``path``: NumPy's npz, or Parquet (columns: inputs, outputs, log density, ...) if it ends in .parquet."""
    arrays, head = _parts(self._state())
    if _is_parquet(path, "Sample.save"):
        _save_parquet(arrays, head, path)
        return
    _npz.write(path, _KIND, _VERSION, head, arrays)


def load(path: "str | os.PathLike[str]") -> Sample:
    """Read what ``save`` wrote.

    Raises
    ------
    ValueError
        If the file is something else, or of a version that this Buffon does not read.
    """
    state = _load_parquet(path) if _is_parquet(path, "Sample.load") else _load_npz(path)
    if state.get("kind") != _KIND:
        raise ValueError(f"Sample.load: {path} must be a file written by Sample.save")
    if state["version"] not in _READ:
        raise ValueError(f"Sample.load: {path} must be of format version {_VERSION} or before, got {state['version']!r}")
    return Sample._from_state(state)


def _parts(state):
    """Arrays that hold numbers, and all else, ready for JSON."""
    arrays = {key: value for key, value in state.items() if isinstance(value, np.ndarray) and (value.size or key in _TABLES)}
    return arrays, {key: value for key, value in state.items() if not isinstance(value, np.ndarray)}


def _whole(arrays, head):
    """A state from its parts; arrays that hold nothing are not in files."""
    return {"log_density": np.empty(0), **arrays, **head}


def _is_parquet(path, who):
    suffix = Path(path).suffix
    if suffix not in (".npz", ".parquet"):
        raise ValueError(f"{who}: path must end in .npz or .parquet, got {os.fspath(path)!r}")
    return suffix == ".parquet"


def _load_npz(path):
    kind, version, head, arrays = _npz.read(path, "Sample")
    if version == 1:   # names were arrays
        head = {key: arrays.pop(key).tolist() for key in ("inputs", "outputs") if key in arrays}
    return {**_whole(arrays, head), "kind": kind, "version": version}


def _save_parquet(arrays, head, path):
    arrow, parquet = (needed(module, "Sample.save", "data") for module in ("pyarrow", "pyarrow.parquet"))
    columns = [*arrays["x"].T, *arrays["y"].T]
    names = [*head["inputs"], *head["outputs"]]
    extra = {key: list(array.shape) for key, array in arrays.items() if key not in _TABLES}
    for key, (_, *width) in extra.items():
        padded = _padded(arrays[key], len(arrays["x"]))
        columns += list(padded.T) if width else [padded]
        names += [f"{key} {j}" for j in range(1, width[0] + 1)] if width else [key]
    table = arrow.table([arrow.array(np.ascontiguousarray(column)) for column in columns], names=names)
    told = {"kind": _KIND, "version": _VERSION, "extra": extra, **head}
    parquet.write_table(table.replace_schema_metadata({"buffon": json.dumps(told)}), path)


def _padded(array, n):
    """With NaN for the first rows, of which it has none."""
    missing = n - len(array)
    return np.concatenate([np.full((missing, *array.shape[1:]), np.nan), array]) if missing else array


def _load_parquet(path):
    parquet = needed("pyarrow.parquet", "Sample.load", "data")
    try:
        with parquet.ParquetFile(path) as file:   # read_table refuses columns of one name
            table = file.read()
    except ValueError as error:   # ArrowInvalid
        raise ValueError(f"Sample.load: {path} must be a file written by Sample.save; {error}") from error
    head = json.loads((table.schema.metadata or {}).get(b"buffon", b"{}"))
    if not head:
        return {}
    columns = iter([column.to_numpy() for column in table.columns])   # by position: an input and an output may share a name
    widths = {"x": len(head["inputs"]), "y": len(head["outputs"])}
    rest = len(table.columns) - sum(widths.values())
    extra = head.pop("extra", {"log_density": [table.num_rows]} if rest else {})   # version 1 had no other
    arrays = {key: np.column_stack([next(columns) for _ in range(width)]) if width else np.empty((table.num_rows, 0))
              for key, width in widths.items()}
    for key, (rows, *width) in extra.items():
        read = np.column_stack([next(columns) for _ in range(width[0])]) if width else next(columns)
        arrays[key] = read[len(read) - rows:]
    return _whole(arrays, head)


save.__qualname__ = "Sample.save"
Sample.save = save
Sample.load = staticmethod(load)
