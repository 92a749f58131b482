#include <buffon/laws/score_table.hpp>

#include <algorithm>
#include <array>
#include <numbers>

namespace buffon {
namespace {

constexpr std::size_t terms = 13;
using Coefficients = std::array<double, terms>;

double chebyshev_point(std::size_t i) { return std::cos(std::numbers::pi * (static_cast<double>(i) + 0.5) / terms); }

/// T_k as powers of t: what turns sums of Chebyshev polynomials into sums of powers. Whole numbers, exact.
std::array<Coefficients, terms> chebyshev_powers() {
    std::array<Coefficients, terms> t{};
    t[0][0] = t[1][1] = 1;
    for (std::size_t k = 2; k < terms; ++k)
        for (std::size_t j = 0; j < terms; ++j) t[k][j] = (j > 0 ? 2 * t[k - 1][j - 1] : 0) - t[k - 2][j];
    return t;
}

/// Powers of t of the polynomial through f at the Chebyshev points of [from, to].
Coefficients interpolate(const std::function<double(double)>& f, double from, double to) {
    static const auto powers = chebyshev_powers();
    Coefficients value{}, out{};
    for (std::size_t i = 0; i < terms; ++i) value[i] = f(0.5 * (from + to) + 0.5 * (to - from) * chebyshev_point(i));
    for (std::size_t k = 0; k < terms; ++k) {
        double c = 0;
        for (std::size_t i = 0; i < terms; ++i)
            c += value[i] * std::cos(std::numbers::pi * static_cast<double>(k) * (static_cast<double>(i) + 0.5) / terms);
        c *= (k == 0 ? 1.0 : 2.0) / terms;
        for (std::size_t j = 0; j < terms; ++j) out[j] += c * powers[k][j];
    }
    return out;
}

}  // namespace

ScoreTable::ScoreTable(const std::function<double(double)>& f) {
    for (; panels_per_unit_ <= 32; panels_per_unit_ *= 2) {
        const auto panels = static_cast<std::size_t>(2 * reach * panels_per_unit_);
        const auto edge = [&](std::size_t i) { return static_cast<double>(i) / panels_per_unit_ - reach; };
        coefficients_.clear();
        last_ = static_cast<double>(panels - 1);
        for (std::size_t i = 0; i < panels; ++i) {
            const Coefficients c = interpolate(f, edge(i), edge(i + 1));
            coefficients_.insert(coefficients_.end(), c.begin(), c.end());
        }
        double worst = 0;
        for (std::size_t i = 0; i < panels; ++i)   // near an end of the panel, where interpolation errs most
            for (const double z : {edge(i) + 0.003 / panels_per_unit_, edge(i) + 0.9 / panels_per_unit_}) {
                const double exact = f(z);
                worst = std::max(worst, std::abs((*this)(z) - exact) / (1 + std::abs(exact)));
            }
        error_ = worst;
        if (worst < 4e-15) return;
    }
    panels_per_unit_ /= 2;
}

}  // namespace buffon
