#include <buffon/products.hpp>

namespace buffon {

void subtract_products(ConstView x, ConstView b, View out) {
    for (std::int64_t i = 0; i < out.rows; ++i) {
        double* row = out.row(i).data();
        for (std::int64_t k = 0; k < b.rows; ++k) {
            const double factor = x(i, k);
            const double* coefficients = b.row(k).data();
            for (std::int64_t e = 0; e < b.cols; ++e) row[e] -= factor * coefficients[e];
        }
    }
}

}  // namespace buffon
