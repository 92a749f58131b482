/// A finished run goes on: more points of the same streams, none of them again.
#pragma once

#include <optional>
#include <tuple>
#include <vector>

#include <buffon/control.hpp>
#include <buffon/distribution.hpp>
#include <buffon/estimate.hpp>
#include <buffon/fields.hpp>
#include <buffon/indices.hpp>
#include <buffon/problem.hpp>
#include <buffon/run.hpp>

namespace buffon {

struct ExtendOptions {
    std::vector<Distribution> laws = {};
    std::optional<Distribution> proposal = {};
    Controls controls = {};
    std::vector<double> means = {};

    static constexpr auto fields() {
        return std::tuple{
            Field{"laws", &ExtendOptions::laws, "the laws of a run that had some, again: a state holds no laws, but knows them"},
            Field{"proposal", &ExtendOptions::proposal, "the proposal of a run of importance, again"},
            Field{"controls", &ExtendOptions::controls, "the controls of a run of control, again"},
            Field{"means", &ExtendOptions::means, "their means, again"}};
    }
};

/// The estimate as if the run had gone on until `budget` evaluations in all: the next points of the same streams (never the
/// same ones again), nothing adapted anew, all new points in the final sample; so what was unbiased stays so. Of plain and
/// importance the estimate of one run with the larger budget, bit for bit; of quasi that of a run with more replicates; of
/// aiscv more nets of its final sample; of amis a further sample from its last proposals, pooled with the estimate by their
/// counts; of control that of the estimator that ran; of sobol (its joint estimate) more
/// replicates, which the surrogates of the run serve: without surrogates what one run with so many `replicates` finds,
/// bit for bit.
/// Options of the run are kept, on_error and key too; so is the sample.
/// The result can be extended again.
/// @throw std::invalid_argument for an estimate without a state (Run::keep = state, or sample), a budget that is not larger
/// than what was spent (or not by a net), another problem, law or key, as far as that can be known: names and laws can.
Estimate extend(const Estimate& estimate, const Problem& problem, const Run& run, const ExtendOptions& options = {});
/// The same of Sobol' indices, whose joint estimate has the state.
Indices more(const Indices& indices, const Problem& problem, const Run& run);

}  // namespace buffon
