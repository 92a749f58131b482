#include <buffon/distribution.hpp>

#include <buffon/normal_functions.hpp>

#include <boost/math/distributions/normal.hpp>
#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "../refusal.hpp"

using namespace buffon;

namespace {

Matrix covariance() {
    Matrix c(2, 2, 0.5);
    c(0, 0) = 1, c(1, 1) = 2;
    return c;
}

Matrix correlation() {
    Matrix r(2, 2, 1.0);
    r(0, 1) = r(1, 0) = 0.5;
    return r;
}

/// One of each kind, all with two coordinates.
std::vector<Distribution> all_kinds() {
    const MultivariateNormal normal({1, 2}, covariance());
    return {Joint({LogNormal(), Uniform(-1, 0)}), Joint({LogNormal(), Uniform(-1, 0)}, {}, GaussianCopula(correlation())), normal,
            Mixture({1, 2}, {normal, MultivariateNormal({-2, 0}, covariance())})};
}

}  // namespace

TEST_CASE("a row of the sample depends on its index alone, not on the batch it is drawn in") {
    const Stream stream{.key = 17, .id = 2};
    for (const auto& law : all_kinds()) {
        Matrix x(700, 2), y(3, 2);
        law.sample(stream, 1000, x);
        for (const std::int64_t first : {0, 255, 256, 511, 697}) {
            law.sample(stream, 1000 + first, y);
            for (std::int64_t i = 0; i < 3; ++i) CHECK((y(i, 0) == x(first + i, 0) && y(i, 1) == x(first + i, 1)));
        }
    }
}

TEST_CASE("the sample is from_normal at Boost.Math's quantiles of the stream's uniforms") {
    const Stream stream{.key = 1};
    const boost::math::normal standard;
    for (const auto& law : all_kinds()) {
        Matrix u(50, 2), x(50, 2), y(50, 2);
        for (std::int64_t i = 0; i < 50; ++i)
            for (std::int64_t j = 0; j < 2; ++j) u(i, j) = quantile(standard, stream.uniform(i, j));
        law.from_normal(u, y);
        law.sample(stream, 0, x);
        for (std::size_t i = 0; i < x.data.size(); ++i) CHECK(x.data[i] == doctest::Approx(y.data[i]).epsilon(1e-12));
    }
}

TEST_CASE("density of every law is the normal density of the scores times the Jacobian of to_normal") {
    for (const auto& law : all_kinds()) {
        Matrix x(1, 2);
        law.sample(Stream{.key = 8}, 5, x);
        double log_density = 0;
        law.log_density(x, {&log_density, 1});
        Matrix u(1, 2), shifted(1, 2), jacobian(1, 2);
        law.to_normal(x, u);
        double want = -2 * half_log_two_pi - 0.5 * (u(0, 0) * u(0, 0) + u(0, 1) * u(0, 1));
        for (int j = 0; j < 2; ++j) {   // triangular map: its determinant is the product of the diagonal; central differences
            const double step = 1e-5;
            double ends[2];
            for (int side = 0; side < 2; ++side) {
                Matrix moved = x;
                moved(0, j) += side ? step : -step;
                law.to_normal(moved, shifted);
                ends[side] = shifted(0, j);
            }
            want += std::log((ends[1] - ends[0]) / (2 * step));
        }
        CHECK(log_density == doctest::Approx(want).epsilon(1e-6));   // (step / x)^2 of the differences
    }
}

TEST_CASE("from_uniform may work in place and inverts through to_normal and the normal cdf") {
    for (const auto& law : all_kinds()) {
        Matrix v(100, 2), u(100, 2);
        Stream{.key = 30}.uniform(0, v);
        Matrix x = v;
        law.from_uniform(x, x);
        law.to_normal(x, u);
        for (std::size_t i = 0; i < v.data.size(); ++i) CHECK(normal_cdf(u.data[i]) == doctest::Approx(v.data[i]).epsilon(1e-11));
    }
}

TEST_CASE("dimension, names, support and moments are those of the law inside") {
    const Distribution one = Univariate(Uniform(2, 4));
    CHECK(one.dim() == 1);
    CHECK(one.names() == std::vector<std::string>{"x1"});
    CHECK(one.support(0).upper == 4);
    CHECK(one.mean() == std::vector<double>{3});
    CHECK(one.covariance()(0, 0) == doctest::Approx(1.0 / 3).epsilon(1e-15));
    const Distribution normal = MultivariateNormal({1, 2}, covariance(), {"a", "b"});
    CHECK(normal.names()[1] == "b");
    CHECK(normal.covariance().data == covariance().data);
    CHECK(normal.mean() == std::vector<double>{1, 2});
    CHECK(all_kinds()[3].names()[0] == "x1");
}

TEST_CASE("tables of the wrong shape are refused with both shapes") {
    const Distribution law = all_kinds()[2];
    Matrix x(4, 3), good(4, 2), short_one(3, 2);
    std::vector<double> out(4);
    CHECK(message([&] { law.log_density(x, out); }) == "Distribution::log_density: x must have shape (n, 2), got (4, 3)");
    CHECK(message([&] { law.log_density(short_one, out); }) ==
          "Distribution::log_density: out must have one entry per row of x, 3, got 4");
    CHECK(message([&] { law.to_normal(good, short_one); }) ==
          "Distribution::to_normal: u must have shape (4, 2) like x, got (3, 2)");
    CHECK(message([&] { law.from_normal(x, good); }) == "Distribution::from_normal: u must have shape (n, 2), got (4, 3)");
    CHECK(message([&] { law.sample(Stream{}, 0, x); }) == "Distribution::sample: x must have shape (n, 2), got (4, 3)");
    CHECK(message([&] { (void)law.support(2); }) == "Distribution::support: j must be a coordinate, 0 ... 1, got 2");
}
