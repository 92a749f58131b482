#include <buffon/diffusion/sigma_rules.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include <buffon/chain_terms.hpp>
#include <buffon/check.hpp>
#include <buffon/diffusion/rows.hpp>

namespace buffon::diffusion {
namespace {

/// Rows whose weights are in memory at once.
constexpr std::int64_t numbers_at_once = std::int64_t{1} << 22;
/// Estimates of sigma, one for each row.
struct Guesses {
    std::vector<chain::PlugIn> of_row;
    std::int64_t evaluations = 0;
};

std::vector<double> squared_lengths(ConstView a, ConstView b) {
    std::vector<double> out;
    for (std::int64_t i = 0; i < a.rows; ++i) {
        double sum = 0.0;
        for (std::int64_t j = 0; j < a.cols; ++j) sum += (a(i, j) - b(i, j)) * (a(i, j) - b(i, j));
        out.push_back(sum);
    }
    return out;
}

/// Hutchinson's estimate of the trace of D's derivative.
std::vector<double> traces(const ChainTarget& target, ConstView x, std::span<const double> sigma, ConstView at_x,
                           const Stream& signs, std::int64_t probes, std::span<const std::int64_t> labels,
                           int threads) {
    std::vector<double> out(static_cast<std::size_t>(x.rows), 0.0);
    Matrix moved(x.rows, x.cols), there(x.rows, x.cols);
    for (std::int64_t p = 0; p < probes; ++p) {
        const chain::Probe probe{signs, p, probes};
        const auto sign = [&](std::int64_t i, std::int64_t j) { return probe.sign(i, j, x.cols); };
        for (std::int64_t i = 0; i < x.rows; ++i)
            for (std::int64_t j = 0; j < x.cols; ++j) moved(i, j) = chain::Probe::at(x(i, j), sign(i, j), of_row(sigma, i));
        target.denoiser.denoise({moved, sigma, labels, threads}, there);
        for (std::int64_t i = 0; i < x.rows; ++i)
            for (std::int64_t j = 0; j < x.cols; ++j)
                out[static_cast<std::size_t>(i)] += probe.part(sign(i, j), there(i, j), at_x(i, j), of_row(sigma, i));
    }
    return out;
}

Guesses plug_in(const ChainTarget& target, ConstView x, std::span<const double> sigma, const Stream& signs,
               std::int64_t probes, int threads) {
    const std::vector<std::int64_t> labels(target.label < 0 ? 0 : static_cast<std::size_t>(x.rows), target.label);
    const double d = static_cast<double>(x.cols);
    Matrix data(x.rows, x.cols);
    target.denoiser.denoise({x, sigma, labels, threads}, data);
    const std::vector<double> square = squared_lengths(x, data),
                              trace = traces(target, x, sigma, data, signs, probes, labels, threads);
    Guesses out{{}, x.rows * (1 + probes)};
    for (std::size_t i = 0; i < square.size(); ++i) out.of_row.push_back(chain::PlugIn::of(square[i], trace[i], d));
    return out;
}

/// From logarithms up to a constant to weights whose largest is 1.
void exponentiate(std::span<double> row, std::int64_t i) {
    const bool numbers = std::ranges::none_of(row, [](double v) { return std::isnan(v); });
    const double peak = *std::ranges::max_element(row);
    require(numbers && std::isfinite(peak), "langevin_gibbs: the law of sigma at chain ", i,
            " has no level with positive probability");
    for (double& v : row) v = std::exp(v - peak);
}

/// A row's share in the visits: its probabilities, or the level that it takes whatever comes.
void count(std::span<const double> weights, std::optional<std::int64_t> taken, double rows, std::vector<double>& visits) {
    if (taken) {
        visits[static_cast<std::size_t>(*taken)] += 1 / rows;
        return;
    }
    const double total = rows * std::accumulate(weights.begin(), weights.end(), 0.0);
    for (std::size_t j = 0; j < visits.size(); ++j) visits[j] += weights[j] / total;
}

/// Weights of the levels before the prior, for rows first ... of all.
class Weights {
public:
    Weights(const ChainTarget& target, const SigmaLaw& law, const SigmaPrior& prior, ConstView x,
            std::span<const double> sigma, const Stream& auxiliary, std::int64_t probes, int threads)
        : target_(target), law_(law), prior_(prior), x_(x), threads_(threads) {
        const auto* rule = std::get_if<SigmaRule>(&law);
        if (rule == nullptr || *rule == SigmaRule::exact) return;
        if (*rule == SigmaRule::plug_in) {
            guess_ = plug_in(target, x, sigma, auxiliary, probes, threads);
            return;
        }
        Matrix data(x.rows, x.cols);
        target.posterior_sample(x, sigma, auxiliary, data, threads);
        square_ = squared_lengths(x, data);
    }

