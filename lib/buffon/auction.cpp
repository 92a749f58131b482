#include <buffon/auction.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

namespace buffon {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double shrink = 5.0;           // of the increment, from one round to the next
constexpr double last_increment = 1e-3;  // of the range of the costs, over the number of columns
constexpr double whole_increment = 0.2;  // where all costs are integers
constexpr std::int64_t most_scans = 100; // of each line: then the auction gives up, and paths do the rest

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// The columns nearest to a line when it was scanned. Prices only rise (v only falls), so what was beyond `bound` still is, and
/// two of these at or below it are the best two.
struct Near {
    static constexpr int room = 16;
    int count = 0;
    double bound = 0.0;
    std::array<std::int32_t, room> column{};
    std::array<double, room> cost{};
};

class Auction {
public:
    Auction(const CostLines& costs, Matching& matching)
        : costs_(costs), m_(matching), n_(costs.columns()), near_(at(n_)) {}

    /// False if a line has no allowed pair.
    bool run() {
        double range = 0.0;
        bool whole = true;
        for (std::int64_t i = 0; i < n_; ++i) {
            whole = whole && costs_.kernel().whole_costs(costs_.line(i), n_);
            const double spread = scan(i);
            if (near_[at(i)].count == 0) return false;
            range = std::max(range, spread);
        }
        const double last = std::max(range * last_increment / static_cast<double>(n_), whole ? whole_increment : 0.0);
        for (double increment = range / shrink; increment > 0.0; increment = std::max(increment / shrink, last)) {
            release(increment);
            if (!bid_all(increment) || increment <= last) break;
        }
        if (whole)   // potentials in between would leave few pairs tight, whole ones many
            for (double& v : m_.v) v = std::nearbyint(v);
        return true;
    }

private:
    /// Fills the line's list; returns the spread of the nearest columns of the classes, a measure of the range of the costs.
    double scan(std::int64_t line) {
        const double* c = costs_.line(line);
        double value[near_classes];
        std::int64_t column[near_classes];
        double bound = costs_.kernel().nearest_of_classes(c, m_.v.data(), n_, value, column);
        std::array<std::pair<double, std::int64_t>, near_classes> found;
        int count = 0;
        double low = infinity, high = -infinity;
        for (std::size_t k = 0; k < near_classes; ++k) {
            if (!(value[k] < infinity)) continue;
            low = std::min(low, value[k]);
            high = std::max(high, value[k]);
            if (value[k] <= bound) found[at(count++)] = {value[k], column[k]};
        }
        std::sort(found.begin(), found.begin() + count);
        if (count > Near::room) {
            bound = found[Near::room].first;
            count = Near::room;
        }
        Near& near = near_[at(line)];
        near.count = count;
        near.bound = bound;
        for (std::size_t k = 0; k < at(count); ++k) {
            near.column[k] = static_cast<std::int32_t>(found[k].second);
            near.cost[k] = c[found[k].second];
        }
        ++scans_;
        return std::max(high - low, 0.0);
    }

    TwoSmallest best_of(const Near& near) const {
        TwoSmallest two{infinity, infinity, -1, -1};
        for (std::size_t k = 0; k < at(near.count); ++k) {
            const double x = near.cost[k] - m_.v[at(near.column[k])];
            if (x < two.first) {
                two.second = two.first;
                two.first = x;
                two.at = near.column[k];
            } else if (x < two.second) {
                two.second = x;
            }
        }
        return two;
    }

    /// The best column and the value of the second best, of all columns.
    TwoSmallest best(std::int64_t line) {
        const Near& near = near_[at(line)];
        TwoSmallest two = best_of(near);
        if (two.second <= near.bound && two.at >= 0) return two;
        scan(line);
        two = best_of(near);
        two.second = std::min(two.second, near.bound);
        return two;
    }

    /// Lines whose column is no longer within an increment of the best give it up and wait.
    void release(double increment) {
        waiting_.clear();
        for (std::int64_t i = n_ - 1; i >= 0; --i) {
            const std::int64_t j = m_.column_of[at(i)];
            if (j >= 0) {
                const double value = costs_.cost(i, j) - m_.v[at(j)];
                if (value <= best(i).first + increment) continue;
                m_.line_of[at(j)] = -1;
                m_.column_of[at(i)] = -1;
            }
            waiting_.push_back(i);
        }
    }

    /// False if that takes too long.
    bool bid_all(double increment) {
        while (!waiting_.empty()) {
            const std::int64_t line = waiting_.back();
            waiting_.pop_back();
            const TwoSmallest two = best(line);
            const double margin = two.second < infinity ? two.second - two.first : 0.0;
            m_.v[at(two.at)] -= margin + increment;
            const std::int64_t loser = m_.line_of[at(two.at)];
            m_.join(line, two.at);
            if (loser >= 0) {
                m_.column_of[at(loser)] = -1;
                waiting_.push_back(loser);
            }
            if (scans_ > most_scans * n_ || ++bids_ > 10 * most_scans * n_) return false;
        }
        return true;
    }

    const CostLines& costs_;
    Matching& m_;
    std::int64_t n_, scans_ = 0, bids_ = 0;
    std::vector<Near> near_;
    std::vector<std::int64_t> waiting_;
};

}  // namespace

bool auction(const CostLines& costs, Matching& m, std::vector<std::int64_t>& free) {
    if (!Auction(costs, m).run()) return false;
    const std::int64_t n = costs.columns();
    const std::vector<std::int64_t> proposed = m.column_of;
    std::vector<double> smallest(at(n), infinity);
    std::vector<std::int64_t> by(at(n), -1);
    // duals of the lines, and the highest potentials that they allow: each column is tight with a line
    std::vector<double> u(at(n));
    for (std::int64_t i = 0; i < n; ++i) {
        const double* c = costs.line(i);
        u[at(i)] = costs.kernel().two_smallest(c, m.v.data(), n).first;
        costs.kernel().column_minima(c, u[at(i)], i, n, smallest.data(), by.data());
    }
    if (std::ranges::find(by, -1) != by.end()) return false;
    m = Matching(costs);
    m.v = smallest;
    for (std::int64_t i = 0; i < n; ++i) {
        const std::int64_t j = proposed[at(i)];
        if (j >= 0 && costs.cost(i, j) - u[at(i)] <= m.v[at(j)]) m.join(i, j);
    }
    for (std::int64_t j = 0; j < n; ++j)
        if (m.line_of[at(j)] < 0 && m.column_of[at(by[at(j)])] < 0) m.join(by[at(j)], j);
    free.clear();
    for (std::int64_t i = 0; i < n; ++i)
        if (m.column_of[at(i)] < 0) free.push_back(i);
    return true;
}

}  // namespace buffon
