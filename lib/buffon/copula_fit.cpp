#include <buffon/copula_fit.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include <Eigen/Eigenvalues>

#include <buffon/check.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/text.hpp>

namespace buffon {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

std::vector<double> column(ConstView data, std::int64_t j) {
    std::vector<double> out;
    for (std::int64_t i = 0; i < data.rows; ++i) out.push_back(data(i, j));
    return out;
}

Matrix without_missing(ConstView data) {
    Matrix out(0, data.cols);
    for (std::int64_t i = 0; i < data.rows; ++i) {
        const auto row = data.row(i);
        if (std::any_of(row.begin(), row.end(), [](double v) { return std::isnan(v); })) continue;
        out.data.insert(out.data.end(), row.begin(), row.end());
        ++out.rows;
    }
    return out;
}

/// Pairs of equal numbers in an ascending list.
template <class Equal>
double tied_pairs(std::size_t n, const Equal& equal) {
    double pairs = 0, run = 1;
    for (std::size_t i = 1; i <= n; ++i) {
        if (i < n && equal(i - 1, i)) {
            ++run;
            continue;
        }
        pairs += 0.5 * run * (run - 1);
        run = 1;
    }
    return pairs;
}

/// Pairs out of order, counted by merging; sorts x.
double inversions(std::vector<double>& x, std::vector<double>& space, std::size_t from, std::size_t to) {
    if (to - from < 2) return 0;
    const std::size_t middle = from + (to - from) / 2;
    double count = inversions(x, space, from, middle) + inversions(x, space, middle, to);
    std::size_t a = from, b = middle;
    for (std::size_t k = from; k < to; ++k) {
        const bool second = a == middle || (b < to && x[b] < x[a]);
        if (second) count += static_cast<double>(middle - a);
        space[k] = x[second ? b++ : a++];
    }
    std::copy(space.begin() + static_cast<std::ptrdiff_t>(from), space.begin() + static_cast<std::ptrdiff_t>(to),
              x.begin() + static_cast<std::ptrdiff_t>(from));
    return count;
}

Matrix kendall_matrix(ConstView data) {
    Matrix tau(data.cols, data.cols, 1.0);
    for (std::int64_t i = 0; i < data.cols; ++i)
        for (std::int64_t j = 0; j < i; ++j) tau(i, j) = tau(j, i) = kendall_tau(column(data, i), column(data, j));
    return tau;
}

/// sin(pi tau / 2), with eigenvalues lifted to 1e-6 where pairwise estimates are not a correlation matrix.
Matrix correlation_estimate(const Matrix& tau) {
    Matrix r = correlation_of_kendall(tau);
    Eigen::Map<Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>> map(r.data.data(), r.rows, r.cols);
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(map);
    if (eigen.eigenvalues().minCoeff() > 1e-6) return r;
    const Eigen::MatrixXd lifted =
        eigen.eigenvectors() * eigen.eigenvalues().cwiseMax(1e-6).asDiagonal() * eigen.eigenvectors().transpose();
    for (Eigen::Index i = 0; i < map.rows(); ++i)
        for (Eigen::Index j = 0; j <= i; ++j)
            map(i, j) = map(j, i) = i == j ? 1 : lifted(i, j) / std::sqrt(lifted(i, i) * lifted(j, j));
    return r;
}

template <class C>
double log_likelihood(const C& copula, ConstView scores) {
    std::vector<double> out(static_cast<std::size_t>(scores.rows), 0.0);
    copula.add_log_density(scores, out);
    return std::accumulate(out.begin(), out.end(), 0.0);
}

/// The largest value of f on [low, high], where it has one peak: golden section, to 1e-7 of the interval.
template <class F>
double peak(const F& f, double low, double high) {
    constexpr double golden = 0.61803398874989484820;
    const double fine = 1e-7 * (high - low);
    double a = high - golden * (high - low), b = low + golden * (high - low), fa = f(a), fb = f(b);
    while (high - low > fine) {
        if (fa < fb) {
            low = a, a = b, fa = fb;
            fb = f(b = low + golden * (high - low));
        } else {
            high = b, b = a, fb = fa;
            fa = f(a = high - golden * (high - low));
        }
    }
    return 0.5 * (low + high);
}

/// From minus the second derivative of f at x.
template <class F>
double error_of(const F& f, double x, double step) {
    const double curvature = (f(x + step) - 2 * f(x) + f(x - step)) / (step * step);
    return curvature < 0 ? 1 / std::sqrt(-curvature) : none;
}

/// Over Kendall's tau, in which all one-parameter families are alike.
template <class C>
CopulaFit fit_archimedean(const Matrix& tau, ConstView scores, double least, double most) {
    const std::int64_t d = scores.cols;
    const auto of_tau = [&](double t) { return C::from_kendall(t, d); };
    double mean = 0;
    for (std::int64_t i = 0; i < d; ++i)
        for (std::int64_t j = 0; j < i; ++j) mean += 2 * tau(i, j) / static_cast<double>(d * (d - 1));
    const double side = mean < 0 && least < 0 && d == 2 ? -1 : 1;   // theta = 0 is no copula of the family
    const double low = side < 0 ? least : std::max(least, 1e-4), high = side < 0 ? -1e-4 : most;
    const double best = peak([&](double t) { return log_likelihood(of_tau(t), scores); }, low, high);
    const C copula = of_tau(best);
    const auto f = [&](double theta) { return log_likelihood(C(theta, d), scores); };
    const double step = 1e-3 * std::min(std::abs(copula.theta()), std::abs(copula.theta() - (least == 0 ? 1 : 0)));
    return {copula, "", 1, f(copula.theta()), step > 0 ? error_of(f, copula.theta(), step) : none, scores.rows, 0};
}

CopulaFit fit_student(const Matrix& tau, ConstView scores) {
    const Matrix r = correlation_estimate(tau);
    const auto f = [&](double log_df) { return log_likelihood(StudentCopula(r, std::exp(log_df)), scores); };
    const double best = peak(f, std::log(0.5), std::log(200.0)), df = std::exp(best);
    return {StudentCopula(r, df), "", r.rows * (r.rows - 1) / 2 + 1, f(best), df * error_of(f, best, 1e-2), scores.rows, 0};
}

CopulaFit fit_gaussian(const Matrix& tau, ConstView scores) {
    const GaussianCopula copula(correlation_estimate(tau));
    return {copula, "", tau.rows * (tau.rows - 1) / 2, log_likelihood(copula, scores), none, scores.rows, 0};
}

CopulaFit fitted(const std::string& family, const Matrix& tau, ConstView scores) {
    if (family == "student") return fit_student(tau, scores);
    if (family == "clayton") return fit_archimedean<ClaytonCopula>(tau, scores, -0.33, 0.95);
    if (family == "frank") return fit_archimedean<FrankCopula>(tau, scores, -0.95, 0.95);
    if (family == "gumbel") return fit_archimedean<GumbelCopula>(tau, scores, 0, 0.95);
    return fit_gaussian(tau, scores);
}

Matrix checked_rows(ConstView data) {
    require(data.cols >= 2, "fit_copula: data must have shape (n, d) with d >= 2, got (", data.rows, ", ", data.cols, ")");
    Matrix rows = without_missing(data);
    require(rows.rows >= 10, "fit_copula: data must have at least 10 rows without NaN, got ", rows.rows);
    return rows;
}

}  // namespace

