"""Models that are compiled functions: which are taken, that they need no GIL, that they give the bits of a Python model."""
import ctypes
import gc
import os
import shutil
import subprocess
import threading
import weakref

import numpy as np
import pytest
from scipy import LowLevelCallable

import buffon as bf

LAW = bf.Joint({"a": bf.Normal(), "b": bf.Uniform(1, 2)})
BUDGET = 20_000
COMPILER = os.environ.get("CC") or shutil.which("cc")
Number, Pointer, Long, Data = ctypes.c_double, ctypes.POINTER(ctypes.c_double), ctypes.c_int64, ctypes.c_void_p

SOURCE = r"""
#include <stdint.h>
#include <math.h>

double point(int d, double *x) { double y = x[0] * x[1]; x[0] = x[d - 1] = NAN; return y; }
double point_data(int d, double *x, void *factor) { return *(double *)factor * x[0] * x[d - 1]; }
double row(const double *x, int64_t d) { return x[0] * x[d - 1]; }
double row_data(const double *x, int64_t d, void *factor) { return *(double *)factor * x[0] * x[d - 1]; }
void batch(int64_t n, int64_t d, const double *x, int64_t m, double *y) {
    for (int64_t i = 0; i < n; ++i) {
        y[i * m] = x[i * d] * x[i * d + 1];
        for (int64_t j = 1; j < m; ++j) y[i * m + j] = x[i * d] + j;
    }
}
void batch_data(int64_t n, int64_t d, const double *x, int64_t m, double *y, void *factor) {
    for (int64_t i = 0; i < n; ++i) y[i * m] = *(double *)factor * x[i * d] * x[i * d + 1];
}
double undefined(int d, double *x) { return x[0] > 0 ? x[0] * x[d - 1] : NAN; }

/* Spins until the condition holds; 0 if it never does. */
static volatile int64_t inside, calls;
static volatile int met, released;
#define WAIT_FOR(condition) for (int64_t spins = 0; !(condition) && spins < INT64_C(3000000000); ++spins) {}
void forget(void) { inside = calls = met = released = 0; }
void release(void) { released = 1; }
int64_t arrived(void) { return calls; }
double meeting(int d, double *x) {   /* the first slice of 1,000 points comes alone: it says how many outputs there are */
    if (__sync_fetch_and_add(&calls, 1) >= 1000 && !met) {
        __sync_fetch_and_add(&inside, 1);
        WAIT_FOR(inside >= 2 || met)
        if (inside >= 2) met = 1;
        if (!met) return NAN;
        __sync_fetch_and_sub(&inside, 1);
    }
    return x[0] * x[d - 1];
}
double counting(int d, double *x) { __sync_fetch_and_add(&calls, 1); return x[0] * x[d - 1]; }
double waiting(int d, double *x) {
    __sync_fetch_and_add(&calls, 1);
    WAIT_FOR(released)
    return released ? x[0] * x[d - 1] : NAN;
}
"""
SIGNATURES = {
    "point": (Number, ctypes.c_int, Pointer), "point_data": (Number, ctypes.c_int, Pointer, Data),
    "row": (Number, Pointer, Long), "row_data": (Number, Pointer, Long, Data),
    "batch": (None, Long, Long, Pointer, Long, Pointer), "batch_data": (None, Long, Long, Pointer, Long, Pointer, Data),
    "undefined": (Number, ctypes.c_int, Pointer), "meeting": (Number, ctypes.c_int, Pointer),
    "waiting": (Number, ctypes.c_int, Pointer), "counting": (Number, ctypes.c_int, Pointer),
    "forget": (None,), "arrived": (Long,), "release": (None,),
}


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The functions of SOURCE with their types."""
    folder = tmp_path_factory.mktemp("compiled")
    (folder / "models.c").write_text(SOURCE)
    subprocess.run([COMPILER, "-O1", "-shared", "-fPIC", "-o", folder / "models.so", folder / "models.c", "-lm"], check=True)
    loaded = ctypes.CDLL(str(folder / "models.so"))
    for name, (result, *arguments) in SIGNATURES.items():
        getattr(loaded, name).restype, getattr(loaded, name).argtypes = result, arguments
    return loaded


def run(model, inputs=LAW, outputs=None, threads=1, batch=1_000, **options):
    return bf.plain(bf.Problem(model, inputs, outputs=outputs), budget=BUDGET, batch=batch, threads=threads, rng=9, **options)


def same(a, b):
    np.testing.assert_array_equal(a.value, b.value)
    np.testing.assert_array_equal(a.covariance, b.covariance)
    assert a.names == b.names


@pytest.fixture(scope="module")
def product():
    return run(lambda x: x[:, 0] * x[:, 1])


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("form", ["point", "row", "batch"])
def test_pointers_of_ctypes_are_models(library, product, form, threads):
    for batch in (1_000, BUDGET):   # by batches, and in blocks
        same(run(getattr(library, form), threads=threads, batch=batch), product)


@pytest.mark.parametrize("form", ["point", "row", "batch"])
def test_low_level_callables_are_models(library, product, form):
    same(run(LowLevelCallable(getattr(library, form)), threads=2), product)
    factor = ctypes.c_double(3.0)
    model = LowLevelCallable(getattr(library, f"{form}_data"), ctypes.cast(ctypes.pointer(factor), Data))
    for batch in (1_000, BUDGET):
        same(run(model, batch=batch), run(lambda x: 3.0 * x[:, 0] * x[:, 1]))
    factor.value = 1.0   # the caller's memory, not a copy
    same(run(model), product)


def capsule(function, name):
    make = ctypes.pythonapi.PyCapsule_New
    make.restype, make.argtypes = ctypes.py_object, [Data, ctypes.c_char_p, Data]
    return make(ctypes.cast(function, Data), name, None)


@pytest.mark.parametrize(("form", "name"), [
    ("point", b"double (int, double *)"), ("row", b"double (const double *x, int64_t d)"), ("row", b"double(double*,long)"),
    ("batch", b"void (int64_t n, int64_t d, const double *x, long long m, double *y)"),
    ("point", b"double (int integrals, double *doubles)"), ("row", b"double (const double *interval, long longest)"),
])
def test_capsules_are_models_however_their_signature_is_written(library, product, form, name):
    kept = capsule(getattr(library, form), name)
    same(run(kept), product)
    same(run(LowLevelCallable(kept)), product)


def test_a_batch_function_has_as_many_outputs_as_names(library):
    names = ["product", "one", "two"]
    python = run(lambda x: np.stack([x[:, 0] * x[:, 1], x[:, 0] + 1, x[:, 0] + 2], axis=1), outputs=names)
    same(run(library.batch, outputs=names), python)


def test_python_functions_of_the_output_stay_in_the_thread_of_the_caller(library):
    seen = set()

    def square(y):
        seen.add((threading.get_ident(), y.shape[0] <= 1_000))
        return y**2
    for form in (library.point, library.batch):
        same(run(form, outputs={"square": square}, threads=4), run(lambda x: (x[:, 0] * x[:, 1]) ** 2, outputs=["square"]))
    assert seen == {(threading.get_ident(), True)}


def test_scores_and_thresholds_of_compiled_models(library):
    events = [bf.exceedance(model, LAW, [0.5, 3.0]) for model in (library.row, lambda x: x[:, 0] * x[:, 1])]
    compiled, python = (bf.aiscv(problem, budget=4_000, rng=3) for problem in events)
    same(compiled, python)
    scored = bf.Problem(library.row, LAW, outputs={"P": lambda y: y > 0.5}, score=lambda y: y - 0.5)
    by_hand = bf.Problem(lambda x: x[:, 0] * x[:, 1], LAW, outputs={"P": lambda y: y > 0.5}, score=lambda y: y - 0.5)
    same(bf.aiscv(scored, budget=4_000, rng=3), bf.aiscv(by_hand, budget=4_000, rng=3))


def test_points_that_are_not_finite_are_named_or_counted(library):
    with pytest.raises(bf.ModelError, match=r"plain: the model gave nan for output 'y' at point \d+ \(a = -"):
        run(library.undefined, threads=2)
    discarded = run(library.undefined, threads=2, on_error="discard")
    same(discarded, run(lambda x: np.where(x[:, 0] > 0, x[:, 0] * x[:, 1], np.nan), on_error="discard"))
    assert discarded.n_failed > 0


def test_two_threads_are_inside_the_model_at_the_same_time(library, product):
    library.forget()
    same(run(library.meeting, threads=2), product)   # NaN, an error, if they never met


def test_python_goes_on_while_the_model_runs(library, product):
    library.forget()
    ticked = []

    def tick():
        while library.arrived() == 0:
            pass
        ticked.append("while the model waits")
        library.release()
    thread = threading.Thread(target=tick)
    thread.start()
    same(run(library.waiting), product)   # NaN, an error, if Python could not go on
    thread.join()
    assert ticked


def test_a_run_is_stopped_between_small_batches_and_asks_for_nothing_again(library):
    library.forget()

    def progress(n, budget):
        if n:
            raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt) as caught:
        run(library.counting, threads=2, progress=progress)
    stopped = caught.value   # batches of 1,000, of which threads share sixteen
    assert stopped.partial.n == len(stopped.sample) == library.arrived() == 16_000
    np.testing.assert_array_equal(stopped.sample.x[:, :1] * stopped.sample.x[:, 1:], stopped.sample.y)


def test_the_owner_lives_as_long_as_the_problem(library):
    function = library["row"]   # another pointer than library.row
    function.restype, function.argtypes = Number, [Pointer, Long]
    watched = weakref.ref(function)
    problem = bf.Problem(function, LAW)
    del function
    gc.collect()
    assert watched() is not None and problem([2, 3]) == 6
    del problem
    gc.collect()
    assert watched() is None


def test_numba_functions_are_models(product):
    numba = pytest.importorskip("numba")
    types = numba.types

    @numba.cfunc(types.float64(types.intc, types.CPointer(types.float64)))
    def point(d, x):
        return x[0] * x[d - 1]

    @numba.cfunc(types.float64(types.CPointer(types.float64), types.int64))
    def row(x, d):
        return x[0] * x[d - 1]

    @numba.cfunc(types.void(types.int64, types.int64, types.CPointer(types.float64), types.int64, types.CPointer(types.float64)))
    def batch(n, d, x, m, y):
        points, values = numba.carray(x, (n, d)), numba.carray(y, (n, m))
        for i in range(n):
            values[i, 0] = points[i, 0] * points[i, 1]
    for model in (point, row, batch, LowLevelCallable(point.ctypes)):
        same(run(model, threads=2), product)

    @numba.cfunc(types.float64(types.float64))
    def other(x):
        return x
    with pytest.raises(TypeError, match=r"model is a C function 'double \(double\)'; it must be double \(int d, double \*x\), "):
        bf.Problem(other, LAW)


ACCEPTED = ("double (int d, double *x), double (const double *x, int64_t d) or "
            "void (int64_t n, int64_t d, const double *x, int64_t m, double *y), each with or without a last void *user_data")


@pytest.mark.parametrize(("types", "signature"), [
    ((Number, Number), "double (double)"), ((ctypes.c_float, ctypes.c_int, Pointer), "c_float (int, double *)"),
    ((Number, Pointer, ctypes.c_int), "double (double *, int)"), ((Number, Data, Long), "double (void *, int64_t)"),
    ((None, Long, Pointer, Long, Pointer), "void (int64_t, double *, int64_t, double *)"), ((Number,), "double ()"),
])
def test_other_signatures_are_refused_with_those_that_are_taken(library, refused, types, signature):
    function = library["row"]
    function.restype, function.argtypes = types[0], types[1:]
    refused(TypeError, f"Problem: model is a C function '{signature}'; it must be {ACCEPTED}", lambda: bf.Problem(function, LAW))


def test_a_function_that_takes_user_data_is_refused_without_any(library, refused):
    function = library["point_data"]
    function.restype, function.argtypes = Number, (ctypes.c_int, Pointer, Data)
    text = ("Problem: model is a C function 'double (int, double *, void *)' without its user data: it would meet a null "
            "pointer; give scipy.LowLevelCallable(function, data)")
    refused(TypeError, text, lambda: bf.Problem(function, LAW))


@pytest.mark.parametrize("name", [
    b"double (double)", b"float (int, double *)", b"double (double *, long double)", b"", b"unsigned",
])
def test_capsules_of_other_signatures_are_refused(library, refused, name):
    signature = name.decode()
    refused(TypeError, f"Problem: model is a C function '{signature}'; it must be {ACCEPTED}",
            lambda: bf.Problem(capsule(library.row, name), LAW))


def test_what_would_be_silent_nonsense_is_refused(library, refused):
    refused(TypeError, f"Problem: model is a C function without argtypes and restype; it must be {ACCEPTED}",
            lambda: bf.Problem(library["row"], LAW))
    kind = ctypes.CFUNCTYPE(Number, ctypes.c_int, Pointer)
    refused(ValueError, "Problem: model is a null pointer", lambda: bf.Problem(kind(), LAW))
    hidden = kind(lambda d, x: x[0])   # an exception in it would be lost
    refused(TypeError, "Problem: model is a Python function behind a pointer of ctypes; give the Python function itself",
            lambda: bf.Problem(hidden, LAW))
    data = LowLevelCallable(library.row, ctypes.cast(ctypes.pointer(Number(1)), Data))
    refused(TypeError, "Problem: model has user data, but its signature 'double (double *, long)' does not end with void *",
            lambda: bf.Problem(data, LAW))
    refused(ValueError, "Problem: a function of C with 1 output got 2 names",
            lambda: bf.Problem(library.row, LAW, outputs=["a", "b"]))
