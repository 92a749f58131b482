#include <buffon/transport_map.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <variant>

#include <buffon/normal_functions.hpp>

#include "entropic_line.hpp"
#include "line_transport.hpp"

using namespace buffon;

TEST_CASE("transport map: two targets under a normal source have the closed form's heights") {
    Matrix points(2, 8);
    Stream{4, 0}.normal(0, points);
    double length = 0.0;
    for (std::int64_t j = 0; j < 8; ++j) length += std::pow(points(0, j) - points(1, j), 2);
    length = std::sqrt(length);
    const TransportMap map = transport_map(points, {.masses = std::vector<double>{0.3, 0.7}, .target_error = 0.005, .rng = 1});
    CHECK(map.converged);
    // heights are as uncertain as the masses: dh = |a| dw / density at the cut
    CHECK(map.heights[0] - map.heights[1] == doctest::Approx(length * normal_quantile(0.3)).epsilon(0.03));
    CHECK(0.3 * map.heights[0] + 0.7 * map.heights[1] == doctest::Approx(0.0));
    CHECK(map.draws == map.start_draws + map.step_draws + map.check_draws);
}

TEST_CASE("transport map: W2 is that of the closed form within its standard errors") {
    // a line, uniform source: cuts at the cumulative masses
    Matrix points(3, 1);
    points.data = {0.1, 0.4, 0.9};
    const std::vector<double> nu{0.2, 0.5, 0.3};
    double before = 0.0, wanted = 0.0;
    for (std::size_t k = 0; k < 3; ++k) {
        const double next = before + nu[k], y = points.data[k];
        wanted += (std::pow(next - y, 3) - std::pow(before - y, 3)) / 3;
        before = next;
    }
    const TransportMap map =
        transport_map(points, {.masses = nu, .source = Joint({Uniform(0, 1)}), .target_error = 0.003, .rng = 2});
    CHECK(map.heights[1] - map.heights[0] == doctest::Approx(-0.06).epsilon(0.03));
    CHECK(map.heights[2] - map.heights[0] == doctest::Approx(-0.41).epsilon(0.01));
    CHECK(std::abs(map.w2_squared.value[0] - wanted) < 5 * map.w2_squared.std_error()[0]);
    CHECK(map.w2().value[0] == doctest::Approx(std::sqrt(map.w2_squared.value[0])));
    CHECK(map.cell(Matrix(1, 1, 0.1)) == std::vector<std::int64_t>{0});
    CHECK(map.cell(Matrix(1, 1, 0.5)) == std::vector<std::int64_t>{1});
    CHECK(map(Matrix(1, 1, 0.99)).data == std::vector<double>{0.9});
}

TEST_CASE("transport map: equal points share a height and the first has their mass, unwanted ones get nothing") {
    Matrix points(4, 1);
    points.data = {0.2, 0.8, 0.2, 0.5};
    const TransportMap map =
        transport_map(points, {.masses = std::vector<double>{1, 2, 1, 0}, .source = Joint({Uniform(0, 1)}), .rng = 1});
    CHECK(map.heights[0] == map.heights[2]);
    CHECK(map.heights[3] == -std::numeric_limits<double>::infinity());
    CHECK(map.wanted == std::vector<double>{0.5, 0.5, 0.0, 0.0});
    CHECK(map.masses[2] == 0.0);
    CHECK(map.masses[0] == doctest::Approx(0.5).epsilon(0.02));
    CHECK(map.empty == 0);
}

TEST_CASE("transport map: translations and relabelling change nothing but what they must") {
    Matrix points(6, 2);
    Stream{4, 1}.normal(0, points);
    const TransportOptions options{.target_error = 0.0, .budget = 1'000'000, .rng = 5};
    const TransportMap map = transport_map(points, options);
    Matrix moved = points;
    for (std::int64_t i = 0; i < 6; ++i) moved(i, 0) += 3.0;   // under a centred source heights stay
    const TransportMap other = transport_map(moved, options);
    for (std::size_t i = 0; i < 6; ++i) CHECK(other.heights[i] == doctest::Approx(map.heights[i]).epsilon(1e-3));
    CHECK(other.w2_squared.value[0] > map.w2_squared.value[0]);
}

