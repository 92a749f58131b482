#include <buffon/perturbed_law.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include <buffon/check.hpp>
#include <buffon/elementary.hpp>
#include <buffon/law_parameters.hpp>
#include <buffon/new_laws.hpp>
#include <buffon/quantiles_under.hpp>
#include <buffon/text.hpp>
#include <buffon/tilting.hpp>

namespace buffon {
namespace {

/// log of new density / old density as a function of one input.
using LogRatio = std::function<double(double)>;

std::vector<double> grid(const PerturbedLawOptions& options) {
    if (options.perturb == Perturb::marginal) {
        require(options.delta.empty(), "perturbed_law: delta says nothing of perturb = 'marginal'");
        require(!options.marginals.empty(), "perturbed_law: perturb = 'marginal' needs marginals: the new laws of the input");
        std::vector<double> numbers;
        for (std::size_t k = 1; k <= options.marginals.size(); ++k) numbers.push_back(static_cast<double>(k));
        return numbers;
    }
    require(options.marginals.empty(), "perturbed_law: marginals need perturb = 'marginal'");
    if (!options.delta.empty()) return options.delta;
    std::vector<double> delta;
    for (int i = -10; i <= 10; ++i) delta.push_back(0.1 * i * (options.perturb == Perturb::mean ? 1 : 0.5));
    return delta;
}

/// The score z moves to N(mean, variance).
LogRatio of_scores(const Univariate& law, double mean, double variance) {
    require(variance > 0, "the variance must stay positive, got ", variance, " of its former value");
    return [law, mean, variance](double x) {
        const double z = std::visit([&](const auto& l) { return l.to_normal(x); }, law);
        if (!std::isfinite(z)) return 0.0;   // outside the support, or beyond every double: the old density decides
        return 0.5 * z * z - 0.5 * (z - mean) * (z - mean) / variance - 0.5 * elementary::log(variance);
    };
}

LogRatio of_tilt(const Tilt& tilt) {
    return [tilt](double x) { return tilt.log_ratio(x); };
}

LogRatio perturbed(const Univariate& law, double delta, const PerturbedLawOptions& options) {
    const bool mean = options.perturb == Perturb::mean;
    require(std::isfinite(delta), "delta must be finite, got ", delta);
    if (options.space == Space::normal) {
        require(!options.absolute, "absolute has no meaning with space = 'normal'");
        require(!std::holds_alternative<Discrete>(law) && !std::holds_alternative<Constant>(law),
                "a law of single values (Discrete, Constant) has no normal scores to shift; use space = 'physical'");
        return mean ? of_scores(law, delta, 1) : of_scores(law, 0, 1 + delta);
    }
    const auto [old_mean, variance] = std::visit([](const auto& l) { return std::pair(l.mean(), l.variance()); }, law);
    if (mean) return of_tilt(tilt_mean(law, old_mean + (options.absolute ? delta : delta * std::sqrt(variance))));
    return of_tilt(tilt_variance(law, options.absolute ? variance + delta : variance * (1 + delta)));
}

class PerturbedLaws {
public:
    PerturbedLaws(const KeptRows& rows, const Distribution& base, const PerturbedLawOptions& options)
        : options_(options), delta_(grid(options)), names_(base.names()), marginals_(as_joint(base)) {
        require(marginals_.has_value(),
                "perturbed_law: law must have marginal laws (Joint, MultivariateNormal, MultivariateT), a mixture has "
                "none");
        laws_.densities.push_back(log_density_of(base));
        laws_.names.push_back("unperturbed");
        for (const auto& name : options.inputs.empty() ? uncertain() : options.inputs) add(rows, base, name);
        require(!inputs_.empty(), rows.function(), ": ", why_.empty() ? "no input is uncertain" : why_.front());
    }

    const NewLaws& laws() const { return laws_; }
    const std::vector<double>& delta() const { return delta_; }
    const std::vector<std::string>& inputs() const { return inputs_; }
    /// Those whose law cannot be perturbed so, and a sentence about each.
    const std::vector<std::string>& skipped() const { return skipped_; }
    const std::vector<std::string>& why() const { return why_; }

private:
    /// All inputs but constants, which have nothing to perturb.
    std::vector<std::string> uncertain() const {
        std::vector<std::string> out;
        for (std::size_t j = 0; j < names_.size(); ++j)
            if (!std::holds_alternative<Constant>(marginals_->laws()[j])) out.push_back(names_[j]);
        return out;
    }

    void add(const KeptRows& rows, const Distribution& base, const std::string& name) {
        const auto found = std::ranges::find(names_, name);
        require(found != names_.end(), rows.function(), ": there is no input '", name, "'", suggestion(name, names_));
        std::vector<LogDensity> densities;
        try {
            for (const double delta : delta_) densities.push_back(density(base, found - names_.begin(), delta));
        } catch (const std::invalid_argument& error) {   // by one delta is enough: curves have all of them
            skipped_.push_back(name);
            why_.push_back("'" + name + "': " + reason(error.what()));
            return;
        }
        inputs_.push_back(name);
        for (const double delta : delta_) laws_.names.push_back(label(name, delta));
        std::ranges::move(densities, std::back_inserter(laws_.densities));
    }