    std::int64_t evaluations() const { return guess_ ? guess_->evaluations : 0; }

    void operator()(std::int64_t first, View out) const {
        const ConstView x = x_.slice(first, out.rows);
        if (const auto* classifier = std::get_if<NoiseClassifier>(&law_)) classifier->log_probabilities(x, out);
        else if (std::get<SigmaRule>(law_) == SigmaRule::exact) return target_.sigma_posterior(x, prior_.levels, out, threads_);
        else fill(first, out);
        for (std::int64_t i = 0; i < out.rows; ++i) exponentiate(out.row(i), first + i);
    }

private:
    void fill(std::int64_t first, View out) const {
        const double d = static_cast<double>(x_.cols);
        for (std::int64_t i = 0; i < out.rows; ++i)
            for (std::int64_t j = 0; j < out.cols; ++j) {
                const auto row = static_cast<std::size_t>(first + i);
                const double sigma = prior_.levels[static_cast<std::size_t>(j)], log_sigma = std::log(sigma);
                out(i, j) = guess_ ? guess_->of_row[row].log_weight(log_sigma)
                                   : -d * log_sigma - 0.5 * square_[row] / (sigma * sigma);   // log N(x; x0, sigma^2 I)
            }
    }

    const ChainTarget& target_;
    const SigmaLaw& law_;
    const SigmaPrior& prior_;
    ConstView x_;
    int threads_;
    std::optional<Guesses> guess_;
    std::vector<double> square_;   // |x - x0|^2
};

}  // namespace

std::vector<double> geometric_levels(double sigma_min, double sigma_max, std::int64_t count) {
    std::vector<double> out;
    for (std::int64_t j = 0; j < count; ++j) {
        const double share = count > 1 ? static_cast<double>(j) / static_cast<double>(count - 1) : 1.0;
        out.push_back(j + 1 == count
                          ? sigma_max
                          : sigma_min * std::pow(sigma_max / sigma_min, share));   // no rounding beyond the ends
    }
    return out;
}

void check_sigma_law(const ChainTarget& target, const SigmaLaw& law) {
    const auto* rule = std::get_if<SigmaRule>(&law);
    const std::string& name = target.denoiser.traits().name;
    if (rule != nullptr && *rule == SigmaRule::exact)
        require(static_cast<bool>(target.sigma_posterior),
                "langevin_gibbs: sigma = 'exact' needs a model with a density (GaussianMixture, Empirical); for ", name,
                " use 'plug-in' or a noise classifier");
    if (rule != nullptr && *rule == SigmaRule::data)
        require(static_cast<bool>(target.posterior_sample),
                "langevin_gibbs: sigma = 'data' needs posterior draws of x0 (GaussianMixture, Empirical); ", name,
                " has none");
}

SigmaDraws draw_sigma(const ChainTarget& target, const SigmaLaw& law, const SigmaPrior& prior, ConstView x,
                      std::span<const double> sigma, const Stream& numbers, const Stream& auxiliary,
                      std::int64_t probes, bool largest, int threads) {
    const Weights weights(target, law, prior, x, sigma, auxiliary, probes, threads);
    SigmaDraws out;
    out.evaluations = weights.evaluations();
    out.visits.assign(prior.levels.size(), 0.0);
    const std::int64_t at_once = std::max<std::int64_t>(1, numbers_at_once / prior.size());
    for (std::int64_t first = 0; first < x.rows; first += at_once) {
        Matrix of_rows(std::min(at_once, x.rows - first), prior.size());
        weights(first, of_rows);
        for (std::int64_t i = 0; i < of_rows.rows; ++i) {
            const std::span<double> row = of_rows.view().row(i);
            for (std::size_t j = 0; j < row.size(); ++j) row[j] *= prior.weights[j];
            const auto place = std::ranges::max_element(row);
            require(*place > 0, "langevin_gibbs: the law of sigma at chain ", first + i,
                    " has no level with positive probability");
            out.level.push_back(largest ? place - row.begin()
                                        : static_cast<std::int64_t>(pick(row, numbers.uniform(first + i, 0))));
            count(row, largest ? std::optional(place - row.begin()) : std::nullopt, static_cast<double>(x.rows), out.visits);
        }
    }
    return out;
}

}  // namespace buffon::diffusion
