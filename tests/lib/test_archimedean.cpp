#include <buffon/archimedean.hpp>

#include <doctest/doctest.h>

#include <limits>

using namespace buffon;

TEST_CASE("archimedean: logarithms of sums and differences of exponentials keep their digits") {
    const double infinity = std::numeric_limits<double>::infinity();
    CHECK(archimedean::log1p_exp(-50) == doctest::Approx(std::exp(-50.0)).epsilon(1e-15).scale(0));
    CHECK(archimedean::log1p_exp(800) == 800);
    CHECK(archimedean::log_expm1(1e-20) == doctest::Approx(std::log(1e-20)).epsilon(1e-15));
    CHECK(archimedean::log_expm1(900) == 900);
    CHECK(archimedean::log_expm1(0) == -infinity);
    CHECK(archimedean::log1m_exp(-1e-20) == doctest::Approx(std::log(1e-20)).epsilon(1e-15));
    CHECK(archimedean::log1m_exp(-40) == doctest::Approx(-std::exp(-40.0)).epsilon(1e-15).scale(0));
    CHECK(archimedean::log_add(-infinity, 3) == 3);
    CHECK(archimedean::log_add(-1000, -1000) == doctest::Approx(-1000 + std::log(2.0)).epsilon(1e-15));
}

TEST_CASE("archimedean: roots to the last digits, near and far") {
    const auto concave = [](double x) { return std::pair{std::log1p(x), 1 / (1 + x)}; };
    for (const double target : {1e-12, 0.5, 30.0})
        CHECK(archimedean::concave_root(concave, target) ==
              doctest::Approx(std::expm1(target)).epsilon(1e-13).scale(0));
    CHECK(archimedean::concave_root(concave, 0) == 0);
    const auto bent = [](double x) { return std::pair{x * x * x + x, 3 * x * x + 1}; };
    for (const double x : {1e-9, 0.7, 1e5})
        CHECK(archimedean::bracketed_root(bent, x * x * x + x, 0, 1e6) == doctest::Approx(x).epsilon(1e-14).scale(0));
}
