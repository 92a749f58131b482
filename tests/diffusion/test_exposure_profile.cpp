#include <buffon/diffusion/exposure_profile.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/special_functions/hypergeometric_1F1.hpp>
#include <doctest/doctest.h>

#include <buffon/diffusion/noise_scaled.hpp>
#include <buffon/diffusion/solvers/ddim.hpp>
#include <buffon/diffusion/solvers/ddpm.hpp>
#include <buffon/diffusion/solvers/dpm_adaptive.hpp>
#include <buffon/diffusion/solvers/dpmpp.hpp>
#include <buffon/diffusion/solvers/heun.hpp>
#include <buffon/diffusion/time_shifted.hpp>

#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Estimate;
using buffon::Matrix;

namespace {

/// Levels 999, 899, ..., 99 of a thousand, and 0.
Table ten_steps() {
    std::vector<double> times;
    for (int k = 10; k > 0; --k) times.push_back(k / 10.0);
    return ddim(Discrete::linear(), {.grid = times, .to_zero = true});
}

GaussianMixture gaussian(std::int64_t d, double mean, double variance) {
    return problems::diagonal_mixture({1.0}, Matrix(1, d, mean), Matrix(1, d, std::sqrt(variance)));
}

/// E|N(shift (1, ..., 1), variance I)| in d dimensions.
double mean_norm(double d, double shift, double variance) {
    const double x = d * shift * shift / (2 * variance);
    return std::sqrt(2 * variance) * std::exp(std::lgamma((d + 1) / 2) - std::lgamma(d / 2)) *
           boost::math::hypergeometric_1F1(-0.5, d / 2, -x);
}

/// A normal number that is an affine function of x0 ~ N(m, c) and eps: offset + of_data (x0 - m) + of_noise eps.
struct Affine {
    double offset, of_data, of_noise;

    double variance(double c) const { return of_data * of_data * c + of_noise * of_noise; }
};

/// All quantities of DDIM on N(m, c I) in closed form: every state is affine in its start. The denoiser's noise
/// prediction is scaled by f.
class Closed {
public:
    Closed(const Table& table, double d, double m, double c, double f) : table_(table), d_(d), m_(m), c_(c), f_(f) {}

