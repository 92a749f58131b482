#include <buffon/row_means.hpp>

#include <algorithm>

#include <buffon/parallel.hpp>
#include <buffon/stored.hpp>

namespace buffon {

RowMeans::RowMeans(const State& state)
    : whole_(buffon::moments(state, "blocks")), rest_(table(state, "rest")), first_rows_(judged_rows) {
    first_rows_.add(table(state, "first rows"));
}

void RowMeans::add(ConstView rows, int threads) {
    first_rows_.add(rows);
    Matrix stacked;
    ConstView all = rows;
    if (rest_.rows > 0) {
        stacked = std::move(rest_);
        stacked.data.insert(stacked.data.end(), rows.data, rows.data + rows.size());
        stacked.rows += rows.rows;
        all = stacked;
    }
    const std::int64_t whole = all.rows / parallel::block_size * parallel::block_size;
    parallel::reduce_blocks(whole, threads, whole_,
                            [&](std::int64_t first, std::int64_t count) { return Moments(all.slice(first, count)); });
    rest_ = Matrix(all.rows - whole, all.cols);
    std::copy_n(all.data + whole * all.cols, rest_.data.size(), rest_.data.begin());
}

Moments RowMeans::moments() const {
    Moments all = whole_;
    if (rest_.rows > 0) all.merge(Moments(rest_));
    return all;
}

void RowMeans::store(State& state) const {
    buffon::store(state, "blocks", whole_);
    state.tables["rest"] = rest_;
    state.tables["first rows"] = first_rows_.rows();
}

std::int64_t next_rows(std::int64_t start, std::int64_t end, std::int64_t chunk) {
    return std::min(chunk - start % parallel::block_size, end - start);
}

}  // namespace buffon
