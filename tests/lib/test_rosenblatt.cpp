#include <buffon/rosenblatt.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>
#include <utility>
#include <vector>

#include <buffon/stream.hpp>

using namespace buffon;

namespace {

Matrix matrix(std::int64_t d, std::vector<double> entries) {
    Matrix m(d, d);
    m.data = std::move(entries);
    return m;
}

Matrix three() { return matrix(3, {1, 0.5, -0.3, 0.5, 1, 0.2, -0.3, 0.2, 1}); }
const std::vector<std::int64_t> alone{0, 1, 2};

Matrix normal_numbers(std::int64_t n, std::int64_t d) {
    Matrix e(n, d);
    Stream{11, 0}.normal(0, e);
    return e;
}

std::vector<Distribution> laws() {
    return {MultivariateNormal({1, -2, 3}, matrix(3, {4, 1, -0.6, 1, 1, 0.2, -0.6, 0.2, 1})),
            MultivariateT({1, -2, 3}, matrix(3, {4, 1, -0.6, 1, 1, 0.2, -0.6, 0.2, 1}), 5),
            Joint({Normal(0, 1), LogNormal(0, 0.5), Uniform(-1, 1)}, {}, GaussianCopula(three())),
            Joint({Normal(0, 1), LogNormal(0, 0.5), Uniform(-1, 1)}, {}, StudentCopula(three(), 4))};
}

}  // namespace

TEST_CASE("rosenblatt: in the order of the coordinates the map is that of the law") {
    for (const Distribution& law : laws()) {
        Matrix e = normal_numbers(50, 3), x(50, 3);
        law.from_normal(e, x);
        const Rosenblatt map("test", law, alone);
        map.correlate(alone, e);
        map.from_scores(e);
        for (std::size_t i = 0; i < e.data.size(); ++i) CHECK(e.data[i] == doctest::Approx(x.data[i]).epsilon(1e-12));
    }
}

TEST_CASE("rosenblatt: the first coordinates of an order do not see the numbers of the others") {
    const std::vector<std::int64_t> order{2, 0, 1};
    for (const Distribution& law : laws()) {
        Matrix e = normal_numbers(2, 3);
        e(1, 2) = e(0, 2);
        const Rosenblatt map("test", law, alone);
        map.correlate(order, e);
        map.from_scores(e);
        CHECK(e(0, 2) == e(1, 2));
        CHECK(e(0, 0) != e(1, 0));
    }
}

TEST_CASE("rosenblatt: draws in another order have the law's mean and covariance") {
    const std::vector<std::int64_t> order{1, 2, 0};
    const std::int64_t n = 100'000;
    for (const Distribution& law : laws()) {
        Matrix e = normal_numbers(n, 3);
        const Rosenblatt map("test", law, alone);
        map.correlate(order, e);
        map.from_scores(e);
        const Matrix truth = law.covariance();
        for (std::int64_t i = 0; i < 3; ++i)
            for (std::int64_t j = 0; j <= i; ++j) {
                double product = 0;
                for (std::int64_t r = 0; r < n; ++r)
                    product += (e(r, i) - law.mean()[static_cast<std::size_t>(i)]) *
                               (e(r, j) - law.mean()[static_cast<std::size_t>(j)]);
                // a product of two coordinates has a standard deviation of at most 4 in these units (Student, df = 5): 5 of 0.013
                CHECK(std::abs(product / static_cast<double>(n) - truth(i, j)) < 0.065 * std::sqrt(truth(i, i) * truth(j, j)));
            }
    }
}

TEST_CASE("rosenblatt: copulas without conditional laws in every order must lie in one group, mixtures are refused") {
    const Distribution law = Joint({Normal(), Normal(), Uniform()}, {}, Dependence({CopulaGroup{ClaytonCopula(2.0, 2), {0, 1}}}));
    CHECK_THROWS_WITH_AS(Rosenblatt("shapley", law, alone),
                         "shapley: a ClaytonCopula has no closed conditional law in every order of its inputs: put "
                         "them into one group, or take a "
                         "GaussianCopula or StudentCopula",
                         std::invalid_argument);
    Matrix e = normal_numbers(50, 3), x(50, 3);
    law.from_normal(e, x);
    const Rosenblatt map("shapley", law, {0, 0, 1});
    map.correlate(std::vector<std::int64_t>{2, 1, 0}, e);
    map.from_scores(e);
    for (std::size_t i = 0; i < e.data.size(); ++i) CHECK(e.data[i] == doctest::Approx(x.data[i]).epsilon(1e-12));
    const Distribution mixture = Mixture({1.0}, std::vector{MultivariateNormal({0, 0, 0}, three())});
    CHECK_THROWS_AS(Rosenblatt("shapley", mixture, alone), std::invalid_argument);
}