    /// Why in words, and what to do where it is not said.
    std::string reason(std::string what) const {
        if (what.starts_with("tilt: ")) what.erase(0, 6);
        const bool physical = options_.space == Space::physical && options_.perturb != Perturb::marginal;
        return physical && what.find("space =") == what.npos ? what + "; space = 'normal' shifts normal scores instead" : what;
    }

    LogDensity density(const Distribution& base, std::int64_t j, double delta) const {
        const auto at = static_cast<std::size_t>(j);
        if (options_.perturb == Perturb::marginal) return log_density_of(replaced(at, static_cast<std::size_t>(delta) - 1));
        return [base, j, ratio = perturbed(marginals_->laws()[at], delta, options_)](ConstView x, std::span<double> out) {
            base.log_density(x, out);
            for (std::int64_t i = 0; i < x.rows; ++i) out[static_cast<std::size_t>(i)] += ratio(x(i, j));
        };
    }

    Distribution replaced(std::size_t j, std::size_t k) const {
        const auto given = as_joint(options_.marginals[k]);
        require(given && given->dim() == 1, "marginals[", k, "] must be a univariate law");
        std::vector<Univariate> laws = marginals_->laws();
        laws[j] = given->laws().front();
        return Joint(std::move(laws), marginals_->names(), marginals_->dependence());
    }

    std::string label(const std::string& input, double delta) const {
        std::ostringstream text;
        text << input;
        if (options_.perturb == Perturb::marginal) text << " law " << delta;
        else text << (options_.perturb == Perturb::mean ? " mean " : " variance ") << std::showpos << delta;
        return text.str();
    }

    const PerturbedLawOptions& options_;
    std::vector<double> delta_;
    std::vector<std::string> names_, inputs_, skipped_, why_;
    std::optional<Joint> marginals_;
    NewLaws laws_;
};

bool is_event(const KeptRows& rows, std::int64_t k) {
    for (std::int64_t i = 0; i < rows.draws(); ++i)
        if (const double y = rows.y(i, k); y != 0 && y != 1) return false;
    return true;
}

double index_of(double before, double after, bool probability) {
    if (!probability) return (after - before) / std::abs(before);
    return after >= before ? after / before - 1 : 1 - before / after;
}

/// What is told of each law, that of the unperturbed one gone.
void drop_unperturbed(Estimate& e) {
    for (const char* name : {"mean_weight", "effective_size", "pareto_k_weights"}) {
        auto& of_laws = std::get<std::vector<double>>(e.diagnostics.at(name));
        of_laws.erase(of_laws.begin());
    }
}

}  // namespace

Estimate perturbed_law(const Sample& sample, const PerturbedLawOptions& options) {
    const KeptRows rows("perturbed_law", sample, options.outputs, options.threads);
    const PerturbedLaws perturbed(rows, rows.base(options.law), options);
    const bool quantiles = options.quantity == PerturbedQuantity::quantile;
    Estimate raw = quantiles ? quantiles_under(rows, perturbed.laws(), {options.level}, options.controls)
                             : means_under(rows, perturbed.laws(), false, options.controls);
    judge(rows, perturbed.laws(), options.doubtful, raw);
    for (const auto& why : perturbed.why()) raw.warnings.push_back("input left out, " + why);

    const auto m = static_cast<std::size_t>(rows.outputs());
    std::vector<char> probability;
    for (std::size_t k = 0; k < m; ++k) {
        probability.push_back(options.quantity == PerturbedQuantity::probability ||
                              (options.quantity == PerturbedQuantity::automatic && is_event(rows, static_cast<std::int64_t>(k))));
        require(raw.value[k] != 0, "perturbed_law: '", rows.names()[k], "' is 0 under the unperturbed law: no relative change");
    }
    for (std::size_t k = 0; k < m; ++k)
        if (!probability[k]) warn_of_zero(rows.names()[k], raw.value[k], raw.std_error()[k], "relative changes", raw);
    Estimate e = raw.transform([&](const std::vector<double>& v) {
        std::vector<double> out;
        for (std::size_t a = m; a < v.size(); ++a) out.push_back(index_of(v[a % m], v[a], probability[a % m]));
        return out;
    }, {raw.names.begin() + static_cast<std::ptrdiff_t>(m), raw.names.end()});
    drop_unperturbed(e);
    e.diagnostics["picture"] = std::string("perturbed law");
    e.diagnostics["inputs"] = perturbed.inputs();
    if (!perturbed.skipped().empty()) e.diagnostics["skipped"] = perturbed.skipped();
    e.diagnostics["delta"] = perturbed.delta();
    e.diagnostics["outputs"] = rows.names();
    e.diagnostics["perturb"] = std::string(EnumNames<Perturb>::names[static_cast<std::size_t>(options.perturb)]);
    e.diagnostics["unperturbed"] = std::vector<double>(raw.value.begin(), raw.value.begin() + static_cast<std::ptrdiff_t>(m));
    return e;
}

}  // namespace buffon
