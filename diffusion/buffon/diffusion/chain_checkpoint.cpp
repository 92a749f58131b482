#include <buffon/diffusion/chain_checkpoint.hpp>

#include <buffon/check.hpp>
#include <buffon/checkpoint_file.hpp>

namespace buffon::diffusion {
namespace {

constexpr CheckpointKind kind{"langevin_gibbs", 2};

template <class Archive, class M>
void pass_matrix(Archive& to, M& m) {
    to(m.rows);
    to(m.cols);
    to(m.data);
}

/// Both ways through the same list of members.
constexpr auto pass = [](auto& to, auto& c) {
    to(c.run);
    to(c.key);
    auto& p = c.progress;
    pass_matrix(to, p.state.x);
    to(p.state.sigma);
    to(p.state.steps);
    pass_matrix(to, p.state.first_x);
    to(p.state.first_sigma);
    to(p.search.log_weights);
    to(p.search.log_sum);
    to(p.search.step);
    to(p.search.steps);
    to(p.weights);
    to(p.parts);
    to(p.proposed);
    to(p.accepted);
    to(p.restarted);
    to(p.samples);
    to(p.levels);
    to(p.traces);
};

}  // namespace

std::optional<ChainCheckpoint> read_chain_checkpoint(const std::filesystem::path& path) {
    return read_checkpoint_as<ChainCheckpoint>(kind, path, pass);
}

void write_chain_checkpoint(const std::filesystem::path& path, const ChainCheckpoint& checkpoint) {
    write_checkpoint_as(kind, path, checkpoint, pass);
}

void check_same_run(const std::filesystem::path& path, const RunIdentity& file, const RunIdentity& run) {
    for (const auto& [name, value] : run) {
        const auto there = file.find(name);
        require(there != file.end() && there->second == value, "langevin_gibbs: checkpoint '", path.string(),
                "' is of another run, by its ", name, ": ", there == file.end() ? "none" : there->second, ", not ",
                value);
    }
}

}  // namespace buffon::diffusion
