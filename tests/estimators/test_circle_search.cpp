#include <buffon/circle_search.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

#include <doctest/doctest.h>

#include <buffon/stream.hpp>

using namespace buffon;

namespace {

constexpr double turn = 2 * std::numbers::pi;

using Score = std::function<std::vector<double>(double phase)>;

struct Found {
    std::vector<double> share, unseen;
    std::int64_t evaluations = 0;
};

/// The search on a circle of which all is known, from 12 phases.
Found search(const Score& score, const Score& labels, std::int64_t events, bool distances, const Stream& stream,
             std::int64_t index) {
    CircleSearch circle(events, distances);
    Found out;
    const auto ask = [&](double phase) {
        circle.add(phase, score(phase), labels(phase));
        ++out.evaluations;
    };
    for (int g = 0; g < 12; ++g) ask((stream.uniform(index, 0) + g) * turn / 12);
    for (std::vector<double> next = circle.next(); !next.empty(); next = circle.next())
        for (const double phase : next) ask(phase);
    const auto edges = circle.edges();
    std::vector<bool> hits;
    for (std::size_t e = 0; e < edges.size(); ++e)
        for (const double s : score(std::fmod(
                 edges[e].low + stream.uniform(index, 1 + static_cast<std::int64_t>(e)) * edges[e].width, turn)))
            hits.push_back(s > 0);
    out.evaluations += static_cast<std::int64_t>(edges.size());
    out.share = circle.shares(edges, hits);
    out.unseen = circle.unseen(12, edges, hits);
    return out;
}

Score no_labels() { return [](double) { return std::vector<double>(); }; }

}  // namespace

TEST_CASE(
    "circle_search: the mean share of a smooth bump's arcs is theirs, for two thresholds at once, also where no phase "
    "of the grid is") {
    // sum of two bumps: arcs |phase - 1| < acos(..), at the levels .9 and .99
    const Score score = [](double phase) { return std::vector{std::cos(phase - 1) - 0.9, std::cos(phase - 1) - 0.99}; };
    const double exact[] = {std::acos(0.9) / std::numbers::pi, std::acos(0.99) / std::numbers::pi};
    double mean[2] = {}, square[2] = {};
    const int n = 2'000;
    for (int i = 0; i < n; ++i) {
        const Found found = search(score, no_labels(), 2, false, {3, 0}, i);
        for (int j = 0; j < 2; ++j) {
            CHECK(found.share[static_cast<std::size_t>(j)] > 0);   // it is always found
            mean[j] += found.share[static_cast<std::size_t>(j)] / n;
            square[j] += found.share[static_cast<std::size_t>(j)] * found.share[static_cast<std::size_t>(j)] / n;
        }
        CHECK(found.evaluations < 40);
    }
    for (int j = 0; j < 2; ++j) CHECK(std::abs(mean[j] - exact[j]) < 5 * std::sqrt((square[j] - mean[j] * mean[j]) / n));
}

TEST_CASE(
    "circle_search: slabs a millionth of the circle wide along the borders of three classes are found by distances and "
    "by numbers") {
    // Borders at 1, 3 and 5; the score peaks there at 1 and falls to -1 within 1e-5: the event is 5e-6 wide on each side.
    const double borders[] = {1, 3, 5};
    const auto nearest = [&](double phase) {
        double least = 7;
        for (const double b : borders) least = std::min(least, std::abs(phase - b));
        return least;
    };
    const Score score = [&](double phase) { return std::vector{1 - 2 * std::min(nearest(phase) / 1e-5, 3.0)}; };
    const Score number = [&](double phase) { return std::vector{phase < 1 || phase > 5 ? 0.0 : phase < 3 ? 1.0 : 2.0}; };
    // distance to the own class rises like the score; to another one it is that beyond the nearest border
    const Score distance = [&](double phase) {
        const double own = number(phase)[0], s = score(phase)[0] + 6;
        std::vector<double> out(3, s + 2 * std::min(nearest(phase) / 1e-5, 3.0) + 1e-9);
        out[static_cast<std::size_t>(own)] = s;
        return out;
    };
    for (const bool distances : {true, false}) {
        CAPTURE(distances);
        double mean = 0, square = 0, spent = 0;
        const int n = 400;
        for (int i = 0; i < n; ++i) {
            const Found found = search(score, distances ? distance : number, 1, distances, {5, 0}, i);
            mean += found.share[0] / n;
            square += found.share[0] * found.share[0] / n;
            spent += static_cast<double>(found.evaluations) / n;
        }
        CHECK(std::abs(mean - 3e-5 / turn) < 5 * std::sqrt((square - mean * mean) / n));
        CHECK(std::sqrt(square - mean * mean) < 0.5 * mean);   // all three slabs, nearly every time
        CHECK(spent < 200);
    }
}

