#include <buffon/quantiles_under.hpp>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/joint_means.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/text.hpp>
#include <buffon/weighted_cdf.hpp>

namespace buffon {
namespace {

constexpr double reported = 0.95;   // level of the interval that gives the standard error

/// One law's weights of all draws (0 where they failed), with the distribution of each output.
struct Law {
    std::vector<double> weight;
    double mean = 0;
    std::vector<WeightedCdf> cdf;

    Law(const KeptRows& rows, const LogDensity& density) : weight(rows.weights(density, 0, rows.draws())) {
        for (std::int64_t i = 0; i < rows.draws(); ++i) {
            if (!rows.succeeded(i)) weight[static_cast<std::size_t>(i)] = 0;
            mean += weight[static_cast<std::size_t>(i)];
        }
        mean /= static_cast<double>(rows.draws());
        for (std::int64_t k = 0; k < rows.outputs(); ++k) cdf.emplace_back(rows, weight, k);
    }
};

/// A quantile and the distribution function there: what one value is made of.
struct Place {
    std::size_t law, output;
    double level, quantile, share;
};

class Quantiles {
public:
    Quantiles(const KeptRows& rows, const NewLaws& laws, const std::vector<double>& levels) : rows_(rows), levels_(levels) {
        for (std::size_t j = 0; j < laws.densities.size(); ++j) {
            laws_.emplace_back(rows, laws.densities[j]);
            for (std::size_t k = 0; k < laws_.back().cdf.size(); ++k)
                for (const double p : levels) {
                    const double q = laws_.back().cdf[k].quantile(p);
                    places_.push_back({j, k, p, q, laws_.back().cdf[k](q)});
                    names_.push_back(laws.prefix(static_cast<std::int64_t>(j)) + level_text(p) + "(" + rows.names()[k] + ")");
                }
        }
    }

    Estimate estimate(bool controls) const {
        const auto groups = static_cast<std::int64_t>(laws_.size());
        const Estimate shares = joint_means(rows_, names_, groups, [&](std::int64_t j, std::int64_t first, std::int64_t count) {
            return terms(static_cast<std::size_t>(j), first, count);
        }, controls);
        return read_back(shares);
    }

private:
    std::size_t per_law() const { return places_.size() / laws_.size(); }

    /// w (1{y <= q} - F(q)) / mean w: mean 0 by construction, so what the controls make of it is a correction of F(q).
    Terms terms(std::size_t j, std::int64_t first, std::int64_t count) const {
        const std::size_t columns = per_law();
        Terms out{Matrix(count, static_cast<std::int64_t>(columns)), Matrix(count, 1),
                  Matrix(count, static_cast<std::int64_t>(columns))};
        for (std::int64_t i = 0; i < count; ++i) {
            const double weight = laws_[j].weight[static_cast<std::size_t>(first + i)], w = weight / laws_[j].mean;
            out.controls(i, 0) = weight - 1;
            for (std::size_t c = 0; c < columns; ++c) {
                const Place& place = places_[j * columns + c];
                const auto column = static_cast<std::int64_t>(c);
                const bool below = rows_.y(first + i, static_cast<std::int64_t>(place.output)) <= place.quantile;
                out.t(i, column) = w == 0 ? 0.0 : w * ((below ? 1.0 : 0.0) - place.share);
                out.judged(i, column) = below == (place.level < 0.5) ? w : 0.0;   // the rarer side
            }
        }
        return out;
    }

    double unseen_error(double level) const { return std::sqrt(level * (1 - level) / static_cast<double>(rows_.draws())); }

    Estimate read_back(const Estimate& shares) const {
        Estimate e = shares;
        e.bounds.levels = interval_levels();
        const auto n = static_cast<std::int64_t>(places_.size()), L = static_cast<std::int64_t>(e.bounds.levels.size());
        e.bounds.low = e.bounds.high = Matrix(n, L);
        std::vector<double> error(places_.size());
        for (std::int64_t a = 0; a < L; ++a) {
            const double level = e.bounds.levels[static_cast<std::size_t>(a)];
            const auto [low, high] = shares.confidence_interval(level);
            for (std::size_t v = 0; v < places_.size(); ++v) {
                const auto row = static_cast<std::int64_t>(v);
                const bool seen = shares.covariance(row, row) > 0;   // else no row lies beyond: errors of an event of this level
                const double half = seen ? 0.5 * (high[v] - low[v])
                                         : normal_quantile(0.5 + 0.5 * level) * unseen_error(places_[v].level);
                const double centre = places_[v].level - shares.value[v];
                const WeightedCdf& cdf = laws_[places_[v].law].cdf[places_[v].output];
                e.value[v] = cdf.quantile(centre);
                e.bounds.low(row, a) = cdf.quantile(centre - half);
                e.bounds.high(row, a) = cdf.quantile(centre + half);
                if (level != reported) continue;
                const double t = half / (seen ? std::sqrt(shares.covariance(row, row)) : unseen_error(places_[v].level));
                error[v] = 0.5 * (e.bounds.high(row, a) - e.bounds.low(row, a)) / t;
                if (!cdf.reaches(centre - half) || !cdf.reaches(centre + half))
                    e.warnings.push_back(
                        "'" + e.names[v] +
                        "': the interval ends where the sample does; a larger one is needed for this level");
            }
        }
        for (std::int64_t a = 0; a < n; ++a)
            for (std::int64_t b = 0; b < n; ++b) {
                const double spread = std::sqrt(shares.covariance(a, a) * shares.covariance(b, b));
                const double rho = spread > 0 ? shares.covariance(a, b) / spread : (a == b ? 1.0 : 0.0);
                e.covariance(a, b) = rho * error[static_cast<std::size_t>(a)] * error[static_cast<std::size_t>(b)];
            }
        return e;
    }

    const KeptRows& rows_;
    const std::vector<double>& levels_;
    std::vector<Law> laws_;
    std::vector<Place> places_;
    std::vector<std::string> names_;
};

}  // namespace

const std::vector<double>& interval_levels() {
    static const std::vector<double> levels{0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 0.9999};
    return levels;
}

std::string level_text(double level) {
    std::ostringstream text;
    text << "q" << level;
    return text.str();
}

Estimate quantiles_under(const KeptRows& rows, const NewLaws& laws, const std::vector<double>& levels, bool controls) {
    require(!levels.empty(), rows.function(), ": at least one level is needed");
    for (const double p : levels)
        require(p > 0 && p < 1, rows.function(), ": levels must lie between 0 and 1, got ", p, as_a_share(p));
    return Quantiles(rows, laws, levels).estimate(controls);
}

}  // namespace buffon
