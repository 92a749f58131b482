"""README.md: its programs run, its table is what was measured."""
import re
from pathlib import Path

import pytest

import buffon as bf
from buffon.experiments import readme_table

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def test_the_table_is_that_of_the_recorded_results():
    assert readme_table.PAGE.replaced(README) == README


def test_a_paper_without_a_result_is_open(tmp_path):
    lines = readme_table.table(tmp_path).splitlines()[2:]
    assert len(lines) == len(readme_table.ROWS) and all(line.endswith("| open |") for line in lines)


def test_figures_stand_in_words_with_their_interval_or_error():
    record = {"kind": "criterion", "case": "c", "arm": "a", "gain": 3.0, "gain_low": 2.0, "gain_high": 4.0}
    record |= {"share": 0.5, "share_se": 0.1}
    result = {"records": [record, record | {"arm": "b", "n": 10}, record | {"case": "other", "gain": 7.0}], "date": "2026-01-01"}
    finding = readme_table.Finding("x", "c", "a", "{gain}, {share}, {against.n}", "b")
    assert readme_table.in_words(finding, result) == "3 (2 ... 4), 0.5 ± 0.1, 10. 2026-01-01"


def test_a_readme_without_markers_is_refused():
    with pytest.raises(ValueError, match="README: must hold the lines"):
        readme_table.PAGE.replaced("text")


def test_the_python_programs_run(capsys):
    space = {}
    for program in blocks("python"):
        exec(compile(program, "README.md", "exec"), space)
        assert "±" in capsys.readouterr().out
    estimate = space["e"]
    assert isinstance(estimate, bf.Estimate) and estimate.n <= 20_000


def test_the_cpp_program_is_the_one_that_is_compiled_against_the_wheel():
    assert blocks("cpp") == [(ROOT / "tests/foreign/main.cpp").read_text(encoding="utf-8")]


def test_the_two_commands_are_there():
    commands = [line.split()[0] for text in blocks("sh") for line in text.splitlines()]
    assert commands == ["experiments/run", "tests/run"] and all((ROOT / command).is_file() for command in commands)


def test_the_pictures_are_there_and_small():
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", README)
    assert pictures and all((ROOT / picture).stat().st_size < 100_000 for picture in pictures)