TEST_CASE("circle_search: borders where no distance says that the score may reach the event are not looked at") {
    const Score distance = [](double phase) {   // smooth, the border is at 0 and pi
        const double s = std::sin(phase);
        return std::vector{7 - s, 7 + s};
    };
    const Score own = [&](double phase) { return std::vector{std::min(distance(phase)[0], distance(phase)[1]) - 12}; };
    const Found found = search(own, distance, 1, true, {1, 0}, 0);
    CHECK(found.share[0] == 0);
    CHECK(found.evaluations == 12);
}

TEST_CASE("circle_search: a circle that lies in the event as a whole has the share 1 without another question") {
    const Found found = search([](double) { return std::vector{1.0}; }, no_labels(), 1, false, {1, 0}, 0);
    CHECK(found.share[0] == doctest::Approx(1).epsilon(1e-12));
    CHECK(found.evaluations == 12);
}

TEST_CASE(
    "circle_search: what circles that nearly touch a border miss is what half of their grid has not seen of the rest") {
    // A class of width w with two borders, slabs of width 2e-7 / w along both; w^2 is uniform up to three cells'.
    const double widest = 3 * turn / 12, exact = 2 * (2e-7 * 2 / widest) / turn;
    double mean[2] = {}, square[2] = {};   // of shares, without and with what is unseen
    const int n = 6'000;
    for (int i = 0; i < n; ++i) {
        const double w = widest * std::sqrt(Stream{11, 1}.uniform(i, 0)), half = 1e-7 / w;
        const auto border = [w](double phase) { return std::min(std::abs(phase - 2), std::abs(phase - 2 - w)); };
        const Score score = [&](double phase) { return std::vector{std::max(1 - border(phase) / half, -1.0)}; };
        const Score label = [&](double phase) { return std::vector{phase > 2 && phase < 2 + w ? 1.0 : 0.0}; };
        const Found found = search(score, label, 1, false, {11, 0}, i);
        const double shares[] = {found.share[0] / exact, (found.share[0] + found.unseen[0]) / exact};
        for (int k = 0; k < 2; ++k) {
            mean[k] += shares[k] / n;
            square[k] += shares[k] * shares[k] / n;
        }
    }
    const auto error = [&](int k) { return std::sqrt((square[k] - mean[k] * mean[k]) / n); };
    CHECK(std::abs(mean[0] - (1 - 1.0 / 6)) < 4 * error(0));   // half a cell of three
    CHECK(std::abs(mean[1] - 1) < 4 * error(1));
    CHECK(error(1) < 0.04);
}

TEST_CASE("circle_search: bumps that half of the grid climbs, and borders that it meets, are none of the unseen") {
    const Score bump = [](double phase) { return std::vector{std::cos(phase - 1) - 0.99}; };
    for (int i = 0; i < 100; ++i) CHECK(search(bump, no_labels(), 1, false, {3, 0}, i).unseen[0] == 0);
    const Score border = [](double phase) { return std::vector{1e-6 - std::abs(phase - 2)}; };
    const Score label = [](double phase) { return std::vector{phase > 2 ? 1.0 : 0.0}; };
    for (int i = 0; i < 100; ++i) {
        const Found found = search(border, label, 1, false, {3, 0}, i);
        CHECK(found.unseen[0] == 0);
        CHECK(found.share[0] > 0);
    }
}
