"""The list of mutants is fresh: each applies to one place, and names a test that exists."""
import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("mutants", ROOT / "tests" / "mutants.py")
mutants = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(mutants)
LIST = mutants.read()


def test_the_list_is_read():
    names = [m["name"] for m in LIST]
    assert len(names) >= 14 and len(names) == len(set(names))
    assert all(set(m) <= {"name", "file", "find", "replace", "caught_by", "inline"} for m in LIST)


@pytest.mark.parametrize("mutant", LIST, ids=lambda m: m["name"])
def test_a_mutant_applies_once_and_names_a_test(mutant):
    text = (ROOT / mutant["file"]).read_text(encoding="utf-8")
    assert mutants.mutated(text, mutant) != text
    path, name = mutants.test_of(mutant)
    tests = (ROOT / path).read_text(encoding="utf-8")
    case = f"def {name.partition('[')[0]}(" if mutants.is_python(path) else f'TEST_CASE("{name}"'
    assert tests.count(case) == 1
