/// The chains of langevin_gibbs on CUDA devices, where they stay: numbers, formulas and rules are those of ChainKernel. Nothing is
/// read back within a step, but the levels of a model that is a function of arrays. Not installed.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <buffon/device_work.hpp>
#include <buffon/diffusion/chain_step.hpp>
#include <buffon/view.hpp>

namespace buffon::diffusion {

class ChainShard;

/// @throw std::invalid_argument for a rule of sigma or a model that no device runs.
void check_on_device(const ChainKernel& kernel);

/// Chains are shared out among the devices; results are the same bits for any number of them. After an exception they are of no
/// use.
class ChainsOnDevices {
public:
    /// @param kernel must outlive it.
    ChainsOnDevices(const ChainKernel& kernel, std::span<const DeviceQueue> queues, const ChainState& state);
    ~ChainsOnDevices();
    ChainsOnDevices(ChainsOnDevices&&) noexcept;
    ChainsOnDevices& operator=(ChainsOnDevices&&) noexcept;

    /// As ChainKernel's, but that `accepted` and `restarted` come with `fetch`, and `visits` where they are wanted.
    ChainStep draw_level(std::uint64_t key);
    ChainStep step(std::uint64_t key, bool visits);
    /// After the kernel was given other weights.
    void reweigh();

    /// x, sigma and first_sigma to the host.   @return what has happened since the last time
    /// @throw std::invalid_argument where a chain's law of sigma had no level.
    ChainStep fetch(ChainState& state);
    /// sigma as it is now becomes that of the start.
    void begin_here();

    /// Adds a row for each chain: log sigma, first coordinate, density and modes where the model knows them. Rows come in the order
    /// of steps, then chains; their numbers are there after `flush`.
    void trace(std::vector<double>& to);
    void flush(std::vector<double>& to);

    /// Keeps the states as they are; then the less noisy ones of these and those of now; gives them.
    void keep();
    void keep_least();
    void kept(Matrix& x, std::vector<double>& sigma) const;

private:
    std::int64_t chains() const;

    std::vector<std::unique_ptr<ChainShard>> shards_;
    std::int64_t traced_ = 0;   // steps since the last flush
};

/// E[x0 | x] by a device, row by row at its level; a label of -1 is none.
void denoise_there(const Denoiser& model, const DeviceQueue& queue, ConstView x, std::span<const double> sigma,
                   std::int64_t label, View out);

}   // namespace buffon::diffusion
