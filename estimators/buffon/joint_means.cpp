#include <buffon/joint_means.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <map>
#include <span>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/moments.hpp>
#include <buffon/parallel.hpp>
#include <buffon/regression.hpp>
#include <buffon/tails.hpp>

namespace buffon {
namespace {

constexpr double cut = 1e-2;                    // of collinear controls, as in aiscv
constexpr std::int64_t cheap_controls = 32;     // up to here one regression more for each fold costs nothing
constexpr std::int64_t rows_per_control = 10;   // fewer leave no coefficient
constexpr std::int64_t judged_numbers = 1 << 22;
constexpr std::int64_t fewest_judged = 4'096;
constexpr std::int64_t chunk = 16 * parallel::block_size;
constexpr double heavy = 0.5;

/// Columns that vary, and whose tails leave a coefficient an error.
std::vector<std::int64_t> useful(const Matrix& controls) {
    std::vector<std::int64_t> columns;
    const std::vector<double> k_hat = tail_shapes(controls, controls.cols);
    for (std::int64_t k = 0; k < controls.cols; ++k) {
        double size = 0;
        for (std::int64_t i = 0; i < controls.rows; ++i) size = std::max(size, std::abs(controls(i, k)));
        const bool tame = !(k_hat[static_cast<std::size_t>(k)] > heavy);   // NaN: no tail
        if (size > 1e-9 && std::isfinite(size) && tame) columns.push_back(k);
    }
    return columns;
}

Matrix pick_rows(ConstView from, const std::vector<std::int64_t>& rows) {
    Matrix out(static_cast<std::int64_t>(rows.size()), from.cols);
    for (std::size_t a = 0; a < rows.size(); ++a)
        std::ranges::copy(from.row(rows[a]), out.view().row(static_cast<std::int64_t>(a)).begin());
    return out;
}

/// Cross products of the rows of each replicate (of each parity, where draws are independent).
struct Sums {
    std::vector<std::pair<std::int64_t, CrossProducts>> parts;
    void merge(const Sums& other) { parts.insert(parts.end(), other.parts.begin(), other.parts.end()); }
};

/// Of the first rows' bits (FNV-1a): the key of the run is not known, and estimates from different samples must not
/// look like one.
std::uint64_t fingerprint(const KeptRows& rows) {
    constexpr std::int64_t some = 16;
    std::uint64_t hash = 0xcbf29ce484222325;
    const ConstView x = rows.points(0, std::min(some, rows.draws()));
    for (std::int64_t i = 0; i < x.size(); ++i) hash = (hash ^ std::bit_cast<std::uint64_t>(x.data[i])) * 0x100000001b3;
    return hash;
}

struct Group {
    std::vector<std::int64_t> own;        // controls of its own that are used
    bool shared = false;                  // and those of the sample
    std::vector<CrossProducts> folds;
    std::vector<Matrix> coefficients;     // for the draws of a fold, from the others
    Matrix sum_t, sum_x;                  // (R, E), (R, K) of each replicate
    Matrix first, judged;                 // summands of the first draws, and what is to be judged of them if it is something else
    std::vector<double> weight;           // of the first draws; none where there is no control of that
    std::int64_t columns() const { return first.cols; }
};

class JointMeans {
public:
    JointMeans(const KeptRows& rows, std::int64_t groups, const TermsOf& terms, bool regress, bool edges)
        : rows_(rows), terms_(terms), edges_(edges), groups_(static_cast<std::size_t>(groups)) {
        for (std::int64_t g = 0; g < groups; ++g) {
            prepare(g, regress);
            add_up(g);
            solve(groups_[static_cast<std::size_t>(g)]);
            columns_ += groups_[static_cast<std::size_t>(g)].columns();
        }
    }

