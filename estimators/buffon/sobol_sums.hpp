/// Sums of all replicates and outputs of a pick-freeze run, as segments come in. Not installed.
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/pair_sums.hpp>
#include <buffon/sobol_design.hpp>
#include <buffon/sobol_values.hpp>
#include <buffon/surrogate_sums.hpp>

namespace buffon {

class SobolSums {
public:
    explicit SobolSums(const SobolDesign& design) : design_(&design) {}
    /// Those of the first replicates of this design: `centre` (m), sums (m, replicates); no residuals where there are
    /// no surrogates.
    SobolSums(const SobolDesign& design, std::vector<double> centre, std::vector<std::vector<PairSums>> pairs,
              std::vector<std::vector<ResidualSums>> residuals);

    /// Values are centred at the mean of these rows y (n, at least m), or else of the first segment's A and B.
    void centre_at(ConstView y, std::int64_t outputs);
    /// The segments that follow those before; with surrogates (m, 4) the residuals' sums, too.
    void add(const std::vector<SegmentValues>& values, const std::vector<std::vector<Surrogate>>& surrogates, int threads);
    /// Of all segments again, those of the residuals.
    void add_residuals(const std::vector<SegmentValues>& values, const std::vector<std::vector<Surrogate>>& surrogates,
                       int threads);

    /// The next `segments`, whose sums of the single output were made elsewhere: (R), those of replicates that they touch.
    void add(std::int64_t segments, const std::vector<PairSums>& pairs);

    std::int64_t outputs() const { return static_cast<std::int64_t>(centre_.size()); }
    double centre(std::int64_t output) const { return centre_[static_cast<std::size_t>(output)]; }
    const std::vector<double>& centres() const { return centre_; }
    /// Segments that are in.
    std::int64_t done() const { return done_; }
    /// (m, R) of all replicates, whole or not.
    const std::vector<std::vector<PairSums>>& all_pairs() const { return pairs_; }
    const std::vector<std::vector<ResidualSums>>& all_residuals() const { return residuals_; }
    /// Replicates of which all segments are in, and a row at least counts; what follows is of them.
    std::vector<std::int64_t> whole() const;
    std::vector<PairSums> pairs(std::int64_t output) const;
    std::vector<ResidualSums> residuals(std::int64_t output) const;
    double rows() const;
    double variance(std::int64_t output) const;
    /// Absolute value of an output.
    double largest(std::int64_t output) const;
    /// Whether a step in this group ever changed the output by more than this share of its largest value.
    bool moves(std::int64_t output, std::size_t group, double share) const;
    /// The largest step in this group over the largest centred value, at most 1.
    double reach(std::int64_t output, std::size_t group) const;

private:
    /// part(segment, output) of all of these, merged into `totals` (m, R) in their order.
    template <class Sums, class Part>
    void merge(std::int64_t first, std::int64_t count, int threads, std::vector<std::vector<Sums>>& totals, const Part& part);

    void merge_residuals(const std::vector<SegmentValues>& values, std::int64_t first,
                         const std::vector<std::vector<Surrogate>>& surrogates, int threads);

    const SobolDesign* design_;
    std::int64_t done_ = 0;                              // segments
    std::vector<double> centre_;                         // (m)
    std::vector<std::vector<PairSums>> pairs_;           // (m, R)
    std::vector<std::vector<ResidualSums>> residuals_;
};

}  // namespace buffon
