#include <buffon/diffusion/time_shifted.hpp>

#include <buffon/diffusion/gaussian_law.hpp>
#include <buffon/diffusion/likelihood.hpp>
#include <buffon/diffusion/noise_scaled.hpp>
#include <buffon/diffusion/solvers/ddim.hpp>
#include <buffon/diffusion/solvers/ddpm.hpp>
#include <buffon/diffusion/solvers/deis.hpp>
#include <buffon/diffusion/solvers/dpm.hpp>
#include <buffon/diffusion/solvers/dpm_adaptive.hpp>
#include <buffon/diffusion/solvers/fpndm.hpp>
#include <buffon/diffusion/solvers/mrs.hpp>
#include <buffon/diffusion/solvers/pndm.hpp>
#include <buffon/diffusion/solvers/unipc.hpp>
#include <buffon/diffusion/time_shift.hpp>
#include <buffon/stream.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

namespace {

/// Two modes at +- 0.3 along a vector of signs, standard deviation 0.1.
GaussianMixture two_modes(std::int64_t d) {
    Matrix means(2, d);
    for (std::int64_t j = 0; j < d; ++j) {
        means(0, j) = std::sin(0.7 * static_cast<double>(j) + 0.3) > 0 ? 0.3 : -0.3;
        means(1, j) = -means(0, j);
    }
    return GaussianMixture::diagonal({1, 1}, means, Matrix(2, d, 0.01));
}

Matrix normal(std::int64_t n, std::int64_t d) {
    Matrix x(n, d);
    buffon::Stream{5, 0}.normal(0, x);
    return x;
}

/// Levels first, first - stride, ... of a discrete schedule.
std::vector<double> times(const Discrete& schedule, std::int64_t first, std::int64_t stride, std::int64_t last) {
    std::vector<double> t;
    for (std::int64_t level = first; level >= last; level -= stride) t.push_back(schedule.time(level));
    return t;
}

/// Root mean square distance to the nearest mean.
double distance(const GaussianMixture& model, const Matrix& x) {
    double sum = 0.0;
    for (std::int64_t i = 0; i < x.rows; ++i) {
        double nearest = std::numeric_limits<double>::infinity();
        for (std::int64_t k = 0; k < model.size(); ++k) {
            double square = 0.0;
            for (std::int64_t j = 0; j < x.cols; ++j) square += (x(i, j) - model.means()(k, j)) * (x(i, j) - model.means()(k, j));
            nearest = std::min(nearest, square);
        }
        sum += nearest;
    }
    return std::sqrt(sum / static_cast<double>(x.data.size()));
}

std::vector<Table> solvers(const Schedule& schedule, const Grid& grid) {
    return {ddpm(schedule, grid),
            ddim(schedule, grid),
            ddim(schedule, grid, {.eta = 0.5}),
            pndm(schedule, grid),
            fpndm(schedule, grid),
            dpm(schedule, grid, {.order = 2}),
            dpm(schedule, grid, {.order = 3}),
            dpm(schedule, grid, {.order = 2, .method = DpmMethod::singlestep}),
            deis(schedule, grid)};
}

/// The rules as they are printed, in x and with labels, the paper's or the released one: F-PNDM, or DDIM where
/// `multistep` is false.
class Printed {
public:
    Printed(const Denoiser& model, const Discrete& schedule, int window, int cutoff)
        : model_(model), s_(schedule), window_(window), cutoff_(cutoff) {}