double CopulaFit::bic() const { return static_cast<double>(parameters) * std::log(static_cast<double>(n)) - 2 * log_likelihood; }

const std::vector<std::string>& copula_families() {
    static const std::vector<std::string> names{"gaussian", "student", "clayton", "frank", "gumbel"};
    return names;
}

double kendall_tau(std::span<const double> x, std::span<const double> y) {
    const std::size_t n = x.size();
    require(n == y.size() && n >= 2, "kendall_tau: x and y must have equally many numbers, at least two, got ", n,
            " and ", y.size());
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return x[a] != x[b] ? x[a] < x[b] : y[a] < y[b]; });
    std::vector<double> sorted, space(n);
    for (const std::size_t i : order) sorted.push_back(y[i]);
    const double in_x = tied_pairs(n, [&](std::size_t a, std::size_t b) { return x[order[a]] == x[order[b]]; });
    const double in_both = tied_pairs(
        n, [&](std::size_t a, std::size_t b) { return x[order[a]] == x[order[b]] && y[order[a]] == y[order[b]]; });
    const double discordant = inversions(sorted, space, 0, n);
    const double in_y = tied_pairs(n, [&](std::size_t a, std::size_t b) { return sorted[a] == sorted[b]; });
    const double all = 0.5 * static_cast<double>(n) * static_cast<double>(n - 1);
    return (all - in_x - in_y + in_both - 2 * discordant) / all;
}

Matrix rank_scores(ConstView data) {
    Matrix out(data.rows, data.cols);
    std::vector<std::int64_t> order(static_cast<std::size_t>(data.rows));
    for (std::int64_t j = 0; j < data.cols; ++j) {
        std::iota(order.begin(), order.end(), std::int64_t{0});
        std::sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) { return data(a, j) < data(b, j); });
        for (std::size_t first = 0, last = 0; first < order.size(); first = last) {
            while (last < order.size() && data(order[last], j) == data(order[first], j)) ++last;
            const double rank = 0.5 * static_cast<double>(first + last + 1);   // the mean of first + 1 ... last
            for (std::size_t k = first; k < last; ++k)
                out(order[k], j) = normal_quantile(rank / static_cast<double>(data.rows + 1));
        }
    }
    return out;
}

CopulaFit fit_copula(const std::string& family, ConstView data) {
    const auto& known = copula_families();
    require(std::find(known.begin(), known.end(), family) != known.end(), "fit_copula: no family is named '", family,
            "'", suggestion(family, known));
    const Matrix rows = checked_rows(data);
    CopulaFit fit = fitted(family, kendall_matrix(rows), rank_scores(rows));
    fit.family = family;
    fit.missing = data.rows - rows.rows;
    return fit;
}

std::vector<CopulaFit> compare_copulas(ConstView data) {
    std::vector<CopulaFit> out;
    for (const auto& family : copula_families()) out.push_back(fit_copula(family, data));
    std::stable_sort(out.begin(), out.end(), [](const CopulaFit& a, const CopulaFit& b) { return a.aic() < b.aic(); });
    return out;
}

}  // namespace buffon
