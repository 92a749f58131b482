#include <buffon/bessel.hpp>

#include <array>
#include <cmath>

#include <buffon/elementary.hpp>
#include <buffon/normal_functions.hpp>

namespace buffon {
namespace {

constexpr int terms = 8;              // U_0 ... U_7
constexpr double large_order = 60;    // U_8(t) / 60^8 is below the rounding of the sum
constexpr std::size_t powers = 3 * (terms - 1) + 1;
using Polynomial = std::array<double, powers>;

/// U_k by DLMF 10.41.9: U_{k+1} = t^2 (1 - t^2) U_k' / 2 + integral from 0 to t of (1 - 5 s^2) U_k(s) ds / 8.
constexpr std::array<Polynomial, terms> make_polynomials() {
    std::array<Polynomial, terms> u{};
    u[0][0] = 1;
    for (std::size_t k = 0; k + 1 < terms; ++k)
        for (std::size_t j = 0; j <= 3 * k; ++j) {
            const double c = u[k][j], power = static_cast<double>(j);
            u[k + 1][j + 1] += c * (0.5 * power + 0.125 / (power + 1));
            u[k + 1][j + 3] -= c * (0.5 * power + 0.625 / (power + 3));
        }
    return u;
}

double value(const Polynomial& p, double t) {
    double sum = 0;
    for (std::size_t j = powers; j-- > 0;) sum = sum * t + p[j];
    return sum;
}

/// order at least `large_order`.
double by_expansion(double order, double x) {
    static constexpr auto u = make_polynomials();
    const double z = x / order, root = std::sqrt(1 + z * z), t = 1 / root;
    double sum = 0;
    for (std::size_t k = terms; k-- > 0;) sum = sum / order + value(u[k], t);
    const double eta = root + elementary::log(z / (1 + root));
    return order * eta - half_log_two_pi - 0.5 * elementary::log(order * root) + elementary::log(sum);
}

}  // namespace

double log_bessel_i(double order, double x) {
    if (order >= large_order) return by_expansion(order, x);
    const int steps = static_cast<int>(std::ceil(large_order - order));
    double log_i = by_expansion(order + steps, x);
    double ratio = elementary::exp(by_expansion(order + steps + 1, x) - log_i);   // I_{q + 1} / I_q; errors fade on the way down
    for (int n = steps; n >= 1; --n) {   // I_{q - 1} / I_q = 2 q / x + I_{q + 1} / I_q: every term is positive
        const double inverse = 2 * (order + n) / x + ratio;
        log_i += elementary::log(inverse);
        ratio = 1 / inverse;
    }
    return log_i;
}

}  // namespace buffon
