#include <buffon/sobol_device.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include <buffon/device.hpp>
#include <buffon/plain.hpp>
#include <buffon/quasi.hpp>
#include <buffon/sobol.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

std::vector<std::string> devices() {
    const auto all = available_devices();
    return {all.begin() + 1, all.end()};
}

/// Values within 1e-6 of a standard error, and the errors alike.
void check_alike(const Estimate& there, const Estimate& here) {
    REQUIRE(there.size() == here.size());
    CHECK(there.n == here.n);
    CHECK(there.n_failed == here.n_failed);
    const std::vector<double> error = here.std_error(), other = there.std_error();
    for (std::size_t j = 0; j < error.size(); ++j) {
        CHECK(std::abs(there.value[j] - here.value[j]) <= 1e-6 * error[j]);
        CHECK(other[j] == doctest::Approx(error[j]).epsilon(1e-6));
    }
}


}  // namespace

TEST_CASE("plain: on a device the answer of the processor, for any batch") {
    for (const auto& device : devices())
        for (const Problem& problem : {testing::ishigami().problem, testing::cantilever().problem})
            for (const std::int64_t budget : {2, 1000, 65'536, 1'000'003}) {
                CAPTURE(budget);
                const Estimate here = plain(problem, {.budget = budget, .rng = 3});
                const Estimate there = plain(problem, {.budget = budget, .rng = 3, .device = device});
                check_alike(there, here);
                CHECK(plain(problem, {.budget = budget, .rng = 3, .batch = 5'000, .device = device}).value == there.value);
                check_alike(plain(problem, {.budget = budget, .rng = 3, .device = device, .keep = Keep::sample}), here);
            }
}

TEST_CASE("quasi: on a device the answer of the processor, with both scrambles") {
    for (const auto& device : devices())
        for (const Problem& problem : {testing::g_function().problem, testing::cantilever().problem})
            for (const Scramble scramble : {Scramble::linear, Scramble::owen})
                for (const std::int64_t budget : {100, 100'000, 3'000'000}) {
                    CAPTURE(budget);
                    const QuasiOptions options{.scramble = scramble};
                    check_alike(quasi(problem, {.budget = budget, .rng = 5, .device = device}, options),
                                quasi(problem, {.budget = budget, .rng = 5}, options));
                }
}

TEST_CASE("sobol: on a device the indices of the processor, for nets and independent points, fused or by batches") {
    const std::vector<double> a{0, 0.2, 0.5, 1, 1.5, 2, 3, 4, 6, 9, 12, 20, 40, 60, 80, 99};
    for (const auto& device : devices())
        for (const Problem& problem :
             {testing::ishigami().problem, testing::g_function(a).problem, testing::cantilever().problem})
            for (const Points points : {Points::rqmc, Points::iid})
                for (const SobolOptions& options :
                     {SobolOptions{.surrogate = false, .points = points},
                      SobolOptions{.method = SobolMethod::jansen, .points = points},
                      SobolOptions{.surrogate = false, .second_order = true, .points = points}}) {
                    const std::int64_t budget = options.second_order ? 40'000 : 60'000 * (problem.dim() + 2);
                    const Estimate there = sobol(problem, {.budget = budget, .rng = 9, .device = device}, options).joint;
                    const Estimate here = sobol(problem, {.budget = budget, .rng = 9}, options).joint;
                    check_alike(there, here);
                    for (const char* name : {"pareto_k_squares", "effective_rows"}) {   // of rows that the device evaluates itself
                        CAPTURE(name);
                        const auto &a = std::get<std::vector<double>>(there.diagnostics.at(name)),
                                   &b = std::get<std::vector<double>>(here.diagnostics.at(name));
                        REQUIRE(a.size() == b.size());
                        for (std::size_t j = 0; j < a.size(); ++j) CHECK(a[j] == doctest::Approx(b[j]).epsilon(1e-6));
                    }
                }
}
