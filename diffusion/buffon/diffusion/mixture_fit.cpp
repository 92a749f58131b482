#include <buffon/diffusion/mixture_fit.hpp>

#include <algorithm>
#include <cmath>
#include <string>

#include <buffon/check.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/gaussian_fit.hpp>
#include <buffon/stream.hpp>

namespace buffon::diffusion {
namespace {

/// Standard deviations; 0 where a coordinate is constant but for rounding.
std::vector<double> spreads(ConstView points) {
    std::vector<double> out;
    const auto n = static_cast<double>(points.rows);
    for (std::int64_t j = 0; j < points.cols; ++j) {
        double mean = 0, square = 0, largest = 0;
        for (std::int64_t i = 0; i < points.rows; ++i) {
            mean += points(i, j) / n;
            largest = std::max(largest, std::abs(points(i, j)));
        }
        for (std::int64_t i = 0; i < points.rows; ++i) square += (points(i, j) - mean) * (points(i, j) - mean) / n;
        out.push_back(std::sqrt(square) > 1e-12 * largest ? std::sqrt(square) : 0.0);
    }
    return out;
}

/// What a GaussianMixture is made of.
struct Parts {
    std::vector<double> weights;
    Matrix means;
    std::vector<Matrix> covariances;
    Matrix variances;
    std::vector<std::int64_t> labels;
};

void add(Parts& parts, const FittedComponent& component, double share, const std::vector<double>& scale,
         std::int64_t label) {
    const std::int64_t d = component.law.dim();
    const Matrix& root = component.law.factor;
    Matrix covariance(d, d);
    parts.weights.push_back(share * component.share);
    for (std::int64_t a = 0; a < d; ++a) {
        const auto at = static_cast<std::size_t>(a);
        parts.means.data.push_back(component.law.mean[at] * (scale[at] > 0 ? scale[at] : 1.0));
        for (std::int64_t b = 0; b <= a; ++b) {
            double sum = 0;
            for (std::int64_t c = 0; c <= b; ++c) sum += root(a, c) * root(b, c);
            covariance(a, b) = covariance(b, a) = sum * scale[at] * scale[static_cast<std::size_t>(b)];
        }
        parts.variances.data.push_back(covariance(a, a));
    }
    ++parts.means.rows;
    ++parts.variances.rows;
    parts.covariances.push_back(std::move(covariance));
    if (label >= 0) parts.labels.push_back(label);
}

/// Rows of each class; all of them where there is none.
std::vector<std::vector<std::int64_t>> rows_of_classes(std::int64_t n, const std::vector<std::int64_t>& labels) {
    std::vector<std::vector<std::int64_t>> out(1);
    for (std::int64_t i = 0; i < n; ++i) {
        const std::int64_t label = labels.empty() ? 0 : labels[static_cast<std::size_t>(i)];
        require(label >= 0 && label < n, "fit_mixture: labels must be 0, 1, ..., got ", label, " of point ", i);
        if (label >= static_cast<std::int64_t>(out.size())) out.resize(static_cast<std::size_t>(label) + 1);
        out[static_cast<std::size_t>(label)].push_back(i);
    }
    return out;
}

}   // namespace

GaussianMixture fit_mixture(ConstView points, const MixtureFitOptions& options) {
    const std::int64_t n = points.rows, d = points.cols;
    const std::vector<std::int64_t>& labels = options.labels.values;
    require(n >= 2 && d >= 1, "fit_mixture: points must have shape (n, d) with n >= 2, got (", n, ", ", d, ")");
    require(options.components >= 1, "fit_mixture: components must be at least 1, got ", options.components);
    require(labels.empty() || static_cast<std::int64_t>(labels.size()) == n,
            "fit_mixture: labels must have shape (n,) = (", n, ",), got ", labels.size(), " of them");
    for (std::int64_t i = 0; i < points.size(); ++i)
        require(std::isfinite(points.data[i]), "fit_mixture: points must be finite, got ", points.data[i], " in row ",
                i / d);

    const std::vector<double> scale = spreads(points);
    const Stream stream{options.rng ? *options.rng : fresh_key(), 0};
    Parts parts{{}, Matrix(0, d), {}, Matrix(0, d), {}};
    const auto classes = rows_of_classes(n, labels);
    for (std::size_t c = 0; c < classes.size(); ++c) {
        const auto size = static_cast<std::int64_t>(classes[c].size());
        require(size >= options.components, "fit_mixture: ", options.components, " components need as many points",
                labels.empty() ? std::string() : " of class " + std::to_string(c), ", got ", size);
        Matrix z(size, d);
        for (std::int64_t i = 0; i < size; ++i)
            for (std::int64_t j = 0; j < d; ++j) {
                const double s = scale[static_cast<std::size_t>(j)];
                z(i, j) = points(classes[c][static_cast<std::size_t>(i)], j) / (s > 0 ? s : 1.0);
            }
        const std::vector<double> equal(static_cast<std::size_t>(size), 1.0);
        const auto found = buffon::fit_mixture(z, equal, options.components, {.diagonal = options.diagonal}, stream);
        require(!found.empty(), "fit_mixture: no component could be fitted");
        for (const FittedComponent& component : found)
            add(parts, component, static_cast<double>(size) / static_cast<double>(n), scale,
                labels.empty() ? -1 : static_cast<std::int64_t>(c));
    }
    if (options.diagonal)
        return GaussianMixture::diagonal(std::move(parts.weights), std::move(parts.means), parts.variances,
                                         std::move(parts.labels));
    return {std::move(parts.weights), std::move(parts.means), std::move(parts.covariances), std::move(parts.labels)};
}

}   // namespace buffon::diffusion
