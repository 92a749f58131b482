#include <buffon/law_columns.hpp>

#include <buffon/stream.hpp>

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

using namespace buffon;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Random numbers on (low, high), and what a user may hand over besides.
std::vector<double> numbers(double low, double high) {
    std::vector<double> x{0.0, -0.0, 1.0, -1.0, 2.0, infinity, -infinity, std::nan(""), 1e-300, 1e300, low, high};
    for (std::int64_t i = 0; i < 500; ++i) x.push_back(low + (high - low) * Stream{3, 0}.uniform(i, 0));
    return x;
}

template <class Column, class Pointwise>
void check_same(std::vector<double> x, const Column& column, const Pointwise& pointwise) {
    const std::vector<double> before = x;
    column(std::span<double>(x));
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double expected = pointwise(before[i]);
        CAPTURE(before[i]);
        CHECK(((std::isnan(x[i]) && std::isnan(expected)) || x[i] == expected));
    }
}

}  // namespace

TEST_CASE("columns: the bits of the law's own functions, for every law") {
    const std::vector<Univariate> laws{Normal(1, 2), LogNormal(0.2, 0.7), Uniform(-1, 3), Gumbel(2, 0.5), Triangular(0, 1, 3)};
    for (const Univariate& any : laws)
        std::visit([](const auto& law) {
            check_same(numbers(0, 1), [&](auto p) { columns::quantile(law, p); }, [&](double p) { return law.quantile(p); });
            check_same(
                numbers(-9, 9), [&](auto z) { columns::from_normal(law, z); },
                [&](double z) { return law.from_normal(z); });
            check_same(numbers(-2, 5), [&](auto x) { columns::to_normal(law, x); }, [&](double x) { return law.to_normal(x); });
            check_same(
                numbers(-2, 5), [&](auto x) { columns::log_density(law, x); },
                [&](double x) { return law.log_density(x); });
        }, any);
}
