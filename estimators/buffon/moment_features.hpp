/// First- and second-order features of sets of tokens: the mean of each channel, and the covariances of channels over a set, as
/// Moment Probing gives them to a linear classifier.
/// Source: Gao, Wang, Lin, Zhu, Hu, Zhou, "Tuning pre-trained model via moment probing", ICCV 2023 (arXiv:2307.11342).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <tuple>

#include <buffon/fields.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// What is subtracted before products are averaged: the mean of each channel, one number for each head, as the released code has
/// it, or nothing.
enum class TokenCentre { channel, scalar, none };
/// How covariances are scaled: as they are, each column of a head pair's matrix to length 1 (the released code), or
/// sign(c) sqrt|c|.
enum class MomentScale { none, columns, root };

struct MomentFeaturesOptions {
    std::int64_t heads = 1;
    TokenCentre center = TokenCentre::channel;
    MomentScale scale = MomentScale::none;
    int threads = 0;

    static constexpr auto fields() {
        return std::tuple{
            Field{"heads", &MomentFeaturesOptions::heads,
                  "groups of neighbouring channels: 1 gives the covariances of all channels, h > 1 those of each group "
                  "with the next one"},
            Field{"center", &MomentFeaturesOptions::center,
                  "what is subtracted: the mean of each channel, one number for each head, or nothing"},
            Field{"scale", &MomentFeaturesOptions::scale,
                  "none: covariances; columns: each column of a matrix over its length; root: sign(c) sqrt|c|"},
            Field{"threads", &MomentFeaturesOptions::threads, "threads, 0 for all; changes no result"}};
    }
};

/// Row i: the D means over the tokens of set i, then its covariances, divided by `length`: of one head the D (D + 1) / 2 of the
/// lower triangle, row after row, of h heads the (h - 1) (D / h)^2 of head k (rows) with head k + 1 (columns), pair after pair. A
/// row depends on its own set alone.
/// @param tokens  (n length, D): the tokens of set i are rows i length, ..., (i + 1) length - 1
/// @throw std::invalid_argument for no channel, a number of rows that is no multiple of length >= 1, heads that do not divide D,
/// a number that is not finite.
Matrix moment_features(ConstView tokens, std::int64_t length, const MomentFeaturesOptions& options = {});

}   // namespace buffon

template <>
struct buffon::EnumNames<buffon::TokenCentre> {
    static constexpr std::array<std::string_view, 3> names{"channel", "scalar", "none"};
};
template <>
struct buffon::EnumNames<buffon::MomentScale> {
    static constexpr std::array<std::string_view, 3> names{"none", "columns", "root"};
};
