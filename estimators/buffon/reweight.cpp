#include <buffon/reweight.hpp>

#include <buffon/check.hpp>
#include <buffon/new_laws.hpp>

namespace buffon {
namespace {

std::vector<Distribution> laws_of(const std::optional<Distribution>& law, const ReweightOptions& options) {
    require(law.has_value() != !options.laws.empty(), "reweight: either law or laws must be given");
    return law ? std::vector{*law} : options.laws;
}

NewLaws named(const KeptRows& rows, const std::vector<Distribution>& laws, bool single) {
    NewLaws out;
    for (std::size_t j = 0; j < laws.size(); ++j) {
        rows.check(laws[j], single ? "law" : "laws[" + std::to_string(j) + "]");
        out.densities.push_back(log_density_of(laws[j]));
        out.laws.push_back(laws[j]);
        out.names.push_back(single ? "" : "law " + std::to_string(j + 1));
    }
    return out;
}

}  // namespace

Estimate reweight(const Sample& sample, const std::optional<Distribution>& law, const ReweightOptions& options) {
    const KeptRows rows("reweight", sample, options.outputs, options.threads);
    const NewLaws wanted = named(rows, laws_of(law, options), law.has_value());
    Estimate e = means_under(rows, wanted, options.normalised, options.controls);
    judge(rows, wanted, options.doubtful, e);
    return e;
}

}  // namespace buffon