    Estimate estimate(std::vector<std::string> names) const {
        Estimate e = rows_.replicates() > 0 ? from_replicates() : from_draws();
        require(static_cast<std::int64_t>(names.size()) == e.size(), "joint_means: one name per mean");
        e.names = std::move(names);
        e.n = rows_.sample().n();
        e.n_failed = rows_.n_failed();
        e.rng_key = fingerprint(rows_);
        judge(e);
        return e;
    }

private:
    std::int64_t key(std::int64_t draw) const { return rows_.replicates() > 0 ? rows_.replicate(draw) : draw % 2; }

    void prepare(std::int64_t g, bool regress) {
        Group& group = groups_[static_cast<std::size_t>(g)];
        const Terms shape = terms_(g, 0, 1);
        const auto wide = static_cast<std::int64_t>(groups_.size()) * (shape.t.cols + shape.controls.cols);
        Terms head = terms_(g, 0, std::min({rows_.draws(), judged_rows, std::max(judged_numbers / wide, fewest_judged)}));
        group.first = std::move(head.t);
        group.judged = std::move(head.judged);
        for (std::int64_t i = 0; i < head.controls.rows && head.controls.cols > 0; ++i)
            group.weight.push_back(1 + head.controls(i, 0));
        // draws that were skipped have no controls
        std::int64_t room = regress && rows_.sample().skipped == 0 ? rows_.draws() / rows_per_control : 0;
        if (room >= head.controls.cols) group.own = useful(head.controls);
        room -= static_cast<std::int64_t>(group.own.size());
        group.shared = rows_.controls().cols > 0 && room >= rows_.controls().cols;
        const std::int64_t K = static_cast<std::int64_t>(group.own.size()) + (group.shared ? rows_.controls().cols : 0);
        const std::int64_t R = rows_.replicates();
        const std::int64_t folds = R == 0 ? 2 : std::min<std::int64_t>(R, K <= cheap_controls ? cheap_controls : 4);
        group.folds.assign(static_cast<std::size_t>(folds), CrossProducts(K, group.columns()));
        group.sum_t = Matrix(R, group.columns());
        group.sum_x = Matrix(R, K);
    }

    /// Terms with the controls that are used.
    Terms full(std::int64_t g, std::int64_t first, std::int64_t count) const {
        const Group& group = groups_[static_cast<std::size_t>(g)];
        Terms all = terms_(g, first, count);
        Matrix x(count, group.folds.front().xx.rows);
        const std::int64_t K = group.shared ? rows_.controls().cols : 0;
        for (std::int64_t i = 0; i < count; ++i) {
            if (group.shared) std::ranges::copy(rows_.controls().row(first + i), x.view().row(i).begin());
            for (std::size_t k = 0; k < group.own.size(); ++k)
                x(i, K + static_cast<std::int64_t>(k)) = all.controls(i, group.own[k]);
        }
        all.controls = std::move(x);
        return all;
    }

    Sums sums_of(std::int64_t g, std::int64_t first, std::int64_t count) const {
        const Terms all = full(g, first, count);
        std::map<std::int64_t, std::vector<std::int64_t>> members;
        for (std::int64_t i = 0; i < count; ++i) members[key(first + i)].push_back(i);
        Sums sums;
        for (const auto& [r, rows] : members) {
            sums.parts.emplace_back(r, CrossProducts(all.controls.cols, all.t.cols));
            sums.parts.back().second.add(pick_rows(all.controls, rows), pick_rows(all.t, rows));
        }
        return sums;
    }

    void add_up(std::int64_t g) {
        Group& group = groups_[static_cast<std::size_t>(g)];
        for (std::int64_t start = 0; start < rows_.draws(); start += chunk) {
            Sums sums;
            parallel::reduce_blocks(
                std::min(chunk, rows_.draws() - start), rows_.threads(), sums,
                [&](std::int64_t first, std::int64_t count) { return sums_of(g, start + first, count); });
            for (const auto& [r, part] : sums.parts) {
                group.folds[static_cast<std::size_t>(r) % group.folds.size()].merge(part);
                for (std::int64_t e = 0; e < group.sum_t.cols && r < group.sum_t.rows; ++e)
                    group.sum_t(r, e) += part.t[static_cast<std::size_t>(e)];
                for (std::int64_t k = 0; k < group.sum_x.cols && r < group.sum_x.rows; ++k)
                    group.sum_x(r, k) += part.x[static_cast<std::size_t>(k)];
            }
        }
    }

