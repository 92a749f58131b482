#include <buffon/proposal_numbers.hpp>

#include <cmath>
#include <stdexcept>

#include <doctest/doctest.h>

using namespace buffon;

TEST_CASE("components come back from their numbers with the same density") {
    Gaussian gaussian{{0.3, -1.2}, Matrix(2, 2)};
    gaussian.factor(0, 0) = 0.7;
    gaussian.factor(1, 0) = -0.4;
    gaussian.factor(1, 1) = 1.9;
    Gaussian student = gaussian;
    student.degrees = 4;
    const std::vector<Component> all{gaussian, student, VonMisesFisherNakagami({1, 2}, 3.5, 1.25, 2.5)};
    std::vector<Component> back;
    for (const Component& component : all) back.push_back(component_of(numbers_of(component), 2));
    Matrix z(1, 2), a(1, 3), b(1, 3);
    z(0, 0) = 0.8;
    z(0, 1) = -0.1;
    Components(all).log_density(z, a);
    Components(back).log_density(z, b);
    CHECK(a(0, 0) == b(0, 0));
    CHECK(a(0, 1) == b(0, 1));
    CHECK(a(0, 2) == doctest::Approx(b(0, 2)).epsilon(1e-14));   // the direction is normalised again
    CHECK(numbers_of(gaussian) != numbers_of(student));
}

TEST_CASE("numbers that are no component are refused") {
    CHECK_THROWS_AS((void)component_of(std::vector<double>{0, 1, 2}, 2), std::invalid_argument);
    CHECK_THROWS_AS((void)component_of(std::vector<double>{2, 1, 1, 1, 0, 1}, 2), std::invalid_argument);
    CHECK_THROWS_AS((void)component_of({}, 2), std::invalid_argument);
}