    std::map<std::string, std::vector<double>> all() const {
        std::map<std::string, std::vector<double>> out;
        const Nodes& n = table_.nodes;
        Affine x{0.0, 0.0, 1.0 / n.alpha[0]}, chain{m_, 1.0, n.rho[0]};   // from the prior; from noised data. In x / alpha
        for (std::size_t k = 1; k <= n.steps(); ++k) {
            const auto e = [&](const Affine& v) { return Affine{0.0, v.of_data - 1, v.of_noise}; };
            x = stepped(x, k);
            chain = stepped(chain, k);
            const double a = n.alpha[k], sigma = a * n.rho[k], mean = a * x.offset, variance = a * a * x.variance(c_),
                         known = a * a * c_ + sigma * sigma;
            const double shift = mean - a * m_;
            out["variance_ratio"].push_back(variance / known);
            out["moment_ratio"].push_back((variance + mean * mean) / (known + a * a * m_ * m_));
            out["mean_shift"].push_back(d_ * shift * shift);
            out["frechet"].push_back(d_ * (shift * shift + std::pow(std::sqrt(variance) - std::sqrt(known), 2)));
            out["energy"].push_back(2 * mean_norm(d_, shift, variance + known) - mean_norm(d_, 0, 2 * variance) -
                                    mean_norm(d_, 0, 2 * known));
            out["delta_single"].push_back(
                std::pow(a * std::sqrt(e(stepped({m_, 1.0, n.rho[k - 1]}, k)).variance(c_)) - sigma, 2));
            out["delta_multi"].push_back(std::pow(a * std::sqrt(e(chain).variance(c_)) - sigma, 2));
            if (n.rho[k] == 0) continue;
            const double v = c_ + n.rho[k] * n.rho[k], slope = n.rho[k] / v;   // eps = slope (x / alpha - m)
            out["noise_ratio"].push_back(mean_norm(d_, x.offset - m_, x.variance(c_)) / mean_norm(d_, 0, v));
            if (f_ != 1)
                out["prediction_error"].push_back(std::pow((f_ - 1) * slope, 2) *
                                                  (x.variance(c_) + std::pow(x.offset - m_, 2)));
            if (f_ != 1) out["forward_error"].push_back(std::pow((f_ - 1) * slope, 2) * v);
            out["time_offset"].push_back(offset(variance) - offset(known));
        }
        return out;
    }

private:
    Affine stepped(const Affine& v, std::size_t k) const {
        const double rho = table_.nodes.rho[k - 1], r = table_.nodes.rho[k] / rho,
                     pull = (1 - r) * f_ * rho * rho / (c_ + rho * rho);
        return {v.offset - pull * (v.offset - m_), (1 - pull) * v.of_data, (1 - pull) * v.of_noise};
    }
    /// E t*, of the variance of d normal numbers.
    double offset(double variance) const {
        const auto& schedule = table_.schedule;
        std::vector<double> times, known;
        for (int level = 0; level < 1000; ++level) {
            times.push_back((level + 1) / 1000.0);
            known.push_back(std::pow(schedule.sigma(times.back()), 2) + std::pow(schedule.alpha(times.back()), 2) * c_);
        }
        const bool rises = known.back() > known.front();
        const boost::math::chi_squared law(d_ - 1);
        double sum = 0.0, below = rises ? 0.0 : 1.0;
        for (std::size_t k = 0; k < times.size(); ++k) {   // between the middles of neighbouring variances
            double above = rises ? 1.0 : 0.0;
            if (k + 1 < times.size()) above = cdf(law, (d_ - 1) * (known[k] + known[k + 1]) / 2 / variance);
            sum += times[k] * std::abs(above - below);
            below = above;
        }
        return sum;
    }

    const Table& table_;
    double d_, m_, c_, f_;
};

double worst_z(const ExposureProfile& profile, const std::string& sampler,
               const std::map<std::string, std::vector<double>>& exact) {
    double worst = 0.0;
    for (const auto& [name, values] : exact) {
        const Estimate e = profile.of(name, sampler);
        REQUIRE(e.value.size() == values.size());
        const auto [low, high] = e.confidence_interval(0.999);
        for (std::size_t k = 0; k < values.size(); ++k) {
            INFO(sampler, " ", name, " ", e.names[k], ": ", e.value[k], " +- ", e.std_error()[k], ", exactly ", values[k]);
            const double half = std::max({high[k] - e.value[k], e.value[k] - low[k], 1e-14});
            worst = std::max(worst, std::abs(e.value[k] - values[k]) / half * 3.29);
            CHECK(std::abs(e.value[k] - values[k]) < 5 / 3.29 * half);
        }
    }
    return worst;
}

}  // namespace

TEST_CASE("exposure_profile: the closed form of DDIM has the published variance ratios") {
    const std::vector<double> published{.999895, .999386, .997417, .991359, .97654,
                                        .947467, .900918, .838577, .766822, .687853};   // specs: c = 1, S = 10
    const Table table = ten_steps();
    const auto exact = Closed(table, 3, 0, 1, 1).all();
    for (std::size_t k = 0; k < published.size(); ++k)
        CHECK(exact.at("variance_ratio")[k] == doctest::Approx(published[k]).epsilon(2e-6));
}

TEST_CASE("exposure_profile: all quantities of Gaussian data are those of the closed form") {
    const Table table = ten_steps();
    for (const auto& [d, m, c] : {std::tuple{5, 0.6, 0.3}, {2, -0.2, 2.5}}) {
        const GaussianMixture model = gaussian(d, m, c);
        const ExposureProfile profile = exposure_profile(
            model, {{{"plain", table}, {"scaled", table, noise_scaled(model, 1 / 1.03)}}}, {.n = 4000, .rng = 11});
        (void)worst_z(profile, "plain", Closed(table, d, m, c, 1).all());
        (void)worst_z(profile, "scaled", Closed(table, d, m, c, 1 / 1.03).all());
        CHECK(profile.notes.empty());
        CHECK_THROWS_AS((void)profile.of("prediction_error", "plain"), std::invalid_argument);   // the exact denoiser has none
    }
}

