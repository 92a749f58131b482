#include <buffon/elementary.hpp>

#include <buffon/vecmath_normal.hpp>
#include <buffon/vecmath_sine.hpp>

namespace buffon {

double elementary::exp(double x) { return vecmath::exp(x); }
double elementary::expm1(double x) { return vecmath::expm1(x); }
double elementary::log(double x) { return vecmath::log(x); }
double elementary::log1p(double x) { return vecmath::log1p(x); }
double elementary::sin(double x) { return vecmath::sin(x); }
double elementary::cos(double x) { return vecmath::cos(x); }
double elementary::erfc(double x) { return vecmath::erfc(x); }

}  // namespace buffon
