"""The notebooks run from top to bottom."""
import ast
import json
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def code_cells(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def run_cell(source, space):
    """What the last line gives, unless it ends in a semicolon."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), space)
    value = eval(compile(ast.Expression(last.value), "cell", "eval"), space) if last else None
    return None if source.rstrip().endswith(";") else value


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_something_where_its_author_saw_it(path):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    space = {}
    for cell in code_cells(path):
        value = run_cell("".join(cell["source"]), space)
        shown = [output for output in cell["outputs"] if output["output_type"] == "execute_result"]
        assert len(shown) == (value is not None)
    pictures = [output for cell in code_cells(path) for output in cell["outputs"] if "image/png" in output["data"]]
    assert len(pictures) == len(pyplot.get_fignums()) > 0
    pyplot.close("all")


def test_there_is_a_notebook():
    assert NOTEBOOKS
