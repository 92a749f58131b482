#include <buffon/design_search.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>
#include <utility>

#include <buffon/evaluate_at.hpp>
#include <buffon/nearest_point.hpp>
#include <buffon/stream.hpp>

namespace buffon {
namespace {

constexpr std::size_t planes_kept = 4;
constexpr std::array<double, 5> steps{1, 0.5, 0.25, 0.1, 0.03};   // of a line search, in one batch
constexpr double furthest = 10;          // from the origin in one step: a plane of a curved surface may lead anywhere
constexpr double further = 1.5;          // times as far out in the steps from there, as long as the score leads on
constexpr double end_of_laws = 37;       // the normal law's last probability that is no denormal number
constexpr double near_enough = 0.01;     // scores, in their standard deviation, at which a descent that stands still has arrived
constexpr double touching = 10;          // tolerances: distance of a plane from a point that lies on it
constexpr double same_plane = 0.98;      // cosine of the normals of two linearisations of one surface
constexpr double apart = 0.3;            // distance of two design points, relative to the nearer one's
// Bulges reach 1.1 times as far as the origin, and are as steep as the score three quarters of that way: values of the source.
constexpr double bulge_radius = 1.1, bulge_slope = 0.75;
constexpr std::uint32_t search_stream = 800;     // id of random starts; far hits use the next
constexpr std::int64_t far_points = 64;          // that look for other regions, of one look

double dot(std::span<const double> a, std::span<const double> b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}
double length(std::span<const double> a) { return std::sqrt(dot(a, a)); }
bool is_a_score(double s) { return std::abs(s) < std::numeric_limits<double>::max(); }

std::vector<double> mixed(const std::vector<double>& a, const std::vector<double>& b, double share) {
    std::vector<double> out(a.size());
    for (std::size_t i = 0; i < a.size(); ++i) out[i] = a[i] + share * (b[i] - a[i]);
    return out;
}

/// v <- v - (v . a) a.
void subtract(std::vector<double>& v, const std::vector<double>& a) {
    const double c = dot(v, a);
    for (std::size_t i = 0; i < a.size(); ++i) v[i] -= c * a[i];
}

std::vector<double> scaled(std::vector<double> a, double factor) {
    for (double& v : a) v *= factor;
    return a;
}

double distance(const std::vector<double>& a, const std::vector<double>& b) {
    double square = 0;
    for (std::size_t i = 0; i < a.size(); ++i) square += (a[i] - b[i]) * (a[i] - b[i]);
    return std::sqrt(square);
}

double standard_deviation(ConstView table, std::int64_t j) {
    double n = 0, sum = 0, squares = 0;
    for (std::int64_t i = 0; i < table.rows; ++i)
        if (is_a_score(table(i, j))) {
            n += 1;
            sum += table(i, j);
        }
    for (std::int64_t i = 0; i < table.rows && n > 0; ++i)
        if (is_a_score(table(i, j))) squares += (table(i, j) - sum / n) * (table(i, j) - sum / n);
    return n > 0 ? std::sqrt(squares / n) : 0.0;
}

}  // namespace

DesignSearch::DesignSearch(Evaluation& evaluate, const WorkingSpace& space, ConstView z, ConstView score,
                           const SearchOptions& options)
    : evaluate_(evaluate), space_(space), z_(z), score_(score), options_(options) {
    for (std::int64_t j = 0; j < score.cols; ++j) scale_.push_back(standard_deviation(score, j));
}

const std::vector<DesignPoint>& DesignSearch::run() {
    if (score_.rows == 0 || !affords(1)) return found_;
    const Draws origin = evaluate_at(evaluate_, space_, Matrix(1, space_.dim()));
    ++spent_;
    const std::vector<std::int64_t> family = families_of(score_);
    std::vector<std::int64_t> order(family.size());
    std::iota(order.begin(), order.end(), std::int64_t{0});
    // the nearest level of a family first: its points lead to those of the others
    std::ranges::stable_sort(order, std::greater{}, [&](std::int64_t j) { return origin.score(0, j); });
    std::erase_if(order, [&](std::int64_t j) { return origin.score(0, j) > 0 || !(scale_[static_cast<std::size_t>(j)] > 0); });
    while (!order.empty()) {
        const std::int64_t own = family[static_cast<std::size_t>(order.front())];
        std::vector<std::int64_t> levels;
        std::ranges::copy_if(order, std::back_inserter(levels),
                             [&](std::int64_t j) { return family[static_cast<std::size_t>(j)] == own; });
        std::erase_if(order, [&](std::int64_t j) { return family[static_cast<std::size_t>(j)] == own; });
        search(levels);
    }
    return found_;
}

/// Points of all levels of a family: each one that the first has leads to those of the others.
void DesignSearch::search(const std::vector<std::int64_t>& levels) {
    const std::int64_t first = levels.front();
    const auto follow = [&](const std::vector<double>& from) {
        if (!try_start(first, from)) return false;
        for (std::size_t k = 1; k < levels.size(); ++k) try_start(levels[k], std::vector<double>(found_.back().u));
        return true;
    };
    follow(best_known(first, false));
    for (std::int64_t attempt = 0, in_vain = 0; in_vain < options_.starts && !exhausted_; ++attempt) {
        const auto from = start(first, attempt);
        in_vain = from && follow(*from) ? 0 : in_vain + 1;
    }
}

/// Whether a new point was found.
bool DesignSearch::try_start(std::int64_t output, const std::vector<double>& start) {
    const bool hidden = !of(output).empty();
    auto point = descend(output, start, hidden);
    if (point && hidden && bulges(output, point->u) > 0)
        point = descend(output, point->u, false);   // a bulge's own foot, perhaps
    if (!point || is_known(*point)) return false;
    found_.push_back(std::move(*point));
    return true;
}

bool DesignSearch::is_known(const DesignPoint& point) const {
    return std::ranges::any_of(of(point.output), [&](const DesignPoint* p) {
        return distance(p->u, point.u) < apart * std::min(p->beta, point.beta);
    });
}

std::optional<DesignPoint> DesignSearch::descend(std::int64_t output, std::vector<double> start, bool hidden) {
    if (!affords(1)) return {};
    const double scale = scale_[static_cast<std::size_t>(output)];
    Matrix first(1, space_.dim());
    first.data = start;
    Place at{std::move(start), scores_at(output, first, hidden).front()};
    std::deque<Plane> planes;
    for (std::int64_t iteration = 0; iteration < options_.iterations; ++iteration) {
        if (!is_a_score(at.score)) return {};
        auto plane = linearise(output, at, hidden);
        if (!plane) return {};
        const double slope = length(plane->slope);
        planes.push_back(std::move(*plane));
        if (planes.size() > planes_kept) planes.pop_front();
        const double size = std::max(length(at.u), 1.0);
        const auto target = nearest_point({planes.back().slope}, std::vector<double>{planes.back().level});
        if (std::abs(at.score) <= options_.tolerance * slope * size && target &&
            distance(*target, at.u) <= options_.tolerance * size * 10)
            return arrived(output, at, planes, true);
        auto next = next_place(output, at, planes, hidden);
        if (!next)
            return std::abs(at.score) <= near_enough * scale ? std::optional(arrived(output, at, planes, false))
                                                             : std::nullopt;
        const double moved = distance(next->u, at.u);
        at = std::move(*next);
        if (moved <= options_.tolerance * size && std::abs(at.score) <= options_.tolerance * slope * size)
            return arrived(output, at, planes, true);
    }
    return std::abs(at.score) <= near_enough * scale ? std::optional(arrived(output, at, planes, false)) : std::nullopt;
}

/// With the planes of the last steps that touch the point from different sides. Those taken at a corner itself mix its surfaces.
DesignPoint DesignSearch::arrived(std::int64_t output, const Place& at, const std::deque<Plane>& planes, bool converged) const {
    DesignPoint point{output, at.u, length(at.u), length(planes.back().slope), converged};
    for (auto plane = planes.rbegin(); plane != planes.rend(); ++plane) {
        const double size = length(plane->slope);
        const double close = options_.tolerance * std::max(point.beta, 1.0);
        if (distance(plane->at, at.u) <= close ||
            std::abs(dot(plane->slope, at.u) + plane->level) > touching * close * size)
            continue;
        std::vector<double> normal = scaled(plane->slope, 1 / size);
        if (std::ranges::none_of(point.normals,
                                 [&](const auto& other) { return std::abs(dot(other, normal)) > same_plane; }))
            point.normals.push_back(std::move(normal));
    }
    if (point.normals.size() < 2) point.normals.clear();
    return point;
}

std::int64_t DesignSearch::stencil() const { return space_.dim() * (options_.differences == Differences::central ? 2 : 1); }

std::optional<DesignSearch::Plane> DesignSearch::linearise(std::int64_t output, const Place& at, bool hidden) {
    if (!affords(stencil())) return {};
    const std::int64_t d = space_.dim();
    const bool central = options_.differences == Differences::central;
    Matrix z(stencil(), d);
    for (std::int64_t i = 0; i < z.rows; ++i) {
        std::ranges::copy(at.u, z.view().row(i).begin());
        z(i, i % d) += i < d ? options_.step : -options_.step;
    }
    const std::vector<double> s = scores_at(output, z, hidden);
    Plane plane{std::vector<double>(static_cast<std::size_t>(d)), 0, at.u};
    for (std::int64_t j = 0; j < d; ++j) {
        const auto k = static_cast<std::size_t>(j);
        const double there = s[k], here = central ? s[k + static_cast<std::size_t>(d)] : at.score;
        if (is_a_score(there) && is_a_score(here))
            plane.slope[k] = (there - here) / (central ? 2 * options_.step : options_.step);
    }
    if (!(dot(plane.slope, plane.slope) > 0)) return {};
    plane.level = at.score - dot(plane.slope, at.u);
    return plane;
}

/// The least |u|^2 / 2 + c |s| on the ways to the nearest point of the last plane, and of all of them.
std::optional<DesignSearch::Place> DesignSearch::next_place(std::int64_t output, const Place& at,
                                                            const std::deque<Plane>& planes, bool hidden) {
    std::vector<std::vector<double>> targets;   // one or two
    const auto aim = [&](auto first) {
        std::vector<std::vector<double>> slopes;
        std::vector<double> levels;
        for (; first != planes.end(); ++first) {
            slopes.push_back(first->slope);
            levels.push_back(first->level);
        }
        auto target = nearest_point(slopes, levels);
        if (!target) return;
        const double size = length(*target),
                     most = std::min(std::max(further * length(at.u), furthest), std::max(length(at.u), end_of_laws));
        targets.push_back(size > most ? scaled(std::move(*target), most / size) : std::move(*target));
    };
    aim(planes.end() - 1);
    if (planes.size() > 1) aim(planes.begin());
    if (targets.size() == 2 && distance(targets[0], targets[1]) <= options_.tolerance) targets.pop_back();
    if (targets.empty() || !affords(static_cast<std::int64_t>(targets.size() * steps.size()))) return {};
    Matrix z(static_cast<std::int64_t>(targets.size() * steps.size()), space_.dim());
    std::int64_t row = 0;
    for (const auto& target : targets)
        for (const double share : steps) std::ranges::copy(mixed(at.u, target, share), z.view().row(row++).begin());
    const std::vector<double> s = scores_at(output, z, hidden);
    const double penalty = 2 * std::max(length(at.u), length(targets.front())) / length(planes.back().slope);
    const auto merit = [&](std::span<const double> u, double score) {
        return is_a_score(score) ? 0.5 * dot(u, u) + penalty * std::abs(score) : std::numeric_limits<double>::infinity();
    };
    double least = merit(at.u, at.score);
    std::optional<Place> best;
    for (std::int64_t i = 0; i < z.rows; ++i) {
        const auto u = z.view().row(i);
        if (const double value = merit(u, s[static_cast<std::size_t>(i)]); value < least) {
            least = value;
            best = Place{{u.begin(), u.end()}, s[static_cast<std::size_t>(i)]};
        }
    }
    return best;
}

/// Opposite to the newest point; opposite to all; the best known point, or a hit far out, away from all; then across.
std::optional<std::vector<double>> DesignSearch::start(std::int64_t output, std::int64_t attempt) {
    const auto points = of(output);
    if (points.empty()) return attempt == 0 ? far_hit(output) : across(output, attempt);
    if (attempt % 4 == 0) return scaled(points.back()->u, -1);
    if (attempt % 4 == 1 && points.size() > 1) {
        std::vector<double> all(points.front()->u.size());
        for (const DesignPoint* p : points)
            for (std::size_t i = 0; i < all.size(); ++i) all[i] -= p->u[i];
        if (const double size = length(all); size > apart * points.front()->beta)
            return scaled(std::move(all), points.front()->beta / size);
    }
    if (attempt % 4 == 2) return far_hit(output);
    if (attempt % 4 == 3)
        if (auto best = best_known(output, true); !best.empty()) return best;
    return across(output, attempt);
}

/// The known point with the largest score; `beyond`: at an obtuse angle to all that was found, none where there is none.
std::vector<double> DesignSearch::best_known(std::int64_t output, bool beyond) const {
    const auto points = of(output);
    std::int64_t best = -1;
    for (std::int64_t i = 0; i < z_.rows; ++i) {
        if (!is_a_score(score_(i, output)) || (best >= 0 && score_(i, output) <= score_(best, output))) continue;
        if (beyond && std::ranges::any_of(points, [&](const DesignPoint* p) { return dot(p->u, z_.row(i)) > 0; })) continue;
        best = i;
    }
    if (best < 0) return {};
    return {z_.row(best).begin(), z_.row(best).end()};
}

/// Of points from a law as wide as the nearest design point is far, the highest score that no design point's plane explains.
std::optional<std::vector<double>> DesignSearch::far_hit(std::int64_t output) {
    if (!affords(far_points)) return {};
    const auto points = of(output);
    double beta = 3;
    for (const DesignPoint* p : points) beta = p == points.front() ? p->beta : std::min(beta, p->beta);
    Matrix z(far_points, space_.dim());
    Stream{evaluate_.key(), search_stream + 1}.normal(spent_, z);   // no two looks at the same place
    for (double& v : z.data) v *= std::max(0.5 * beta, 1.0);
    const std::vector<double> s = scores_at(output, z, false);
    std::int64_t best = -1;
    for (std::int64_t i = 0; i < z.rows; ++i) {
        const double here = s[static_cast<std::size_t>(i)];
        if (!is_a_score(here) || (best >= 0 && here <= s[static_cast<std::size_t>(best)])) continue;
        if (std::ranges::any_of(
                points, [&](const DesignPoint* p) { return dot(p->u, z.view().row(i)) > 0.7 * p->beta * p->beta; }))
            continue;
        best = i;
    }
    if (best < 0) return {};
    return std::vector<double>(z.view().row(best).begin(), z.view().row(best).end());
}

/// A random direction across all points found, as far out as the first of them.
std::vector<double> DesignSearch::across(std::int64_t output, std::int64_t attempt) const {
    const auto points = of(output);
    Matrix z(1, space_.dim());
    Stream{evaluate_.key(), search_stream}.normal(64 * output + attempt, z);
    std::vector<std::vector<double>> axes;
    for (const DesignPoint* p : points) {
        std::vector<double> axis = scaled(p->u, 1 / p->beta);
        for (const auto& a : axes) subtract(axis, a);
        if (const double size = length(axis); size > 1e-6 && static_cast<std::int64_t>(axes.size()) + 1 < space_.dim())
            axes.push_back(scaled(std::move(axis), 1 / size));
    }
    for (const auto& a : axes) subtract(z.data, a);
    return scaled(z.data, (points.empty() ? 3.0 : points.front()->beta) / std::max(length(z.data), 1e-300));
}

/// The output's scores, less the bulges about its points where these are hidden.
std::vector<double> DesignSearch::scores_at(std::int64_t output, const Matrix& z, bool hidden) {
    spent_ += z.rows;
    const Draws draws = evaluate_at(evaluate_, space_, z);
    std::vector<double> s(static_cast<std::size_t>(z.rows));
    for (std::int64_t i = 0; i < z.rows; ++i) {
        const double raw = draws.score(i, output);
        s[static_cast<std::size_t>(i)] = hidden && is_a_score(raw) ? raw - bulges(output, draws.z.view().row(i)) : raw;
    }
    return s;
}

double DesignSearch::bulges(std::int64_t output, std::span<const double> u) const {
    double sum = 0;
    for (const DesignPoint* p : of(output)) {
        double square = 0;
        for (std::size_t i = 0; i < u.size(); ++i) square += (u[i] - p->u[i]) * (u[i] - p->u[i]);
        const double reach = bulge_radius * p->beta, inner = bulge_slope * p->beta, rest = reach * reach - square;
        if (!(rest > 0)) continue;
        const double between = reach * reach - inner * inner;
        sum += inner * p->slope / (between * between) * rest * rest;
    }
    return sum;
}

std::vector<const DesignPoint*> DesignSearch::of(std::int64_t output) const {
    std::vector<const DesignPoint*> out;
    for (const DesignPoint& p : found_)
        if (p.output == output) out.push_back(&p);
    return out;
}

bool DesignSearch::affords(std::int64_t evaluations) {
    if (spent_ + evaluations <= options_.most) return true;
    exhausted_ = true;
    return false;
}

}  // namespace buffon
