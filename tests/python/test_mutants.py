"""tests/mutants.toml: every lie still has its place, and the test that is to find it."""
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("mutants", ROOT / "tests/mutants.py")
mutants = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(mutants)


@pytest.mark.parametrize("mutant", mutants.read(), ids=lambda mutant: mutant["name"])
def test_a_lie_has_its_place_and_its_test(mutant):
    text = (ROOT / mutant["file"]).read_text(encoding="utf-8")
    assert mutants.mutated(text, mutant) != text
    path, name = mutants.test_of(mutant)
    assert name in re.sub(r'"\n\s*"', "", (ROOT / path).read_text(encoding="utf-8"))   # of literals in several lines
