#include <buffon/diffusion/chains_on_device.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <buffon/device.hpp>
#include <buffon/device_buffer.hpp>
#include <buffon/diffusion/device_denoiser.hpp>
#include <buffon/diffusion/guided.hpp>
#include <buffon/diffusion/langevin_gibbs.hpp>
#include <buffon/diffusion/solvers/ddim.hpp>
#include <buffon/diffusion/solvers/rk45.hpp>

#include "chains.hpp"

using namespace buffon;
using namespace buffon::diffusion;

namespace {

std::vector<std::string> devices() {
    auto all = available_devices();
    all.erase(all.begin());
    return all;
}

Matrix normal(std::int64_t n, std::int64_t d) {
    Matrix x(n, d);
    Stream{17, 0}.normal(0, x);
    return x;
}

std::vector<std::int64_t> in_turns(std::int64_t n) {
    std::vector<std::int64_t> labels;
    for (std::int64_t i = 0; i < n; ++i) labels.push_back(i % 3);
    return labels;
}

GaussianMixture low_rank() {
    Matrix narrow = normal(5, 2), wide = normal(5, 3);
    return GaussianMixture::low_rank({1.0, 2.0, 1.5}, normal(3, 5), {narrow, narrow, wide}, {0.1, 0.2, 0.3}, {0, 1, 0});
}

GaussianMixture diagonal(std::int64_t d, std::int64_t modes = 4) {
    Matrix variances(modes, d);
    std::vector<double> weights;
    for (std::size_t i = 0; i < variances.data.size(); ++i) variances.data[i] = 0.05 + 0.1 * static_cast<double>(i % 7);
    for (std::int64_t k = 0; k < modes; ++k) weights.push_back(0.5 + 0.5 * static_cast<double>(k % 3));
    return GaussianMixture::diagonal(weights, normal(modes, d), variances);
}

struct Case {
    const char* what;
    ChainModel model;
    ChainOptions options;
    double tolerance = 1e-9;
};

std::vector<Case> cases() {
    const Empirical labelled(normal(90, 3), {.labels = in_turns(90)}), smooth(normal(300, 20), {.bandwidth = 0.2});
    const GaussianMixture gmm = chains::gmm2d();
    return {
        {"full covariances, uncorrected", gmm, {.step = 0.5}},
        {"corrected, three steps for each draw", gmm, {.step = 1.0, .metropolis = true, .langevin_steps = 3}},
        {"steps of one size", gmm, {.step = 0.02, .step_scale = StepScale::constant, .metropolis = true}},
        {"the most probable level", gmm, {.sigma_rule = SigmaChoice::argmax, .step = 0.5}},
        {"a prior", gmm, {.step = 0.5, .prior = geometric_levels(1.0, 50.0, 70)}},
        {"low rank", low_rank(), {.metropolis = true}},
        {"low rank, one class", low_rank(), {.metropolis = true, .condition = 0}},
        {"40 coordinates on diagonals", diagonal(40), {.metropolis = true}},
        {"so many coordinates and modes that they are met in parts", diagonal(1700, 16), {.metropolis = true}},
        {"points of classes", labelled, {.metropolis = true}},
        {"points of one class", labelled, {.metropolis = true, .condition = 2}},
        {"points with a bandwidth", smooth, {.metropolis = true}},
        {"plug-in without probes", diagonal(40), {.sigma = SigmaRule::plug_in}},
        {"plug-in", Denoiser(gmm), {.sigma = SigmaRule::plug_in, .step = 0.5, .probes = 2}},
        {"plug-in of a guided class",
         guided(Denoiser(labelled), 1.5),
         {.sigma = SigmaRule::plug_in, .probes = 1, .condition = 1}},
    };
}

/// Chains at x0 + sigma eps with levels of all sizes.
ChainState started(const ChainKernel& kernel, std::int64_t n) {
    const auto& levels = kernel.prior().levels;
    Matrix x = normal(n, kernel.target().denoiser.dim());
    std::vector<double> sigma;
    for (std::int64_t i = 0; i < n; ++i) {
        sigma.push_back(levels[static_cast<std::size_t>(i * 37 % kernel.prior().size())]);
        for (double& v : x.view().row(i)) v *= 1 + sigma.back();
    }
    return kernel.start(std::move(x), std::move(sigma));
}

double gap(const std::vector<double>& a, const std::vector<double>& b) {
    REQUIRE(a.size() == b.size());
    double largest = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i)
        largest = std::max(largest, std::abs(a[i] - b[i]) / (1 + std::abs(a[i])));
    return largest;
}

