#include <buffon/diffusion/chain_checkpoint.hpp>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/diffusion/langevin_gibbs.hpp>
#include <buffon/diffusion/solvers/ddim.hpp>

#include "chains.hpp"

using namespace buffon::diffusion;

namespace {

/// A file of this test that is gone before and after it.
struct File {
    explicit File(const char* name)
        : path(std::filesystem::temp_directory_path() / (std::string("buffon_test_chain_checkpoint_") + name)) {
        remove(path);
    }
    ~File() { remove(path); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    std::filesystem::path path;
};

const Table table = ddim(EDM(0.05, 10), {.steps = 4, .grid = GridKind::rho, .to_zero = true});
struct Stopped {};

LangevinGibbsOptions settings(const File* file, std::int64_t n = 90, std::optional<PriorAim> aim = PriorAim::flat) {
    LangevinGibbsOptions o{.n = n,
                           .chains = 20,
                           .skip = 2,
                           .burn_in = 6,
                           .adapt = aim,
                           .emit = aim ? Emit::last : Emit::min,
                           .rng = 17,
                           .threads = 1};
    if (file != nullptr) o.checkpoint = file->path;
    return o;
}

void same(const LangevinGibbsDraws& a, const LangevinGibbsDraws& b) {
    CHECK(a.x.data == b.x.data);
    CHECK(a.levels == b.levels);
    CHECK(a.parts == b.parts);
    CHECK(a.traces.log_sigma.data == b.traces.log_sigma.data);
    CHECK(a.traces.modes.data == b.traces.modes.data);
    CHECK(a.traces.log_density.data == b.traces.log_density.data);
    CHECK(a.prior.weights == b.prior.weights);
    CHECK(a.state.x.data == b.state.x.data);
    CHECK(a.state.steps == b.state.steps);
    CHECK(a.accepted == b.accepted);
    CHECK(a.rng_key == b.rng_key);
}

}  // namespace

TEST_CASE("chain_checkpoint: a run that is stopped after any of its steps and called again has the bits of one that is not") {
    const GaussianMixture model = chains::gmm2d();
    const ChainOptions chain{.step = 0.8, .metropolis = true, .levels = 20};
    for (const auto aim : {std::optional(PriorAim::flat), std::optional<PriorAim>()}) {
        const LangevinGibbsDraws whole = langevin_gibbs(model, table, settings(nullptr, 90, aim), chain);
        for (const int stop : {1, 4, 7, 8, 13}) {
            CAPTURE(stop);
            const File file("stopped");
            LangevinGibbsOptions options = settings(&file, 90, aim);
            int told = 0;
            options.progress = [&](std::int64_t, std::int64_t) { if (++told == stop) throw Stopped(); };
            CHECK_THROWS_AS(langevin_gibbs(model, table, options, chain), Stopped);
            same(langevin_gibbs(model, table, settings(&file, 90, aim), chain), whole);
        }
    }
}

TEST_CASE("chain_checkpoint: what is there is not done again, and more samples are added to it with the bits of one long run") {
    const GaussianMixture model = chains::gmm2d();
    const File file("longer");
    std::int64_t asked = 0;
    const Denoiser counted(2, [&](const Query& q, buffon::View out) {
        asked += q.x.rows;
        model.denoise(q, out);
    }, {.name = "counted", .concurrent = false});
    const ChainOptions chain{.sigma = SigmaRule::plug_in, .levels = 20};
    const auto run = [&](const LangevinGibbsOptions& options) {
        asked = 0;
        return langevin_gibbs(counted, table, options, chain);
    };
    run(settings(&file, 45));
    const LangevinGibbsDraws longer = run(settings(&file, 130));
    const std::int64_t again = asked;
    same(longer, run(settings(nullptr, 130)));
    CHECK(again == asked - 20 * (39 + 1 + 2 * 6) - 20 * 2 * 2 * 3);   // without start, burn-in and three rounds
    CHECK_THROWS_WITH_AS(run(settings(&file, 80)),
                         doctest::Contains("holds 140 samples already, n must not be below, got 80"),
                         std::invalid_argument);
    LangevinGibbsOptions keyless = settings(&file, 130);
    keyless.rng.reset();
    same(run(keyless), longer);   // the file's key
}

TEST_CASE("chain_checkpoint: a file of another run, of something else, or cut short is refused, and says why") {
    const GaussianMixture model = chains::gmm2d();
    const File file("refused");
    const ChainOptions chain{.levels = 20};
    langevin_gibbs(model, table, settings(&file), chain);
    const auto fails = [&](const char* what, const LangevinGibbsOptions& options, const ChainOptions& other,
                           const ChainModel& of, const Table& by = table) {
        CHECK_THROWS_WITH_AS(langevin_gibbs(of, by, options, other), doctest::Contains(what), std::invalid_argument);
    };
    LangevinGibbsOptions options = settings(&file);
    options.rng = 18;
    fails("is of another run: its rng is 17, not 18", options, chain, model);
    options = settings(&file);
    options.skip = 3;
    fails("is of another run, by its settings:", options, chain, model);
    options = settings(&file);
    options.chains = 21;
    fails("its chains started elsewhere", options, chain, model);
    fails("is of another run, by its chain:", settings(&file), {.step = 0.3, .levels = 20}, model);
    fails("is of another run, by its levels:", settings(&file), {.sigma = SigmaRule::data, .levels = 20}, model);
    fails("is of another run, by its table:", settings(&file), chain, model,
          ddim(EDM(0.05, 10), {.steps = 5, .grid = GridKind::rho, .to_zero = true}));
    options = settings(&file);
    options.start = ddim(EDM(0.05, 10), {.steps = 20, .grid = GridKind::rho});
    fails("is of another run, by its start:", options, chain, model);
    fails("is of another run, by its model:", settings(&file), chain,
          GaussianMixture::diagonal({1.0, 1.0}, buffon::Matrix(2, 2), buffon::Matrix(2, 2, 0.3)));
    const File other("started");
    LangevinGibbsOptions begun = settings(&other);
    begun.start = ddim(EDM(0.05, 10), {.steps = 8, .grid = GridKind::rho});
    langevin_gibbs(model, table, begun, chain);
    begun.start = ddim(EDM(0.05, 10), {.steps = 8, .grid = GridKind::time});   // as long, between the same levels
    fails("is of another run, by its start:", begun, chain, model);
    std::filesystem::resize_file(file.path, std::filesystem::file_size(file.path) - 20);
    fails("is damaged: its checksum differs", settings(&file), chain, model);
    std::ofstream(file.path) << "something else";
    fails("is not a file that this version of langevin_gibbs wrote", settings(&file), chain, model);
    options.checkpoint = std::filesystem::temp_directory_path() / "no such folder" / "chains";
    options.chains = 20;
    CHECK_THROWS_WITH_AS(langevin_gibbs(model, table, options, chain), doctest::Contains("cannot be written"),
                         std::runtime_error);
}
