#include <buffon/chain_diagnostics.hpp>

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numeric>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/normal_functions.hpp>

#include <unsupported/Eigen/FFT>

namespace buffon {
namespace {

constexpr std::int64_t enough_pieces = 30;

void check(const char* function, ConstView chains, std::int64_t fewest) {
    require(chains.rows >= 1 && chains.cols >= fewest, function,
            ": chains must have shape (chains, draws) with at least ", fewest, " draws, got (", chains.rows, ", ",
            chains.cols, ")");
    for (std::int64_t i = 0; i < chains.size(); ++i)
        require(std::isfinite(chains.data[i]), function, ": values must be finite, got ", chains.data[i], " in chain ",
                i / chains.cols);
}

double mean_of(std::span<const double> x) { return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size()); }

/// Autocovariances of one trace at every lag, divided by its length, added to `sum`.
void add_autocovariance(std::span<const double> x, std::vector<double>& sum) {
    const std::size_t n = x.size();
    std::size_t padded = 1;
    while (padded < 2 * n) padded *= 2;
    const double mean = mean_of(x);
    std::vector<double> centred(padded, 0.0), back;
    for (std::size_t t = 0; t < n; ++t) centred[t] = x[t] - mean;
    Eigen::FFT<double> fft;
    std::vector<std::complex<double>> spectrum;
    fft.fwd(spectrum, centred);
    for (auto& s : spectrum) s = std::norm(s);
    fft.inv(back, spectrum);
    for (std::size_t t = 0; t < n; ++t) sum[t] += back[t] / static_cast<double>(n);
}

/// Variances within and between chains, and the mean autocovariances.
struct Spread {
    double within = 0.0;    // with n - 1
    double pooled = 0.0;    // var+: what the chains say of the variance together
    std::vector<double> autocovariance;
};

Spread spread_of(ConstView x, bool lags) {
    const double n = static_cast<double>(x.cols), chains = static_cast<double>(x.rows);
    Spread out;
    out.autocovariance.assign(static_cast<std::size_t>(x.cols), 0.0);
    std::vector<double> means;
    for (std::int64_t c = 0; c < x.rows; ++c) {
        means.push_back(mean_of(x.row(c)));
        double square = 0.0;
        for (const double v : x.row(c)) square += (v - means.back()) * (v - means.back());
        out.within += square / (n - 1) / chains;
        if (lags) add_autocovariance(x.row(c), out.autocovariance);
    }
    for (double& v : out.autocovariance) v /= chains;
    double between = 0.0;
    const double mean = mean_of(means);
    for (const double v : means) between += x.rows > 1 ? (v - mean) * (v - mean) / (chains - 1) : 0.0;
    out.pooled = (n - 1) / n * out.within + between;
    return out;
}

/// Sums of neighbouring autocorrelations as long as they are positive, made to fall; the first even one after them ends the sum.
double autocorrelation_time(const Spread& spread) {
    const auto n = static_cast<std::int64_t>(spread.autocovariance.size());
    const auto rho = [&](std::int64_t t) {
        return t == 0 ? 1.0 : 1 - (spread.within - spread.autocovariance[static_cast<std::size_t>(t)]) / spread.pooled;
    };
    double tau = -1.0, last = std::numeric_limits<double>::infinity(), even = 1.0, odd = rho(1);
    std::int64_t t = 1;
    tau += 2 * (even + odd);
    last = even + odd;
    while (t < n - 3 && even + odd > 0) {
        even = rho(t + 1);
        odd = rho(t + 2);
        t += 2;
        if (even + odd < 0 || t >= n - 3) break;
        last = std::min(last, even + odd);
        tau += 2 * last;
    }
    return t > 1 && even > 0 ? tau + even : tau;
}

double ess_of(ConstView x) {
    const Spread spread = spread_of(x, true);
    const double count = static_cast<double>(x.size());
    if (!(spread.pooled > 0)) return count;   // all values are the same
    return count / std::max(autocorrelation_time(spread), 1 / std::log10(count));
}

Matrix halves(ConstView x) {
    const std::int64_t half = x.cols / 2;
    Matrix out(2 * x.rows, half);
    for (std::int64_t c = 0; c < x.rows; ++c) {
        std::copy_n(x.row(c).begin(), half, out.view().row(2 * c).begin());
        std::copy_n(x.row(c).begin() + (x.cols - half), half, out.view().row(2 * c + 1).begin());
    }
    return out;
}

/// Normal quantiles of the ranks; equal values share their mean rank.
Matrix ranked(const Matrix& x) {
    std::vector<std::size_t> order(x.data.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return std::pair(x.data[a], a) < std::pair(x.data[b], b); });
    Matrix out(x.rows, x.cols);
    for (std::size_t i = 0; i < order.size();) {
        std::size_t end = i + 1;
        while (end < order.size() && x.data[order[end]] == x.data[order[i]]) ++end;
        const double rank = 0.5 * static_cast<double>(i + 1 + end);
        for (std::size_t k = i; k < end; ++k)
            out.data[order[k]] = normal_quantile((rank - 0.375) / (static_cast<double>(order.size()) + 0.25));
        i = end;
    }
    return out;
}

