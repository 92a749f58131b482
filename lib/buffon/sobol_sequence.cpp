#include <buffon/sobol_sequence.hpp>

#include <buffon/check.hpp>
#include <buffon/kernels.hpp>
#include <buffon/owen_hash.hpp>

#include <boost/random/detail/sobol_table.hpp>

#include <algorithm>
#include <bit>
#include <cassert>

namespace buffon {
namespace {

using Table = boost::random::detail::qrng_tables::sobol;

constexpr int word_digits = 64;
constexpr std::uint64_t digit(std::int64_t j) { return std::uint64_t{1} << (word_digits - 1 - j); }

std::int64_t direction_count(std::int64_t points) {
    return static_cast<std::int64_t>(std::bit_width(static_cast<std::uint64_t>(points - 1)));
}

/// Column j of the generator matrix of one coordinate, j = 0 ... count - 1; the digit after the point is the top bit.
/// Not cached: it takes as long as one scramble of the same words (measured), and those of one net share it.
void directions_of(std::int64_t coordinate, std::int64_t count, std::uint64_t* v) {
    if (coordinate == 0) {
        for (std::int64_t j = 0; j < count; ++j) v[j] = digit(j);
        return;
    }
    const auto row = static_cast<std::size_t>(coordinate - 1);
    const std::uint64_t polynomial = Table::polynomial(row);
    const int degree = static_cast<int>(std::bit_width(polynomial)) - 1;
    for (std::int64_t j = 0; j < count; ++j) {
        if (j < degree) {
            v[j] = Table::minit(row, static_cast<std::size_t>(j)) * digit(j);
            continue;
        }
        // eq. (2) of Joe & Kuo (2008), on left-aligned words: the powers of two vanish
        v[j] = v[j - degree] >> degree;
        for (int r = 1; r <= degree; ++r)
            if (polynomial >> (degree - r) & 1) v[j] ^= v[j - r];
    }
}

/// Random numbers of a scramble, index = coordinate: component 0 is the digital shift, component 1 + j column j of the
/// matrix, components from 128 on are the keys of Owen's. So more points of the same stream continue the same sequence.
constexpr std::int64_t first_owen_component = 128;

std::uint64_t owen_key(const Stream& scramble, std::int64_t coordinate, int k) {
    const std::uint64_t word = scramble.word(coordinate, first_owen_component + k);
    return k % 2 == 1 ? word << 1 : word;   // the factors are even
}

constexpr std::uint64_t gray(std::int64_t index) {
    const auto i = static_cast<std::uint64_t>(index);
    return i ^ (i >> 1);
}

/// So many small rows are one for the kernels.
std::int64_t group_digits_of(std::int64_t dim) { return dim <= 32 ? 3 : 0; }

/// The last `width` words until they stand there `times` times.
void repeat_last(std::vector<std::uint64_t>& words, std::int64_t width, std::int64_t times) {
    const std::size_t each = static_cast<std::size_t>(width), first = words.size() - each;
    words.resize(first + each * static_cast<std::size_t>(times));
    for (std::size_t at = first + each; at < words.size(); at += each)
        std::copy_n(words.begin() + static_cast<std::ptrdiff_t>(first), each,
                    words.begin() + static_cast<std::ptrdiff_t>(at));
}

void check_size(std::int64_t dim, std::int64_t points) {
    const std::int64_t most = SobolSequence::max_dim();
    require(dim >= 1 && dim <= most, "SobolSequence: dim must be 1 to ", most, ", got ", dim);
    require(points >= 1 && points <= std::int64_t{1} << 52, "SobolSequence: points must be 1 to 2^52, got ", points);
}

}  // namespace

std::int64_t SobolSequence::max_dim() { return Table::max_dimension; }

/// Unscrambled.
SobolSequence::SobolSequence(std::int64_t dim, std::int64_t points) : dim_(dim) {
    check_size(dim, points);
    digits_ = direction_count(points);
    group_digits_ = std::min(digits_, group_digits_of(dim));
    words_.resize(static_cast<std::size_t>((1 + digits_) * dim));
    for (std::int64_t c = 0; c < dim; ++c) {
        std::uint64_t v[word_digits];
        directions_of(c, digits_, v);
        for (std::int64_t j = 0; j < digits_; ++j) words_[static_cast<std::size_t>((1 + j) * dim + c)] = v[j];
    }
}

SobolSequence::SobolSequence(std::int64_t dim, std::int64_t points, const Stream& stream, Scramble kind)
    : SobolSequence(dim, points) {
    scramble(stream, kind);
}

SobolSequence SobolSequence::unscrambled(std::int64_t dim, std::int64_t points) { return {dim, points}; }

std::vector<SobolSequence> SobolSequence::scrambles(std::int64_t dim, std::int64_t points,
                                                    const std::vector<Stream>& streams, Scramble kind) {
    const SobolSequence plain(dim, points);
    std::vector<SobolSequence> all;
    all.reserve(streams.size());
    for (const Stream& stream : streams) {
        all.push_back(plain);
        all.back().scramble(stream, kind);
    }
    return all;
}

void SobolSequence::scramble(const Stream& stream, Scramble kind) {
    kind_ = kind;
    once_ = std::make_shared<Once>();
    if (kind == Scramble::linear) return kernels().scramble_words(stream.key, stream.id, dim_, digits_, words_.data());
    std::ranges::transform(words_, words_.begin(), reversed_bits);
    for (int k = 0; k < owen_keys; ++k)
        for (std::int64_t c = 0; c < dim_; ++c) keys_.push_back(owen_key(stream, c, k));
}

/// Within a group the Gray code changes in its last digits as from row 0 on; from one group to the next in the digit of the
/// group's own Gray code and, as that code has one digit more or less, in the first of the last digits.
SobolSequence::Groups SobolSequence::make_groups() const {
    const std::int64_t rows = std::int64_t{1} << group_digits_;
    const auto d = static_cast<std::size_t>(dim_);
    const auto direction = [&](std::int64_t digit) { return words_.data() + (1 + digit) * dim_; };
    Groups all;
    auto& [start, directions, keys] = all;
    start.reserve(static_cast<std::size_t>(rows) * d);
    start.assign(words_.begin(), words_.begin() + dim_);
    for (std::int64_t r = 1; r < rows; ++r) {   // one digit of the Gray code changes
        const std::uint64_t* flips = direction(std::countr_zero(static_cast<std::uint64_t>(r)));
        for (std::size_t c = 0; c < d; ++c) start.push_back(start[start.size() - d] ^ flips[c]);
    }
    directions.reserve(static_cast<std::size_t>((digits_ - group_digits_) * rows) * d);
    for (std::int64_t j = group_digits_; j < digits_; ++j) {
        const std::uint64_t* last = group_digits_ > 0 ? direction(group_digits_ - 1) : nullptr;
        for (std::size_t c = 0; c < d; ++c) directions.push_back(direction(j)[c] ^ (last != nullptr ? last[c] : 0));
        repeat_last(directions, dim_, rows);
    }
    for (auto key = keys_.begin(); key != keys_.end(); key += dim_) {
        keys.insert(keys.end(), key, key + dim_);
        repeat_last(keys, dim_, rows);
    }
    return all;
}

const SobolSequence::Groups& SobolSequence::groups() const {
    std::call_once(once_->made, [&] { once_->groups = make_groups(); });
    return once_->groups;
}

double SobolSequence::uniform(std::int64_t index, std::int64_t component) const {
    assert(index >= 0 && index >> digits_ == 0 && component >= 0 && component < dim_);
    std::uint64_t word = words_[static_cast<std::size_t>(component)];
    for (std::uint64_t rest = gray(index); rest != 0; rest &= rest - 1)
        word ^= words_[static_cast<std::size_t>((1 + std::countr_zero(rest)) * dim_ + component)];
    if (kind_ == Scramble::owen) word = reversed_bits(owen_hash(word, keys_.data() + component, dim_));
    return to_unit(word);
}

/// Groups `first`, ..., whole.
void SobolSequence::fill(std::int64_t first, std::int64_t count, double* out) const {
    const auto& [start, directions, keys] = groups();
    const auto width = static_cast<std::int64_t>(start.size());
    std::vector<std::uint64_t> words = start;
    for (std::uint64_t rest = gray(first); rest != 0; rest &= rest - 1)
        for (std::int64_t i = 0; i < width; ++i)
            words[static_cast<std::size_t>(i)] ^= directions[static_cast<std::size_t>(std::countr_zero(rest) * width + i)];
    if (kind_ == Scramble::owen) kernels().owen_rows(directions.data(), keys.data(), words.data(), first, count, width, out);
    else kernels().sobol_rows(directions.data(), words.data(), first, count, width, out);
}

void SobolSequence::uniform(std::int64_t first, View out) const {
    require(out.cols == dim_, "SobolSequence.uniform: out must have ", dim_, " columns, got ", out.cols);
    require(first >= 0 && out.rows <= (std::int64_t{1} << digits_) - first, "SobolSequence.uniform: rows must lie in 0 to 2^",
            digits_, " - 1, got ", out.rows, " rows from ", first);
    const std::int64_t group_rows = std::int64_t{1} << group_digits_;
    std::vector<double> part;
    for (std::int64_t i = 0; i < out.rows;) {
        const std::int64_t group = (first + i) >> group_digits_, row = (first + i) & (group_rows - 1);
        const std::int64_t whole = row == 0 ? (out.rows - i) / group_rows : 0;
        if (whole > 0) {
            fill(group, whole, out.data + i * dim_);
            i += whole * group_rows;
            continue;
        }
        part.resize(static_cast<std::size_t>(group_rows * dim_));
        fill(group, 1, part.data());
        const std::int64_t count = std::min(group_rows - row, out.rows - i);
        std::copy_n(part.data() + row * dim_, count * dim_, out.data + i * dim_);
        i += count;
    }
}

}  // namespace buffon
