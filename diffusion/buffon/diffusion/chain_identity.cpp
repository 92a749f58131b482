#include <buffon/diffusion/chain_identity.hpp>

#include <iomanip>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include <buffon/diffusion/describe.hpp>
#include <buffon/hash.hpp>

namespace buffon::diffusion {
namespace {

std::string exactly(double v) {
    std::ostringstream out;
    out << std::setprecision(17) << v;
    return out.str();
}

std::string named(const Table& table) {
    return table.name + " of " + std::to_string(table.nodes.steps()) + " steps from " + exactly(table.rho_start()) +
           " to " + exactly(table.nodes.rho.back());
}

/// A number that any other node, weight or option changes.
std::uint64_t fingerprint(const Table& table) {
    Hash hash;
    hash.add(table.text());
    hash.add_exactly(table.nodes.rho);
    hash.add_exactly(table.nodes.alpha);
    for (const Row& row : table.rows) {
        hash.add_exactly(std::vector{row.noise, row.langevin});
        for (const Term& term : row.terms) hash.add_exactly(std::vector{static_cast<double>(term.value), term.weight});
    }
    return hash.value();
}

std::string describe_start(const Table& table) {
    return named(table) + ", fingerprint " + std::to_string(fingerprint(table));
}

/// Levels are the same after adaptation.
std::string describe_levels(const ChainOptions& chain, const SigmaPrior& prior) {
    const auto* rule = std::get_if<SigmaRule>(&chain.sigma);
    std::string out = rule ? std::string(EnumNames<SigmaRule>::names[static_cast<std::size_t>(*rule)]) : "a classifier";
    return out + ", " + std::to_string(prior.size()) + " from " + exactly(prior.levels.front()) + " to " +
           exactly(prior.levels.back());
}

}  // namespace

RunIdentity identity_of(const LangevinGibbsOptions& options, const ChainOptions& chain, const Table& table,
                        const std::optional<Table>& start, const ChainKernel& kernel, const ChainState& state) {
    LangevinGibbsOptions o = options;
    o.n = o.threads = 0;
    o.chains = state.first_x.rows;
    o.rng = {};
    if (o.device != "cpu") o.device = "cuda";   // bits are those of any number of devices
    const ChainTarget& target = kernel.target();
    std::vector<double> probe(target.log_density ? state.sigma.size() : 0);
    if (!probe.empty()) target.log_density(state.first_x, state.first_sigma, probe, options.threads);
    return {{"settings", describe(o)},
            {"chain", describe(chain)},
            {"levels", describe_levels(chain, kernel.prior())},
            {"model", target.denoiser.traits().name + " of " + std::to_string(target.denoiser.dim()) + " dimensions" +
                          (probe.empty() ? "" : ", log density " + exactly(probe[0]) + " at the first start")},
            {"table", named(table)},
            {"start", start ? describe_start(*start) : "x"}};
}

}  // namespace buffon::diffusion
