/// Means of outputs that were estimated apart, family by family, from independent rows each: put together. Not installed.
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/estimate.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/moments.hpp>
#include <buffon/tails.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// Columns of the evaluation's outputs, and the independent rows whose mean they are.
struct FamilyMeans {
    std::vector<std::int64_t> columns;
    Moments moments;                       // of rows of these columns
    FirstRows first_rows{judged_rows / 4};

    void add(ConstView rows, int threads);
};

/// Values column by column; families are independent of each other. Every column must be in one family.
Estimate finish_families(const Evaluation& evaluate, const std::vector<FamilyMeans>& families);

/// Of m scores (n, m), with further columns of the outputs (known functions, success) in the first family.
std::vector<std::vector<std::int64_t>> columns_of_families(ConstView score, std::int64_t columns);

}  // namespace buffon
