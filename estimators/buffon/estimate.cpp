#include <buffon/estimate.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include <boost/math/distributions/students_t.hpp>

#include <buffon/check.hpp>
#include <buffon/counted.hpp>
#include <buffon/names.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/per_value.hpp>
#include <buffon/text.hpp>

namespace buffon {
namespace {

double student_quantile(double p, double degrees_of_freedom) {
    if (!std::isfinite(degrees_of_freedom)) return normal_quantile(p);
    return boost::math::quantile(boost::math::students_t(degrees_of_freedom), p);
}

/// Straight lines in the normal quantile of the level, from the value itself on; the last one goes on.
std::pair<std::vector<double>, std::vector<double>> interpolated(const Bounds& bounds, const std::vector<double>& value,
                                                                 double level) {
    const auto score = [](double l) { return normal_quantile(0.5 + 0.5 * l); };
    const auto& levels = bounds.levels;
    const auto above = static_cast<std::int64_t>(std::ranges::lower_bound(levels, level) - levels.begin());
    const std::int64_t b = std::min(above, static_cast<std::int64_t>(levels.size()) - 1);
    const double from = b > 0 ? score(levels[static_cast<std::size_t>(b - 1)]) : 0.0;
    const double share = (score(level) - from) / (score(levels[static_cast<std::size_t>(b)]) - from);
    const auto at = [&](const Matrix& table, std::int64_t j) {
        const double start = b > 0 ? table(j, b - 1) : value[static_cast<std::size_t>(j)];
        return level == levels[static_cast<std::size_t>(b)] ? table(j, b) : start + share * (table(j, b) - start);
    };
    std::pair<std::vector<double>, std::vector<double>> out;
    for (std::int64_t j = 0; j < bounds.low.rows; ++j) {
        out.first.push_back(at(bounds.low, j));
        out.second.push_back(at(bounds.high, j));
    }
    return out;
}

/// J (k, m): df_i / dvalue_j.
Matrix jacobian(const Estimate::Function& f, const Estimate& at, std::size_t rows) {
    const std::vector<double> error = at.std_error();
    Matrix J(static_cast<std::int64_t>(rows), at.size());
    for (std::int64_t j = 0; j < at.size(); ++j) {
        const auto b = static_cast<std::size_t>(j);
        // a hundredth of an error: f is as good as linear there, and the difference keeps half its digits
        const double h = std::max(1e-2 * error[b], 6e-6 * std::abs(at.value[b]) + 1e-300);
        std::vector<double> x = at.value;
        x[b] = at.value[b] + h;
        const std::vector<double> up = f(x);
        x[b] = at.value[b] - h;
        const std::vector<double> down = f(x);
        require(up.size() == rows && down.size() == rows, "transform: f must always return ", rows, " values, got ", up.size());
        for (std::size_t i = 0; i < rows; ++i) J(static_cast<std::int64_t>(i), j) = (up[i] - down[i]) / (2 * h);
    }
    return J;
}

/// J C J'.
Matrix sandwich(const Matrix& J, const Matrix& C) {
    Matrix half(J.rows, C.cols), out(J.rows, J.rows);
    for (std::int64_t a = 0; a < J.rows; ++a)
        for (std::int64_t i = 0; i < C.rows; ++i)
            for (std::int64_t j = 0; j < C.cols && J(a, i) != 0; ++j) half(a, j) += J(a, i) * C(i, j);
    for (std::int64_t a = 0; a < J.rows; ++a)
        for (std::int64_t b = 0; b < J.rows; ++b)
            for (std::int64_t j = 0; j < C.cols; ++j) out(a, b) += half(a, j) * J(b, j);
    return out;
}

/// Everything of an estimate but its numbers.
Estimate like(const Estimate& e) {
    Estimate out = e;
    out.excess_kurtosis.clear();
    out.bounds = {};
    out.sample.reset();
    out.state.reset();
    return out;
}

/// Relative variance of the variance of value j beyond that of normal terms.
double kurtosis_of(const Estimate& e, std::int64_t j) {
    return e.excess_kurtosis.empty() ? 0.0 : std::max(e.excess_kurtosis[static_cast<std::size_t>(j)], 0.0);
}

/// The values with an error that have a part in each of the new ones.
Parts parts_of(const Matrix& J, const Estimate& from) {
    Parts parts(static_cast<std::size_t>(J.rows));
    for (std::int64_t a = 0; a < J.rows; ++a)
        for (std::int64_t j = 0; j < J.cols; ++j)
            if (J(a, j) != 0 && from.covariance(j, j) > 0) parts[static_cast<std::size_t>(a)].push_back(j);
    return parts;
}

/// Kurtosis and diagnostics of values that are made of others. The largest kurtosis of a part: joint fourth moments are
/// not known.
void carry(const Estimate& from, const Parts& parts, Estimate& to) {
    carry_per_value(from, parts, to);
    if (from.excess_kurtosis.empty()) return;
    for (const auto& made_of : parts) {
        double largest = 0;
        for (const std::int64_t j : made_of) largest = std::max(largest, kurtosis_of(from, j));
        to.excess_kurtosis.push_back(largest);
    }
}

/// Of a x + b y with independent x, y: fourth cumulants add up.
std::vector<double> pooled_kurtosis(const Estimate& x, double a, const Estimate& y, double b) {
    if (x.excess_kurtosis.empty() && y.excess_kurtosis.empty()) return {};
    std::vector<double> out;
    for (std::int64_t j = 0; j < x.size(); ++j) {
        const double u = a * a * x.covariance(j, j), v = b * b * y.covariance(j, j), total = (u + v) * (u + v);
        out.push_back(total > 0 ? (u * u * kurtosis_of(x, j) + v * v * kurtosis_of(y, j)) / total : 0.0);
    }
    return out;
}

/// Welch and Satterthwaite for a mean of two estimates with weights a, b; the smallest over the values.
double pooled_degrees(const Estimate& x, double a, const Estimate& y, double b) {
    if (!std::isfinite(x.degrees_of_freedom) && !std::isfinite(y.degrees_of_freedom)) return x.degrees_of_freedom;
    double smallest = std::numeric_limits<double>::infinity();
    for (std::int64_t j = 0; j < x.size(); ++j) {
        const double u = a * a * x.covariance(j, j);
        const double v = b * b * y.covariance(j, j);
        const double spread = u * u / x.degrees_of_freedom + v * v / y.degrees_of_freedom;
        if (spread > 0) smallest = std::min(smallest, (u + v) * (u + v) / spread);
    }
    return smallest;
}

}  // namespace

std::int64_t Estimate::index(const std::string& name) const {
    const auto found = std::find(names.begin(), names.end(), name);
    require(found != names.end(), "Estimate: no value is named '", name, "'", suggestion(name, names));
    return found - names.begin();
}

std::vector<double> Estimate::std_error() const {
    std::vector<double> error(value.size());
    for (std::int64_t j = 0; j < size(); ++j) error[static_cast<std::size_t>(j)] = std::sqrt(covariance(j, j));
    return error;
}

std::pair<std::vector<double>, std::vector<double>> Estimate::confidence_interval(double level) const {
    require(level > 0 && level < 1, "confidence_interval: level must lie between 0 and 1, got ", level, as_a_share(level));
    if (!bounds.levels.empty()) return interpolated(bounds, value, level);
    std::vector<double> low = value;
    std::vector<double> high = value;
    const std::vector<double> error = std_error();
    for (std::size_t j = 0; j < value.size(); ++j) {
        const double effective = 1 / (1 / degrees_of_freedom + 0.5 * kurtosis_of(*this, static_cast<std::int64_t>(j)));
        const double t = student_quantile(0.5 + 0.5 * level, effective);
        low[j] -= t * error[j];
        high[j] += t * error[j];
    }
    return {low, high};
}

Estimate Estimate::transform(const Function& f, std::vector<std::string> new_names) const {
    Estimate out = like(*this);
    out.value = f(value);
    require(new_names.empty() || new_names.size() == out.value.size(), "transform: ", out.value.size(),
            " values need as many names, got ", new_names.size());
    if (new_names.empty()) new_names = numbered_names("f", static_cast<std::int64_t>(out.value.size()));
    out.names = std::move(new_names);
    const Matrix J = jacobian(f, *this, out.value.size());
    out.covariance = sandwich(J, covariance);
    carry(*this, parts_of(J, *this), out);
    for (std::int64_t j = 0; j < out.size(); ++j)   // what cancels leaves rounding errors
        out.covariance(j, j) = std::max(out.covariance(j, j), 0.0);
    return out;
}

Estimate Estimate::contrast(std::int64_t i, std::int64_t j) const {
    for (const std::int64_t k : {i, j})
        require(k >= 0 && k < size(), "contrast: index must be 0 ... ", size() - 1, ", got ", k);
    Estimate out = like(*this);
    out.value = {value[static_cast<std::size_t>(i)] - value[static_cast<std::size_t>(j)]};
    out.names = {names[static_cast<std::size_t>(i)] + " - " + names[static_cast<std::size_t>(j)]};
    out.covariance = Matrix(1, 1,
                            std::max(covariance(i, i) + covariance(j, j) - 2 * covariance(i, j),
                                     0.0));   // what cancels leaves rounding errors
    carry(*this, {{i, j}}, out);
    return out;
}

Estimate Estimate::merge(const Estimate& other) const {
    require(names == other.names, "merge: both estimates must have the same names");
    require(rng_key != other.rng_key, "merge: the estimates must be independent, both have rng_key ", rng_key);
    const double a = static_cast<double>(n) / static_cast<double>(n + other.n);
    Estimate out = like(*this);
    for (std::size_t j = 0; j < value.size(); ++j) out.value[j] = a * value[j] + (1 - a) * other.value[j];
    for (std::size_t k = 0; k < covariance.data.size(); ++k)
        out.covariance.data[k] = a * a * covariance.data[k] + (1 - a) * (1 - a) * other.covariance.data[k];
    out.degrees_of_freedom = pooled_degrees(*this, a, other, 1 - a);
    out.excess_kurtosis = pooled_kurtosis(*this, a, other, 1 - a);
    out.diagnostics = merged_diagnostics(*this, other);
    out.n += other.n;
    out.n_failed += other.n_failed;
    for (const auto& warning : other.warnings)
        if (std::ranges::find(out.warnings, warning) == out.warnings.end()) out.warnings.push_back(warning);
    return out;
}

std::string with_error(double value, double std_error) {
    if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();   // its sign is none of the reader's business
    if (std::isnan(std_error)) std_error = std::numeric_limits<double>::quiet_NaN();
    if (!std::isfinite(value) || !std::isfinite(std_error) || std_error <= 0) {
        char text[64];
        std::snprintf(text, sizeof text, "%.10g ± %.1g", value, std_error);
        return text;
    }
    const int magnitude = static_cast<int>(std::floor(std::log10(std_error)));
    const double scale = std::max(std::abs(value), std_error);
    char text[96];
    if (scale < 1e7 && scale >= 1e-4 && magnitude > -13) {
        const int digits = std::max(0, -magnitude);
        std::snprintf(text, sizeof text, "%.*f ± %.*f", digits, value, digits, std_error);
    } else {
        const int digits = std::clamp(static_cast<int>(std::floor(std::log10(scale))) - magnitude, 1, 16);
        std::snprintf(text, sizeof text, "%.*e ± %.0e", digits, value, std_error);
    }
    return text;
}

/// What n is a number of.
std::string counted_noun(const std::map<std::string, Diagnostic>& diagnostics) {
    const auto told = diagnostics.find("counted");
    std::string noun = told == diagnostics.end() ? "evaluations" : std::get<std::string>(told->second);
    noun.pop_back();
    return noun;
}

std::string Estimate::text() const {
    const std::vector<double> error = std_error();
    const auto [low, high] = bounds.levels.empty() ? std::pair{value, value} : confidence_interval(0.95);
    std::size_t width = 0;
    for (const auto& name : names) width = std::max(width, name.size());
    std::string out;
    for (std::size_t j = 0; j < value.size(); ++j) {
        if (j > 0) out += "\n";
        if (value.size() > 1) out += names[j] + std::string(width - names[j].size() + 2, ' ');
        if (error[j] == 0 && low[j] < high[j]) {   // a share without a hit is not certain: its interval says more than its error
            char text[96];
            std::snprintf(text, sizeof text, "%.10g (%.2g to %.2g)", value[j], low[j], high[j]);
            out += text;
        } else {
            out += with_error(value[j], error[j]);
        }
    }
    out += (value.size() > 1 ? "\n(" : " (") + counted(n, counted_noun(diagnostics));
    if (n_failed > 0) out += ", " + with_commas(n_failed) + " failed";
    out += ")";
    for (const auto& warning : warnings) out += "\nwarning: " + warning;
    return out;
}

}  // namespace buffon