    static void solve(Group& group) {
        CrossProducts all = group.folds.front();
        for (std::size_t f = 1; f < group.folds.size(); ++f) all.merge(group.folds[f]);
        for (const CrossProducts& fold : group.folds) {
            CrossProducts others = all;
            others.subtract(fold);
            group.coefficients.push_back(regress(others, cut));
        }
    }

    /// What the controls leave of draws first ... first + count: (count, E of all groups).
    Matrix rest(std::int64_t first, std::int64_t count) const {
        Matrix out(count, columns_);
        std::int64_t at = 0;
        for (std::size_t g = 0; g < groups_.size(); ++g) {
            const Terms all = full(static_cast<std::int64_t>(g), first, count);
            for (std::int64_t i = 0; i < count; ++i) {
                const Matrix& b = groups_[g].coefficients[static_cast<std::size_t>(key(first + i)) % groups_[g].folds.size()];
                for (std::int64_t e = 0; e < all.t.cols; ++e) out(i, at + e) = all.t(i, e);
                for (std::int64_t k = 0; k < b.rows; ++k)
                    for (std::int64_t e = 0; e < b.cols; ++e) out(i, at + e) -= all.controls(i, k) * b(k, e);
            }
            at += all.t.cols;
        }
        return out;
    }

    Estimate from_draws() const {
        Moments total;
        for (std::int64_t start = 0; start < rows_.draws(); start += chunk)
            parallel::reduce_blocks(std::min(chunk, rows_.draws() - start), rows_.threads(), total,
                                    [&](std::int64_t first, std::int64_t count) { return Moments(rest(start + first, count)); });
        Estimate e;
        e.value = total.mean;
        e.covariance = total.covariance();
        for (double& c : e.covariance.data) c /= static_cast<double>(total.n);
        return e;
    }

    /// Totals of the replicates about what their draws have on average: nets are equally large, clusters need not be.
    Estimate from_replicates() const {
        const std::int64_t R = rows_.replicates();
        Matrix totals(R, columns_);
        std::int64_t at = 0;
        for (const Group& group : groups_) {
            for (std::int64_t r = 0; r < R; ++r) {
                const Matrix& b = group.coefficients[static_cast<std::size_t>(r) % group.folds.size()];
                for (std::int64_t e = 0; e < group.columns(); ++e) {
                    totals(r, at + e) = group.sum_t(r, e);
                    for (std::int64_t k = 0; k < b.rows; ++k) totals(r, at + e) -= group.sum_x(r, k) * b(k, e);
                }
            }
            at += group.columns();
        }
        return finish_totals(std::move(totals));
    }

    Estimate finish_totals(Matrix totals) const {
        const std::int64_t R = totals.rows;
        const auto n = static_cast<double>(rows_.draws());
        std::vector<double> size(static_cast<std::size_t>(R));
        for (std::int64_t i = 0; i < rows_.draws(); ++i) size[static_cast<std::size_t>(rows_.replicate(i))] += 1;
        Estimate e;
        for (std::int64_t j = 0; j < totals.cols; ++j) {
            double sum = 0;
            for (std::int64_t r = 0; r < R; ++r) sum += totals(r, j);
            e.value.push_back(sum / n);
            for (std::int64_t r = 0; r < R; ++r)
                totals(r, j) =
                    (totals(r, j) - size[static_cast<std::size_t>(r)] * e.value.back()) * static_cast<double>(R) / n;
        }
        const Moments moments{ConstView(totals)};
        e.covariance = moments.covariance();
        for (double& c : e.covariance.data) c /= static_cast<double>(R);
        e.degrees_of_freedom = static_cast<double>(R - 1);
        e.excess_kurtosis = excess_kurtosis(totals);
        for (double& k : e.excess_kurtosis) k = std::max(k, 0.0) / static_cast<double>(R);
        e.diagnostics["replicates"] = R;
        return e;
    }

