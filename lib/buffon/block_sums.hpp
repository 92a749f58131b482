/// Sums of the columns of long tables in fixed blocks of rows, on several threads. Not installed.
#pragma once

#include <buffon/view.hpp>

namespace buffon {

/// (4, E): of each column of r (n, E), sums of max(r, 0), of its square, of max(-r, 0), of its square; see signed_sums
/// of kernels.hpp.
Matrix signed_sums(ConstView r, int threads);

}  // namespace buffon
