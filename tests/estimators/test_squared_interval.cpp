#include <buffon/squared_interval.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include <boost/math/distributions/non_central_chi_squared.hpp>
#include <doctest/doctest.h>

#include <buffon/stream.hpp>
#include <buffon/view.hpp>

using namespace buffon;

namespace {

/// Share of 95 % intervals that hold |mu|^2, of draws of m ~ N(mu, diag(variances)), and of those wholly above it.
struct Shares {
    double held = 0.0, above = 0.0;
};

Shares shares(const Matrix& mu, const Matrix& variances, std::uint64_t key, bool uneven = false, double beside = 0.0) {
    constexpr std::int64_t draws = 4000;
    const std::int64_t d = mu.cols;
    double exact = 0.0, bias = 0.0, largest = 0.0;
    for (std::int64_t j = 0; j < d; ++j) {
        exact += mu(0, j) * mu(0, j), bias += variances(0, j);
        largest = std::max(largest, variances(0, j));
    }
    Matrix z(draws, d + 1);
    Stream{key}.normal(0, z);
    Shares out;
    for (std::int64_t i = 0; i < draws; ++i) {
        double raw = 0.0, along = 0.0;
        for (std::int64_t j = 0; j < d; ++j) {
            const double m = mu(0, j) + std::sqrt(variances(0, j)) * z(i, j);
            raw += m * m, along += 4 * m * m * variances(0, j);
        }
        raw += std::sqrt(beside) * z(i, d);
        const auto [low, high] = uneven ? squared_interval(std::max(0.0, raw), bias, along, largest, beside, 0.95)
                                        : squared_interval(raw, bias, along, 0.95);
        out.held += (low <= exact && exact <= high) / static_cast<double>(draws);
        out.above += (low > exact) / static_cast<double>(draws);
    }
    return out;
}

}  // namespace

TEST_CASE("squared_interval: a squared normal number is covered as often as said, near to 0 at least so often") {
    for (const double mean : {0.5, 1.0, 2.0, 3.0, 10.0, 1000.0}) {
        CAPTURE(mean);
        const Shares s = shares(Matrix(1, 1, mean), Matrix(1, 1, 1.0), 5);
        const double said = mean < 1.9 ? 0.975 : 0.95;         // where no upper end is so small
        CHECK(std::abs(s.held - said) < 0.0145);              // 5 s.d. of one share and the two-sidedness that is lost at 0
        CHECK(std::abs(s.above - 0.025) < 5 * std::sqrt(0.025 / 4000));
    }
    CHECK(shares(Matrix(1, 1, 0.0), Matrix(1, 1, 1.0), 5).held > 0.96);   // 0 is never too high
}

TEST_CASE("squared_interval: in many directions, of one error and of others") {
    Matrix mu(1, 16), equal(1, 16, 0.04), other(1, 16);
    for (std::int64_t j = 0; j < 16; ++j) other(0, j) = 0.002 * static_cast<double>(1 + j * j);
    for (const double size : {0.0, 0.1, 0.5, 2.0}) {
        CAPTURE(size);
        for (std::int64_t j = 0; j < 16; ++j) mu(0, j) = size / 4 * (j % 3 == 0 ? -1 : 1);
        CHECK(std::abs(shares(mu, equal, 6).held - 0.955) < 0.03);
        CHECK(std::abs(shares(mu, other, 7).held - 0.955) < 0.03);
    }
}

TEST_CASE("squared_interval: what comes out smaller than noise makes it is not certain of 0") {
    const double least = squared_interval(0.0406, 1, 4 * 0.0406, 0.95).second;   // |m|^2 at the 16 % quantile of one degree
    CHECK(least == doctest::Approx(3.763).epsilon(1e-3));   // of |N(1.940, 1)| a 40th is below 0.2019
    for (const double raw : {1e-12, 1e-4, 0.02})
        CHECK(squared_interval(raw, 1, 4 * raw, 0.95).second == doctest::Approx(least).epsilon(1e-3));
    CHECK(squared_interval(0.1, 1, 0.4, 0.95).second > least);
    CHECK(squared_interval(60, 100, 4 * 60, 0.95).first == 0);
    CHECK(squared_interval(60, 100, 4 * 60, 0.95).second > 10);   // of 100 degrees: their 16 % quantile is 86
}

