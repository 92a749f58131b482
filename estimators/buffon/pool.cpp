#include <buffon/pool.hpp>

#include <algorithm>
#include <cmath>
#include <span>

#include <buffon/elementary.hpp>
#include <buffon/kernels.hpp>
#include <buffon/logspace.hpp>
#include <buffon/row_slices.hpp>
#include <buffon/sums.hpp>

namespace buffon {
namespace {

constexpr std::int64_t slice = 256;   // rows whose components stay in the cache

std::span<const double> part_of(const std::vector<double>& v, std::int64_t first, std::int64_t count) {
    return std::span(v).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
}

void append(RawMatrix& to, const Matrix& rows, std::int64_t expected, int threads) {
    to.reserve(expected * rows.cols);
    const View place = to.add_rows(rows.rows, rows.cols);
    for_slices(rows.rows, slice, threads_worth(rows.rows, threads), [&](std::int64_t first, std::int64_t count) {
        const ConstView part = rows.view().slice(first, count);
        std::copy_n(part.data, part.size(), place.slice(first, count).data);
    });
}

Matrix first_rows(ConstView m, std::int64_t count) {
    Matrix out(count, m.cols);
    std::copy_n(m.data, out.data.size(), out.data.begin());
    return out;
}

}  // namespace

void Pool::add(const Batch& batch, const Proposal& proposal, std::vector<double> log_q) {
    const std::int64_t before = n();
    append(z_, batch.z, expected_, threads_);
    append(y_, batch.y, expected_, threads_);
    append(score_, batch.score, expected_, threads_);
    append(f_, batch.f, expected_, threads_);
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
    for_slices(before, slice, threads_worth(before, threads_), [&](std::int64_t first, std::int64_t rows) {
        for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(first + rows); ++i) {
            const double terms[] = {log_h_[i] + old_share, log_q[i] + new_share};
            log_h_[i] = log_sum_exp(terms);
        }
    });
    const std::vector<double> fresh = log_h_of_last(own_log_q);
    log_h_.insert(log_h_.end(), fresh.begin(), fresh.end());
}

/// At the last points, whose own proposal's log densities are known.
std::vector<double> Pool::log_h_of_last(const std::vector<double>& own_log_q) const {
    const auto count = static_cast<std::int64_t>(own_log_q.size()), all = static_cast<std::int64_t>(proposals_.size());
    std::vector<double> shares, log_h(own_log_q.size());
    for (const std::int64_t drawn : counts_) shares.push_back(static_cast<double>(drawn) / static_cast<double>(n()));
    for_slices(count, slice, threads_worth(count, threads_), [&](std::int64_t first, std::int64_t rows) {
        Matrix terms(rows, all);
        for (std::int64_t t = 0; t < all; ++t) {
            const bool own = t + 1 == all;
            const std::vector<double> log_q =
                own ? std::vector<double>()
                    : log_density(proposals_[static_cast<std::size_t>(t)], n() - count + first, rows);
            const std::span<const double> column = own ? part_of(own_log_q, first, rows) : std::span(log_q);
            for (std::int64_t i = 0; i < rows; ++i) terms(i, t) = column[static_cast<std::size_t>(i)];
        }
        std::ranges::copy(mixture_ratios(terms, shares), log_h.begin() + first);
    });
    return log_h;
}

/// Of a slice.
std::vector<double> Pool::log_density(const Proposal& proposal, std::int64_t first, std::int64_t count) const {
    Matrix part(count, proposal.size());
    proposal.log_components(z().slice(first, count), part_of(log_initial_, first, count), part);
    return proposal.normalise(part);
}

std::vector<double> Pool::log_density_of(ConstView relative, const std::vector<double>& alpha) const {
    std::vector<double> out = log_h_;
    for_slices(relative.rows, slice, threads_worth(relative.rows, threads_), [&](std::int64_t first, std::int64_t rows) {
        for (std::int64_t i = first; i < first + rows; ++i)
            out[static_cast<std::size_t>(i)] += elementary::log(dot(relative.row(i).data(), alpha.data(), relative.cols));
    });
    return out;
}

Batch Pool::first(std::int64_t count, const Proposal& proposal) const {
    const auto rows = static_cast<std::size_t>(count);
    Batch batch{first_rows(z_, count),
                first_rows(y_, count),
                {},
                first_rows(f_, count),
                {log_initial_.begin(), log_initial_.begin() + static_cast<std::ptrdiff_t>(rows)},
                Matrix(count, proposal.size()),
                {}};
    proposal.log_components(batch.z, batch.log_initial, batch.ratio);
    batch.log_q = proposal.normalise(batch.ratio);
    return batch;
}

Matrix Pool::relative(const Proposal& proposal, std::int64_t first, std::int64_t count) const {
    Matrix q(count, proposal.size());
    put_relative(proposal, first, q);
    return q;
}

void Pool::relative(const Proposal& proposal, RawMatrix& out) const {
    out.reshape(std::max(expected_, n()), proposal.size());
    out.reshape(n(), proposal.size());
    put_relative(proposal, 0, out);
}

void Pool::put_relative(const Proposal& proposal, std::int64_t first, View q) const {
    for_slices(q.rows, slice, threads_worth(q.rows, threads_), [&](std::int64_t i, std::int64_t rows) {
        const View part = q.slice(i, rows);
        proposal.log_components(z().slice(first + i, rows), part_of(log_initial_, first + i, rows), part);
        exp_rows(part, part_of(log_h_, first + i, rows));
    });
}

Matrix Pool::weights() const {
    const Matrix one(n(), 1, 1.0);
    return weighted_outputs(f_, log_initial_, log_h_, one, 1);
}

void Pool::integrands(std::int64_t outputs, RawMatrix& out) const {
    out.reshape(std::max(expected_, n()), f_.cols * outputs);
    out.reshape(n(), f_.cols * outputs);
    put_weighted_outputs(f_, log_initial_, log_h_, y_, out, threads_);
}

Matrix Pool::integrands(std::int64_t outputs, const WorkingSpace& space) const {
    Matrix f(n(), space.laws());
    space.log_density(z_, f);
    space.relative_to_initial(f);
    return weighted_outputs(f, log_initial_, log_h_, y_, outputs, threads_);
}

}  // namespace buffon
