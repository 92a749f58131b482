/// What the Python classes of laws share. C++ side: laws.cpp, copulas.cpp, multivariate.cpp.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <pybind11/pybind11.h>

#include <buffon/dependence.hpp>
#include <buffon/distribution.hpp>
#include <buffon/laws/univariate.hpp>

#include "arrays.hpp"

namespace binder {

namespace py = pybind11;

/// As short as it may be for float(...) to give the same number again.
std::string text_of(double value);
std::string text_of(const buffon::Univariate& law);

/// The univariate law that a Python object is, if any; the names of all of them.
std::optional<buffon::Univariate> find_univariate(py::handle law);
std::string univariate_names();
/// @throw py::type_error, beginning with `where`.
buffon::Univariate to_univariate(py::handle law, const std::string& where);

/// Rows 0 ... n - 1 of the law's sample of stream 0 of the key.
py::array_t<double> sample(const buffon::Distribution& law, std::int64_t n, std::uint64_t key);

/// None, a copula or a list of them, as Python has it, for inputs with these laws and names; and back.
buffon::Dependence to_dependence(py::handle copula, const std::vector<buffon::Univariate>& laws,
                                 const std::vector<std::string>& names);
py::object from_dependence(const buffon::Dependence& dependence, const std::vector<std::string>& names);

/// The Python description of a copula of all inputs (no names) or of these.
py::object from_copula(const buffon::Copula& copula, std::vector<std::string> names);

}  // namespace binder
