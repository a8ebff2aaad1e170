// Umbrella of the shims: what Swift cannot import from OpenSSL's headers, and nothing else.
#ifndef SANS_IO_TLS_SHIMS_UMBRELLA_H
#define SANS_IO_TLS_SHIMS_UMBRELLA_H

#include "shims.h"

#endif
