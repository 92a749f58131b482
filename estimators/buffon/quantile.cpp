#include <buffon/quantile.hpp>

#include <buffon/new_laws.hpp>
#include <buffon/quantiles_under.hpp>

namespace buffon {

Estimate quantile(const Sample& sample, const std::vector<double>& levels, const QuantileOptions& options) {
    const KeptRows rows("quantile", sample, options.outputs, options.threads);
    const NewLaws law = one_law(rows, options.law);
    Estimate e = quantiles_under(rows, law, levels, options.controls);
    judge(rows, law, options.doubtful, e);
    return e;
}

}  // namespace buffon
