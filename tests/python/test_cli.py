"""The command `buffon`, called as main([...])."""
import csv
import json
import os
import subprocess
import sys

import pytest

import buffon as bf
from buffon import _information, cli
from buffon.experiments import EXPERIMENTS, gaussian_moments

FAST = ["--set", "budget=2_000", "--set", "repetitions=3"]


def test_list_names_every_experiment(capsys):
    assert cli.main(["list"]) == 0
    text = capsys.readouterr().out
    assert all(name in text and summary in text for name, summary in EXPERIMENTS.items())


def test_info_says_version_and_paths(capsys):
    assert cli.main(["info"]) == 0
    text = capsys.readouterr().out
    assert bf.__version__ in text and bf._buffon.__file__ in text and "numpy" in text
    assert bf.cuda_status() in text
    assert bf._buffon.isa_level() in bf._buffon._isa_levels()


def test_info_says_what_changes_a_run(capsys, monkeypatch):
    monkeypatch.setenv("OMP_SCHEDULE", "static")
    before, levels = cli.information(), ", ".join(bf._buffon._isa_levels())
    assert "OMP_SCHEDULE=static" in before["variables"]
    assert before["threads"].startswith(f"{bf._buffon._threads()} ") and bf._buffon._threads() >= 1
    assert before["instructions"] == f"{bf._buffon.isa_level()} of {levels} (no result depends on it)"
    for name in [name for name in os.environ if name.startswith(_information.VARIABLES)]:
        monkeypatch.delenv(name)
    assert cli.information()["variables"] == "none"


def test_info_counts_the_threads_that_are_used():
    code = "from buffon import cli; print(cli.information()['threads'])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          env={**os.environ, "OMP_NUM_THREADS": "3"}).stdout
    assert said.startswith("3 ")


def test_run_writes_records_table_and_picture(tmp_path, capsys):
    status = cli.main(["run", "gaussian_moments", "--small", *FAST, "--set", "rng=3", "--out", str(tmp_path / "new")])
    result = json.loads((tmp_path / "new/gaussian_moments.json").read_text())
    assert status == (0 if all(claim["holds"] for claim in result["claims"]) else 1)
    assert result["config"] == {"budget": 2000, "repetitions": 3, "rng": 3, "threads": 1}
    assert result["command"] == "buffon run gaussian_moments --small --set budget=2_000 --set repetitions=3 --set rng=3"
    assert result["environment"]["buffon"] == bf.__version__ and result["date"] and result["seconds"] >= 0
    with open(tmp_path / "new/gaussian_moments.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(result["records"]) and float(rows[0]["value"]) == result["records"][0]["value"]
    assert (tmp_path / "new/gaussian_moments.png").read_bytes().startswith(b"\x89PNG")
    out, err = capsys.readouterr()
    assert out.startswith("Ten moments") and "x^20" in out and "gaussian_moments.png" in out
    assert "100%" in err and "evaluations" in err


def test_run_without_matplotlib_says_how_to_get_the_picture(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    cli.main(["run", "gaussian_moments", "--small", *FAST, "--out", str(tmp_path)])
    assert "pip install buffon[plot]" in capsys.readouterr().err
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".csv", ".json"]


@pytest.mark.parametrize(("name", "module"), [("digits", "sklearn"), ("restoration", "skimage")])
def test_an_experiment_without_its_companion_says_which_extra_brings_it(name, module, tmp_path, capsys, monkeypatch):
    for found in [key for key in sys.modules if key.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, found)
    monkeypatch.setitem(sys.modules, module, None)
    assert cli.main(["run", name, "--small", "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[-1] == f"buffon run: the experiment {name} needs {module}: pip install buffon[pictures]"


@pytest.mark.parametrize(("words", "message"), [
    (["run", "cantilevr"], "buffon run: unknown experiment 'cantilevr'; did you mean 'cantilever'?"),
    (["run", "cantilever", "--set", "bugdet=5"], "buffon run: cantilever: unknown key 'bugdet'; did you mean 'budget'?"),
    (["run", "cantilever", "--set", "budget=many"], "buffon run: cantilever: budget must be an integer, got 'many'"),
    (["run", "cantilever", "--set", "budget=1.5"], "buffon run: cantilever: budget must be an integer, got '1.5'"),
    (["run", "cantilever", "--set", "budget"], "buffon run: cantilever: --set must be KEY=VALUE, got 'budget'"),
])
def test_wrong_words_are_named_with_what_would_be_right(words, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(words) == 2
    assert capsys.readouterr().err.strip() == message
    assert not list(tmp_path.iterdir())


def test_settings_are_read_as_the_type_of_the_default():
    config = cli.configured(gaussian_moments.Config, ["budget=2e4", "rng=1_0"])
    assert config == gaussian_moments.Config(budget=20_000, rng=10) and type(config.budget) is int
    assert cli.configured(gaussian_moments.Config, [], small=True) == gaussian_moments.Config.small()


def test_without_words_it_says_how_to_call_it(capsys):
    with pytest.raises(SystemExit):
        cli.main([])
    assert "list | run | report | info" in capsys.readouterr().err
