#include <buffon/per_value.hpp>

#include <array>
#include <cmath>
#include <string>

namespace buffon {
namespace {

constexpr std::array heaviest{"pareto_k", "pareto_k_residual", "one_row_more"};
constexpr std::array fewest{"effective_terms"};
constexpr std::array of_value_alone{"uncovered", "r_squared", "variance_ratio",
                                    "coefficients"};   // the last one a row for each control

/// Rows of m numbers, one for each value; none where the diagnostic is missing.
Matrix rows_of(const Estimate& e, const char* name) {
    const auto found = e.diagnostics.find(name);
    if (found == e.diagnostics.end()) return {};
    const auto& numbers = std::get<std::vector<double>>(found->second);
    Matrix out(static_cast<std::int64_t>(numbers.size()) / e.size(), e.size());
    out.data = numbers;
    return out;
}

/// `worse` of the parts of each value, row by row; NaN, nothing to judge, is the least of all.
template <std::size_t N, class Worse>
void reduce(const std::array<const char*, N>& names, const Estimate& from, const Parts& parts, const Worse& worse, Estimate& to) {
    for (const char* name : names) {
        const Matrix rows = rows_of(from, name);
        if (rows.rows == 0) continue;
        std::vector<double> out;
        for (std::int64_t i = 0; i < rows.rows; ++i)
            for (const auto& made_of : parts) {
                double seen = std::nan("");
                for (const std::int64_t j : made_of) seen = worse(seen, rows(i, j));
                out.push_back(seen);
            }
        to.diagnostics[name] = std::move(out);
    }
}

double larger(double a, double b) { return std::fmax(a, b); }
double smaller(double a, double b) { return std::fmin(a, b); }

void carry_tails(const Estimate& from, const Parts& parts, Estimate& to) {
    reduce(heaviest, from, parts, larger, to);
    reduce(fewest, from, parts, smaller, to);
}

}  // namespace

void carry_per_value(const Estimate& from, const Parts& parts, Estimate& to) {
    carry_tails(from, parts, to);
    to.diagnostics.erase("picture");
    for (const char* name : of_value_alone) to.diagnostics.erase(name);
}

void keep_per_value(const Estimate& from, const std::vector<std::int64_t>& kept, Estimate& to) {
    Parts parts;
    for (const std::int64_t j : kept) parts.push_back({j});
    carry_tails(from, parts, to);
    to.diagnostics.erase("picture");
    reduce(of_value_alone, from, parts, larger, to);
}

std::map<std::string, Diagnostic> merged_diagnostics(const Estimate& a, const Estimate& b) {
    Estimate both, out;   // the values of a, then those of b
    both.value.resize(a.value.size() + b.value.size());
    for (const auto& [name, of_a] : a.diagnostics) {
        const auto of_b = b.diagnostics.find(name);
        if (of_b == b.diagnostics.end()) continue;
        if (of_a == of_b->second) out.diagnostics[name] = of_a;
        if (!std::holds_alternative<std::vector<double>>(of_a)) continue;
        auto numbers = std::get<std::vector<double>>(of_a);
        const auto& more = std::get<std::vector<double>>(of_b->second);
        numbers.insert(numbers.end(), more.begin(), more.end());
        both.diagnostics[name] = std::move(numbers);
    }
    Parts parts;
    for (std::int64_t j = 0; j < a.size(); ++j) parts.push_back({j, a.size() + j});
    carry_tails(both, parts, out);
    return out.diagnostics;
}

}  // namespace buffon
