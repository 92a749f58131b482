#include <buffon/diffusion/derivatives.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

using namespace buffon::diffusion;

TEST_CASE("derivatives: exact for polynomials through the nodes") {
    const std::vector<double> nodes{0, -0.7, 0.4, -1.5};
    const auto polynomial = [](double r) { return 2 - 3 * r + 0.5 * r * r + 4 * r * r * r; };
    const std::vector<double> exact{2, -3, 1, 24};
    for (std::size_t k = 0; k < 4; ++k) {
        const std::vector<double> w = derivative(nodes, k);
        double sum = 0;
        for (std::size_t j = 0; j < 4; ++j) sum += w[j] * polynomial(nodes[j]);
        CHECK(sum == doctest::Approx(exact[k]).epsilon(1e-12));
    }
}

TEST_CASE("derivatives: divided differences over the first nodes are exact for the leading power only") {
    const std::vector<double> nodes{0, -0.5, -1.25};
    const auto apply = [&](std::size_t k, const auto& f) {
        const std::vector<double> w = divided_difference(nodes, k);
        double sum = 0;
        for (std::size_t j = 0; j < 3; ++j) sum += w[j] * f(nodes[j]);
        return sum;
    };
    CHECK(apply(1, [](double r) { return 7 + 3 * r; }) == doctest::Approx(3));
    CHECK(apply(1, [](double r) { return r * r; }) == doctest::Approx(-0.5));   // not 0: no correction by the third node
    CHECK(apply(2, [](double r) { return 1 - r + 5 * r * r; }) == doctest::Approx(10));
    CHECK(divided_difference(nodes, 1)[2] == 0);
}
