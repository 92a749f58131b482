"""Write the type stubs from what the built package says of itself:  python bindings/make_stubs.py [FOLDER]

One stub for `buffon`, one for each compiled submodule. tests/python/test_stubs.py compares them with the tree.
"""
import importlib
import inspect
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path = [folder for folder in sys.path if Path(folder).resolve() != HERE]   # the built package, not its sources beside us

import buffon  # noqa: E402
from buffon import _buffon, _signatures  # noqa: E402

HEAD = '''"""Types of {name}. Written by bindings/make_stubs.py: do not edit."""
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypeAlias, overload, type_check_only

import matplotlib.axes
import numpy
import pandas
import xarray
from numpy.typing import ArrayLike, NDArray
'''
ALIASES = '''
_Array: TypeAlias = NDArray[numpy.float64]
_Rng: TypeAlias = int | numpy.random.Generator | numpy.random.BitGenerator | numpy.random.SeedSequence | None
_Path: TypeAlias = str | os.PathLike[str]
'''
BASES = """
@type_check_only
class _Law: ...   # for checkers alone: what the laws have in common has no class at run time
@type_check_only
class _UnivariateLaw(_Law): ...
@type_check_only
class _Copula: ...

__version__: str
"""
PRIVATE = r"\b(Array|Rng|Law|UnivariateLaw|Copula)\b"
POSITIONAL = {
    "model": "GaussianMixture | Empirical | Denoiser",
    "table": "Table",
    "tables": "Table | tuple[Any, Table] | Sequence[Any] | Mapping[str, Any]",
    "schedule": "VP | VE | EDM | Cosine | SubVP | Discrete | MeanReverting",
    "problem": "Problem",
    "estimate": "Estimate",
    "sample": "Sample",
    "law": "_Law | None",
    "levels": "Iterable[float] | float",
    "data": "ArrayLike",
    "hierarchy": "list[tuple[Problem, float]]",
}
# what C++ calls a pointer, or an object
RESULTS = {
    "NoiseClassifier.dim": "int",
    "NoiseClassifier.levels": "_Array",
    "NoiseClassifier.loss": "float",
    "NoiseClassifier.history": "_Array",
    "Estimate.sample": "Sample | None",
    "Indices.history": "list[dict[str, Any]]",
    "Indices.shape": "tuple[int, ...]",
    "Estimate.history": "list[dict[str, Any]]",
    "Problem.inputs": "_Law",
    **{f"Assignment.{name}": "NDArray[numpy.int64] | list[NDArray[numpy.int64]]" for name in ("columns", "rows")},
    **{f"Assignment.{name}": "_Array | list[_Array]" for name in ("u", "v")},
    **{f"Assignment.{name}": "float | _Array" for name in ("cost", "gap")},
    "DenoiserCheck.advice": "str",
    "DenoiserCheck.best": "dict[str, Any] | None",
    "DenoiserCheck.error": "_Array",
    "DenoiserCheck.levels": "_Array",
    "DenoiserCheck.linear": "_Array",
    "DenoiserCheck.ok": "bool",
    "TransportReport.bound": "float",
    "TransportStart.mass_bound": "float",
    "TransportStart.memorised": "Estimate | None",
    "Joint.laws": "dict[str, _UnivariateLaw]",
    "Joint.copula": "_Copula | list[_Copula] | None",
}
OPTIONS = {
    "float, dict, list": "float | Mapping[str, Any] | Iterable[float | Mapping[str, float] | None]",
    "law": "_Law",
    "array": "ArrayLike",
    "str or PathLike": "_Path",
    "denoiser": "GaussianMixture | Empirical | Denoiser",
    "callable": "Callable[[Step], bool | None]",
    "callable of Draws": "Callable[[Draws], float]",
    "name of an estimator": "str",
    "callable or dict": "Callable[[_Array], Any] | Mapping[str, tuple[Callable[[_Array], Any], float]] | None",
}
MODEL_ERROR = """
class ModelError(RuntimeError):
    index: int
    point: _Array
    sample: Sample
    partial: Estimate | None
"""
DUNDERS = ("__init__", "__call__", "__getitem__", "__len__")


def clean(annotation):
    """An annotation as text: private aliases get their underscore, quotes go."""
    if annotation is inspect.Parameter.empty:
        return "Any"
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    text = text.strip("\"'").replace("typing.", "").replace("str | os.PathLike[str]", "_Path").replace("buffon.", "")
    text = re.sub(r'Annotated\[(.+?), "FixedSize\(\d+\)"\]', r"\1", text)
    return re.sub(PRIVATE, r"_\1", text).replace("Sequence[float]", "Sequence[float] | _Array")


def option_type(kind):
    """The type of a keyword, from the words its C++ type has in `registry`."""
    if kind == "int, Generator, SeedSequence or None":
        return "_Rng"
    if kind == "callable, bool or None":
        return "Callable[[int, int], Any] | bool | None"
    for ending, more in (
        (", array or None", " | ArrayLike | None"),
        (" or array", " | ArrayLike"),
        (" or a noise classifier", " | NoiseClassifier"),
    ):
        if kind.endswith(ending):
            return option_type(kind.removesuffix(ending)) + more
    if kind.endswith(" or None"):
        return option_type(kind.removesuffix(" or None")) + " | None"
    if kind.startswith("'"):
        return f"Literal[{kind}]"
    if kind.startswith("list of "):
        return f"Iterable[{option_type(kind.removeprefix('list of '))}]"
    return OPTIONS.get(kind, kind)