TEST_CASE("exposure_profile: intervals of values and of comparisons keep their word") {
    constexpr int replicates = 500;
    const std::int64_t d = 3;
    const double m = 0.5, c = 0.4, f = 1 / 1.05;
    const GaussianMixture model = gaussian(d, m, c);
    std::vector<double> times{1.0, 0.6, 0.3, 0.1};
    const Table table = ddim(Discrete::linear(), {.grid = times, .to_zero = true});
    const Samplers samplers({{"plain", table, {}}, {"scaled", table, noise_scaled(model, f)}});
    const auto plain = Closed(table, d, m, c, 1).all(), scaled = Closed(table, d, m, c, f).all();
    std::map<std::string, std::vector<int>> held, compared;
    const auto count = [](const Estimate& e, const std::vector<double>& exact, std::vector<int>& hits) {
        hits.resize(exact.size());
        const auto [low, high] = e.confidence_interval(0.95);
        for (std::size_t k = 0; k < exact.size(); ++k) hits[k] += low[k] <= exact[k] && exact[k] <= high[k];
    };
    for (int r = 0; r < replicates; ++r) {
        const ExposureProfile profile =
            exposure_profile(model, samplers, {.n = 150, .rng = 1000 + static_cast<std::uint64_t>(r), .threads = 1});
        for (const auto& [name, exact] : scaled) count(profile.of(name, "scaled"), exact, held[name]);
        for (const auto& [name, exact] : plain) {
            std::vector<double> gap = scaled.at(name);
            for (std::size_t k = 0; k < gap.size(); ++k) gap[k] -= exact[k];
            count(profile.compare(name, "scaled", "plain"), gap, compared[name]);
        }
    }
    for (const auto* each : {&held, &compared}) {
        double sum = 0.0;
        int values = 0;
        for (const auto& [name, hits] : *each)
            for (std::size_t k = 0; k < hits.size(); ++k) {
                const double share = hits[k] / static_cast<double>(replicates);
                CAPTURE(name);
                CAPTURE(k);
                CAPTURE(each == &held);
                CHECK(std::abs(share - 0.95) < 0.045);   // 4.6 s.d. of 500 replicates
                sum += share;
                ++values;
            }
        CHECK(std::abs(sum / values - 0.95) < 0.012);
    }
}

TEST_CASE("exposure_profile: threads and batches change no bit, rng_key replays") {
    const GaussianMixture model = problems::g2();
    const Samplers samplers({{"a", ten_steps(), {}}, {"b", ddpm(Discrete::linear(), {.steps = 5}), {}}});
    const ExposureProfile one = exposure_profile(model, samplers, {.n = 300, .rng = 5, .threads = 1});
    const ExposureProfile two = exposure_profile(model, samplers, {.n = 300, .batch = 17, .rng = 5, .threads = 2});
    CHECK(one.evaluations == two.evaluations);
    for (const auto& [name, measured] : one.measured) {
        CHECK(measured.estimate.value == two.measured.at(name).estimate.value);
        CHECK(measured.estimate.covariance.data == two.measured.at(name).estimate.covariance.data);
        CHECK(measured.estimate.bounds.high.data == two.measured.at(name).estimate.bounds.high.data);
    }
    const ExposureProfile fresh = exposure_profile(model, samplers, {.n = 50, .quantities = {"energy"}});
    CHECK(exposure_profile(model, samplers, {.n = 50, .quantities = {"energy"}, .rng = fresh.rng_key})
              .quantity("energy")
              .estimate.value == fresh.quantity("energy").estimate.value);
}

