/// What every file of Buffon may assume: the version, the mark of a function that also compiles for a device, and the
/// name of the instruction set that a file is compiled for (set by the build for the *_kernel.cpp).
#pragma once

#define BUFFON_VERSION "0.1.0"

#ifdef __CUDACC__
#define BUFFON_HD __host__ __device__
#else
#define BUFFON_HD
#endif

#ifndef BUFFON_ISA
#define BUFFON_ISA baseline
#endif
