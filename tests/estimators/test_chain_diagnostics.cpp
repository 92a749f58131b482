#include <buffon/chain_diagnostics.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/stream.hpp>

using namespace buffon;

namespace {

/// Autoregressive traces whose innovations come from a formula, so that other programs can make them.
Matrix traces(std::int64_t chains, std::int64_t draws, double memory, double shift = 0.0) {
    Matrix out(chains, draws);
    for (std::int64_t c = 0; c < chains; ++c) {
        double x = 0.0;
        for (std::int64_t t = 0; t < draws; ++t) {
            const double v = std::sin(static_cast<double>(t + 1) * 12.9898 + static_cast<double>(c + 1) * 78.233) * 43758.5453;
            x = memory * x + (v - std::floor(v)) - 0.5;
            out(c, t) = x + shift * static_cast<double>(c);
        }
    }
    return out;
}

struct Known {
    double bulk, tail, identity, r_hat, std_error, sd, mean;
};

/// Values of arviz-stats 0.8.0: ess (bulk, tail with 0.05 and 0.95, identity), rhat (rank), mcse (mean).
void agrees(const Matrix& x, const Known& known) {
    const ChainSummary s = summarise_chains(x);
    CHECK(s.ess_bulk == doctest::Approx(known.bulk).epsilon(1e-9));
    CHECK(s.ess_tail == doctest::Approx(known.tail).epsilon(1e-9));
    CHECK(effective_sample_size(x) == doctest::Approx(known.identity).epsilon(1e-9));
    CHECK(s.r_hat == doctest::Approx(known.r_hat).epsilon(1e-9));
    CHECK(s.std_error == doctest::Approx(known.std_error).epsilon(1e-9));
    CHECK(s.sd == doctest::Approx(known.sd).epsilon(1e-9));
    CHECK(s.mean == doctest::Approx(known.mean).epsilon(1e-9));
}

/// Stationary autoregression of unit variance.
Matrix autoregression(std::uint64_t key, std::int64_t chains, std::int64_t draws, double memory) {
    Matrix out(chains, draws);
    for (std::int64_t c = 0; c < chains; ++c) {
        Matrix z(1, draws);
        Stream{key, static_cast<std::uint32_t>(c)}.normal(0, z);
        out(c, 0) = z(0, 0);
        for (std::int64_t t = 1; t < draws; ++t) out(c, t) = memory * out(c, t - 1) + std::sqrt(1 - memory * memory) * z(0, t);
    }
    return out;
}

}  // namespace

TEST_CASE(
    "chain_diagnostics: effective sizes, R-hat and errors are ArviZ's: slow, fast, apart, alternating, odd and tied "
    "traces") {
    agrees(traces(4, 500, 0.5), {591.182097509, 1140.02939603, 586.63591114, 0.999983302224, 0.0134386046866,
                                 0.329081489003, 0.01370613829383381});
    agrees(traces(4, 501, 0.9), {103.403563778, 212.168939804, 104.117458201, 1.01055965284, 0.0660526232439,
                                 0.671384194717, 0.08085127927531152});
    agrees(traces(3, 200, 0.9, 0.3), {24.6064306654, 34.4190822832, 21.8810248037, 1.14461834717, 0.155534612597,
                                      0.766986328937, 0.48175079382127894});
    Matrix tied = traces(4, 250, 0.5);
    for (double& v : tied.data) v = std::nearbyint(4 * v);
    agrees(tied, {332.280039115, 525.92335798, 331.075378305, 1.00517622276, 0.0742391303282, 1.35751495272, 0.114});
    const ChainSummary alone = summarise_chains(traces(1, 300, -0.5));   // ArviZ has no R-hat of one chain
    CHECK(alone.ess_bulk == doctest::Approx(673.85352721).epsilon(1e-9));
    CHECK(alone.std_error == doctest::Approx(0.0121326853764).epsilon(1e-9).scale(0));
}

TEST_CASE("chain_diagnostics: standing still together is one value, apart it is no sample, and nonsense is refused") {
    Matrix still(3, 10, 2.0);
    CHECK(summarise_chains(still).r_hat == 1.0);
    CHECK(summarise_chains(still).std_error == 0.0);
    for (std::int64_t t = 0; t < 10; ++t) still(1, t) = 3.0;
    CHECK(summarise_chains(still).r_hat == std::numeric_limits<double>::infinity());
    CHECK_THROWS_AS(summarise_chains(Matrix(3, 7)), std::invalid_argument);
    CHECK_THROWS_AS(effective_sample_size(Matrix(3, 3)), std::invalid_argument);
    still(0, 0) = std::nan("");
    CHECK_THROWS_AS(summarise_chains(still), std::invalid_argument);
    CHECK_THROWS_AS(chain_means(Matrix(10, 1), 3, {"x"}), std::invalid_argument);
}

TEST_CASE("chain_diagnostics: errors of means are right for many short chains and for one long one") {
    // the variance of the mean of T draws: (1 + 2 sum_t (1 - t / T) memory^t) / T
    const auto variance = [](double memory, double draws, double chains) {
        double sum = 1.0;
        for (double t = 1; t < draws; ++t) sum += 2 * (1 - t / draws) * std::pow(memory, t);
        return sum / draws / chains;
    };
    for (const auto& [chains, draws, memory] : {std::tuple<std::int64_t, std::int64_t, double>{40, 50, 0.95}, {1, 6000, 0.8}}) {
        double square = 0.0, claimed = 0.0;
        const int replicates = 400;
        for (int r = 0; r < replicates; ++r) {
            Matrix x = autoregression(static_cast<std::uint64_t>(1000 + r), chains, draws, memory);
            x.reshape(chains * draws, 1);
            const Estimate e = chain_means(x, chains, {"x"});
            square += e.value[0] * e.value[0] / replicates;
            claimed += e.covariance(0, 0) / replicates;
        }
        const double truth = variance(memory, static_cast<double>(draws), static_cast<double>(chains));
        CHECK(std::abs(square / truth - 1) < 4 * std::sqrt(2.0 / replicates));   // 4 standard errors
        CHECK(claimed / truth == doctest::Approx(1).epsilon(chains == 1 ? 0.08 : 0.05));   // pieces of 200 draws keep 96 % of it
    }
}
