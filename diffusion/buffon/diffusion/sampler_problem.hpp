/// A sampler as a problem: its inputs are the standard normal numbers that it starts from and injects, its model runs
/// it and looks
/// at the draws. Every estimator applies then.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <buffon/diffusion/denoiser.hpp>
#include <buffon/diffusion/gaussian_mixture.hpp>
#include <buffon/diffusion/table.hpp>
#include <buffon/problem.hpp>

namespace buffon::diffusion {

/// Standard normal numbers that one run of this table takes: d of the start, and d of each random row.
std::int64_t latent_dim(const Denoiser& model, const Table& table);

/// Draws (n, d), in the schedule's coordinates at the last time, from latent numbers (n, latent_dim): those of the
/// start, then those
/// of each random row in its order. Row i of the draws depends on row i of the latent numbers alone.
/// @throw std::invalid_argument for latent numbers of another shape.
Matrix draws_of(const Denoiser& model, const Table& table, ConstView latent, std::int64_t condition = -1, int threads = 1);

/// The problem whose inputs are the latent numbers z1, z2, ... and whose outputs (and score) are those of `look` at the draws.
/// One evaluation is one run of the sampler: table.evaluations() evaluations of the denoiser. Where a run names a
/// device the sampler
/// runs there and the processor looks at its draws, of tables of fixed steps and denoisers that compute on devices.
/// @param look  (n, d) draws -> Outputs, row by row   @param outputs  names of its outputs   @param condition  class of
/// the draws; -1: none
/// @param thread_safe  whether `look` may be called by several threads at once
/// @throw std::invalid_argument for a table that takes norms over all samples, a mean-reverting schedule, a class that
/// is not there.
Problem sampler_problem(const Denoiser& model, const Table& table, Model look, std::vector<std::string> outputs = {},
                        std::int64_t condition = -1, bool thread_safe = true);

/// Squared Mahalanobis distances to the components of a mixture.
class ModeDistances {
public:
    /// @throw std::invalid_argument for a singular covariance.
    explicit ModeDistances(const GaussianMixture& mixture);

    std::int64_t size() const { return means_.rows; }
    /// x (n, d) -> out (n, k).   @throw std::invalid_argument for wrong shapes.
    void operator()(ConstView x, View out) const;

private:
    Matrix means_;
    std::vector<Matrix> roots_;   // inverse Cholesky factors
};

/// A look at draws: the smallest of those distances, followed by all of them if `labels`: outputs named label_names(k)
/// tell `arcs` where to look.
Model off_mode(const GaussianMixture& mixture, bool labels = true);
/// "label" for a class number, "label 1", ..., "label k" for k distances.
std::vector<std::string> label_names(std::int64_t k);

}  // namespace buffon::diffusion