/// Steps of n chains on a device, by one queue and shared by two, beside the processor's: states, visits, traces, counts,
/// what is kept.
void check_steps(const std::string& device, const Case& of, std::int64_t n, std::int64_t levels, int steps) {
    const auto& [what, model, given, tolerance] = of;
    CAPTURE(what);
    ChainOptions options = given;
    options.levels = levels;
    if (!options.prior.empty()) options.prior = geometric_levels(1.0, 50.0, levels);
    const ChainKernel kernel(chain_target(model, options.condition.value_or(-1)), options, sigma_prior(options, 0.05, 6));
    ChainState here = started(kernel, n), there = here;
    ChainState apart = here;
    ChainsOnDevices chains(kernel, device_queues(device), here);
    ChainsOnDevices shared(kernel, std::vector<DeviceQueue>(2, device_queues(device)[0]), here);
    std::vector<double> traces, of_shared;
    ChainStep drawn = chains.draw_level(5);
    shared.draw_level(5);
    CHECK(drawn.evaluations == kernel.draw_level(here, 5).evaluations);
    chains.fetch(there);
    std::vector<double> least = there.sigma, least_kept(least.size());
    chains.keep();
    for (int t = 0; t < steps; ++t) {
        const ChainStep wanted = kernel.step(here, 5);
        ChainStep got = chains.step(5, true);
        CHECK(shared.step(5, true).visits == got.visits);
        if (t > 0) chains.trace(traces);   // whatever is known of where they are
        shared.trace(of_shared);
        chains.keep_least();
        const ChainStep since = chains.fetch(there);
        CHECK(got.evaluations == wanted.evaluations);
        CHECK(got.proposed == wanted.proposed);
        CHECK(since.accepted == wanted.accepted);
        CHECK(since.restarted == wanted.restarted);
        CHECK(gap(wanted.visits, got.visits) < tolerance);
        for (std::size_t i = 0; i < least.size(); ++i) least[i] = std::min(least[i], there.sigma[i]);
    }
    CHECK(there.steps == here.steps);
    CHECK(gap(here.x.data, there.x.data) < tolerance);
    CHECK(gap(here.sigma, there.sigma) == 0.0);
    Matrix kept(here.x.rows, here.x.cols);
    chains.kept(kept, least_kept);
    CHECK(least_kept == least);
    chains.flush(traces);
    shared.flush(of_shared);
    shared.fetch(apart);
    CHECK(apart.x.data == there.x.data);
    CHECK(apart.sigma == there.sigma);
    REQUIRE(of_shared.size() * static_cast<std::size_t>(steps - 1) == traces.size() * static_cast<std::size_t>(steps));
    CHECK(std::equal(traces.begin(), traces.end(), of_shared.end() - static_cast<std::ptrdiff_t>(traces.size())));
}

}   // namespace

TEST_CASE("chains on a device: steps are those of the processor, of all models and rules, and so is what is counted") {
    for (const std::string& device : devices())
        for (const Case& of : cases()) check_steps(device, of, 200, 70, 4);
}

TEST_CASE(
    "in brief: chains on a device, few, of all models and rules, with several tiles of rows and levels and ragged ends, "
    "step as on the processor") {
    for (const std::string& device : devices())
        for (const Case& of : cases()) check_steps(device, of, 67, 70, 2);
}

TEST_CASE(
    "chains on a device: distances in float make steps that differ by their rounding; densities are double all the "
    "same") {
    const Empirical model(normal(300, 40), {.single = true});
    const ChainOptions options{.metropolis = true, .levels = 70};
    for (const std::string& device : devices()) {
        const ChainKernel kernel(chain_target(model), options, sigma_prior(options, 0.05, 6));
        ChainState here = started(kernel, 500), there = here;
        ChainsOnDevices chains(kernel, device_queues(device), here);
        for (int t = 0; t < 2; ++t) {
            kernel.step(here, 5);
            chains.step(5, false);
        }
        chains.fetch(there);
        int apart = 0;   // chains that decided otherwise
        for (std::size_t i = 0; i < here.sigma.size(); ++i) apart += here.sigma[i] != there.sigma[i] ? 1 : 0;
        CHECK(apart <= 2);
    }
}

