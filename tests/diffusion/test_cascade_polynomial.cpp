#include <buffon/diffusion/cascade_polynomial.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "../refusal.hpp"

using namespace buffon::diffusion;

namespace {

CascadePolynomial some() {
    std::array<double, CascadePolynomial::size> c;
    for (std::size_t j = 0; j < c.size(); ++j) c[j] = std::sin(1.3 * static_cast<double>(j + 1));
    return CascadePolynomial(c);
}

}  // namespace

TEST_CASE("CascadePolynomial: the published formula, polynomial within polynomial") {
    const CascadePolynomial p = some();
    const auto& c = p.coefficients();
    const std::vector<double> ratios = p.predict(7, 3.0);
    CHECK(ratios.size() == 7);
    CHECK(ratios[0] == 1);
    CHECK(ratios[1] == 1);
    for (std::size_t i = 2; i < 7; ++i) {
        const double s = static_cast<double>(i + 1) / 7, g = 3.0 / 12, n = 7.0 / 50;
        double expected = 0;
        for (std::size_t k = 4; k-- > 0;) {
            double of_guidance = 0;
            for (std::size_t a = 0; a < 3; ++a) {
                const std::size_t at = 9 * k + 3 * a;
                of_guidance = of_guidance * g + ((c[at] * n + c[at + 1]) * n + c[at + 2]);
            }
            expected = expected * s + of_guidance;
        }
        CHECK(ratios[i] == doctest::Approx(expected).epsilon(1e-13));
    }
}

TEST_CASE("CascadePolynomial: a fit on nine cells finds the polynomial again, and predicts the others") {
    const CascadePolynomial truth = some();
    std::vector<double> guidance;
    std::vector<std::vector<double>> ratios;
    for (const std::int64_t steps : {6, 10, 15})
        for (const double g : {1.0, 4.0, 8.0}) {
            guidance.push_back(g);
            ratios.push_back(truth.predict(steps, g));
        }
    const CascadePolynomial fit = fit_ratios(guidance, ratios);
    for (const std::int64_t steps : {5, 8, 12})
        for (const double g : {2.0, 6.5})
            for (std::size_t i = 0; i < static_cast<std::size_t>(steps); ++i)
                CHECK(fit.predict(steps, g)[i] == doctest::Approx(truth.predict(steps, g)[i]).epsilon(1e-7));
    const CascadePolynomial alone = fit_ratios(std::vector{3.0}, std::vector<std::vector<double>>{truth.predict(6, 3.0)});
    for (std::size_t i = 0; i < 6; ++i)
        CHECK(alone.predict(6, 3.0)[i] == doctest::Approx(truth.predict(6, 3.0)[i]).epsilon(1e-9));
}

TEST_CASE("CascadePolynomial: a file holds every bit, and what is no such file is refused") {
    const auto path = (std::filesystem::temp_directory_path() / "buffon_cascade_polynomial.json").string();
    const CascadePolynomial p = some();
    p.save(path);
    CHECK(CascadePolynomial::load(path).coefficients() == p.coefficients());
    const std::string refused = "CascadePolynomial.load: '" + path + "' is not a file that CascadePolynomial.save wrote";
    for (const std::string text : {"", "{}", "{\"cascade_polynomial\": [1, 2]}", "{\"cascade_polynomial\": [1, x"}) {
        std::ofstream(path) << text;
        CHECK(message<std::runtime_error>([&] { CascadePolynomial::load(path); }) == refused);
    }
    std::filesystem::remove(path);
    CHECK(message<std::runtime_error>([&] { CascadePolynomial::load(path); }) == "CascadePolynomial.load: cannot read '" + path + "'");
    CHECK(message<std::runtime_error>([&] { p.save(path + "/no/such"); }) == "CascadePolynomial.save: cannot write '" + path + "/no/such'");
}

TEST_CASE("CascadePolynomial: a refusal names the argument, the value and the requirement") {
    CHECK(message([] { some().predict(0, 1); }) == "CascadePolynomial.predict: steps must be at least 1, got 0");
    CHECK(message([] { some().predict(5, INFINITY); }) == "CascadePolynomial.predict: guidance must be finite, got inf");
    CHECK(message([] { fit_ratios(std::vector{1.0}, std::vector<std::vector<double>>{}); }) ==
          "fit_ratios: guidance must hold one number per list of ratios (0), got 1");
    CHECK(message([] { fit_ratios(std::vector{1.0}, std::vector<std::vector<double>>{{1, 1}}); }) ==
          "fit_ratios: ratios must hold a list of more than 2 ratios");
    CHECK(message([] { fit_ratios(std::vector{1.0}, std::vector<std::vector<double>>{{1, 1, NAN}}); }) ==
          "fit_ratios: ratios must be finite, got nan");
}
