#include <buffon/lines.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <buffon/evaluate_at.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/parallel.hpp>

namespace buffon {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double close_enough = 1e-6;    // bracket of a root, in standard deviations
constexpr double nothing = 1e-9;         // score at a root, relative to the largest on the lines

bool is_a_score(double s) { return std::abs(s) < std::numeric_limits<double>::max(); }

}  // namespace

double cell_probability(double low, double high) {
    return low > 0 ? normal_cdf(-low) - normal_cdf(-high) : normal_cdf(high) - normal_cdf(low);
}

double point_of_cell(double low, double high, double v) {
    if (low > 0) return -point_of_cell(-high, -low, 1 - v);
    const double below = normal_cdf(low), within = normal_cdf(high) - below;
    const double c = high > 5 ? -normal_quantile(normal_cdf(-high) + (1 - v) * (normal_cdf(-low) - normal_cdf(-high)))
                              : normal_quantile(below + v * within);
    return std::clamp(c, std::max(low, -38.0), std::min(high, 38.0));
}

double Lines::Bracket::next() const {
    const double c = low - at_low * (high - low) / (at_high - at_low);
    return c > low && c < high ? c : 0.5 * (low + high);
}

/// An end that stays twice has its score halved, so that the next point falls beyond the root.
void Lines::Bracket::move(double c, double score, double scale) {
    root = c;
    if (!is_a_score(score) || std::abs(score) <= nothing * scale) {
        done = true;
        return;
    }
    const bool low_moves = (score > 0) == (at_low > 0);
    (low_moves ? low : high) = c;
    (low_moves ? at_low : at_high) = score;
    if (side == (low_moves ? -1 : 1)) (low_moves ? at_high : at_low) *= 0.5;
    side = low_moves ? -1 : 1;
    done = high - low < close_enough;
}

Lines::Lines(Evaluation& evaluate, const WorkingSpace& space, std::vector<double> direction, std::vector<double> places,
             std::vector<double> cuts, std::int64_t refinements)
    : evaluate_(evaluate), space_(space), direction_(std::move(direction)), places_(std::move(places)),
      cuts_(std::move(cuts)), refinements_(refinements) {}

Matrix Lines::points(ConstView across, const std::vector<std::int64_t>& line, const std::vector<double>& along) const {
    Matrix z(static_cast<std::int64_t>(line.size()), across.cols);
    for (std::int64_t i = 0; i < z.rows; ++i)
        for (std::int64_t j = 0; j < z.cols; ++j)
            z(i, j) = across(line[static_cast<std::size_t>(i)], j) +
                      along[static_cast<std::size_t>(i)] * direction_[static_cast<std::size_t>(j)];
    return z;
}

/// Of all lines, in order, where a score changes its sign between neighbouring places.
std::vector<Lines::Bracket> Lines::brackets(ConstView across, std::int64_t outputs, std::vector<double>& scale) {
    scale.assign(static_cast<std::size_t>(outputs), 0.0);
    std::vector<std::int64_t> line;
    std::vector<double> along;
    for (std::int64_t i = 0; i < across.rows; ++i)
        for (const double c : places_) {
            line.push_back(i);
            along.push_back(c);
        }
    const Draws seen = evaluate_at(evaluate_, space_, points(across, line, along));
    std::vector<Bracket> out;
    for (std::size_t k = 0; k < line.size() && seen.score.rows > 0; ++k)
        for (std::int64_t j = 0; j < outputs; ++j) {
            const double here = seen.score(static_cast<std::int64_t>(k), j);
            if (!is_a_score(here)) continue;
            scale[static_cast<std::size_t>(j)] = std::max(scale[static_cast<std::size_t>(j)], std::abs(here));
            if (k + 1 == line.size() || line[k + 1] != line[k]) continue;
            const double there = seen.score(static_cast<std::int64_t>(k + 1), j);
            if (!is_a_score(there) || (here > 0) == (there > 0)) continue;
            out.push_back({line[k], j, along[k], along[k + 1], here, there, 0.5 * (along[k] + along[k + 1])});
        }
    return out;
}

void Lines::refine(ConstView across, std::vector<Bracket>& brackets, const std::vector<double>& scale, std::int64_t most) {
    for (std::int64_t round = 0; round < refinements_; ++round) {
        std::vector<Bracket*> open;
        std::vector<std::int64_t> line;
        std::vector<double> along;
        for (Bracket& b : brackets) {
            if (b.done || static_cast<std::int64_t>(open.size()) >= most) continue;
            open.push_back(&b);
            line.push_back(b.line);
            along.push_back(b.next());
        }
        if (open.empty()) return;
        most -= static_cast<std::int64_t>(open.size());
        const Draws seen = evaluate_at(evaluate_, space_, points(across, line, along));
        for (std::size_t k = 0; k < open.size(); ++k)
            open[k]->move(along[k], seen.score(static_cast<std::int64_t>(k), open[k]->output),
                          scale[static_cast<std::size_t>(open[k]->output)]);
    }
}

Matrix Lines::sample(std::int64_t count, const Stream& stream, std::int64_t first, std::int64_t outputs, std::int64_t most) {
    Matrix across(count, space_.dim());
    parallel::for_blocks(count, evaluate_.threads(), [&](std::int64_t begin, std::int64_t many) {
        const View rows = across.view().slice(begin, many);
        stream.normal(first + begin, rows);
        for (std::int64_t i = 0; i < many; ++i) {
            double along = 0;
            for (std::int64_t j = 0; j < rows.cols; ++j) along += rows(i, j) * direction_[static_cast<std::size_t>(j)];
            for (std::int64_t j = 0; j < rows.cols; ++j) rows(i, j) -= along * direction_[static_cast<std::size_t>(j)];
        }
    });
    std::vector<double> scale;
    std::vector<Bracket> cuts;
    if (!places_.empty()) {
        cuts = brackets(across, outputs, scale);
        const std::int64_t left = most - count * least();
        if (static_cast<std::int64_t>(cuts.size()) > left) cuts.resize(static_cast<std::size_t>(std::max<std::int64_t>(left, 0)));
        refine(across, cuts, scale, left - static_cast<std::int64_t>(cuts.size()));
    }
    std::vector<double> always{-infinity, infinity};
    always.insert(always.end(), cuts_.begin(), cuts_.end());
    std::vector<std::vector<double>> ends(static_cast<std::size_t>(count), always);
    for (const Bracket& b : cuts) ends[static_cast<std::size_t>(b.line)].push_back(b.root);
    std::vector<std::int64_t> line;
    std::vector<double> along, probability;
    for (std::int64_t i = 0; i < count; ++i) {
        std::vector<double>& own = ends[static_cast<std::size_t>(i)];
        std::ranges::sort(own);
        own.erase(std::unique(own.begin(), own.end()), own.end());
        for (std::size_t c = 0; c + 1 < own.size(); ++c) {
            line.push_back(i);
            probability.push_back(cell_probability(own[c], own[c + 1]));
            along.push_back(point_of_cell(own[c], own[c + 1],
                                          stream.uniform(first + i, space_.dim() + static_cast<std::int64_t>(c))));
        }
    }
    const Draws draws = evaluate_at(evaluate_, space_, points(across, line, along));
    Matrix rows(count, draws.y.cols);
    for (std::size_t k = 0; k < line.size(); ++k)
        for (std::int64_t j = 0; j < rows.cols; ++j)
            rows(line[k], j) += probability[k] * draws.y(static_cast<std::int64_t>(k), j);
    return rows;
}

}  // namespace buffon
