"""Tables of past runs as columns of numbers: arrays, DataFrames, dicts, CSV files. Cells without a number are told, not lost."""
import csv
import os
import re
from collections.abc import Mapping

import numpy as np

from buffon import _buffon

_SHOWN = 3   # cells that a warning names


def read(x, y, law_names, inputs, outputs, log_density, weights, on_missing):
    """The state of a Sample from tables of inputs and outputs."""
    x = _in_order_of(law_names, _labelled(x, inputs, law_names, "x", "inputs"))
    y = _labelled(y, outputs, None, "y", "outputs")
    return _screened(x, y, on_missing, log_density=log_density, weights=weights)


def read_csv(path, law_names, inputs, outputs, delimiter, on_missing):
    """The state of a Sample from a text file with a line of names."""
    header, rows = _lines(path, delimiter)
    inputs, outputs = _roles(header, law_names, inputs, outputs, os.fspath(path))
    cells = list(zip(*rows, strict=True)) or [()] * len(header)
    x, y = ({name: cells[header.index(name)] for name in names} for names in (inputs, outputs))
    return _screened(_in_order_of(law_names, x), y, on_missing)


def _in_order_of(law_names, x):
    """The columns in the law's order where they have its names: the law's coordinate j is column j."""
    return {name: x[name] for name in law_names} if law_names is not None and set(x) == set(law_names) else x


def _lines(path, delimiter):
    """Names and rows of cells; empty lines are none."""
    where = f"Sample.from_csv: {os.fspath(path)}"
    if len(delimiter) != 1:
        raise ValueError(f"Sample.from_csv: delimiter must be one character, got {delimiter!r}")
    with open(path, newline="", encoding="utf-8-sig") as file:
        lines = csv.reader(file, delimiter=delimiter, skipinitialspace=True)
        header = [name.strip() for name in next(lines, [])]
        if not header:
            raise ValueError(f"{where} must begin with a line of column names")
        if len(set(header)) < len(header):
            twice = next(name for name in header if header.count(name) > 1)
            raise ValueError(f"{where}: column names must differ, got {twice!r} twice")
        rows = []
        for row in lines:
            if row and len(row) != len(header):
                _check_delimiter(where, delimiter, header, [row])
                raise ValueError(
                    f"{where}: line {lines.line_num} must have {len(header)} cells as the first line, got {len(row)}"
                )
            rows += [row] if row else []
    _check_delimiter(where, delimiter, header, rows)
    return header, rows


def _check_delimiter(where, delimiter, header, rows):
    """A table of a single column that others delimit, or numbers with decimal commas."""
    commas = next(
        (
            cell
            for row in rows[:10]
            for cell in row
            if re.fullmatch(r"\s*[-+]?\d+,\d+(e[-+]?\d+)?\s*", cell, re.IGNORECASE)
        ),
        None,
    )
    other = next((d for d in ";\t|" if d in header[0]), None) if len(header) == 1 else None
    pandas = "pandas.read_csv(path, sep={!r}, decimal=',') reads them, for bf.Sample(frame[inputs], frame[outputs], law)"
    if other:
        cells = [cell for row in rows[:10] for cell in ",".join(row).split(other)]
        commas = next((cell for cell in cells if re.fullmatch(r"\s*[-+]?\d+,\d+(e[-+]?\d+)?\s*", cell, re.IGNORECASE)), None)
        hint = f"delimiter={other!r}" if commas is None else f"and with decimal commas, as {commas!r}: " + pandas.format(other)
        raise ValueError(f"{where} has one column, {header[0]!r}: it seems to be delimited by {other!r}, {hint}")
    if commas is not None:
        raise ValueError(f"{where} has decimal commas, as {commas!r}: " + pandas.format(delimiter))


def _roles(header, law_names, inputs, outputs, where):
    """Names of input and of output columns; those that were not given are all the others."""
    if inputs is None and law_names is not None and (set(law_names) <= set(header) or outputs is None):
        inputs = law_names
    if inputs is None and outputs is None:
        raise ValueError("Sample.from_csv: inputs or outputs must be given, or a law whose names are columns")
    inputs = [name for name in header if name not in outputs] if inputs is None else inputs
    outputs = [name for name in header if name not in inputs] if outputs is None else outputs
    for names, what in ((inputs, "inputs"), (outputs, "outputs")):
        _check_names(names, header, f"Sample.from_csv: {what}", f"a column of {where}")
    if set(inputs) & set(outputs):
        raise ValueError(f"Sample.from_csv: column {sorted(set(inputs) & set(outputs))[0]!r} cannot be both input and output")
    return inputs, outputs


