#include <buffon/proposal.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include <buffon/check.hpp>
#include <buffon/kept.hpp>
#include <buffon/kernels.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/row_slices.hpp>

namespace buffon {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t slice = 1024;   // rows whose temporaries stay in the cache; of a net they cross no segment

View rows_of(Matrix& m, std::int64_t first, std::int64_t count) { return m.view().slice(first, count); }

/// Marks rows at which some input law has density.
void mark_inside(const WorkingSpace& space, ConstView z, std::span<char> inside) {
    Matrix log_f(z.rows, space.laws());
    space.log_density(z, log_f);
    for (std::int64_t i = 0; i < z.rows; ++i)
        inside[static_cast<std::size_t>(i)] = std::ranges::any_of(log_f.view().row(i), [](double v) { return v > -infinity; });
}

std::vector<std::int64_t> marked(const std::vector<char>& marks) {
    std::vector<std::int64_t> rows;
    for (std::size_t i = 0; i < marks.size(); ++i)
        if (marks[i]) rows.push_back(static_cast<std::int64_t>(i));
    return rows;
}

Matrix copy_of(ConstView rows) {
    Matrix out;
    out.rows = rows.rows;
    out.cols = rows.cols;
    out.data.assign(rows.data, rows.data + rows.size());
    return out;
}

Matrix gather(ConstView from, const std::vector<std::int64_t>& rows) {
    Matrix out(static_cast<std::int64_t>(rows.size()), from.cols);
    for (std::size_t a = 0; a < rows.size(); ++a)
        std::ranges::copy(from.row(rows[a]), out.view().row(static_cast<std::int64_t>(a)).begin());
    return out;
}

void gather_columns(ConstView from, std::span<const std::int64_t> columns, View to) {
    for (std::int64_t i = 0; i < to.rows; ++i)
        for (std::size_t k = 0; k < columns.size(); ++k) to(i, static_cast<std::int64_t>(k)) = from(i, columns[k]);
}

Matrix scatter(ConstView from, const std::vector<std::int64_t>& rows, std::int64_t n) {
    Matrix out(n, from.cols);
    for (std::size_t a = 0; a < rows.size(); ++a)
        std::ranges::copy(from.row(static_cast<std::int64_t>(a)), out.view().row(rows[a]).begin());
    return out;
}

/// log q of the inputs x themselves.
void log_density_of_x(const WorkingSpace& space, const Proposal& proposal, ConstView z, std::span<double> out) {
    const Matrix none(z.rows, 0);
    const Batch batch = weigh(space, proposal, z, none);
    space.log_jacobian(z, out);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = batch.log_q[i] - out[i];
}

}  // namespace

Proposal::Proposal(bool defensive, std::vector<Component> components, std::vector<double> alpha)
    : defensive_(defensive), components_(std::move(components)), alpha_(std::move(alpha)), densities_(components_) {}

Proposal Proposal::initial(std::vector<Component> controls) {
    std::vector<double> alpha(controls.size() + 1, 0.0);
    alpha.front() = 1.0;
    return Proposal(true, std::move(controls), std::move(alpha));
}

void Proposal::log_components(ConstView z, std::span<const double> log_initial, View out) const {
    if (defensive_)
        for (std::int64_t i = 0; i < z.rows; ++i) out(i, 0) = log_initial[static_cast<std::size_t>(i)];
    densities_.log_density(z, out, defensive_ ? 1 : 0);
}

std::vector<double> Proposal::normalise(View log_g) const {
    return mixture_ratios(log_g, alpha_);
}

std::int64_t Proposal::coordinates(const WorkingSpace& space) const {
    return space.dim() + (chooses(space) ? 1 : 0) + (draws_radii() ? 1 : 0);
}

/// Whether a law with a radius is sampled.
bool Proposal::draws_radii() const {
    for (std::size_t k = 0; k < components_.size(); ++k)
        if (draws_radius(components_[k]) && alpha_[k + (defensive_ ? 1 : 0)] > 0) return true;
    return false;
}

void Proposal::draw(const WorkingSpace& space, ConstView v, View z) const {
    const bool choices = chooses(space), radii = draws_radii();
    for (std::int64_t i = 0; i < z.rows; ++i) {
        double* row = z.row(i).data();
        std::copy(v.row(i).end() - z.cols, v.row(i).end(), row);
        double choice = choices ? v(i, 0) : 0.0;
        std::size_t k = 0;
        while (k + 1 < alpha_.size() && choice >= alpha_[k]) choice -= alpha_[k++];
        while (alpha_[k] <= 0) --k;   // rounding may lead past the last component that is sampled
        if (defensive_ && k == 0) {
            space.draw_initial(std::min(choice / alpha_[0], 1 - 0x1p-53), row);
        } else {
            for (std::int64_t j = 0; j < z.cols; ++j) row[j] = normal_quantile(row[j]);
            place(components_[k - (defensive_ ? 1 : 0)], row, radii ? v(i, choices ? 1 : 0) : 0.5);
        }
    }
}

