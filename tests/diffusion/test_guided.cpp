#include <buffon/diffusion/guided.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

using namespace buffon;
using namespace buffon::diffusion;

namespace {

/// Of class c: (c + 1) x; without: -x. Counts its rows.
Denoiser toy(std::int64_t* rows) {
    return {2, [rows](const Query& q, View out) {
                *rows += q.x.rows;
                for (std::int64_t i = 0; i < out.rows; ++i)
                    for (std::int64_t j = 0; j < out.cols; ++j)
                        out(i, j) = q.x(i, j) * (q.labels.empty() || q.labels[static_cast<std::size_t>(i)] < 0
                                                     ? -1.0
                                                     : q.labels[static_cast<std::size_t>(i)] + 1.0);
            },
            {.name = "toy", .classes = 3}};
}

}  // namespace

TEST_CASE("guided: from the unconditional through the conditional denoiser, one call, no second row where none is needed") {
    std::int64_t rows = 0;
    const Denoiser model = guided(toy(&rows), 3.0, {.interval = std::vector<double>{0.5, 2.0}});
    Matrix x(4, 2, 1.0), out(4, 2);
    const std::vector<double> sigma{1.0, 1.0, 0.1, 5.0};
    const std::vector<std::int64_t> labels{1, -1, 1, 2};
    model.denoise({x, sigma, labels, 1}, out);
    CHECK(rows == 5);
    CHECK(out(0, 0) == -1.0 + 3.0 * (2.0 + 1.0));
    CHECK(out(1, 0) == -1.0);
    CHECK(out(2, 0) == 2.0);
    CHECK(out(3, 0) == 3.0);
    CHECK(model.traits().rows(1.0, true) == 2);
    CHECK(model.traits().rows(1.0, false) == 1);
    CHECK(model.traits().rows(0.1, true) == 1);
}

TEST_CASE("guided: rescale gives the conditional denoiser's standard deviation back") {
    std::int64_t rows = 0;
    Matrix x(1, 2), out(1, 2);
    x.data = {1.0, 3.0};
    const double sigma = 1.0;
    const std::vector<std::int64_t> labels{1};
    guided(toy(&rows), 3.0, {.rescale = 1.0}).denoise({x, std::span(&sigma, 1), labels, 1}, out);
    CHECK(std::abs(out(0, 1) - out(0, 0)) == doctest::Approx(2.0 * 2.0));   // twice the deviation of the two numbers of 2 x
}

TEST_CASE("guided: what makes no sense is refused") {
    std::int64_t rows = 0;
    CHECK_THROWS_AS(guided({1, [](const Query&, View) {}}, 2.0), std::invalid_argument);
    CHECK_THROWS_AS(guided(toy(&rows), 2.0, {.interval = std::vector<double>{2.0, 1.0}}), std::invalid_argument);
    CHECK_THROWS_AS(guided(toy(&rows), 2.0, {.rescale = 2.0}), std::invalid_argument);
}
