#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include <buffon/aiscv.hpp>
#include <buffon/device.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

/// Values within 1e-6 of a standard error, the same decisions, the same doubts.
void check_alike(const Estimate& there, const Estimate& here) {
    REQUIRE(there.size() == here.size());
    CHECK(there.n == here.n);
    CHECK(there.warnings == here.warnings);
    for (const char* decision : {"batches", "adaptation_n", "components", "points", "replicates"}) {
        CAPTURE(decision);
        REQUIRE(there.diagnostics.count(decision) == here.diagnostics.count(decision));   // independent points have no replicates
        if (here.diagnostics.count(decision) > 0) CHECK(there.diagnostics.at(decision) == here.diagnostics.at(decision));
    }
    const std::vector<double> error = here.std_error(), other = there.std_error();
    for (std::size_t j = 0; j < error.size(); ++j) {
        CHECK(std::abs(there.value[j] - here.value[j]) <= 1e-6 * error[j]);
        CHECK(other[j] == doctest::Approx(error[j]).epsilon(1e-6));
    }
}

}  // namespace

TEST_CASE("aiscv: on a device the answer of the processor, for few laws and for many with their own controls") {
    for (std::size_t d = 1; d < available_devices().size(); ++d)
        for (const std::int64_t count : {3, 100})
            for (const Points points : {Points::rqmc, Points::iid}) {
                CAPTURE(count);
                const auto laws = testing::cantilever_laws(count);
                const AiscvOptions options{.points = points, .laws = laws.laws};
                const std::int64_t budget = points == Points::iid ? 20'000 : 200'000;
                check_alike(aiscv(laws.problem, {.budget = budget, .rng = 2, .device = available_devices()[d]}, options),
                            aiscv(laws.problem, {.budget = budget, .rng = 2}, options));
            }
}

TEST_CASE("aiscv: on a device the answer of the processor, for laws that a small block has, a large one, and shared memory") {
    for (std::size_t d = 1; d < available_devices().size(); ++d)
        for (const std::int64_t count : {150, 300, 600}) {
            CAPTURE(count);
            const auto laws = testing::cantilever_laws(count);
            const AiscvOptions options{.laws = laws.laws};
            check_alike(aiscv(laws.problem, {.budget = 200'000, .rng = 5, .device = available_devices()[d]}, options),
                        aiscv(laws.problem, {.budget = 200'000, .rng = 5}, options));
        }
}

TEST_CASE("aiscv: one law on a device, its last sample by batches, and a run that goes on") {
    for (std::size_t d = 1; d < available_devices().size(); ++d) {
        const std::string device = available_devices()[d];
        const Problem problem = testing::cantilever().problem;
        check_alike(aiscv(problem, {.budget = 30'000, .rng = 4, .device = device}), aiscv(problem, {.budget = 30'000, .rng = 4}));
    }
}

TEST_CASE("in brief: aiscv: a small sample on a device, of laws for each kind of block") {
    for (std::size_t d = 1; d < available_devices().size(); ++d)
        for (const std::int64_t count : {3, 150, 600}) {
            CAPTURE(count);
            const auto laws = testing::cantilever_laws(count);
            const AiscvOptions options{.laws = laws.laws};
            check_alike(aiscv(laws.problem, {.budget = 70'000, .rng = 5, .device = available_devices()[d]}, options),
                        aiscv(laws.problem, {.budget = 70'000, .rng = 5}, options));
        }
}