Draws draw(Evaluation& evaluate, const WorkingSpace& space, const Proposal& proposal, const PointSet& points, std::int64_t first,
           std::int64_t count) {
    Draws draws{Matrix(count, space.dim()), {}, {}};
    const View x = evaluate.room(count);
    std::vector<char> asked(static_cast<std::size_t>(count), 1);
    const std::int64_t length = std::min(segment_length(points.points()), slice);
    for_slices(count, length, evaluate.threads(), [&](std::int64_t begin, std::int64_t n) {
        Matrix v(n, proposal.coordinates(space));
        points.uniform(first + begin, v);
        const View z = rows_of(draws.z, begin, n);
        proposal.draw(space, v, z);
        space.to_x(z, x.slice(begin, n));
        if (!space.everywhere())
            mark_inside(space, z,
                        std::span(asked).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(n)));
    });
    const std::vector<std::int64_t> rows = marked(asked);
    const bool all = static_cast<std::int64_t>(rows.size()) == count;
    const Matrix inside = all ? Matrix() : gather(x, rows);
    Outputs out = evaluate(all ? ConstView(x) : ConstView(inside), [&](std::span<double> log_density) {
        const Matrix z = all ? draws.z : gather(draws.z, rows);
        log_density_of_x(space, proposal, z, log_density);
    });
    count_skipped(evaluate, count, static_cast<std::int64_t>(rows.size()));
    if (points.replicated())
        label_replicates(evaluate, static_cast<std::int64_t>(rows.size()), points.points(),
                         [&](std::int64_t i) { return first + rows[static_cast<std::size_t>(i)]; });
    require(evaluate.outputs() > 0, evaluate.function(), ": no point falls into the support of an input law");
    draws.y = all ? std::move(out.y) : scatter(out.y, rows, count);
    if (out.score.rows > 0) draws.score = all ? std::move(out.score) : scatter(out.score, rows, count);
    return draws;
}

Batch weigh(const WorkingSpace& space, const Proposal& proposal, ConstView z, ConstView y) {
    Batch batch;
    weigh(space, proposal, z, y, batch);
    return batch;
}

void weigh(const WorkingSpace& space, const Proposal& proposal, ConstView z, ConstView y, Batch& batch) {
    batch.z = copy_of(z);
    batch.y = copy_of(y);
    batch.f.reshape(z.rows, space.laws());
    batch.ratio.reshape(z.rows, proposal.size());
    space.log_density(z, batch.f);
    batch.log_initial = space.relative_to_initial(batch.f);
    proposal.log_components(z, batch.log_initial, batch.ratio);
    batch.log_q = proposal.normalise(batch.ratio);
}

Batch draw_batch(Evaluation& evaluate, const WorkingSpace& space, const Proposal& proposal, const PointSet& points,
                 std::int64_t first, std::int64_t count, std::span<const std::int64_t> laws, Batch room) {
    Draws draws = draw(evaluate, space, proposal, points, first, count);
    const auto rows = static_cast<std::size_t>(count);
    const bool all = laws.empty() || static_cast<std::int64_t>(laws.size()) == space.laws();
    const std::int64_t kept = all ? space.laws() : static_cast<std::int64_t>(laws.size());
    Batch batch = std::move(room);
    batch.z = std::move(draws.z);
    batch.y = std::move(draws.y);
    batch.score = std::move(draws.score);
    batch.f.reshape(count, kept);
    batch.ratio.reshape(count, proposal.size());
    batch.log_initial.resize(rows);
    batch.log_q.resize(rows);
    const std::int64_t length = std::min(segment_length(points.points()), slice);
    for_slices(count, length, evaluate.threads(), [&](std::int64_t begin, std::int64_t n) {
        const ConstView z = rows_of(batch.z, begin, n);
        const View kept = rows_of(batch.f, begin, n), g = rows_of(batch.ratio, begin, n);
        Matrix of_all;
        if (!all) of_all = Matrix(n, space.laws());
        const View f = all ? kept : View(of_all);
        space.log_density(z, f);
        const std::vector<double> log_initial = space.relative_to_initial(f);
        if (!all) gather_columns(f, laws, kept);
        std::ranges::copy(log_initial, batch.log_initial.begin() + begin);
        proposal.log_components(z, log_initial, g);
        std::ranges::copy(proposal.normalise(g), batch.log_q.begin() + begin);
    });
    return batch;
}

Matrix summands(const Batch& batch, int threads) {
    return weighted_outputs(batch.f, batch.log_initial, batch.log_q, batch.y, batch.y.cols, threads);
}

Matrix weighted_outputs(ConstView f, std::span<const double> log_initial, std::span<const double> log_q, ConstView y,
                        std::int64_t outputs, int threads) {
    Matrix t(f.rows, f.cols * outputs);
    put_weighted_outputs(f, log_initial, log_q, y, t, threads);
    return t;
}

void put_weighted_outputs(ConstView f, std::span<const double> log_initial, std::span<const double> log_q, ConstView y,
                          View t, int threads) {
    const auto outputs = static_cast<std::size_t>(t.cols / std::max<std::int64_t>(f.cols, 1));
    for_slices(f.rows, slice, threads_worth(f.rows, threads), [&](std::int64_t first, std::int64_t count) {
        const auto from = static_cast<std::size_t>(first), rows = static_cast<std::size_t>(count);
        Matrix share(count, 1);   // q_0 / q
        std::ranges::copy(log_initial.subspan(from, rows), share.data.begin());
        exp_rows(share, log_q.subspan(from, rows));
        for (std::int64_t i = 0; i < count; ++i)
            put_summands(f.row(first + i), share(i, 0), y.row(first + i).first(outputs), t.row(first + i).data());
    });
}

void put_summands(std::span<const double> f, double share, std::span<const double> y, double* t) {
    for (std::size_t k = 0; k < y.size(); ++k) {
        const double size = share * y[k];
        if (y.size() == 1 && std::isfinite(size))   // no law needs a look
            for (std::size_t j = 0; j < f.size(); ++j) t[j] = f[j] * size;
        else
            for (std::size_t j = 0; j < f.size(); ++j) t[j * y.size() + k] = f[j] > 0 ? f[j] * size : 0.0;
    }
}

Matrix controls(Matrix ratio) {
    for (double& g : ratio.data) g -= 1.0;
    return ratio;
}

}  // namespace buffon