TEST_CASE("transport map: the same key gives the same bits on any number of threads") {
    Matrix points(520, 5);
    Stream{4, 1}.normal(0, points);
    TransportOptions options{.target_error = 0.0, .budget = 600'000, .rng = 5, .threads = 1};
    const TransportMap one = transport_map(points, options);
    options.threads = 3;
    const TransportMap three = transport_map(points, options);
    CHECK(one.heights == three.heights);
    CHECK(one.masses == three.masses);
    CHECK(one.w2_squared.value == three.w2_squared.value);
    CHECK(one.rng_key == 5);
}

TEST_CASE("transport map: a search goes on from the heights of an earlier one, and ends at once where they serve") {
    Matrix points(30, 2);
    Stream{4, 1}.normal(0, points);
    const TransportMap exact = transport_map(points, {.method = TransportMethod::newton});
    const TransportMap same = transport_map(points, {.target_error = 0.01, .heights = exact.heights, .rng = 1});
    CHECK(same.steps == 0);
    CHECK(same.converged);
    double before = 0.0, after = 0.0;   // of squares
    for (const std::uint64_t key : {2, 3, 4, 5}) {
        const TransportMap rough = transport_map(points, {.target_error = 0.0, .budget = 1'000'000, .rng = key});
        const TransportMap on = transport_map(
            points, {.target_error = 0.0, .budget = 6'000'000, .heights = rough.heights, .rng = key + 100});
        before += std::pow(rough.check(2'000'000, 7).mass_error.value[0], 2);
        after += std::pow(on.check(2'000'000, 7).mass_error.value[0], 2);
    }
    MESSAGE("L1 ", std::sqrt(before / 4), " -> ", std::sqrt(after / 4));
    CHECK(after < 0.36 * before);
}

TEST_CASE("transport map: the entropic problem on a line has the heights, masses, value and images of quadrature") {
    const EntropicLine exact(0.6);
    const TransportMap map = transport_map(exact.line.y, {.masses = exact.line.nu,
                                                          .method = TransportMethod::entropic,
                                                          .epsilon = 0.6,
                                                          .target_error = 0.003,
                                                          .rng = 3});
    CHECK(map.converged);
    CHECK(map.epsilon == 0.6);
    for (std::size_t k = 0; k < 5; ++k) {
        CHECK(map.heights[k] == doctest::Approx(exact.heights()[k]).epsilon(0.02));
        CHECK(std::abs(map.masses[k] - exact.masses(map.heights)[k]) < 5 * map.mass_std_error[k]);
    }
    CHECK(std::abs(map.entropic_value.value[0] - exact.value()) < 5 * map.entropic_value.std_error()[0]);
    CHECK(map.entropic_value.std_error()[0] < 0.02);
    const double plan = std::get<double>(map.w2_squared.diagnostics.at("plan_cost")),
                 error = std::get<double>(map.w2_squared.diagnostics.at("plan_cost_std_error"));
    CHECK(std::abs(plan - exact.cost()) < 5 * error);
    const TransportMap line = transport_map(exact.line.y, {.masses = exact.line.nu, .method = TransportMethod::newton});
    const auto [low, high] = map.w2_squared.confidence_interval(0.95);
    CHECK(low[0] < line.w2_squared.value[0]);
    CHECK(low[0] > map.w2_squared.value[0] - 3 * map.w2_squared.std_error()[0]);
    CHECK(high[0] > line.w2_squared.value[0]);
    const auto [least, most] = map.w2().confidence_interval(0.95);
    CHECK(least[0] == doctest::Approx(std::sqrt(low[0])));
    CHECK(most[0] == doctest::Approx(std::sqrt(high[0])));
    Matrix x(1, 1, 0.3);
    const std::vector<double> p = exact.shares(0.3, map.heights);
    double mean = 0.0;
    for (std::size_t k = 0; k < 5; ++k) {
        mean += p[k] * exact.line.y.data[k];
        CHECK(map.weights(x)(0, static_cast<std::int64_t>(k)) == doctest::Approx(p[k]));
    }
    CHECK(map(x)(0, 0) == doctest::Approx(mean));
    CHECK(map.check(100'000, 7).entropic_value.value[0] == doctest::Approx(map.entropic_value.value[0]).epsilon(0.02));
}

TEST_CASE("transport map: as the entropy goes the heights become those of the cells, and the plan's cost the squared distance") {
    const TransportMap exact = transport_map(Line().y, {.masses = Line().nu, .method = TransportMethod::newton});
    double before = 1.0, gap = 3.0;
    for (const double epsilon : {2.0, 0.5, 0.1}) {
        CAPTURE(epsilon);
        const EntropicLine soft(epsilon);
        double most = 0.0;
        for (std::size_t k = 0; k < 5; ++k) most = std::max(most, std::abs(soft.heights()[k] - soft.line.heights[k]));
        CHECK(most < before / 2);
        const double above = soft.cost() - exact.w2_squared.value[0];
        CHECK(above > 0);
        CHECK(above < gap / 3);
        before = most;
        gap = above;
    }
    for (const double epsilon : {0.02, 1e-4}) {   // wider and narrower than cells are resolved
        const TransportMap map = transport_map(Line().y, {.masses = Line().nu,
                                                          .method = TransportMethod::entropic,
                                                          .epsilon = epsilon,
                                                          .target_error = 0.004,
                                                          .rng = 4});
        CHECK(map.converged);
        for (std::size_t k = 0; k < 5; ++k) CHECK(std::abs(map.heights[k] - exact.heights[k]) < 0.01);
    }
}

TEST_CASE("transport map: entropic bits do not depend on threads, equal points share, one point takes all") {
    Matrix points(540, 4);
    Stream{4, 1}.normal(0, points);
    std::ranges::copy(ConstView(points).row(0), View(points).row(539).begin());
    TransportOptions options{.method = TransportMethod::entropic,
                             .epsilon = 1.0,
                             .target_error = 0.0,
                             .budget = 600'000,
                             .rng = 5,
                             .threads = 1};
    const TransportMap one = transport_map(points, options);
    options.threads = 3;
    const TransportMap three = transport_map(points, options);
    CHECK(one.heights == three.heights);
    CHECK(one.masses == three.masses);
    CHECK(one.entropic_value.value == three.entropic_value.value);
    CHECK(one.heights[0] == one.heights[539]);
    CHECK(one.masses[539] == 0.0);
    CHECK(one.weights(Matrix(1, 4, 0.1))(0, 539) == 0.0);
    CHECK(one.mass_error.value[0] < 0.1);
    const TransportMap single = transport_map(Matrix(3, 2, 1.0), {.method = TransportMethod::entropic, .rng = 1});
    CHECK(single.converged);
    CHECK(single.masses[0] == 1.0);
    CHECK(single.entropic_value.value[0] == doctest::Approx(4.0));   // E|x - (1, 1)|^2
    CHECK(single(Matrix(1, 2, 0.3)).data == std::vector<double>{1.0, 1.0});
}

TEST_CASE("transport map: heights of moved and of added points begin near the solution") {
    Matrix points(200, 3);
    Stream{4, 1}.normal(0, points);
    const TransportMap map = transport_map(points, {.target_error = 0.02, .rng = 1});
    Matrix moved = points, more(230, 3);
    Matrix shift(230, 3);
    Stream{4, 2}.normal(0, shift);
    for (std::size_t i = 0; i < moved.data.size(); ++i) moved.data[i] += 0.03 * shift.data[i];
    std::ranges::copy(points.data, more.data.begin());
    std::ranges::copy(ConstView(shift).slice(0, 30).row(0).data(), shift.data.data() + 90, more.data.begin() + 600);
    for (const Matrix* y : {&moved, &more}) {
        CAPTURE(y->rows);
        const std::vector<double> first = map.heights_at(*y, 100'000, 5);
        const auto error = [](const TransportMap& found) { return found.check(1'000'000, 3).mass_error.value[0]; };
        const TransportOptions spent{.target_error = 0.0, .budget = 600'000, .rng = 2};
        TransportOptions from = spent;
        from.heights = first;
        const double warm = error(transport_map(*y, from)), cold = error(transport_map(*y, spent));
        MESSAGE(y->rows, " points: L1 ", warm, ", from the start ", cold);
        CHECK(warm < cold);
    }
    const std::vector<double> followed =
        map.heights_at(moved, 100'000, 5);   // where the check of the first heights ends the search
    CHECK(transport_map(moved, {.target_error = 1.9, .heights = followed, .rng = 2})
              .check(1'000'000, 3)
              .mass_error.value[0] < 0.15);
    const TransportMap unmoved = transport_map(moved, {.target_error = 1.9, .heights = map.heights, .rng = 2});
    CHECK(unmoved.check(1'000'000, 3).mass_error.value[0] > 0.3);
    const std::vector<double> same = map.heights_at(points, 1000, 5);
    TransportMap there = map;   // the cells are the same far from the origin
    for (double& v : there.points.data) v += 1e9;
    const std::vector<double> far = there.heights_at(there.points, 1000, 5);
    for (std::size_t i = 0; i < 200; ++i) {
        CHECK(same[i] == doctest::Approx(map.heights[i]));
        CHECK(far[i] == doctest::Approx(map.heights[i]));
    }
    CHECK_THROWS_AS(map.heights_at(Matrix(2, 2), 1000, 5), std::invalid_argument);
}

TEST_CASE("transport map: bad input is refused in words") {
    Matrix points(2, 2, 1.0);
    CHECK_THROWS_WITH_AS(transport_map(Matrix(0, 2)),
                         "transport_map: points must have shape (n, d) with n, d >= 1, got (0, 2)",
                         std::invalid_argument);
    CHECK_THROWS_AS(transport_map(points, {.source = Joint({Normal()})}), std::invalid_argument);
    CHECK_THROWS_AS(transport_map(points, {.target_error = -1.0}), std::invalid_argument);
    CHECK_THROWS_AS(transport_map(points, {.budget = 10}), std::invalid_argument);
    CHECK_THROWS_WITH_AS(transport_map(points, {.epsilon = 0.1}), "transport_map: epsilon belongs to method 'entropic'",
                         std::invalid_argument);
    CHECK_THROWS_AS(transport_map(points, {.method = TransportMethod::entropic, .epsilon = 0.0}), std::invalid_argument);
    CHECK_THROWS_AS(transport_map(points, {.method = TransportMethod::newton, .checkpoint = "file"}), std::invalid_argument);
    CHECK_THROWS_AS(transport_map(points, {.source = Joint({Normal(), StudentT(1.5, 0, 1)})}), std::invalid_argument);
    points(0, 0) = std::nan("");
    CHECK_THROWS_AS(transport_map(points), std::invalid_argument);
}

TEST_CASE("transport map: one target takes everything") {
    const TransportMap map = transport_map(Matrix(3, 2, 1.0), {.rng = 1});
    CHECK(map.converged);
    CHECK(map.masses[0] == 1.0);
    CHECK(map.w2_squared.value[0] == doctest::Approx(4.0));   // E|x - (1, 1)|^2
}
