#include <buffon/power_cells.hpp>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <mutex>
#include <optional>

#include <buffon/check.hpp>
#include <buffon/linalg.hpp>
#include <buffon/parallel.hpp>

namespace buffon {
namespace {

constexpr std::int64_t least_parallel = 1 << 24;            // terms below which threads cost more than they save
constexpr std::int64_t few_targets = 512;
constexpr std::uint32_t signs_stream = 0x80000000u;         // beside the stream of the rows

std::int64_t up(std::int64_t n, std::int64_t to) { return (n + to - 1) / to; }

/// Standard deviations of independent normal coordinates; none for other laws.
std::vector<double> normal_scales(const Distribution& source) {
    const auto* joint = std::get_if<Joint>(&source.law());
    std::vector<double> scales;
    for (std::size_t j = 0; joint != nullptr && joint->independent() && j < joint->laws().size(); ++j) {
        const auto* law = std::get_if<Normal>(&joint->laws()[j]);
        if (law == nullptr) return {};
        scales.push_back(law->sd());
    }
    return scales;
}

/// Lower factor L of the covariance where the law is that of mean + L z with normal z.
std::optional<Matrix> normal_factor(const Distribution& source) {
    if (const auto* law = std::get_if<MultivariateNormal>(&source.law())) return law->factor();
    const auto* joint = std::get_if<Joint>(&source.law());
    if (joint == nullptr || !joint->dependence().gaussian(joint->dim())) return std::nullopt;
    for (const Univariate& law : joint->laws())
        if (!std::holds_alternative<Normal>(law)) return std::nullopt;
    return cholesky(joint->covariance(), "transport_map", "the source's covariance");
}

/// row <- L' row.
void multiply_transposed(const Matrix& factor, std::span<double> row) {
    const auto d = static_cast<std::int64_t>(row.size());
    for (std::int64_t j = 0; j < d; ++j) {
        double sum = 0.0;
        for (std::int64_t i = j; i < d; ++i) sum += factor(i, j) * row[static_cast<std::size_t>(i)];
        row[static_cast<std::size_t>(j)] = sum;
    }
}

/// +-1/4 for the 16 rows of each rotation of a block: 16 bits a rotation.
void draw_signs(const Stream& stream, std::int64_t block, int rotations, float* signs) {
    const auto bits = PowerCells::signs_of(stream).bits(block, 0);
    for (int r = 0; r < rotations; ++r) {
        const std::uint32_t word = bits[static_cast<std::size_t>(r / 2)] >> (r % 2 * 16);
        for (int j = 0; j < cell_rows; ++j) signs[r * cell_rows + j] = word >> j & 1u ? -0.25f : 0.25f;
    }
}

}  // namespace

int rotations_that_pay(std::int64_t targets) { return targets <= few_targets ? 1 : 4; }

PowerCells::PowerCells(ConstView points, std::vector<double> centre, Distribution source, int rotations)
    : size_(points.rows), dim_(points.cols), keys_(up(points.rows, cell_panel) * cell_panel),
      rotations_(std::max(rotations, 1)), source_(std::move(source)), source_mean_(source_.mean()),
      targets_(points.rows, points.cols), shift_(static_cast<std::size_t>(points.rows)),
      panels_(static_cast<std::size_t>(keys_ * dim_), 0.0f) {
    assert(source_.dim() == dim_ && static_cast<std::int64_t>(centre.size()) == dim_ && rotations <= most_rotations);
    const std::vector<double> scales = normal_scales(source_);   // in many dimensions a factor would take minutes
    const std::optional<Matrix> factor = scales.empty() ? normal_factor(source_) : std::nullopt;
    normal_ = !scales.empty() || factor.has_value();
    mirrored_ = normal_ && rotations > 0;
    if (!mirrored_) rotations_ = 1;
    const Matrix covariance = source_.covariance();
    for (std::int64_t j = 0; j < dim_; ++j) source_scatter_ += covariance(j, j);
    require(std::isfinite(source_scatter_), "transport_map: the source must have a variance");
    for (std::int64_t i = 0; i < size_; ++i) {
        const std::span<double> row = View(targets_).row(i);
        double& shift = shift_[static_cast<std::size_t>(i)];
        for (std::size_t j = 0; j < row.size(); ++j) {
            row[j] = points(i, static_cast<std::int64_t>(j)) - centre[j];
            shift += source_mean_[j] * row[j];
        }
        if (factor) multiply_transposed(*factor, row);
        for (std::size_t j = 0; j < scales.size(); ++j) row[j] *= scales[j];
        for (std::int64_t j = 0; j < dim_; ++j)
            panels_[static_cast<std::size_t>((i / cell_panel * dim_ + j) * cell_panel + i % cell_panel)] =
                static_cast<float>(row[static_cast<std::size_t>(j)]);
    }
}

std::vector<float> PowerCells::padded(std::span<const double> heights) const {
    assert(static_cast<std::int64_t>(heights.size()) == size_);
    std::vector<float> h(static_cast<std::size_t>(keys_), -std::numeric_limits<float>::infinity());
    std::ranges::transform(heights, h.begin(), [](double v) { return static_cast<float>(v); });
    return h;
}

Stream PowerCells::signs_of(const Stream& rows) { return {rows.key, rows.id | signs_stream}; }

void PowerCells::rows(const Stream& stream, std::int64_t first, std::int64_t blocks, std::vector<float>& x) const {
    Matrix drawn(blocks * cell_rows, dim_);
    if (normal_) stream.normal(first * cell_rows, drawn);
    else source_.sample(stream, first * cell_rows, drawn);
    x.resize(drawn.data.size());
    for (std::int64_t i = 0; i < drawn.rows; ++i)
        for (std::int64_t j = 0; j < dim_; ++j) {
            const double mean = normal_ ? 0.0 : source_mean_[static_cast<std::size_t>(j)];
            x[static_cast<std::size_t>((i / cell_rows * dim_ + j) * cell_rows + i % cell_rows)] =
                static_cast<float>(drawn(i, j) - mean);
        }
}

CellCounts PowerCells::count(std::span<const double> heights, std::int64_t draws, const Stream& stream, int threads,
                             const Kernels& use) const {
    const std::int64_t blocks = up(draws, draws_per_block()), chunks = up(blocks, cell_chunk_blocks);
    const std::vector<float> h = padded(heights);
    CellCounts out{std::vector<std::int64_t>(static_cast<std::size_t>(size_), 0), blocks * draws_per_block(), 0.0};
    std::vector<double> sums(static_cast<std::size_t>(chunks), 0.0);   // added in order below
    std::mutex adding;
    const bool little = blocks * cell_rows * keys_ * (dim_ + draws_per_block()) < least_parallel;
    parallel::for_each(chunks, little ? 1 : threads, [&](std::int64_t c) {
        const std::int64_t first = c * cell_chunk_blocks, count = std::min(cell_chunk_blocks, blocks - first);
        std::vector<float> x;
        rows(stream, first, count, x);
        float signs[most_rotations * cell_rows], score[2 * most_rotations * cell_rows];
        std::vector<std::int32_t> found(static_cast<std::size_t>(count * draws_per_block()));
        double sum = 0.0;
        for (std::int64_t b = 0; b < count; ++b) {
            if (mirrored_) draw_signs(stream, first + b, rotations_, signs);
            use.nearest_cells({.panels = panels_.data(),
                               .heights = h.data(),
                               .keys = keys_,
                               .dim = dim_,
                               .x = x.data() + b * dim_ * cell_rows,
                               .rotations = rotations_,
                               .mirrored = mirrored_,
                               .signs = signs,
                               .score = score,
                               .target = found.data() + b * draws_per_block()});
            for (std::int64_t k = 0; k < draws_per_block(); ++k) sum += static_cast<double>(score[k]);
        }
        sums[static_cast<std::size_t>(c)] = sum;
        const std::lock_guard lock(adding);   // of integers, in any order
        for (const std::int32_t i : found) ++out.counts[static_cast<std::size_t>(i)];
    });
    for (const double sum : sums) out.score_sum += sum;
    return out;
}

void PowerCells::scores(std::span<const double> heights, std::int64_t draws, const Stream& stream, int threads,
                        const Rows& f, std::int64_t first) const {
    const std::vector<float> h = padded(heights);
    const bool little = draws * keys_ * (dim_ + cell_rows) < least_parallel;
    parallel::for_each(draws / cell_rows, little ? 1 : threads, [&](std::int64_t b) {
        std::vector<float> x, out(static_cast<std::size_t>(keys_ * cell_rows));
        rows(stream, first + b, 1, x);
        kernels().cell_scores({.panels = panels_.data(),
                               .heights = h.data(),
                               .keys = keys_,
                               .dim = dim_,
                               .x = x.data(),
                               .rotations = 1,
                               .mirrored = false,
                               .signs = nullptr,
                               .score = nullptr,
                               .target = nullptr},
                              out.data(), keys_);
        f(b, out, keys_);
    });
}

Matrix PowerCells::sums(std::span<const double> heights, std::int64_t draws, const Stream& stream, int threads,
                        std::vector<std::int64_t>& counts) const {
    Matrix out(size_, dim_);
    counts.assign(static_cast<std::size_t>(size_), 0);
    constexpr std::int64_t round_rows = 16'384;   // a multiple of 16, as draws is
    for (std::int64_t first = 0; first < draws; first += round_rows) {
        const std::int64_t n = std::min(round_rows, draws - first);
        std::vector<std::int64_t> cell(static_cast<std::size_t>(n));
        scores(heights, n, stream, threads, [&](std::int64_t b, std::span<const float> all, std::int64_t stride) {
            for (std::int64_t i = 0; i < cell_rows; ++i) {
                const auto row = all.subspan(static_cast<std::size_t>(i * stride), static_cast<std::size_t>(size_));
                cell[static_cast<std::size_t>(b * cell_rows + i)] = std::ranges::max_element(row) - row.begin();
            }
        }, first / cell_rows);
        Matrix x(n, dim_);
        if (normal_) {
            stream.normal(first, x);
            source_.from_normal(x, x);
        } else {
            source_.sample(stream, first, x);
        }
        for (std::int64_t i = 0; i < n; ++i) {   // in the order of the draws
            const std::int64_t k = cell[static_cast<std::size_t>(i)];
            ++counts[static_cast<std::size_t>(k)];
            for (std::int64_t j = 0; j < dim_; ++j) out(k, j) += x(i, j);
        }
    }
    return out;
}

std::vector<TopTwo> PowerCells::top_two(std::span<const double> heights, std::int64_t draws, const Stream& stream,
                                        int threads) const {
    assert(size_ >= 2);
    std::vector<TopTwo> out(static_cast<std::size_t>(draws));
    scores(heights, draws, stream, threads, [&](std::int64_t b, std::span<const float> all, std::int64_t stride) {
        for (std::int64_t i = 0; i < cell_rows; ++i) {
            const auto row = all.subspan(static_cast<std::size_t>(i * stride), static_cast<std::size_t>(size_));
            std::size_t first = row[1] > row[0] ? 1 : 0, second = 1 - first;
            for (std::size_t j = 2; j < row.size(); ++j) {
                if (row[j] <= row[second]) continue;
                second = j;
                if (row[j] > row[first]) std::swap(first, second);
            }
            out[static_cast<std::size_t>(b * cell_rows + i)] = {
                static_cast<std::int64_t>(first), static_cast<std::int64_t>(second),
                static_cast<double>(row[first]) - static_cast<double>(row[second])};
        }
    });
    return out;
}

}  // namespace buffon
