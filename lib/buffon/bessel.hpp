/// Logarithm of the modified Bessel function of the first kind, where the function itself leaves the range of doubles.
/// Not installed.
/// Source: uniform expansion for large orders, DLMF 10.41(ii); recurrence from a larger order, DLMF 10.29.1.
#pragma once

namespace buffon {

/// log I_order(x) for order >= 0 and x > 0, to about 5e-13 + 5e-14 |value|.
double log_bessel_i(double order, double x);

}  // namespace buffon
