#include <buffon/block_sums.hpp>

#include <buffon/kernels.hpp>
#include <buffon/parallel.hpp>

namespace buffon {
namespace {

struct Sums {
    Matrix of;

    void merge(const Sums& other) {
        if (of.rows == 0) of = Matrix(other.of.rows, other.of.cols);
        for (std::size_t k = 0; k < of.data.size(); ++k) of.data[k] += other.of.data[k];
    }
};

}  // namespace

Matrix signed_sums(ConstView r, int threads) {
    Sums all{Matrix(4, r.cols)};
    parallel::reduce_blocks(r.rows, threads, all, [&](std::int64_t first, std::int64_t count) {
        return Sums{signed_sums(r.slice(first, count))};
    });
    return std::move(all.of);
}

}  // namespace buffon
