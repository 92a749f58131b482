/// Sobol' indices of first, total and second order from a sparse polynomial fitted to a table. Not installed.
#pragma once

#include <buffon/estimate.hpp>
#include <buffon/given_rows.hpp>
#include <buffon/sample.hpp>
#include <buffon/sobol_given_data.hpp>

namespace buffon {

/// Indices of y = g + r, cross-fitted: the polynomial g (polynomial_chaos.hpp) is fitted to seven eighths of the rows,
/// its terms chosen
/// there; with the other rows c^2 + 2 c mean(psi r) of each term is its part of the variance, without bias whatever the
/// polynomial. Of
/// what it leaves, r, the first orders are those that ranks find: first orders of y are right however poor the
/// polynomial. Total orders of
/// r lie between its first orders and all of it: the middle is taken, and the error pays for an equal spread between them; second
/// orders get none of r, their errors a third of what first orders leave. Errors are those of independent rows.
/// Values: d m of one order, input by input (pairs by pairs, "x1, x2"); of all "first order of x1", ....
/// Diagnostics, by output: leave_one_out (of the fit to all rows), held_out (of rows that neither fit nor terms have
/// seen), both shares
/// of the variance; terms.
Estimate chaos_indices(const Sample& sample, const GivenRows& rows, IndexOrder order, int threads);

}  // namespace buffon
