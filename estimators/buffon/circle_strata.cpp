#include <buffon/circle_strata.hpp>

#include <algorithm>
#include <cmath>
#include <iterator>

#include <buffon/parallel.hpp>

namespace buffon {
namespace {

constexpr double shell_ends[] = {0, 0.5, 0.9, 0.99, 0.999, 0.9999, 1};
constexpr std::int64_t shells = std::size(shell_ends) - 1;
constexpr std::int64_t largest_population = 256, points_at_once = 1 << 14;
constexpr std::int64_t shell_points = 100, shell_circles = 6;   // of the pilot
constexpr std::int64_t more_points = 200;   // after a single hit, which is luck where the event is rare
constexpr double first_cost = 100;        // evaluations of a circle, before any is known
constexpr double share_of_a_step = 0.6;   // of what is left, so that circles may cost more than expected
constexpr double common = 0.008;          // frequency from which on points cost less than circles
constexpr double proportional = 0.15;     // share of the budget that shells have by their probability
constexpr double spread_of_circles = 2;   // standard deviation of shares, of their mean: what six circles do not tell
constexpr double steepest = 30;           // ratio of the frequencies in neighbouring shells that is believed
constexpr std::uint32_t shell_pilot_stream = 100, circle_pilot_stream = 200, main_stream = 300;

double mean_of(const Matrix& rows, std::int64_t column) {
    double sum = 0;
    for (std::int64_t i = 0; i < rows.rows; ++i) sum += rows(i, column);
    return sum / static_cast<double>(std::max<std::int64_t>(rows.rows, 1));
}

}  // namespace

void CirclePart::add(const CircleShares& drawn, int threads) {
    first_rows.add(drawn.rows);
    rows.add(drawn.rows);
    Matrix both = drawn.rows;
    unseen.resize(static_cast<std::size_t>(both.cols));
    for (std::int64_t i = 0; i < drawn.unseen.rows; ++i)
        for (std::int64_t j = 0; j < both.cols; ++j) {
            both(i, j) += drawn.unseen(i, j);
            unseen[static_cast<std::size_t>(j)] += drawn.unseen(i, j);
        }
    with_unseen.add(both);
    Moments all;
    parallel::reduce_blocks(both.rows, threads, all, [&](std::int64_t first, std::int64_t count) {
        return Moments(drawn.rows.view().slice(first, count));
    });
    moments.merge(all);
    terms += both.rows;
}

CircleStrata::CircleStrata(Evaluation& evaluate, const WorkingSpace& space, const CircleLook& look, std::int64_t grid)
    : evaluate_(evaluate), space_(space), look_(look), grid_(grid) {}

void CircleStrata::plan() {
    parts_.push_back({Shell{}, circles_wanted()});
    if (parts_.front().circles && look_.grows_with_norm()) split();
    allocate();
}

void CircleStrata::spend() {
    double share = 0;
    for (const CirclePart& part : parts_) share += part.share;
    std::uint32_t number = main_stream;
    for (CirclePart& part : parts_) {   // what one leaves is there for the others
        const std::int64_t left = evaluate_.run().budget - evaluate_.n();
        const auto own = static_cast<std::int64_t>(std::floor(static_cast<double>(left) * std::min(part.share / share, 1.0)));
        draw(part, {evaluate_.key(), number++}, evaluate_.n() + own);
        share -= part.share;
    }
}

bool CircleStrata::circles_wanted() const {
    return !look_.events().columns.empty() && look_.frequency() < common && space_.dim() > 1 &&
           evaluate_.run().budget - evaluate_.n() >= 4 * grid_;
}

void CircleStrata::split() {
    if (evaluate_.n() + shells * (shell_points + shell_circles * static_cast<std::int64_t>(first_cost)) >
        evaluate_.run().budget / 2)
        return;
    parts_.clear();
    for (std::int64_t h = 0; h < shells; ++h) parts_.push_back({Shell{shell_ends[h], shell_ends[h + 1]}});
    std::vector<double> seen;
    for (std::uint32_t h = 0; h < parts_.size(); ++h) seen.push_back(pilot(parts_[h], h));
    for (std::size_t h = parts_.size(); h-- > 0;) {
        if (h + 1 < parts_.size()) seen[h] = std::max(seen[h], seen[h + 1] / steepest);
        parts_[h].error = parts_[h].circles ? spread_of_circles * seen[h] : std::sqrt(seen[h] * (1 - std::min(seen[h], 0.99)));
    }
}

/// Points, and circles where these find the rarest event rare: its frequency.
double CircleStrata::pilot(CirclePart& part, std::uint32_t number) {
    Circles shell = circles(part.shell);
    const std::int64_t j = look_.rarest();
    const Stream stream{evaluate_.key(), shell_pilot_stream + number};
    double points = shell_points, hits = points * mean_of(shell.points(shell_points, stream, 0), j);
    if (std::round(hits) == 1) {
        hits += static_cast<double>(more_points) * mean_of(shell.points(more_points, stream, shell_points), j);
        points += more_points;
    }
    part.circles = hits < common * points;
    if (!part.circles) return (hits + 0.5) / (points + 1);
    const std::int64_t before = evaluate_.n();
    const Matrix rows =
        shell.sample(shell_circles, {evaluate_.key(), circle_pilot_stream + number}, 0, evaluate_.run().budget / 20).rows;
    part.cost = static_cast<double>(evaluate_.n() - before) / static_cast<double>(std::max<std::int64_t>(rows.rows, 1));
    return mean_of(rows, j);
}

void CircleStrata::allocate() {
    double sum = 0;
    for (const CirclePart& part : parts_) sum += part.shell.probability() * part.error * std::sqrt(part.cost);
    for (CirclePart& part : parts_) {
        const double p = part.shell.probability();
        part.share = sum > 0 ? (1 - proportional) * p * part.error * std::sqrt(part.cost) / sum + proportional * p : p;
    }
}

Circles CircleStrata::circles(const Shell& shell) const {
    const bool line = !shell.whole() && look_.subspace().rows == 1;   // no circle of one norm
    return {evaluate_, space_, line ? everything_ : look_.subspace(), shell, look_.events(), grid_};
}

void CircleStrata::draw(CirclePart& part, const Stream& stream, std::int64_t end) {
    const std::int64_t begin = evaluate_.n();
    Circles from = circles(part.shell);
    double cost = part.circles ? first_cost : 1;
    for (std::int64_t drawn = 0;;) {
        const std::int64_t left = end - evaluate_.n();
        if (part.terms > 0 && part.circles) cost = static_cast<double>(part.spent) / static_cast<double>(part.terms);
        if (left < 1 || (part.circles && (left < grid_ || (part.terms > 0 && static_cast<double>(left) < cost)))) break;
        if (!part.circles) {
            const std::int64_t count = std::min(left, points_at_once);
            part.add({from.points(count, stream, drawn)}, evaluate_.threads());
            drawn += count;
            continue;
        }
        const auto wanted = static_cast<std::int64_t>(share_of_a_step * static_cast<double>(left) / cost);
        const std::int64_t count = std::clamp<std::int64_t>(wanted, 1, largest_population);
        const CircleShares shares = from.sample(count, stream, drawn, left);
        if (shares.rows.rows > 0) part.add(shares, evaluate_.threads());
        part.spent = evaluate_.n() - begin;
        if (shares.rows.rows < count) break;
        drawn += count;
    }
}

}  // namespace buffon
