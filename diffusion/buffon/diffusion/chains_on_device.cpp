#include <buffon/diffusion/chains_on_device.hpp>

#include <algorithm>
#include <string>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/device_buffer.hpp>
#include <buffon/diffusion/chain_shard.hpp>
#include <buffon/diffusion/device_block.hpp>
#include <buffon/diffusion/device_denoiser.hpp>

namespace buffon::diffusion {
namespace {

/// Chains whose visits are summed there: devices share whole blocks of them.
constexpr std::int64_t block = DeviceLevelVisits::block_rows;

}  // namespace

void check_on_device(const ChainKernel& kernel) {
    const auto* rule = std::get_if<SigmaRule>(&kernel.options().sigma);
    require(rule != nullptr && *rule != SigmaRule::data,
            "langevin_gibbs: sigma = ", rule != nullptr ? "'data'" : "a classifier",
            " runs on device='cpu' only; on a device sigma is drawn by 'exact' or 'plug-in'");
    check_on_device("langevin_gibbs", kernel.target().denoiser);
}

ChainsOnDevices::ChainsOnDevices(const ChainKernel& kernel, std::span<const DeviceQueue> queues,
                                 const ChainState& state) {
    const std::int64_t n = state.x.rows, devices = static_cast<std::int64_t>(queues.size());
    const Denoiser& model = kernel.target().denoiser;
    for (const double end : {kernel.prior().levels.front(), kernel.prior().levels.back()})
        model.check({&end, 1}, {}, n);
    model.check(state.sigma, {}, n);
    const std::int64_t share = ((n + devices - 1) / devices + block - 1) / block * block;
    for (std::int64_t first = 0; first < n; first += share)
        shards_.push_back(
            std::make_unique<ChainShard>(kernel, queues[shards_.size()], state, first, std::min(share, n - first)));
}

ChainsOnDevices::~ChainsOnDevices() = default;
ChainsOnDevices::ChainsOnDevices(ChainsOnDevices&&) noexcept = default;
ChainsOnDevices& ChainsOnDevices::operator=(ChainsOnDevices&&) noexcept = default;

std::int64_t ChainsOnDevices::chains() const {
    std::int64_t n = 0;
    for (const auto& shard : shards_) n += shard->rows();
    return n;
}

ChainStep ChainsOnDevices::draw_level(std::uint64_t key) {
    ChainStep info;
    for (const auto& shard : shards_) shard->draw(key, 0, nullptr, info);   // steps begin at 1
    return info;
}

ChainStep ChainsOnDevices::step(std::uint64_t key, bool visits) {
    ChainStep info;
    std::vector<double> sums;   // (blocks, levels)
    for (const auto& shard : shards_) {
        const ChainStep of_shard = shard->step(key, visits ? &sums : nullptr);
        info.evaluations += of_shard.evaluations;
        info.proposed += of_shard.proposed;
    }
    if (!visits) return info;
    const std::size_t levels = sums.size() / static_cast<std::size_t>((chains() + block - 1) / block);
    info.visits.assign(levels, 0.0);
    for (std::size_t i = 0; i < sums.size(); ++i) info.visits[i % levels] += sums[i] / static_cast<double>(chains());
    return info;
}

void ChainsOnDevices::reweigh() {
    for (const auto& shard : shards_) shard->reweigh();
}

ChainStep ChainsOnDevices::fetch(ChainState& state) {
    ChainStep info;
    for (const auto& shard : shards_) shard->fetch(state, info);
    return info;
}

void ChainsOnDevices::begin_here() {
    for (const auto& shard : shards_) shard->begin_here();
}

void ChainsOnDevices::trace(std::vector<double>& to) {
    for (const auto& shard : shards_) shard->trace(traced_);
    ++traced_;
    to.resize(to.size() + static_cast<std::size_t>(chains() * shards_.front()->width()));   // while the devices work
    for (const auto& shard : shards_)
        if (traced_ == shard->most_traced()) return flush(to);
}

void ChainsOnDevices::flush(std::vector<double>& to) {
    const std::int64_t of_step = chains() * shards_.front()->width();   // numbers
    double* from = to.data() + to.size() - traced_ * of_step;
    if (shards_.size() == 1) {
        shards_.front()->traces(std::exchange(traced_, 0), from);
        return;
    }
    std::vector<double> whole;
    for (const auto& shard : shards_) {
        const std::int64_t n = shard->rows() * shard->width();
        whole.resize(static_cast<std::size_t>(traced_ * n));
        shard->traces(traced_, whole.data());
        for (std::int64_t s = 0; s < traced_; ++s) std::copy_n(whole.data() + s * n, n, from + s * of_step);
        from += n;
    }
    traced_ = 0;
}

void ChainsOnDevices::keep() {
    for (const auto& shard : shards_) shard->keep();
}

void ChainsOnDevices::keep_least() {
    for (const auto& shard : shards_) shard->keep_least();
}

void ChainsOnDevices::kept(Matrix& x, std::vector<double>& sigma) const {
    for (const auto& shard : shards_) shard->kept(x, sigma);
}

void denoise_there(const Denoiser& model, const DeviceQueue& queue, ConstView x, std::span<const double> sigma,
                   std::int64_t label, View out) {
    model.check(sigma, {}, x.rows);
    const DeviceBuffer from =
                           DeviceBuffer::of(queue, std::span<const double>(x.data, static_cast<std::size_t>(x.size()))),
                       levels = DeviceBuffer::of(queue, sigma), to(queue, x.size() * size_of(Number::float64));
    const std::vector<std::int64_t> labels(label < 0 ? 0 : static_cast<std::size_t>(x.rows), label);
    const DeviceBuffer labels_there = DeviceBuffer::of(queue, std::span<const std::int64_t>(labels));
    const DeviceRows rows{.x = from.data(),
                          .out = to.data(),
                          .rows = x.rows,
                          .sigma = sigma[0],
                          .sigmas = sigma.size() == 1 ? nullptr : levels.as<double>(),
                          .labels = labels_there.as<std::int64_t>()};
    model.traits().on_device(queue)({queue, rows, sigma, labels});
    to.download(out.data);
}

}  // namespace buffon::diffusion