def _check_names(names, known, who, what):
    if not names:
        raise ValueError(f"{who} must name at least one column")
    for name in names:
        if name not in known:
            raise ValueError(
                f"{who} must be columns, got {name!r}, which is not {what}{_buffon._suggestion(str(name), list(map(str, known)))}"
            )


def _labelled(table, names, law_names, what, role):
    """Name -> column, in the order of the names that were given, or of the law's where they are its columns."""
    columns = _named_columns(table)
    if columns is None:
        return _positional(table, names, law_names, what, role)
    if names is None:
        names = law_names if law_names is not None and not _default(law_names) else list(columns)
    _check_names(names, columns, f"Sample: {role}", f"a column of {what}")
    return {name: columns[name] for name in names}


def _named_columns(table):
    """Name -> column of a DataFrame, a Series with a name or a dict; None for arrays."""
    if isinstance(table, Mapping):
        return {str(key): np.asarray(column) for key, column in table.items()}
    if hasattr(table, "columns") and hasattr(table, "__getitem__"):
        return {str(key): _cells(table[key]) for key in table.columns}
    if hasattr(table, "to_frame") and getattr(table, "name", None) is not None:
        return {str(table.name): _cells(table)}
    return None


def _cells(series):
    return series.to_numpy() if hasattr(series, "to_numpy") else np.asarray(series)


def _default(names):
    return names == [f"x{j}" for j in range(1, len(names) + 1)]


def _positional(table, names, law_names, what, role):
    a = np.ma.filled(np.ma.asarray(table).astype(float), np.nan) if np.ma.isMaskedArray(table) else _array(table)
    names = names if names is not None else law_names
    if role == "inputs" and a.ndim == 1 and names is not None and a.shape == (len(names),) and len(names) > 1:
        a = a[None]
    if a.ndim not in (1, 2):
        raise ValueError(f"Sample: {what} must have shape (n,) or (n, {'d' if role == 'inputs' else 'm'}), got {a.shape}")
    a = a[:, None] if a.ndim == 1 else a
    if names is None:
        letter = what
        names = [letter] if a.shape[1] == 1 and role == "outputs" else [f"{letter}{j}" for j in range(1, a.shape[1] + 1)]
    if len(names) != a.shape[1]:
        raise ValueError(f"Sample: {what} must have shape (n, {len(names)}), got {a.shape}")
    if len(set(names)) < len(names):
        raise ValueError(f"Sample: {role} must differ, got {next(n for n in names if names.count(n) > 1)!r} twice")
    return dict(zip(names, a.T, strict=True))


def _array(table):
    try:
        return np.asarray(table)
    except ValueError as error:   # rows of several lengths
        raise ValueError(f"Sample: rows must have equally many cells; {error}") from None


def _screened(x, y, on_missing, log_density=None, weights=None):
    """The state: rows with all inputs, NaN for outputs that are missing, and what was found on the way."""
    if on_missing not in ("report", "raise"):
        raise ValueError(f"Sample: on_missing must be 'report' or 'raise', got {on_missing!r}")
    read_x, read_y = ({name: _numbers(name, column) for name, column in table.items()} for table in (x, y))
    n = len(next(iter(read_x.values()))[0])
    for name, (numbers, _) in [*read_x.items(), *read_y.items()]:
        if len(numbers) != n:
            m = len(read_y)
            shape = (len(numbers),) if m == 1 else (len(numbers), m)
            if name in read_y:
                raise ValueError(f"Sample: y must have shape (n,) or (n, m) with n = {n}, got {shape}")
            raise ValueError(f"Sample: columns of x must be equally long, got {n} and {len(numbers)} ('{name}')")
    missing_x, missing_y = (sorted(cell for _, cells in table.values() for cell in cells) for table in (read_x, read_y))
    if on_missing == "raise" and (missing_x or missing_y):
        found = sorted(missing_x + missing_y)
        raise ValueError(f"Sample: {len(found):,} cells of the table hold no number: {_listed(found)}")
    x, y = (np.column_stack([numbers for numbers, _ in table.values()]) for table in (read_x, read_y))
    kept = np.ones(n, dtype=bool)
    kept[[row for row, _, _ in missing_x]] = False
    columns = {"log_density": _column(log_density, n, "log_density"), "log_weight": _log_weight(weights, log_density, n)}
    if not kept.all():
        x, y = x[kept], y[kept]
        columns = {key: column[kept] if len(column) else column for key, column in columns.items()}
    state = {"x": x, "y": y, "inputs": list(read_x), "outputs": list(read_y), "missing": sorted(missing_x + missing_y), **columns,
             "n_dropped": int(n - kept.sum())}
    return {**state, "warnings": _warnings(state, n, missing_x, missing_y)}