TEST_CASE("chains on a device: one that leaves all bounds returns to its start, and a law without a level is said") {
    const GaussianMixture model = chains::gmm2d();
    const ChainOptions wild{.step = 1e200, .step_scale = StepScale::constant, .levels = 50};
    const Denoiser nothing(
        2, [](const Query&, View) {},
        {.name = "nothing", .on_device = [](const DeviceQueue& queue) {
             return [queue](const auto& q) {
                 std::vector<double> none(static_cast<std::size_t>(2 * q.rows.rows), std::nan(""));
                 const DeviceBuffer there = DeviceBuffer::of(queue, std::span<const double>(none));
                 device_check(queue, device_library().table->copy(&queue, there.data(), q.rows.out, 16 * q.rows.rows));
             };
         }});
    for (const std::string& device : devices()) {
        const ChainKernel far(chain_target(model), wild, sigma_prior(wild, 0.05, 6));
        const Matrix x(3, 2, 1.5);
        ChainState state = far.start(x, {0.7});
        ChainsOnDevices chains(far, device_queues(device), state);
        chains.step(1, false);
        CHECK(chains.fetch(state).restarted == 3);
        CHECK(state.x.data == x.data);

        const ChainOptions guess{.sigma = SigmaRule::plug_in, .levels = 50};
        const ChainKernel lost(chain_target(nothing), guess, sigma_prior(guess, 0.05, 6));
        ChainState other = lost.start(x, {0.7});
        ChainsOnDevices none(lost, device_queues(device), other);
        none.draw_level(1);
        CHECK_THROWS_WITH_AS(none.fetch(other),
                             "langevin_gibbs: the law of sigma at chain 0 has no level with positive probability",
                             std::invalid_argument);
    }
}

TEST_CASE(
    "langevin_gibbs on a device: samples, traces and counts are those of the processor, whatever is kept and adapted") {
    const GaussianMixture model = chains::gmm2d();
    const Table table = ddim(EDM(0.05, 10), {.steps = 5, .grid = GridKind::rho});   // ends above 0: one more evaluation
    for (const std::string& device : devices())
        for (const Emit emit : {Emit::last, Emit::min})
            for (const bool flat : {false, true}) {
                LangevinGibbsOptions options{.n = 450, .chains = 150, .burn_in = flat ? 12 : 5, .emit = emit, .rng = 9};
                if (flat) options.adapt = PriorAim::flat;
                const ChainOptions chain{.step = 0.7, .metropolis = flat, .levels = 60};
                const LangevinGibbsDraws here = langevin_gibbs(model, table, options, chain);
                options.device = device;
                const LangevinGibbsDraws there = langevin_gibbs(model, table, options, chain);
                CHECK(there.parts == here.parts);
                CHECK(there.accepted == here.accepted);
                CHECK(there.levels == here.levels);
                CHECK(gap(here.x.data, there.x.data) < 1e-8);
                CHECK(gap(here.prior.weights, there.prior.weights) < 1e-9);
                CHECK(gap(here.traces.log_sigma.data, there.traces.log_sigma.data) < 1e-12);
                CHECK(gap(here.traces.first.data, there.traces.first.data) < 1e-8);
                CHECK(gap(here.traces.log_density.data, there.traces.log_density.data) < 1e-8);
                CHECK(gap(here.traces.modes.data, there.traces.modes.data) < 1e-8);
                CHECK(gap(here.state.x.data, there.state.x.data) < 1e-8);
                CHECK(there.state.steps == here.state.steps);
            }
}

TEST_CASE("langevin_gibbs on a device: a run that a checkpoint takes up has the bits of one that nothing stopped") {
    const GaussianMixture model = chains::gmm2d();
    const Table table = ddim(EDM(0.05, 10), {.steps = 5, .grid = GridKind::rho, .to_zero = true});
    for (const std::string& device : devices()) {
        const auto path = std::filesystem::temp_directory_path() / "buffon_chains_on_device";
        std::filesystem::remove(path);
        LangevinGibbsOptions options{.n = 300, .chains = 100, .burn_in = 4, .rng = 9, .device = device};
        const LangevinGibbsDraws whole = langevin_gibbs(model, table, options, {.levels = 60});
        options.checkpoint = path;
        std::int64_t told = 0;
        options.progress = [&](std::int64_t, std::int64_t) {
            if (++told == 8) throw std::runtime_error("enough");
        };
        CHECK_THROWS_WITH(langevin_gibbs(model, table, options, {.levels = 60}), "enough");
        options.progress = {};
        const LangevinGibbsDraws later = langevin_gibbs(model, table, options, {.levels = 60});
        CHECK(later.x.data == whole.x.data);
        CHECK(later.traces.log_density.data == whole.traces.log_density.data);
        CHECK(later.parts == whole.parts);
        std::filesystem::remove(path);
    }
}

