#include <buffon/aiscv.hpp>

#include <algorithm>
#include <cmath>

#include <buffon/adaptation.hpp>
#include <buffon/aiscv_published.hpp>
#include <buffon/check.hpp>
#include <buffon/final_sample.hpp>
#include <buffon/finish.hpp>

namespace buffon {
namespace {

std::vector<std::string> law_names(std::int64_t laws) {
    if (laws == 0) return {""};
    std::vector<std::string> names;
    for (std::int64_t j = 1; j <= laws; ++j) names.push_back("law " + std::to_string(j));
    return names;
}

/// From the pool alone, with balance-heuristic weights: what is known when a run stops early.
Estimate from_pool(const Evaluation& evaluate, const Pool& pool, const std::vector<std::string>& groups) {
    require(pool.n() >= 2, "aiscv: no batch was finished");
    const Matrix w = pool.weights();
    const std::int64_t c = evaluate.columns();
    Matrix t(pool.n(), w.cols * c);
    for (std::int64_t i = 0; i < t.rows; ++i)
        for (std::int64_t j = 0; j < w.cols; ++j)
            for (std::int64_t k = 0; k < c; ++k) t(i, j * c + k) = w(i, j) > 0 ? w(i, j) * pool.y()(i, k) : 0.0;
    Estimate e = finish_mean(evaluate, Moments(t), groups);
    e.n = pool.n();
    return e;
}

Estimate safe(Evaluation& evaluate, const WorkingSpace& space, const Run& run, const AiscvOptions& options) {
    Adaptation adaptation(evaluate, space, options);
    const std::vector<std::string> groups = law_names(static_cast<std::int64_t>(options.laws.size()));
    return with_partial(
        evaluate,
        [&] {
            if (adaptation.init())
                while (adaptation.step()) {
                }
            const Proposal proposal = adaptation.choose();
            Estimate e = FinalSample(evaluate, space, proposal, options, run.budget - adaptation.spent()).run(groups);
            adaptation.report(e);
            return e;
        },
        [&] { return from_pool(evaluate, adaptation.pool(), groups); });
}

void check(const Problem& problem, const Run& run, const AiscvOptions& options) {
    const auto share = [](double v) { return v > 0 && v < 1; };
    require(options.replicates >= 2, "aiscv: replicates must be at least 2, got ", options.replicates);
    require(options.replicates <= run.budget / 2, "aiscv: budget must be at least twice replicates = ", options.replicates, ", got ", run.budget);
    require(options.components >= 1, "aiscv: components must be at least 1, got ", options.components);
    require(share(options.adaptation), "aiscv: adaptation must lie between 0 and 1, got ", options.adaptation);
    require(share(options.batch_fraction), "aiscv: batch_fraction must lie between 0 and 1, got ", options.batch_fraction);
    require(options.batch_fraction >= options.adaptation / 500, "aiscv: batch_fraction must be at least adaptation / 500 = ",
            options.adaptation / 500, ", got ", options.batch_fraction);
    require(share(options.defensive), "aiscv: defensive must lie between 0 and 1, got ", options.defensive);
    require(options.cut >= 0 && options.cut < 1, "aiscv: cut must lie in [0, 1), got ", options.cut);
    for (std::size_t j = 0; j < options.laws.size(); ++j)
        require(options.laws[j].dim() == problem.dim(), "aiscv: laws[", j, "] must have ", problem.dim(), " inputs, got ", options.laws[j].dim());
    for (std::size_t j = 0; j < options.weights.size(); ++j)
        require(std::isfinite(options.weights[j]) && options.weights[j] >= 0, "aiscv: weights[", j, "] must be finite and not negative, got ", options.weights[j]);
    require(options.weights.empty() || std::ranges::any_of(options.weights, [](double w) { return w > 0; }),
            "aiscv: weights must not all be 0");
    for (std::size_t j = 0; j < options.laws.size(); ++j)
        require_same_order("aiscv: laws[" + std::to_string(j) + "]", options.laws[j], problem.inputs());
    require(options.degrees > 0 && std::isfinite(options.degrees), "aiscv: degrees must be positive and finite, got ", options.degrees);
    require(options.family != Family::vmfn || (options.laws.size() <= 1 && problem.dim() >= 2),
            "aiscv: family must be 'gaussian' or 'student' with several laws or a single input: 'vmfn' is a law of directions in the standard normal space of one input law");
    require(options.variant == Variant::safe || options.family == Family::gaussian, "aiscv: family must be 'gaussian' where variant is 'published'");
    const std::int64_t coordinates = problem.dim() + (options.family == Family::gaussian ? 1 : 2);
    require(options.points == Points::iid || coordinates <= SobolSequence::max_dim(), "aiscv: the sequence has ", SobolSequence::max_dim(),
            " dimensions, this problem asks for ", coordinates, "; points = 'iid' has no limit");
}

}  // namespace

Estimate aiscv(const Problem& problem, const Run& run, const AiscvOptions& options) {
    check(problem, run, options);
    Evaluation evaluate("aiscv", problem, run);
    if (options.variant == Variant::published) return aiscv_published(evaluate, run, options);
    const WorkingSpace space = options.laws.size() > 1    ? WorkingSpace::standardised(options.laws)
                               : options.laws.size() == 1 ? WorkingSpace::normal(options.laws.front())
                                                          : WorkingSpace::normal(problem.inputs());
    return safe(evaluate, space, run, options);
}

}  // namespace buffon
