#include <buffon/circles.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include <boost/math/special_functions/gamma.hpp>

#include <buffon/circle_search.hpp>
#include <buffon/evaluate_at.hpp>
#include <buffon/parallel.hpp>

namespace buffon {
namespace {

constexpr double turn = 2 * std::numbers::pi;

double dot(std::span<const double> a, std::span<const double> b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

void add(double factor, std::span<const double> x, std::span<double> out) {
    for (std::size_t k = 0; k < x.size(); ++k) out[k] += factor * x[k];
}

void scale(double factor, std::vector<double>& x) {
    for (double& v : x) v *= factor;
}

/// Orthogonal projection onto the rows of U; none: everything.
std::vector<double> projected(const Matrix& U, std::span<const double> x) {
    if (U.rows == 0) return {x.begin(), x.end()};
    std::vector<double> out(x.size());
    for (std::int64_t r = 0; r < U.rows; ++r) add(dot(U.view().row(r), x), U.view().row(r), out);
    return out;
}

}  // namespace

double Shell::radius(double v, std::int64_t d) const {
    const double half = 0.5 * static_cast<double>(d);
    if (low > 0.5)
        return std::sqrt(
            2 * boost::math::gamma_q_inv(half, (1 - low) - v * (high - low)));   // keeps the digits of the tail
    return std::sqrt(2 * boost::math::gamma_p_inv(half, low + v * (high - low)));
}

Circles::Circles(Evaluation& evaluate, const WorkingSpace& space, const Matrix& subspace, Shell shell, Events events,
                 std::int64_t grid)
    : evaluate_(evaluate), space_(space), subspace_(subspace), shell_(shell), events_(std::move(events)), grid_(grid) {}

/// centre is the part outside the subspace; a and b lie in it, independent normal vectors, or in a shell two orthogonal
/// ones of one length.
Circles::Circle Circles::draw(const Stream& stream, std::int64_t index) const {
    const std::int64_t d = space_.dim();
    Matrix normal(1, 2 * d);
    stream.normal(index, normal);
    const std::span<const double> first(normal.data.data(), static_cast<std::size_t>(d)),
        second(normal.data.data() + d, static_cast<std::size_t>(d));
    Circle c{{first.begin(), first.end()},
             projected(subspace_, first),
             projected(subspace_, second),
             stream.uniform(index, 2 * d) * turn / static_cast<double>(grid_)};
    add(-1, c.a, c.centre);
    if (shell_.whole()) return c;
    const double in_plane = std::sqrt(dot(c.a, c.a));
    add(-dot(c.a, c.b) / (in_plane * in_plane), c.a, c.b);
    scale(in_plane / std::sqrt(dot(c.b, c.b)), c.b);
    const double to = shell_.radius(stream.uniform(index, 2 * d + 1), d) / std::sqrt(dot(first, first));
    for (auto* part : {&c.centre, &c.a, &c.b}) scale(to, *part);
    return c;
}

Matrix Circles::at(const std::vector<Circle>& circles, const std::vector<Asked>& asked) const {
    Matrix z(static_cast<std::int64_t>(asked.size()), space_.dim());
    for (std::int64_t i = 0; i < z.rows; ++i) {
        const Circle& c = circles[static_cast<std::size_t>(asked[static_cast<std::size_t>(i)].circle)];
        const double phase = asked[static_cast<std::size_t>(i)].phase, cosine = std::cos(phase), sine = std::sin(phase);
        for (std::int64_t j = 0; j < z.cols; ++j) {
            const auto k = static_cast<std::size_t>(j);
            z(i, j) = c.centre[k] + cosine * c.a[k] + sine * c.b[k];
        }
    }
    return z;
}

CircleShares Circles::sample(std::int64_t count, const Stream& stream, std::int64_t first, std::int64_t most) {
    count = std::min(count, most / grid_);
    const auto events = static_cast<std::int64_t>(events_.columns.size());
    std::vector<Circle> circles;
    std::vector<CircleSearch> search(static_cast<std::size_t>(count), CircleSearch(events, events_.distances));
    std::vector<Asked> asked;
    for (std::int64_t i = 0; i < count; ++i) {
        circles.push_back(draw(stream, first + i));
        for (std::int64_t g = 0; g < grid_; ++g)
            asked.push_back({i, circles.back().offset + static_cast<double>(g) * turn / static_cast<double>(grid_)});
    }
    Matrix rows;
    std::int64_t whole = count;   // circles that the evaluations suffice for
    std::vector<double> score(static_cast<std::size_t>(events)), label(events_.labels.size());
    const auto scores_of = [&](const Draws& draws, std::int64_t i) {
        for (std::size_t j = 0; j < score.size(); ++j) score[j] = draws.score(i, events_.columns[j]);
        return std::span<const double>(score);
    };
    /// What the evaluations do not suffice for ends the sample before its circle.
    const auto ask = [&]() {
        if (static_cast<std::int64_t>(asked.size()) > most) {
            whole = asked[static_cast<std::size_t>(most)].circle;
            std::erase_if(asked, [whole](const Asked& a) { return a.circle >= whole; });
        }
        most -= static_cast<std::int64_t>(asked.size());
        return evaluate_at(evaluate_, space_, at(circles, asked));
    };
    for (bool grid = true; !asked.empty(); grid = false) {
        const Draws draws = ask();
        if (grid) rows = Matrix(count, draws.y.cols);
        for (std::int64_t i = 0; i < draws.y.rows; ++i) {
            const Asked& a = asked[static_cast<std::size_t>(i)];
            for (std::size_t k = 0; k < label.size(); ++k) label[k] = draws.y(i, events_.labels[k]);
            search[static_cast<std::size_t>(a.circle)].add(a.phase, scores_of(draws, i), label);
            for (std::int64_t j = 0; grid && j < rows.cols; ++j) rows(a.circle, j) += draws.y(i, j) / static_cast<double>(grid_);
        }
        asked.clear();
        for (std::int64_t i = 0; i < whole; ++i)
            for (const double phase : search[static_cast<std::size_t>(i)].next()) asked.push_back({i, phase});
    }
    std::vector<std::vector<CircleSearch::Cell>> edges;
    for (std::int64_t i = 0; i < whole; ++i) {
        edges.push_back(search[static_cast<std::size_t>(i)].edges());
        for (std::size_t e = 0; e < edges.back().size(); ++e) {
            const double v = stream.uniform(first + i, 2 * space_.dim() + 2 + static_cast<std::int64_t>(e));
            asked.push_back({i, edges.back()[e].low + v * edges.back()[e].width});
        }
    }
    const Draws last = ask();
    std::vector<std::vector<bool>> hits(edges.size());
    for (std::size_t i = 0; i < asked.size(); ++i)
        for (const double s : scores_of(last, static_cast<std::int64_t>(i)))
            hits[static_cast<std::size_t>(asked[i].circle)].push_back(s > 0);
    rows.rows = whole;
    rows.data.resize(static_cast<std::size_t>(whole * rows.cols));
    Matrix unseen(whole, rows.cols);
    for (std::int64_t i = 0; i < whole; ++i) {
        const auto k = static_cast<std::size_t>(i);
        const std::vector<double> shares = search[k].shares(edges[k], hits[k]),
                                  missed = search[k].unseen(grid_, edges[k], hits[k]);
        for (std::size_t j = 0; j < shares.size(); ++j) {
            rows(i, events_.columns[j]) = shares[j];
            unseen(i, events_.columns[j]) = missed[j];
        }
    }
    return {std::move(rows), std::move(unseen)};
}

Matrix Circles::coordinates(std::int64_t count, const Stream& stream, std::int64_t first) const {
    const std::int64_t d = space_.dim();
    Matrix z(count, d);
    parallel::for_blocks(count, evaluate_.threads(), [&](std::int64_t begin, std::int64_t many) {
        const View rows = z.view().slice(begin, many);
        stream.normal(first + begin, rows);
        for (std::int64_t i = 0; i < many && !shell_.whole(); ++i) {
            const double to = shell_.radius(stream.uniform(first + begin + i, 2 * d + 1), d) /
                              std::sqrt(dot(rows.row(i), rows.row(i)));
            for (double& v : rows.row(i)) v *= to;
        }
    });
    return z;
}

Matrix Circles::points(std::int64_t count, const Stream& stream, std::int64_t first) {
    return evaluate_at(evaluate_, space_, coordinates(count, stream, first)).y;
}

}  // namespace buffon
