#include <buffon/diffusion/sample.hpp>

#include <buffon/diffusion/recorder.hpp>
#include <buffon/diffusion/solvers/ddim.hpp>
#include <buffon/diffusion/solvers/dpmpp.hpp>
#include <buffon/diffusion/solvers/mrs.hpp>
#include <buffon/diffusion/solvers/posterior_mr.hpp>
#include <buffon/diffusion/solvers/rk45.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>
#include <vector>

#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;
using buffon::View;

namespace {

SampleOptions draw(std::int64_t n, std::uint64_t rng = 1) {
    SampleOptions options;
    options.n = n;
    options.rng = rng;
    return options;
}

}  // namespace

TEST_CASE("sample: DDIM from given starts is the formula of the paper, in the schedule's coordinates") {
    const GaussianMixture model = problems::g2();
    const Schedule s = VP();
    const Table table = ddim(s, {.steps = 7});
    Matrix x = problems::starts(20, 2), D(20, 2);
    const Matrix got = problems::solve(model, table, x);
    for (std::size_t i = 0; i < 7; ++i) {
        const double a = s.alpha(table.nodes.t[i]), b = s.sigma(table.nodes.t[i]), a1 = s.alpha(table.nodes.t[i + 1]),
                     b1 = s.sigma(table.nodes.t[i + 1]);
        Matrix v = x;
        for (double& number : v.data) number /= a;
        const double level[] = {b / a};
        model.denoise(v, level, D);
        for (std::size_t j = 0; j < x.data.size(); ++j) x.data[j] = a1 * D.data[j] + b1 * (x.data[j] - a * D.data[j]) / b;
    }
    for (std::size_t j = 0; j < x.data.size(); ++j) CHECK(got.data[j] == doctest::Approx(x.data[j]).epsilon(1e-11));
}

TEST_CASE("sample: mean and variance of a random table are those of its recursion") {
    // data N(1.2, 0.3^2): the state stays Gaussian, its mean and variance follow from the table's weights
    const GaussianMixture model = problems::g1();
    for (const double eta : {0.0, 1.0}) {
        const Table table = ddim(VP(), {.steps = 6}, {.eta = eta});
        double mean = 0, variance = std::pow(1 / table.nodes.alpha.front(), 2), rho = table.rho_start();
        for (const Row& row : table.rows) {
            if (row.at >= 0) continue;
            const double shrink = 0.09 / (0.09 + rho * rho), a = row.terms[0].weight, b = row.terms[1].weight;
            mean = a * mean + b * (1.2 + shrink * (mean - 1.2));
            variance = std::pow(a + b * shrink, 2) * variance + row.noise * row.noise;
            rho = row.rho;
        }
        constexpr std::int64_t n = 100'000;
        const Matrix x = sample(model, table, draw(n, 11)).x;
        double sum = 0, square = 0;
        const double alpha = table.nodes.alpha.back();
        for (const double v : x.data) sum += v / alpha;
        for (const double v : x.data) square += std::pow(v / alpha - sum / n, 2);
        CHECK(std::abs(sum / n - mean) < 4 * std::sqrt(variance / n));
        CHECK(std::abs(square / n / variance - 1) < 4 * std::sqrt(2.0 / n));
    }
}

TEST_CASE("sample: counts evaluations, keeps the key, records with a stride") {
    const GaussianMixture model = problems::g2();
    SampleOptions options = draw(10);
    options.record = 4;
    const Table table = dpmpp(VP(), {.steps = 10});
    const Draws draws = sample(model, table, options);
    CHECK(draws.evaluations() == 100);
    CHECK(draws.parts.at("denoise") == 100);
    CHECK(draws.rng_key == 1);
    CHECK(draws.times == std::vector{table.nodes.t[4], table.nodes.t[8], table.nodes.t[10]});
    CHECK(draws.trajectory.size() == 3);
    CHECK(draws.trajectory[2].data == draws.x.data);
    // a recorded state is that of a table that ends there
    Grid half{.grid = std::vector(table.nodes.t.begin(), table.nodes.t.begin() + 5)};
    const Matrix there = sample(model, dpmpp(VP(), half, {.lower_order_final = false}), draw(10)).x;
    for (std::size_t i = 0; i < there.data.size(); ++i)
        CHECK(draws.trajectory[0].data[i] == doctest::Approx(there.data[i]).epsilon(1e-12));
    options.rng.reset();
    CHECK(sample(model, table, options).rng_key != sample(model, table, options).rng_key);
}

TEST_CASE("sample: a callback sees state and data, and stops") {
    const GaussianMixture model = problems::g2();
    SampleOptions options = draw(6);
    std::vector<double> levels;
    Matrix seen;
    options.callback = [&](const Step& step) {
        levels.push_back(step.level);
        CHECK(step.evaluations == step.node);
        seen = Matrix(step.x.rows, step.x.cols);
        for (std::size_t i = 0; i < seen.data.size(); ++i) seen.data[i] = step.alpha * step.x.data[i];
        return step.node < 3;
    };
    const Table table = ddim(VP(), {.steps = 5});
    const Draws draws = sample(model, table, options);
    CHECK(levels == std::vector(table.nodes.rho.begin() + 1, table.nodes.rho.begin() + 4));
    CHECK(draws.x.data == seen.data);
    CHECK(draws.evaluations() == 18);
}

