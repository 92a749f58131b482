"""Arrays of torch and CuPy on a CUDA device: where their numbers lie, and new ones like them. What is computed is C++."""
import sys


def look(x, what, dim=None, halves=False):
    """(address, rows, columns, bytes of a number, device, stream) of an array (n, dim) on a device; an error names what is
    wrong."""
    device, stream = _place(x)
    where = x.__cuda_array_interface__
    shape, dtype, strides = where["shape"], where["typestr"], where.get("strides")
    if len(shape) != 2 or dim not in (None, shape[1]):
        raise ValueError(f"{what} must have shape (n, {dim or 'd'}), got {tuple(shape)}")
    if dtype not in ("<f4", "<f8") + halves * ("<f2",):
        raise TypeError(f"{what} must be float32 or float64 on a device, got {dtype}")
    size = int(dtype[2])
    if strides is not None and tuple(strides) != (shape[1] * size, size):
        raise ValueError(f"{what} must be C-contiguous on a device: call .contiguous() or ascontiguousarray first")
    return where["data"][0], shape[0], shape[1], size, device, stream


def look_at(x, what):
    """(address, shape, is_float32, device, stream) of a C-contiguous array of any shape on a device."""
    where = x.__cuda_array_interface__
    shape, dtype = tuple(where["shape"]), where["typestr"]
    if dtype not in ("<f4", "<f8"):
        raise TypeError(f"{what} must be float32 or float64 on a device, got {dtype}")
    if not (x.is_contiguous() if _module(x).__name__ == "torch" else x.flags.c_contiguous):
        raise ValueError(f"{what} must be C-contiguous on a device: call .contiguous() or ascontiguousarray first")
    device, stream = _place(x)
    return where["data"][0], shape, dtype == "<f4", device, stream


def like(x):
    """A new array of the same kind, shape, dtype and device."""
    return _module(x).empty_like(x)


def table(x, columns):
    """A new array (n,), or (n, columns), of the same kind and device."""
    shape = (x.shape[0],) if columns is None else (x.shape[0], columns)
    return x.new_empty(shape) if _module(x).__name__ == "torch" else _module(x).empty(shape, x.dtype)


def address(x):
    return x.__cuda_array_interface__["data"][0]


def _module(x):
    name = type(x).__module__.split(".")[0]
    if name not in ("torch", "cupy"):
        raise TypeError(f"arrays on a device must be of torch or CuPy here, got {type(x).__module__}.{type(x).__name__}")
    return sys.modules[name]


def _place(x):
    if type(x).__module__.startswith("jax"):
        return x.block_until_ready().device.id, 0
    module = _module(x)
    if module.__name__ == "torch":
        return x.device.index, module.cuda.current_stream(x.device).cuda_stream
    return x.device.id, module.cuda.get_current_stream().ptr
