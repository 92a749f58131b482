#include <buffon/kernel_list.hpp>

#define BUFFON_TEXT_OF(name) #name
#define BUFFON_TEXT(macro) BUFFON_TEXT_OF(macro)

namespace buffon {
inline namespace BUFFON_ISA {

extern const Kernels table;
const Kernels table{
    .level = BUFFON_TEXT(BUFFON_ISA),
    .attention = kernel::attention,
    .attention_single = kernel::attention_single,
    .nearest_cells = kernel::nearest_cells,
    .cell_scores = kernel::cell_scores,
    .pair_sums = kernel::pair_sums,
    .gaussian_log_density = kernel::gaussian_log_density,
    .student_log_density = kernel::student_log_density,
    .panel_products = kernel::panel_products,
    .panel_cross = kernel::panel_cross,
    .simplex_pass = kernel::simplex_pass,
    .subtract_products = kernel::subtract_products,
    .exp_rows = kernel::exp_rows,
    .mixture_rows = kernel::mixture_rows,
    .power_sums = kernel::power_sums,
    .signed_sums = kernel::signed_sums,
    .uniform_rows = kernel::uniform_rows,
    .uniform_columns = kernel::uniform_columns,
    .scramble_words = kernel::scramble_words,
    .sobol_rows = kernel::sobol_rows,
    .owen_rows = kernel::owen_rows,
    .exps = kernel::exps,
    .expm1s = kernel::expm1s,
    .logs = kernel::logs,
    .log1ps = kernel::log1ps,
    .sines = kernel::sines,
    .cosines = kernel::cosines,
    .erfcs = kernel::erfcs,
    .normal_cdfs = kernel::normal_cdfs,
    .normal_quantiles = kernel::normal_quantiles,
    .centre = kernel::centre,
    .dot_product = kernel::dot_product,
    .uniform_quantiles = kernel::uniform_quantiles,
    .ishigami = kernel::ishigami,
    .combine = kernel::combine,
    .combine_single = kernel::combine_single,
    .combine_columns = kernel::combine_columns,
    .combine_columns_single = kernel::combine_columns_single,
};

}  // namespace BUFFON_ISA
}  // namespace buffon
