/// A matching of all lines of a problem with columns, and column potentials v that prove it: a line's column has its smallest
/// c - v. What assignment is made of. Not installed.
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/cost_lines.hpp>

namespace buffon {

struct Matching {
    std::vector<std::int64_t> column_of;   // (lines)
    std::vector<std::int64_t> line_of;     // (columns), -1 for none
    std::vector<double> v;                 // (columns): <= 0, and 0 where unassigned

    explicit Matching(const CostLines& costs)
        : column_of(static_cast<std::size_t>(costs.lines()), -1), line_of(static_cast<std::size_t>(costs.columns()), -1),
          v(static_cast<std::size_t>(costs.columns()), 0.0) {}
    void join(std::int64_t line, std::int64_t column) {
        column_of[static_cast<std::size_t>(line)] = column;
        line_of[static_cast<std::size_t>(column)] = line;
    }
};

/// Completes a matching; keeps its memory, and counts the lines that it scans.
class Paths {
public:
    Paths(const CostLines& costs, Matching& matching) : costs_(costs), m_(matching) {}

    /// Augmenting row reduction of Jonker and Volgenant: each free line takes its best column and lowers its potential
    /// to the second
    /// best's; a line that loses its column goes on at once, or waits for the next pass. Returns the lines that are still free.
    std::vector<std::int64_t> reduce(std::vector<std::int64_t> free, int passes);

    /// Along the shortest augmenting path from a free line. False if no path of allowed pairs leads to a free column.
    bool augment(std::int64_t line);

    std::int64_t scans() const { return scans_; }

private:
    std::int64_t search(std::int64_t line);

    const CostLines& costs_;
    Matching& m_;
    std::int64_t scans_ = 0;
    std::vector<double> potential_, distance_, done_distance_;
    std::vector<std::int64_t> from_, done_;
    double length_ = 0.0;   // of the path
};

/// Scans of lines that paths may take before a problem is given to the auction; 0: it begins there.
std::int64_t most_path_scans(std::int64_t lines, std::int64_t columns);

/// The optimal matching; false if none has allowed pairs only.
bool match(CostLines& costs, Matching& matching);

}  // namespace buffon
