#include <buffon/averaged_steps.hpp>

#include <doctest/doctest.h>

#include <cmath>

#include "line_transport.hpp"

using namespace buffon;

namespace {

const std::vector<double> scales{0.4, 0.4, 0.4, 0.4, 0.4};

}  // namespace

TEST_CASE("averaged steps: a step is that of the relative errors of its batch, of size t^-1/2") {
    const Line line;
    const PowerCells cells(line.y, {0.0}, Line::source());
    TransportDraws draws(cells, line.nu, 5, 1'000'000, 1, {}), same(cells, line.nu, 5, 1'000'000, 1, {});
    std::vector<double> seen;
    AveragedSteps steps(draws, line.heights, [&](std::span<const double> r, double factor) {
        std::vector<double> out(r.begin(), r.end());
        for (double& v : out) v *= factor;
        seen.push_back(factor);
        return out;
    });
    CHECK(steps.average() == line.heights);
    CHECK(steps.next_draws() == 80);
    const CellCounts found = same.count(line.heights, 80);
    std::vector<double> wanted = line.heights;
    for (std::size_t i = 0; i < 5; ++i)
        wanted[i] += 1 - static_cast<double>(found.counts[i]) / static_cast<double>(found.draws) / line.nu[i];
    draws.centre(wanted);
    steps.step();
    for (std::size_t i = 0; i < 5; ++i) CHECK(steps.average()[i] == doctest::Approx(wanted[i]));
    for (int t = 0; t < 3; ++t) steps.step();
    CHECK(seen[3] == doctest::Approx(0.5));
    CHECK(steps.steps() == 4);
}

TEST_CASE("averaged steps: the diagonal step is twice the scale, and errors beyond 200 % count as such") {
    const std::vector<double> change = diagonal({1.0, 3.0})(std::vector<double>{0.5, -1.0}, 0.1);
    CHECK(change[0] == doctest::Approx(0.1));
    CHECK(change[1] == doctest::Approx(-0.6));
    const Line line;
    const PowerCells cells(line.y, {0.0}, Line::source());
    TransportDraws draws(cells, line.nu, 5, 1'000'000, 1, {});
    std::vector<double> first(line.heights);
    first[0] += 100;   // all mass in the cell that is to have 0.1: a relative error of -9
    AveragedSteps steps(draws, first, [](std::span<const double> r, double) {
        CHECK(r[0] == -2.0);
        CHECK(r[1] == 1.0);
        return std::vector<double>(5, 0.0);
    });
    steps.step();
}

TEST_CASE("averaged steps: the average is far closer than its iterates, and as close as its draws allow") {
    const Line line;
    const PowerCells cells(line.y, {0.0}, Line::source());
    double average = 0.0, last = 0.0;
    const int runs = 20;
    for (int run = 0; run < runs; ++run) {
        TransportDraws draws(cells, line.nu, static_cast<std::uint64_t>(run), 1'000'000, 1, {});
        std::vector<double> now(5);
        AveragedSteps steps(draws, std::vector<double>(5, 0.0),
                            [&, by = diagonal(scales)](std::span<const double> r, double f) { return by(r, f); });
        while (draws.spent() < 200'000) steps.step();
        average += line.error(steps.average()) / runs;
        AveragedSteps one(draws, steps.average(), diagonal(scales));   // one step from there is as noisy as its batch
        one.step();
        last += line.error(one.average()) / runs;
    }
    MESSAGE("error of the averages ", average, ", after a further step ", last);
    CHECK(
        average <
        1.9 * 0.8 *
            std::sqrt(
                5 /
                200'000.0));   // 0.8 sqrt(cells / n) is the limit of n plain draws; the last iterates are at 2.5 times it
    CHECK(average < 0.25 * last);
}
