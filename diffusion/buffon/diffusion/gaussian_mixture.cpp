#include <buffon/diffusion/gaussian_mixture.hpp>

#include <buffon/check.hpp>
#include <buffon/diffusion/gaussian_mixture_row.hpp>
#include <buffon/diffusion/rows.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace buffon::diffusion {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

using ConstRow = std::span<const double>;
using MutableRow = std::span<double>;

void check_out(const char* function, View out, std::int64_t n, std::int64_t cols) {
    require(out.rows == n && out.cols == cols, "GaussianMixture.", function, ": out must have shape (", n, ", ", cols, "), got (",
            out.rows, ", ", out.cols, ")");
}

void check_level_count(const char* function, ConstRow sigma, std::int64_t n) {
    require(sigma.size() == 1 || static_cast<std::int64_t>(sigma.size()) == n, "GaussianMixture.", function,
            ": sigma must be one number or one per row (", n, "), got ", sigma.size(), " numbers");
}

[[noreturn]] void refuse_row(const char* function, std::int64_t i, ConstRow x) {
    std::size_t j = 0;   // the entry to show: the first that is not finite, else the largest
    for (std::size_t l = 0; l < x.size() && std::isfinite(x[j]); ++l)
        if (!(std::abs(x[l]) <= std::abs(x[j]))) j = l;
    detail::refuse("GaussianMixture.", function, ": x must be finite and its log density representable, got x[", i, ", ", j,
                   "] = ", x[j]);
}

}  // namespace

void GaussianMixture::check_sigma(const char* function, std::span<const double> sigma) const {
    for (const double s : sigma) {
        require(s >= 0 && std::isfinite(s * s), "GaussianMixture.", function, ": sigma must lie in [0, 1e154], got ", s);
        require(smallest_variance_ + s * s >= std::numeric_limits<double>::min(), "GaussianMixture.", function,
                ": sigma must be positive because a covariance is singular (no density at sigma = 0), got ", s);
    }
}

void GaussianMixture::check_x(const char* function, ConstView x) const {
    require(x.cols == dim(), "GaussianMixture.", function, ": x must have shape (n, ", dim(), "), got (", x.rows, ", ",
            x.cols, ")");
}

template <class F>
void GaussianMixture::for_rows(const char* function, ConstView x, std::span<const double> sigma, View out, std::int64_t cols,
                               int threads, const F& f) const {
    check_x(function, x);
    check_level_count(function, sigma, x.rows);
    check_sigma(function, sigma);
    check_out(function, out, x.rows, cols);
    over_rows(x.rows, threads, [this] { return Row(*this); }, [&](std::int64_t i, Row& row) {
        row.place(x.row(i).data());
        if (!row.set_level(of_row(sigma, i))) refuse_row(function, i, x.row(i));
        f(row, i, out.row(i));
    });
}

void GaussianMixture::denoise(ConstView x, std::span<const double> sigma, View out, int threads) const {
    for_rows("denoise", x, sigma, out, dim(), threads, [](Row& row, std::int64_t, MutableRow to) { row.denoise(to); });
}

void GaussianMixture::score(ConstView x, std::span<const double> sigma, View out, int threads) const {
    for_rows("score", x, sigma, out, dim(), threads, [](Row& row, std::int64_t, MutableRow to) { row.score(to); });
}

void GaussianMixture::log_density(ConstView x, std::span<const double> sigma, std::span<double> out, int threads) const {
    for_rows("log_density", x, sigma, View{out.data(), static_cast<std::int64_t>(out.size()), 1}, 1, threads,
             [](Row& row, std::int64_t, MutableRow to) { to[0] = row.log_density(); });
}

void GaussianMixture::responsibilities(ConstView x, std::span<const double> sigma, View out, int threads) const {
    for_rows("responsibilities", x, sigma, out, size(), threads, [](Row& row, std::int64_t, MutableRow to) {
        std::copy(row.gamma().begin(), row.gamma().end(), to.begin());
    });
}

