#include <buffon/integrands.hpp>

#include <algorithm>
#include <cmath>

#include <buffon/block_sums.hpp>
#include <buffon/kernels.hpp>
#include <buffon/logspace.hpp>
#include <buffon/scout.hpp>

namespace buffon {
namespace {

/// Effective size of e^(tau l) for logarithms l <= 0, the largest of which is 0; `room` is as long as they are.
double size_of_power(const std::vector<double>& logs, double tau, std::vector<double>& room) {
    for (std::size_t i = 0; i < logs.size(); ++i) room[i] = tau * logs[i];
    const auto n = static_cast<std::int64_t>(room.size());
    kernels().exps(room.data(), n);
    double sums[2];
    kernels().power_sums(room.data(), n, 1.0, sums);
    return sums[0] * sums[0] / sums[1];
}

/// Largest tau in (0, 1] for which weights^tau has the effective size `need`; flattens `weights` in place.
double temper(std::vector<double>& weights, double need) {
    const double top = *std::ranges::max_element(weights);
    std::vector<double> logs;
    for (const double w : weights)
        if (w > 0) logs.push_back(w / top);
    kernels().logs(logs.data(), static_cast<std::int64_t>(logs.size()));
    std::vector<double> room(logs.size());
    double low = 0, high = 1;
    for (int step = 0; step < 24; ++step)
        (size_of_power(logs, 0.5 * (low + high), room) >= need ? low : high) = 0.5 * (low + high);
    size_of_power(logs, low, room);
    std::size_t next = 0;
    for (double& w : weights)
        if (w > 0) w = room[next++];
    return low;
}

std::vector<double> column(ConstView table, std::int64_t j) {
    std::vector<double> out(static_cast<std::size_t>(table.rows));
    for (std::int64_t i = 0; i < table.rows; ++i) out[static_cast<std::size_t>(i)] = table(i, j);
    return out;
}

void positive(std::vector<double>& p, double sign) {
    for (double& v : p) v = std::max(sign * v, 0.0);
}

/// One sign of one integrand in sums.
struct Side {
    double mass, squares;

    /// Effective size; squares that have left the range of doubles are taken anew, divided by the largest.
    double size(ConstView r, std::int64_t e, double sign) const {
        if (mass > 0 && squares > 1e-290 && squares < 1e290) return mass * mass / squares;
        std::vector<double> p = column(r, e);
        positive(p, sign);
        return effective_size(p);
    }
};

/// A part whose weights are flattened until `need` is reached; none when fewer than three points carry it.
void add_part(Integrands& seen, Part part, double need) {
    if (!(part.mass > 0)) return;
    if (part.size < need) {
        if (part.flat.empty()) {
            part.flat = column(seen.r, part.expectation);
            positive(part.flat, part.sign);
        }
        part.seen = part.seen && temper(part.flat, need) >= 0.9;
        if (!part.seen) seen.provisional = true;
        part.size = effective_size(part.flat);
    }
    if (part.size >= 3) seen.parts.push_back(std::move(part));
}

void add_moments(Integrands& seen, const Side& up, const Side& down) {
    const auto n = static_cast<double>(seen.r.rows);
    const double mean = (up.mass - down.mass) / n;
    seen.mean.push_back(mean);
    // digits lost here are those of an error far below the mean, and both go into mean^2 + error^2
    seen.error.push_back(std::sqrt(std::max(0.0, up.squares + down.squares - n * mean * mean)) / n);
}

/// Sees a rare event through its score: r becomes what is smoothed.
Side seen_from_afar(Integrands& seen, std::int64_t e, const std::vector<double>& w, const std::vector<double>& score,
                    double need) {
    const std::vector<double> p = smoothed(w, score, need);
    Side up{0, 0};
    for (std::int64_t i = 0; i < seen.r.rows; ++i) {
        const double v = seen.r(i, e) = p[static_cast<std::size_t>(i)];
        up.mass += v;
        up.squares += v * v;
    }
    seen.provisional = true;
    return up;
}

}  // namespace

ConstView Integrands::weights(Matrix& room) const {
    const auto seen_as_is = [](const Part& part) { return part.whole && part.sign > 0 && part.flat.empty(); };
    if (static_cast<std::int64_t>(parts.size()) == r.cols && std::ranges::all_of(parts, seen_as_is)) return r;
    room = Matrix(r.rows, static_cast<std::int64_t>(parts.size()));
    for (std::int64_t i = 0; i < room.rows; ++i)
        for (std::size_t p = 0; p < parts.size(); ++p) {
            const Part& part = parts[p];
            room(i, static_cast<std::int64_t>(p)) =
                part.flat.empty() ? std::max(part.sign * r(i, part.expectation), 0.0) : part.flat[static_cast<std::size_t>(i)];
        }
    return room;
}

Integrands look_at(const Pool& pool, std::int64_t expectations, double need, RawMatrix room) {
    Integrands seen;
    seen.r = std::move(room);
    pool.integrands(expectations, seen.r);
    const Matrix sums = signed_sums(seen.r, pool.threads());
    for (std::int64_t e = 0; e < seen.r.cols; ++e) {
        Side up{sums(0, e), sums(1, e)}, down{sums(2, e), sums(3, e)};
        double size = up.size(seen.r, e, 1.0);
        const bool scored = pool.score().rows > 0 && size < need;
        if (scored) {
            up = seen_from_afar(seen, e, column(pool.weights(), e / expectations), column(pool.score(), e % expectations), need);
            down = {0, 0};
            size = up.size(seen.r, e, 1.0);
        }
        add_part(seen, {e, 1.0, up.mass, size, !scored, down.mass == 0, {}}, need);
        if (down.mass > 0.01 * (up.mass + down.mass))
            add_part(seen, {e, -1.0, down.mass, down.size(seen.r, e, -1.0), true, up.mass == 0, {}}, need);
        add_moments(seen, up, down);
    }
    return seen;
}

std::vector<double> criterion_weights(const Integrands& seen, const std::vector<double>& given) {
    if (!given.empty()) return given;
    std::vector<double> w;
    for (std::size_t e = 0; e < seen.mean.size(); ++e) {
        // the error keeps an expectation near 0, known by its noise only, from ruling all others
        const double size = seen.mean[e] * seen.mean[e] + seen.error[e] * seen.error[e];
        w.push_back(size > 0 ? 1.0 / size : 0.0);
    }
    return w;
}

}  // namespace buffon