TEST_CASE("squared_interval: a length along the direction with most noise is covered near 0, too, another error beside it") {
    // variances as those of a kernel's features fall; along the first one the plain form sees too little noise
    Matrix falling(1, 12), mu(1, 12);
    for (std::int64_t j = 0; j < 12; ++j) falling(0, j) = std::pow(0.6, static_cast<double>(j));
    double least_plain = 1, least = 1, most = 0;
    for (const double size : {0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 20.0}) {
        CAPTURE(size);
        mu(0, 0) = size;
        least_plain = std::min(least_plain, shares(mu, falling, 8).held);
        const double held = shares(mu, falling, 8, true).held;
        least = std::min(least, held);
        most = std::max(most, held);
        if (size >= 3) CHECK(std::abs(shares(mu, falling, 9, true, 4.0).held - 0.955) < 0.025);
    }
    MESSAGE("least " << least << ", most " << most << ", without the largest variance " << least_plain);
    CHECK(least_plain < 0.92);
    CHECK(least > 0.937);
    CHECK(most < 0.99);
    const auto [low, high] = squared_interval(9, 1, 36, 1, 0, 0.95);   // one direction: nothing is uneven
    CHECK(low == doctest::Approx(squared_interval(9, 1, 36, 0.95).first).epsilon(1e-12));
    CHECK(high == doctest::Approx(squared_interval(9, 1, 36, 0.95).second).epsilon(1e-12));
    CHECK_THROWS_AS((void)squared_interval(1, 0, 1, -1, 0, 0.95), std::invalid_argument);
}

TEST_CASE("squared_interval: ends have the probabilities of their level by Boost's noncentral law") {
    const std::vector<double> levels{0.5, 0.8, 0.95, 0.999};
    int ends = 0;
    const auto lies = [&](double nu, double x, double end, double probability) {
        if (end == 0) {
            CHECK(cdf(boost::math::chi_squared(nu), x) <= probability * (1 + 1e-9));
            return;
        }
        const boost::math::non_central_chi_squared law(nu, end);
        const double error = cdf(law, x) - probability, slope = pdf(boost::math::non_central_chi_squared(nu + 2, end), x);
        CHECK(std::abs(error) < slope * end * 1e-10 + 1e-14);
        ++ends;
    };
    for (const double nu : {1e-6, 1e-3, 0.1, 1.0, 2.5, 100.0, 1e4, 1e5})
        for (const double x : {1e-12, 1e-3, 0.3, 1.0, 5.0, 90.0, 115.0, 1e3, 1.01e4, 9.9e4}) {
            CAPTURE(nu);
            CAPTURE(x);
            const double least = quantile(boost::math::chi_squared(nu), 0.16), told = std::max(x, least);
            for (const double level : levels) {
                CAPTURE(level);
                const auto [low, high] = squared_interval(x, nu, 4 * x, level);   // s = 1
                lies(nu, x, low, 0.5 + 0.5 * level);
                lies(nu, told, high, 0.5 - 0.5 * level);
            }
        }
    CHECK(ends > 300);
    // an |m|^2 of next to nothing, with next to no degrees of freedom: the law is e^(-lambda / 2) at 0
    CHECK(squared_interval(1e-100, 1e-6, 4e-100, 0.95).second == doctest::Approx(-2 * std::log(0.025)).epsilon(1e-3));
}

TEST_CASE("squared_intervals: those of each level") {
    const std::vector<double> levels{0.5, 0.95, 0.999};
    for (const double raw : {0.0, 1e-6, 0.8, 3.0, 40.0, 1e6}) {
        const auto all = squared_intervals(raw, 1.0, 0.5 * raw, 0.4, 0.2, levels);
        REQUIRE(all.size() == levels.size());
        for (std::size_t l = 0; l < levels.size(); ++l) CHECK(all[l] == squared_interval(raw, 1.0, 0.5 * raw, 0.4, 0.2, levels[l]));
    }
    CHECK_THROWS_AS((void)squared_intervals(1, 1, 1, 1, 0, std::vector<double>{0.5, 1.0}), std::invalid_argument);
}

TEST_CASE("squared_interval: closed forms at the ends, and what it refuses") {
    // one degree of freedom, |m| = 3: the upper end is (3 + 1.959964)^2 up to the other tail, the lower (3 - 1.959964)^2
    CHECK(squared_interval(9, 1, 36, 0.95).first == doctest::Approx(1.0817).epsilon(1e-3));
    CHECK(squared_interval(9, 1, 36, 0.95).second == doctest::Approx(24.6013).epsilon(1e-3));
    CHECK(squared_interval(4, 0, 0, 0.95) == std::pair{4.0, 4.0});
    CHECK(squared_interval(4, 1e-12, 1e-4, 0.95).second == doctest::Approx(std::pow(2 + 1.959964 * 0.0025, 2)));
    CHECK_THROWS_AS((void)squared_interval(-1, 0, 1, 0.95), std::invalid_argument);
    CHECK_THROWS_AS((void)squared_interval(1, 0, 1, 1.0), std::invalid_argument);
}
