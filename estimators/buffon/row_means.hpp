/// The mean of rows that arrive in order, summed in blocks: the same bits however they are divided, so a run can go on.
/// Not installed.
#pragma once

#include <cstdint>

#include <buffon/moments.hpp>
#include <buffon/state.hpp>
#include <buffon/tails.hpp>
#include <buffon/view.hpp>

namespace buffon {

class RowMeans {
public:
    RowMeans() : first_rows_(judged_rows) {}
    explicit RowMeans(const State& state);

    std::int64_t n() const { return whole_.n + rest_.rows; }
    void add(ConstView rows, int threads);
    Moments moments() const;
    const Matrix& first_rows() const { return first_rows_.rows(); }

    /// For whole blocks that are accumulated elsewhere, where no rows of a block are waiting; y: those to be judged.
    Moments& whole() { return whole_; }
    void judge(ConstView y) { first_rows_.add(y); }

    void store(State& state) const;

private:
    Moments whole_;   // of whole blocks
    Matrix rest_;     // rows of the block that is not full yet
    FirstRows first_rows_;
};

/// Rows until the end of a chunk that ends with a block: `start` done, `end` in all.
std::int64_t next_rows(std::int64_t start, std::int64_t end, std::int64_t chunk);

}  // namespace buffon
