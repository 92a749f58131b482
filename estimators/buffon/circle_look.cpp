#include <buffon/circle_look.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include <Eigen/SVD>

#include <buffon/evaluate_at.hpp>
#include <buffon/event_labels.hpp>

namespace buffon {
namespace {

constexpr double top = 0.02, grown = 4;   // scores of the highest have norms so many standard errors above the law's
constexpr double rounding = 1e-9;

double mean_of(const Matrix& y, std::int64_t column) {
    double sum = 0;
    for (std::int64_t i = 0; i < y.rows; ++i) sum += y(i, column);
    return sum / static_cast<double>(std::max<std::int64_t>(y.rows, 1));
}

double square_norm(std::span<const double> z) {
    double sum = 0;
    for (const double v : z) sum += v * v;
    return sum;
}

}  // namespace

CircleLook::CircleLook(Evaluation& evaluate, const WorkingSpace& space, std::int64_t points, const Stream& stream) {
    if (points < 1) return;
    Matrix z(points, space.dim());
    stream.normal(0, z);
    points_ = evaluate_at(evaluate, space, std::move(z));
    for (std::int64_t j = 0; j < evaluate.wanted(); ++j) {
        if (is_label(evaluate.names()[static_cast<std::size_t>(j)])) events_.labels.push_back(j);
        else if (points_.score.rows > 0 && is_event(j)) events_.columns.push_back(j);
    }
    events_.distances = !events_.columns.empty() && distances_fit();
    if (!events_.labels.empty()) find_subspace();
}

std::int64_t CircleLook::rarest() const {
    std::int64_t best = events_.columns.front();
    for (const std::int64_t j : events_.columns) {
        const double f = mean_of(points_.y, j), g = mean_of(points_.y, best);
        if (f < g || (f == g && mean_of(points_.score, j) < mean_of(points_.score, best))) best = j;
    }
    return best;
}

double CircleLook::frequency() const { return mean_of(points_.y, rarest()); }

bool CircleLook::grows_with_norm() const {
    const std::int64_t j = rarest(), n = points_.z.rows,
                       highest = std::max<std::int64_t>(static_cast<std::int64_t>(top * static_cast<double>(n)), 1);
    std::vector<std::pair<double, double>> all;
    for (std::int64_t i = 0; i < n; ++i) all.emplace_back(-points_.score(i, j), square_norm(points_.z.view().row(i)));
    std::ranges::nth_element(all, all.begin() + highest);
    double sum = 0;
    for (std::int64_t i = 0; i < highest; ++i) sum += all[static_cast<std::size_t>(i)].second;
    const double d = static_cast<double>(points_.z.cols), m = static_cast<double>(highest);
    return sum / m - d > grown * std::sqrt(2 * d / m);
}

bool CircleLook::is_event(std::int64_t j) const {
    for (std::int64_t i = 0; i < points_.y.rows; ++i)
        if (points_.y(i, j) != (points_.score(i, j) > 0 ? 1.0 : 0.0)) return false;
    return true;
}

/// Whether each score is the smallest distance less a constant.
bool CircleLook::distances_fit() const {
    if (events_.labels.size() < 2) return false;
    for (const std::int64_t j : events_.columns) {
        double least = std::numeric_limits<double>::infinity(), most = -least, largest = 0;
        for (std::int64_t i = 0; i < points_.score.rows; ++i) {
            const double score = points_.score(i, j), distance = std::ranges::min(labels_of(i));
            if (!(std::abs(score) < std::numeric_limits<double>::max())) continue;
            least = std::min(least, distance - score);
            most = std::max(most, distance - score);
            largest = std::max({largest, std::abs(score), std::abs(distance)});
        }
        if (most - least > rounding * largest) return false;
    }
    return true;
}

std::vector<double> CircleLook::labels_of(std::int64_t i) const {
    std::vector<double> out;
    for (const std::int64_t j : events_.labels) out.push_back(points_.y(i, j));
    return out;
}

void CircleLook::find_subspace() {
    std::map<std::int64_t, std::vector<std::int64_t>> members;
    for (std::int64_t i = 0; i < points_.y.rows; ++i) {
        const std::vector<double> row = labels_of(i);
        members[row.size() == 1 ? static_cast<std::int64_t>(row[0]) : std::ranges::min_element(row) - row.begin()].push_back(i);
    }
    const std::int64_t d = points_.z.cols, r = static_cast<std::int64_t>(members.size()) - 1;
    if (r < 1 || r >= d) return;
    Eigen::MatrixXd means = Eigen::MatrixXd::Zero(r + 1, d);
    std::int64_t k = 0;
    for (const auto& [label, rows] : members) {
        for (const std::int64_t i : rows)
            for (std::int64_t j = 0; j < d; ++j) means(k, j) += points_.z(i, j) / std::sqrt(static_cast<double>(rows.size()));
        ++k;
    }
    const Eigen::JacobiSVD<Eigen::MatrixXd> svd(means, Eigen::ComputeThinV);
    subspace_ = Matrix(r, d);
    for (std::int64_t a = 0; a < r; ++a)
        for (std::int64_t j = 0; j < d; ++j) subspace_(a, j) = svd.matrixV()(j, a);
}

}  // namespace buffon
