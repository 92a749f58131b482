/// FNV-1a of 64 bits: whether two things are the same. Not installed.
/// Source: Fowler, Noll, Vo; Eastlake et al., "The FNV non-cryptographic hash algorithm", IETF draft.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <string>

namespace buffon {

class Hash {
public:
    void add_byte(unsigned char byte) { value_ = (value_ ^ byte) * 0x100000001b3; }
    void add(std::uint64_t word) {
        for (int byte = 0; byte < 8; ++byte) add_byte(static_cast<unsigned char>(word >> (8 * byte) & 0xff));
    }
    /// To single precision.
    void add(double number) { add(std::uint64_t{std::bit_cast<std::uint32_t>(static_cast<float>(number))}); }
    void add(const std::string& text) {
        for (const char c : text) add(static_cast<std::uint64_t>(static_cast<unsigned char>(c)));
        add(std::uint64_t{text.size()});
    }
    /// To the last bit, and their number.
    void add_exactly(std::span<const double> numbers) {
        for (const double v : numbers) add(std::bit_cast<std::uint64_t>(v));
        add(std::uint64_t{numbers.size()});
    }
    std::uint64_t value() const { return value_; }

private:
    std::uint64_t value_ = 0xcbf29ce484222325;
};

}  // namespace buffon
