#include <buffon/diffusion/chain_traces.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <doctest/doctest.h>

using namespace buffon::diffusion;
using buffon::Matrix;

namespace {

/// Two chains of eight steps over levels 1, 2, 4, 8 and two modes.
ChainTraces made() {
    ChainTraces t;
    t.prior = {{1, 2, 4, 8}, {1, 1, 1, 1}};
    t.log_sigma = t.first = Matrix(2, 8);
    const double sigma[] = {1, 8, 8, 1, 2, 1, 4, 8, /**/ 8, 1, 2, 4, 8, 4, 2, 1};
    for (std::size_t i = 0; i < 16; ++i) t.log_sigma.data[i] = std::log(sigma[i]);
    t.modes = Matrix(16, 2);
    const double first[] = {1, 1, 0, 0, .25, .5, .25, 1, /**/ 1, 1, 1, 1, 1, 1, 1, 0};
    for (std::int64_t i = 0; i < 16; ++i) {
        t.modes(i, 0) = first[i];
        t.modes(i, 1) = 1 - first[i];
    }
    return t;
}

}  // namespace

TEST_CASE("chain_traces: masses, switches, round trips and visits are counted as by hand") {
    const ChainTraces t = made();
    CHECK(round_trips(t) == 2);   // 1 8 8 1 and 1 2 4 8 4 2 1; a way that begins high or ends high is none
    CHECK(mode_switches(t) == doctest::Approx(5.0 / 14));   // argmax of equal ones is the first
    const buffon::Estimate masses = mode_masses(t), visits = flatness(t, 4);
    CHECK(masses.value[0] == doctest::Approx(11.0 / 16));
    CHECK(masses.value[0] + masses.value[1] == doctest::Approx(1));
    CHECK(masses.covariance(0, 1) == doctest::Approx(-masses.covariance(0, 0)));
    CHECK(masses.names[1] == "mode 1");
    const double expected[] = {5.0 / 16 - 0.25, 3.0 / 16 - 0.25, 3.0 / 16 - 0.25, 5.0 / 16 - 0.25};
    for (std::size_t b = 0; b < 4; ++b) CHECK(visits.value[b] == doctest::Approx(expected[b]));
    const auto summary = summarise(t);
    CHECK(summary.size() == 4);
    CHECK(summary.at("mode 0").mean == doctest::Approx(11.0 / 16));
}

TEST_CASE("chain_traces: levels that no chain has seen are told, as their errors are 0") {
    ChainTraces t = made();
    CHECK(flatness(t, 4).warnings.empty());
    for (double& s : t.log_sigma.data) s = std::min(s, std::log(4.0));
    const buffon::Estimate visits = flatness(t, 4);
    CHECK(visits.std_error()[3] == 0);
    REQUIRE(visits.warnings.size() == 1);
    CHECK(visits.warnings[0].starts_with("'" + visits.names[3] + "': no state of the chains was there"));
}

TEST_CASE("chain_traces: chains that stay in modes of their own are flagged, and what is not there is refused") {
    ChainTraces t;
    t.prior = {{1, 2, 4, 8}, {1, 1, 1, 1}};
    t.log_sigma = t.first = Matrix(3, 20);
    t.modes = Matrix(60, 2);
    for (std::int64_t i = 0; i < 60; ++i) {
        t.modes(i, 0) = (i < 20 ? 0.9 : 0.1) + 0.01 * std::sin(static_cast<double>(i * i));
        t.modes(i, 1) = 1 - t.modes(i, 0);
    }
    const buffon::Estimate masses = mode_masses(t);
    CHECK(std::get<double>(masses.diagnostics.at("r_hat")) > 1.5);
    REQUIRE(masses.warnings.size() == 2);
    CHECK(masses.warnings[0].starts_with("chains disagree"));
    CHECK(masses.warnings[1].starts_with("chains went from low to high noise and back 0 times"));
    t.modes = {};
    CHECK_THROWS_AS(mode_masses(t), std::invalid_argument);
    CHECK_THROWS_AS(mode_switches(t), std::invalid_argument);
    CHECK_THROWS_AS(flatness(t, 5), std::invalid_argument);
}
