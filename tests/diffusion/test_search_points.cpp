#include <buffon/diffusion/search_points.hpp>

#include <buffon/sobol_sequence.hpp>

#include <doctest/doctest.h>

#include <cmath>

using buffon::Matrix, buffon::Stream;
using buffon::diffusion::search_points;

namespace {

double mean(const Matrix& x, std::int64_t column) {
    double sum = 0;
    for (std::int64_t i = 0; i < x.rows; ++i) sum += x(i, column);
    return sum / static_cast<double>(x.rows);
}

}  // namespace

TEST_CASE("search_points: means and variances of the normal law, with less error than independent draws have") {
    const Matrix x = search_points(64, 16, 3.0, {5, 1});
    double of_variances = 0;
    for (std::int64_t j = 0; j < 16; ++j) {
        CHECK(std::abs(mean(x, j)) < 0.3 * 3.0 / std::sqrt(64));
        double square = 0;
        for (std::int64_t i = 0; i < 64; ++i) square += x(i, j) * x(i, j) / 64;
        of_variances += (square / 9 - 1) * (square / 9 - 1) / 16;
    }
    CHECK(std::sqrt(of_variances) < 0.6 * std::sqrt(2.0 / 64));   // independent draws: about sqrt(2 / 64)
    CHECK(search_points(64, 16, 3.0, {5, 1}).data == x.data);
    CHECK(search_points(64, 16, 3.0, {6, 1}).data != x.data);
}

TEST_CASE("search_points: as many coordinates as a picture has, more than the sequence") {
    const std::int64_t dim = buffon::SobolSequence::max_dim() + 1;
    const Matrix x = search_points(32, dim, 1.0, {5, 1});
    double square = 0;
    for (const double v : x.data) square += v * v;
    const double n = static_cast<double>(x.data.size());
    CHECK(std::abs(square / n - 1) < 5 * std::sqrt(2 / n));
}
