#include <buffon/sobol_sequence.hpp>

#include <buffon/check.hpp>
#include <buffon/kernels.hpp>
#include <buffon/owen_hash.hpp>

#include <boost/random/detail/sobol_table.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>

namespace buffon {
namespace {

using Table = boost::random::detail::qrng_tables::sobol;

constexpr int digits = 64;
constexpr std::uint64_t digit(std::int64_t j) { return std::uint64_t{1} << (digits - 1 - j); }

std::int64_t direction_count(std::int64_t points) {
    return static_cast<std::int64_t>(std::bit_width(static_cast<std::uint64_t>(points - 1)));
}

/// Column j of the generator matrix of one coordinate, j = 0 ... count - 1; the digit after the point is the top bit.
/// Not cached: the recurrence is cheaper than the random numbers of a scramble (measured: a sixth).
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
constexpr std::int64_t first_matrix_component = 1, first_owen_component = 128;

std::uint64_t shift_of(const Stream& scramble, std::int64_t coordinate) { return scramble.word(coordinate, 0); }

std::uint64_t owen_key(const Stream& scramble, std::int64_t coordinate, int k) {
    const std::uint64_t word = scramble.word(coordinate, first_owen_component + k);
    return k % 2 == 1 ? word << 1 : word;   // the factors are even
}

/// v <- L v; column j of the lower triangular L with unit diagonal is a word whose free digits stand below digit j.
/// Words are those of directions_of: digits of word j stand at 0 ... j, so `count` columns of L suffice.
void scramble_directions(const Stream& scramble, std::int64_t coordinate, std::int64_t count, std::uint64_t* v) {
    std::uint64_t column[digits];
    std::array<std::uint32_t, 4> bits{};   // two components each, as Stream::word has them
    for (std::int64_t j = 0; j < count; ++j) {
        const std::int64_t component = first_matrix_component + j;
        if (component % 2 == 0 || j == 0) bits = scramble.bits(coordinate, static_cast<std::uint32_t>(component / 2));
        const auto half = static_cast<std::size_t>(component % 2) * 2;
        column[j] = digit(j) | ((std::uint64_t{bits[half + 1]} << 32 | bits[half]) & (digit(j) - 1));
    }
    for (std::int64_t j = 0; j < count; ++j) {
        std::uint64_t product = 0;
        for (std::uint64_t rest = v[j]; rest != 0;) {
            const int i = std::countl_zero(rest);
            product ^= column[i];
            rest ^= digit(i);
        }
        v[j] = product;
    }
}

/// Words of all coordinates, [bit * dim + coordinate], each coordinate's passed through `change(coordinate, words)`.
template <class Change>
std::vector<std::uint64_t> direction_words(std::int64_t dim, std::int64_t count, const Change& change) {
    std::vector<std::uint64_t> words(static_cast<std::size_t>(count * dim));
    for (std::int64_t c = 0; c < dim; ++c) {
        std::uint64_t v[digits];
        directions_of(c, count, v);
        change(c, v);
        for (std::int64_t j = 0; j < count; ++j) words[static_cast<std::size_t>(j * dim + c)] = v[j];
    }
    return words;
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

SobolSequence::SobolSequence(std::int64_t dim, std::int64_t points, const Stream& scramble, Scramble kind) : kind_(kind) {
    check_size(dim, points);
    const std::int64_t count = direction_count(points);
    std::vector<std::uint64_t> shift(static_cast<std::size_t>(dim), 0);
    if (kind == Scramble::linear) {
        for (std::int64_t c = 0; c < dim; ++c) shift[static_cast<std::size_t>(c)] = shift_of(scramble, c);
        group(dim, count, shift, direction_words(dim, count, [&](std::int64_t coordinate, std::uint64_t* v) {
            scramble_directions(scramble, coordinate, count, v);
        }));
        return;
    }
    group(dim, count, shift, direction_words(dim, count, [count](std::int64_t, std::uint64_t* v) {
        std::transform(v, v + count, v, reversed_bits);
    }));
    for (int k = 0; k < owen_keys; ++k) {
        for (std::int64_t c = 0; c < dim; ++c) keys_.push_back(owen_key(scramble, c, k));
        repeat_last(keys_, dim, rows_of_group());
    }
}

SobolSequence SobolSequence::unscrambled(std::int64_t dim, std::int64_t points) {
    check_size(dim, points);
    SobolSequence s;
    const std::int64_t count = direction_count(points);
    s.group(dim, count, std::vector<std::uint64_t>(static_cast<std::size_t>(dim), 0),
            direction_words(dim, count, [](std::int64_t, std::uint64_t*) {}));
    return s;
}

/// Within a group the Gray code changes in its last digits as from row 0 on; from one group to the next in the digit of the
/// group's own Gray code and, as that code has one digit more or less, in the first of the last digits.
void SobolSequence::group(std::int64_t dim, std::int64_t digits, const std::vector<std::uint64_t>& shift,
                          const std::vector<std::uint64_t>& directions) {
    dim_ = dim;
    digits_ = digits;
    group_digits_ = std::min(digits, group_digits_of(dim));
    const std::int64_t rows = rows_of_group();
    const auto d = static_cast<std::size_t>(dim);
    const auto direction = [&](std::int64_t digit) { return directions.data() + digit * dim; };
    start_ = shift;
    start_.reserve(static_cast<std::size_t>(rows) * d);
    for (std::int64_t r = 1; r < rows; ++r) {   // one digit of the Gray code changes
        const std::uint64_t* flips = direction(std::countr_zero(static_cast<std::uint64_t>(r)));
        for (std::size_t c = 0; c < d; ++c) start_.push_back(start_[start_.size() - d] ^ flips[c]);
    }
    directions_.reserve(static_cast<std::size_t>((digits - group_digits_) * rows) * d);
    for (std::int64_t j = group_digits_; j < digits; ++j) {
        const std::uint64_t* last = group_digits_ > 0 ? direction(group_digits_ - 1) : nullptr;
        for (std::size_t c = 0; c < d; ++c) directions_.push_back(direction(j)[c] ^ (last != nullptr ? last[c] : 0));
        repeat_last(directions_, dim, rows);
    }
}

double SobolSequence::uniform(std::int64_t index, std::int64_t component) const {
    assert(index >= 0 && index >> digits_ == 0 && component >= 0 && component < dim_);
    const auto width = static_cast<std::int64_t>(start_.size());
    const std::int64_t row = index & ((std::int64_t{1} << group_digits_) - 1);
    std::uint64_t word = start_[static_cast<std::size_t>(row * dim_ + component)];
    for (std::uint64_t rest = gray(index >> group_digits_); rest != 0; rest &= rest - 1)
        word ^= directions_[static_cast<std::size_t>(std::countr_zero(rest) * width + component)];
    if (kind_ == Scramble::owen) word = reversed_bits(owen_hash(word, keys_.data() + component, width));
    return to_unit(word);
}

std::vector<std::uint64_t> SobolSequence::words() const {
    const auto d = static_cast<std::size_t>(dim_), width = start_.size();
    std::vector<std::uint64_t> out(start_.begin(), start_.begin() + dim_);
    for (std::int64_t j = 0; j < digits_; ++j) {
        const bool within = j < group_digits_;
        const std::size_t row = within
                                    ? (std::size_t{2} << j) - 1
                                    : static_cast<std::size_t>(j - group_digits_);   // its Gray code is digit j alone
        for (std::size_t c = 0; c < d; ++c)
            out.push_back(within ? start_[row * d + c] ^ start_[c]
                                 : directions_[row * width + c] ^
                                       (group_digits_ > 0 ? out[static_cast<std::size_t>(group_digits_) * d + c] : 0));
    }
    return out;
}

std::vector<std::uint64_t> SobolSequence::owen_words() const {
    std::vector<std::uint64_t> out;
    for (std::size_t k = 0; k < keys_.size(); k += start_.size())
        out.insert(out.end(), keys_.begin() + static_cast<std::ptrdiff_t>(k),
                   keys_.begin() + static_cast<std::ptrdiff_t>(k) + dim_);
    return out;
}

void SobolSequence::groups(std::int64_t first, std::int64_t count, double* out) const {
    const auto width = static_cast<std::int64_t>(start_.size());
    std::vector<std::uint64_t> words = start_;
    for (std::uint64_t rest = gray(first); rest != 0; rest &= rest - 1)
        for (std::int64_t i = 0; i < width; ++i)
            words[static_cast<std::size_t>(i)] ^= directions_[static_cast<std::size_t>(std::countr_zero(rest) * width + i)];
    if (kind_ == Scramble::owen)
        kernels().owen_rows(directions_.data(), keys_.data(), words.data(), first, count, width, out);
    else
        kernels().sobol_rows(directions_.data(), words.data(), first, count, width, out);
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
            groups(group, whole, out.data + i * dim_);
            i += whole * group_rows;
            continue;
        }
        part.resize(start_.size());
        groups(group, 1, part.data());
        const std::int64_t count = std::min(group_rows - row, out.rows - i);
        std::copy_n(part.data() + row * dim_, count * dim_, out.data + i * dim_);
        i += count;
    }
}

}  // namespace buffon
