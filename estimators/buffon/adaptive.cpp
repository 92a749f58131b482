#include <buffon/adaptive.hpp>

#include <algorithm>
#include <cmath>

#include <buffon/check.hpp>
#include <buffon/counted.hpp>
#include <buffon/finish.hpp>
#include <buffon/names.hpp>
#include <buffon/sobol_sequence.hpp>

namespace buffon {

void check_adaptive(const std::string& who, const Problem& problem, const Run& run, const AiscvOptions& options) {
    const auto share = [](double v) { return v > 0 && v < 1; };
    require(options.replicates >= 2, who, ": replicates must be at least 2, got ", options.replicates);
    require(options.replicates <= run.budget / 2, who, ": budget must be at least ",
            2 * static_cast<std::uint64_t>(options.replicates), ", twice replicates = ", options.replicates, ", got ",
            run.budget);
    require(options.components >= 0, who, ": components must be at least 0, got ", options.components);
    require(share(options.adaptation), who, ": adaptation must lie between 0 and 1, got ", options.adaptation);
    require(share(options.batch_fraction), who, ": batch_fraction must lie between 0 and 1, got ", options.batch_fraction);
    require(options.batch_fraction >= options.adaptation / 500, who, ": batch_fraction must be at least adaptation / 500 = ",
            options.adaptation / 500, ", got ", options.batch_fraction);
    require(share(options.defensive), who, ": defensive must lie between 0 and 1, got ", options.defensive);
    require(options.cut >= 0 && options.cut < 1, who, ": cut must lie in [0, 1), got ", options.cut);
    for (std::size_t j = 0; j < options.laws.size(); ++j)
        require(options.laws[j].dim() == problem.dim(), who, ": laws[", j, "] must have ",
                counted(problem.dim(), "input"), ", got ", options.laws[j].dim());
    for (std::size_t j = 0; j < options.weights.size(); ++j)
        require(std::isfinite(options.weights[j]) && options.weights[j] >= 0, who, ": weights[", j,
                "] must be finite and not negative, got ", options.weights[j]);
    require(options.weights.empty() || std::ranges::any_of(options.weights, [](double w) { return w > 0; }),
            who, ": weights must not all be 0");
    for (std::size_t j = 0; j < options.laws.size(); ++j)
        require_same_order(who + ": laws[" + std::to_string(j) + "]", options.laws[j], problem.inputs());
    require(options.degrees > 0 && std::isfinite(options.degrees), who, ": degrees must be positive and finite, got ",
            options.degrees);
    require(options.family != Family::vmfn || (options.laws.size() <= 1 && problem.dim() >= 2), who,
            ": family must be 'gaussian' or 'student' with several laws or a single input: 'vmfn' is a law of "
            "directions in the standard normal space of one input law");
    const std::int64_t coordinates = problem.dim() + (options.family == Family::gaussian ? 1 : 2);
    require(options.points == Points::iid || coordinates <= SobolSequence::max_dim(), who, ": the sequence has ",
            SobolSequence::max_dim(), " dimensions, this problem asks for ", coordinates,
            "; points = 'iid' has no limit");
}

WorkingSpace working_space(const Problem& problem, const std::vector<Distribution>& laws) {
    if (laws.size() > 1) return WorkingSpace::standardised(laws);
    return WorkingSpace::normal(laws.size() == 1 ? laws.front() : problem.inputs());
}

std::vector<std::string> law_names(std::int64_t laws) {
    return laws == 0 ? std::vector<std::string>{""} : numbered_names("law ", laws);
}

Estimate from_pools(const Evaluation& evaluate, const WorkingSpace& space, const std::vector<const Pool*>& pools,
                    const std::vector<std::string>& groups) {
    Moments all;
    for (const Pool* pool : pools)
        if (pool->n() > 0) all.merge(Moments(pool->integrands(evaluate.columns(), space)));
    require(all.n >= 2, evaluate.function(), ": no batch was finished");
    Estimate e = finish_mean(evaluate, all, groups);
    e.n = all.n;
    return e;
}

}  // namespace buffon
