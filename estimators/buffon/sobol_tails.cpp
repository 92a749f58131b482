#include <buffon/sobol_tails.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <string>

#include <buffon/logspace.hpp>
#include <buffon/sums.hpp>
#include <buffon/tails.hpp>

namespace buffon {
namespace {

constexpr std::int64_t most_numbers = 1 << 19;   // 4 MB, of many outputs
constexpr double rows_of_a_tail = 30;            // of lognormal outputs with plain intervals that cover in 93 % there were 69
constexpr double few_rows = 10;                  // of an event with so many hits intervals cover, see warn_of_few_terms

/// (sum s)^2 / sum s^2 of a column; of an event that none of them met that of a single one.
double rows_alike(ConstView squares, std::int64_t column) {
    const double sum = sum_of(squares.rows, [&](std::int64_t i) { return squares(i, column); });
    const double of_squares = sum_of(squares.rows, [&](std::int64_t i) { return squares(i, column) * squares(i, column); });
    return of_squares > 0 ? sum * sum / of_squares : 1.0;
}

/// k-hat of each column; a single one is read where it is.
std::vector<double> shapes_of(const Matrix& squares) {
    if (squares.cols > 1) return tail_shapes(squares, squares.cols);
    return {pareto_k(squares.data).value_or(std::numeric_limits<double>::quiet_NaN())};
}

std::string listed(const std::vector<std::string>& outputs, const std::vector<std::size_t>& which) {
    const std::string more = which.size() > 1 ? " and " + std::to_string(which.size() - 1) + " more of " +
                                                    std::to_string(outputs.size()) + " outputs"
                                              : "";
    return "output '" + outputs[which.front()] + "'" + more;
}

/// The worst first.
std::vector<std::size_t> worst_of(const std::vector<double>& x, double limit, bool above) {
    std::vector<std::size_t> which;
    for (std::size_t j = 0; j < x.size(); ++j)
        if (above ? x[j] > limit : x[j] < limit) which.push_back(j);
    std::ranges::stable_sort(which, [&](std::size_t a, std::size_t b) { return above ? x[a] > x[b] : x[a] < x[b]; });
    return which;
}

}  // namespace

void FirstSquares::add(const SegmentValues& values, const std::vector<double>& centre) {
    const std::int64_t m = values.outputs, most = std::min(most_rows, most_numbers / m);
    squares_.cols = m;
    shapes_.clear();
    alike_.clear();
    if (squares_.rows == 0) squares_.data.reserve(static_cast<std::size_t>((most + 1) * m));   // once: segments come one by one
    squares_.data.resize(static_cast<std::size_t>(std::min(squares_.rows + 2 * values.rows, most + 1) * m));
    double* to = squares_.data.data() + squares_.rows * m;
    for (std::int64_t i = 0; i < values.rows && squares_.rows < most; ++i) {
        if (std::ranges::find(values.failed, i) != values.failed.end()) continue;
        for (const std::int64_t set : {0, 1})
            for (std::int64_t j = 0; j < m; ++j) {
                const double f = values.column(set, j)[i] - centre[static_cast<std::size_t>(j)];
                *to++ = f * f;
            }
        squares_.rows += 2;
    }
    squares_.data.resize(static_cast<std::size_t>(squares_.rows * m));
}

void FirstSquares::look_ahead() {
    if (squares_.rows == 0) return;
    shapes_ = shapes_of(squares_);
    for (std::int64_t j = 0; j < squares_.cols; ++j) alike_.push_back(rows_alike(squares_, j));
}

std::vector<double> FirstSquares::alike(double rows, std::int64_t outputs) const {
    std::vector<double> found;
    for (std::int64_t j = 0; j < outputs; ++j)
        found.push_back(squares_.rows == 0 ? 1.0
                                           : (alike_.empty() ? rows_alike(squares_, j) : alike_[static_cast<std::size_t>(j)]) *
                                                 rows / static_cast<double>(squares_.rows));
    return found;
}

void FirstSquares::judge(double rows, const std::vector<std::string>& outputs, bool without_bounds, Estimate& estimate) const {
    if (squares_.rows == 0) return;
    const std::vector<double> k_hat = shapes_.empty() ? shapes_of(squares_) : shapes_;
    std::vector<double> alike = this->alike(rows, squares_.cols);
    const auto constant = estimate.diagnostics.find("constant");
    for (std::int64_t j = 0; j < squares_.cols; ++j) {
        const bool varies = constant == estimate.diagnostics.end() ||
                            std::ranges::count(std::get<std::vector<std::string>>(constant->second),
                                               outputs[static_cast<std::size_t>(j)]) == 0;
        if (!varies) alike[static_cast<std::size_t>(j)] = std::numeric_limits<double>::infinity();   // nothing rests on them
    }
    estimate.diagnostics["pareto_k_squares"] = k_hat;
    estimate.diagnostics["effective_rows"] = alike;
    const double limit = std::min(1 - 1 / std::log10(std::max(static_cast<double>(squares_.rows), 20.0)), 0.7);
    std::vector<std::size_t> heavy = worst_of(k_hat, limit, true);
    const std::vector<std::size_t> few = worst_of(alike, few_rows, false);
    const auto left = estimate.diagnostics.find("effective_rows_left");   // of a surrogate
    std::erase_if(heavy, [&](std::size_t j) {
        const bool tail_is_left = left != estimate.diagnostics.end() && std::get<std::vector<double>>(left->second)[j] < few_rows;
        return !without_bounds || !(alike[j] < rows_of_a_tail || tail_is_left);
    });
    std::ostringstream text;
    text.precision(2);
    if (!heavy.empty())
        text << listed(outputs, heavy) << ": the variance has a heavy tail (k-hat of the squares " << k_hat[heavy.front()] << ")";
    else if (!few.empty())
        text << listed(outputs, few) << ": the variance is that of a few rows, as if there were " << alike[few.front()];
    else return;
    text << ", so the intervals of its indices may be far too short: spend more, use method = 'aiscv', or ask for "
            "indices of its logarithm or rank";
    estimate.warnings.push_back(text.str());
}

}  // namespace buffon
