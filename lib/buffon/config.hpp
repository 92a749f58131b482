/// What every file of Buffon may assume: the version, and the mark of a function that also compiles for a device.
#pragma once

#define BUFFON_VERSION "0.1.0"

#ifdef __CUDACC__
#define BUFFON_HD __host__ __device__
#else
#define BUFFON_HD
#endif
