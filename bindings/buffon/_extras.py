"""Optional companions, loaded on demand."""
import importlib


def needed(module, who, extra):
    """The module, or an ImportError that says which extra brings it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(f"{who} needs {module.partition('.')[0]}: pip install buffon[{extra}]") from error
