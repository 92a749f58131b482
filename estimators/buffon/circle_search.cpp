#include <buffon/circle_search.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace buffon {
namespace {

constexpr double turn = 2 * std::numbers::pi;
constexpr double narrowest = 1e-9;    // cell, in radians: what may hide there has no weight
constexpr double finest_bump = 1.0 / 64;    // of a circle's quarter: a peak is known
constexpr double least_move = 0.05;   // of a cell, from its node
constexpr double doubt = 0.05;        // of a bump's height over its neighbours

}  // namespace

void CircleSearch::add(double phase, std::span<const double> score, std::span<const double> labels) {
    labels_ = labels.size();
    Node node{phase, scores_.size() / std::max<std::size_t>(events_, 1), 0};
    if (labels_ == 1) node.own = static_cast<std::int64_t>(labels[0]);
    else if (labels_ > 1) node.own = std::ranges::min_element(labels) - labels.begin();
    scores_.insert(scores_.end(), score.begin(), score.end());
    label_.insert(label_.end(), labels.begin(), labels.end());
    nodes_.insert(std::ranges::upper_bound(nodes_, phase, {}, &Node::phase), node);
}

double CircleSearch::width(std::size_t cell) const {
    const double w = nodes_[after(cell)].phase - nodes_[cell].phase;
    return after(cell) == 0 ? w + turn : w;
}

/// The score that node i would have, were its class another one.
double CircleSearch::as_class(std::size_t i, std::size_t j, std::int64_t label) const {
    const double* distance = &label_[nodes_[i].at * labels_];
    return score(i, j) + distance[label] - distance[nodes_[i].own];
}

/// Until the bracket is no wider than what is known of its arc.
bool CircleSearch::edge_open(std::size_t cell, std::size_t j) const {
    const bool forward = hit(after(cell), j);   // the arc lies behind the cell
    double extent = 0;
    for (std::size_t i = forward ? after(cell) : cell, seen = 0; seen < nodes_.size(); ++seen) {
        const std::size_t next = forward ? after(i) : before(i);
        if (!hit(next, j)) break;
        extent += width(forward ? i : next);
        i = next;
    }
    return width(cell) > std::max(extent, narrowest);
}

/// Between two classes, both ends outside of the event. Distances rise towards the border: the score's peak is not
/// above what each end says
/// of the other's class. Mere numbers tell nothing of the peak.
bool CircleSearch::may_hide(std::size_t cell, std::size_t j) const {
    const std::size_t a = cell, b = after(cell);
    if (nodes_[a].own == nodes_[b].own || hit(a, j) || hit(b, j) || width(cell) < narrowest) return false;
    if (distances_) return std::min(as_class(a, j, nodes_[b].own), as_class(b, j, nodes_[a].own)) > 0;
    return true;
}

/// The vertex of a parabola through a local maximum and its neighbours, where it may lie in the event.
bool CircleSearch::bump(std::size_t i, std::size_t j, double& phase, std::size_t& cell) const {
    const std::size_t left = before(i), right = after(i);
    if (nodes_[left].own != nodes_[i].own || nodes_[right].own != nodes_[i].own || hit(i, j)) return false;
    const double s = score(i, j), falls_left = s - score(left, j), falls_right = s - score(right, j), a = width(left),
                 b = width(i);
    if (falls_left < 0 || falls_right < 0 || falls_left + falls_right <= 0 || std::max(a, b) < finest_bump * turn / 4)
        return false;
    const double curvature = (falls_left / a + falls_right / b) / (a + b),
                 slope = (falls_left / a * b - falls_right / b * a) / (a + b);
    double move = slope / (2 * curvature);   // of s + slope x - curvature x^2
    const double rise = 0.25 * slope * slope / curvature;
    if (s + 2 * rise + doubt * std::max(falls_left, falls_right) <= 0) return false;
    const bool forward = move > 0 || (move == 0 && b > a);
    const double room = forward ? b : a;
    move = std::clamp(std::abs(move), least_move * room, 0.5 * room);
    cell = forward ? i : left;
    phase = std::fmod(nodes_[i].phase + (forward ? move : turn - move), turn);
    return true;
}

