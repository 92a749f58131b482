#include <buffon/proposal.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include <buffon/check.hpp>
#include <buffon/kernels.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/parallel.hpp>

namespace buffon {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

View rows_of(Matrix& m, std::int64_t first, std::int64_t count) { return m.view().slice(first, count); }

/// Rows at which some input law has density.
std::vector<std::int64_t> inside(ConstView log_f) {
    std::vector<std::int64_t> rows;
    for (std::int64_t i = 0; i < log_f.rows; ++i)
        if (std::ranges::any_of(log_f.row(i), [](double v) { return v > -infinity; })) rows.push_back(i);
    return rows;
}

Matrix gather(ConstView from, const std::vector<std::int64_t>& rows) {
    Matrix out(static_cast<std::int64_t>(rows.size()), from.cols);
    for (std::size_t a = 0; a < rows.size(); ++a)
        std::ranges::copy(from.row(rows[a]), out.view().row(static_cast<std::int64_t>(a)).begin());
    return out;
}

Matrix scatter(ConstView from, const std::vector<std::int64_t>& rows, std::int64_t n) {
    Matrix out(n, from.cols);
    for (std::size_t a = 0; a < rows.size(); ++a)
        std::ranges::copy(from.row(static_cast<std::int64_t>(a)), out.view().row(rows[a]).begin());
    return out;
}

}  // namespace

Proposal::Proposal(bool defensive, std::vector<Gaussian> gaussians, std::vector<double> alpha)
    : defensive_(defensive), gaussians_(std::move(gaussians)), alpha_(std::move(alpha)), densities_(gaussians_) {}

Proposal Proposal::initial(std::vector<Gaussian> controls) {
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
    const bool choice = space.laws() > 1 || !defensive_ || alpha_.front() < 1;
    return space.dim() + (choice ? 1 : 0);
}

void Proposal::draw(const WorkingSpace& space, ConstView v, View z) const {
    for (std::int64_t i = 0; i < z.rows; ++i) {
        double* row = z.row(i).data();
        std::copy(v.row(i).end() - z.cols, v.row(i).end(), row);
        double choice = v.cols > z.cols ? v(i, 0) : 0.0;
        std::size_t k = 0;
        while (k + 1 < alpha_.size() && choice >= alpha_[k]) choice -= alpha_[k++];
        while (alpha_[k] <= 0) --k;   // rounding may lead past the last component that is sampled
        if (defensive_ && k == 0) {
            space.draw_initial(std::min(choice / alpha_[0], 1 - 0x1p-53), row);
        } else {
            for (std::int64_t j = 0; j < z.cols; ++j) row[j] = normal_quantile(row[j]);
            gaussians_[k - (defensive_ ? 1 : 0)].place(row);
        }
    }
}

Batch draw_batch(Evaluation& evaluate, const WorkingSpace& space, const Proposal& proposal, const PointSet& points,
                 std::int64_t first, std::int64_t count) {
    const std::int64_t d = space.dim();
    const auto rows_count = static_cast<std::size_t>(count);
    Batch batch{Matrix(count, d), {}, {}, Matrix(count, space.laws()), std::vector<double>(rows_count),
                Matrix(count, proposal.size()), std::vector<double>(rows_count)};
    const View x = evaluate.room(count);
    const std::int64_t slice = std::min<std::int64_t>(segment_length(points.points()), 1024);
    parallel::for_each((count + slice - 1) / slice, evaluate.threads(), [&](std::int64_t s) {
        const std::int64_t begin = s * slice, n = std::min(slice, count - begin);
        Matrix v(n, proposal.coordinates(space));
        points.uniform(first + begin, v);
        const View z = rows_of(batch.z, begin, n), log_f = rows_of(batch.log_f, begin, n), g = rows_of(batch.ratio, begin, n);
        proposal.draw(space, v, z);
        space.to_x(z, x.slice(begin, n));
        space.log_density(z, log_f);
        const std::vector<double> log_initial = space.log_initial(log_f);
        std::ranges::copy(log_initial, batch.log_initial.begin() + begin);
        proposal.log_components(z, log_initial, g);
        std::ranges::copy(proposal.normalise(g), batch.log_q.begin() + begin);
    });
    const std::vector<std::int64_t> rows = inside(batch.log_f);
    const bool all = static_cast<std::int64_t>(rows.size()) == count;
    const Matrix asked = all ? Matrix() : gather(x, rows);
    Outputs out = evaluate(all ? ConstView(x) : ConstView(asked), [&](std::span<double> log_density) {
        std::vector<double> slope(static_cast<std::size_t>(count));
        space.log_jacobian(batch.z, slope);
        for (std::size_t a = 0; a < rows.size(); ++a) {
            const auto i = static_cast<std::size_t>(rows[a]);
            log_density[a] = batch.log_q[i] - slope[i];
        }
    });
    require(evaluate.outputs() > 0, "aiscv: no point falls into the support of an input law");
    batch.y = all ? std::move(out.y) : scatter(out.y, rows, count);
    if (out.score.rows > 0) batch.score = all ? std::move(out.score) : scatter(out.score, rows, count);
    return batch;
}

Matrix summands(const Batch& batch) {
    const std::int64_t c = batch.y.cols;
    Matrix t(batch.n(), batch.log_f.cols * c);
    Matrix w = batch.log_f;
    exp_rows(w, batch.log_q);
    for (std::int64_t i = 0; i < batch.n(); ++i)
        for (std::int64_t j = 0; j < w.cols; ++j)
            for (std::int64_t k = 0; k < c; ++k) t(i, j * c + k) = w(i, j) > 0 ? w(i, j) * batch.y(i, k) : 0.0;
    return t;
}

Matrix controls(const Batch& batch) {
    Matrix x = batch.ratio;
    for (double& g : x.data) g -= 1.0;
    return x;
}

}  // namespace buffon
