// What form, cross_entropy, subset and line_sampling do with scores that lead nowhere: they end, within their budget, and say so.
#include <buffon/cross_entropy.hpp>
#include <buffon/form.hpp>
#include <buffon/line_sampling.hpp>
#include <buffon/subset.hpp>

#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <buffon/testing.hpp>

using namespace buffon;

namespace {

constexpr std::int64_t dim = 5;

struct Method {
    std::string name;
    std::function<Estimate(const Problem&, const Run&)> run;
};

std::vector<Method> methods() {
    return {{"form", [](const Problem& p, const Run& r) { return form(p, r); }},
            {"form, central",
             [](const Problem& p, const Run& r) { return form(p, r, {.differences = Differences::central}); }},
            {"cross_entropy", [](const Problem& p, const Run& r) { return cross_entropy(p, r); }},
            {"cross_entropy, plain",
             [](const Problem& p, const Run& r) {
                 return cross_entropy(p, r, {.variant = Levels::plain, .components = 1});
             }},
            {"cross_entropy, vmfn",
             [](const Problem& p, const Run& r) { return cross_entropy(p, r, {.family = Family::vmfn}); }},
            {"subset", [](const Problem& p, const Run& r) { return subset(p, r); }},
            {"line_sampling", [](const Problem& p, const Run& r) { return line_sampling(p, r); }}};
}

/// An event with this score, and how often its model was asked.
struct Counted {
    std::int64_t calls = 0;
    Problem problem;

    explicit Counted(const std::function<double(std::span<const double>)>& score)
        : problem(Model([this, score](ConstView x) {
                      Outputs out{Matrix(x.rows, 1), Matrix(x.rows, 1)};
                      calls += x.rows;
                      for (std::int64_t i = 0; i < x.rows; ++i) {
                          out.score(i, 0) = score(x.row(i));
                          out.y(i, 0) = out.score(i, 0) > 0;
                      }
                      return out;
                  }), testing::standard_normal(dim)) {}
};

double sum_of(std::span<const double> x) {
    return std::accumulate(x.begin(), x.end(), 0.0) / std::sqrt(static_cast<double>(dim));
}

}  // namespace

TEST_CASE("events: no score makes a method ask for more than its budget, or count less than it asked for") {
    const double nothing = std::numeric_limits<double>::quiet_NaN();
    const std::vector<std::function<double(std::span<const double>)>> scores{
        [](std::span<const double> x) {
            return -1 - std::exp(-sum_of(x) * sum_of(x));
        },                                                                      // rises for ever, and never arrives
        [](std::span<const double> x) { return x[0] - 50; },                    // out of reach
        [](std::span<const double>) { return -1.0; },                           // the same everywhere
        [](std::span<const double> x) { return sum_of(x) > 4 ? 1.0 : -1.0; },   // a step
        [](std::span<const double> x) { return std::floor(sum_of(x) - 3) + 0.5; },          // stairs
        [=](std::span<const double> x) { return x[0] < -0.5 ? nothing : sum_of(x) - 4; },   // fails often
        [=](std::span<const double>) { return nothing; }};                                  // fails always
    for (const auto& score : scores)
        for (const Method& method : methods())
            for (const std::int64_t budget : {331, 3'000}) {
                CAPTURE(&score - scores.data());
                CAPTURE(method.name);
                Counted event(score);
                try {
                    const Estimate e = method.run(
                        event.problem, {.budget = budget, .rng = 3, .threads = 1, .on_error = OnError::discard});
                    CHECK(e.n == event.calls);
                    CHECK((e.value[0] > 0 || !e.warnings.empty()));
                    CHECK(std::isfinite(e.value[0]));
                } catch (const std::invalid_argument&) {
                    CHECK(&score == &scores.back());   // nothing is left to average
                }
                CHECK(event.calls <= budget);
            }
}

TEST_CASE("events: one that happens everywhere is 1, and nobody complains that it was not reached") {
    for (const Method& method : methods()) {
        CAPTURE(method.name);
        Counted event([](std::span<const double>) { return 1.0; });
        const Estimate e = method.run(event.problem, {.budget = 3'000, .rng = 3, .threads = 1});
        CHECK(e.value[0] == doctest::Approx(1).epsilon(1e-12));
        for (const std::string& warning : e.warnings) CHECK(warning.find("reach") == std::string::npos);
    }
}
