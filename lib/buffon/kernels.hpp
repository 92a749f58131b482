/// The hot loops, compiled for several instruction sets; the best one that the processor has is chosen at the first use.
/// All give equal bits: eight lanes everywhere, no fused multiply-add. Not installed.
#pragma once

#include <span>
#include <vector>

#include <buffon/kernel_list.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// The best ones; the environment variable BUFFON_ISA = v2, v3 or v4 asks for less, for tests.
const Kernels& kernels();

/// All that this processor can run, lowest first.
std::vector<const Kernels*> available_kernels();

/// "v4" for x86-64-v4, ...: the level of `kernels()`.
const char* isa_level();

/// r -= x b.
void subtract_products(ConstView x, ConstView b, View r, const Kernels& use = kernels());

/// sums += a' b, term by term in the order of the rows.
void add_products(ConstView a, ConstView b, View sums, const Kernels& use = kernels());

/// x(i, j) <- exp(x(i, j) - shift[i]).
void exp_rows(View x, std::span<const double> shift, const Kernels& use = kernels());

/// log g_k (n, K) <- g_k / q for the mixture q = sum alpha_k g_k; returns log q. Where q = 0: zeros and -inf.
/// Components with alpha = 0 get their ratio, too, cut off at e^700 times the largest sampled density.
std::vector<double> mixture_ratios(View log_g, std::span<const double> alpha, const Kernels& use = kernels());

/// (4, E): of each column of r (n, E), sums of max(r, 0), of its square, of max(-r, 0), of its square.
Matrix signed_sums(ConstView r, const Kernels& use = kernels());

}  // namespace buffon
