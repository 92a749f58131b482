"""Laws from words: "a=Normal(1, 2), b=Uniform(0, 1), copula=GaussianCopula({('a', 'b'): 0.3})". Nothing else is evaluated."""
import ast
import math

from buffon import _buffon

_OPERATORS = {ast.USub: lambda v: -v, ast.UAdd: lambda v: v}


def read_law(text):
    """The Joint law that the words describe.

    Raises
    ------
    ValueError
        For words that are no laws with names, saying which.
    """
    try:
        call = ast.parse(f"Joint({text.strip()})", mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"law must be written as name=Law(...), name=Law(...), got {text!r}: {error.msg}") from None
    if call.args or any(word.arg is None for word in call.keywords) or not call.keywords:
        raise ValueError(f"law must be written as name=Law(...), name=Law(...), got {text!r}")
    laws = {word.arg: _value(word.value, text) for word in call.keywords}
    copula = laws.pop("copula", None)
    return _buffon.Joint(laws, copula) if copula is not None else _buffon.Joint(laws)


def _value(node, text):
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float, str)):
        return node.value
    if isinstance(node, ast.Name) and node.id == "inf":
        return math.inf
    if isinstance(node, ast.UnaryOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_value(node.operand, text))
    if isinstance(node, (ast.List, ast.Tuple)):
        items = [_value(item, text) for item in node.elts]
        return items if isinstance(node, ast.List) else tuple(items)
    if isinstance(node, ast.Dict):
        return {_value(key, text): _value(value, text) for key, value in zip(node.keys, node.values, strict=True)}
    if isinstance(node, ast.Call):
        return _maker(node.func, text)(
            *(_value(arg, text) for arg in node.args), **{word.arg: _value(word.value, text) for word in node.keywords}
        )
    raise ValueError(f"law must be made of laws and numbers, got {ast.unparse(node)!r} in {text!r}")


def _maker(node, text):
    """A law, a copula, or one of their named makers such as LogNormal.from_moments."""
    names = [
        name
        for name, cls in vars(_buffon).items()
        if isinstance(cls, type) and (hasattr(cls, "log_density") or name.endswith("Copula")) and name != "Sample"
    ]
    name, maker = (node.value, node.attr) if isinstance(node, ast.Attribute) else (node, None)
    if not isinstance(name, ast.Name) or name.id not in names:
        raise ValueError(f"law: no law {ast.unparse(name)!r}{_buffon._suggestion(ast.unparse(name), names)}")
    cls = getattr(_buffon, name.id)
    if maker is None:
        return cls
    if not maker.startswith("from_") or not hasattr(cls, maker):
        raise ValueError(f"law: {name.id} has no {maker!r}")
    return getattr(cls, maker)
