#include <algorithm>

#include <doctest/doctest.h>

#include <buffon/diffusion/executor.hpp>
#include <buffon/diffusion/gaussian_mixture.hpp>
#include <buffon/diffusion/sample_given.hpp>
#include <buffon/diffusion/solvers/ancestral.hpp>
#include <buffon/stream.hpp>

using namespace buffon;
using namespace buffon::diffusion;

TEST_CASE("sample_given: the numbers that the key would draw give what sample gives, others do not") {
    Matrix means(2, 2), variances(2, 2, 0.04);
    means.data = {-2, 0, 2, 1};
    const GaussianMixture model = GaussianMixture::diagonal({0.4, 0.6}, means, variances);
    const Table table = ancestral(VP(), {.steps = 4});
    const std::int64_t n = 5, d = 2, rows = std::ranges::count_if(table.rows, [](const Row& row) { return row.noise != 0; });
    REQUIRE(rows >= 2);
    Matrix noises(n, rows * d), part(n, d);
    for (std::int64_t k = 0; k < rows; ++k) {
        Stream{7, start_stream + 1 + static_cast<std::uint32_t>(k)}.normal(0, part);
        for (std::int64_t i = 0; i < n; ++i) std::ranges::copy(part.view().row(i), noises.view().row(i).begin() + k * d);
    }
    const SampleOptions options{.n = n, .rng = 7};
    const std::vector<double> drawn = sample(model, table, options).x.data;
    CHECK(sample_given(model, table, options, noises).x.data == drawn);
    CHECK(sample_given(model, table, options, {}).x.data == drawn);
    noises(3, 1) += 0.5;
    const Draws other = sample_given(model, table, options, noises);
    for (std::int64_t i = 0; i < n; ++i)
        CHECK((std::ranges::equal(other.x.view().row(i), ConstView(drawn.data(), n, d).row(i)) == (i != 3)));
}
