"""Compiled functions with Python signatures: for `inspect`, editors, type stubs, and errors that name the argument.

pybind11 puts a signature into the first line of a docstring and answers a wrong call with a list of all it would take.
`seal` replaces each function by one that has a real signature and says which argument was wrong.
"""
import ast
import functools
import inspect
import re

from buffon import _buffon

# What an argument is, by its name, where C++ takes any object: a name means the same in every function.
_BY_NAME = {
    "costs": "ArrayLike | Sequence[ArrayLike]",
    "model": "Callable[[Any], Any]",
    "inputs": "Law | Mapping[str, Any]",
    "law": "Law",
    "thresholds": "Iterable[float] | float",
    "outputs": "Iterable[str] | Mapping[str, Callable[[Any], Any]] | None",
    "score": "Callable[[Any], Any] | None",
    "copula": "Copula | Iterable[Copula] | None",
    "names": "Iterable[str] | None",
    "data": "ArrayLike",
    "marginals": "str | Mapping[str, str]",
    "points": "ArrayLike",
    "bandwidth": "float | str | None",
    "bins": "int | str",
    "correlation": "ArrayLike | Mapping[tuple[str, str], float]",
    "laws": "Mapping[str, UnivariateLaw] | Iterable[UnivariateLaw]",
    "components": "Iterable[Normal | MultivariateNormal]",
    "rng": "Rng",
    "path": "str | os.PathLike[str]",
    "i": "int | str",
    "j": "int | str",
    "key": "int | str",
    "condition": "ArrayLike | None",
    "f": "Callable[[Any], Any]",
    "known": "Mapping[int | str, float]",
    **dict.fromkeys(("x", "y", "u", "p", "t", "sigma", "lam", "grid"), "ArrayLike"),
    **dict.fromkeys(
        ("mean", "location", "scale", "covariance", "weights", "log_density", "edges", "means", "covariances"),
        "ArrayLike",
    ),
}
_PLAIN = {
    "typing.SupportsFloat | typing.SupportsIndex": "float", "typing.SupportsInt | typing.SupportsIndex": "int",
    "numpy.typing.NDArray[numpy.float64]": "Array", "numpy.typing.NDArray": "NDArray", "numpy.ndarray": "Array",
    "collections.abc.": "", "typing.": "",
}
_CPP_NAME = re.compile(r"^(\w+)::(\w+)(?=: )")   # of a static method, as its C++ says it
_ANYTHING = ("object", "handle", "collections.abc.Iterable", "collections.abc.Callable")
# Keywords that all estimators share: a Problem has none of them.
_OF_RUNS = ("budget", "target_error", "rng", "batch", "threads", "device", "on_error", "keep", "progress")
# What satisfies an annotation, and how to say so.
_REQUIREMENTS = {
    "float": (lambda v: hasattr(v, "__float__") or hasattr(v, "__index__"), "a number"),
    "int": (lambda v: hasattr(v, "__index__"), "an integer"),
    "bool": (lambda v: isinstance(v, bool), "True or False"),
    "str": (lambda v: isinstance(v, str), "a string"),
    "Sequence[float]": (lambda v: _all(v, "float"), "a list of numbers"),
    "Sequence[str]": (lambda v: _all(v, "str"), "a list of strings"),
    "Callable": (callable, "callable"),
    "Iterable": (lambda v: hasattr(v, "__iter__"), "a list"),
}


def seal(module):
    """Replace the compiled functions of a module and of its classes; registered words become functions elsewhere."""
    registered = getattr(module, "registry", ())
    for name, value in list(vars(module).items()):
        if isinstance(value, type):
            value.__module__ = value.__module__.replace("._buffon", "")
            for key, member in list(vars(value).items()):
                if key == "__init__" or not key.startswith("_"):
                    _seal_member(value, key, member)
        elif inspect.isbuiltin(value) and not name.startswith("_") and name not in registered:
            setattr(module, name, _sealed(value, name) or value)


def _seal_member(cls, key, member):
    core = member.__func__ if isinstance(member, staticmethod) else member
    if type(core).__name__ != "instancemethod" and not inspect.isbuiltin(core):
        return
    call = _sealed(core, cls.__name__, cls) if key == "__init__" else _sealed(core, key)
    if call is None:
        return
    call.__name__, call.__qualname__, call.__module__ = key, f"{cls.__name__}.{key}", cls.__module__
    setattr(cls, key, staticmethod(call) if isinstance(member, staticmethod) else call)


