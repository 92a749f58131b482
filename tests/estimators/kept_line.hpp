#pragma once
// A linear model of two normals, and what estimators keep of it.

#include <cstdint>
#include <span>
#include <vector>

#include <buffon/aiscv.hpp>
#include <buffon/importance.hpp>
#include <buffon/plain.hpp>
#include <buffon/quasi.hpp>

namespace buffon {

/// y = a + 2 b, normal with mean 1 and variance 8, and 1{y > 6}.
inline const Problem& line() {
    static const Problem problem(
        [](std::span<const double> x) {
            const double y = x[0] + 2 * x[1];
            return std::vector{y, y > 6 ? 1.0 : 0.0};
        },
        Distribution(Joint({Normal(1, 2), Normal(0, 1)}, {"a", "b"})), {"y", "P"});
    return problem;
}

inline Run kept(std::int64_t budget, std::uint64_t key) { return {.budget = budget, .rng = key, .threads = 1, .keep = Keep::sample}; }

inline Sample sample_by(int estimator, std::uint64_t key, std::int64_t budget = 20'000) {
    const Run run = kept(budget, key);
    if (estimator == 0) return *plain(line(), run).sample;
    if (estimator == 1) return *quasi(line(), run).sample;
    if (estimator == 2)
        return *importance(line(), run,
                           {.proposal = Distribution(Joint({Normal(2, 2.5), Normal(0.7, 1.3)}, {"a", "b"}))})
                    .sample;
    return *aiscv(line(), run).sample;
}

}  // namespace buffon
