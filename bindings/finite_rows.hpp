/// Rows of numbers, none of them NaN or infinite.
#pragma once

#include <cmath>
#include <string>

#include <buffon/errors.hpp>

#include "arrays.hpp"

namespace binder {

/// As to_rows. @throw std::invalid_argument naming the first row that is not finite.
inline Array to_finite_rows(py::handle value, std::int64_t d, const std::string& what) {
    Array rows = to_rows(value, d, what);
    for (py::ssize_t i = 0; i < rows.size(); ++i)
        buffon::require(std::isfinite(rows.data()[i]), what, " must be finite, got ", rows.data()[i], " in row ", i / d);
    return rows;
}

}  // namespace binder
