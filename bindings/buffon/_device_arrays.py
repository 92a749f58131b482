"""Arrays of torch, CuPy and JAX on a CUDA device: where their numbers lie, and new ones like them. What is computed is C++."""
import contextlib
import sys


def look(x, what, dim=None, halves=False):
    """(address, rows, columns, bytes of a number, device, stream) of an array (n, dim) on a device; an error names what is
    wrong."""
    device, stream = _place(x, what)
    where = _interface(x, what)
    shape, strides = where["shape"], where.get("strides")
    if len(shape) != 2 or dim not in (None, shape[1]):
        raise ValueError(f"{what} must have shape (n, {dim or 'd'}), got {tuple(shape)}")
    size = _size(x, where, what, halves)
    if strides is not None and tuple(strides) != (shape[1] * size, size):
        raise ValueError(f"{what} must be C-contiguous on a device: call .contiguous() or ascontiguousarray first")
    return _address(where, size, what), shape[0], shape[1], size, device, stream


def look_at(x, what):
    """(address, shape, is_float32, device, stream) of a C-contiguous array of any shape on a device."""
    module = _module(x, what)
    where = _interface(x, what)
    size = _size(x, where, what)
    if not (x.is_contiguous() if module.__name__ == "torch" else x.flags.c_contiguous):
        raise ValueError(f"{what} must be C-contiguous on a device: call .contiguous() or ascontiguousarray first")
    device, stream = _place(x, what)
    return _address(where, size, what), tuple(where["shape"]), size == 4, device, stream


def like(x, what):
    """A new array of the same kind, shape, dtype and device."""
    with _on(x, what):
        return _module(x, what).empty_like(x)


def table(x, columns, what):
    """A new array (n,), or (n, columns), of the same kind and device."""
    shape = (x.shape[0],) if columns is None else (x.shape[0], columns)
    module = _module(x, what)
    with _on(x, what):
        return x.new_empty(shape) if module.__name__ == "torch" else module.empty(shape, x.dtype)


def address(x):
    return x.__cuda_array_interface__["data"][0]


def _interface(x, what):
    """Where the numbers of x lie; what a library will not say is said with its reason."""
    try:
        return x.__cuda_array_interface__
    except Exception as error:
        if getattr(x, "requires_grad", False):
            raise ValueError(f"{what} has a gradient, which nothing here computes: call .detach() first") from error
        raise TypeError(f"{what} must be float32 or float64 on a device, got {x.dtype}") from error


def _size(x, where, what, halves=False):
    """Bytes of a number."""
    dtype = where["typestr"]
    if dtype not in ("<f4", "<f8") + halves * ("<f2",):
        raise TypeError(f"{what} must be float32 or float64 on a device, got {getattr(x, 'dtype', dtype)}")
    return int(dtype[2])


def _address(where, size, what):
    at = where["data"][0] or 0   # None of no numbers
    if at % size:
        raise ValueError(f"{what} must begin at a multiple of the {size} bytes of its numbers: copy it first")
    return at


def _module(x, what):
    name = type(x).__module__.split(".")[0]
    if name not in ("torch", "cupy"):
        raise TypeError(
            f"{what}: arrays on a device must be of torch or CuPy here, got {type(x).__module__}.{type(x).__name__}"
        )
    return sys.modules[name]


def _on(x, what):
    """CuPy makes arrays, and has streams, of the current device, torch where it is told to."""
    module = _module(x, what)
    return contextlib.nullcontext() if module.__name__ == "torch" else module.cuda.Device(x.device.id)


def _place(x, what):
    if type(x).__module__.startswith("jax"):
        devices = x.block_until_ready().devices()
        if len(devices) != 1:
            raise ValueError(f"{what} must lie on one device, it is spread over {len(devices)}: gather it first")
        device = next(iter(devices))
        return getattr(device, "local_hardware_id", device.id), 0   # its id counts those of other hosts, too
    module = _module(x, what)
    if module.__name__ == "torch":
        return x.device.index, module.cuda.current_stream(x.device).cuda_stream
    with _on(x, what):
        return x.device.id, module.cuda.get_current_stream().ptr
