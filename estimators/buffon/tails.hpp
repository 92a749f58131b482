/// Whether an interval can be trusted, told by the tails of what is averaged. Not installed.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <buffon/estimate.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// k-hat of the sizes of the first m columns of `summands` (n, m or more); NaN where there is no tail to judge.
/// `of_kept`: of terms of a
/// kept sample, which was not drawn for them. Zeros, most of an event's, are left out, and a tail whose end is bounded
/// is no heavy
/// one: terms may lie in two clusters.
std::vector<double> tail_shapes(ConstView summands, std::int64_t m, bool of_kept = false, int threads = 1);

/// The same into diagnostics["pareto_k"], and a warning that names the values above min(1 - 1 / log10 n, 0.7).
/// `left` (m), or none: k-hat of what controls leave of the summands, whose mean the error is of: values that are tame
/// there are not
/// warned of. Sizes of an event's terms under a mixture, most about 1 and a few up to ten, have a k-hat of up to 1.4 and good
/// intervals (docs/rare.md).
void judge_tails(ConstView summands, Estimate& estimate, bool of_kept = false, const std::vector<double>& left = {},
                 int threads = 1);

/// Sets the excess kurtosis of the errors of a mean of n terms, these the first of them: of independent terms theirs / n.
/// That of R replicates, from `finish_replicates`, is not taken for larger than their terms' / R: scrambles of smooth terms
/// have heavy tails, too, but symmetric ones, which Student's law bears well.
void set_kurtosis(ConstView terms, std::int64_t n, Estimate& estimate);

/// Effective terms below which a mean is known roughly only.
inline constexpr double fewest_terms = 10;

/// diagnostics["effective_terms"] (m) is n / the excess kurtosis of the terms: how often an event would have been hit whose
/// frequency had an error of this shape; inf for tails lighter than normal ones, 0 (no warning) where value and terms
/// are 0. Warns below ten.
/// `inside` (rows, m), or none: sizes of what a mean given an event is made of, 0 outside. Such a mean warns only where
/// these, too, are
/// those of fewer than five rows alike, (sum s)^2 / sum s^2: the excesses over a far quantile have a kurtosis, but tame tails.
void warn_of_few_terms(ConstView terms, std::int64_t n, Estimate& estimate, ConstView inside = {});

/// (m) Of means of n weighted terms (rows, m), these the first of them: by how many standard errors one row more could
/// move each, were
/// it as far out as the furthest (term / weight - mean, in size) and as heavy there as the heaviest row of all is under
/// the law whose
/// weights are `base` (rows), the one that the sampling law never falls far below; `weight` (rows) are those under the
/// law asked for.
/// 0 where the furthest rows are as heavy already, or too light to matter: what lies behind them is then no surprise. Tails and
/// effective numbers cannot tell it: what makes them large has not been drawn.
std::vector<double> one_row_more(ConstView terms, std::span<const double> weight, std::span<const double> base, std::int64_t n,
                                 std::span<const double> mean, std::span<const double> error);

/// The same into diagnostics["one_row_more"] (m), and a warning that names the values above `most_of_one_row`.
void warn_of_one_row(const std::vector<double>& moves, Estimate& estimate);

/// From this many standard errors on `warn_of_one_row` warns. 95 % intervals of adaptive samples covered 85 to 97 %
/// below and fewer
/// above, by what was asked for, without half a row more (docs/reweight.md).
inline constexpr double most_of_one_row = 4;

/// Adds the variance that half a row more makes, (m error / 2)^2, m up to `most_of_one_row`: a doubted error need not
/// grow without
/// bound. Correlations stay. What a thin sample has not seen no error of its rows can tell.
void widen_by_half_a_row(const std::vector<double>& moves, Estimate& estimate);

/// Value j was 0 in the whole `sample`, whatever was said of its being the same everywhere.
void warn_of_zeros(std::int64_t j, const std::string& sample, Estimate& estimate);

/// Tail, kurtosis and number of terms of the mean of n independent or net points, these rows the first of them.
void judge_mean(ConstView terms, std::int64_t n, Estimate& estimate);

/// Rows that are looked at: enough for the tail, bounded in memory.
inline constexpr std::int64_t judged_rows = 1 << 16;

/// The first rows of a stream of tables: enough for the diagnosis, bounded in memory.
class FirstRows {
public:
    explicit FirstRows(std::int64_t most) : most_(most) {}
    void add(ConstView rows);
    const Matrix& rows() const { return rows_; }

private:
    std::int64_t most_;
    Matrix rows_;
};

}  // namespace buffon
