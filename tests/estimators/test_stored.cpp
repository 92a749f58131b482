#include <buffon/stored.hpp>

#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/laws/lognormal.hpp>
#include <buffon/laws/normal.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

TEST_CASE("fingerprints tell laws apart by names, family, parameters and dependence, and nothing else") {
    const auto of = [](const Univariate& law) { return fingerprint(testing::independent(2, law)); };
    CHECK(of(Normal(1, 2)) == of(Normal(1, 2)));
    CHECK(of(Normal(1, 2)) != of(Normal(1, 2.001)));
    CHECK(of(Normal(1, 2)) != of(Normal(1.001, 2)));
    CHECK(of(Normal(0, 1)) != of(LogNormal(0, 1)));
    CHECK(fingerprint(testing::standard_normal(2)) != fingerprint(testing::standard_normal(3)));
    const Distribution named(Joint({Normal(0, 1), Normal(0, 1)}, {"a", "b"})),
        other(Joint({Normal(0, 1), Normal(0, 1)}, {"a", "c"}));
    CHECK(fingerprint(named) != fingerprint(other));
    Matrix covariance(2, 2);
    covariance(0, 0) = covariance(1, 1) = 1;
    const Distribution independent(MultivariateNormal({0, 0}, covariance));
    covariance(0, 1) = covariance(1, 0) = 0.01;
    CHECK(fingerprint(independent) != fingerprint(Distribution(MultivariateNormal({0, 0}, covariance))));
}

TEST_CASE("what is stored comes back, and what is not there is said") {
    State state;
    Matrix rows(4, 2);
    for (std::size_t i = 0; i < 8; ++i) rows.data[i] = 1.0 / static_cast<double>(i + 1);
    const Moments m{ConstView(rows)};
    store(state, "m", m);
    CHECK(moments(state, "m").n == 4);
    CHECK(moments(state, "m").mean == m.mean);
    CHECK(moments(state, "m").scatter.data == m.scatter.data);
    CrossProducts sums(2, 1);
    sums.add(rows, Matrix(4, 1, 3.0));
    store(state, "sums", sums);
    CHECK(cross_products(state, "sums").xx.data == sums.xx.data);
    CHECK(cross_products(state, "sums").xt.data == sums.xt.data);
    CHECK(cross_products(state, "sums").x == sums.x);
    CHECK(cross_products(state, "sums").n == 4);
    CHECK_THROWS_WITH_AS((void)table(state, "none"), "extend: the state is damaged: it has no 'none'", std::invalid_argument);
    CHECK_THROWS_AS((void)cross_products(state, "m"), std::invalid_argument);
    const Proposal sampled(true, {Gaussian{{1.0}, Matrix(1, 1, 2.0)}}, {0.25, 0.75});
    store(state, sampled);
    CHECK(proposal(state, 1).alpha() == sampled.alpha());
    CHECK(std::get<Gaussian>(proposal(state, 1).components()[0]).factor(0, 0) == 2.0);
}
