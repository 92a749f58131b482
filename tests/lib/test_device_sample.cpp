#include <buffon/device_sample.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include <buffon/device.hpp>
#include <buffon/owen_hash.hpp>
#include <buffon/testing.hpp>
#include <buffon/vecmath_normal.hpp>

using namespace buffon;

namespace {

std::vector<DeviceQueue> queues() {
    std::vector<DeviceQueue> all;
    for (std::size_t i = 1; i < available_devices().size(); ++i) all.push_back({.device = static_cast<int>(i) - 1});
    return all;
}

Moments expected(const Problem& problem, const PointSet& points, std::int64_t first, std::int64_t rows) {
    Matrix x(rows, problem.dim());
    points.uniform(first, x);
    problem.inputs().from_uniform(x, x);
    return Moments(problem(x).y);
}

/// The records of a range, merged.
Moments merged(const DeviceSample& sample, std::int64_t first, std::int64_t rows) {
    const std::vector<double> records = sample.moments(first, rows, 1, 1);
    Moments all = moments_of(records.data(), 1);
    merge_records(std::span(records).subspan(static_cast<std::size_t>(moment_numbers(1))), 1, all);
    return all;
}

/// Inputs that are dependent, and of every form.
Problem beam_under_a_copula() {
    return testing::cantilever_laws(1).problem;
}

/// Sums of f(A), f(B), and of the steps when an input of A comes from B, from the formula of the records.
void check_pick_freeze(const DeviceQueue& queue, const Problem& problem, const PointSet& points, std::int64_t rows) {
    const std::int64_t d = problem.dim(), numbers = pick_freeze_numbers(d);
    const auto sample = DeviceSample::of({queue}, problem, points, 2 * d);
    const std::vector<double> records = sample->pick_freeze(0.5, 0, rows);
    std::vector<double> there(static_cast<std::size_t>(numbers));   // of what is summed
    for (std::size_t k = 0; k < records.size(); ++k) there[k % there.size()] += records[k];
    Matrix u(rows, 2 * d), table_a(rows, d), table_b(rows, d), x(rows, d);
    points.uniform(0, u);
    for (std::int64_t i = 0; i < rows; ++i)
        for (std::int64_t j = 0; j < d; ++j) table_a(i, j) = u(i, j), table_b(i, j) = u(i, d + j);
    for (Matrix* table : {&table_a, &table_b}) problem.inputs().from_uniform(*table, *table);
    const auto values = [&](std::int64_t from_b) {   // A with one input from B; -1: none, d: all
        for (std::int64_t i = 0; i < rows; ++i)
            for (std::int64_t j = 0; j < d; ++j) x(i, j) = from_b == d || from_b == j ? table_b(i, j) : table_a(i, j);
        std::vector<double> y = problem(x).y.data;
        for (double& v : y) v -= 0.5;
        return y;
    };
    const std::vector<double> a = values(-1), b = values(d);
    const auto mean = [&](const auto& term) {
        double sum = 0.0;
        for (std::size_t i = 0; i < a.size(); ++i) sum += term(i);
        return sum;
    };
    const auto close = [&](std::int64_t at, double expected) {
        CHECK(there[static_cast<std::size_t>(at)] == doctest::Approx(expected).epsilon(1e-10).scale(1e-3));
    };
    close(0, static_cast<double>(rows));
    close(1, mean([&](std::size_t i) { return a[i]; }));
    close(5, mean([&](std::size_t i) { return a[i] * b[i]; }));
    for (std::int64_t g = 0; g < d; ++g) {
        const std::vector<double> y = values(g);
        close(8 + 5 * g, mean([&](std::size_t i) { return (y[i] - a[i]) * (y[i] - a[i]); }));
        close(10 + 5 * g, mean([&](std::size_t i) { return (y[i] - a[i]) * b[i]; }));
    }
}

}  // namespace

TEST_CASE("words of a net: point i is the shift and the directions of the digits of its Gray code") {
    for (const Scramble kind : {Scramble::linear, Scramble::owen})
        for (const std::int64_t dim : {1, 3, 40})
            for (const std::int64_t points : {1, 4, 1000}) {
                const SobolSequence net(dim, points, Stream{3, 1}, kind);
                const std::vector<std::uint64_t> words = net.words(), keys = net.owen_words();
                CHECK(keys.size() == (kind == Scramble::owen ? static_cast<std::size_t>(owen_keys * dim) : 0));
                for (const std::int64_t i : {std::int64_t{0}, points / 2, points - 1})
                    for (std::int64_t c = 0; c < dim; ++c) {
                        std::uint64_t word = words[static_cast<std::size_t>(c)];
                        for (std::int64_t j = 0; j < net.digits(); ++j)
                            if ((i ^ i >> 1) >> j & 1) word ^= words[static_cast<std::size_t>((1 + j) * dim + c)];
                        if (!keys.empty()) word = reversed_bits(owen_hash(word, keys.data() + c, dim));
                        CHECK(to_unit(word) == net.uniform(i, c));
                    }
            }
}