std::vector<double> CircleSearch::next() const {
    std::vector<double> phases;
    std::vector<bool> asked(nodes_.size(), false);
    for (std::size_t c = 0; c < nodes_.size(); ++c)
        for (std::size_t j = 0; j < events_ && !asked[c]; ++j) {
            if (!(is_edge(c, j) ? edge_open(c, j) : may_hide(c, j))) continue;
            asked[c] = true;
            phases.push_back(std::fmod(nodes_[c].phase + 0.5 * width(c), turn));
        }
    for (std::size_t i = 0; i < nodes_.size(); ++i)
        for (std::size_t j = 0; j < events_; ++j) {
            double phase = 0;
            std::size_t cell = 0;
            if (!bump(i, j, phase, cell) || asked[cell]) continue;
            asked[cell] = true;
            phases.push_back(phase);
        }
    return phases;
}

std::vector<CircleSearch::Cell> CircleSearch::edges() const {
    std::vector<Cell> out;
    for (std::size_t c = 0; c < nodes_.size(); ++c)
        for (std::size_t j = 0; j < events_; ++j)
            if (is_edge(c, j)) {
                out.push_back({c, nodes_[c].phase, width(c)});
                break;
            }
    return out;
}

/// (cells, events) share of the circle in each event.
std::vector<double> CircleSearch::of_cells(const std::vector<Cell>& edges, const std::vector<bool>& hits) const {
    std::vector<double> out(nodes_.size() * events_);
    for (std::size_t c = 0, e = 0; c < nodes_.size(); ++c) {
        const bool drawn = e < edges.size() && edges[e].at == c;
        for (std::size_t j = 0; j < events_; ++j)
            if (drawn ? hits[e * events_ + j] : hit(c, j) && hit(after(c), j)) out[c * events_ + j] = width(c) / turn;
        if (drawn) ++e;
    }
    return out;
}

std::vector<double> CircleSearch::shares(const std::vector<Cell>& edges, const std::vector<bool>& hits) const {
    const std::vector<double> cells = of_cells(edges, hits);
    std::vector<double> out(events_);
    for (std::size_t i = 0; i < cells.size(); ++i) out[i % events_] += cells[i];
    return out;
}

/// The phases 0, 2, ... or 1, 3, ... of those that were added first.
CircleSearch CircleSearch::part_of(std::int64_t grid, std::int64_t half) const {
    CircleSearch out(static_cast<std::int64_t>(events_), distances_);
    for (const Node& node : nodes_)
        if (const auto at = static_cast<std::int64_t>(node.at); at < grid && at % 2 == half)
            out.add(node.phase, {&scores_[node.at * events_], events_}, {label_.data() + node.at * labels_, labels_});
    return out;
}

/// Of each cell, whether the search knows of an event in it, or asks there.
std::vector<bool> CircleSearch::looked_at(std::size_t j) const {
    std::vector<bool> out(nodes_.size());
    for (std::size_t c = 0; c < nodes_.size(); ++c) out[c] = hit(c, j) || hit(after(c), j) || may_hide(c, j);
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        double phase = 0;
        std::size_t cell = 0;
        if (bump(i, j, phase, cell)) out[cell] = true;
    }
    return out;
}

std::vector<double> CircleSearch::unseen(std::int64_t grid, const std::vector<Cell>& edges,
                                         const std::vector<bool>& hits) const {
    const std::vector<double> cells = of_cells(edges, hits);
    std::vector<double> out(events_);
    if (std::ranges::all_of(cells, [](double share) { return share == 0; })) return out;
    for (const std::int64_t half : {0, 1}) {
        const CircleSearch coarse = part_of(grid, half);
        for (std::size_t j = 0; j < events_; ++j) {
            const std::vector<bool> seen = coarse.looked_at(j);
            std::size_t within = coarse.nodes_.size() - 1;   // the cell of the coarse search that begins before
            for (std::size_t c = 0; c < nodes_.size(); ++c) {
                if (const std::size_t next = within + 1 == coarse.nodes_.size() ? 0 : within + 1;
                    coarse.nodes_[next].phase == nodes_[c].phase)
                    within = next;
                if (!seen[within]) out[j] += 0.5 * cells[c * events_ + j];
            }
        }
    }
    return out;
}

}  // namespace buffon
