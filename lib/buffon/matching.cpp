#include <buffon/matching.hpp>

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include <buffon/auction.hpp>

namespace buffon {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t unlimited = std::numeric_limits<std::int64_t>::max();
constexpr int reduction_passes = 2;

// Measured on uniform costs, integers and squared distances in 2 and 64 dimensions, square and rectangular.
constexpr std::int64_t small = 128;        // columns: below, paths alone are never much slower
constexpr std::int64_t auction_first = 512; // columns of a square problem: from there, begin with the auction
constexpr std::int64_t patience = 10;      // scans of a line, on average, before paths give way to the auction
constexpr double nearly_all = 0.8;         // of the columns are taken: with fewer, the auction is the slower one

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

enum class Outcome { found, none, long_paths };

Outcome by_paths(const CostLines& costs, Matching& m, std::vector<std::int64_t> free, std::int64_t most_scans) {
    Paths paths(costs, m);
    free = paths.reduce(std::move(free), reduction_passes);
    for (const std::int64_t line : free) {
        if (paths.scans() > most_scans) return Outcome::long_paths;
        if (!paths.augment(line)) return Outcome::none;
    }
    return Outcome::found;
}

/// Lines of zeros are left out again; their columns, all at the same highest potential up to rounding, become free.
void drop_added_lines(const CostLines& costs, Matching& m) {
    const double top = *std::ranges::max_element(m.v);
    for (double& v : m.v) v -= top;
    for (std::size_t i = at(costs.real_lines()); i < m.column_of.size(); ++i) {
        m.line_of[at(m.column_of[i])] = -1;
        m.v[at(m.column_of[i])] = 0.0;
    }
    m.column_of.resize(at(costs.real_lines()));
}

bool by_auction(CostLines& costs, Matching& m) {
    costs.fill_up();
    m = Matching(costs);
    std::vector<std::int64_t> free;
    if (!auction(costs, m, free)) return false;
    if (by_paths(costs, m, std::move(free), unlimited) == Outcome::none) return false;
    drop_added_lines(costs, m);
    return true;
}

}  // namespace

std::vector<std::int64_t> Paths::reduce(std::vector<std::int64_t> free, int passes) {
    std::vector<std::int64_t> next;
    for (int pass = 0; pass < passes && !free.empty(); ++pass) {
        std::int64_t moves = 4 * costs_.lines();   // chains may be long, where prices fall by little
        for (std::int64_t line : free)
            while (line >= 0) {
                const TwoSmallest two = costs_.kernel().two_smallest(costs_.line(line), m_.v.data(), costs_.columns());
                ++scans_;
                if (two.next < 0) {   // no second best, no price: a path decides
                    next.push_back(line);
                    break;
                }
                const double lower = m_.v[at(two.at)] - (two.second - two.first);
                const bool falls = lower < m_.v[at(two.at)];
                const std::int64_t column = falls || m_.line_of[at(two.at)] < 0 ? two.at : two.next;
                if (falls) m_.v[at(two.at)] = lower;
                const std::int64_t loser = m_.line_of[at(column)];
                m_.join(line, column);
                line = -1;
                if (loser < 0) continue;
                m_.column_of[at(loser)] = -1;
                if (falls && moves-- > 0) line = loser;
                else next.push_back(loser);
            }
        free.swap(next);
        next.clear();
    }
    return free;
}

/// Dijkstra's algorithm over columns; returns the free one that it ends at, -1 for none.
std::int64_t Paths::search(std::int64_t line) {
    const std::int64_t n = costs_.columns();
    potential_.assign(m_.v.begin(), m_.v.end());
    distance_.assign(at(n), infinity);
    from_.resize(at(n));
    done_.clear();
    done_distance_.clear();
    for (double shift = 0.0;;) {
        length_ = costs_.kernel().relax(costs_.line(line), potential_.data(), shift, line, n, distance_.data(), from_.data());
        ++scans_;
        if (!(length_ < infinity)) return -1;
        const std::int64_t column = costs_.kernel().first_within(distance_.data(), length_, m_.line_of.data(), n);
        line = m_.line_of[at(column)];
        if (line < 0) return column;
        done_.push_back(column);
        done_distance_.push_back(length_);
        distance_[at(column)] = infinity;
        potential_[at(column)] = -infinity;
        shift = length_ - (costs_.cost(line, column) - m_.v[at(column)]);
    }
}

bool Paths::augment(std::int64_t start) {
    std::int64_t column = search(start);
    if (column < 0) return false;
    for (std::size_t k = 0; k < done_.size(); ++k) m_.v[at(done_[k])] += done_distance_[k] - length_;
    for (std::int64_t line = -1; line != start;) {
        line = from_[at(column)];
        const std::int64_t before = m_.column_of[at(line)];
        m_.join(line, column);
        column = before;
    }
    return true;
}

std::int64_t most_path_scans(std::int64_t lines, std::int64_t n) {
    if (lines == n && n >= auction_first) return 0;
    return n < small || static_cast<double>(lines) < nearly_all * static_cast<double>(n) ? unlimited : patience * n;
}

bool match(CostLines& costs, Matching& m) {
    const std::int64_t most_scans = most_path_scans(costs.lines(), costs.columns());
    if (most_scans > 0) {
        std::vector<std::int64_t> all(at(costs.lines()));
        std::iota(all.begin(), all.end(), 0);
        const Outcome outcome = by_paths(costs, m, std::move(all), most_scans);
        if (outcome != Outcome::long_paths) return outcome == Outcome::found;
    }
    return by_auction(costs, m);
}

}  // namespace buffon