def _warnings(state, n, missing_x, missing_y):
    failed = int((~np.isfinite(state["y"]).all(axis=1)).sum())
    if n and state["n_dropped"] == n:
        raise ValueError(f"Sample: every one of the {n:,} rows misses an input: {_listed(missing_x)}")
    if n and failed == len(state["y"]):
        raise ValueError(f"Sample: every one of the {failed:,} runs failed: {_listed(missing_y)}")
    texts = []
    if state["n_dropped"]:
        texts.append(
            f"{state['n_dropped']:,} of {n:,} rows of the table are left out, since an input is missing: {_listed(missing_x)}"
        )
    if failed:
        texts.append(f"{failed:,} of {len(state['y']):,} runs failed: {_listed(missing_y)}; answers are conditional on success")
    return texts


def _listed(cells):
    """"row 17 'Q' is 'n/a', row 20 'Ks' is empty and 4 more"."""
    shown = [f"row {row} '{column}' is {repr(text) if text else 'empty'}" for row, column, text in cells[:_SHOWN]]
    return ", ".join(shown) + (f" and {len(cells) - _SHOWN:,} more" if len(cells) > _SHOWN else "")


def _column(values, n, what):
    if values is None:
        return np.empty(0)
    column = np.asarray(values, dtype=float)
    if column.shape != (n,):
        raise ValueError(f"Sample: {what} must have shape ({n},), got {column.shape}")
    if not np.isfinite(column).all():
        row = int(np.flatnonzero(~np.isfinite(column))[0])
        raise ValueError(f"Sample: {what} must be finite, got {column[row]} in row {row}")
    return column


def _log_weight(weights, log_density, n):
    column = _column(weights, n, "weights")
    if len(column) and log_density is not None:
        raise ValueError("Sample: weights and log_density cannot be given both")
    if (column <= 0).any():
        row = int(np.flatnonzero(column <= 0)[0])
        raise ValueError(f"Sample: weights must be positive, got {column[row]} in row {row}")
    return np.log(column / column.mean()) if len(column) else column


def _numbers(name, column):
    """Floats, NaN where there is no number, and the cells (row, name, what stands there) that hold none."""
    column = np.asarray(column)
    if column.ndim != 1:
        raise ValueError(f"Sample: column '{name}' must be one-dimensional, got shape {column.shape}")
    if column.dtype.kind in "fiub":
        numbers = column.astype(float, copy=False)
    elif column.dtype.kind in "OUS":
        numbers = _read_cells(column)
        if len(column) and np.isnan(numbers).all():
            raise ValueError(f"Sample: column '{name}' holds no numbers, its first cell is {str(column[0])!r}")
    else:
        raise TypeError(f"Sample: column '{name}' must be real numbers, got dtype {column.dtype}")
    rows = np.flatnonzero(~np.isfinite(numbers))
    return numbers, [(int(row), name, "" if column[row] is None else str(column[row]).strip()) for row in rows]


def _read_cells(column):
    try:
        return column.astype(float)   # quick where every cell is a number
    except (ValueError, TypeError):
        return np.array([_number(cell) for cell in column])


def _number(cell):
    """The number of a cell; true and false count as 1 and 0, all else is NaN."""
    try:
        return float(cell)
    except (ValueError, TypeError):
        return {"true": 1.0, "false": 0.0}.get(str(cell).strip().lower(), np.nan)
