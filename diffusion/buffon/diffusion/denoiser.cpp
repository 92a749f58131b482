#include <buffon/diffusion/denoiser.hpp>

#include <cmath>
#include <utility>

#include <buffon/check.hpp>

namespace buffon::diffusion {
namespace {

void check_labels(const Denoiser::Traits& traits, std::span<const std::int64_t> labels, std::int64_t n) {
    if (labels.empty()) return;
    require(traits.classes > 0, traits.name, ": condition must be None, this model is unconditional");
    require(static_cast<std::int64_t>(labels.size()) == n, traits.name, ": condition must hold one label per row (", n,
            "), got ", labels.size());
    for (const std::int64_t label : labels)
        require(label >= -1 && label < traits.classes, traits.name, ": condition must lie in 0 ... ",
                traits.classes - 1, " (-1: none), got ", label);
}

void check_levels(const Denoiser::Traits& traits, std::span<const double> sigma, std::int64_t n) {
    require(sigma.size() == 1 || static_cast<std::int64_t>(sigma.size()) == n, traits.name,
            ": sigma must be one number or one per row (", n, "), got ", sigma.size(), " numbers");
    constexpr double slack = 1e-9;   // of levels that were a sigma before a logarithm
    for (const double s : sigma)
        require(s >= traits.sigma_min * (1 - slack) && s <= traits.sigma_max * (1 + slack) && std::isfinite(s), traits.name,
                ": sigma must lie in [", traits.sigma_min, ", ", traits.sigma_max, "], got ", s);
}

}  // namespace

Denoiser::Denoiser(std::int64_t dim, Function function, Traits traits)
    : dim_(dim), function_(std::move(function)), traits_(std::move(traits)) {
    require(dim_ >= 1, traits_.name, ": dim must be at least 1, got ", dim_);
    require(static_cast<bool>(function_), traits_.name, ": the function is missing");
}

void Denoiser::denoise(const Query& query, View out) const {
    require(query.x.cols == dim_, traits_.name, ": x must have shape (n, ", dim_, "), got (", query.x.rows, ", ",
            query.x.cols, ")");
    require(out.rows == query.x.rows && out.cols == dim_, traits_.name, ": out must have shape (", query.x.rows, ", ",
            dim_, "), got (", out.rows, ", ", out.cols, ")");
    check(query.sigma, query.labels, query.x.rows);
    function_(query, out);
}

void Denoiser::check(std::span<const double> sigma, std::span<const std::int64_t> labels, std::int64_t n) const {
    check_levels(traits_, sigma, n);
    check_labels(traits_, labels, n);
}

void Denoiser::score(const Query& query, View out) const {
    for (const double s : query.sigma) require(s > 0, traits_.name, ": the score of a denoiser needs sigma > 0, got ", s);
    denoise(query, out);
    for (std::int64_t i = 0; i < out.rows; ++i) {
        const double s = query.sigma.size() == 1 ? query.sigma[0] : query.sigma[static_cast<std::size_t>(i)];
        for (std::int64_t j = 0; j < out.cols; ++j) out(i, j) = (out(i, j) - query.x(i, j)) / (s * s);
    }
}

}  // namespace buffon::diffusion
