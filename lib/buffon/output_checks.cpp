#include <buffon/output_checks.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <sstream>

namespace buffon {
namespace {

bool finite(const Matrix& m, std::int64_t begin, std::int64_t end) {
    bool finite = true;
    for (std::int64_t k = begin * m.cols; k < end * m.cols; ++k)
        finite &= std::abs(m.data[static_cast<std::size_t>(k)]) <=
                  std::numeric_limits<double>::max();   // no early end: vectorised
    return finite;
}

/// Of the scores of an output that may be an event.
struct Verdict {
    bool event;               // zeros and ones
    std::int64_t wrong_at;    // first row whose score has another sign; -1: none
};

Verdict verdict_on(const Outputs& out, std::int64_t j, std::int64_t begin, std::int64_t end) {
    Verdict verdict{true, -1};
    for (std::int64_t i = begin; i < end; ++i) {
        const double y = out.y(i, j), score = out.score(i, j);
        if (y != 0 && y != 1) return {false, -1};
        if (verdict.wrong_at < 0 && (y > 0 ? score < 0 : score > 0)) verdict.wrong_at = i;
    }
    return verdict;
}

bool same_scores(const Outputs& out, std::int64_t j, std::int64_t k, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
        if (out.score(i, j) != out.score(i, k)) return false;
    return true;
}

}  // namespace

std::string describe_point(ConstView x, std::int64_t row, const std::vector<std::string>& inputs) {
    std::ostringstream text;
    const std::int64_t shown = std::min<std::int64_t>(x.cols, 12);
    for (std::int64_t j = 0; j < shown; ++j)
        text << (j ? ", " : "") << inputs[static_cast<std::size_t>(j)] << " = " << x(row, j);
    if (shown < x.cols) text << ", ...";
    return text.str();
}

std::vector<std::string> default_output_names(std::int64_t m, const std::vector<std::int64_t>& shape) {
    if (m == 1) return {"y"};
    std::vector<std::string> names;
    for (std::int64_t j = 0; j < m; ++j) {
        std::string name = std::to_string(1 + (shape.empty() ? j : j % shape.back()));
        std::int64_t rest = shape.empty() ? 0 : j / shape.back();
        for (std::size_t k = shape.size(); k-- > 1; rest /= shape[k - 1])
            name = std::to_string(1 + rest % shape[k - 1]) + "," + name;
        names.push_back("y" + name);
    }
    return names;
}

bool all_finite(const Outputs& out, std::int64_t begin, std::int64_t end) {
    return finite(out.y, begin, end) && (out.score.rows == 0 || finite(out.score, begin, end));
}

bool finite_row(const Outputs& out, std::int64_t row, std::int64_t m) {
    const auto finite = [](std::span<const double> numbers) {
        return std::ranges::all_of(numbers, [](double v) { return std::isfinite(v); });
    };
    return finite(out.y.view().row(row).first(static_cast<std::size_t>(m))) &&
           (out.score.rows == 0 || finite(out.score.view().row(row)));
}

std::string not_finite(const Outputs& out, std::int64_t row, const std::vector<std::string>& names) {
    for (std::size_t j = 0; j < names.size(); ++j)
        if (const double y = out.y(row, static_cast<std::int64_t>(j)); !std::isfinite(y)) {
            std::ostringstream text;
            text << (std::isnan(y) ? std::abs(y) : y) << " for output '" << names[j] << "'";   // not -nan
            return text.str();
        }
    return "a score that is not finite";
}

std::optional<WrongScore> wrong_score(const Outputs& out, std::int64_t m, std::int64_t begin, std::int64_t end) {
    std::vector<std::int64_t> right;
    std::vector<WrongScore> wrong;
    for (std::int64_t j = 0; j < m; ++j) {
        const Verdict verdict = verdict_on(out, j, begin, end);
        if (verdict.event && verdict.wrong_at < 0) right.push_back(j);
        if (verdict.event && verdict.wrong_at >= 0) wrong.push_back({j, verdict.wrong_at});
    }
    for (const WrongScore& found : wrong)
        if (std::ranges::none_of(right, [&](std::int64_t k) { return same_scores(out, found.output, k, begin, end); }))
            return found;
    return {};
}

}  // namespace buffon
