#include <buffon/second_best.hpp>

#include <algorithm>
#include <limits>
#include <vector>

namespace buffon {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// The free columns together: a line of zeros with dual 0 whose own columns they are.
constexpr std::int64_t outside = -1;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

class Cycles {
public:
    Cycles(const CostLines& costs, const Matching& m, std::span<const double> u)
        : costs_(costs), m_(m), u_(u), n_(costs.columns()), zeros_(at(n_), 0.0), open_(m.v), from_(at(n_)) {}

    double shortest() {
        for (std::int64_t i = 0; i < costs_.real_lines() && extra_ > 0.0; ++i) {
            search(i);
            open_[at(m_.column_of[at(i)])] = -infinity;   // no later cycle need go through it
        }
        return extra_;
    }

private:
    const double* line(std::int64_t i) const { return i == outside ? zeros_.data() : costs_.line(i); }
    double dual(std::int64_t i) const { return i == outside ? 0.0 : u_[at(i)]; }

    /// The shortest way from a line to its own column, if it is shorter than all before.
    void search(std::int64_t start) {
        potential_.assign(open_.begin(), open_.end());
        distance_.assign(at(n_), infinity);
        std::int64_t i = start;
        for (double length = 0.0;;) {
            relax(i, length);
            if (i == start) length = forget_own(start);   // to stay is no way
            else length = least_;
            if (!(length < shortest_)) return;
            const std::int64_t column = costs_.kernel().first_within(distance_.data(), length, m_.line_of.data(), n_);
            i = m_.line_of[at(column)];
            if (i == start) {
                shortest_ = length;
                extra_ = std::min(extra_, extra_cost(column, start));
                return;
            }
            if (i == outside) {
                entered_ = column;
                for (std::int64_t j = 0; j < n_; ++j)
                    if (m_.line_of[at(j)] < 0) close(j);
            } else {
                close(column);
            }
        }
    }

    void relax(std::int64_t i, double length) {
        least_ = costs_.kernel().relax(line(i), potential_.data(), length - dual(i), i, n_, distance_.data(), from_.data());
    }

    void close(std::int64_t column) {
        distance_[at(column)] = infinity;
        potential_[at(column)] = -infinity;
    }

    /// Returns the smallest distance that is left.
    double forget_own(std::int64_t start) {
        distance_[at(m_.column_of[at(start)])] = infinity;
        return *std::ranges::min_element(distance_);
    }

    /// Of the cycle that closes with `column`, from the costs themselves: exact where they are integers.
    double extra_cost(std::int64_t column, std::int64_t start) const {
        double extra = 0.0;
        for (std::int64_t i = outside - 1; i != start;) {
            i = from_[at(column)];
            if (i == outside) {
                column = entered_;
                continue;
            }
            extra += costs_.cost(i, column) - costs_.cost(i, m_.column_of[at(i)]);
            column = m_.column_of[at(i)];
        }
        return std::max(extra, 0.0);
    }

    const CostLines& costs_;
    const Matching& m_;
    std::span<const double> u_;
    std::int64_t n_, entered_ = outside;
    std::vector<double> zeros_, open_, potential_, distance_;
    std::vector<std::int64_t> from_;
    double least_ = 0.0, shortest_ = infinity, extra_ = infinity;
};

}  // namespace

double second_best_gap(const CostLines& costs, const Matching& matching, std::span<const double> u) {
    return Cycles(costs, matching, u).shortest();
}

}  // namespace buffon
