/// Estimate::given and Estimate::without.
#include <buffon/estimate.hpp>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/per_value.hpp>
#include <buffon/regression.hpp>

namespace buffon {
namespace {

using Indices = std::vector<std::int64_t>;

constexpr double doubtful_z = 6;
constexpr double few_replicates = 64;
constexpr double strong = 0.5;   // R^2 from which the controls, not the nets, make the error what it is
constexpr double rounding = 1e-14;

Indices all_but(std::int64_t size, const Indices& left_out) {
    Indices kept;
    for (std::int64_t j = 0; j < size; ++j)
        if (std::ranges::find(left_out, j) == left_out.end()) kept.push_back(j);
    return kept;
}

/// Of entries that stand for the values one by one, those of `kept`.
std::vector<double> picked(const std::vector<double>& v, const Indices& kept) {
    std::vector<double> out;
    for (const std::int64_t j : kept) out.push_back(v[static_cast<std::size_t>(j)]);
    return out;
}

Estimate only(const Estimate& e, const Indices& kept) {
    Estimate out = e;
    out.state.reset();
    out.value = picked(e.value, kept);
    out.names.clear();
    for (const std::int64_t j : kept) out.names.push_back(e.names[static_cast<std::size_t>(j)]);
    out.covariance = Matrix(out.size(), out.size());
    for (std::size_t a = 0; a < kept.size(); ++a)
        for (std::size_t b = 0; b < kept.size(); ++b)
            out.covariance(static_cast<std::int64_t>(a), static_cast<std::int64_t>(b)) = e.covariance(kept[a], kept[b]);
    if (!e.excess_kurtosis.empty()) out.excess_kurtosis = picked(e.excess_kurtosis, kept);
    for (auto [to, from] : {std::pair(&out.bounds.low, &e.bounds.low), std::pair(&out.bounds.high, &e.bounds.high)}) {
        to->data.clear();
        to->rows = from->cols > 0 ? out.size() : 0;
        for (std::size_t a = 0; a < kept.size() && from->cols > 0; ++a)
            to->data.insert(to->data.end(), from->view().row(kept[a]).begin(), from->view().row(kept[a]).end());
    }
    keep_per_value(e, kept, out);
    return out;
}

/// What the sample says of the known values: (k).
struct Gaps {
    std::vector<double> off;      // value - mean
    std::vector<double> z;        // in standard errors; 0 where both are rounding, infinite where only the error is
    std::vector<bool> constant;   // the error is rounding
};

Gaps gaps_of(const Estimate& e, const Indices& known, const Estimate::Known& means) {
    Gaps gaps;
    for (std::size_t i = 0; i < known.size(); ++i) {
        const double value = e.value[static_cast<std::size_t>(known[i])], mean = means[i].second;
        const double off = value - mean, error = std::sqrt(e.covariance(known[i], known[i]));
        const double noise = rounding * std::max(std::abs(value), std::abs(mean));
        gaps.off.push_back(off);
        gaps.constant.push_back(error <= noise);
        gaps.z.push_back(std::abs(off) <= 100 * noise ? 0 : off / error);
    }
    return gaps;
}

struct Fit {
    Matrix b;              // (k, m)
    double leverage = 0;   // off' C_hh^-1 off
    std::int64_t rank = 0;
};

/// One regression answers all three: responses are the values, the gaps, and the known values themselves.
Fit fit(const Matrix& C, const Indices& kept, const Indices& known, const Gaps& gaps, double collinear) {
    const auto k = static_cast<std::int64_t>(known.size()), m = static_cast<std::int64_t>(kept.size());
    CrossProducts sums(k, m + 1 + k);
    sums.n = 2;   // any number of rows whose means are 0
    const auto column = [&](std::int64_t j) {
        return j < m ? kept[static_cast<std::size_t>(j)] : known[static_cast<std::size_t>(j - m - 1)];
    };
    for (std::int64_t i = 0; i < k; ++i) {
        if (gaps.constant[static_cast<std::size_t>(i)]) continue;
        const std::int64_t row = known[static_cast<std::size_t>(i)];
        for (std::int64_t l = 0; l < k; ++l)
            if (!gaps.constant[static_cast<std::size_t>(l)]) sums.xx(i, l) = C(row, known[static_cast<std::size_t>(l)]);
        for (std::int64_t j = 0; j < m + 1 + k; ++j)
            sums.xt(i, j) = j == m ? gaps.off[static_cast<std::size_t>(i)] : C(row, column(j));
    }
    const Matrix all = regress(sums, collinear);
    Fit out{Matrix(k, m), 0, 0};
    double trace = 0;
    for (std::int64_t i = 0; i < k; ++i) {
        std::copy_n(all.view().row(i).begin(), m, out.b.view().row(i).begin());
        out.leverage += gaps.off[static_cast<std::size_t>(i)] * all(i, m);
        trace += all(i, m + 1 + i);
    }
    out.rank = std::llround(trace);
    return out;
}

/// (1, -b') C (1, -b')' on the values kept.
Matrix residual(const Matrix& C, const Indices& kept, const Indices& known, const Matrix& b) {
    const auto m = static_cast<std::int64_t>(kept.size()), k = static_cast<std::int64_t>(known.size());
    const auto at = [](const Indices& v, std::int64_t i) { return v[static_cast<std::size_t>(i)]; };
    Matrix rest(k, m);   // C_hy - C_hh b
    for (std::int64_t i = 0; i < k; ++i)
        for (std::int64_t a = 0; a < m; ++a) {
            rest(i, a) = C(at(known, i), at(kept, a));
            for (std::int64_t l = 0; l < k; ++l) rest(i, a) -= C(at(known, i), at(known, l)) * b(l, a);
        }
    Matrix out(m, m);
    for (std::int64_t a = 0; a < m; ++a)
        for (std::int64_t c = a; c < m; ++c) {
            double v = C(at(kept, a), at(kept, c));
            for (std::int64_t i = 0; i < k; ++i) v -= b(i, a) * C(at(known, i), at(kept, c)) + b(i, c) * rest(i, a);
            out(a, c) = out(c, a) = a == c ? std::max(v, 0.0) : v;   // what cancels leaves rounding errors
        }
    return out;
}

void warn_of_means(const Estimate& before, const Indices& known, const Estimate::Known& means, const Gaps& gaps, Estimate& e) {
    for (std::size_t i = 0; i < known.size(); ++i) {
        if (!(std::abs(gaps.z[i]) > doubtful_z)) continue;
        std::ostringstream text;
        text << "the given mean of '" << before.names[static_cast<std::size_t>(known[i])] << "' looks wrong: the sample says "
             << with_error(before.value[static_cast<std::size_t>(known[i])], std::sqrt(before.covariance(known[i], known[i])))
             << ", given was " << means[i].second;
        e.warnings.push_back(text.str());
    }
}

/// Coefficients from a few replicate means follow the skewness of these: bias and a short interval that nothing within the run
/// shows (exp(x) with controls x and x^2 in 18 nets of 512 points: 78 % at a nominal 95).
void warn_of_replicates(double freedom, const std::vector<double>& r_squared, Estimate& e) {
    if (freedom > few_replicates) return;
    std::string names;
    for (std::size_t j = 0; j < r_squared.size(); ++j)
        if (r_squared[j] > strong) names += (names.empty() ? "'" : ", '") + e.names[j] + "'";
    if (names.empty()) return;
    std::ostringstream text;
    text << names << ": the controls take most of the error of " << freedom + 1 << " replicate means: where outputs or controls "
         << "have tails the interval may be too short; controls of plain Monte Carlo have no such limit";
    e.warnings.push_back(text.str());
}

void report(const Estimate& before, const Fit& found, const Gaps& gaps, const Matrix& rest, Estimate& e) {
    std::vector<double> r_squared, ratio;
    for (std::int64_t j = 0; j < e.size(); ++j) {
        const double total = before.covariance(j, j);
        r_squared.push_back(total > 0 ? 1 - rest(j, j) / total : 0);
        ratio.push_back(total > 0 ? e.covariance(j, j) / total : 1);
    }
    e.diagnostics["coefficients"] = found.b.data;
    e.diagnostics["control_z"] = gaps.z;
    e.diagnostics["controls_dropped"] = found.b.rows - found.rank;
    e.diagnostics["r_squared"] = r_squared;
    e.diagnostics["variance_ratio"] = ratio;
}

}  // namespace

Estimate Estimate::without(const std::vector<std::string>& left_out) const {
    Indices gone;
    for (const auto& name : left_out) gone.push_back(index(name));
    const Indices kept = all_but(size(), gone);
    require(!kept.empty(), "without: nothing is left of ", size(), " values");
    return only(*this, kept);
}

Estimate Estimate::given(const Known& means, double collinear) const {
    require(!means.empty(), "given: means must hold at least one name");
    Indices known;
    std::vector<std::string> controls;
    for (const auto& [name, mean] : means) {
        known.push_back(index(name));
        require(std::count(known.begin(), known.end(), known.back()) == 1, "given: '", name, "' is named twice");
        require(std::isfinite(mean), "given: the mean of '", name, "' must be finite, got ", mean);
        controls.push_back(name);
    }
    const Indices kept = all_but(size(), known);
    require(!kept.empty(), "given: nothing is left to estimate");
    const double freedom = std::min(degrees_of_freedom, static_cast<double>(n) - 1);
    const Gaps gaps = gaps_of(*this, known, means);
    const Fit found = fit(covariance, kept, known, gaps, collinear);
    const double left = freedom - static_cast<double>(found.rank);
    require(left >= 1, "given: ", found.rank, " known means leave nothing of ", freedom,
            " degrees of freedom; more replicates or fewer means");

    const Estimate before = only(*this, kept);
    Estimate out = before;
    out.bounds = {};
    for (std::int64_t a = 0; a < out.size(); ++a)
        for (std::int64_t i = 0; i < found.b.rows; ++i)
            out.value[static_cast<std::size_t>(a)] -= found.b(i, a) * gaps.off[static_cast<std::size_t>(i)];
    const Matrix rest = residual(covariance, kept, known, found.b);
    const double wider = freedom / left * (1 + found.leverage / freedom);   // Student's regression, at the given means
    out.covariance = rest;
    for (double& c : out.covariance.data) c *= wider;
    out.degrees_of_freedom = left;
    out.diagnostics["controls"] = controls;
    report(before, found, gaps, rest, out);
    warn_of_means(*this, known, means, gaps, out);
    warn_of_replicates(degrees_of_freedom, std::get<std::vector<double>>(out.diagnostics.at("r_squared")), out);
    return out;
}

}  // namespace buffon
