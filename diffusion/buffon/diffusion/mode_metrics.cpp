#include <buffon/diffusion/mode_metrics.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>

#include <Eigen/Cholesky>
#include <boost/math/distributions/chi_squared.hpp>

#include <buffon/check.hpp>
#include <buffon/compared_sets.hpp>
#include <buffon/diffusion/rows.hpp>
#include <buffon/diffusion/sampler_problem.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/set_means.hpp>
#include <buffon/share_interval.hpp>
#include <buffon/stream.hpp>

namespace buffon::diffusion {
namespace {

using Square = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr std::int64_t floor_draws = 4096;
constexpr Stream floor_stream{0x6D6F646573, 0};   // floors are numbers of the mixture, the same in every run

void check(const std::string& who, const PointSets& x, std::int64_t dim) {
    require(!x.sets.empty(), who, ": x must hold at least one sample");
    for (std::size_t s = 0; s < x.sets.size(); ++s) check_set(who, name_of(x, s), x.sets[s], dim, 2);
}

std::int64_t rows_of(const PointSets& x) {
    std::int64_t n = 0;
    for (const Matrix& set : x.sets) n += set.rows;
    return n;
}

std::vector<double> normalised(std::vector<double> weights) {
    double sum = 0.0;
    for (const double w : weights) {
        require(w >= 0 && std::isfinite(w), "mode_masses: weights must be at least 0 and finite, got ", w);
        sum += w;
    }
    require(sum > 0, "mode_masses: weights must hold a positive number");
    for (double& w : weights) w /= sum;
    return weights;
}

/// E |X - n p| / n, X binomial.   Source: De Moivre (1730); Diaconis & Zabell, Statist. Sci. 6 (1991).
double mean_deviation(std::int64_t n, double p) {
    if (p >= 1 || p <= 0) return 0.0;
    const double rows = static_cast<double>(n), v = std::floor(rows * p) + 1;
    const double log_choose = std::lgamma(rows + 1) - std::lgamma(v + 1) - std::lgamma(rows - v + 1);
    return 2 * v * std::exp(log_choose + v * std::log(p) + (rows - v + 1) * std::log1p(-p)) / rows;
}

/// E |gap + error Z| - |gap|, Z standard normal.
double bias_of_size(double gap, double error) {
    if (!(error > 0)) return 0.0;
    const double u = std::abs(gap) / error;
    return error * (2 * std::exp(-u * u / 2) / std::sqrt(2 * std::numbers::pi) - 2 * u * normal_cdf(-u));
}

/// Masses of the K modes in one sample, and what their distance to the weights is made of.
class Masses {
public:
    Masses(std::span<const double> value, const Matrix& covariance, std::int64_t first, std::int64_t n,
           const std::vector<double>& weights)
        : n_(n), too_much_(weights.size()) {
        const auto at = [&](std::size_t k) { return first + static_cast<std::int64_t>(k); };
        for (std::size_t k = 0; k < weights.size(); ++k) {
            const double gap = value[k] - weights[k], error = std::sqrt(covariance(at(k), at(k)));
            total_variation_ += std::abs(gap) / 2;
            bias_ += bias_of_size(std::max(std::abs(gap) - 2 * error, 0.0), error) / 2;
            floor_ += mean_deviation(n, weights[k]) / 2;
            found_ += value[k] >= weights[k] / 2;
            too_much_[k] = gap > 0;
            if (!too_much_[k]) continue;
            mass_ += value[k];
            weight_ += weights[k];
            for (std::size_t j = 0; j <= k; ++j) variance_ += too_much_[j] ? (j < k ? 2 : 1) * covariance(at(k), at(j)) : 0.0;
        }
    }