    std::vector<double> run(std::vector<double> x, const std::vector<double>& nominal, bool multistep, ShiftRule rule) {
        std::vector<std::vector<double>> e;
        for (std::size_t i = 0; i + 1 < nominal.size(); ++i) {
            const bool paper = i > 0 && rule == ShiftRule::paper, released = i > 0 && rule == ShiftRule::released;
            const double t = paper ? shifted(x, nominal[i]) : nominal[i],
                         u = released ? shifted(x, nominal[i + 1]) : nominal[i + 1];
            e.push_back(noise(x, t));
            std::vector<double> slope = e.back();
            if (multistep && i < 3) slope = runge_kutta(x, e.back(), t, (t + u) / 2, u);
            if (multistep && i >= 3)
                for (std::size_t j = 0; j < x.size(); ++j)
                    slope[j] = (55 * e[i][j] - 59 * e[i - 1][j] + 37 * e[i - 2][j] - 9 * e[i - 3][j]) / 24;
            x = transfer(x, t, u, slope);
        }
        return x;
    }

private:
    double shifted(const std::vector<double>& x, double nominal) const {
        const double n = static_cast<double>(s_.levels()), label = std::round(n * nominal - 1);
        if (label <= cutoff_) return nominal;
        double mean = 0, variance = 0, best = nominal, gap = HUGE_VAL;
        for (const double v : x) mean += v / static_cast<double>(x.size());
        for (const double v : x) variance += (v - mean) * (v - mean) / static_cast<double>(x.size() - 1);
        for (double k = std::max(0.0, label - window_ / 2); k <= std::min(n - 1, label + window_ / 2); ++k) {
            const double alpha = s_.alpha((k + 1) / n), off = std::abs(variance - (1 - alpha * alpha));
            if (off < gap) {
                gap = off;
                best = (k + 1) / n;
            }
        }
        return best;
    }
    std::vector<double> noise(const std::vector<double>& x, double t) const {
        const double alpha = s_.alpha(t), sigma[] = {s_.sigma(t) / alpha};
        Matrix v(1, model_.dim()), D(1, model_.dim());
        for (std::size_t j = 0; j < x.size(); ++j) v.data[j] = x[j] / alpha;
        model_.denoise({v, sigma, {}, 1}, D);
        std::vector<double> e = x;
        for (std::size_t j = 0; j < x.size(); ++j) e[j] = (x[j] - alpha * D.data[j]) / s_.sigma(t);
        return e;
    }
    std::vector<double> transfer(std::vector<double> x, double t, double u, const std::vector<double>& e) const {
        for (std::size_t j = 0; j < x.size(); ++j)
            x[j] = s_.alpha(u) / s_.alpha(t) * (x[j] - s_.sigma(t) * e[j]) + s_.sigma(u) * e[j];
        return x;
    }
    std::vector<double> runge_kutta(const std::vector<double>& x, const std::vector<double>& e1, double t, double m,
                                    double u) const {
        const auto e2 = noise(transfer(x, t, m, e1), m), e3 = noise(transfer(x, t, m, e2), m),
                   e4 = noise(transfer(x, t, u, e3), u);
        std::vector<double> e = e1;
        for (std::size_t j = 0; j < x.size(); ++j) e[j] = (e1[j] + 2 * e2[j] + 2 * e3[j] + e4[j]) / 6;
        return e;
    }

    const Denoiser model_;
    Discrete s_;
    int window_, cutoff_;
};

}  // namespace

// An independent implementation, 256 starts: DDIM with 50 labels 980, 960, ..., 0, 512 coordinates, cutoff 300.
TEST_CASE("time_shifted: both rules on an exact model and on two that are off, against known answers") {
    const GaussianMixture model = two_modes(512);
    const Discrete schedule = Discrete::linear();
    const Table table = ddim(schedule, {.grid = times(schedule, 980, 20, 0), .to_zero = true});
    const Matrix x = normal(256, 512);
    struct Known {
        double factor, plain, paper[3], released[3];
    };
    constexpr std::int64_t windows[] = {10, 30, 60};
    for (const auto& [factor, plain, paper, released] :
         {Known{1.0, 0.0787, {0.0770, 0.0766, 0.0766}, {0.0799, 0.0797, 0.0850}},
          Known{1.02, 0.0666, {0.0717, 0.0728, 0.0726}, {0.0624, 0.0643, 0.0755}},
          Known{0.98, 0.0929, {0.0898, 0.0856, 0.0848}, {0.0963, 0.1030, 0.1151}}}) {
        CAPTURE(factor);
        const Denoiser off = noise_scaled(model, factor);
        const auto measured = [&](const Table& t) { return distance(model, problems::solve(off, t, x)); };
        CHECK(measured(table) == doctest::Approx(plain).epsilon(0.05));
        for (int k = 0; k < 3; ++k) {
            CAPTURE(windows[k]);
            CHECK(measured(time_shifted(table, {.window = windows[k]})) == doctest::Approx(paper[k]).epsilon(0.05));
            CHECK(measured(time_shifted(table, {.window = windows[k], .rule = ShiftRule::released})) ==
                  doctest::Approx(released[k]).epsilon(0.05));
        }
    }
}

