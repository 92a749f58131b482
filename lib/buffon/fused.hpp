/// Draw, evaluate, accumulate, in blocks that never leave the cache: moments of a sample of which nothing else is wanted.
/// Same numbers as through Evaluation, bit for bit. Not installed.
#pragma once

#include <cstdint>
#include <optional>

#include <buffon/evaluation.hpp>
#include <buffon/moments.hpp>
#include <buffon/stream.hpp>

namespace buffon {

class Fused {
public:
    /// Of the problem's sample of this stream. None unless the problem has a model of columns and independent inputs, and no
    /// sample is to be kept.
    static std::optional<Fused> of(Evaluation& evaluation, const Stream& stream);

    std::int64_t columns() const;

    /// Merges the moments of rows `first`, ... of the sample into `total`, block by block, and writes their outputs into
    /// y (rows, columns()), or nowhere for y without rows. The rows of successive calls follow each other, from row 0.
    /// False, and nothing done, once the model failed at one of these rows, or gave what is not finite: Evaluation says where.
    /// @throw Interrupted.
    bool add(std::int64_t first, std::int64_t rows, Moments& total, View y);

private:
    Fused(Evaluation& evaluation, const Stream& stream, const Joint& inputs)
        : evaluation_(&evaluation), stream_(stream), inputs_(&inputs) {}
    Moments block(std::int64_t first, std::int64_t count, View y) const;

    Evaluation* evaluation_;
    Stream stream_;
    const Joint* inputs_;
    bool failed_ = false;
};

}  // namespace buffon
