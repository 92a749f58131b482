"""Compiled functions as models: what a scipy.LowLevelCallable, a numba.cfunc, a ctypes function pointer or a capsule holds."""
import ctypes
import re

_FORMS = {
    "double(int,double*)": "point", "double(double*,int64_t)": "row", "void(int64_t,int64_t,double*,int64_t,double*)": "batch",
}
ACCEPTED = (
    "double (int d, double *x), double (const double *x, int64_t d) or "
    "void (int64_t n, int64_t d, const double *x, int64_t m, double *y), each with or without a last void *user_data"
)
_LONG = ("int64_t", "long long", *(["long"] if ctypes.sizeof(ctypes.c_long) == 8 else []), "ssize_t", "Py_ssize_t", "npy_intp")
_FunctionPointer = ctypes._CFuncPtr   # what all function pointers of ctypes are


def read(model):
    """(form, whether it takes user data, its address, that of its user data), or None for anything but a compiled function.

    Raises
    ------
    TypeError
        For a compiled function of another signature.
    ValueError
        For a null pointer.
    """
    if isinstance(model, _FunctionPointer):
        return _read_ctypes(model)
    if type(model).__name__ == "LowLevelCallable" and isinstance(model, tuple):   # SciPy's; what it holds comes first
        return _read_capsule(tuple.__getitem__(model, 0))
    if type(model).__name__ == "PyCapsule":
        return _read_capsule(model)
    if hasattr(model, "address") and isinstance(getattr(model, "ctypes", None), _FunctionPointer):   # numba.cfunc
        return _read_ctypes(model.ctypes)
    return None


def _read_ctypes(function):
    kept = (getattr(function, "_objects", None) or {}).values()
    if any(type(item).__name__ == "CThunkObject" for item in kept):
        raise TypeError("Problem: model is a Python function behind a pointer of ctypes; give the Python function itself")
    address = ctypes.cast(function, ctypes.c_void_p).value
    if address is None:
        raise ValueError("Problem: model is a null pointer")
    if function.argtypes is None:
        raise TypeError(f"Problem: model is a C function without argtypes and restype; it must be {ACCEPTED}")
    return _understood(_written(function.restype, function.argtypes), address, 0)


def _read_capsule(capsule):
    name, pointer, context = (getattr(ctypes.pythonapi, f"PyCapsule_Get{what}") for what in ("Name", "Pointer", "Context"))
    name.restype, pointer.restype, context.restype = ctypes.c_char_p, ctypes.c_void_p, ctypes.c_void_p
    name.argtypes = context.argtypes = [ctypes.py_object]
    pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    signature = name(capsule)
    return _understood((signature or b"").decode(errors="replace"), pointer(capsule, signature), context(capsule) or 0)


def _understood(signature, address, user_data):
    short = _shortened(signature)
    takes_data = short.endswith(",void*)")
    form = _FORMS.get(short.replace(",void*)", ")"))
    if form is None:
        raise TypeError(f"Problem: model is a C function '{signature}'; it must be {ACCEPTED}")
    if user_data and not takes_data:
        raise TypeError(f"Problem: model has user data, but its signature '{signature}' does not end with void *")
    if takes_data and not user_data:
        raise TypeError(f"Problem: model is a C function '{signature}' without its user data: it would meet a null pointer; "
                        "give scipy.LowLevelCallable(function, data)")
    return form, takes_data, address, user_data


def _shortened(signature):
    """'double (int n, const double *x)' as 'double(int,double*)'."""
    result, _, rest = signature.partition("(")
    return f"{_type(result)}({','.join(map(_type, rest.rpartition(')')[0].split(',')))})"


def _type(text):
    """A C type without const, spaces and the name after it."""
    text = " ".join(re.sub(r"\bconst\b", " ", text).replace("*", " * ").split())
    for word in _LONG:
        text = re.sub(rf"^{word}\b", "int64_t", text)
    found = re.fullmatch(r"(double|int|int64_t|void)( \*)?( (?!(?:double|int|long|unsigned)\b)\w+)?", text)
    return found[1] + (found[2] or "").strip() if found else text


def _written(result, arguments):
    """The signature of a function pointer of ctypes as C writes it."""
    return f"{_name(result)} ({', '.join(map(_name, arguments))})"


def _name(kind):
    known = {None: "void", ctypes.c_double: "double", ctypes.c_int: "int", ctypes.c_int64: "int64_t", ctypes.c_void_p: "void *",
             ctypes.POINTER(ctypes.c_double): "double *"}
    if kind in known:
        return known[kind]
    if getattr(kind, "_dtype_", None) == "float64":   # numpy.ctypeslib.ndpointer
        return "double *"
    return getattr(kind, "__name__", repr(kind))
