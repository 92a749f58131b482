#include <buffon/own_controls.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include <buffon/block_sums.hpp>
#include <buffon/kept_share.hpp>
#include <buffon/kernels.hpp>
#include <buffon/raw_matrix.hpp>
#include <buffon/row_slices.hpp>

namespace buffon {
namespace {

constexpr std::int64_t columns_at_once = 128;   // of a table over the pool's points
constexpr std::int64_t most_points = 1 << 15;   // for a fit of a few tens of numbers
constexpr std::int64_t slice = 512;             // of them, which stay in the cache

Gaussian standard(std::int64_t d) {
    Gaussian g{std::vector<double>(static_cast<std::size_t>(d)), Matrix(d, d)};
    for (std::int64_t j = 0; j < d; ++j) g.factor(j, j) = 1;
    return g;
}

/// r (n, laws functions): |phi f_j| / h of some laws at points of the pool, from point `from` on.
void put_sizes(const Pool& pool, const WorkingSpace& space, std::int64_t first_law, std::int64_t laws,
               std::int64_t from, View r) {
    const auto part = [&](const std::vector<double>& v) {
        return std::vector<double>(v.begin() + from, v.begin() + from + r.rows);
    };
    std::vector<double> log_initial = part(pool.log_initial());
    Matrix f(r.rows, laws);
    space.log_density(pool.z().slice(from, r.rows), f, first_law);
    for (double& v : log_initial) v = std::max(v, std::numeric_limits<double>::lowest());   // no law there: f = 0, not 0 / 0
    exp_rows(f, log_initial);
    put_weighted_outputs(f, log_initial, part(pool.log_h()), pool.y().slice(from, r.rows), r, 1);
    for (double& v : std::span(r.data, static_cast<std::size_t>(r.size()))) v = std::abs(v);
}

/// f_j / q - 1 from f_j / q_0 and q_0 / q.
void put_controls(std::span<const double> f, double share, double* to) {
    for (std::size_t j = 0; j < f.size(); ++j) to[j] = f[j] > 0 ? f[j] * share - 1.0 : -1.0;
}

/// g / q - 1 in place of log g.
void put_controls(double log_q, std::span<double> g) {
    for (double& v : g) v -= log_q;
    kernels().exps(g.data(), static_cast<std::int64_t>(g.size()));
    for (double& v : g) v -= 1.0;
}

}  // namespace

OwnControls::OwnControls(std::int64_t laws, std::int64_t columns, const std::vector<Gaussian>& fitted)
    : laws_(laws), columns_(columns), summands_(laws * columns),
      functions_(static_cast<std::int64_t>(fitted.size()) / laws), fitted_(fitted) {}

std::int64_t OwnControls::g_of(std::int64_t summand) const {
    const std::int64_t k = summand % columns_;
    return k < functions_ ? summand / columns_ * functions_ + k : -1;
}

void OwnControls::responses(const Batch& batch, Matrix& out) const {
    if (size() == 0) {
        out = summands(batch);
        return;
    }
    out.reshape(batch.n(), summands_ + size());
    Matrix share(batch.n(), 1);   // q_0 / q
    std::ranges::copy(batch.log_initial, share.data.begin());
    exp_rows(share, batch.log_q);
    fitted_.log_density(batch.z, out, summands_ + laws_);
    for (std::int64_t i = 0; i < out.rows; ++i) {
        const auto row = out.view().row(i);
        put_summands(batch.f.view().row(i), share(i, 0), batch.y.view().row(i), row.data());
        put_controls(batch.f.view().row(i), share(i, 0), row.data() + summands_);
        put_controls(batch.log_q[static_cast<std::size_t>(i)], row.subspan(static_cast<std::size_t>(summands_ + laws_)));
    }
}

void OwnControls::Sums::merge(const Sums& other, double sign) {
    const auto add = [sign](std::vector<double>& to, const std::vector<double>& from) {
        to.resize(from.size());
        for (std::size_t i = 0; i < from.size(); ++i) to[i] += sign * from[i];
    };
    add(ff, other.ff);
    add(ft, other.ft);
    add(fg, other.fg);
    add(gg, other.gg);
    add(gt, other.gt);
}

void OwnControls::add(ConstView responses, Sums& sums) const {
    make_room(sums);
    for (std::int64_t i = 0; i < responses.rows; ++i) add_products(responses.row(i).data(), responses.row(i).data(), 1.0, sums);
}

void OwnControls::make_room(Sums& sums) const {
    const auto laws = static_cast<std::size_t>(laws_), summands = static_cast<std::size_t>(summands_),
               fits = static_cast<std::size_t>(fitted_.size());
    sums.ff.resize(laws);
    sums.ft.resize(summands);
    for (auto* v : {&sums.fg, &sums.gg, &sums.gt}) v->resize(fits);
}

/// `sign` times the products of a row of responses with another one.
void OwnControls::add_products(const double* a, const double* b, double sign, Sums& sums) const {
    const double *f = a + summands_, *g = f + laws_, *other_f = b + summands_, *other_g = other_f + laws_;
    for (std::int64_t j = 0; j < laws_; ++j) sums.ff[static_cast<std::size_t>(j)] += sign * f[j] * other_f[j];
    for (std::int64_t k = 0; k < columns_; ++k)
        for (std::int64_t j = 0; j < laws_; ++j) {
            const std::int64_t e = j * columns_ + k;
            sums.ft[static_cast<std::size_t>(e)] += sign * f[j] * b[e];
        }
    for (std::int64_t k = 0; k < functions_; ++k)
        for (std::int64_t j = 0; j < laws_; ++j) {
            const std::int64_t at = j * functions_ + k;
            const double v = sign * g[at];
            sums.gg[static_cast<std::size_t>(at)] += v * other_g[at];
            sums.fg[static_cast<std::size_t>(at)] += v * other_f[j];
            sums.gt[static_cast<std::size_t>(at)] += v * b[j * columns_ + k];
        }
}

/// Without the mean, and without what the shared controls explain.
OwnControls::Sums OwnControls::left(const CrossProducts& shared, const Sums& own, const Matrix& b, Sums& centred) const {
    centred = own;
    add_products(shared.t.data(), shared.t.data(), -1.0 / shared.n, centred);
    Sums left = centred;
    std::vector<double> row(shared.t.size());
    for (std::int64_t k = 0; k < b.rows; ++k) {
        const double mean = shared.x[static_cast<std::size_t>(k)] / shared.n;
        for (std::size_t a = 0; a < row.size(); ++a) row[a] = shared.xt(k, static_cast<std::int64_t>(a)) - mean * shared.t[a];
        add_products(row.data(), b.view().row(k).data(), -1.0, left);
    }
    return left;
}

OwnControls::Coefficients OwnControls::regress(const CrossProducts& shared, const Sums& own, const Matrix& b, double cut) const {
    Coefficients out{std::vector<double>(static_cast<std::size_t>(summands_)),
                     std::vector<double>(static_cast<std::size_t>(summands_))};
    if (size() == 0) return out;
    Sums all;
    const Sums rest = left(shared, own, b, all);
    const auto kept = [&](double left, double before) {
        return left > 0 ? kept_share(left / before, cut) / left : 0.0;
    };   // over what is left
    for (std::int64_t e = 0; e < summands_; ++e) {
        const auto at = static_cast<std::size_t>(e), law = static_cast<std::size_t>(e / columns_);
        double of_g = 0, g_of_f = 0, ff = rest.ff[law], ft = rest.ft[at];
        if (const std::int64_t place = g_of(e); place >= 0) {
            const auto fit = static_cast<std::size_t>(place);
            const double share = kept(rest.gg[fit], all.gg[fit]);
            of_g = rest.gt[fit] * share;
            g_of_f = rest.fg[fit] * share;
            ff -= rest.fg[fit] * g_of_f;
            ft -= rest.fg[fit] * of_g;
        }
        out.f[at] = ft * kept(ff, all.ff[law]);
        out.g[at] = of_g - out.f[at] * g_of_f;
    }
    return out;
}

void OwnControls::subtract(const Coefficients& coefficients, View responses) const {
    if (size() == 0) return;
    for (std::int64_t i = 0; i < responses.rows; ++i) {
        double *t = responses.row(i).data(), *f = t + summands_, *g = f + laws_;
        for (std::int64_t k = 0; k < columns_; ++k)
            for (std::int64_t j = 0; j < laws_; ++j) {
                const std::int64_t e = j * columns_ + k;
                t[e] -= coefficients.f[static_cast<std::size_t>(e)] * f[j];
                if (k < functions_) t[e] -= coefficients.g[static_cast<std::size_t>(e)] * g[j * functions_ + k];
            }
    }
}

std::vector<Gaussian> fit_each(const Pool& pool, const WorkingSpace& space, std::int64_t functions, const FitOptions& options) {
    const std::int64_t together = std::max<std::int64_t>(1, columns_at_once / functions);
    const std::int64_t n = std::min(pool.n(), most_points), from = pool.n() - n;
    const double enough = 2.0 * static_cast<double>(space.dim() + 2);
    std::vector<Gaussian> all;
    RawMatrix r;
    for (std::int64_t first = 0; first < space.laws(); first += together) {
        const std::int64_t count = std::min(together, space.laws() - first);
        r.reshape(n, count * functions);
        for_slices(n, slice, options.threads, [&](std::int64_t begin, std::int64_t rows) {
            put_sizes(pool, space, first, count, from + begin, r.view().slice(begin, rows));
        });
        const Matrix sums = signed_sums(r, options.threads);
        std::vector<double> sizes;
        for (std::int64_t e = 0; e < r.cols; ++e) sizes.push_back(sums(1, e) > 0 ? sums(0, e) * sums(0, e) / sums(1, e) : 0.0);
        auto laws = fit_gaussians(pool.z().slice(from, n), r, sizes, options);
        for (std::size_t e = 0; e < laws.size(); ++e)
            all.push_back(laws[e] && sizes[e] >= enough ? std::move(*laws[e]) : standard(space.dim()));
    }
    return all;
}

}  // namespace buffon