TEST_CASE("time_shifted: ddim and fpndm are the rules as printed") {
    const GaussianMixture mixture = two_modes(64);
    const Denoiser model = noise_scaled(mixture, 0.97);
    const Discrete schedule = Discrete::linear();
    const Matrix x = normal(20, 64);
    for (const auto& [multistep, rule] : {std::pair{false, ShiftRule::paper},
                                          {true, ShiftRule::paper},
                                          {false, ShiftRule::released},
                                          {true, ShiftRule::released}}) {
        CAPTURE(multistep);
        const std::vector<double> t = times(schedule, 999, 90, 99);
        const Table table = multistep ? fpndm(schedule, {.grid = t}) : ddim(schedule, {.grid = t});
        const Matrix ours = problems::solve(model, time_shifted(table, {.window = 40, .cutoff = 250, .rule = rule}), x);
        Printed printed(model, schedule, 40, 250);
        for (std::int64_t i = 0; i < x.rows; ++i) {
            const std::vector<double> expected =
                printed.run({x.data.begin() + i * 64, x.data.begin() + (i + 1) * 64}, t, multistep, rule);
            for (std::int64_t j = 0; j < 64; ++j)
                CHECK(ours(i, j) == doctest::Approx(expected[static_cast<std::size_t>(j)]).epsilon(1e-9).scale(1e-3));
        }
        CHECK(problems::rms_error(ours, problems::solve(model, table, x)) > 1e-4);   // the rule did something
    }
}

TEST_CASE("time_shifted: a step of ddpm has the mean and the noise of the label that it starts from") {
    const Discrete schedule = Discrete::linear();
    const Table plain = ddpm(schedule, {.grid = times(schedule, 999, 100, 99)});
    const Table table = time_shifted(plain, {.window = 40});
    const double s = schedule.sigma(0.82) / schedule.alpha(0.82), node = plain.nodes.rho[2], t = plain.nodes.rho[3];
    const Row& row = table.shift->tables[40].rows[5];   // from label 799 + 20
    CHECK(row.node == 3);
    CHECK(row.noise == doctest::Approx(t / s * std::sqrt(s * s - t * t)).epsilon(1e-12));
    CHECK(row.terms[0].weight * node == doctest::Approx(t * t / s).epsilon(1e-12));   // of the noise prediction
    CHECK(row.terms[0].weight + row.terms[1].weight == doctest::Approx(1).epsilon(1e-12));
}

TEST_CASE("time_shifted: tables of all labels keep what their rows promise") {
    const Discrete schedule = Discrete::linear();
    for (const Table& table : solvers(schedule, {.steps = 10, .grid = GridKind::index})) {
        CAPTURE(table.text());
        const Table shifted = time_shifted(table, {.window = 80, .cutoff = 0});
        for (const Table& label : shifted.shift->tables) CHECK(label.violation() < 1e-12);
    }
}

TEST_CASE("time_shifted: a window of 0 and a cutoff above all labels change no bit, a rule calibrated by 0 is the paper's") {
    const GaussianMixture model = two_modes(32);
    const Matrix x = normal(9, 32);
    for (const Table& table : solvers(VP(), {.steps = 8})) {
        CAPTURE(table.text());
        const Matrix plain = problems::solve(model, table, x);
        for (const ShiftRule rule : {ShiftRule::paper, ShiftRule::released}) {
            CHECK(problems::solve(model, time_shifted(table, {.window = 0, .cutoff = 0, .rule = rule}), x).data == plain.data);
            CHECK(problems::solve(model, time_shifted(table, {.window = 40, .cutoff = 1000, .rule = rule}), x).data ==
                  plain.data);
            CHECK(problems::solve(model, time_shifted(table, {.window = 40, .cutoff = 0, .rule = rule}), x).data != plain.data);
        }
        const Table paper = time_shifted(table, {.window = 40}),
                    by_0 = time_shifted(table, {.window = 40, .rule = ShiftRule::calibrated, .variance = 0});
        CHECK(problems::solve(model, paper, x).data == problems::solve(model, by_0, x).data);
        CHECK(paper.evaluations() == table.evaluations());
    }
}

TEST_CASE("time_shifted: a sample is the same alone, in any batch, on any number of threads") {
    const GaussianMixture model = two_modes(32);
    const Matrix x = normal(9, 32);
    for (const ShiftRule rule : {ShiftRule::paper, ShiftRule::released})
        for (const Table& plain : {ddpm(VP(), {.steps = 8}), fpndm(VP(), {.steps = 8})}) {
            const Table table = time_shifted(plain, {.window = 60, .cutoff = 0, .rule = rule});
            const Matrix all = problems::solve(model, table, x);
            for (const std::int64_t batch : {1, 2, 5}) {
                SampleOptions options{.rng = 1, .x = x, .batch = batch, .threads = static_cast<int>(batch)};
                CHECK(sample(model, table, options).x.data == all.data);
            }
            SampleOptions first{.rng = 1, .x = Matrix(1, 32)};
            std::copy_n(x.data.begin(), 32, first.x->data.begin());
            CHECK(std::ranges::equal(sample(model, table, first).x.data, std::span(all.data).first(32)));
            SampleOptions single{.rng = 1, .x = x, .dtype = StateType::float32};
            CHECK(problems::rms_error(sample(model, table, single).x, all) < 1e-5);
        }
}

