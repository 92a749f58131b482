#include <buffon/diffusion/data_law.hpp>

#include <cmath>
#include <utility>

#include <buffon/check.hpp>

namespace buffon::diffusion {
namespace {

/// Mean and covariance of a sum of weighted parts; weights need not sum to 1.
class Moments {
public:
    explicit Moments(std::int64_t d) : mean_(static_cast<std::size_t>(d)), covariance_(d, d) {}

    void add_mean(double weight, std::span<const double> mean) {
        weight_ += weight;
        for (std::size_t j = 0; j < mean_.size(); ++j) mean_[j] += weight * (mean[j] - mean_[j]) / weight_;
    }
    /// After all means: a part's own spread about the mean of all.
    void add_spread(double weight, std::span<const double> mean) {
        const auto d = static_cast<std::int64_t>(mean_.size());
        for (std::int64_t i = 0; i < d; ++i)
            for (std::int64_t j = 0; j < d; ++j)
                covariance_(i, j) += weight / weight_ * (mean[static_cast<std::size_t>(i)] - mean_[static_cast<std::size_t>(i)]) *
                                     (mean[static_cast<std::size_t>(j)] - mean_[static_cast<std::size_t>(j)]);
    }
    void add_covariance(double weight, const Matrix& covariance) {
        for (std::size_t i = 0; i < covariance.data.size(); ++i) covariance_.data[i] += weight / weight_ * covariance.data[i];
    }
    void add_variance(double variance) {
        for (std::int64_t j = 0; j < covariance_.cols; ++j) covariance_(j, j) += variance;
    }
    DataLaw law(std::function<void(const Stream&, View)> draw) && {
        return {std::move(draw), std::move(mean_), std::move(covariance_)};
    }

private:
    double weight_ = 0.0;
    std::vector<double> mean_;
    Matrix covariance_;
};

std::function<void(const Stream&, View)> draws_of_class(const Denoiser& model, std::int64_t label) {
    return [draw = model.traits().draw, label](const Stream& stream, View out) { draw(stream, label, out); };
}

DataLaw law_of(const GaussianMixture& all, std::int64_t label) {
    const GaussianMixture& mixture = label < 0 ? all : all.given(label);
    const std::vector<Matrix> covariances = mixture.covariances();
    Moments moments(mixture.dim());
    const auto each = [&](const auto& f) {
        for (std::int64_t k = 0; k < mixture.size(); ++k)
            f(mixture.weights()[static_cast<std::size_t>(k)], mixture.means().view().row(k),
              static_cast<std::size_t>(k));
    };
    each([&](double w, auto mean, std::size_t) { moments.add_mean(w, mean); });
    each([&](double w, auto mean, std::size_t k) {
        moments.add_spread(w, mean);
        moments.add_covariance(w, covariances[k]);
    });
    return std::move(moments).law(draws_of_class(all, label));
}

DataLaw law_of(const Empirical& empirical, std::int64_t label) {
    const Matrix points = empirical.points();
    const std::vector<double> weights = empirical.weights();
    const std::vector<std::int64_t> labels = empirical.labels();
    Moments moments(empirical.dim());
    const auto each = [&](const auto& f) {
        for (std::int64_t i = 0; i < points.rows; ++i)
            if (label < 0 || labels[static_cast<std::size_t>(i)] == label)
                f(weights[static_cast<std::size_t>(i)], points.view().row(i));
    };
    each([&](double w, auto point) { moments.add_mean(w, point); });
    each([&](double w, auto point) { moments.add_spread(w, point); });
    moments.add_variance(empirical.bandwidth() * empirical.bandwidth());
    return std::move(moments).law(draws_of_class(empirical, label));
}

}  // namespace

double DataLaw::variance() const {
    double sum = 0.0;
    for (std::int64_t j = 0; j < covariance.cols; ++j) sum += covariance(j, j);
    return sum;
}

double DataLaw::variance_within() const {
    const auto d = static_cast<double>(mean.size());
    require(d >= 2, "variance_within: the data must have at least 2 coordinates");
    double squares = variance(), sum = 0.0, all = 0.0;
    for (const double m : mean) squares += m * m, sum += m;
    for (const double c : covariance.data) all += c;
    return (squares - (all + sum * sum) / d) / (d - 1);
}

DenoiserOfData::DenoiserOfData(const GaussianMixture& mixture)
    : denoiser(mixture), law([mixture](std::int64_t label) { return law_of(mixture, label); }) {}

DenoiserOfData::DenoiserOfData(const Empirical& points)
    : denoiser(points), law([points](std::int64_t label) { return law_of(points, label); }) {}

}  // namespace buffon::diffusion