def parameters(signature, typed):
    """The inside of a stub's brackets."""
    out, starred = [], False
    for p in signature.parameters.values():
        if p.kind is p.KEYWORD_ONLY and not starred:
            out.append("*")
            starred = True
        stars = "**" if p.kind is p.VAR_KEYWORD else ""
        text = p.name if p.name == "self" else f"{stars}{p.name}: {typed(p)}"
        if p.default is not p.empty:
            literal = isinstance(p.default, (bool, int, float, str, type(None))) and repr(p.default).strip("-") != "inf"
            text += f" = {p.default!r}" if literal else " = ..."
        out.append(text)
    return ", ".join(out)


def registered(name, module=buffon, core=_buffon):
    """A registered word: types from the description of its options."""
    kinds = {keyword: option_type(kind) for keyword, kind, _, _ in core.registry[name][1]}
    result = _signatures.annotation(getattr(core, name).__doc__.partition("\n")[0].rpartition(" -> ")[2])
    inside = parameters(inspect.signature(getattr(module, name)), lambda p: kinds.get(p.name) or POSITIONAL.get(p.name, "Any"))
    return f"\ndef {name}({inside}) -> {clean(result)}: ...\n"


def function(name, value, indent=""):
    found = signatures(value)
    out = ""
    for signature in found:
        inside = parameters(signature, lambda p: clean(p.annotation))
        out += f"{indent}@overload\n" if len(found) > 1 else ""
        out += f"{indent}def {name}({inside}) -> {clean(signature.return_annotation)}: ...\n"
    return out or f"{indent}def {name}(*args: Any, **options: Any) -> Any: ...\n"


def signatures(value):
    """All of a function; overloads stand as a numbered list in the docstring."""
    if hasattr(value, "__signature__") or inspect.isfunction(value):
        return [inspect.signature(value)]
    doc = value.__doc__ or ""
    lines = re.findall(r"^\d+\. (.*)", doc, re.MULTILINE) if "Overloaded function" in doc else [doc.partition("\n")[0]]
    return [found for found in map(_signatures.signature, lines) if found]


def attribute(cls, name, value):
    result = (value.fget.__doc__ or "").partition("\n")[0].rpartition(" -> ")[2]
    kind = RESULTS.get(f"{cls.__name__}.{name}") or (clean(_signatures.annotation(result)) if result else "Any")
    return f"    @property\n    def {name}(self) -> {kind}: ...\n"


def class_stub(cls):
    out = ""
    for name, value in sorted(vars(cls).items(), key=lambda item: (item[0] not in DUNDERS, item[0])):
        if name.startswith("_") and (name not in DUNDERS or type(value).__name__ == "wrapper_descriptor"):
            continue
        if isinstance(value, property):
            out += attribute(cls, name, value)
        elif isinstance(value, staticmethod):
            out += "    @staticmethod\n" + function(name, value.__func__, "    ")
        elif callable(value):
            out += function(name, value, "    ")
    base = "_Copula" if cls.__name__.endswith("Copula") else ""
    if hasattr(cls, "log_density") and hasattr(cls, "to_normal"):
        base = "_UnivariateLaw" if hasattr(cls, "cdf") else "_Law"
    if cls.__base__.__module__.startswith("buffon"):
        base = cls.__base__.__name__
    return f"\nclass {cls.__name__}{f'({base})' if base else ''}:\n" + (out or "    ...\n")


def package():
    """The stub of `buffon`."""
    names = [name for name in buffon.__all__ if name != "__version__"]
    values = {name: getattr(buffon, name) for name in names}
    modules = [name for name, value in values.items() if inspect.ismodule(value)]
    out = HEAD.format(name="buffon")
    out += "".join(f"\nfrom buffon import {name} as {name}" for name in sorted(modules)) + "\n" + ALIASES + BASES
    for name in sorted(names):
        value = values[name]
        if value is buffon.ModelError:
            out += MODEL_ERROR
        elif isinstance(value, type):
            out += class_stub(value)
        elif name in _buffon.registry:
            out += registered(name)
        elif callable(value):
            out += "\n" + function(name, value)
    return out


def submodule(name):
    """The stub of `buffon.name`."""
    module = importlib.import_module(f"buffon.{name}")
    core = getattr(_buffon, name)
    out = HEAD.format(name=f"buffon.{name}") + "\nfrom buffon import *\n" + ALIASES
    for key in sorted(module.__all__):
        value = getattr(module, key)
        if isinstance(value, type):
            out += class_stub(value)
        else:
            out += registered(key, module, core) if key in getattr(core, "registry", ()) else "\n" + function(key, value)
    return out


def stubs():
    """File name -> text."""
    compiled = [name for name, value in vars(_buffon).items() if inspect.ismodule(value)]
    return {"__init__.pyi": package(), **{f"{name}.pyi": submodule(name) for name in compiled}}


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "buffon"
    for name, text in stubs().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