TEST_CASE("DeviceSample: moments of independent points are those of the processor, far into a stream") {
    for (const auto& queue : queues())
        for (const Problem& problem : {testing::ishigami().problem, testing::g_function().problem,
                                       testing::cantilever().problem, beam_under_a_copula()}) {
            CAPTURE(problem.dim());
            const PointSet points = PointSet::independent(1, Stream{7, 3});
            const auto sample = DeviceSample::of({queue}, problem, points, problem.dim());
            REQUIRE(sample);
            for (const std::int64_t first : {std::int64_t{0}, std::int64_t{1} << 32})
                for (const std::int64_t rows : {1, 255, 65'536, 100'003}) {
                    CAPTURE(rows);
                    const Moments here = expected(problem, points, first, rows), there = merged(*sample, first, rows);
                    CHECK(there.n == rows);
                    CHECK(there.mean[0] == doctest::Approx(here.mean[0]).epsilon(1e-12));
                    CHECK(there.scatter(0, 0) == doctest::Approx(here.scatter(0, 0)).epsilon(1e-11));
                }
        }
}

TEST_CASE("DeviceSample: moments of nets are those of the processor, net by net, with both scrambles") {
    for (const auto& queue : queues())
        for (const Problem& problem : {testing::ishigami().problem, beam_under_a_copula()})
            for (const Scramble kind : {Scramble::linear, Scramble::owen})
                for (const std::int64_t net : {1, 8, 1024, 1 << 17}) {
                    CAPTURE(net);
                    const PointSet points = PointSet::nets(problem.dim(), net, 3, 11, 40, kind);
                    const auto sample = DeviceSample::of({queue}, problem, points, problem.dim());
                    REQUIRE(sample);
                    const Moments here = expected(problem, points, 0, 3 * net), there = merged(*sample, 0, 3 * net);
                    CHECK(there.n == 3 * net);
                    CHECK(there.mean[0] == doctest::Approx(here.mean[0]).epsilon(1e-12));
                    CHECK(there.scatter(0, 0) == doctest::Approx(here.scatter(0, 0)).epsilon(1e-11));
                    const std::int64_t last = std::min(net, device_block);
                    CHECK(merged(*sample, 3 * net - last, last).mean[0] ==
                          doctest::Approx(expected(problem, points, 3 * net - last, last).mean[0]).epsilon(1e-12));
                }
}

TEST_CASE("DeviceSample: records do not depend on how many are asked for at once") {
    for (const auto& queue : queues()) {
        const Problem problem = testing::ishigami().problem;
        const auto sample = DeviceSample::of({queue}, problem, PointSet::independent(1, Stream{1, 1}), 3);
        const std::vector<double> all = sample->moments(0, 3 * device_block, 1, 1),
                                  second = sample->moments(device_block, device_block, 1, 1);
        CHECK(std::vector(all.begin() + 3, all.begin() + 6) == second);
    }
}

TEST_CASE("DeviceSample: records are the same bits on any number of devices") {
    for (const auto& queue : queues())
        for (const std::int64_t net : {0, 512, 1 << 17}) {
            const Problem problem = testing::g_function().problem;
            const PointSet points =
                net > 0 ? PointSet::nets(2 * problem.dim(), net, 5, 11, 40) : PointSet::independent(1, Stream{1, 1});
            std::vector<DeviceQueue> several = queues();
            several.insert(several.end(), 2, queue);   // the same device may stand for several
            const std::int64_t replicate = net > 0 ? 0 : 1 << 15, rows = net > 0 ? 5 * net : 6 * device_block - 5;
            const auto one = DeviceSample::of({queue}, problem, points, 2 * problem.dim(), replicate),
                       all = DeviceSample::of(several, problem, points, 2 * problem.dim(), replicate);
            CHECK(one->pick_freeze(0.5, 0, rows) == all->pick_freeze(0.5, 0, rows));
            const PointSet own = net > 0 ? PointSet::nets(problem.dim(), net, 5, 11, 40) : points;
            CHECK(DeviceSample::of({queue}, problem, own, problem.dim())->moments(0, rows, 1, 1) ==
                  DeviceSample::of(several, problem, own, problem.dim())->moments(0, rows, 1, 1));
        }
}

