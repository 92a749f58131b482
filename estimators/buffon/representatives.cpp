#include <buffon/representatives.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <buffon/sums.hpp>

namespace buffon {
namespace {

constexpr std::int64_t fewest_points = 256;
constexpr double rounding = 1e-10;   // of a square: what is left of a law that others span

/// Row j: f_j / q_0 at n points of q_0, divided by its norm.
Matrix normalised_densities(const WorkingSpace& space, std::int64_t n) {
    Matrix z = space.initial_points(n), f(n, space.laws()), rows(space.laws(), n);
    space.log_density(z, f);
    space.relative_to_initial(f);
    for (std::int64_t j = 0; j < rows.rows; ++j) {
        const double norm = std::sqrt(sum_of(n, [&](std::int64_t i) { return f(i, j) * f(i, j); }));
        for (std::int64_t i = 0; i < n; ++i) rows(j, i) = norm > 0 ? f(i, j) / norm : 0.0;
    }
    return rows;
}

/// The pivots of a Cholesky factorisation of the rows' Gram matrix, a column of which is made when its row is a pivot.
class Pivoting {
public:
    Pivoting(const Matrix& rows, std::int64_t most) : rows_(rows), factor_(rows.rows, most), alike_(rows.rows, most) {
        for (std::int64_t j = 0; j < rows.rows; ++j) left_.push_back(dot(row(j), row(j), rows.cols));
    }

    /// The row that those before leave most of, and what share of its square.
    std::int64_t worst() const { return std::ranges::max_element(left_) - left_.begin(); }
    double left(std::int64_t j) const { return std::max(left_[static_cast<std::size_t>(j)], 0.0); }

    /// The mean over the rows.
    double unseen() const {
        const std::int64_t n = rows_.rows;
        return sum_of(n, [&](std::int64_t j) { return left(j); }) / static_cast<double>(n);
    }

    void take(std::int64_t pivot) {
        const std::int64_t k = static_cast<std::int64_t>(pivots_.size());
        const double root = std::sqrt(left(pivot));
        for (std::int64_t j = 0; j < rows_.rows; ++j) {
            alike_(j, k) = dot(row(j), row(pivot), rows_.cols);
            const double v = factor_(j, k) = (alike_(j, k) - dot(factors(j), factors(pivot), k)) / root;
            left_[static_cast<std::size_t>(j)] -= v * v;
        }
        left_[static_cast<std::size_t>(pivot)] = 0;
        pivots_.push_back(pivot);
    }
    const std::vector<std::int64_t>& pivots() const { return pivots_; }
    /// The place among the pivots of the one most alike to row j.
    std::int64_t nearest(std::int64_t j) const {
        const auto row = alike_.view().row(j).first(pivots_.size());
        return std::ranges::max_element(row) - row.begin();
    }

private:
    const double* row(std::int64_t j) const { return rows_.view().row(j).data(); }
    const double* factors(std::int64_t j) const { return factor_.view().row(j).data(); }

    const Matrix& rows_;
    Matrix factor_, alike_;   // (J, K)
    std::vector<double> left_;
    std::vector<std::int64_t> pivots_;
};

Representatives everyone(std::int64_t laws) {
    Representatives r;
    r.laws.resize(static_cast<std::size_t>(laws));
    std::iota(r.laws.begin(), r.laws.end(), std::int64_t{0});
    r.of = r.laws;
    return r;
}

}  // namespace

std::vector<double> Representatives::summed(const std::vector<double>& v) const {
    const std::size_t m = v.size() / of.size();
    std::vector<double> sums(laws.size() * m);
    for (std::size_t j = 0; j < of.size(); ++j)
        for (std::size_t k = 0; k < m; ++k) sums[static_cast<std::size_t>(of[j]) * m + k] += v[j * m + k];
    return sums;
}

Representatives representatives_of(const WorkingSpace& space, std::int64_t fewest, std::int64_t most, double tolerance) {
    const std::int64_t laws = space.laws();
    most = std::min(most, laws);
    if (laws <= fewest || (most == laws && tolerance <= 0)) return everyone(laws);
    const Matrix rows = normalised_densities(space, std::max(fewest_points, 2 * most));
    Pivoting pivoting(rows, most);
    for (std::int64_t taken = 0; taken < most && (taken < fewest || pivoting.unseen() > tolerance); ++taken) {
        const std::int64_t next = pivoting.worst();
        if (!(pivoting.left(next) > rounding)) break;
        pivoting.take(next);
    }
    Representatives r;
    std::vector<std::int64_t> order = pivoting.pivots(), place(order.size());
    std::ranges::sort(order);
    for (std::size_t k = 0; k < order.size(); ++k)
        place[k] = std::ranges::lower_bound(order, pivoting.pivots()[k]) - order.begin();
    r.laws = std::move(order);
    for (std::int64_t j = 0; j < laws; ++j) r.of.push_back(place[static_cast<std::size_t>(pivoting.nearest(j))]);
    r.unseen = pivoting.unseen();
    return r;
}

}  // namespace buffon
