"""The command `buffon`: list, run and info.

    buffon list
    buffon run NAME [--set key=value ...] [--out DIR] [--small]
    buffon info
"""
import argparse
import csv
import dataclasses
import datetime
import importlib
import json
import math
import os
import platform
import re
import shlex
import sys
import textwrap
import time
from importlib import metadata
from pathlib import Path

from buffon import __version__, _buffon
from buffon._progress import Line

_COMPANIONS = ("numpy", "matplotlib", "pandas", "xarray", "pyarrow", "rich")
_NEIGHBOURS = ("scipy", "numba", "torch")   # models are made with them
_VARIABLES = ("BUFFON_ISA", "OMP_", "GOMP_", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")   # change how it runs


def main(words=None):
    """Run the command with these words (those of the shell when not given); returns the exit status."""
    arguments = _parser().parse_args(words)
    try:
        return arguments.action(arguments)
    except (ValueError, OSError) as error:
        print(f"buffon {arguments.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"\nbuffon {arguments.command}: interrupted; nothing was written", file=sys.stderr)
        return 130


def _parser():
    parser = argparse.ArgumentParser(
        prog="buffon", description="Monte Carlo for uncertainty quantification, with honest error bars.")
    parser.add_argument("--version", action="version", version=f"buffon {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="list | run | info")
    commands.add_parser("list", help="the experiments, a line each").set_defaults(action=_list)
    info = commands.add_parser("info", help="what a bug report needs: versions, machine, threads, where the library is")
    info.set_defaults(action=_info)
    run = commands.add_parser("run", help="run one experiment: table, picture, files of the results")
    run.add_argument("name", metavar="NAME", help="one that `buffon list` shows")
    run.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="settings",
                     help="another value in its Config; repeatable")
    run.add_argument("--out", default="results", metavar="DIR",
                     help="folder of NAME.json, NAME.csv and NAME.png (default: %(default)s)")
    run.add_argument("--small", action="store_true", help="the test's size: seconds, wide intervals")
    run.set_defaults(action=_run)
    return parser


def _list(_):
    experiments = _experiments()
    width = max(map(len, experiments))
    for name, summary in experiments.items():
        print(f"{name:{width}}  {summary}")
    print("\nbuffon run NAME runs one.")
    return 0


def _info(_):
    for key, value in information().items():
        print(f"{key:12}  {value}")
    return 0


def _run(arguments):
    name = known(arguments.name, _experiments(), "experiment")
    experiment = importlib.import_module(f"buffon.experiments.{name}")
    try:
        config = configured(experiment.Config, arguments.settings, arguments.small)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    folder = Path(arguments.out)
    folder.mkdir(parents=True, exist_ok=True)   # before the work
    _introduce(experiment, config)
    begin = time.perf_counter()
    with Line(name) as line:
        records = experiment.run(config, line)
    result = _result(name, _command(arguments), experiment, config, records, time.perf_counter() - begin)
    print()
    for table in [*experiment.tables(records), *_claim_tables(result["claims"])]:
        _show(table)
    for path in write(result, experiment, folder):
        print(f"written: {path}")
    return 0 if all(claim["holds"] for claim in result["claims"]) else 1


def information():
    """Where and how this Buffon runs: words by key."""
    headers = _header_folders()
    versions = {package: _version(package) for package in (*_COMPANIONS, *_NEIGHBOURS)}
    return {
        "buffon": __version__,
        "python": f"{platform.python_version()} ({sys.executable})",
        "system": f"{platform.system()} {platform.release()}, {' '.join(platform.libc_ver()) or 'unknown C library'}",
        "machine": f"{_processor() or 'unknown processor'} ({platform.machine()}), {os.cpu_count()} processors{_memory()}",
        "threads": f"{_buffon._threads()} (threads=N or OMP_NUM_THREADS=N asks for others; no result depends on it)",
        "variables": ", ".join(f"{key}={os.environ[key]}" for key in sorted(os.environ) if key.startswith(_VARIABLES)) or "none",
        "compiler": _compiler() or "unknown",
        "instructions": f"{_instructions()} of {', '.join(_buffon._isa_levels())} (no result depends on it)",
        "cuda": _buffon.cuda_status(),
        "extension": _buffon.__file__,
        "library": _library() or "unknown",
        "headers": ", ".join(map(str, headers)) if headers else "where pkg-config --cflags buffon says",
        "packages": ", ".join(f"{package} {version}" for package, version in versions.items() if version),
        "missing": ", ".join(package for package in _COMPANIONS if not versions[package]) or "none",
    }


def environment():
    """What a recorded figure depends on."""
    return {
        "buffon": __version__, "python": platform.python_version(), "numpy": _version("numpy"), "system": platform.system(),
        "machine": platform.machine(), "processor": _processor(), "processors": os.cpu_count(), "compiler": _compiler(),
        "instructions": _instructions(),
    }


def known(word, words, what):
    """The word, or a ValueError that names the nearest one."""
    if word not in words:
        raise ValueError(f"unknown {what} '{word}'{_buffon._suggestion(word, list(words))}")
    return word


def configured(config_class, settings, small=False):
    """A Config with ``key=value`` settings applied; values are read as the type of the field's default."""
    config = config_class.small() if small else config_class()
    fields = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
    changes = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise ValueError(f"--set must be KEY=VALUE, got '{setting}'")
        known(key, fields, "key")
        changes[key] = _read(key, text, type(fields[key]))
    return dataclasses.replace(config, **changes)


def _read(key, text, kind):
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise ValueError(f"{key} must be true or false, got '{text}'")
        return text.lower() == "true"
    try:
        value = kind(text) if kind is not int or "e" not in text.lower() else float(text)
        if value != kind(value):
            raise ValueError
        return kind(value)
    except ValueError:
        names = {int: "an integer", float: "a number"}
        raise ValueError(f"{key} must be {names.get(kind, kind.__name__)}, got '{text}'") from None


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


def _command(arguments):
    """The words that repeat a run."""
    words = ["buffon", "run", arguments.name, *["--small"] * arguments.small]
    return shlex.join(words + [word for setting in arguments.settings for word in ("--set", setting)])


def _result(name, command, experiment, config, records, seconds):
    from buffon.experiments._claims import check

    return {
        "experiment": name, "command": command, "date": datetime.date.today().isoformat(), "seconds": round(seconds, 1),
        "config": dataclasses.asdict(config), "environment": environment(),
        "claims": check(experiment.EXPECTED, records, config), "records": records,
    }


def _introduce(experiment, config):
    text, _, source = experiment.__doc__.partition("\nSource:")
    paragraphs = [*text.split("\n\n"), *([f"Source: {source}"] if source else [])]
    print("\n".join(textwrap.fill(" ".join(paragraph.split()), 110) for paragraph in paragraphs))
    settings = dataclasses.asdict(config).items()
    print("Set-up: " + ", ".join(f"{key} {value:,}" if isinstance(value, int) else f"{key} {value}" for key, value in settings))
    print(flush=True)


def _claim_tables(claims):
    from buffon.experiments._report import claim_table

    return [claim_table(claims)] if claims else []


def _show(table):
    """With rich where it is installed and the output is a terminal; otherwise in plain text."""
    if sys.stdout.isatty():
        try:
            _show_rich(table)
            return
        except ImportError:
            pass
    print(table.text() + "\n")


def _show_rich(table):
    from rich import box
    from rich.console import Console
    from rich.table import Table

    out = Table(title=table.title, title_justify="left", title_style="bold", caption=table.note or None, caption_justify="left",
                box=box.SIMPLE_HEAD)
    for i, head in enumerate(table.header):
        out.add_column(head, justify="left" if i == 0 else "right")
    for row in table.rows:
        out.add_row(*row)
    Console().print(out)


def _experiments():
    from buffon.experiments import EXPERIMENTS

    return EXPERIMENTS


def _memory():
    """", 15 GB"; nothing where the system does not say."""
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return ""
    return f", {size / 1e9:.0f} GB"


def _library():
    """The file of libbuffon that this process has open; Linux only."""
    try:
        lines = Path("/proc/self/maps").read_text().splitlines()
    except OSError:
        return None
    return next((line.split(maxsplit=5)[5] for line in lines if re.search(r"/libbuffon[^/]*\.so", line)), None)


def _processor():
    """Its name; Linux only."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return None
    found = re.search(r"^model name\s*: (.*)$", text, flags=re.MULTILINE)
    return found and found.group(1)


def _header_folders():
    """Include folders: the wheel's, or the three layers of a checkout."""
    package = Path(__file__).parent
    if (package / "include" / "buffon").is_dir():
        return [package / "include"]
    root = Path(__file__).resolve().parents[2]
    return [folder for folder in (root / layer for layer in ("lib", "estimators", "diffusion")) if (folder / "buffon").is_dir()]


def _compiler():
    """The compiler's own note in the library, as in "GCC: (Debian 12.2.0-14) 12.2.0"."""
    library = _library()
    if not library or not Path(library).exists():   # replaced since, by a build
        return None
    note = re.search(rb"GCC: \([^)\0]*\) [\d.]+|clang version [\d.]+", Path(library).read_bytes())
    return note and note.group().decode()


def _instructions():
    """The instruction set of the hot loops."""
    return _buffon.isa_level()


def _version(package):
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
