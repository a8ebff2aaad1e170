// SwiftPM wants one source file in a C target; the shims are all inline.
#include "CSansIOTLSShims.h"
