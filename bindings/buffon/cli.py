"""The command `buffon`: list, run, report and info.

    buffon list
    buffon run NAME [--set key=value ...] [--out DIR] [--small]
    buffon report DIR
    buffon info
"""
import argparse
import dataclasses
import datetime
import importlib
import shlex
import sys
import time
from pathlib import Path

from buffon import __version__
from buffon._display import introduce, show
from buffon._extras import MissingExtra
from buffon._information import environment, information
from buffon._progress import Line
from buffon._record import History
from buffon._results import write
from buffon._settings import configured, known


def main(words=None):
    """Run the command with these words (those of the shell when not given); returns the exit status."""
    arguments = _parser().parse_args(words)
    try:
        return arguments.action(arguments)
    except (ValueError, OSError, MissingExtra) as error:
        print(f"buffon {arguments.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"\nbuffon {arguments.command}: interrupted; nothing was written", file=sys.stderr)
        return 130


def _parser():
    parser = argparse.ArgumentParser(
        prog="buffon", description="Monte Carlo for uncertainty quantification, with honest error bars.")
    parser.add_argument("--version", action="version", version=f"buffon {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="list | run | report | info")
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
    report = commands.add_parser(
        "report", help="one HTML page about the results in a folder: values, doubts and what to do, convergence"
    )
    report.add_argument("folder", metavar="DIR", help="where `buffon run` or Estimate.save wrote; the page is DIR/report.html")
    report.set_defaults(action=_report)
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


def _report(arguments):
    from buffon import report

    print(f"written: {report.folder(arguments.folder)}")
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
    introduce(experiment, config)
    begin = time.perf_counter()
    with Line(name) as line:
        history = History(progress=line)
        records = experiment.run(config, history)
    result = _result(name, _command(arguments), experiment, config, records, time.perf_counter() - begin, history.records)
    print()
    for table in [*experiment.tables(records), *_claim_tables(result["claims"])]:
        show(table)
    for path in write(result, experiment, folder):
        print(f"written: {path}")
    return 0 if all(claim["holds"] for claim in result["claims"]) else 1


def _command(arguments):
    """The words that repeat a run."""
    words = ["buffon", "run", arguments.name, *["--small"] * arguments.small]
    return shlex.join(words + [word for setting in arguments.settings for word in ("--set", setting)])


def _result(name, command, experiment, config, records, seconds, history):
    from buffon.experiments._claims import check

    return {
        "experiment": name, "command": command, "date": datetime.date.today().isoformat(), "seconds": round(seconds, 1),
        "config": dataclasses.asdict(config), "environment": environment(),
        "claims": check(experiment.EXPECTED, records, config), "records": records, "history": history,
    }


def _claim_tables(claims):
    from buffon.experiments._report import claim_table

    return [claim_table(claims)] if claims else []


def _experiments():
    from buffon.experiments import EXPERIMENTS

    return EXPERIMENTS
