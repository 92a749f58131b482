"""Optional companions, loaded on demand."""
import importlib


class MissingExtra(ImportError):
    """A companion that one of Buffon's extras brings is not installed, or does not import."""


def needed(module, who, extra):
    """The module, or a MissingExtra that says which extra brings it, or why it does not import though it is there."""
    companion = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except Exception as error:   # of any kind: the companion's code, or a file in the place of what it imports
        if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] == companion:
            raise MissingExtra(f"{who} needs {companion}: pip install buffon[{extra}]") from error
        raise MissingExtra(
            f"{who} needs {companion}, which is installed but does not import: {type(error).__name__}: {error} "
            "(has a file of yours the name of a module that it imports?)"
        ) from error
