#include <buffon/mixture_choice.hpp>

#include <cmath>
#include <numeric>

#include <doctest/doctest.h>

#include <buffon/normal_functions.hpp>
#include <buffon/stream.hpp>

using namespace buffon;

namespace {

/// n standard normal points with `shift` added to the first coordinate of all, and its sign drawn: + with probability `up`.
Matrix two_clouds(std::int64_t n, std::int64_t d, double shift, double up, std::uint64_t key) {
    Matrix z(n, d);
    Stream{key, 1}.normal(0, z);
    for (std::int64_t i = 0; i < n; ++i) z(i, 0) += Stream{key, 2}.uniform(i, 0) < up ? shift : -shift;
    return z;
}

std::vector<FittedComponent> chosen(const Matrix& z, std::int64_t most = 8, std::uint64_t key = 1) {
    const std::vector<double> w(static_cast<std::size_t>(z.rows), 1.0);
    return choose_mixture(z, w, most, {key, 3});
}

}  // namespace

TEST_CASE("choose_mixture: one Gaussian cloud gets one component in 2 and in 50 dimensions") {
    for (const std::int64_t d : {2, 50}) {
        int more = 0;
        for (std::uint64_t key = 1; key <= 20; ++key) more += chosen(two_clouds(500, d, 2, 1.0, key)).size() > 1;
        CAPTURE(d);
        CHECK(more <= 1);
    }
}

TEST_CASE("choose_mixture: two clouds get two, in 2 and in 50 dimensions, also when one has a tenth of the weight") {
    for (const std::int64_t d : {2, 50})
        for (const double up : {0.5, 0.9})
            for (std::uint64_t key = 1; key <= 5; ++key) {
                CAPTURE(d);
                CAPTURE(up);
                const auto mixture = chosen(two_clouds(500, d, 4, up, key));
                REQUIRE(mixture.size() >= 2);
                double above = 0;
                for (const auto& c : mixture)
                    if (c.law.mean[0] > 0) above += c.share;
                CHECK(std::abs(above - up) < 0.08);   // five binomial standard deviations are 0.11 and 0.067
            }
}

TEST_CASE("choose_mixture: weights of the tail of a normal law beat one Gaussian there, and shares sum to 1") {
    Matrix z(4000, 2);
    Stream{7, 1}.normal(0, z);
    std::vector<double> w;
    for (std::int64_t i = 0; i < z.rows; ++i) {   // z1 > 3, drawn from N(3, 1)
        z(i, 0) += 3;
        w.push_back(z(i, 0) > 3 ? std::exp(-3 * z(i, 0)) : 0.0);
    }
    const auto mixture = choose_mixture(z, w, 8, {1, 3});
    CHECK(mixture.size() >= 2);
    CHECK(mixture.size() < 8);
    double share = 0, mean = 0;
    for (const auto& c : mixture) {
        share += c.share;
        mean += c.share * c.law.mean[0];
    }
    CHECK(share == doctest::Approx(1.0));
    CHECK(std::abs(mean - 3.2831) < 0.03);   // phi(3) / (1 - Phi(3)); standard error of some 700 effective points 0.01
}

TEST_CASE("choose_mixture: same stream, same bits; no weight, nothing; `most` is respected") {
    const Matrix z = two_clouds(600, 3, 5, 0.5, 4);
    const auto a = chosen(z), b = chosen(z);
    REQUIRE(a.size() == b.size());
    for (std::size_t k = 0; k < a.size(); ++k) {
        CHECK(a[k].share == b[k].share);
        CHECK(a[k].law.mean == b[k].law.mean);
        CHECK(a[k].law.factor.data == b[k].law.factor.data);
    }
    CHECK(chosen(z, 1).size() == 1);
    CHECK(choose_mixture(z, std::vector<double>(600, 0.0), 8, {1, 1}).empty());
}

TEST_CASE("choose_mixture: no component is narrower than asked for, and an umbrella covers all clouds with unit variances") {
    Matrix z = two_clouds(600, 3, 5, 0.5, 4);
    for (double& v : z.data) v *= 0.1;
    const std::vector<double> w(600, 1.0);
    for (const auto& c : choose_mixture(z, w, 8, {1, 1}, {1.0})) CHECK(c.law.factor(0, 0) > 0.99);
    const auto around = umbrella(two_clouds(600, 3, 5, 0.5, 4), w);
    REQUIRE(around);
    CHECK(std::abs(around->factor(0, 0) - std::sqrt(26.0)) < 0.3);
    CHECK(around->factor(1, 1) >= 1.0);
    CHECK(std::abs(around->mean[0]) < 1.1);   // five standard errors
}
