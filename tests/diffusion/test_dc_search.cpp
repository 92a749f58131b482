#include <buffon/diffusion/dc_search.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include "../refusal.hpp"
#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

namespace {

Matrix rows(const Matrix& x, std::int64_t first, std::int64_t count) {
    Matrix out(count, x.cols);
    std::copy_n(x.data.begin() + first * x.cols, out.data.size(), out.data.begin());
    return out;
}

struct Gain {
    double before, after;
};

/// Root mean square errors on 256 points that the search did not see: points of the fixed sequence.
Gain held_out(const GaussianMixture& model, GridKind kind, std::int64_t steps, std::int64_t searched, std::int64_t first) {
    const Matrix all = problems::starts(400, model.dim());
    const Grid grid{.steps = steps, .grid = kind};
    DcSearchOptions options;
    options.x = rows(all, 0, searched);
    const Table found = dc_search(model, VP(), grid, options).table;
    const Matrix x = rows(all, first, 256), exact = problems::flow(model, VP(), x, 1.0, VP().t_end(), 250);
    return {problems::rms_error(problems::solve(model, dc(VP(), grid), x), exact),
            problems::rms_error(problems::solve(model, found, x), exact)};
}

}  // namespace

TEST_CASE("dc_search: errors on held-out points are the recorded ones, before and after, with 10 search points") {
    const GaussianMixture g2 = problems::g2(), g16 = problems::g16();
    const auto check = [](const GaussianMixture& model, GridKind kind, std::int64_t steps, double before, double after) {
        const Gain gain = held_out(model, kind, steps, 10, 10);
        CAPTURE(steps);
        CHECK(gain.before == doctest::Approx(before).epsilon(0.01));
        CHECK(gain.after == doctest::Approx(after).epsilon(0.02));
    };
    check(g2, GridKind::logsnr, 5, 0.291, 0.176);
    check(g2, GridKind::logsnr, 6, 0.254, 0.207);
    check(g2, GridKind::logsnr, 8, 0.191, 0.151);
    check(g2, GridKind::logsnr, 10, 0.153, 0.159);
    check(g2, GridKind::time, 5, 0.247, 0.213);
    check(g2, GridKind::time, 6, 0.188, 0.176);
    check(g2, GridKind::time, 8, 0.138, 0.137);
    check(g2, GridKind::time, 10, 0.121, 0.123);
    check(g16, GridKind::logsnr, 5, 0.281, 0.188);
    check(g16, GridKind::logsnr, 6, 0.269, 0.202);
    check(g16, GridKind::logsnr, 8, 0.198, 0.127);
    check(g16, GridKind::logsnr, 10, 0.115, 0.077);
    check(g16, GridKind::time, 5, 0.209, 0.190);
    check(g16, GridKind::time, 6, 0.173, 0.151);
    check(g16, GridKind::time, 8, 0.139, 0.120);
    check(g16, GridKind::time, 10, 0.118, 0.095);
}

TEST_CASE("dc_search: 64 points gain 40 % on five modes and 20 % on eight at 5 steps, 15 and 20 % at 8, and lose at none") {
    const auto gain = [](const GaussianMixture& model, std::int64_t steps) {
        const Gain g = held_out(model, GridKind::logsnr, steps, 64, 128);
        return 1 - g.after / g.before;
    };
    CHECK(gain(problems::g2(), 5) >= 0.40);
    CHECK(gain(problems::g16(), 5) >= 0.20);
    CHECK(gain(problems::g2(), 8) >= 0.15);
    CHECK(gain(problems::g16(), 8) >= 0.20);
    CHECK(gain(problems::g2(), 10) >= 0.07);   // 4 % where the mean square alone decides
    CHECK(gain(problems::g16(), 10) >= 0.07);
}