void GaussianMixture::jacobian(ConstView x, std::span<const double> sigma, View out, int threads) const {
    for_rows("jacobian", x, sigma, out, dim() * dim(), threads, [](Row& row, std::int64_t, MutableRow to) { row.jacobian(to); });
}

void GaussianMixture::posterior_covariance(ConstView x, std::span<const double> sigma, View out, int threads) const {
    for_rows("posterior_covariance", x, sigma, out, dim() * dim(), threads, [&](Row& row, std::int64_t i, MutableRow to) {
        row.jacobian(to);
        const double s = of_row(sigma, i);
        for (double& v : to) v *= s * s;
    });
}

void GaussianMixture::posterior_sample(ConstView x, std::span<const double> sigma, const Stream& stream, std::int64_t first,
                                       View out, int threads) const {
    for_rows("posterior_sample", x, sigma, out, dim(), threads,
             [&](Row& row, std::int64_t i, MutableRow to) { row.posterior_sample(stream, first + i, to); });
}

void GaussianMixture::sigma_posterior(ConstView x, std::span<const double> grid, View out, int threads) const {
    const char* const function = "sigma_posterior";
    check_x(function, x);
    require(!grid.empty(), "GaussianMixture.", function, ": grid must hold at least one noise level, got none");
    check_sigma(function, grid);
    check_out(function, out, x.rows, static_cast<std::int64_t>(grid.size()));
    std::vector<Level> levels(grid.size());
    for (std::size_t j = 0; j < grid.size(); ++j) levels[j].set(*this, grid[j]);
    over_rows(x.rows, threads, [this] { return Row(*this); }, [&](std::int64_t i, Row& row) {
        row.place(x.row(i).data());   // once: the axes are those of every level
        const MutableRow p = out.row(i);
        for (std::size_t j = 0; j < levels.size(); ++j) p[j] = row.log_density(levels[j]);
        const double peak = *std::max_element(p.begin(), p.end());
        if (!(peak > -infinity)) refuse_row(function, i, x.row(i));
        for (double& v : p) v = std::exp(v - peak);
        const double total = std::accumulate(p.begin(), p.end(), 0.0);
        for (double& v : p) v /= total;
    });
}

void GaussianMixture::forward(std::span<const double> sigma, const Stream& stream, std::int64_t first, View out,
                              int threads) const {
    check_out("forward", out, out.rows, dim());
    check_level_count("forward", sigma, out.rows);
    for (const double s : sigma)
        require(s >= 0 && std::isfinite(s), "GaussianMixture.forward: sigma must be at least 0 and finite, got ", s);
    over_rows(out.rows, threads, [this] { return Row(*this); },
              [&](std::int64_t i, Row& row) { row.forward(of_row(sigma, i), stream, first + i, out.row(i)); });
}

void GaussianMixture::denoise(const Query& q, View out) const {
    by_label(q, out, [this](std::int64_t label, const Query& rows, View to) {
        (label < 0 ? *this : given(label)).denoise(rows.x, rows.sigma, to, rows.threads);
    });
}

void GaussianMixture::score(const Query& q, View out) const {
    by_label(q, out, [this](std::int64_t label, const Query& rows, View to) {
        (label < 0 ? *this : given(label)).score(rows.x, rows.sigma, to, rows.threads);
    });
}

GaussianMixture::operator Denoiser() const {
    return {dim(),
            [mixture = *this](const Query& q, View out) { mixture.denoise(q, out); },
            {.name = "GaussianMixture",
             .classes = classes(),
             .sigma_min = smallest_variance_ > 0 ? 0.0 : std::numeric_limits<double>::min(),
             .draw =
                 [mixture = *this](const Stream& stream, std::int64_t label, View out) {
                     const double data[] = {0.0};
                     (label < 0 ? mixture : mixture.given(label)).forward(data, stream, 0, out);
                 },
             .on_device = [mixture = *this](const DeviceQueue& queue) { return mixture.on_device(queue); }}};
}

}  // namespace buffon::diffusion
