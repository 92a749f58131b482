"""Print what pyproject.toml asks for, one requirement a word: the build's, the package's, and of the extras named."""
import sys
from pathlib import Path

try:
    import tomllib
except ModuleNotFoundError:   # Python 3.10
    from pip._vendor import tomli as tomllib

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
extras = [requirement for name in sys.argv[1:] for requirement in project["project"]["optional-dependencies"][name]]
everything = project["build-system"]["requires"] + project["project"]["dependencies"] + extras
print("\n".join(requirement.split(";")[0].strip() for requirement in everything))
