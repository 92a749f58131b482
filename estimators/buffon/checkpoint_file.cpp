#include <buffon/checkpoint_file.hpp>

#include <fstream>
#include <iterator>
#include <stdexcept>

#include <buffon/hash.hpp>
#include <buffon/replace_file.hpp>

namespace buffon {
namespace {

std::string head_of(const CheckpointKind& kind) {
    return "buffon " + std::string(kind.function) + " checkpoint " + std::to_string(kind.version) + "\n";
}

std::string named(const CheckpointKind& kind, const std::filesystem::path& path) {
    return std::string(kind.function) + ": checkpoint '" + path.string() + "'";
}

/// As it stands behind the body.
std::string checksum(std::string_view body) {
    Hash hash;
    for (const char c : body) hash.add_byte(static_cast<unsigned char>(c));
    ByteWriter out;
    out(hash.value());
    return out.bytes();
}

}  // namespace

std::optional<std::string> read_checkpoint_body(const CheckpointKind& kind, const std::filesystem::path& path) {
    const std::string name = named(kind, path), head = head_of(kind);
    require(!std::filesystem::is_directory(path), name, " is a folder");
    std::ifstream file(path, std::ios::binary);
    require(file || !std::filesystem::exists(path), name, " cannot be read");
    if (!file) return std::nullopt;
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    require(bytes.starts_with(head), name, " is not a file that this version of ", kind.function, " wrote");
    require(bytes.size() >= head.size() + 8, name, " is damaged: it ends too early");
    const std::string body = bytes.substr(head.size(), bytes.size() - head.size() - 8);
    require(bytes.ends_with(checksum(body)), name, " is damaged: its checksum differs");
    return body;
}

void write_checkpoint_body(const CheckpointKind& kind, const std::filesystem::path& path, std::string_view body) {
    if (!replace_file(path, {head_of(kind), body, checksum(body)}))
        throw std::runtime_error(named(kind, path) + " cannot be written");
}

}  // namespace buffon
