"""docs/*.md: figures are those of the recorded results."""
import json
import re
from pathlib import Path

import numpy as np
import pytest

from buffon.experiments import coverage, coverage_page, recorded_pages, time_shift_page
from buffon.experiments._page import RESULTS, Page, markdown, show_benchmark
from buffon.experiments._report import Table

ROOT = Path(__file__).parents[2]
COVERAGE = (ROOT / "docs/coverage.md").read_text(encoding="utf-8")


def test_the_page_of_coverage_is_that_of_the_recorded_results():
    assert coverage_page.PAGE.replaced(COVERAGE) == COVERAGE


@pytest.mark.parametrize("name", recorded_pages.PAGES)
def test_the_tables_of_a_page_are_those_of_the_recorded_results(name):
    text = (ROOT / f"docs/{name}.md").read_text(encoding="utf-8")
    assert recorded_pages.PAGES[name].replaced(text) == text


def test_the_tables_of_time_shift_are_those_of_the_recorded_results():
    text = (ROOT / "docs/denoisers.md").read_text(encoding="utf-8")
    assert time_shift_page.PAGE.replaced(text) == text


@pytest.mark.parametrize(
    "page",
    [
        "assignment",
        "chains",
        "controls",
        "dc",
        "denoisers",
        "exposure",
        "failures",
        "given_data",
        "metrics",
        "models",
        "multilevel",
        "paths",
        "rare",
        "recycling",
        "restoration",
        "shapley",
        "sobol",
        "solvers",
        "stopping",
        "transport",
    ],
)  # the others run with what they are about
def test_the_code_of_a_page_runs(page):
    text = (ROOT / f"docs/{page}.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    names = {}
    assert blocks
    for block in blocks:
        exec(compile(block, page, "exec"), names)


def test_the_readme_leads_to_every_page():
    readme = (ROOT / "README.md").read_text()
    assert [page.name for page in (ROOT / "docs").glob("*.md") if f"docs/{page.name}" not in readme] == []


def test_no_page_has_code_that_is_not_run():
    tested = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests/python").glob("test_*.py"))
    pages = [path for path in (ROOT / "docs").glob("*.md") if "```python" in path.read_text(encoding="utf-8")]
    assert [page.name for page in pages if page.name not in tested and f'"{page.stem}"' not in tested] == []


def test_it_tells_date_command_and_machine_of_each_campaign():
    for name in ("coverage_adaptive", "coverage", "safety"):
        result = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
        assert f"`{result['command']}`, {result['date']}" in COVERAGE and result["environment"]["processor"] in COVERAGE
        cases = {r["case"] for r in result["records"] if r["kind"] in ("coverage", "criterion")} - {coverage.MEAN}
        assert cases and all(f"| {case} |" in COVERAGE for case in cases)


def test_its_pictures_are_there_and_small():
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", COVERAGE)
    assert len(pictures) == 3 and all((ROOT / "docs" / picture).stat().st_size < 100_000 for picture in pictures)


def test_what_was_not_recorded_is_left_out(tmp_path):
    assert coverage_page.figures(tmp_path) == ""


def test_a_claim_that_fails_is_on_the_page(tmp_path):
    result = json.loads((RESULTS / "coverage.json").read_text(encoding="utf-8"))
    result["claims"] = [{"case": coverage.MEAN, "arm": "plain", "claim": "covers", "measured": 0.5, "low": 0.4, "high": 0.6,
                         "holds": False}]
    (tmp_path / "coverage.json").write_text(json.dumps(result), encoding="utf-8")
    text = coverage_page.figures(tmp_path)
    assert "0 of 1 claims hold." in text and f"- Not held: {coverage.MEAN}: covers: 0.5 (0.4 ... 0.6)" in text


def test_a_table_in_markdown():
    table = Table("Title", ["", "a"], [["row", "1"]], "note")
    assert markdown(table) == "### Title\n\n|  | a |\n| --- | ---: |\n| row | 1 |\n\nnote"
    assert markdown(table, 0).startswith("Title\n\n|  | a |\n")


def test_a_benchmark_prints_its_table_and_where_it_was_measured(capsys):
    table = Table("Title", ["", "a"], [["row", "1"]])
    for for_page, text in ((True, markdown(table, 0)), (False, table.text())):
        show_benchmark(table, for_page)
        printed = capsys.readouterr().out
        assert printed.startswith(text + "\n\nbuffon ") and f"numpy {np.__version__}" in printed


def test_a_page_keeps_the_words_around_its_figures():
    page = Page("page", lambda results: "new", ("<a>", "</a>"))
    assert page.replaced("x\n<a>\nold\n</a>\ny") == "x\n<a>\nnew\n</a>\ny"
    with pytest.raises(ValueError, match="page: must hold the lines <a> and </a>"):
        page.replaced("x")
