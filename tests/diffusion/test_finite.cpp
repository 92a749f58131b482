#include <buffon/diffusion/finite.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <buffon/view.hpp>

using namespace buffon::diffusion;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity(), not_a_number = std::numeric_limits<double>::quiet_NaN();

std::string message(const buffon::Matrix& answer, const std::vector<double>& sigma) {
    try {
        require_finite("f: the answer must be finite", answer, sigma);
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST_CASE("all_finite: one infinity or NaN is seen at any place of any length; the largest numbers and zeros are finite") {
    for (std::size_t n = 0; n <= 40; ++n) {
        std::vector<double> values(n);
        for (std::size_t i = 0; i < n; ++i)
            values[i] = (i % 2 == 0 ? 1 : -1) * (i % 3 == 0 ? std::numeric_limits<double>::max() : 0.0);
        CHECK(all_finite(values));
        for (std::size_t i = 0; i < n; ++i)
            for (const double bad : {infinity, -infinity, not_a_number}) {
                auto with = values;
                with[i] = bad;
                CHECK_FALSE(all_finite(with));
            }
    }
}

TEST_CASE("require_finite: names the first number, its row and its level") {
    buffon::Matrix answer(3, 2, 1.0);
    CHECK(message(answer, {0.5}).empty());
    answer(1, 1) = -infinity;
    answer(2, 0) = not_a_number;
    CHECK(message(answer, {0.5}) == "f: the answer must be finite, got -inf in row 1 at sigma = 0.5");
    CHECK(message(answer, {0.5, 2.0, 3.0}) == "f: the answer must be finite, got -inf in row 1 at sigma = 2");
}
