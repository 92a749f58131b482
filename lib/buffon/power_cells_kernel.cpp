#include <buffon/kernel_list.hpp>
#include <buffon/lanes.hpp>

namespace buffon {
inline namespace BUFFON_ISA {
namespace {

constexpr int rows = cell_rows;
constexpr int lanes = 2 * register_lanes;        // float32 numbers of a register
constexpr int group = register_lanes == 8   ? 16
                      : register_lanes == 4 ? 8
                                            : 4;   // rows whose scores are summed in registers together

using Register [[gnu::vector_size(4 * lanes)]] = float;
using Anywhere [[gnu::vector_size(4 * lanes), gnu::aligned(4), gnu::may_alias]] = float;
using Indices [[gnu::vector_size(4 * lanes)]] = std::int32_t;

inline Register load(const float* from) { return *reinterpret_cast<const Anywhere*>(from); }
inline void store(float* to, Register value) { *reinterpret_cast<Anywhere*>(to) = value; }
inline Register all(float value) { return value - Register{}; }

/// Products of 16 rows with the targets of one register, term by term in the order of the coordinates.
inline void products(const float* x, const float* y, std::int64_t dim, Register* v) {
#pragma GCC unroll 4
    for (int first = 0; first < rows; first += group) {
        Register sum[group] = {};
        for (std::int64_t k = 0; k < dim; ++k) {
            const Register at = load(y + k * cell_panel);
#pragma GCC unroll 16
            for (int j = 0; j < group; ++j) sum[j] += all(x[k * rows + first + j]) * at;
        }
#pragma GCC unroll 16
        for (int j = 0; j < group; ++j) v[first + j] = sum[j];
    }
}

/// v <- H D v / 4: signs, then the Walsh-Hadamard transform over the rows.
inline void rotate(const float* signs, Register* v) {
#pragma GCC unroll 16
    for (int j = 0; j < rows; ++j) v[j] *= all(signs[j]);
#pragma GCC unroll 4
    for (int step = 1; step < rows; step *= 2) {
#pragma GCC unroll 16
        for (int j = 0; j < rows; ++j) {
            if (j & step) continue;
            const Register sum = v[j] + v[j + step];
            v[j + step] = v[j] - v[j + step];
            v[j] = sum;
        }
    }
}

/// What each lane has seen: its largest score, and the target that had it first.
struct Best {
    Register score;
    Indices target;

    void meet(Register z, Indices of) {
#if defined(__AVX512F__)
        const __mmask16 larger = _mm512_cmp_ps_mask(reinterpret_cast<__m512>(z), reinterpret_cast<__m512>(score), _CMP_GT_OQ);
        _mm512_mask_store_ps(&score, larger, reinterpret_cast<__m512>(z));
        _mm512_mask_store_epi32(&target, larger, reinterpret_cast<__m512i>(of));
#else
        const Indices larger = z > score;
        score = larger ? z : score;
        target = larger ? of : target;
#endif
    }
};

inline void finish(const Best& best, float* score, std::int32_t* target) {
    *score = best.score[0];
    *target = best.target[0];
    for (int l = 1; l < lanes; ++l)
        if (best.score[l] > *score || (best.score[l] == *score && best.target[l] < *target)) {
            *score = best.score[l];
            *target = best.target[l];
        }
}

}  // namespace

void kernel::nearest_cells(const CellPass& p) {
    Best best[most_rotations * 2 * rows];
    const int used = p.rotations * (p.mirrored ? 2 : 1) * rows;
    const Register lowest = all(-__builtin_huge_valf());
    for (int i = 0; i < used; ++i) best[i] = {lowest, Indices{}};
    Indices target;
    for (int l = 0; l < lanes; ++l) target[l] = l;
    for (std::int64_t key = 0; key < p.keys; key += lanes, target += lanes) {
        Register v[rows];
        products(p.x, p.panels + key / cell_panel * cell_panel * p.dim + key % cell_panel, p.dim, v);
        const Register h = load(p.heights + key);
        Best* seen = best;
        for (int r = 0; r < p.rotations; ++r) {
            if (r > 0) rotate(p.signs + r * rows, v);
#pragma GCC unroll 16
            for (int j = 0; j < rows; ++j) seen[j].meet(v[j] + h, target);
            seen += rows;
            if (!p.mirrored) continue;
#pragma GCC unroll 16
            for (int j = 0; j < rows; ++j) seen[j].meet(h - v[j], target);
            seen += rows;
        }
    }
    for (int i = 0; i < used; ++i) finish(best[i], p.score + i, p.target + i);
}

void kernel::cell_scores(const CellPass& p, float* scores, std::int64_t stride) {
    for (std::int64_t key = 0; key < p.keys; key += lanes) {
        Register v[rows];
        products(p.x, p.panels + key / cell_panel * cell_panel * p.dim + key % cell_panel, p.dim, v);
        const Register h = load(p.heights + key);
        for (int j = 0; j < rows; ++j) store(scores + j * stride + key, v[j] + h);
    }
}

}  // namespace BUFFON_ISA
}  // namespace buffon
