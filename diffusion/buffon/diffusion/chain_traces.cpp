#include <buffon/diffusion/chain_traces.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include <buffon/check.hpp>

namespace buffon::diffusion {
namespace {

/// Above it chains have not mixed (Vehtari et al. 2021).
constexpr double largest_r_hat = 1.01;
/// Steps that R-hat needs.
constexpr std::int64_t fewest_judged = 8;

/// Column k of the modes as traces.
Matrix trace_of_mode(const ChainTraces& t, std::int64_t k) {
    Matrix out(t.chains(), t.steps());
    for (std::int64_t i = 0; i < t.modes.rows; ++i) out.data[static_cast<std::size_t>(i)] = t.modes(i, k);
    return out;
}

/// Of the prior, up to and with each level.
std::vector<double> cumulative(const SigmaPrior& prior) {
    const double total = std::accumulate(prior.weights.begin(), prior.weights.end(), 0.0);
    std::vector<double> out;
    double sum = 0.0;
    for (const double w : prior.weights) out.push_back((sum += w) / total);
    return out;
}

std::int64_t level_of(const SigmaPrior& prior, double log_sigma) {
    const double sigma = std::exp(log_sigma);
    const auto above = std::ranges::lower_bound(prior.levels, sigma);
    if (above == prior.levels.begin()) return 0;
    if (above == prior.levels.end()) return prior.size() - 1;
    return above - prior.levels.begin() - (sigma - *(above - 1) < *above - sigma ? 1 : 0);   // exp and log round
}

std::string rounded(double r_hat) {
    std::ostringstream out;
    out.precision(3);
    out << r_hat;
    return out.str();
}

/// What makes means over chains those of their starts.
void doubt(const ChainTraces& t, Estimate& masses) {
    double worst = 1.0;
    if (t.steps() >= fewest_judged)
        for (std::int64_t k = 0; k < t.modes.cols; ++k) worst = std::max(worst, summarise_chains(trace_of_mode(t, k)).r_hat);
    const std::int64_t trips = round_trips(t);
    masses.diagnostics["r_hat"] = worst;
    masses.diagnostics["round_trips"] = trips;
    if (worst > largest_r_hat)
        masses.warnings.push_back("chains disagree about the masses, R-hat " + rounded(worst) +
                                  ": run them longer, or raise sigma_max");
    if (trips < t.chains())
        masses.warnings.push_back("chains went from low to high noise and back " + std::to_string(trips) +
                                  " times, less than once each: masses may be those of their starts");
}

}  // namespace

std::map<std::string, ChainSummary> summarise(const ChainTraces& t) {
    std::map<std::string, ChainSummary> out{{"log sigma", summarise_chains(t.log_sigma)}, {"x1", summarise_chains(t.first)}};
    if (t.log_density.rows > 0) out["log density"] = summarise_chains(t.log_density);
    for (std::int64_t k = 0; k < t.modes.cols; ++k) out["mode " + std::to_string(k)] = summarise_chains(trace_of_mode(t, k));
    return out;
}

Estimate mode_masses(const ChainTraces& t) {
    require(t.modes.cols > 0, "mode_masses: the model knows no modes (components of a mixture, classes of a data set)");
    std::vector<std::string> names;
    for (std::int64_t k = 0; k < t.modes.cols; ++k) names.push_back("mode " + std::to_string(k));
    Estimate out = chain_means(t.modes, t.chains(), std::move(names));
    doubt(t, out);
    return out;
}

Estimate flatness(const ChainTraces& t, std::int64_t bins) {
    require(bins >= 2 && bins <= t.prior.size(), "flatness: bins must lie in 2 ... ", t.prior.size(),
            ", the number of levels, got ", bins);
    const std::vector<double> up_to = cumulative(t.prior);
    const auto bin_of = [&](std::int64_t level) {   // by the middle of the level's own share
        const auto at = static_cast<std::size_t>(level);
        const double middle = 0.5 * ((at > 0 ? up_to[at - 1] : 0.0) + up_to[at]);
        return std::min(bins - 1, static_cast<std::int64_t>(middle * static_cast<double>(bins)));
    };
    std::vector<double> expected(static_cast<std::size_t>(bins), 0.0);
    std::vector<std::string> names(expected.size(), "");
    for (std::int64_t j = 0; j < t.prior.size(); ++j) {
        const auto at = static_cast<std::size_t>(j);
        expected[static_cast<std::size_t>(bin_of(j))] += up_to[at] - (j > 0 ? up_to[at - 1] : 0.0);
        names[static_cast<std::size_t>(bin_of(j))] = "up to " + std::to_string(t.prior.levels[at]);
    }
    Matrix visits(t.log_sigma.rows * t.log_sigma.cols, bins);
    for (std::int64_t i = 0; i < visits.rows; ++i)
        visits(i, bin_of(level_of(t.prior, t.log_sigma.data[static_cast<std::size_t>(i)]))) = 1.0;
    Estimate out = chain_means(visits, t.chains(), std::move(names));
    for (std::size_t b = 0; b < expected.size(); ++b) {
        if (out.value[b] == 0)
            out.warnings.push_back("'" + out.names[b] + "': no state of the chains was there, so its error of 0 says nothing: run them "
                                                        "longer, take smaller steps, metropolis or adapt");
        out.value[b] -= expected[b];
    }
    return out;
}

std::int64_t round_trips(const ChainTraces& t) {
    const std::vector<double> up_to = cumulative(t.prior);
    std::int64_t trips = 0;
    for (std::int64_t c = 0; c < t.chains(); ++c) {
        enum { nowhere, low, high } last = nowhere;   // the last end that the chain has seen, on a way that began low
        for (const double log_sigma : t.log_sigma.view().row(c)) {
            const double place = up_to[static_cast<std::size_t>(level_of(t.prior, log_sigma))];
            if (place <= 0.25) {
                trips += last == high ? 1 : 0;
                last = low;
            } else if (place > 0.75 && last == low) {
                last = high;
            }
        }
    }
    return trips;
}

double mode_switches(const ChainTraces& t) {
    require(t.modes.cols > 0, "mode_switches: the model knows no modes (components of a mixture, classes of a data set)");
    if (t.steps() < 2) return 0.0;
    std::int64_t switches = 0;
    const auto mode = [&](std::int64_t row) {
        return std::ranges::max_element(t.modes.view().row(row)) - t.modes.view().row(row).begin();
    };
    for (std::int64_t c = 0; c < t.chains(); ++c)
        for (std::int64_t s = 1; s < t.steps(); ++s) switches += mode(c * t.steps() + s) != mode(c * t.steps() + s - 1) ? 1 : 0;
    return static_cast<double>(switches) / static_cast<double>(t.chains() * (t.steps() - 1));
}

}  // namespace buffon::diffusion