TEST_CASE("sample: labels reach the denoiser, one for all or one each, batch by batch") {
    const Denoiser model{1,
                         [](const Query& q, View out) {
                             for (std::int64_t i = 0; i < out.rows; ++i)
                                 out(i, 0) = static_cast<double>(q.labels[static_cast<std::size_t>(i)]);
                         },
                         {.classes = 5}};
    SampleOptions options = draw(5);
    options.batch = 2;
    options.condition = std::vector<std::int64_t>{4, 3, 2, 1, 0};
    const Table table = ddim(EDM(), {.steps = 3, .to_zero = true});
    CHECK(sample(model, table, options).x.data == std::vector{4.0, 3.0, 2.0, 1.0, 0.0});
    options.condition = std::int64_t{3};
    CHECK(sample(model, table, options).x.data == std::vector(5, 3.0));
}

TEST_CASE("sample: coefficients per coordinate are one table per coordinate") {
    Recorder left, right, both;
    for (auto [r, w] : {std::pair{&left, 0.25}, std::pair{&right, 0.5}, std::pair{&both, 0.25}}) {
        const Combination x = r->start(), D = r->denoise(x);
        r->node(w * x + (1 - w) * D + w * r->one(), 1, w, 0.1 * w);
    }
    const GaussianMixture model = problems::g2();
    const auto finished = [](Recorder& r) {
        Table table = r.seal();
        table.nodes = nodes(EDM(), {.steps = 1});
        table.schedule = EDM();
        return table;
    };
    const Table one = finished(left), two = finished(right);
    Table stacked = finished(both);
    stacked.coordinates = {one.rows, two.rows};
    const Matrix x = sample(model, one, draw(7)).x, y = sample(model, two, draw(7)).x, z = sample(model, stacked, draw(7)).x;
    for (std::int64_t i = 0; i < 7; ++i) {
        CHECK(z(i, 0) == doctest::Approx(x(i, 0)).epsilon(1e-14));
        CHECK(z(i, 1) == doctest::Approx(y(i, 1)).epsilon(1e-14));
    }
}

TEST_CASE("sample: a mean-reverting process with mean mu is one without it, of the data less mu") {
    const GaussianMixture model = problems::g2();
    const MeanReverting schedule(0.5);
    const std::int64_t n = 40;
    Matrix mu = problems::starts(n, 2);
    for (const bool one_for_all : {false, true})
        for (const bool given : {false, true})
            for (const Table& table : {posterior_mr(schedule, {.steps = 6}),
                                       mrs(schedule, {.steps = 6, .to_zero = true}), mrs(schedule, {.steps = 4})}) {
                SampleOptions options = draw(n);
                options.batch = 7;
                options.record = 2;
                options.mean = mu;
                if (one_for_all) options.mean = Matrix(1, 2, -0.3);
                const auto mean = [&](std::int64_t i, std::int64_t j) { return one_for_all ? -0.3 : mu(i, j); };
                if (given) {
                    options.x = problems::starts(n, 2);
                    options.level = 0.5 * (table.rho_start() + table.nodes.rho.back());
                }
                const Draws found = sample(model, table, options);
                for (std::int64_t i = 0; i < n; ++i) {   // alone, with coordinates about mu
                    const Denoiser about{2, [&](const Query& q, View out) {
                                             Matrix moved(q.x.rows, 2);
                                             for (std::int64_t r = 0; r < q.x.rows; ++r)
                                                 for (std::int64_t j = 0; j < 2; ++j) moved(r, j) = q.x(r, j) + mean(i, j);
                                             model.denoise(moved, q.sigma, out);
                                             for (std::int64_t r = 0; r < q.x.rows; ++r)
                                                 for (std::int64_t j = 0; j < 2; ++j) out(r, j) -= mean(i, j);
                                         }};
                    SampleOptions alone = options;
                    alone.mean = Matrix(1, 2, 0.0);
                    if (given)
                        for (std::int64_t r = 0; r < n; ++r)
                            for (std::int64_t j = 0; j < 2; ++j) (*alone.x)(r, j) -= mean(i, j);
                    if (i % 13 != 0) continue;   // each run draws all samples
                    const Draws known = sample(about, table, alone);
                    for (std::int64_t j = 0; j < 2; ++j) {
                        CHECK(found.x(i, j) == doctest::Approx(known.x(i, j) + mean(i, j)).epsilon(1e-10));
                        for (std::size_t k = 0; k < found.trajectory.size(); ++k)
                            CHECK(found.trajectory[k](i, j) ==
                                  doctest::Approx(known.trajectory[k](i, j) + mean(i, j)).epsilon(1e-10));
                    }
                }
            }
}