TEST_CASE("time_shifted: states whose variance is that of another label go to it, to the edge of the window") {
    const Discrete schedule = Discrete::linear();
    const Table table = time_shifted(ddim(schedule, {.grid = times(schedule, 999, 100, 99)}), {.window = 40, .cutoff = 0});
    const ShiftNode& node = table.shift->nodes[4];   // label 599
    const auto of = [&](double label) { return std::pow(schedule.sigma((label + 1) / 1000), 2); };
    CHECK(node.choose(of(599)) == 20);
    CHECK(node.choose(of(606)) == 27);
    CHECK(node.choose(of(588)) == 9);
    CHECK(node.choose(of(700)) == 40);
    CHECK(node.choose(0) == 0);
    const Table second = time_shifted(dpm(schedule, {.grid = times(schedule, 999, 100, 99)}), {.window = 400, .cutoff = 0});
    CHECK(second.shift->nodes[4].choose(0) == 150);   // half-way to the next node
    CHECK(second.shift->nodes[4].choose(1) == 250);
}

TEST_CASE("time_shifted: starts at another level shift their own grid; text tells the rule") {
    const Table table = time_shifted(dpm(VP(), {.steps = 6}), {.window = 40, .cutoff = 0});
    CHECK(table.text().find("time_shifted dpm(steps=6") == 0);
    CHECK(table.text().find("window=40, cutoff=0, rule='paper'") != std::string::npos);
    SampleOptions options{.rng = 1, .x = normal(3, 32), .level = 5.0};
    const Table from = time_shifted(dpm(VP(), {.steps = 6}).from_level(5.0), {.window = 40, .cutoff = 0});
    CHECK(sample(two_modes(32), table, options).x.data == sample(two_modes(32), from, {.rng = 1, .x = options.x}).x.data);
    options.level = std::vector<double>{5.0, 4.0, 5.0};
    CHECK_THROWS_AS((void)sample(two_modes(32), table, options), std::invalid_argument);
}

TEST_CASE("time_shifted: options outside their range, and tables that it does not fit, are refused") {
    const Table table = ddim(VP(), {.steps = 4});
    CHECK_THROWS_AS((void)time_shifted(table, {.window = -1}), std::invalid_argument);
    CHECK_THROWS_AS((void)time_shifted(table, {.cutoff = HUGE_VAL}), std::invalid_argument);
    CHECK_THROWS_AS((void)time_shifted(table, {.variance = 0.1}), std::invalid_argument);
    CHECK_THROWS_AS((void)time_shifted(table, {.rule = ShiftRule::calibrated}), std::invalid_argument);
    CHECK_THROWS_AS((void)time_shifted(table, {.rule = ShiftRule::calibrated, .variance = -1}), std::invalid_argument);
    CHECK_THROWS_AS((void)time_shifted(time_shifted(table)), std::invalid_argument);
    CHECK_THROWS_AS((void)time_shifted(table.reversed()), std::invalid_argument);
    CHECK_THROWS_AS((void)time_shifted(table).reversed(), std::invalid_argument);
    CHECK_THROWS_AS((void)time_shifted(dpm_adaptive(VP(), {})), std::invalid_argument);
    CHECK_THROWS_AS((void)time_shifted(unipc(VP(), {.steps = 4})), std::invalid_argument);
    CHECK_THROWS_AS((void)time_shifted(mrs(MeanReverting(0.5), {.steps = 4})), std::invalid_argument);
    CHECK_THROWS_AS((void)time_shifted(dpm(VP(), {.steps = 9}, {.order = 3, .method = DpmMethod::fast})), std::invalid_argument);
    CHECK_THROWS_AS((void)problems::solve(problems::g1(), time_shifted(table), problems::starts(4, 1)), std::invalid_argument);
    CHECK_THROWS_AS((void)result_on_gaussian(time_shifted(table), 0, 1), std::invalid_argument);
    CHECK_THROWS_AS((void)log_likelihood(problems::g2(), time_shifted(table), {.x = problems::starts(2, 2)}),
                    std::invalid_argument);
}
