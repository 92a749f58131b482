#include <buffon/diffusion/moment_probe.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/compared_sets.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/kernels.hpp>
#include <buffon/set_means.hpp>
#include <buffon/stream.hpp>

namespace buffon::diffusion {
namespace {

constexpr std::int64_t most_orders = 8;

/// Projections, centred and scaled.
struct Probes {
    Matrix negative;                     // (d, L), minus the directions
    std::vector<double> centre, scale;   // (L)
    std::int64_t orders;

    std::int64_t values() const { return negative.cols * orders; }
    /// t, t^2, ..., t^R of each row, direction by direction.
    void powers(ConstView rows, View out) const {
        Matrix along(rows.rows, negative.cols);
        subtract_products(rows, negative, along);
        for (std::int64_t i = 0; i < rows.rows; ++i)
            for (std::int64_t l = 0; l < negative.cols; ++l) {
                const double t = (along(i, l) - centre[static_cast<std::size_t>(l)]) / scale[static_cast<std::size_t>(l)];
                double power = 1.0;
                for (std::int64_t r = 0; r < orders; ++r) out(i, l * orders + r) = power *= t;
            }
    }
};

/// E t^r, r = 0 ... R, t = (y - centre) / scale of a mixture of normal laws: M_r = a M_(r-1) + (r - 1) v M_(r-2) for each.
std::vector<double> exact_moments(const std::vector<double>& weights, const GaussianMixture::Line& line, double centre,
                                  double scale, std::int64_t orders) {
    std::vector<double> out(static_cast<std::size_t>(orders + 1), 0.0);
    for (std::size_t k = 0; k < weights.size(); ++k) {
        const double a = (line.means[k] - centre) / scale, v = line.variances[k] / (scale * scale);
        double before = 0.0, last = 1.0;
        out[0] += weights[k];
        for (std::int64_t r = 1; r <= orders; ++r) {
            before = std::exchange(last, a * last + static_cast<double>(r - 1) * v * before);
            out[static_cast<std::size_t>(r)] += weights[k] * last;
        }
    }
    return out;
}

Matrix directions_of(const MomentProbeOptions& o, std::uint64_t key, std::int64_t dim) {
    if (o.along) return *o.along;
    Matrix out(o.directions, dim);
    Stream{key, 0}.normal(0, out);
    for (std::int64_t l = 0; l < out.rows; ++l) {
        double square = 0.0;
        for (const double v : out.view().row(l)) square += v * v;
        for (double& v : out.view().row(l)) v /= std::sqrt(square);
    }
    return out;
}

/// More than rounding leaves.
void check_variance(double mean, double variance, std::int64_t direction) {
    require(variance > 1e-24 * mean * mean,
            "moment_probe: the reference must vary along every direction, it does not along number ", direction);
}

/// The reference's moments of the probes, with the variance of one row's power, and the covariance of these moments.
struct Known {
    std::vector<double> moments, variances;   // (L R)
    Matrix covariance;                        // none: exact
};

Known exact(const GaussianMixture& mixture, const Matrix& directions, Probes& probes) {
    Known out;
    for (std::int64_t l = 0; l < directions.rows; ++l) {
        const GaussianMixture::Line line = mixture.along(directions.view().row(l));
        const std::vector<double> raw = exact_moments(mixture.weights(), line, 0.0, 1.0, 1);
        const double centre = raw[1], variance = exact_moments(mixture.weights(), line, centre, 1.0, 2)[2];
        check_variance(centre, variance, l);
        probes.centre.push_back(centre);
        probes.scale.push_back(std::sqrt(variance));
        const std::vector<double> moments =
            exact_moments(mixture.weights(), line, centre, probes.scale.back(), 2 * probes.orders);
        for (std::int64_t r = 1; r <= probes.orders; ++r) {
            const double mean = moments[static_cast<std::size_t>(r)];
            out.moments.push_back(mean);
            out.variances.push_back(moments[static_cast<std::size_t>(2 * r)] - mean * mean);
        }
    }
    return out;
}

Known measured(const Matrix& points, Probes& probes, int threads, const RowsDone& done) {
    const std::int64_t l = probes.negative.cols, orders = std::exchange(probes.orders, 1);
    probes.centre.assign(static_cast<std::size_t>(l), 0.0);
    probes.scale.assign(static_cast<std::size_t>(l), 1.0);
    const PointSets whole{{points}, {}};
    const RowFunctions powers = [&](std::int64_t, ConstView rows, View out) { probes.powers(rows, out); };
    SetMeans raw = set_means(whole, l, threads, powers, done);
    for (std::int64_t j = 0; j < l; ++j) {
        const double variance = raw.covariance(j, j) * static_cast<double>(points.rows);
        check_variance(raw.value[static_cast<std::size_t>(j)], variance, j);
        probes.scale[static_cast<std::size_t>(j)] = std::sqrt(variance);
    }
    probes.centre = std::move(raw.value);
    probes.orders = orders;
    SetMeans found = set_means(whole, probes.values(), threads, powers, done);
    Known out{std::move(found.value), {}, std::move(found.covariance)};
    for (std::int64_t j = 0; j < probes.values(); ++j)
        out.variances.push_back(out.covariance(j, j) * static_cast<double>(points.rows));
    return out;
}

void check(const PointSets& x, const ExactReference& y, const MomentProbeOptions& o) {
    require(o.orders >= 1 && o.orders <= most_orders, "moment_probe: orders must lie in 1 ... ", most_orders, ", got ", o.orders);
    require(o.along || o.directions >= 1, "moment_probe: directions must be at least 1, got ", o.directions);
    require(!x.sets.empty(), "moment_probe: x must hold at least one sample");
    if (!y.mixture) check_set("moment_probe", "y", y.points, y.dim(), 4);
    if (o.along) check_set("moment_probe", "along", *o.along, y.dim(), 1);
    for (std::size_t s = 0; s < x.sets.size(); ++s) check_set("moment_probe", name_of(x, s), x.sets[s], y.dim(), 4);
}

}  // namespace

Estimate moment_probe(const PointSets& x, const ExactReference& y, const MomentProbeOptions& o) {
    check(x, y, o);
    Estimate e;
    e.rng_key = o.rng ? *o.rng : fresh_key();
    const Matrix directions = directions_of(o, e.rng_key, y.dim());
    Probes probes{Matrix(y.dim(), directions.rows), {}, {}, o.orders};
    for (std::int64_t l = 0; l < directions.rows; ++l)
        for (std::int64_t j = 0; j < y.dim(); ++j) probes.negative(j, l) = -directions(l, j);
    std::int64_t done = 0, total = y.mixture ? 0 : 2 * y.points.rows;
    for (const Matrix& set : x.sets) total += set.rows;
    const RowsDone tell = [&](std::int64_t rows) {
        if (o.progress) o.progress(done += rows, total, {});
    };
    const Known known = y.mixture ? exact(*y.mixture, directions, probes) : measured(y.points, probes, o.threads, tell);

    const std::int64_t q = probes.values(), m = y.mixture ? 0 : y.points.rows;
    const RowFunctions powers = [&](std::int64_t, ConstView rows, View out) { probes.powers(rows, out); };
    SetMeans means = set_means(x, q, o.threads, powers, tell);
    e.value = std::move(means.value);
    e.covariance = std::move(means.covariance);
    e.n = m;
    std::vector<double> floor, z, rms(x.sets.size() * static_cast<std::size_t>(o.orders), 0.0);
    for (std::int64_t j = 0; j < e.size(); ++j) {
        const auto at = static_cast<std::size_t>(j), own = static_cast<std::size_t>(j % q);
        const double n = static_cast<double>(x.sets[static_cast<std::size_t>(j / q)].rows);
        e.value[at] -= known.moments[own];
        floor.push_back(std::sqrt(known.variances[own] * (1 / n + (m > 0 ? 1 / static_cast<double>(m) : 0.0))));
        z.push_back(floor.back() > 0 ? e.value[at] / floor.back() : 0.0);
        rms[static_cast<std::size_t>(j / q * o.orders + j % o.orders)] +=
            z.back() * z.back() / static_cast<double>(directions.rows);
        for (std::int64_t i = 0; m > 0 && i < e.size(); ++i) e.covariance(j, i) += known.covariance(j % q, i % q);
    }
    for (double& v : rms) v = std::sqrt(v);
    for (const Matrix& set : x.sets) e.n += set.rows;
    std::vector<std::string> values;
    for (std::int64_t l = 0; l < directions.rows; ++l)
        for (std::int64_t r = 1; r <= o.orders; ++r)
            values.push_back("direction " + std::to_string(l) + ", order " + std::to_string(r));
    e.names = names_of(x, values);
    e.diagnostics = {{"counted", std::string("rows")}, {"floor", floor}, {"z", z}, {"rms_z", rms}};
    warn_of_overflow(e);
    return e;
}

}  // namespace buffon::diffusion
