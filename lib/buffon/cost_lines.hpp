/// The costs of one assignment problem, line by line and in double: a line belongs to an object of the side with fewer objects.
/// Costs come from a table, whichever way it lies, or are distances between points that no table holds. Not installed.
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/assign.hpp>
#include <buffon/assign_kernels.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// Whether the lines of a table are its columns: the shorter side, or of a square the one that lies in one piece.
bool lines_are_columns(const Costs& costs);

class CostLines {
public:
    /// Copied only where the lines do not lie in one piece.
    explicit CostLines(const Costs& costs, const Kernels& use = buffon::kernels());

    /// |x_i - y_j|^2, or |x_i - y_j| where `root`; n points each. A table holds them where that saves time and is not too large.
    CostLines(ConstView x, ConstView y, bool root, const Kernels& use = buffon::kernels());

    std::int64_t lines() const { return lines_; }
    std::int64_t columns() const { return columns_; }
    bool swapped() const { return swapped_; }   // a line is a column of the table

    /// Good until the next call.
    const double* line(std::int64_t i) const;

    /// line(i)[j], the same bits.
    double cost(std::int64_t i, std::int64_t j) const;

    /// Adds lines of zeros, one for each column too many; `real_lines` stay what they were.
    void fill_up();
    std::int64_t real_lines() const { return real_lines_; }

    const AssignKernels& kernel() const { return kernel_; }

private:
    const AssignKernels& kernel_;
    std::int64_t lines_, columns_, real_lines_, stride_ = 0, dim_ = 0;
    bool swapped_ = false, root_ = false;
    const double* wide_ = nullptr;
    const float* single_ = nullptr;
    const double* points_ = nullptr;
    std::vector<double> copy_, zeros_, coordinates_;
    mutable std::vector<double> buffer_;
};

}  // namespace buffon
