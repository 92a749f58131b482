/// The last sample of aiscv: independent of the adaptation, with cross-fitted control coefficients. Not installed.
/// Source: Owen & Zhou (2000) for all components as controls; Portier & Segers (2019) for the regression.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <buffon/aiscv.hpp>
#include <buffon/estimate.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/kept.hpp>
#include <buffon/moments.hpp>
#include <buffon/own_controls.hpp>
#include <buffon/point_set.hpp>
#include <buffon/proposal.hpp>
#include <buffon/regression.hpp>
#include <buffon/state.hpp>
#include <buffon/tails.hpp>
#include <buffon/uncovered.hpp>
#include <buffon/working_space.hpp>

namespace buffon {

/// Points of a net where `left` evaluations make at least half of `wanted` ones: as large as those of the whole budget in
/// `replicates` would be. A net is worth more than its points, so nets must not shrink.
std::int64_t net_of(std::int64_t budget, std::int64_t left, std::int64_t replicates, std::int64_t wanted);

class FinalSample {
public:
    /// R scrambles of a power of two points, or with points = iid all of `left`.
    /// `fitted`: Gaussians for the expectations' own controls, see own_controls.hpp; a proposal of one component has no controls.
    FinalSample(Evaluation& evaluate, const WorkingSpace& space, const Proposal& proposal, const AiscvOptions& options,
                std::int64_t left, std::vector<Gaussian> fitted = {}, std::uint32_t first_stream = usual_stream);
    /// Goes on with what `store` wrote: `left` more, whole nets of it.
    FinalSample(Evaluation& evaluate, const WorkingSpace& space, const Proposal& proposal, const AiscvOptions& options,
                std::int64_t left, const State& state);

    /// Draws, evaluates, estimates. `groups`: names of the input laws.
    Estimate run(const std::vector<std::string>& groups);
    /// All that another one goes on from, after run().
    void store(State& state) const;
    /// The options that a state holds: what it takes to go on.
    static AiscvOptions options_of(const State& state);

    /// Of the first scramble: batches of the adaptation count from 0.
    static constexpr std::uint32_t usual_stream = 1'000;

private:
    /// Sums over a segment of rows that lies in one replicate, or of rows of one parity.
    struct Segment {
        CrossProducts sums;
        OwnControls::Sums own;
        Moments half[2];
        Uncovered uncovered;
    };
    bool on_device();
    void make_room(std::int64_t columns);
    void restore(const State& state);
    void add(const Draws& draws, std::int64_t start);
    /// What a device has summed of replicate r: the products of rows (x, 1, t), and the own sums of each law.
    void take_in(const std::vector<double>& gram, const std::vector<double>& own, std::int64_t r);
    Segment sums_of(const Draws& draws, std::int64_t first, std::int64_t count, std::int64_t start);
    void keep(const Matrix& t, const Matrix& x, std::int64_t at);
    void add_parities(const Matrix& t, const Matrix& x, std::int64_t at, Segment& segment) const;
    void merge(const Segment& segment, std::int64_t at);
    Estimate from_replicates(const std::vector<std::string>& groups);
    void choose_controls(Matrix& sums);
    Estimate from_points(const std::vector<std::string>& groups);
    double control_check() const;
    bool ever_seen(std::int64_t column) const;
    Matrix expectations(const Matrix& summands, std::int64_t count) const;
    void judge(Estimate& e);

    Evaluation& evaluate_;
    const WorkingSpace& space_;
    const Proposal& proposal_;
    const AiscvOptions& options_;
    bool iid_;
    std::uint32_t first_stream_;
    PointSet points_;
    std::int64_t begin_ = 0;     // rows that are done
    std::vector<Gaussian> fitted_;
    OwnControls own_;
    // Of replicates: sums of the responses, sums (R, K) and cross products of the folds r mod F. All that the estimate needs.
    Matrix sum_t_, sum_x_;
    std::vector<CrossProducts> folds_;
    std::vector<OwnControls::Sums> own_folds_;
    // Of independent points: moments of the rows (x, t) of each parity.
    Moments half_[2];
    Matrix coefficients_;
    OwnControls::Coefficients own_coefficients_;
    Matrix first_t_, first_x_;   // rows for k-hat
    Matrix judged_t_;            // of them, for a state
    KeptControls kept_;
    Uncovered uncovered_;
};

}  // namespace buffon
