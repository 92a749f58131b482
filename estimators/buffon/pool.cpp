#include <buffon/pool.hpp>

#include <algorithm>
#include <cmath>
#include <span>

#include <buffon/elementary.hpp>
#include <buffon/kernels.hpp>
#include <buffon/logspace.hpp>
#include <buffon/parallel.hpp>
#include <buffon/sums.hpp>

namespace buffon {
namespace {

constexpr std::int64_t slice = 256;   // rows whose components stay in the cache

void append(Matrix& to, const Matrix& rows, std::int64_t expected) {
    to.data.reserve(static_cast<std::size_t>(expected * rows.cols));
    to.data.insert(to.data.end(), rows.data.begin(), rows.data.end());
    to.cols = rows.cols;
    to.rows += rows.rows;
}

std::span<const double> part_of(const std::vector<double>& v, std::int64_t first, std::int64_t count) {
    return std::span(v).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
}

/// f(first, rows) of slices; few are not worth a thread.
template <class F>
void for_slices(std::int64_t count, int threads, const F& f) {
    const std::int64_t slices = (count + slice - 1) / slice;
    parallel::for_each(slices, slices < 16 ? 1 : threads, [&](std::int64_t s) { f(s * slice, std::min(slice, count - s * slice)); });
}

Matrix first_rows(const Matrix& m, std::int64_t count) {
    Matrix out(count, m.cols);
    std::copy_n(m.data.begin(), out.data.size(), out.data.begin());
    return out;
}

}  // namespace

void Pool::add(const Batch& batch, const Proposal& proposal, std::vector<double> log_q) {
    const std::int64_t before = n();
    append(z_, batch.z, expected_);
    append(y_, batch.y, expected_);
    append(score_, batch.score, expected_);
    append(f_, batch.f, expected_);
    log_initial_.insert(log_initial_.end(), batch.log_initial.begin(), batch.log_initial.end());
    proposals_.push_back(proposal);
    counts_.push_back(batch.n());
    update_log_h(before, log_q, batch.log_q);
}

/// h <- (N_old h + N_new q_new) / N at the old points; from all proposals at the new ones.
void Pool::update_log_h(std::int64_t before, const std::vector<double>& log_q, const std::vector<double>& own_log_q) {
    const auto total = static_cast<double>(n());
    const double old_share = elementary::log(static_cast<double>(before) / total);
    const double new_share = elementary::log((total - static_cast<double>(before)) / total);
    for (std::size_t i = 0; i < log_h_.size(); ++i) {
        const double terms[] = {log_h_[i] + old_share, log_q[i] + new_share};
        log_h_[i] = log_sum_exp(terms);
    }
    const std::vector<double> fresh = log_h_of_last(own_log_q);
    log_h_.insert(log_h_.end(), fresh.begin(), fresh.end());
}

/// At the last points, whose own proposal's log densities are known.
std::vector<double> Pool::log_h_of_last(const std::vector<double>& own_log_q) const {
    const auto count = static_cast<std::int64_t>(own_log_q.size());
    Matrix terms(count, static_cast<std::int64_t>(proposals_.size()));
    std::vector<double> shares;
    for (std::size_t t = 0; t < proposals_.size(); ++t) {
        const bool own = t + 1 == proposals_.size();
        const std::vector<double> log_q = own ? own_log_q : log_density(proposals_[t], n() - count, count);
        for (std::int64_t i = 0; i < count; ++i) terms(i, static_cast<std::int64_t>(t)) = log_q[static_cast<std::size_t>(i)];
        shares.push_back(static_cast<double>(counts_[t]) / static_cast<double>(n()));
    }
    return mixture_ratios(terms, shares);
}

std::vector<double> Pool::log_density(const Proposal& proposal, std::int64_t first, std::int64_t count) const {
    std::vector<double> log_q(static_cast<std::size_t>(count));
    for_slices(count, threads_, [&](std::int64_t i, std::int64_t rows) {
        Matrix part(rows, proposal.size());
        proposal.log_components(z().slice(first + i, rows), part_of(log_initial_, first + i, rows), part);
        std::ranges::copy(proposal.normalise(part), log_q.begin() + i);
    });
    return log_q;
}

std::vector<double> Pool::log_density_of(ConstView relative, const std::vector<double>& alpha) const {
    std::vector<double> out = log_h_;
    for (std::int64_t i = 0; i < relative.rows; ++i)
        out[static_cast<std::size_t>(i)] += elementary::log(dot(relative.row(i).data(), alpha.data(), relative.cols));
    return out;
}

Batch Pool::first(std::int64_t count, const Proposal& proposal) const {
    const auto rows = static_cast<std::size_t>(count);
    Batch batch{first_rows(z_, count), first_rows(y_, count), {}, first_rows(f_, count),
                {log_initial_.begin(), log_initial_.begin() + static_cast<std::ptrdiff_t>(rows)}, Matrix(count, proposal.size()), {}};
    proposal.log_components(batch.z, batch.log_initial, batch.ratio);
    batch.log_q = proposal.normalise(batch.ratio);
    return batch;
}

Matrix Pool::relative(const Proposal& proposal, std::int64_t first, std::int64_t count) const {
    Matrix q(count, proposal.size());
    for_slices(count, threads_, [&](std::int64_t i, std::int64_t rows) {
        const View part = q.view().slice(i, rows);
        proposal.log_components(z().slice(first + i, rows), part_of(log_initial_, first + i, rows), part);
        exp_rows(part, part_of(log_h_, first + i, rows));
    });
    return q;
}

Matrix Pool::weights() const {
    const Matrix one(n(), 1, 1.0);
    return weighted_outputs(f_, log_initial_, log_h_, one, 1);
}

Matrix Pool::integrands(std::int64_t outputs, const WorkingSpace& space) const {
    Matrix f(n(), space.laws());
    space.log_density(z_, f);
    space.relative_to_initial(f);
    return weighted_outputs(f, log_initial_, log_h_, y_, outputs, threads_);
}

}  // namespace buffon
