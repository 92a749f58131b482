#include <buffon/dependence.hpp>

#include <buffon/joint.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

using namespace buffon;

namespace {

Matrix pair(double rho) {
    Matrix r(2, 2, 1.0);
    r(0, 1) = r(1, 0) = rho;
    return r;
}

Dependence two_groups() {
    return std::vector<CopulaGroup>{{StudentCopula(pair(0.7), 4), {3, 1}}, {GaussianCopula(pair(-0.5)), {0, 4}}};
}

}  // namespace

TEST_CASE("dependence: copulas of groups act on their columns, in the order given, and leave the others alone") {
    const Dependence dependence = two_groups();
    dependence.check(5);
    Matrix z(2, 5);
    z.data = {0.1, 0.2, 0.3, 0.4, 0.5, -1, -2, 3, 2, 1};
    const Matrix before = z;
    Matrix student(2, 2), gaussian(2, 2);
    for (int i = 0; i < 2; ++i) {
        student(i, 0) = z(i, 3), student(i, 1) = z(i, 1);
        gaussian(i, 0) = z(i, 0), gaussian(i, 1) = z(i, 4);
    }
    std::vector<double> density(2), parts(2);
    dependence.add_log_density(z, density);
    StudentCopula(pair(0.7), 4).add_log_density(student, parts);
    GaussianCopula(pair(-0.5)).add_log_density(gaussian, parts);
    for (int i = 0; i < 2; ++i) CHECK(density[i] == doctest::Approx(parts[i]).epsilon(1e-14));
    StudentCopula(pair(0.7), 4).correlate(student);
    GaussianCopula(pair(-0.5)).correlate(gaussian);
    dependence.correlate(z);
    for (int i = 0; i < 2; ++i) {
        CHECK((z(i, 3) == student(i, 0) && z(i, 1) == student(i, 1) && z(i, 0) == gaussian(i, 0) && z(i, 4) == gaussian(i, 1)));
        CHECK(z(i, 2) == before(i, 2));
    }
    dependence.decorrelate(z);
    for (std::size_t i = 0; i < z.data.size(); ++i) CHECK(std::abs(z.data[i] - before.data[i]) < 1e-12);
}

TEST_CASE("dependence: pairs, and the correlation where all is Gaussian") {
    const Dependence dependence = two_groups();
    CHECK(std::get<StudentCopula>(*dependence.pair(1, 3)).correlation()(0, 1) == 0.7);
    CHECK(std::get<GaussianCopula>(*dependence.pair(4, 0)).correlation()(0, 1) == -0.5);
    CHECK(!dependence.pair(0, 1));
    CHECK(!dependence.pair(2, 3));
    CHECK(!dependence.gaussian(5));
    const Dependence light(std::vector<CopulaGroup>{{GaussianCopula(pair(0.3)), {2, 0}}});
    const Matrix r = *light.gaussian(3);
    CHECK((r(0, 2) == 0.3 && r(2, 0) == 0.3 && r(0, 1) == 0 && r(1, 1) == 1));
    CHECK((*Dependence().gaussian(2))(0, 1) == 0);
}

TEST_CASE("dependence: an infinite score stays and makes no other one NaN") {
    Matrix z(1, 5);
    z.data = {1, -std::numeric_limits<double>::infinity(), 0.5, 0.25, 2};
    two_groups().decorrelate(z);
    CHECK(z(0, 1) == -std::numeric_limits<double>::infinity());
    for (const int j : {0, 2, 3, 4}) CHECK(std::isfinite(z(0, j)));
}

TEST_CASE("dependence: groups that overlap, leave the inputs or do not fit are refused") {
    const auto joint = [](std::vector<CopulaGroup> groups) { Joint({Normal(), Normal(), Normal()}, {}, std::move(groups)); };
    const GaussianCopula two(pair(0.5));
    CHECK_THROWS_WITH_AS(joint({{two, {0, 1}}, {two, {1, 2}}}),
                         "Joint: copulas must be of different coordinates, got 1 twice", std::invalid_argument);
    CHECK_THROWS_WITH_AS(joint({{two, {0, 3}}}), "Joint: coordinates of a copula must lie in 0 ... 2, got 3",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(joint({{two, {0, 1, 2}}}),
                         "Joint: copula must have dimension 3 (one per coordinate of its group), got 2",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(joint({{two, {}}}), "Joint: copula must have dimension 3 (one per law), got 2", std::invalid_argument);
}
