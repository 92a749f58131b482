/// Files from which runs go on: a line that says whose they are, numbers least byte first, a checksum. Not installed.
#pragma once

#include <bit>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <buffon/check.hpp>

namespace buffon {

/// Of which function, in which version of its list of members.
struct CheckpointKind {
    std::string_view function;
    int version;
};

/// What is between line and checksum; none where there is no such file.
/// @throw std::invalid_argument for a folder, a file of another kind or version, or a damaged one.
std::optional<std::string> read_checkpoint_body(const CheckpointKind& kind, const std::filesystem::path& path);

/// Beside the file, then in its place: at any moment there is a whole one.   @throw std::runtime_error where it cannot
/// be written.
void write_checkpoint_body(const CheckpointKind& kind, const std::filesystem::path& path, std::string_view body);

/// Writer and reader of a body take the same list of members, sizes before contents: to(a), to(b), ...
class ByteWriter {
public:
    static constexpr bool reads = false;

    void operator()(std::uint64_t v) {
        for (int byte = 0; byte < 8; ++byte) bytes_.push_back(static_cast<char>(v >> (8 * byte) & 0xff));
    }
    void operator()(std::int64_t v) { (*this)(static_cast<std::uint64_t>(v)); }
    void operator()(std::uint32_t v) { (*this)(std::uint64_t{v}); }
    void operator()(int v) { (*this)(std::int64_t{v}); }
    void operator()(bool v) { (*this)(std::uint64_t{v}); }
    void operator()(double v) { (*this)(std::bit_cast<std::uint64_t>(v)); }
    void operator()(const std::string& v) {
        (*this)(std::uint64_t{v.size()});
        bytes_ += v;
    }
    template <class T>
    void operator()(const std::vector<T>& v) {
        (*this)(std::uint64_t{v.size()});
        for (const T& item : v) (*this)(item);
    }
    template <class T>
    void operator()(const std::map<std::string, T>& v) {
        (*this)(std::uint64_t{v.size()});
        for (const auto& [name, item] : v) {
            (*this)(name);
            (*this)(item);
        }
    }
    const std::string& bytes() const { return bytes_; }

private:
    std::string bytes_;
};

/// @throw std::invalid_argument where the body ends too early.
class ByteReader {
public:
    static constexpr bool reads = true;

    explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

    void operator()(std::uint64_t& v) {
        const std::string_view from = take(8);
        v = 0;
        for (int byte = 0; byte < 8; ++byte)
            v |= std::uint64_t{static_cast<unsigned char>(from[static_cast<std::size_t>(byte)])} << (8 * byte);
    }
    void operator()(std::int64_t& v) { v = static_cast<std::int64_t>(word()); }
    void operator()(std::uint32_t& v) { v = static_cast<std::uint32_t>(word()); }
    void operator()(int& v) { v = static_cast<int>(static_cast<std::int64_t>(word())); }
    void operator()(bool& v) { v = word() != 0; }
    void operator()(double& v) { v = std::bit_cast<double>(word()); }
    void operator()(std::string& v) { v = take(word()); }
    template <class T>
    void operator()(std::vector<T>& v) {
        const std::uint64_t size = word();
        require(size <= bytes_.size() / 8, "a checkpoint ends too early");
        v.resize(size);
        for (T& item : v) (*this)(item);
    }
    template <class T>
    void operator()(std::map<std::string, T>& v) {
        for (std::uint64_t left = word(); left > 0; --left) {
            std::string name;
            (*this)(name);
            (*this)(v[name]);
        }
    }

private:
    std::uint64_t word() {
        std::uint64_t out = 0;
        (*this)(out);
        return out;
    }
    std::string_view take(std::uint64_t count) {
        require(count <= bytes_.size(), "a checkpoint ends too early");
        const std::string_view out = bytes_.substr(0, count);
        bytes_.remove_prefix(count);
        return out;
    }

    std::string_view bytes_;
};

/// A member that may be missing: whether it is there, then f(member).
template <class Archive, class Optional, class F>
void pass_optional(Archive& to, Optional& v, const F& f) {
    bool there = v.has_value();
    to(there);
    if constexpr (Archive::reads)
        if (there) v.emplace();
    if (there) f(*v);
}

/// What pass(reader, value) makes of a file; none where there is no such file.   @throw as read_checkpoint_body.
template <class T, class Pass>
std::optional<T> read_checkpoint_as(const CheckpointKind& kind, const std::filesystem::path& path, const Pass& pass) {
    const std::optional<std::string> body = read_checkpoint_body(kind, path);
    if (!body) return std::nullopt;
    ByteReader from(*body);
    std::optional<T> out(std::in_place);
    pass(from, *out);
    return out;
}

/// The file that pass(writer, value) makes.   @throw as write_checkpoint_body.
template <class T, class Pass>
void write_checkpoint_as(const CheckpointKind& kind, const std::filesystem::path& path, const T& value, const Pass& pass) {
    ByteWriter body;
    pass(body, value);
    write_checkpoint_body(kind, path, body.bytes());
}

/// Says when to write: writing takes at most a fiftieth of the time, as far as the last one tells.
class WritingPace {
public:
    bool due() const { return !written_ || Clock::now() - *written_ >= 50 * took_; }
    template <class F>
    void timed(const F& write) {
        const auto begin = Clock::now();
        write();
        written_ = Clock::now();
        took_ = *written_ - begin;
    }

private:
    using Clock = std::chrono::steady_clock;
    std::optional<Clock::time_point> written_;
    Clock::duration took_{};
};

}  // namespace buffon
