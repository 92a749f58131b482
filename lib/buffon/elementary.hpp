/// Elementary functions whose bits do not depend on the C library: those of the hot loops (vecmath.hpp), one number at a time.
/// Within 2 ulp; ends of the range as in the standard library.
#pragma once

namespace buffon::elementary {

double exp(double x);
double expm1(double x);
double log(double x);
double log1p(double x);
double sin(double x);
double cos(double x);
double erfc(double x);

}  // namespace buffon::elementary
