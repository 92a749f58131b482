"""Results of an experiment as files: NAME.json, NAME.csv, NAME.png."""
import csv
import json
import math
import sys


def write(result, experiment, folder):
    """NAME.json, NAME.csv and, with matplotlib, NAME.png in the folder; yields their paths."""
    base = folder / result["experiment"]
    path = base.with_suffix(".json")
    path.write_text(_json(_portable(result)), encoding="utf-8")
    yield path
    yield _write_csv(result["records"], base.with_suffix(".csv"))
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        print("no picture: pip install buffon[plot]", file=sys.stderr)
        return
    experiment.picture(result["records"], base.with_suffix(".png"))
    yield base.with_suffix(".png")


def _write_csv(records, path):
    columns = list(dict.fromkeys(key for record in records for key in record))
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, columns, lineterminator="\n")
        table.writeheader()
        table.writerows(records)
    return path


def _json(result):
    """A line for each key and each item of a list."""
    return "{\n" + ",\n".join(f"  {_line(key)}: {_lines(value)}" for key, value in result.items()) + "\n}\n"


def _lines(value):
    return "[\n" + ",\n".join(f"    {_line(item)}" for item in value) + "\n  ]" if isinstance(value, list) else _line(value)


def _line(value):
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _portable(value):
    """JSON has no NaN and no infinity: null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _portable(item) for key, item in value.items()}
    return [_portable(item) for item in value] if isinstance(value, list) else value
