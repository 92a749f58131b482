/// The hot loops, each defined in the *_kernel.cpp of its subject, and their table. Only for these files and kernels.hpp:
/// not installed. The *_kernel.cpp see nothing but this, lanes.hpp, words.hpp, owen_hash.hpp and vecmath*.hpp: an
/// inline function shared by two
/// instruction sets would be merged by the linker, and an old processor would meet the instructions of a new one.
#pragma once

#include <cstdint>

#include <buffon/config.hpp>

namespace buffon {

inline constexpr int attention_panel_bytes = 128;   // keys are stored in panels of so many bytes a coordinate
inline constexpr std::int64_t attention_rows = 8;   // rows come in multiples of this

/// Rows that meet the keys first ... last - 1, whole panels of them.
template <class T>
struct AttentionPass {
    const T* panels;         // coordinates of the keys, (keys / panel, dim, panel)
    const T* half_norms;     // (keys): |y|^2 / 2
    const T* log_weights;    // (keys); -inf fills up a panel
    const T* values;         // coordinates again, (columns / panel, keys, panel)
    std::int64_t keys, dim, first, last;
    const T* x;              // (rows, dim)
    const T* variance;       // (rows): v > 0
    const T* inverse;        // (rows): 1 / v
    std::int64_t rows;
    bool direct;             // distances from differences, not from products
    T cutoff;                // weights below e^-cutoff of the largest count as 0
    T* top;                  // (rows): largest score
    T* total;                // (rows): sum of the weights e^((score - top) / v)
    T* mean;                 // (rows, stride): weighted sum of the values
    std::int64_t stride;
};

inline constexpr int cell_rows = 16;       // rows that meet all targets together
inline constexpr int cell_panel = 16;      // targets are stored in panels of so many
inline constexpr int most_rotations = 8;

/// 16 rows x that meet `keys` targets, whole panels of them.
struct CellPass {
    const float* panels;     // coordinates of the targets, (keys / panel, dim, panel)
    const float* heights;    // (keys); -inf fills up a panel
    std::int64_t keys, dim;
    const float* x;          // (dim, 16): row by row would be strided
    int rotations;           // r = 0 leaves the rows as they are
    bool mirrored;           // meet -x, too
    const float* signs;      // (rotations, 16): +-1/4; the first 16 are not read
    float* score;            // (rotations, 1 + mirrored, 16): the largest score
    std::int32_t* target;    // and whose it is; of equal ones the lowest
};

inline constexpr int pair_panel = 16;              // points of y are stored in panels of so many
inline constexpr std::int64_t pair_rows = 64;      // rows of x that meet them together
inline constexpr int pair_gaussian = 0, pair_distance = 1, pair_cubic = 2;

/// A block of rows that meets some keys, whole panels of them but for the end.
struct PairPass {
    int function;
    double scale;
    const double* x;         // (rows, dim), readable up to pair_rows
    std::int64_t rows, dim;
    const double* panels;    // (keys / panel, dim, panel)
    std::int64_t keys;
    bool without_itself;     // row i and key i are the same point
    double* row_sums;        // (rows), added to
    double* column_sums;     // (keys), written
    double* squares;         // added to
};

inline namespace BUFFON_ISA {
namespace kernel {

/// Sums of a function of two points, e^(-scale |x - y|^2), |x - y| or (scale x . y + 1)^3, over rows and keys.
void pair_sums(const PairPass& pass);

/// Softmax-weighted sums of the keys' values, tile by tile: nothing of size rows x keys is stored. A row's bits depend
/// on it alone.
void attention(const AttentionPass<double>& pass);
void attention_single(const AttentionPass<float>& pass);

/// Scores <x, y> + h of 16 rows are turned again and again, s_r = H D_r s_(r-1) / 4 with random signs D_r and the
/// Walsh-Hadamard matrix H of 16 rows: those of Q x for an orthogonal Q, without a further product.
void nearest_cells(const CellPass& pass);

/// The scores themselves, out (16, keys), rows `stride` apart; no rotation.
void cell_scores(const CellPass& pass, float* out, std::int64_t stride);

/// Log densities of `count` Gaussians at the rows of z (n, d); out has rows `stride` apart. Gaussians come in groups of
/// eight, lane by lane: for each row r of the whitening triangle its centre and its r + 1 entries, then the constants.
void gaussian_log_density(const double* groups, std::int64_t count, std::int64_t d, const double* z, std::int64_t n, double* out,
                          std::int64_t stride);

/// Rows of out (n, count), `stride` apart, hold -distance^2 / 2 of Student laws: they become log_norm - power log(1 +
/// distance^2 inverse_degrees). Columns with inverse_degrees = 0 are left alone.
void student_log_density(double* out, std::int64_t n, std::int64_t stride, std::int64_t count, const double* log_norm,
                         const double* power, const double* inverse_degrees);

/// sums += z' z, tiles on and above the diagonal, of the first `left` panels with all of them. A panel is eight columns
/// of z: `depth` rows of eight numbers, the first `rows` of which count. sums (8 left, 8 panels).
void panel_products(const double* z, std::int64_t depth, std::int64_t rows, std::int64_t left, std::int64_t panels, double* sums);

/// sums += a' b for `left` panels of a and `right` of b. sums (8 left, 8 right).
void panel_cross(const double* a, const double* b, std::int64_t depth, std::int64_t rows, std::int64_t left, std::int64_t right,
                 double* sums);

/// Returns F = sum_i c_i / (q a)_i, and g_k = sum_i c_i q_ik / (q a)_i^2; q (n, k), a and g with zeros up to a multiple of
/// eight.
double simplex_pass(const double* q, const double* c, std::int64_t n, std::int64_t k, const double* a, double* g);

/// r (n, e) -= x (n, k) b (k, e), term by term in the order of k; b in panels of eight columns, filled up with zeros.
void subtract_products(const double* x, const double* panels, double* r, std::int64_t n, std::int64_t k, std::int64_t e);

/// x <- exp(x - shift): rows of `cols` numbers, one shift each.
void exp_rows(double* x, const double* shift, std::int64_t rows, std::int64_t cols);

/// Per row of log g (n, k): top = max(log g + offset), sum = sum_k alpha_k e^(log g_k - top), and log g_k becomes
/// e^(log g_k - top) / sum. Where top = -inf: sum = 0, zeros.
void mixture_rows(double* log_g, std::int64_t n, std::int64_t k, const double* alpha, const double* offset, double* top,
                  double* sum);

/// result = {sum of x / scale, sum of (x / scale)^2}, in blocks of 4,096 terms.
void power_sums(const double* x, std::int64_t n, double scale, double* result);

/// Of each column of r (n, e), into the rows of sums (4, e): sums of max(r, 0), of its square, of max(-r, 0), of its square.
void signed_sums(const double* r, std::int64_t n, std::int64_t e, double* sums);

/// Rows first, first + 1, ... of the table uniform(index, component) of Stream{key, id}, out (rows, cols).
void uniform_rows(std::uint64_t key, std::uint32_t id, std::int64_t first, std::int64_t rows, std::int64_t cols, double* out);

/// Its components component ... component + count - 1 at the indices first ... first + n - 1, one column after the other:
/// out[j * stride + i] = uniform(first + i, component + j).
void uniform_columns(std::uint64_t key, std::uint32_t id, std::int64_t first, std::int64_t n, std::int64_t component,
                     std::int64_t count, double* out, std::int64_t stride);

/// words (1 + count, dim) of an unscrambled net: shifts for the zeros, L v for each direction v, with the words of Stream{key, id}.
/// Column j of the lower triangular L with unit diagonal is a word whose free digits stand below digit j; digits of direction j
/// stand at 0 ... j.
void scramble_words(std::uint64_t key, std::uint32_t id, std::int64_t dim, std::int64_t count, std::uint64_t* words);

/// Rows (rows >= 1) of `width` numbers of a digital sequence in the order of the Gray code: `words`, the digits of row
/// `first`, become those of the last row; directions (digits, width).
void sobol_rows(const std::uint64_t* directions, std::uint64_t* words, std::int64_t first, std::int64_t rows, std::int64_t width,
                double* out);

/// The same, each word passed through owen_hash: words and directions have the first digit last; keys (owen_keys, width).
void owen_rows(const std::uint64_t* directions, const std::uint64_t* keys, std::uint64_t* words, std::int64_t first,
               std::int64_t rows, std::int64_t width, double* out);

/// x <- f(x), element by element, f of vecmath.hpp, vecmath_sine.hpp and vecmath_normal.hpp.
void exps(double* x, std::int64_t n);
void expm1s(double* x, std::int64_t n);
void logs(double* x, std::int64_t n);
void log1ps(double* x, std::int64_t n);
void sines(double* x, std::int64_t n);
void cosines(double* x, std::int64_t n);
void erfcs(double* x, std::int64_t n);
void normal_cdfs(double* x, std::int64_t n);
void normal_quantiles(double* x, std::int64_t n);

/// x (n) -= its mean, which is returned; square = sum of the squares of what is left.
double centre(double* x, std::int64_t n, double* square);

double dot_product(const double* a, const double* b, std::int64_t n);

/// x (n) <- quantiles of the uniform law on (lower, upper).
void uniform_quantiles(double* x, std::int64_t n, double lower, double upper);

/// y (n) = sin x1 + a sin^2 x2 + b x3^4 sin x1, the columns of x `stride` apart.
void ishigami(const double* x, std::int64_t stride, std::int64_t n, double a, double b, double* y);

/// out = offset + sum_k weights_k in_k (+ noise_weight noise, where noise is not null), n numbers, `count` operands; the sum
/// in double, in the order of the operands. out may be one of them.
void combine(double* out, const double* const* in, std::int64_t count, const double* weights, double offset, const double* noise,
             double noise_weight, std::int64_t n);
void combine_single(float* out, const float* const* in, std::int64_t count, const double* weights, double offset,
                    const double* noise, double noise_weight, std::int64_t n);

/// The same with coefficients of every column: weights (count, cols), offset and noise_weight (cols).
void combine_columns(double* out, const double* const* in, std::int64_t count, const double* weights, const double* offset,
                     const double* noise, const double* noise_weight, std::int64_t rows, std::int64_t cols);
void combine_columns_single(float* out, const float* const* in, std::int64_t count, const double* weights, const double* offset,
                            const double* noise, const double* noise_weight, std::int64_t rows, std::int64_t cols);

}  // namespace kernel
}  // namespace BUFFON_ISA

struct Kernels {
    const char* level;
    decltype(&kernel::attention) attention;
    decltype(&kernel::attention_single) attention_single;
    decltype(&kernel::nearest_cells) nearest_cells;
    decltype(&kernel::cell_scores) cell_scores;
    decltype(&kernel::pair_sums) pair_sums;
    decltype(&kernel::gaussian_log_density) gaussian_log_density;
    decltype(&kernel::student_log_density) student_log_density;
    decltype(&kernel::panel_products) panel_products;
    decltype(&kernel::panel_cross) panel_cross;
    decltype(&kernel::simplex_pass) simplex_pass;
    decltype(&kernel::subtract_products) subtract_products;
    decltype(&kernel::exp_rows) exp_rows;
    decltype(&kernel::mixture_rows) mixture_rows;
    decltype(&kernel::power_sums) power_sums;
    decltype(&kernel::signed_sums) signed_sums;
    decltype(&kernel::uniform_rows) uniform_rows;
    decltype(&kernel::uniform_columns) uniform_columns;
    decltype(&kernel::scramble_words) scramble_words;
    decltype(&kernel::sobol_rows) sobol_rows;
    decltype(&kernel::owen_rows) owen_rows;
    decltype(&kernel::exps) exps;
    decltype(&kernel::expm1s) expm1s;
    decltype(&kernel::logs) logs;
    decltype(&kernel::log1ps) log1ps;
    decltype(&kernel::sines) sines;
    decltype(&kernel::cosines) cosines;
    decltype(&kernel::erfcs) erfcs;
    decltype(&kernel::normal_cdfs) normal_cdfs;
    decltype(&kernel::normal_quantiles) normal_quantiles;
    decltype(&kernel::centre) centre;
    decltype(&kernel::dot_product) dot_product;
    decltype(&kernel::uniform_quantiles) uniform_quantiles;
    decltype(&kernel::ishigami) ishigami;
    decltype(&kernel::combine) combine;
    decltype(&kernel::combine_single) combine_single;
    decltype(&kernel::combine_columns) combine_columns;
    decltype(&kernel::combine_columns_single) combine_columns_single;
};

}  // namespace buffon