TEST_CASE("exposure_profile: evaluations are counted, and only what is asked for is measured") {
    const GaussianMixture model = problems::g2();
    const Table table = ten_steps();
    const auto spent = [&](std::vector<std::string> quantities) {
        const ExposureProfile p = exposure_profile(model, table, {.n = 20, .quantities = std::move(quantities), .rng = 1});
        return p.evaluations / 20;
    };
    CHECK(spent({"variance_ratio"}) == 10);
    CHECK(spent({"delta_single"}) == 20);
    CHECK(spent({"delta_multi"}) == 20);
    CHECK(spent({"noise_ratio"}) == 10 + 2 * 9);   // of the state and of noised data, at every node with noise
    CHECK(exposure_profile(model, table, {.n = 20, .quantities = {"energy"}, .rng = 1}).measured.size() == 1);
    CHECK(exposure_profile(model, table, {.n = 20, .quantities = {"energy"}, .rng = 1}).quantity("energy").estimate.n == 200);
}

TEST_CASE("exposure_profile: chains of one step are single steps, longer ones end where parts of the table do") {
    const GaussianMixture model = problems::g2();
    const Table table = ten_steps();
    const ExposureProfileOptions options{.n = 100, .quantities = {"delta_single", "delta_multi"}, .rng = 3};
    ExposureProfileOptions one = options, all = options, ten = options;
    one.chain = 1;
    ten.chain = 10;
    const ExposureProfile by_one = exposure_profile(model, table, one), by_all = exposure_profile(model, table, all),
                          by_ten = exposure_profile(model, table, ten);
    CHECK(by_one.quantity("delta_multi").estimate.value == by_one.quantity("delta_single").estimate.value);
    for (std::size_t k = 0; k < 10; ++k)
        CHECK(by_ten.quantity("delta_multi").estimate.value[k] ==
              doctest::Approx(by_all.quantity("delta_multi").estimate.value[k]).epsilon(1e-8));
    CHECK(by_one.of("delta_multi", "ddim").value.back() < 0.1 * by_all.of("delta_multi", "ddim").value.back());
}

TEST_CASE("exposure_profile: an imperfect denoiser, judged by the exact one and by data alone") {
    const GaussianMixture exact = problems::g2();
    const Denoiser wrong = noise_scaled(exact, 1.1);
    const Table table = ten_steps();
    ExposureProfileOptions options{.n = 200,
                                   .quantities = {"forward_error", "prediction_error", "energy"},
                                   .exact = DenoiserOfData(exact),
                                   .rng = 2};
    const ExposureProfile judged = exposure_profile(wrong, table, options);
    const Estimate at_data = judged.of("forward_error", "ddim"), at_states = judged.of("prediction_error", "ddim");
    for (std::size_t k = 0; k < 9; ++k) {
        const double sum = at_data.value[k];   // 0.01 of the mean square of the exact prediction, below 1
        CHECK(sum > 0);
        CHECK(sum < 0.0125);
        CHECK(at_states.value[k] > 0);
    }
    options.exact.reset();
    CHECK_THROWS_AS((void)exposure_profile(wrong, table, options), std::invalid_argument);
    options.data = Matrix(50, 2);
    DenoiserOfData(exact).law(-1).draw({4, 4}, *options.data);
    const ExposureProfile by_data = exposure_profile(wrong, table, options);
    CHECK_FALSE(by_data.measured.contains("forward_error"));
    CHECK(by_data.notes.size() == 1);
    CHECK(by_data.quantity("energy").places.size() == 10);
}