TEST_CASE("sample: a mean-reverting start is mu + sinf xi, and a callback sees x0 + rho eps") {
    const GaussianMixture model = problems::g2();
    const MeanReverting schedule(0.5);
    const Table table = mrs(schedule, {.steps = 5});
    SampleOptions options = draw(6);
    options.mean = Matrix(1, 2, 0.4);
    Matrix xi(6, 2);
    buffon::Stream{1, 0x10000}.normal(0, xi);
    options.record = 1;
    Matrix last;
    options.callback = [&](const Step& step) {
        last = Matrix(step.x.rows, step.x.cols);
        for (std::size_t i = 0; i < last.data.size(); ++i) last.data[i] = step.alpha * step.x.data[i] + (1 - step.alpha) * 0.4;
        return step.node < 4;
    };
    const Draws drawn = sample(model, table, options);
    CHECK(drawn.trajectory[3].data == last.data);
    CHECK(drawn.x.data == last.data);
    options.x = xi;
    for (double& v : options.x->data) v = 0.4 + 0.5 * v;
    const Draws given = sample(model, table, options);
    for (std::size_t i = 0; i < given.x.data.size(); ++i)
        CHECK(drawn.x.data[i] == doctest::Approx(given.x.data[i]).epsilon(1e-12));
}

TEST_CASE("sample: an adaptive table knows mu, there and back") {
    const GaussianMixture model = problems::g2();
    const MeanReverting schedule(0.5);
    SampleOptions options = draw(12);
    options.mean = problems::starts(12, 2);
    const Draws fine = sample(model, mrs(schedule, {.steps = 400}, {.order = 3}), options),
                found = sample(model, rk45(schedule, {.steps = 4}), options);
    for (std::size_t i = 0; i < fine.x.data.size(); ++i) CHECK(std::abs(found.x.data[i] - fine.x.data[i]) < 2e-3);
    options.x = found.x;
    const Matrix noise = invert(model, rk45(schedule, {.steps = 4}), options).x;
    Matrix xi(12, 2);
    buffon::Stream{1, 0x10000}.normal(0, xi);
    for (std::size_t i = 0; i < xi.data.size(); ++i)
        CHECK(std::abs(noise.data[i] - (*options.mean).data[i] - 0.5 * xi.data[i]) < 2e-3);
}

TEST_CASE("sample: the degraded data are asked for where the schedule needs them") {
    const GaussianMixture model = problems::g2();
    const Table table = mrs(MeanReverting(0.5), {.steps = 3});
    SampleOptions options = draw(3);
    CHECK_THROWS_WITH(sample(model, table, options),
                      "sample: mean must be given with a mean-reverting schedule: the degraded data mu");
    options.mean = Matrix(2, 2);
    CHECK_THROWS_WITH(sample(model, table, options), "sample: mean must have shape (3, 2) or (1, 2), got (2, 2)");
    options.mean = Matrix(1, 3);
    CHECK_THROWS_WITH(sample(model, table, options), "sample: mean must have shape (3, 2) or (1, 2), got (1, 3)");
    options.mean = Matrix(1, 2, NAN);
    CHECK_THROWS_WITH(sample(model, table, options), "sample: mean must be finite, got nan");
    options.mean = Matrix(1, 2);
    CHECK_THROWS_WITH(sample(model, ddim(VP(), {.steps = 3}), options), "sample: mean belongs to a mean-reverting schedule");
}

TEST_CASE("sample: refuses options that contradict each other") {
    const GaussianMixture model = problems::g2();
    const Table table = ddim(EDM(), {.steps = 3});
    const auto refuse = [&](const auto& change) {
        SampleOptions options = draw(3);
        change(options);
        sample(model, table, options);
    };
    CHECK_THROWS_WITH(refuse([](SampleOptions& o) { o.n.reset(); }), "sample: n must be given, or the starts x");
    CHECK_THROWS_WITH(refuse([](SampleOptions& o) { o.n = 0; }), "sample: n must be at least 1, got 0");
    CHECK_THROWS_WITH(refuse([](SampleOptions& o) { o.x = Matrix(3, 4); }), "sample: x must have shape (n, 2), got (3, 4)");
    CHECK_THROWS_WITH(refuse([](SampleOptions& o) { o.x = Matrix(4, 2); }),
                      "sample: n must be the number of rows of x, 4, got 3");
    CHECK_THROWS_WITH(refuse([](SampleOptions& o) { o.x = Matrix(3, 2, NAN); }), "sample: x must be finite, got nan");
    CHECK_THROWS_WITH(refuse([](SampleOptions& o) { o.level = 3.0; }), "sample: level belongs to starts x, which are missing");
    CHECK_THROWS_WITH(refuse([](SampleOptions& o) { o.batch = 0; }), "sample: batch must be at least 1, got 0");
    CHECK_THROWS_WITH(refuse([](SampleOptions& o) { o.condition = std::vector<std::int64_t>{1, 2}; }),
                      "sample: condition must be one label or one per sample (3), got 2");
    const Denoiser narrow{2, [](const Query&, View) {}, {.name = "narrow", .sigma_min = 0.1, .sigma_max = 10}};
    CHECK_THROWS_WITH(sample(narrow, table, draw(3)), doctest::Contains("narrow knows [0.1, 10]"));
}
