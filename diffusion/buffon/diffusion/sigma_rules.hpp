/// The law of the noise level given x = x0 + sigma eps, on a grid of levels: what a Denoising MCMC chain draws its level from.
/// Source: Kim, Ye, "Denoising MCMC for accelerating diffusion-based generative models", ICML 2023 (the classifier); the other
/// rules follow from p(sigma | x) ~ p_sigma(x) p(sigma).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include <buffon/diffusion/chain_target.hpp>
#include <buffon/fields.hpp>
#include <buffon/stream.hpp>
#include <buffon/view.hpp>

namespace buffon::diffusion {

/// exact: by the model's own density. plug_in: log sigma is taken for normal about that of |x - D| / sqrt(k) with variance
/// 1 / (2 k), k = d - tr of D's derivative (or d, without probes). data: given a posterior draw of x0 too, exact in the long run.
enum class SigmaRule { exact, plug_in, data };

/// A trained p(sigma_j | x), for levels that were equally probable in training.
struct NoiseClassifier {
    std::vector<double> levels;                                                  // rising
    std::function<void(ConstView x, View log_probabilities)>
        log_probabilities;   // (n, d) -> (n, levels), up to a constant of each row
};

using SigmaLaw = std::variant<SigmaRule, NoiseClassifier>;

/// Levels rise; `weights` are proportional to their probabilities before x is seen.
struct SigmaPrior {
    std::vector<double> levels;
    std::vector<double> weights;

    std::int64_t size() const { return static_cast<std::int64_t>(levels.size()); }
};

/// Levels that are equally far apart in log sigma, from sigma_min to sigma_max.
std::vector<double> geometric_levels(double sigma_min, double sigma_max, std::int64_t count);

struct SigmaDraws {
    std::vector<std::int64_t> level;   // (n) numbers of levels
    std::vector<double> visits;        // (levels) probabilities of the levels given x, their mean over the rows
    std::int64_t evaluations = 0;      // of the denoiser
};

/// Row i uses index i of the streams `numbers` (component 0) and `auxiliary`. `probes`: of the plug-in's trace, by differences.
/// `largest` takes the most probable level instead of a draw.
/// @param sigma (n): the levels at which x stands now; read by all rules but exact and classifiers.
/// @throw std::invalid_argument for a rule that the target does not know enough for, weights without a positive one in a row.
SigmaDraws draw_sigma(const ChainTarget& target, const SigmaLaw& law, const SigmaPrior& prior, ConstView x,
                      std::span<const double> sigma, const Stream& numbers, const Stream& auxiliary,
                      std::int64_t probes, bool largest, int threads);

/// @throw std::invalid_argument, naming what the target lacks.
void check_sigma_law(const ChainTarget& target, const SigmaLaw& law);

}  // namespace buffon::diffusion

template <>
struct buffon::EnumNames<buffon::diffusion::SigmaRule> {
    static constexpr std::array<std::string_view, 3> names{"exact", "plug-in", "data"};
};
