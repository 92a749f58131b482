#include <buffon/kept_rows.hpp>

#include <cmath>
#include <limits>
#include <stdexcept>

#include <doctest/doctest.h>

using namespace buffon;

namespace {

/// Six rows of a standard normal input: two of the adaptation, then nets 4 and 7; two outputs.
Sample table() {
    Sample s;
    Matrix x(6, 1), y(6, 2);
    for (std::int64_t i = 0; i < 6; ++i) {
        x(i, 0) = static_cast<double>(i) - 2.5;
        y(i, 0) = static_cast<double>(i);
        y(i, 1) = 10.0 * static_cast<double>(i);
    }
    s.append(x, y);
    s.inputs = {"x1"};
    s.outputs = {"a", "b"};
    s.law = Distribution(Normal());
    s.log_density.resize(6);
    s.law->log_density(s.x, s.log_density);
    s.adaptation = 2;
    s.replicate = {-1, -1, 4, 4, 7, 7};
    return s;
}

}  // namespace

TEST_CASE("rows of the adaptation are left out, nets are numbered in their order") {
    const Sample s = table();
    const KeptRows rows("test", s, {"b"});
    CHECK(rows.draws() == 4);
    CHECK(rows.outputs() == 1);
    CHECK(rows.y(0, 0) == 20.0);
    CHECK(rows.replicates() == 2);
    CHECK(rows.replicate(1) == 0);
    CHECK(rows.replicate(2) == 1);
    CHECK(rows.points(3, 1)(0, 0) == 2.5);
    CHECK(rows.drawn_from(Distribution(Normal())));
    CHECK_FALSE(rows.drawn_from(Distribution(Normal(0, 1.001))));
}

TEST_CASE("weights are ratios of densities, and 0 for draws that were skipped") {
    Sample s = table();
    s.skipped = 2;
    const KeptRows rows("test", s);
    CHECK(rows.draws() == 6);
    const auto w = rows.weights(log_density_of(Distribution(Normal(1, 1))), 0, 6);
    CHECK(w[0] == doctest::Approx(std::exp(-0.5 - 0.5)).epsilon(1e-14));   // exp(x - 1/2) at x = -0.5
    CHECK(w[4] == 0.0);
    CHECK(w[5] == 0.0);
    CHECK(rows.y(5, 0) == 0.0);
    CHECK(rows.replicate(4) == 0);   // each net has three draws
    CHECK(rows.replicate(5) == 1);
    CHECK(rows.points(2, 4).rows == 2);
}

TEST_CASE("rows that failed are 0 and counted") {
    Sample s = table();
    s.y(0, 0) = s.y(3, 1) = std::numeric_limits<double>::quiet_NaN();
    const KeptRows rows("test", s);
    CHECK(rows.failures());
    CHECK(rows.n_failed() == 2);
    CHECK_FALSE(rows.succeeded(1));
    CHECK(rows.y(1, 0) == 0.0);
    CHECK(rows.y(2, 0) == 4.0);
}

TEST_CASE("samples that cannot be read are refused with the reason") {
    const auto refused = [](Sample s, const char* why) {
        CHECK_THROWS_WITH_AS(KeptRows("test", s), why, std::invalid_argument);
    };
    Sample s = table();
    s.log_density.clear();
    refused(s, "test: sample does not know the densities that its rows were drawn from");
    s = table();
    s.adaptation = 5;
    refused(s, "test: sample must have at least 2 rows after its adaptation, got 1");
    s = table();
    s.replicate = {-1, -1, 4, 4, 4, 4};
    refused(s, "test: the sample must have at least 2 replicates, got 1");
    s = table();
    CHECK_THROWS_WITH_AS(KeptRows("test", s, {"c"}), "test: sample has no output 'c'; did you mean 'a'?", std::invalid_argument);
    const KeptRows rows("test", s);
    CHECK_THROWS_WITH_AS(
        rows.weights([](ConstView, std::span<double> out) { out[1] = std::numeric_limits<double>::infinity(); }, 0, 2),
        "test: the density relative to that of the sample must be finite, got inf at row 3", std::invalid_argument);
    CHECK_THROWS_WITH_AS(rows.check(Distribution(Joint({Normal(), Normal()})), "law"),
                         "test: law must have 1 input, got 2", std::invalid_argument);
    s.law.reset();
    CHECK_THROWS_WITH_AS(KeptRows("test", s).base(std::nullopt),
                         "test: law is needed: the sample does not know the law of its inputs", std::invalid_argument);
}
