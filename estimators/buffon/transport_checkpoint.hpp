/// A file from which a transport search goes on with the same bits. Not installed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>

#include <buffon/checkpoint_file.hpp>
#include <buffon/transport_search.hpp>

namespace buffon {

struct TransportCheckpoint {
    std::uint64_t run = 0;   // fingerprint of the problem and the options that change a result, the key aside
    std::uint64_t key = 0;
    SearchState state;
};

/// None where there is no such file.   @throw std::invalid_argument for a file of another kind or version, or a damaged one.
std::optional<TransportCheckpoint> read_checkpoint(const std::filesystem::path& path);

/// Beside the file, then in its place: at any moment there is a whole one.   @throw std::runtime_error where it cannot
/// be written.
void write_checkpoint(const std::filesystem::path& path, const TransportCheckpoint& checkpoint);

/// What a search tells where it could go on from; writes when the last writing took a fiftieth of the time since, or
/// nothing follows.
class CheckpointKeeper {
public:
    CheckpointKeeper(std::filesystem::path path, std::uint64_t run, std::uint64_t key)
        : path_(std::move(path)), run_(run), key_(key) {}
    void operator()(const std::function<SearchState()>& state, bool last);

private:
    std::filesystem::path path_;
    std::uint64_t run_, key_;
    WritingPace pace_;
};

}  // namespace buffon