    void judge(Estimate& e) const {
        std::int64_t judged = rows_.draws();
        for (const Group& group : groups_) judged = std::min(judged, group.first.rows);
        judge_tails(side_by_side(judged, true), e, true);
        warn_of_few_terms(side_by_side(judged, false), rows_.draws(), e, inside(judged));
        const Matrix left = rest(0, judged);
        e.diagnostics["pareto_k_residual"] = tail_shapes(left, e.size());
        set_kurtosis(left, rows_.draws(), e);
        if (edges_) judge_edges(e);
        warn_of_nothing(e);
    }

    /// Group by group: each has weights of its own. Errors then include half a row more where the sample is thin.
    void judge_edges(Estimate& e) const {
        std::vector<double> all;
        const std::vector<double> error = e.std_error();
        std::size_t at = 0;
        std::vector<double> base;
        for (const Group& group : groups_) {
            const auto size = static_cast<std::size_t>(group.columns());
            if (!group.weight.empty()) {
                const auto& law = rows_.sample().law;
                if (base.size() != group.weight.size())
                    base = law ? rows_.weights(log_density_of(*law), 0, group.first.rows) : group.weight;
                const auto part =
                    one_row_more(group.first, group.weight, law ? base : group.weight, rows_.draws(),
                                 std::span(e.value).subspan(at, size), std::span(error).subspan(at, size));
                all.insert(all.end(), part.begin(), part.end());
            }
            at += size;
        }
        if (all.size() != e.value.size()) return;
        warn_of_one_row(all, e);
        widen_by_half_a_row(all, e);
    }

    /// The first rows of all groups: (count, E).
    Matrix side_by_side(std::int64_t count, bool judged) const {
        Matrix out(count, columns_);
        std::int64_t at = 0;
        for (const Group& group : groups_) {
            const ConstView from = judged && group.judged.cols > 0 ? group.judged : group.first;
            for (std::int64_t i = 0; i < count; ++i) std::ranges::copy(from.row(i), out.view().row(i).begin() + at);
            at += group.columns();
        }
        return out;
    }

    /// What is to be judged in place of terms, of groups that say so: 0 elsewhere.
    Matrix inside(std::int64_t count) const {
        Matrix out(count, columns_);
        std::int64_t at = 0;
        for (const Group& group : groups_) {
            for (std::int64_t i = 0; i < count && group.judged.cols > 0; ++i)
                std::ranges::copy(group.judged.view().row(i), out.view().row(i).begin() + at);
            at += group.columns();
        }
        return out;
    }

    /// Values to which no draw contributed.
    void warn_of_nothing(Estimate& e) const {
        std::size_t j = 0;
        for (const Group& group : groups_)
            for (std::int64_t k = 0; k < group.columns(); ++k, ++j) {
                bool seen = false;
                for (const CrossProducts& fold : group.folds) seen = seen || fold.t[static_cast<std::size_t>(k)] != 0;
                for (std::int64_t i = 0; i < group.judged.rows && !seen; ++i) seen = group.judged(i, k) != 0;
                if (!seen)
                    e.warnings.push_back("'" + e.names[j] +
                                         "': no row of the sample contributes, so its error of 0 says nothing");
            }
    }

    const KeptRows& rows_;
    const TermsOf& terms_;
    bool edges_;
    std::vector<Group> groups_;
    std::int64_t columns_ = 0;
};

}  // namespace

Estimate joint_means(const KeptRows& rows, std::vector<std::string> names, std::int64_t groups, const TermsOf& terms,
                     bool regress, bool edges) {
    return JointMeans(rows, groups, terms, regress, edges).estimate(std::move(names));
}

}  // namespace buffon
