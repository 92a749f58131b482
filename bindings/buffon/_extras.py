"""Optional companions, loaded on demand."""
import importlib


class MissingExtra(ImportError):
    """A companion that one of Buffon's extras brings is not installed."""


def needed(module, who, extra):
    """The module, or a MissingExtra that says which extra brings it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtra(f"{who} needs {module.partition('.')[0]}: pip install buffon[{extra}]") from error