TEST_CASE("exposure_profile: samplers of other nodes are compared where they meet; stochastic, shifted and second-order ones") {
    const GaussianMixture model = problems::g2();
    const Table ten = ten_steps();
    std::vector<double> few{1.0, 0.5, 0.2};
    const Table three = ddim(Discrete::linear(), {.grid = few, .to_zero = true}),
                random = ddpm(Discrete::linear(), {.grid = few, .to_zero = true});
    const ExposureProfile p = exposure_profile(model,
                                               {{{"", ten, {}},
                                                 {"", three, {}},
                                                 {"", random, {}},
                                                 {"", heun(VP(), {.steps = 4}), {}},
                                                 {"", dpmpp(VP(), {.steps = 4}), {}},
                                                 {"", time_shifted(ten, {.window = 40}), {}}}},
                                               {.n = 200, .rng = 4});
    CHECK(p.samplers == std::vector<std::string>{"ddim", "ddim 2", "ddpm", "heun", "dpmpp", "time_shifted ddim"});
    CHECK(p.compare("energy", "ddim", "ddim 2").names == std::vector<std::string>{"t=0.5", "t=0.2", "t=0"});
    CHECK(p.compare("time_offset", "ddim", "ddim 2").value.size() == 2);
    CHECK(p.compare("energy", "ddim", "ddim").covariance(1, 1) == doctest::Approx(0.0));
    CHECK_THROWS_AS((void)p.compare("energy", "ddim", "heun"), std::invalid_argument);
    for (const std::string& name : p.samplers)
        CHECK(p.of("delta_single", name).value.size() == p.times[p.sampler(name)].size() - 1);
    CHECK(p.text().find("variance_ratio") != std::string::npos);
    // CRN: the difference is known better than two independent ones would be
    const Estimate gap = p.compare("variance_ratio", "ddim", "ddim 2"), a = p.of("variance_ratio", "ddim"),
                   b = p.of("variance_ratio", "ddim 2");
    CHECK(gap.covariance(2, 2) < 0.5 * (a.covariance(9, 9) + b.covariance(2, 2)));
}

TEST_CASE("exposure_profile: one class of a model with classes") {
    const GaussianMixture model({1, 3},
                                [] {
                                    Matrix m(2, 2);
                                    m(0, 0) = -2;
                                    m(1, 0) = 2;
                                    return m;
                                }(),
                                {Matrix(2, 2), Matrix(2, 2)}, {0, 1});
    ExposureProfileOptions options{.n = 200, .quantities = {"mean_shift"}, .rng = 6};
    options.condition = 0;
    const Estimate right = exposure_profile(model, ten_steps(), options).of("mean_shift", "ddim");
    options.condition.reset();
    options.exact = DenoiserOfData(model);
    CHECK(std::abs(right.value.back()) < 0.05);   // both at (-2, 0); the mean of both classes is (1, 0)
    CHECK(std::abs(exposure_profile(model, ten_steps(), options).of("mean_shift", "ddim").value.back()) < 0.5);
}

TEST_CASE("exposure_profile: what it refuses, and what it leaves out") {
    const GaussianMixture model = problems::g2();
    CHECK_THROWS_AS((void)exposure_profile(model, Samplers{}, {}), std::invalid_argument);
    CHECK_THROWS_AS((void)exposure_profile(model, ten_steps(), {.n = 4}), std::invalid_argument);
    CHECK_THROWS_AS((void)exposure_profile(model, ten_steps(), {.quantities = {"variance"}}), std::invalid_argument);
    CHECK_THROWS_AS((void)exposure_profile(model, dpm_adaptive(VP(), {}), {}), std::invalid_argument);
    CHECK_THROWS_AS((void)exposure_profile(Denoiser(model), ten_steps(), {}), std::invalid_argument);
    const ExposureProfile line = exposure_profile(problems::g1(), ten_steps(), {.n = 20, .rng = 1});
    CHECK(line.notes.size() == 1);
    CHECK_FALSE(line.measured.contains("time_offset"));
    CHECK_THROWS_AS((void)line.quantity("time_offset"), std::invalid_argument);
    CHECK_THROWS_AS((void)line.of("energy", "dim"), std::invalid_argument);
    Table stored = ten_steps();
    stored.remake = [](const Grid&) -> Table { throw std::invalid_argument("it has no maker"); };
    const ExposureProfile loaded = exposure_profile(model, stored, {.n = 20, .rng = 1});
    CHECK(loaded.notes.size() == 1);
    CHECK_FALSE(loaded.measured.contains("delta_single"));
    CHECK(loaded.measured.contains("delta_multi"));
}
