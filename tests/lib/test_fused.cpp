#include <buffon/fused.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include <buffon/gaussian_copula.hpp>
#include <buffon/parallel.hpp>

using namespace buffon;

namespace {

const Distribution inputs = Joint({Normal(1, 2), Uniform(-3, 5), LogNormal(0, 0.5)});

std::array<double, 2> powers(std::span<const double> x) { return {x[0] * x[1] + x[2], std::exp(-x[0] * x[0])}; }

const Stream stream{17, 3};

/// Through tables of rows, block by block.
Moments by_rows(const Problem& problem, std::int64_t n, Matrix* y = nullptr) {
    Matrix x(n, problem.dim());
    problem.inputs().sample(stream, 0, x);
    Matrix out = problem(x).y;
    Moments total;
    for (std::int64_t first = 0; first < n; first += parallel::block_size)
        total.merge(Moments(out.view().slice(first, std::min(parallel::block_size, n - first))));
    if (y) *y = out;
    return total;
}

void check_equal(const Moments& a, const Moments& b) {
    CHECK(a.n == b.n);
    CHECK(a.mean == b.mean);
    CHECK(a.scatter.data == b.scatter.data);
}

}  // namespace

TEST_CASE("Fused: moments and outputs are those of the rows, bit for bit, for points and for columns, on any threads") {
    const auto columns = by_columns([](auto p) { return p[0] * p[1] + std::sqrt(p[2]); });
    for (const Problem& problem : {Problem(powers, inputs), Problem(columns, inputs)})
        for (const int threads : {1, 3})
            for (const std::int64_t n : {1, 9, 255, 4096, 4097, 30'011}) {
                CAPTURE(threads);
                CAPTURE(n);
                const Run run{.budget = n, .rng = 17, .threads = threads};
                Evaluation evaluation("test", problem, run);
                auto fused = Fused::of(evaluation, stream);
                REQUIRE(fused);
                Matrix y(n, fused->columns()), expected;
                Moments total;
                REQUIRE(fused->add(0, n, parallel::block_size * 8, total, y) == n);
                check_equal(total, by_rows(problem, n, &expected));
                CHECK(y.data == expected.data);
                CHECK(evaluation.n() == n);
                CHECK(evaluation.outputs() == problem.columns().outputs);
            }
}

TEST_CASE("Fused: calls that follow each other merge block by block") {
    const Problem problem(powers, inputs);
    const Run run{.budget = 12'288, .rng = 17};
    Evaluation evaluation("test", problem, run);
    auto fused = Fused::of(evaluation, stream);
    Moments total;
    CHECK(fused->add(0, 8192, 8192, total, {}) == 8192);
    CHECK(fused->add(8192, 4096, 8192, total, {}) == 4096);
    check_equal(total, by_rows(problem, 12'288));
}

TEST_CASE("Fused: with discarded failures a column of ones counts successes") {
    const Problem problem(powers, inputs);
    const Run run{.budget = 5000, .rng = 17, .on_error = OnError::discard};
    Evaluation evaluation("test", problem, run);
    auto fused = Fused::of(evaluation, stream);
    CHECK(fused->columns() == 3);
    Moments total;
    CHECK(fused->add(0, 5000, 8192, total, {}) == 5000);
    Matrix y, wide(5000, 3, 1.0);
    by_rows(problem, 5000, &y);
    for (std::int64_t i = 0; i < 5000; ++i)
        for (std::int64_t k = 0; k < 2; ++k) wide(i, k) = y(i, k);
    Moments expected(wide.view().slice(0, 4096));
    expected.merge(Moments(wide.view().slice(4096, 904)));
    check_equal(total, expected);
}

TEST_CASE("Fused: a block that fails changes nothing, and no later one is taken") {
    const double infinity = std::numeric_limits<double>::infinity();
    for (const double bad : {std::nan(""), infinity, -infinity, 0.0}) {
        const Problem problem(
            [bad](std::span<const double> x) {
                if (x[1] < 4.999) return x[1];
                if (bad == 0.0) throw std::runtime_error("refused");
                return bad;
            },
            inputs);
        const Run run{.budget = 300'000, .rng = 17, .threads = 2};
        Evaluation evaluation("test", problem, run);
        auto fused = Fused::of(evaluation, stream);
        Moments total;
        CHECK(fused->add(0, 1, 1 << 20, total, {}) == 1);
        const Moments before = total;
        CHECK(fused->add(1, 299'999, 1 << 20, total, {}) == 0);   // P(x[1] > 4.999) = 1 / 8000
        check_equal(total, before);
        CHECK(evaluation.n() == 1);
        CHECK(fused->add(1, 1, 1 << 20, total, {}) == 0);
    }
}

TEST_CASE("Fused: several batches at once are announced one by one, and those before a failure count") {
    constexpr std::int64_t bad = 100'000;
    Matrix x(bad + 1, 3);
    inputs.sample(stream, 0, x);
    const double value = x(bad, 1);
    const Problem problem([value](std::span<const double> p) { return p[1] == value ? std::nan("") : p[1]; }, inputs);
    std::vector<std::int64_t> told;
    Run run{.budget = 1'000'000, .rng = 17, .threads = 2};
    run.progress = [&](std::int64_t n, std::int64_t) { told.push_back(n); };
    Evaluation evaluation("test", problem, run);
    auto fused = Fused::of(evaluation, stream);
    Moments total;
    std::int64_t done = 0;
    for (std::int64_t taken = 1; taken > 0; done += taken) taken = fused->add(done, run.budget - done, 8192, total, {});
    CHECK(done == bad / 8192 * 8192);   // whole batches
    CHECK(evaluation.n() == done);
    CHECK(total.n == done);
    for (std::size_t i = 0; i < told.size(); ++i) CHECK(told[i] == 8192 * static_cast<std::int64_t>(i + 1));
    CHECK(told.size() >= 11);
}

TEST_CASE("Fused: only for models of columns, independent inputs, large batches, and no wish for the sample") {
    const auto possible = [](const Problem& problem, Keep keep, std::int64_t batch = 4096) {
        const Run run{.rng = 1, .batch = batch, .keep = keep};
        Evaluation evaluation("test", problem, run);
        return Fused::of(evaluation, stream).has_value();
    };
    const Problem points(powers, inputs);
    Matrix correlation(2, 2, 0.3);
    correlation(0, 0) = correlation(1, 1) = 1;
    const auto product = [](std::span<const double> x) { return x[0] * x[1]; };
    CHECK(possible(points, Keep::nothing));
    CHECK(!possible(points, Keep::sample));
    CHECK(!possible(points, Keep::nothing, 4095));   // slow models are asked in small batches, and may be stopped between them
    CHECK(!possible(Problem(Model([&](ConstView x) { return points(x); }), inputs), Keep::nothing));
    CHECK(!possible(Problem(product, Joint({Normal(), Normal()}, {}, GaussianCopula(correlation))), Keep::nothing));
    CHECK(!possible(Problem(product, MultivariateNormal({0, 0}, correlation)), Keep::nothing));
    CHECK(!possible(points.with_outputs({{"first", [](std::span<const double> y) { return y[0]; }}}), Keep::nothing));
}