TEST_CASE("dc_search: every step's error falls or its ratio stays 1, and the cost is what the denoiser saw") {
    const GaussianMixture model = problems::g2();
    std::int64_t seen = 0;
    const Denoiser exact = model;
    const Denoiser counted(2, [&](const Query& query, buffon::View out) {
        seen += query.x.rows;
        exact.denoise(query, out);
    }, {.concurrent = false});
    for (const bool corrector : {true, false}) {
        seen = 0;
        DcSearchOptions options;
        options.rng = 4;
        options.corrector = corrector;
        const DcSearch found = dc_search(counted, VP(), {.steps = 7}, options);
        CHECK(found.evaluations == seen);
        CHECK(found.ratios.size() == 7);
        CHECK(found.ratios[0] == 1);
        CHECK(found.ratios[1] == 1);
        for (std::size_t i = 0; i < 7; ++i) {
            if (found.ratios[i] == 1) CHECK(found.errors[i] == found.errors_before[i]);
            else CHECK(found.errors[i] < found.errors_before[i]);
            CHECK(found.ratios[i] >= 0.3);
            CHECK(found.ratios[i] <= 1.7);
        }
        CHECK(std::ranges::count_if(found.ratios, [](double r) { return r != 1; }) >= 3);
        // reference 200; with the corrector 15 trials, the plain one, and returns to the best and to the plain one at
        // steps 2 to 5
        CHECK(found.evaluations <= 64 * (204 + (corrector ? 7 + 4 * 18 : 7)));
        CHECK(found.table.formula() == dc(VP(), {.steps = 7}, {.ratios = found.ratios, .corrector = corrector}).formula());
    }
}

TEST_CASE("dc_search: the errors are those of its table, run by the sampler") {
    const GaussianMixture model = problems::g16();
    const Matrix x = problems::starts(64, 16);
    for (const bool to_zero : {false, true}) {
        DcSearchOptions options;
        options.x = x;
        const DcSearch found = dc_search(model, VP(), {.steps = 6, .to_zero = to_zero}, options);
        const double t_end = VP().t_end();
        Matrix exact = problems::flow(model, VP(), x, 1.0, t_end, 400);
        if (to_zero) {
            Matrix v = exact;
            for (double& number : v.data) number /= VP().alpha(t_end);
            const double rho[] = {VP().sigma(t_end) / VP().alpha(t_end)};
            model.denoise(v, rho, exact);
        }
        const double alpha = to_zero ? 1 : VP().alpha(t_end);
        CHECK(
            std::abs(found.errors.back() * alpha / problems::rms_error(problems::solve(model, found.table, x), exact) -
                     1) < 1e-3);
    }
}

TEST_CASE("dc_search: same key, same bits, on any number of threads; points given or of a class are used") {
    const GaussianMixture model = problems::g2();
    DcSearchOptions options;
    options.rng = 9;
    options.n = 300;
    options.threads = 1;
    const DcSearch one = dc_search(model, VP(), {.steps = 5}, options);
    options.threads = 4;
    const DcSearch four = dc_search(model, VP(), {.steps = 5}, options);
    CHECK(one.ratios == four.ratios);
    CHECK(one.errors == four.errors);
    options.rng = 10;
    CHECK(dc_search(model, VP(), {.steps = 5}, options).ratios != one.ratios);
    options.rng = 9;
    const Denoiser labelled(2, [&](const Query& query, buffon::View out) {
        REQUIRE(static_cast<std::int64_t>(query.labels.size()) == query.x.rows);
        for (std::int64_t i = 0; i < out.rows; ++i) {
            const double sign = query.labels[static_cast<std::size_t>(i)] == 0 ? 1 : -1;
            for (std::int64_t j = 0; j < 2; ++j)
                out(i, j) = sign * std::tanh(query.x(i, j) / (query.sigma[0] * query.sigma[0] + 0.1));
        }
    }, {.classes = 2, .concurrent = false});
    options.condition = std::int64_t{0};
    const DcSearch first = dc_search(labelled, VP(), {.steps = 5}, options);
    options.condition = std::int64_t{1};
    CHECK(dc_search(labelled, VP(), {.steps = 5}, options).errors != first.errors);
}

TEST_CASE("dc_search: a refusal names the option, the value and the requirement") {
    const GaussianMixture model = problems::g2();
    const auto refused = [&](auto change) {
        DcSearchOptions options;
        change(options);
        return message([&] { dc_search(model, VP(), {.steps = 5}, options); });
    };
    CHECK(refused([](auto& o) { o.n = 0; }) == "dc_search: n must be at least 1, got 0");
    CHECK(refused([](auto& o) { o.lowest = 1; }) == "dc_search: lowest must be below 1 and highest above, got 1 and 1.7");
    CHECK(refused([](auto& o) { o.trials = 1; }) == "dc_search: trials must be at least 2, got 1");
    CHECK(refused([](auto& o) { o.reference_steps = 0; }) == "dc_search: reference_steps must be at least 1, got 0");
    CHECK(refused([](auto& o) { o.x = Matrix(4, 3); }) == "sample: x must have shape (n, 2), got (4, 3)");
}
