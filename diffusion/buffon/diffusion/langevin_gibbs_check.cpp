#include <buffon/diffusion/langevin_gibbs_check.hpp>

#include <cmath>
#include <variant>

#include <buffon/check.hpp>

namespace buffon::diffusion {

void check(const LangevinGibbsOptions& o, const ChainOptions& chain, const Table& table) {
    require(o.n >= 1, "langevin_gibbs: n must be at least 1, got ", o.n);
    require(!o.chains || *o.chains >= 1, "langevin_gibbs: chains must be at least 1, got ", o.chains.value_or(1));
    require(!o.x || !o.chains || *o.chains == o.x->rows, "langevin_gibbs: chains must be the number of rows of x, ",
            o.x ? o.x->rows : 0, ", got ", o.chains.value_or(0));
    require(o.x || o.level.values.empty(), "langevin_gibbs: level belongs to starts x, which are missing");
    require(!o.x || !o.start, "langevin_gibbs: start makes what x gives; leave one out");
    require(o.skip >= 1, "langevin_gibbs: skip must be at least 1, got ", o.skip);
    require(o.burn_in >= 0, "langevin_gibbs: burn_in must not be negative, got ", o.burn_in);
    require(!o.adapt || o.burn_in >= 1, "langevin_gibbs: adapt needs steps of burn_in, got ", o.burn_in);
    require(!o.adapt || chain.sigma_rule == SigmaChoice::sample,
            "langevin_gibbs: adapt needs sigma_rule = 'sample'; the most probable level does not follow weights");
    require(o.start_noise >= 0 && std::isfinite(o.start_noise),
            "langevin_gibbs: start_noise must not be negative, got ", o.start_noise);
    require(o.threads >= 0, "langevin_gibbs: threads must not be negative, got ", o.threads);
    require(!std::holds_alternative<MeanReverting>(table.schedule.law()),
            "langevin_gibbs: a mean-reverting schedule has a mu for each sample, a chain none");
    require(!table.grid.reversed, "langevin_gibbs: the table must run from noise to data");
}

}  // namespace buffon::diffusion