    double total_variation() const { return total_variation_; }
    double bias() const { return bias_; }
    double floor() const { return floor_; }
    double found() const { return found_; }
    /// Whether the distance is a mass of this mode less its weight, among others.
    bool too_much(std::int64_t k) const { return too_much_[static_cast<std::size_t>(k)]; }
    std::pair<double, double> interval(double level) const {
        const auto [low, high] = share_interval(mass_, variance_, n_, level);
        return {std::max(0.0, low - weight_ - bias_), std::max(0.0, high - weight_)};
    }

private:
    std::int64_t n_;
    std::vector<bool> too_much_;   // total variation = mass - weight of these
    double total_variation_ = 0.0, bias_ = 0.0, floor_ = 0.0, found_ = 0.0, mass_ = 0.0, weight_ = 0.0, variance_ = 0.0;
};

/// (n, c), c any number from 2 where it is not given.
Matrix probabilities(const std::string& who, const ModeClassifier& classifier, double sigma, ConstView rows,
                     std::int64_t classes = 0) {
    if (classifier.mixture) {
        Matrix out(rows.rows, classifier.mixture->size());
        classifier.mixture->responsibilities(rows, {&sigma, 1}, out, 1);
        return out;
    }
    Matrix out = classifier.probabilities(rows).y;
    require(out.rows == rows.rows && (classes > 0 ? out.cols == classes : out.cols >= 2), who,
            ": classifier must give shape (n, c) = (", rows.rows, ", ", classes > 0 ? "" : "at least ",
            std::max<std::int64_t>(classes, 2), "), got (", out.rows, ", ", out.cols, ")");
    for (std::int64_t i = 0; i < out.rows; ++i) {
        double sum = 0.0;
        for (const double p : out.view().row(i)) {
            require(p >= 0 && p <= 1 + 1e-6, who, ": classifier must give probabilities, got ", p);
            sum += p;
        }
        require(std::abs(sum - 1) < 0.01, who, ": classifier must give probabilities that sum to 1, got the sum ", sum);
    }
    return out;
}

RowFunctions posteriors(const ModeClassifier& classifier, const ModeMassesOptions& o) {
    return [&classifier, o](std::int64_t, ConstView rows, View out) {
        const Matrix p = probabilities("mode_masses", classifier, o.sigma, rows, out.cols);
        if (!o.hard) std::ranges::copy(p.data, out.data);
        for (std::int64_t i = 0; o.hard && i < out.rows; ++i) {
            const auto best = std::ranges::max_element(p.view().row(i)) - p.view().row(i).begin();
            std::ranges::fill(out.row(i), 0.0);
            out(i, best) = 1.0;
        }
    };
}

/// Shares of rows with their joint covariance and exact intervals; q of them for each sample.
Estimate shares(const PointSets& x, std::int64_t q, int threads, const Progress& progress, const RowFunctions& hits) {
    std::int64_t seen = 0;
    SetMeans means = set_means(x, q, threads, hits, [&](std::int64_t rows) {
        if (progress) progress(seen += rows, rows_of(x), {});
    });
    Estimate e;
    e.value = std::move(means.value);
    e.covariance = std::move(means.covariance);
    e.n = rows_of(x);
    e.diagnostics["counted"] = std::string("rows");
    e.bounds = empty_bounds(e.size());
    for (std::int64_t j = 0; j < e.size(); ++j)
        for (std::int64_t l = 0; l < e.bounds.low.cols; ++l)
            std::tie(e.bounds.low(j, l), e.bounds.high(j, l)) = share_interval(
                e.value[static_cast<std::size_t>(j)], e.covariance(j, j), x.sets[static_cast<std::size_t>(j / q)].rows,
                e.bounds.levels[static_cast<std::size_t>(l)]);
    return e;
}

/// A row for each sample's total variation behind those of its masses: it is the sum of those which have too much, less weights.
Matrix with_distances(const Matrix& covariance, const std::vector<Masses>& samples, std::int64_t modes) {
    const auto k = static_cast<std::int64_t>(samples.size()), own = modes + 1;
    const auto too_much = [&](std::int64_t s, std::int64_t j) { return samples[static_cast<std::size_t>(s)].too_much(j); };
    Matrix rows(k * own, k * modes), out(k * own, k * own);
    for (std::int64_t s = 0; s < k; ++s)
        for (std::int64_t j = 0; j < modes; ++j)
            for (std::int64_t c = 0; c < rows.cols; ++c) {
                rows(s * own + j, c) = covariance(s * modes + j, c);
                if (too_much(s, j)) rows(s * own + modes, c) += covariance(s * modes + j, c);
            }
    for (std::int64_t r = 0; r < rows.rows; ++r)
        for (std::int64_t s = 0; s < k; ++s)
            for (std::int64_t j = 0; j < modes; ++j) {
                out(r, s * own + j) = rows(r, s * modes + j);
                if (too_much(s, j)) out(r, s * own + modes) += rows(r, s * modes + j);
            }
    return out;
}

/// Draws of each mode from its tail beyond a squared Mahalanobis distance, modes in the proportion of their weights.
Matrix tail_draws(const GaussianMixture& mixture, double share) {
    const std::int64_t d = mixture.dim();
    const boost::math::chi_squared_distribution<double> law(static_cast<double>(d));
    std::vector<Square> roots;
    for (const Matrix& c : mixture.covariances())
        roots.emplace_back(Square(Eigen::Map<const Square>(c.data.data(), d, d)).llt().matrixL());
    Matrix out(floor_draws, d);
    floor_stream.normal(0, out);
    for (std::int64_t i = 0; i < floor_draws; ++i) {
        const std::size_t k = pick(mixture.weights(), (static_cast<double>(i) + 0.5) / static_cast<double>(floor_draws));
        Eigen::Map<Eigen::VectorXd> row(out.view().row(i).data(), d);
        const double beyond = share * floor_stream.uniform(i, d);
        row *= std::sqrt(boost::math::quantile(boost::math::complement(law, beyond))) / row.norm();
        row = (roots[k] * row +
               Eigen::Map<const Eigen::VectorXd>(mixture.means().view().row(static_cast<std::int64_t>(k)).data(), d))
                  .eval();
    }
    return out;
}

/// 1 for the rows that are further than `threshold` from every mode.
RowFunctions beyond(const ModeDistances& distances, double threshold) {
    return [&distances, threshold](std::int64_t, ConstView rows, View out) {
        Matrix all(rows.rows, distances.size());
        distances(rows, all);
        for (std::int64_t i = 0; i < rows.rows; ++i) out(i, 0) = std::ranges::min(all.view().row(i)) > threshold ? 1.0 : 0.0;
    };
}

/// 1 for the rows with two classes of this probability, level by level.
RowFunctions between(const ModeClassifier& classifier, double sigma, const std::vector<double>& levels) {
    return [&classifier, &levels, sigma](std::int64_t, ConstView rows, View out) {
        const Matrix p = probabilities("mode_mixture", classifier, sigma, rows);
        for (std::int64_t i = 0; i < rows.rows; ++i)
            for (std::size_t l = 0; l < levels.size(); ++l)
                out(i, static_cast<std::int64_t>(l)) =
                    std::ranges::count_if(p.view().row(i), [&](double v) { return v >= levels[l]; }) >= 2 ? 1.0 : 0.0;
    };
}

double root_mean_variance(const GaussianMixture& mixture) {
    const std::vector<double> variances = mixture.variances();
    double sum = 0.0;
    for (std::size_t k = 0; k < variances.size(); ++k) sum += mixture.weights()[k] * variances[k];
    return std::sqrt(sum);
}

std::string number(double v) {
    std::ostringstream out;
    out << v;
    return out.str();
}

}  // namespace

Estimate mode_masses(const PointSets& x, const ModeClassifier& classifier, const ModeMassesOptions& options) {
    require(classifier.mixture || options.weights, "mode_masses: weights must be given, a function of rows has none of its own");
    require(classifier.mixture || options.sigma == 0, "mode_masses: sigma is the noise level of a mixture, not of a function");
    require(!x.sets.empty(), "mode_masses: x must hold at least one sample");
    check("mode_masses", x, classifier.mixture ? classifier.mixture->dim() : x.sets.front().cols);
    const std::vector<double> weights = options.weights ? normalised(*options.weights) : classifier.mixture->weights();
    const auto modes = static_cast<std::int64_t>(weights.size());
    require(!classifier.mixture || modes == classifier.mixture->size(),
            "mode_masses: weights must hold a number for each of the ",
            classifier.mixture ? classifier.mixture->size() : 0, " modes, got ", modes);
    const Estimate masses = 
        shares(x, modes, classifier.mixture ? options.threads : 1, options.progress, posteriors(classifier, options));
    std::vector<Masses> samples;
    std::vector<double> floor, bias, found;
    Estimate e;
    e.bounds = empty_bounds(x.size() * (modes + 1));
    for (std::int64_t s = 0; s < x.size(); ++s) {
        const std::span<const double> own(masses.value.data() + s * modes, static_cast<std::size_t>(modes));
        const Masses& here =
            samples.emplace_back(own, masses.covariance, s * modes, x.sets[static_cast<std::size_t>(s)].rows, weights);
        e.value.insert(e.value.end(), own.begin(), own.end());
        e.value.push_back(here.total_variation());
        floor.push_back(here.floor());
        bias.push_back(here.bias());
        found.push_back(here.found());
        for (std::int64_t l = 0; l < e.bounds.low.cols; ++l) {
            for (std::int64_t j = 0; j < modes; ++j) {
                e.bounds.low(s * (modes + 1) + j, l) = masses.bounds.low(s * modes + j, l);
                e.bounds.high(s * (modes + 1) + j, l) = masses.bounds.high(s * modes + j, l);
            }
            std::tie(e.bounds.low(s * (modes + 1) + modes, l), e.bounds.high(s * (modes + 1) + modes, l)) =
                here.interval(e.bounds.levels[static_cast<std::size_t>(l)]);
        }
    }
    e.covariance = with_distances(masses.covariance, samples, modes);
    e.n = masses.n;
    std::vector<std::string> names;
    for (std::int64_t k = 0; k < modes; ++k) names.push_back("mode " + std::to_string(k));
    names.emplace_back("total_variation");
    e.names = names_of(x, names);
    e.diagnostics = {{"counted", std::string("rows")}, {"floor", floor}, {"bias", bias}, {"modes_found", found}, {"weights", weights}};
    return e;
}

Estimate off_mode(const PointSets& x, const GaussianMixture& mixture, const OffModeOptions& options) {
    require(options.share > 0 && options.share < 1, "off_mode: share must lie in (0, 1), got ", options.share);
    check("off_mode", x, mixture.dim());
    const ModeDistances distances(mixture);
    const boost::math::chi_squared_distribution<double> law(static_cast<double>(mixture.dim()));
    const double threshold = boost::math::quantile(boost::math::complement(law, options.share));
    Estimate e = shares(x, 1, options.threads, options.progress, beyond(distances, threshold));
    e.names = names_of("off_mode", x);
    const double outside = mixture.size() > 1 ? set_means({{tail_draws(mixture, options.share)}, {}}, 1,
                                                          options.threads, beyond(distances, threshold))
                                                    .value[0]
                                              : 1.0;
    e.diagnostics["floor"] = std::vector<double>(x.sets.size(), options.share * outside);
    e.diagnostics["threshold"] = threshold;
    return e;
}

Estimate mode_mixture(const PointSets& x, const ModeClassifier& classifier, const ModeMixtureOptions& options) {
    const std::vector<double> levels = options.level.values.empty() ? std::vector<double>{0.1} : options.level.values;
    for (const double v : levels) require(v > 0 && v <= 0.5, "mode_mixture: level must lie in (0, 0.5], got ", v);
    require(!options.sigma || *options.sigma >= 0, "mode_mixture: sigma must be at least 0, got ", options.sigma.value_or(0.0));
    require(classifier.mixture || !options.sigma, "mode_mixture: sigma is the noise level of a mixture, not of a function");
    require(!x.sets.empty(), "mode_mixture: x must hold at least one sample");
    check("mode_mixture", x, classifier.mixture ? classifier.mixture->dim() : x.sets.front().cols);
    const double sigma = options.sigma.value_or(classifier.mixture ? root_mean_variance(*classifier.mixture) : 0.0);
    std::vector<std::string> words;
    for (const double v : levels) words.push_back(number(v));
    for (std::size_t l = 0; l < words.size(); ++l)
        require(std::ranges::count(words, words[l]) == 1, "mode_mixture: level must hold numbers that differ, got ", words[l],
                " twice");
    const auto q = static_cast<std::int64_t>(levels.size());
    const RowFunctions hits = between(classifier, sigma, levels);
    Estimate e = shares(x, q, classifier.mixture ? options.threads : 1, options.progress, hits);
    e.names = q == 1 ? names_of("mode_mixture", x) : names_of(x, words);
    if (!classifier.mixture) return e;
    Matrix exact(floor_draws, classifier.mixture->dim());
    const double data[] = {0.0};
    classifier.mixture->forward(data, floor_stream, 0, exact, options.threads);
    const std::vector<double> own = set_means({{std::move(exact)}, {}}, q, options.threads, hits).value;
    std::vector<double> floor;
    for (std::size_t s = 0; s < x.sets.size(); ++s) floor.insert(floor.end(), own.begin(), own.end());
    e.diagnostics["floor"] = floor;
    e.diagnostics["sigma"] = sigma;
    return e;
}

}  // namespace buffon::diffusion
