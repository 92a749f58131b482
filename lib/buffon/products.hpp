/// Products of row-major tables in a fixed order of terms. Not installed.
#pragma once

#include <buffon/view.hpp>

namespace buffon {

/// out (n, E) -= x (n, K) b (K, E); the terms of each entry are subtracted one by one, k = 0 first.
void subtract_products(ConstView x, ConstView b, View out);

}  // namespace buffon
