#include <buffon/transport_checkpoint.hpp>

namespace buffon {
namespace {

constexpr CheckpointKind kind{"transport_map", 1};

template <class Archive, class P>
void pass_position(Archive& to, P& position) {
    to(position.batches);
    to(position.spent);
}

template <class Archive, class K>
void pass_iterates(Archive& to, K& kept) {
    std::uint64_t count = kept.size();
    to(count);
    if constexpr (Archive::reads) kept.resize(count);
    for (auto& iterate : kept) {
        to(iterate.heights);
        to(iterate.draws);
    }
}

template <class Archive, class S>
void pass_state(Archive& to, S& state) {
    pass_position(to, state.at);
    pass_optional(to, state.level, [&](auto& level) {
        to(level.heights);
        to(level.width);
        to(level.level);
        pass_position(to, level.at);
    });
    pass_optional(to, state.begun, [&](auto& begun) {
        to(begun.heights);
        to(begun.connected);
        to(begun.worth);
        pass_position(to, begun.at);
        to(state.steps.heights);
        pass_iterates(to, state.steps.kept);
        to(state.steps.taken);
        to(state.steps.steps);
        to(state.start_draws);
        to(state.next_check);
        to(state.stepped);
    });
}

/// Both ways through the same list of members.
constexpr auto pass = [](auto& to, auto& checkpoint) {
    to(checkpoint.run);
    to(checkpoint.key);
    pass_state(to, checkpoint.state);
};

}  // namespace

std::optional<TransportCheckpoint> read_checkpoint(const std::filesystem::path& path) {
    return read_checkpoint_as<TransportCheckpoint>(kind, path, pass);
}

void write_checkpoint(const std::filesystem::path& path, const TransportCheckpoint& checkpoint) {
    write_checkpoint_as(kind, path, checkpoint, pass);
}

void CheckpointKeeper::operator()(const std::function<SearchState()>& state, bool last) {
    if (last || pace_.due()) pace_.timed([&] { write_checkpoint(path_, {run_, key_, state()}); });
}

}  // namespace buffon
