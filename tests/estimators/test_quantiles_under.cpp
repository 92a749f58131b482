#include <buffon/quantiles_under.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <buffon/plain.hpp>

using namespace buffon;

TEST_CASE("quantiles under two laws share their rows: the difference is known better than either") {
    const Problem problem([](std::span<const double> x) { return x[0]; }, Distribution(Normal()));
    const Sample s = *plain(problem, {.budget = 10'000, .rng = 2, .threads = 1, .keep = Keep::sample}).sample;
    const KeptRows rows("test", s);
    const NewLaws laws{{log_density_of(Distribution(Normal())), log_density_of(Distribution(Normal(0.1, 1)))}, {"", "shifted"}};
    const Estimate e = quantiles_under(rows, laws, {0.9});
    CHECK(e.names == std::vector<std::string>{"q0.9(y)", "shifted: q0.9(y)"});
    const Estimate difference = e.contrast(1, 0);
    CHECK(std::abs(difference.value[0] - 0.1) < 5 * difference.std_error()[0]);
    CHECK(difference.std_error()[0] < 0.9 * e.std_error()[0]);
    CHECK(e.bounds.levels == interval_levels());
    CHECK(level_text(0.999) == "q0.999");
}