def _sealed(core, name, cls=None):
    """A function that calls `core`, or None where its docstring tells no signature; `cls` is what a constructor makes."""
    line, _, doc = (core.__doc__ or "").partition("\n")
    found = signature(line)
    if found is None:
        return None

    def call(*args, **options):
        try:
            return core(*args, **options)
        except TypeError as error:
            if "incompatible" not in str(error).partition("\n")[0]:
                raise
        except ValueError as error:
            if type(error) is not ValueError or not _CPP_NAME.match(str(error)):
                raise
            raise ValueError(_CPP_NAME.sub(r"\1.\2", str(error), count=1)) from None
        raise TypeError(f"{name}: {_complaint(found, args, options)}{_other_maker(cls, found, options)}")

    functools.update_wrapper(call, core, assigned=("__name__",), updated=())
    del call.__wrapped__
    call.__signature__ = found
    call.__doc__ = doc.strip("\n") or None
    return call


def _other_maker(cls, found, options):
    """Which static method of a class takes the keywords that its constructor does not know."""
    unknown = [key for key in options if key not in found.parameters]
    for key, member in vars(cls).items() if cls and unknown else ():
        if isinstance(member, staticmethod) and key.startswith("from_"):
            known = inspect.signature(member.__func__).parameters
            if all(word in known for word in unknown):
                return f"; {cls.__name__}.{key} takes '{unknown[0]}'"
    return ""


def signature(line):
    """The signature in the first line of a pybind11 docstring, annotations as text; None if there is none."""
    head, bracket, rest = line.partition("(")
    if not bracket or " " in head or "*args" in rest:
        return None
    inside, _, result = rest.rpartition(") -> ")
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = []
    for text in _split(inside):
        if text in ("*", "/"):
            kind = inspect.Parameter.KEYWORD_ONLY if text == "*" else kind
            continue
        typed, _, default = text.partition(" = ")
        name, _, written = typed.partition(": ")
        annotated = annotation(written, name)
        if default == "None" and annotated not in ("Any", "Rng") and "None" not in annotated:   # an Rng may be None
            annotated += " | None"
        parameters.append(inspect.Parameter(name, kind, annotation=inspect.Parameter.empty if name == "self" else annotated,
                                            default=_default(default) if default else inspect.Parameter.empty))
    return inspect.Signature(parameters, return_annotation=annotation(result))


def annotation(written, name=None):
    """pybind11's name of a type as Buffon's stubs write it."""
    if written in _ANYTHING or written.startswith("typing.Annotated"):
        return _BY_NAME.get(name, "Any")
    for long, short in _PLAIN.items():
        written = written.replace(long, short)
    return re.sub(r"\bbuffon\.(\w+\.)*", "", written)


def _split(text):
    """Pieces between the commas outside of brackets and quotes."""
    pieces, depth, begin, quoted = [], 0, 0, False
    for i, letter in enumerate(text):
        quoted ^= letter == "'"
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0 and not quoted:
            pieces.append(text[begin:i].strip())
            begin = i + 1
    last = text[begin:].strip()
    return [*pieces, last] if last else pieces


def _default(text):
    for read in (ast.literal_eval, float):   # float reads inf
        try:
            return read(text)
        except (ValueError, SyntaxError):
            continue
    return ...


def _complaint(found, args, options):
    """What is wrong with the arguments of a call that C++ refused."""
    unknown = [key for key in options if key not in found.parameters]
    if unknown and unknown[0] in _OF_RUNS and "model" in found.parameters:
        return f"unknown keyword '{unknown[0]}': it belongs to the run, as in bf.plain(problem, {unknown[0]}=...)"
    if unknown:
        known = [p for p in found.parameters if p != 'self']
        return f"unknown keyword '{unknown[0]}'{_buffon._keyword_suggestion(unknown[0], known)}"
    try:
        given = found.bind(*args, **options).arguments
    except TypeError as error:
        return str(error)
    for name, value in given.items():
        if isinstance(value, str) and str(found.parameters[name].annotation).startswith("Sequence[str]"):
            return f"{name} must be a list of names, got a str: [{value!r}]"
        fits, wanted = _requirement(found.parameters[name].annotation)
        if not fits(value):
            text = repr(value).partition("\n")[0]
            return f"{name} must be {wanted}, got {type(value).__name__} {text if len(text) <= 80 else text[:80] + '...'}"
        if wanted == "an integer" and not -2**63 <= value < 2**63:
            return f"{name} is too large, got {value}"
    return f"arguments must be {found}, got " + ", ".join(type(value).__name__ for value in given.values())


def _requirement(annotation):
    if annotation in _REQUIREMENTS:
        return _REQUIREMENTS[annotation]
    for prefix in ("Callable", "Iterable"):
        if str(annotation).startswith(prefix):
            return _REQUIREMENTS[prefix]
    cls = getattr(_buffon, str(annotation), None)
    if isinstance(cls, type):
        return lambda value: isinstance(value, cls), f"{'an' if cls.__name__[0] in 'AEIOU' else 'a'} {cls.__name__}"
    return lambda value: True, ""


def _all(values, kind):
    return hasattr(values, "__iter__") and not isinstance(values, (str, bytes, dict)) and all(map(_REQUIREMENTS[kind][0], values))


for _module in (_buffon, *(value for value in vars(_buffon).values() if inspect.ismodule(value))):
    seal(_module)
