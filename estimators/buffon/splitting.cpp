#include <buffon/splitting.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include <buffon/evaluate_at.hpp>
#include <buffon/parallel.hpp>

namespace buffon {
namespace {

constexpr double longest = 3;            // chain, in those that the level's probability asks for
constexpr double narrowest = 1e-3;       // width of a move
constexpr std::int64_t moves_apart =
    std::int64_t{1} << 24;   // numbers of a stream between two moves: more than a population has chains

Particles chosen(const Particles& from, double threshold) {
    Particles out;
    for (std::int64_t i = 0; i < from.n(); ++i) {
        const auto at = static_cast<std::size_t>(i);
        if (!(from.score[at] > threshold)) continue;
        out.z.data.insert(out.z.data.end(), from.z.view().row(i).begin(), from.z.view().row(i).end());
        out.y.data.insert(out.y.data.end(), from.y.view().row(i).begin(), from.y.view().row(i).end());
        out.score.push_back(from.score[at]);
        out.root.push_back(from.root[at]);
        out.weight.push_back(from.weight[at]);
    }
    out.z.rows = out.y.rows = static_cast<std::int64_t>(out.score.size());
    out.z.cols = from.z.cols;
    out.y.cols = from.y.cols;
    return out;
}

void append(Particles& to, const Particles& more) {
    to.z.data.insert(to.z.data.end(), more.z.data.begin(), more.z.data.end());
    to.y.data.insert(to.y.data.end(), more.y.data.begin(), more.y.data.end());
    to.z.rows += more.z.rows;
    to.y.rows += more.y.rows;
    to.score.insert(to.score.end(), more.score.begin(), more.score.end());
    to.root.insert(to.root.end(), more.root.begin(), more.root.end());
    to.weight.insert(to.weight.end(), more.weight.begin(), more.weight.end());
}

}  // namespace

Splitting::Splitting(Evaluation& evaluate, const WorkingSpace& space, std::vector<std::int64_t> outputs)
    : evaluate_(evaluate), space_(space), outputs_(std::move(outputs)) {}

std::vector<double> Splitting::lowest(const Matrix& score, std::int64_t n) const {
    std::vector<double> out(static_cast<std::size_t>(n), std::numeric_limits<double>::lowest());
    for (std::int64_t i = 0; i < score.rows && !outputs_.empty(); ++i) {
        double least = score(i, outputs_.front());
        for (const std::int64_t j : outputs_) least = std::min(least, score(i, j));
        out[static_cast<std::size_t>(i)] = least;
    }
    return out;
}

Particles Splitting::first_points(std::int64_t count, const Stream& stream, std::int64_t first) {
    Matrix z(count, space_.dim());
    parallel::for_blocks(count, evaluate_.threads(), [&](std::int64_t begin, std::int64_t many) {
        stream.normal(first + begin, z.view().slice(begin, many));
    });
    return taken(evaluate_at(evaluate_, space_, std::move(z)));
}

Particles Splitting::taken(Draws draws) const {
    const std::int64_t count = draws.z.rows;
    Particles out{std::move(draws.z),
                  std::move(draws.y),
                  lowest(draws.score, count),
                  {},
                  std::vector<double>(static_cast<std::size_t>(count), 1.0)};
    for (std::int64_t i = 0; i < count; ++i) out.root.push_back(i);
    return out;
}

Particles Splitting::split(const Particles& points, Step& step, double probability, std::int64_t n, std::int64_t most,
                           const Stream& stream, std::int64_t first, double adapt) {
    Particles state = chosen(points, step.threshold);
    const std::int64_t chains = state.n();
    if (chains == 0) return state;
    const std::int64_t wanted = std::min((n + chains / 2) / chains, static_cast<std::int64_t>(longest / probability));
    const std::int64_t length = std::clamp<std::int64_t>(wanted, 1, 1 + std::max<std::int64_t>(most, 0) / chains);
    for (double& w : state.weight) w /= static_cast<double>(length);
    Particles out = state;
    Matrix noise(chains, space_.dim());
    for (std::int64_t move = 1; move < length; ++move) {
        const double keep = std::sqrt(1 - step.width * step.width);
        Matrix z = state.z;
        parallel::for_blocks(chains, evaluate_.threads(), [&](std::int64_t begin, std::int64_t many) {
            stream.normal(first + move * moves_apart + begin, noise.view().slice(begin, many));
            for (std::int64_t k = begin * z.cols; k < (begin + many) * z.cols; ++k) {
                const auto at = static_cast<std::size_t>(k);
                z.data[at] = keep * z.data[at] + step.width * noise.data[at];
            }
        });
        const Draws draws = evaluate_at(evaluate_, space_, std::move(z));
        const std::vector<double> score = lowest(draws.score, chains);
        double accepted = 0;
        for (std::int64_t i = 0; i < chains; ++i) {
            if (!(score[static_cast<std::size_t>(i)] > step.threshold)) continue;   // the law given the level: stay
            std::ranges::copy(draws.z.view().row(i), state.z.view().row(i).begin());
            std::ranges::copy(draws.y.view().row(i), state.y.view().row(i).begin());
            state.score[static_cast<std::size_t>(i)] = score[static_cast<std::size_t>(i)];
            accepted += 1 / static_cast<double>(chains);
        }
        append(out, state);
        if (adapt >= 0)
            step.width = std::clamp(step.width * (1 + (accepted - adapt) / std::sqrt(static_cast<double>(move))),
                                    narrowest, 1.0);
    }
    return out;
}

double threshold_of(const std::vector<double>& score, double probability) {
    std::vector<double> ordered = score;
    const auto above = static_cast<std::ptrdiff_t>(probability * static_cast<double>(score.size()));
    std::ranges::nth_element(ordered, ordered.begin() + above, std::greater{});
    double threshold = ordered[static_cast<std::size_t>(above)];
    if (threshold >= 0) return 0;
    if (std::ranges::none_of(score, [&](double s) { return s > threshold; })) {   // alike at the top: those are the ones to keep
        double below = std::numeric_limits<double>::lowest();
        for (const double s : score)
            if (s < threshold) below = std::max(below, s);
        threshold = below;
    }
    return threshold;
}

void settle(const Particles& points, double threshold, const std::vector<std::int64_t>& columns, View rows) {
    for (std::int64_t i = 0; i < points.n(); ++i) {
        const auto at = static_cast<std::size_t>(i);
        if (points.score[at] > threshold) continue;
        for (std::size_t c = 0; c < columns.size(); ++c)
            rows(points.root[at], static_cast<std::int64_t>(c)) += points.weight[at] * points.y(i, columns[c]);
    }
}

}  // namespace buffon