TEST_CASE(
    "in brief: DeviceSample, of independent points and of nets with both scrambles, has the moments and sums of its "
    "rows") {
    for (const auto& queue : queues())
        for (const Problem& problem : {testing::ishigami().problem, testing::g_function().problem,
                                       testing::cantilever().problem, beam_under_a_copula()})
            for (const int kind : {0, 1, 2}) {
                CAPTURE(problem.dim());
                CAPTURE(kind);
                const std::int64_t net = 512, rows = kind == 0 ? 700 : 2 * net;
                const auto points = [&](std::int64_t dim) {
                    return kind == 0
                               ? PointSet::independent(1, Stream{7, 3})
                               : PointSet::nets(dim, net, 2, 11, 40, kind == 1 ? Scramble::linear : Scramble::owen);
                };
                const auto sample = DeviceSample::of({queue}, problem, points(problem.dim()), problem.dim());
                const Moments here = expected(problem, points(problem.dim()), 0, rows),
                              there = merged(*sample, 0, rows);
                CHECK(there.mean[0] == doctest::Approx(here.mean[0]).epsilon(1e-12));
                CHECK(there.scatter(0, 0) == doctest::Approx(here.scatter(0, 0)).epsilon(1e-11));
                check_pick_freeze(queue, problem, points(2 * problem.dim()), rows);
            }
}

TEST_CASE("evaluate_on_device: the model at given rows, however many devices share them") {
    for (const auto& queue : queues()) {
        const Problem problem = testing::cantilever().problem;
        Matrix x(1001, 6);
        problem.inputs().sample(Stream{2, 2}, 0, x);
        const Matrix here = problem(x).y, there = evaluate_on_device({queue}, problem, x).y;
        for (std::int64_t i = 0; i < x.rows; ++i) CHECK(there(i, 0) == doctest::Approx(here(i, 0)).epsilon(1e-14));
        CHECK(evaluate_on_device({queue, queue, queue}, problem, x).y.data == there.data);
        CHECK(evaluate_on_device({queue, queue}, problem, x.view().slice(0, 1)).y.data == std::vector{there(0, 0)});
    }
}

TEST_CASE("device_queue: a model that is not made for devices, and a device that is not there") {
    const Problem plain([](std::span<const double> x) { return x[0]; }, Univariate(Uniform(0, 1)));
    CHECK_THROWS_WITH_AS(device_queue("plain", "cuda", plain),
                         doctest::Contains("plain: device = 'cuda' needs a model made for devices"),
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(device_queue("plain", "cuda:99", testing::ishigami().problem),
                         doctest::Contains("device 'cuda:99' is not there; CUDA: "), std::invalid_argument);
}

TEST_CASE("merge_records: the moments of all rows, as Moments::merge has them, with a column of successes or without") {
    Matrix y(300, 2);
    Stream{4, 4}.normal(0, y);
    std::vector<double> records;
    Moments expected;
    for (const auto& [first, count] : {std::pair{0, 100}, {100, 1}, {101, 199}}) {
        const Moments part(y.view().slice(first, count));
        expected.merge(part);
        for (const double v : {static_cast<double>(count), part.mean[0], part.mean[1], part.scatter(0, 0),
                               part.scatter(1, 0), part.scatter(1, 1)})
            records.push_back(v);
    }
    for (const std::int64_t columns : {2, 3}) {
        Moments total;
        total.mean.assign(static_cast<std::size_t>(columns), 0.0);
        total.scatter = Matrix(columns, columns);
        if (columns == 3) total.mean.back() = 1;
        merge_records(records, 2, total);
        CHECK(total.n == 300);
        for (std::int64_t j = 0; j < columns; ++j) {
            CHECK(total.mean[static_cast<std::size_t>(j)] == (j < 2 ? expected.mean[static_cast<std::size_t>(j)] : 1.0));
            for (std::int64_t k = 0; k < columns; ++k)
                CHECK(total.scatter(j, k) == (j < 2 && k < 2 ? expected.scatter(j, k) : 0.0));
        }
    }
    CHECK(moments_of(records.data(), 2).mean[1] == records[2]);
    CHECK(moments_of(records.data(), 2).scatter(0, 1) == records[4]);
}

TEST_CASE("finite_record: one NaN or infinity is seen") {
    CHECK(finite_record(std::vector{1.0, 2.0}));
    CHECK(!finite_record(std::vector{1.0, std::nan("")}));
    CHECK(!finite_record(std::vector{HUGE_VAL, 2.0}));
}