double r_hat_of(const Matrix& x) {
    const Spread spread = spread_of(x, false);
    if (!(spread.pooled > 0)) return 1.0;
    if (spread.within <= spread.pooled * 1e-24)
        return std::numeric_limits<double>::infinity();   // rounding errors of still chains
    return std::sqrt(spread.pooled / spread.within);
}

/// Between order statistics, as medians of samples of even size are.
double quantile(std::vector<double> x, double p) {
    std::ranges::sort(x);
    const double at = p * static_cast<double>(x.size() - 1);
    const auto low = static_cast<std::size_t>(at);
    const double above = at - static_cast<double>(low);
    return low + 1 < x.size() ? (1 - above) * x[low] + above * x[low + 1] : x[low];
}

Matrix folded(const Matrix& x) {
    const double median = quantile(x.data, 0.5);
    Matrix out = x;
    for (double& v : out.data) v = std::abs(v - median);
    return out;
}

double tail_ess(ConstView chains, const Matrix& split, double p) {
    const double bound = quantile({chains.data, chains.data + chains.size()}, p);
    Matrix below = split;
    for (double& v : below.data) v = v <= bound ? 1.0 : 0.0;
    return ess_of(below);
}

}  // namespace

double effective_sample_size(ConstView chains) {
    check("effective_sample_size", chains, 4);
    return ess_of(chains);
}

ChainSummary summarise_chains(ConstView chains) {
    check("summarise_chains", chains, 8);
    const Matrix split = halves(chains), normal = ranked(split);
    ChainSummary out;
    const std::span<const double> all{chains.data, static_cast<std::size_t>(chains.size())};
    out.mean = mean_of(all);
    for (const double v : all) out.sd += (v - out.mean) * (v - out.mean);
    out.sd = std::sqrt(out.sd / static_cast<double>(chains.size() - 1));
    out.std_error = out.sd / std::sqrt(ess_of(split));
    out.ess_bulk = ess_of(normal);
    out.ess_tail = std::min(tail_ess(chains, split, 0.05), tail_ess(chains, split, 0.95));
    out.r_hat = std::max(r_hat_of(normal), r_hat_of(ranked(folded(split))));
    return out;
}

Estimate chain_means(ConstView values, std::int64_t chains, std::vector<std::string> names) {
    require(chains >= 1 && values.rows % chains == 0, "chain_means: values must hold as many rows for each of the ",
            chains, " chains, got ", values.rows, " rows");
    const std::int64_t draws = values.rows / chains, m = values.cols;
    const std::int64_t parts = std::min((enough_pieces + chains - 1) / chains, draws), length = draws / parts,
                       pieces = parts * chains;
    require(pieces >= 2, "chain_means: values of at least two pieces of chains are needed, got ", pieces);
    Matrix means(pieces, m);
    for (std::int64_t p = 0; p < pieces; ++p) {   // rows that do not fill a last part join it
        const std::int64_t first = p / parts * draws + p % parts * length,
                           end = p % parts + 1 == parts ? (p / parts + 1) * draws : first + length;
        for (std::int64_t i = first; i < end; ++i)
            for (std::int64_t j = 0; j < m; ++j) means(p, j) += values(i, j) / static_cast<double>(end - first);
    }
    Estimate out;
    out.names = std::move(names);
    out.value.assign(static_cast<std::size_t>(m), 0.0);
    out.covariance = Matrix(m, m);
    out.degrees_of_freedom = static_cast<double>(pieces - 1);
    for (std::int64_t i = 0; i < values.rows; ++i)
        for (std::int64_t j = 0; j < m; ++j)
            out.value[static_cast<std::size_t>(j)] += values(i, j) / static_cast<double>(values.rows);
    const double scale = 1.0 / static_cast<double>(pieces * (pieces - 1));
    for (std::int64_t p = 0; p < pieces; ++p)
        for (std::int64_t j = 0; j < m; ++j)
            for (std::int64_t k = 0; k < m; ++k)
                out.covariance(j, k) += scale * (means(p, j) - out.value[static_cast<std::size_t>(j)]) *
                                        (means(p, k) - out.value[static_cast<std::size_t>(k)]);
    return out;
}

}  // namespace buffon
