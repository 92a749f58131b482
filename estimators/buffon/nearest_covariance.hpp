/// A covariance matrix whose entries were estimated one by one, made positive semidefinite. Not installed.
#pragma once

#include <buffon/view.hpp>

namespace buffon {

/// The same variances; correlations without the negative eigenvalues that rounding and chance have left. A matrix that has
/// none is returned as it is.
Matrix nearest_covariance(const Matrix& matrix);

}  // namespace buffon
