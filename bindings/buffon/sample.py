"""Samples as files: npz, or Parquet where the path says so; never pickle. Attached to the C++ class on import."""
import json
import os
from pathlib import Path

import numpy as np

from buffon._buffon import Sample
from buffon._extras import needed

_KIND, _VERSION = "buffon.Sample", 1
_ARRAYS = ("x", "y", "log_density")
_NAMES = ("inputs", "outputs")


def save(self, path: "str | os.PathLike[str]") -> None:
    """Write to ``path``: NumPy's npz, or Parquet (columns: inputs, outputs, log density) if it ends in .parquet."""
    state = self._state()
    if _is_parquet(path, "Sample.save"):
        _save_parquet(state, path)
        return
    names = {key: np.array(state[key], dtype=np.str_) for key in _NAMES}
    with open(path, "wb") as file:
        np.savez(file, kind=_KIND, version=_VERSION, **{key: state[key] for key in _ARRAYS}, **names)


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
    if state["version"] != _VERSION:
        raise ValueError(f"Sample.load: {path} must be of format version {_VERSION}, got {state['version']!r}")
    return Sample._from_state(state)


def _is_parquet(path, who):
    suffix = Path(path).suffix
    if suffix not in (".npz", ".parquet"):
        raise ValueError(f"{who}: path must end in .npz or .parquet, got {os.fspath(path)!r}")
    return suffix == ".parquet"


def _load_npz(path):
    with open(path, "rb") as file:
        try:
            with np.load(file, allow_pickle=False) as archive:
                state = {key: archive[key] for key in archive.files}
        except Exception as error:   # NumPy, zipfile and zlib raise a dozen kinds
            raise ValueError(f"Sample.load: {path} must be a file written by Sample.save; {error}") from error
    if "kind" not in state:
        return {}
    return {**state, "kind": str(state["kind"]), "version": int(state["version"]), **{key: state[key].tolist() for key in _NAMES}}


def _save_parquet(state, path):
    arrow, parquet = (needed(module, "Sample.save", "data") for module in ("pyarrow", "pyarrow.parquet"))
    columns = [*state["x"].T, *state["y"].T]
    names = [*state["inputs"], *state["outputs"]]
    if len(state["log_density"]):
        columns, names = [*columns, state["log_density"]], [*names, "log_density"]
    head = {"kind": _KIND, "version": _VERSION, **{key: state[key] for key in _NAMES}}
    table = arrow.table([arrow.array(np.ascontiguousarray(column)) for column in columns], names=names)
    parquet.write_table(table.replace_schema_metadata({"buffon": json.dumps(head)}), path)


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
    d, m = len(head["inputs"]), len(head["outputs"])
    columns = [column.to_numpy() for column in table.columns]   # by position: an input and an output may share a name
    rows = table.num_rows
    return {
        **head,
        "x": np.column_stack(columns[:d]) if d else np.empty((rows, 0)),
        "y": np.column_stack(columns[d:d + m]) if m else np.empty((rows, 0)),
        "log_density": columns[d + m] if len(columns) > d + m else np.empty(0),
    }


save.__qualname__ = "Sample.save"
Sample.save = save
Sample.load = staticmethod(load)