TEST_CASE("langevin_gibbs on a device: corrected chains find the masses of the modes, and sigma its law") {
    const GaussianMixture model = chains::gmm2d();
    for (const std::string& device : devices()) {
        const LangevinGibbsDraws draws =
            langevin_gibbs(model, ddim(EDM(0.01, 10), {.steps = 7, .grid = GridKind::rho, .to_zero = true}),
                           {.n = 4096, .chains = 4096, .skip = 100, .burn_in = 50, .rng = 3, .device = device},
                           {.step = 1.0, .metropolis = true, .levels = 100});
        const Estimate masses = mode_masses(draws.traces), visits = flatness(draws.traces);
        for (std::size_t k = 0; k < 8; ++k) {
            CHECK(std::abs(masses.value[k] - model.weights()[k]) < 4.5 * masses.std_error()[k]);
            CHECK(masses.std_error()[k] < 0.005);
        }
        for (std::size_t b = 0; b < 10; ++b) CHECK(std::abs(visits.value[b]) < 4.5 * visits.std_error()[b]);
    }
}

TEST_CASE("chains on a device: what no device runs is refused by name") {
    const GaussianMixture model = chains::gmm2d();
    const auto refuses = [](const ChainTarget& target, const ChainOptions& options, const char* what) {
        CHECK_THROWS_WITH_AS(check_on_device(ChainKernel(target, options, sigma_prior(options, 0.05, 6))), doctest::Contains(what),
                             std::invalid_argument);
    };
    const NoiseClassifier classifier{{1.0, 2.0}, [](ConstView, View) {}};
    refuses(
        chain_target(model), {.sigma = SigmaRule::data},
        "langevin_gibbs: sigma = 'data' runs on device='cpu' only; on a device sigma is drawn by 'exact' or 'plug-in'");
    refuses(chain_target(model), {.sigma = classifier},
            "langevin_gibbs: sigma = a classifier runs on device='cpu' only; on a device sigma is drawn by 'exact' or "
            "'plug-in'");
    const Denoiser own(2, [](const Query& q, View out) { std::copy_n(q.x.data, q.x.size(), out.data); });
    refuses(chain_target(own), {.sigma = SigmaRule::plug_in}, "langevin_gibbs: denoiser computes on device='cpu' only");
    for (const std::string& device : devices())
        CHECK_THROWS_WITH_AS(
            langevin_gibbs(model, rk45(EDM(0.05, 10), {}), {.n = 10, .rng = 1, .device = device}, {.levels = 60}),
            doctest::Contains("langevin_gibbs: rk45 chooses its steps and runs on device='cpu' only"), std::invalid_argument);
    CHECK_THROWS_AS(langevin_gibbs(model, ddim(EDM(0.05, 10), {.steps = 3}), {.n = 10, .rng = 1, .device = "cuda:99"},
                                   {.levels = 60}),
                    std::invalid_argument);
}

TEST_CASE("chains on a device: visits of more blocks of chains than an axis of a launch has") {
    for (std::size_t k = 1; k < available_devices().size(); ++k) {
        const DeviceQueue queue{.device = static_cast<int>(k) - 1};
        const std::int64_t rows = 64 * 65'536 + 5, count = 2;
        std::vector<double> probabilities(static_cast<std::size_t>(rows * count));
        for (std::size_t i = 0; i < probabilities.size(); ++i) probabilities[i] = static_cast<double>(i % 7);
        const DeviceBuffer there = DeviceBuffer::of(queue, std::span<const double>(probabilities));
        DeviceLevelVisits visits{there.as<double>(), rows, count, nullptr};
        const DeviceBuffer sums(queue, visits.blocks() * count * 8);
        visits.sums = static_cast<double*>(sums.data());
        device_check(queue, device_library().table->level_visits(&queue, &visits));
        std::vector<double> found(static_cast<std::size_t>(visits.blocks() * count)), wanted(found.size(), 0.0);
        sums.download(found.data());
        for (std::size_t i = 0; i < probabilities.size(); ++i) wanted[i / 128 * 2 + i % 2] += probabilities[i];
        CHECK(found == wanted);
    }
}
