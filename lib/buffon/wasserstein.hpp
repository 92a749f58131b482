/// The exact Wasserstein distance between two samples of equal size, with the matching that attains it.
#pragma once

#include <cstdint>
#include <tuple>
#include <vector>

#include <buffon/fields.hpp>
#include <buffon/view.hpp>

namespace buffon {

struct WassersteinOptions {
    int order = 2;
    static constexpr auto fields() {
        return std::tuple{Field{"order", &WassersteinOptions::order, "1 or 2: the power p of the Euclidean distances"}};
    }
};

struct Wasserstein {
    double distance = 0.0;               // ((1/n) sum_i |x_i - y_partner(i)|^p)^(1/p)
    std::vector<std::int64_t> partner;   // (n): the row of y that each row of x goes to
};

/// By sorting in one dimension, by optimal assignment (assign.hpp) otherwise; costs of up to 11,585 points are held in
/// a table of up to 1 GiB where that is quicker.
/// @param x, y (n, d), n >= 1   @throw std::invalid_argument of different shapes, of what is not finite, of another order.
Wasserstein wasserstein(ConstView x, ConstView y, const WassersteinOptions& options = {});

}  // namespace buffon
