/// What the Python classes of denoisers share: a question from Python as a Query, docstrings of the methods they have in common.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <pybind11/pybind11.h>

#include <buffon/diffusion/denoiser.hpp>

#include "arrays.hpp"

namespace binder {

/// Keeps the arrays that a Query looks at.
struct Asked {
    Array x, sigma;
    std::vector<std::int64_t> labels;   // empty, or one per row

    std::int64_t n() const { return x.shape(0); }
    buffon::diffusion::Query query() const {
        return {{x.data(), x.shape(0), x.shape(1)}, {sigma.data(), static_cast<std::size_t>(sigma.size())}, labels, 0};
    }
};

/// @param function as messages name it: "Empirical.denoise"
Asked ask(const std::string& function, std::int64_t dim, py::handle x, py::handle sigma, py::handle condition);
Array to_noise_levels(const std::string& function, py::handle sigma, std::int64_t n);
/// None: empty; one class or one per row.
std::vector<std::int64_t> to_labels(const std::string& function, py::handle condition, std::int64_t n);

inline buffon::View view_of(Array& a) {   // the first axis holds the rows, the others together the columns
    const py::ssize_t rows = a.shape(0);
    return {a.mutable_data(), rows, rows > 0 ? a.size() / rows : 1};
}

/// f(query, out) without the GIL, into a new array of n rows of the given shape.
template <class F>
Array answer(const Asked& asked, std::vector<py::ssize_t> row, const F& f) {
    row.insert(row.begin(), asked.n());
    Array out(row);
    buffon::View to = view_of(out);
    if (to.rows == 0) return out;
    const buffon::diffusion::Query query = asked.query();
    const py::gil_scoped_release release;
    f(query, to);
    return out;
}

namespace doc {
/// The sections of a method of a denoiser.
inline std::string method(const std::string& summary, const std::string& parameters, const std::string& returns,
                          const std::string& errors) {
    return summary + "\n\nParameters\n----------\n" + parameters + "\n\nReturns\n-------\n" + returns +
           "\n\nRaises\n------\nValueError\n    " + errors;
}
inline const std::string x = "x : array (n, d)\n";
inline const std::string x_anywhere =
    "x : array (n, d)\n    NumPy's; or one of torch or CuPy on a CUDA device: the answer is one too, on the caller's "
    "stream.\n";
inline const std::string sigma = "sigma : float or array (n,)\n    Noise level, of all rows or of each.";
inline const std::string condition =
    "\ncondition : int, array of int (n,) or None\n    Class, of all rows or of each; -1 for none. None: unconditional.";
inline const std::string rng =
    "\nrng : int, Generator, SeedSequence or None\n    An int is the key itself. Same key, same numbers, on any number "
    "of threads.";
inline const std::string errors =
    "If a shape is wrong, ``sigma`` or ``condition`` outside what the model knows, or a row of ``x`` not finite.";
}  // namespace doc

}  // namespace binder
