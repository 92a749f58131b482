#include <buffon/new_laws.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <buffon/plain.hpp>

using namespace buffon;

namespace {

const Problem& identity() {
    static const Problem problem([](std::span<const double> x) { return x[0]; }, Distribution(Normal()));
    return problem;
}

Sample thousand(std::uint64_t key) {
    return *plain(identity(), {.budget = 1'000, .rng = key, .threads = 1, .keep = Keep::sample}).sample;
}

/// Normal laws with these means.
NewLaws shifts(const std::vector<double>& means) {
    NewLaws laws;
    for (const double mean : means) {
        laws.densities.push_back(log_density_of(Distribution(Normal(mean, 1))));
        laws.names.push_back("mean " + std::to_string(mean).substr(0, 3));
    }
    return laws;
}

}  // namespace

TEST_CASE("a density by any function weighs the rows: half the law without a sign") {
    const Sample s = thousand(1);
    const KeptRows rows("test", s);
    NewLaws laws;
    laws.densities.push_back([](ConstView x, std::span<double> out) {
        for (std::int64_t i = 0; i < x.rows; ++i)
            out[static_cast<std::size_t>(i)] =
                x(i, 0) < 0 ? -INFINITY : std::log(2.0) - 0.5 * x(i, 0) * x(i, 0) - 0.5 * std::log(2 * M_PI);
    });
    laws.names = {""};
    const Estimate e = means_under(rows, laws, false, true);
    CHECK(std::abs(e.value[0] - std::sqrt(2 / M_PI)) < 5 * e.std_error()[0]);
    CHECK(e.names == std::vector<std::string>{"y"});
}

TEST_CASE("effective size and mean of the weights are those of their closed form") {
    const Sample s = thousand(2);
    const KeptRows rows("test", s);
    const NewLaws laws = shifts({0.0, 0.5});
    Estimate e = means_under(rows, laws, false, true);
    CHECK(e.names == std::vector<std::string>{"mean 0.0: y", "mean 0.5: y"});
    CHECK_NOTHROW(judge(rows, laws, Doubtful::raise, e));
    const auto& size = std::get<std::vector<double>>(e.diagnostics.at("effective_size"));
    CHECK(size[0] == doctest::Approx(1'000));
    CHECK(size[1] == doctest::Approx(1'000 / std::exp(0.25)).epsilon(0.15));   // E[w^2] = exp(shift^2)
    CHECK(std::get<std::vector<double>>(e.diagnostics.at("mean_weight"))[1] == doctest::Approx(1).epsilon(0.1));
    CHECK(e.warnings.empty());
}
